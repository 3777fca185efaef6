//! Tasks whose jobs do not wait for them any more.

use neurocards_core::{
    AttemptId, AttemptState, JobEvent, JobEventBody, JobId, LateAttempt, LateClaim, LateOutcome, LateSettle,
    NoticeBody, StoreError, Subject, Telling, Timestamp, Told,
};
use sqlx::{Row, SqliteConnection};

use super::apply::write_artifact;
use super::error::classify;
use super::notices::{self, NoticeNew};
use super::rows::{self, columns, json, json_opt, later, micros, select};
use super::{jobs, orders};

pub(super) async fn told(
    db: &mut SqliteConnection,
    id: AttemptId,
    task_id: &str,
    now: Timestamp,
) -> Result<Told, StoreError> {
    let row = sqlx::query(select!(attempts, "WHERE id = ?1")).bind(id.to_string());
    let Some(row) = row.fetch_optional(&mut *db).await.map_err(classify)? else { return Ok(Told::Nothing) };
    let attempt = rows::attempt(&row)?;
    let elsewhere = sqlx::query("SELECT 1 FROM attempts WHERE provider = ?1 AND task_id = ?2 AND id <> ?3");
    let elsewhere = elsewhere.bind(&attempt.provider).bind(task_id).bind(id.to_string());
    if elsewhere.fetch_optional(&mut *db).await.map_err(classify)?.is_some() {
        return Ok(Told::Nothing);
    }
    let telling = attempt.on_told(task_id);
    let sql = match telling {
        Telling::Hint => Some("UPDATE attempts SET hint = ?2 WHERE id = ?1 AND ?3 > 0"),
        Telling::Late => Some(
            "UPDATE attempts SET hint = CASE WHEN task_id IS NULL THEN ?2 ELSE hint END, late_at = ?3 WHERE id = ?1",
        ),
        Telling::Wake | Telling::Nothing => None,
    };
    if let Some(sql) = sql {
        let write = sqlx::query(sql).bind(id.to_string()).bind(task_id).bind(micros(now));
        write.execute(&mut *db).await.map_err(classify)?;
    }
    if Told::from(telling) == Told::Woken {
        let wake =
            "UPDATE jobs SET wake_at = ?2 WHERE id = ?1 AND lease_owner IS NULL AND wake_at IS NOT NULL";
        let wake = sqlx::query(wake).bind(attempt.job_id.to_string()).bind(micros(now));
        wake.execute(db).await.map_err(classify)?;
    }
    Ok(telling.into())
}

pub(super) async fn claim(
    db: &mut SqliteConnection,
    claim: &LateClaim,
    now: Timestamp,
) -> Result<Vec<LateAttempt>, StoreError> {
    let taken = sqlx::query(concat!(
        "UPDATE attempts SET late_at = ?4, late_epoch = late_epoch + 1
         WHERE id IN (
             SELECT id FROM attempts
             WHERE late_at <= ?1 AND provider IN (SELECT value FROM json_each(?2)) ORDER BY late_at, id LIMIT ?3)
         RETURNING late_epoch, ",
        columns!(attempts)
    ));
    let taken = taken.bind(micros(now)).bind(json(&claim.providers)?).bind(i64::from(claim.limit));
    let taken = taken.bind(later(now, claim.lease)).fetch_all(&mut *db).await.map_err(classify)?;
    let mut late = Vec::with_capacity(taken.len());
    for row in &taken {
        let attempt = rows::attempt(row)?;
        let state = jobs::state(db, attempt.job_id).await?;
        let missing =
            || StoreError::Corrupt { table: "attempts", message: format!("{} has no job", attempt.id) };
        let job = state.ok_or_else(missing)?.job;
        let epoch = row.try_get("late_epoch").map_err(classify)?;
        late.push(LateAttempt { job, attempt, epoch, claimed_at: now });
    }
    Ok(late)
}

/// Whether there is anything to claim, without the lock that others write under.
pub(super) async fn any_due(db: &mut SqliteConnection, now: Timestamp) -> Result<bool, StoreError> {
    let due = sqlx::query("SELECT 1 FROM attempts WHERE late_at <= ?1 LIMIT 1").bind(micros(now));
    Ok(due.fetch_optional(db).await.map_err(classify)?.is_some())
}

pub(super) async fn settle(
    db: &mut SqliteConnection,
    settle: &LateSettle,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (state, late_at, fault, video, cost) = match &settle.outcome {
        LateOutcome::Again(wait) => (None, Some(later(now, *wait)), None, None, None),
        LateOutcome::Over { state, fault } => (Some(*state), None, fault.as_ref(), None, None),
        LateOutcome::Gift { video, cost_milli, .. } => {
            (Some(AttemptState::Gifted), None, None, Some(video), *cost_milli)
        }
    };
    let settled = sqlx::query_scalar::<_, String>(
        "UPDATE attempts SET state = coalesce(?3, state),
             task_id = CASE WHEN ?3 IN ('gifted', 'failed') THEN coalesce(task_id, hint) ELSE task_id END, late_at = ?4, fault = coalesce(?5, fault),
             video = coalesce(?6, video), cost_milli = coalesce(?7, cost_milli),
             updated_at = CASE WHEN ?3 IS NULL THEN updated_at ELSE ?8 END
         WHERE id = ?1 AND late_epoch = ?2 AND late_at IS NOT NULL RETURNING job_id",
    )
    .bind(settle.attempt.to_string())
    .bind(settle.epoch)
    .bind(state.map(AttemptState::as_str))
    .bind(late_at)
    .bind(json_opt(fault)?)
    .bind(video)
    .bind(cost)
    .bind(micros(now))
    .fetch_optional(&mut *db)
    .await
    .map_err(classify)?;
    let Some(job) = settled else { return Ok(false) };
    if let LateOutcome::Gift { artifact, notice, .. } = &settle.outcome {
        let job: JobId = job.parse().map_err(|error| StoreError::Corrupt {
            table: "attempts",
            message: format!("job_id: {error}"),
        })?;
        let missing = || StoreError::Corrupt { table: "attempts", message: format!("there is no job {job}") };
        let job = jobs::state(db, job).await?.ok_or_else(missing)?.job;
        write_artifact(db, job.id, artifact, now).await?;
        let body = NoticeBody::Gift { artifact: artifact.clone() };
        let subject = Subject::Job(job.id);
        let new =
            NoticeNew { id: *notice, account: &job.account, subject, order_id: job.order_id, body: &body };
        notices::insert(db, &new, now).await?;
        let body = JobEventBody::Gifted { artifact: artifact.clone() };
        let event = JobEvent { at: now, stage: job.stage, epoch: job.lease_epoch, body };
        orders::insert_event(db, job.id, &event).await?;
    }
    Ok(true)
}
