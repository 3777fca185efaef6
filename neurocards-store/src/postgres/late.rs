//! Tasks whose jobs do not wait for them any more.

use neurocards_core::{
    AttemptId, AttemptState, JobEventBody, LateAttempt, LateClaim, LateOutcome, LateSettle, NoticeBody,
    StoreError, Telling, Timestamp, Told,
};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection};

use super::error::{classify, classify_write};
use super::rows::{ATTEMPT, Cells, JOB, micros};

/// In a transaction: the job is locked before its attempt, as in every statement that writes both.
pub(super) async fn told(
    db: &mut PgConnection,
    id: AttemptId,
    task_id: &str,
    now: Timestamp,
) -> Result<Told, StoreError> {
    let lock = "SELECT 1 FROM jobs JOIN attempts ON attempts.job_id = jobs.id WHERE attempts.id = $1
        FOR NO KEY UPDATE OF jobs";
    if sqlx::query(lock).bind(id.as_uuid()).fetch_optional(&mut *db).await.map_err(classify)?.is_none() {
        return Ok(Told::Nothing);
    }
    let sql = format!("SELECT {ATTEMPT} FROM attempts WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id.as_uuid()).fetch_one(&mut *db).await;
    let attempt = Cells::new(&row.map_err(classify)?).attempt()?;
    let elsewhere = sqlx::query("SELECT 1 FROM attempts WHERE provider = $1 AND task_id = $2 AND id <> $3");
    let elsewhere = elsewhere.bind(&attempt.provider).bind(task_id).bind(id.as_uuid());
    if elsewhere.fetch_optional(&mut *db).await.map_err(classify)?.is_some() {
        return Ok(Told::Nothing);
    }
    let telling = attempt.on_told(task_id);
    let sql = match telling {
        Telling::Hint => Some("UPDATE attempts SET hint = $2 WHERE id = $1 AND $3::timestamptz IS NOT NULL"),
        Telling::Late => Some(
            "UPDATE attempts SET hint = CASE WHEN task_id IS NULL THEN $2 ELSE hint END, late_at = $3 WHERE id = $1",
        ),
        Telling::Wake | Telling::Nothing => None,
    };
    if let Some(sql) = sql {
        let write = sqlx::query(sql).bind(id.as_uuid()).bind(task_id).bind(now);
        write.execute(&mut *db).await.map_err(classify_write)?;
    }
    if Told::from(telling) == Told::Woken {
        let wake =
            "UPDATE jobs SET wake_at = $2 WHERE id = $1 AND lease_owner IS NULL AND wake_at IS NOT NULL";
        let wake = sqlx::query(wake).bind(attempt.job_id.as_uuid()).bind(now);
        wake.execute(db).await.map_err(classify_write)?;
    }
    Ok(telling.into())
}

pub(super) async fn claim(
    db: &mut PgConnection,
    claim: &LateClaim,
    time: Option<Timestamp>,
) -> Result<Vec<LateAttempt>, StoreError> {
    let sql = format!(
        "WITH clock AS (SELECT coalesce($1::timestamptz, now()) AS now),
         due AS (
             SELECT id FROM attempts WHERE late_at <= (SELECT now FROM clock) AND provider = ANY ($2)
             ORDER BY late_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
         ),
         taken AS (
             UPDATE attempts SET late_at = clock.now + $4 * interval '1 microsecond', late_epoch = late_epoch + 1
             FROM due CROSS JOIN clock WHERE attempts.id = due.id
             RETURNING attempts.*, clock.now
         )
         SELECT attempts.now, attempts.late_epoch, {JOB}, {ATTEMPT}
         FROM taken AS attempts JOIN jobs ON jobs.id = attempts.job_id"
    );
    let taken = sqlx::query(AssertSqlSafe(sql))
        .bind(time)
        .bind(&claim.providers)
        .bind(i64::from(claim.limit))
        .bind(micros(claim.lease))
        .fetch_all(db)
        .await
        .map_err(classify_write)?;
    let late = taken.iter().map(|row| {
        let mut cells = Cells::new(row);
        let (claimed_at, epoch) = (cells.time()?, cells.next()?);
        Ok(LateAttempt { job: cells.job()?, attempt: cells.attempt()?, epoch, claimed_at })
    });
    late.collect()
}

/// One statement: the attempt, and for a gift the artifact, the notice and the history.
pub(super) async fn settle(
    db: &mut PgConnection,
    settle: &LateSettle,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let (state, wait, fault) = match &settle.outcome {
        LateOutcome::Again(wait) => (None, Some(micros(*wait)), None),
        LateOutcome::Over { state, fault } => (Some(*state), None, fault.as_ref()),
        LateOutcome::Gift { .. } => (Some(AttemptState::Gifted), None, None),
    };
    let gift = match &settle.outcome {
        LateOutcome::Gift { artifact, video, cost_milli, notice } => {
            Some((artifact, video, *cost_milli, *notice))
        }
        LateOutcome::Again(_) | LateOutcome::Over { .. } => None,
    };
    let body = gift.map(|(artifact, ..)| Json(NoticeBody::Gift { artifact: artifact.clone() }));
    let event = gift.map(|(artifact, ..)| Json(JobEventBody::Gifted { artifact: artifact.clone() }));
    let settled = sqlx::query(
        "WITH clock AS (SELECT coalesce($3::timestamptz, now()) AS now),
         settled AS (
             UPDATE attempts SET state = coalesce($4, state),
                 task_id = CASE WHEN $4 IN ('gifted', 'failed') THEN coalesce(task_id, hint) ELSE task_id END, late_at = clock.now + $5 * interval '1 microsecond',
                 fault = coalesce($6::json, fault), video = coalesce($7, video),
                 cost_milli = coalesce($8, cost_milli),
                 updated_at = CASE WHEN $4 IS NULL THEN updated_at ELSE clock.now END
             FROM clock WHERE id = $1 AND late_epoch = $2 AND late_at IS NOT NULL
             RETURNING job_id, clock.now
         ),
         gift AS (
             SELECT jobs.*, settled.now FROM settled JOIN jobs ON jobs.id = settled.job_id WHERE $9::json IS NOT NULL
         ),
         artifacts_written AS (
             INSERT INTO artifacts (job_id, artifact, created_at) SELECT id, $9, now FROM gift
         ),
         notices_written AS (
             INSERT INTO notices (id, account, subject, subject_id, order_id, kind, body, state, wake_at, created_at,
                 updated_at)
             SELECT $10, account, 'job', id, order_id, 'gift', $11, 'pending', now, now, now FROM gift
             ON CONFLICT (subject_id, subject, kind) DO NOTHING
         ),
         events_written AS (
             INSERT INTO events (job_id, at, stage, epoch, body) SELECT id, now, stage, lease_epoch, $12 FROM gift
         )
         SELECT 1 FROM settled",
    )
    .bind(settle.attempt.as_uuid())
    .bind(settle.epoch)
    .bind(time)
    .bind(state.map(AttemptState::as_str))
    .bind(wait)
    .bind(fault.map(Json))
    .bind(gift.map(|(_, video, ..)| video))
    .bind(gift.and_then(|(_, _, cost_milli, _)| cost_milli))
    .bind(gift.map(|(artifact, ..)| Json(artifact)))
    .bind(gift.map(|(.., notice)| notice.as_uuid()))
    .bind(body)
    .bind(event)
    .fetch_optional(db)
    .await
    .map_err(classify_write)?;
    Ok(settled.is_some())
}
