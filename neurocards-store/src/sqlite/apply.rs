//! Applying a step of the lifecycle: job, attempt, artifact, ledger, notices and history in one transaction.

use neurocards_core::{
    Artifact, Attempt, AttemptWrite, Job, JobEvent, JobId, JobState, StoreError, Subject, Timestamp,
    Transition,
};
use sqlx::SqliteConnection;

use super::accounts::{self, Posting};
use super::error::classify;
use super::notices::{self, NoticeNew};
use super::rows::{json, json_opt, later, micros};
use super::{jobs, orders};

/// `false`: the step is lost, and the caller rolls back.
pub(super) async fn apply(
    db: &mut SqliteConnection,
    step: &Transition,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(before) = jobs::state(db, step.job_id).await? else { return Ok(false) };
    if !before.admits(step) {
        return Ok(false);
    }
    check_task_is_new(db, &before, step).await?;
    check_hold_is_open(db, step).await?;
    let after = before.after(step, now);
    if !write_job(db, step, &after.job).await? || !write_attempt(db, step, after.attempt.as_ref()).await? {
        return Ok(false);
    }
    let job = &after.job;
    if let Some((id, settlement)) = step.settlement {
        let posting = Posting::new(id, settlement.kind(), &job.account);
        accounts::enter(db, &Posting { amount: job.price, job_id: Some(job.id), ..posting }, now).await?;
    }
    if let Some(artifact) = &step.artifact {
        write_artifact(db, job.id, artifact, now).await?;
    }
    if let Some(wait) = step.late {
        // What nobody can name cannot be looked at. A callback may have named it since the step was decided.
        let late = sqlx::query(
            "UPDATE attempts SET late_at = ?3
             WHERE job_id = ?1 AND seq = ?2 AND coalesce(task_id, hint) IS NOT NULL",
        );
        let late = late.bind(job.id.to_string()).bind(job.attempts).bind(later(now, wait));
        late.execute(&mut *db).await.map_err(classify)?;
    }
    if let Some((id, body)) = &step.notice {
        let subject = Subject::Job(job.id);
        let new = NoticeNew { id: *id, account: &job.account, subject, order_id: job.order_id, body };
        notices::insert(db, &new, now).await?;
    }
    if let Some(body) = &step.event {
        let event = JobEvent { at: now, stage: step.to, epoch: step.epoch, body: body.clone() };
        orders::insert_event(db, job.id, &event).await?;
    }
    Ok(true)
}

pub(super) async fn write_artifact(
    db: &mut SqliteConnection,
    job: JobId,
    artifact: &Artifact,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("INSERT OR REPLACE INTO artifacts (job_id, artifact, created_at) VALUES (?1, ?2, ?3)")
        .bind(job.to_string())
        .bind(json(artifact)?)
        .bind(micros(now))
        .execute(db)
        .await
        .map_err(classify)?;
    Ok(())
}

/// The fence stands in the statement too, although the state was read under the same lock: whoever edits this file
/// later must not be able to lose it.
async fn write_job(db: &mut SqliteConnection, step: &Transition, after: &Job) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE jobs
         SET stage = ?4, prompt = coalesce(?5, prompt), attempts = ?6, retries = ?7, stumbles = ?8, crashes = ?9,
             error = ?10, slow_told = ?11, lease_owner = ?12, wake_at = ?13, finished_at = ?14, model = ?15
         WHERE id = ?1 AND lease_epoch = ?2 AND stage = ?3 AND lease_owner IS NOT NULL",
    )
    .bind(step.job_id.to_string())
    .bind(step.epoch)
    .bind(step.from.as_str())
    .bind(after.stage.as_str())
    .bind(json_opt(step.prompt.as_ref())?)
    .bind(after.attempts)
    .bind(after.retries)
    .bind(after.stumbles)
    .bind(after.crashes)
    .bind(json_opt(after.error.as_ref())?)
    .bind(after.slow_told)
    .bind(&after.lease_owner)
    .bind(after.wake_at.map(micros))
    .bind(after.finished_at.map(micros))
    .bind(&after.model)
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(done.rows_affected() == 1)
}

/// An attempt that breaks "one live" or "one that may be charged" is a lost race, not an error.
async fn write_attempt(
    db: &mut SqliteConnection,
    step: &Transition,
    after: Option<&Attempt>,
) -> Result<bool, StoreError> {
    let Some(attempt) = after else { return Ok(true) };
    let written = match &step.attempt {
        None => return Ok(true),
        Some(AttemptWrite::Insert { .. }) => insert_attempt(db, attempt).await?,
        Some(AttemptWrite::Update { from, .. }) => {
            let update = sqlx::query(
                "UPDATE attempts
                 SET state = ?3, task_id = ?4, video = ?5, fault = ?6, cost_milli = ?7, sent_at = ?8, updated_at = ?9,
                     key = ?10, reason = ?11
                 WHERE id = ?1 AND state = ?2",
            );
            update
                .bind(attempt.id.to_string())
                .bind(from.as_str())
                .bind(attempt.state.as_str())
                .bind(&attempt.task_id)
                .bind(&attempt.video)
                .bind(json_opt(attempt.fault.as_ref())?)
                .bind(attempt.cost_milli)
                .bind(attempt.sent_at.map(micros))
                .bind(micros(attempt.updated_at))
                .bind(&attempt.key)
                .bind(&attempt.reason)
                .execute(db)
                .await
        }
    };
    match written {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => Ok(false),
        Err(error) => Err(classify(error)),
    }
}

async fn insert_attempt(
    db: &mut SqliteConnection,
    attempt: &Attempt,
) -> Result<Result<sqlx::sqlite::SqliteQueryResult, sqlx::Error>, StoreError> {
    let insert = sqlx::query(
        "INSERT INTO attempts (id, job_id, seq, provider, model, reason, state, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
    );
    let insert = insert
        .bind(attempt.id.to_string())
        .bind(attempt.job_id.to_string())
        .bind(attempt.seq)
        .bind(&attempt.provider)
        .bind(&attempt.model)
        .bind(&attempt.reason)
        .bind(attempt.state.as_str())
        .bind(micros(attempt.created_at));
    Ok(insert.execute(db).await)
}

async fn check_task_is_new(
    db: &mut SqliteConnection,
    state: &JobState,
    step: &Transition,
) -> Result<(), StoreError> {
    let Some(AttemptWrite::Update { id, task_id: Some(task_id), .. }) = &step.attempt else { return Ok(()) };
    let other = sqlx::query("SELECT 1 FROM attempts WHERE provider = ?1 AND task_id = ?2 AND id <> ?3")
        .bind(&state.job.provider)
        .bind(task_id)
        .bind(id.to_string())
        .fetch_optional(db)
        .await
        .map_err(classify)?;
    if other.is_none() {
        return Ok(());
    }
    let message = format!("the task {task_id} belongs to another attempt");
    Err(StoreError::Corrupt { table: "attempts", message })
}

/// A capture after a release, or the other way round, is an error before the index has to say so.
async fn check_hold_is_open(db: &mut SqliteConnection, step: &Transition) -> Result<(), StoreError> {
    if step.settlement.is_none() {
        return Ok(());
    }
    let ended = sqlx::query("SELECT 1 FROM ledger WHERE job_id = ?1 AND kind IN ('capture', 'release')")
        .bind(step.job_id.to_string())
        .fetch_optional(db)
        .await
        .map_err(classify)?;
    match ended {
        None => Ok(()),
        Some(_) => Err(StoreError::LedgerRule { rule: "a hold is captured or released once".to_owned() }),
    }
}
