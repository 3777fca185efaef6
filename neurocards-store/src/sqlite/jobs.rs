//! Who works on which job: claims, leases, seizures.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use neurocards_core::{
    Attempt, AttemptState, Claim, ClaimScope, Claimed, ClaimedJob, Job, JobId, JobSeize, JobState, Order,
    OrderId, Seizure, Stage, StoreError, Timestamp,
};
use serde::Serialize;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::error::classify;
use super::operations::unless_paused;
use super::rows::{self, columns, from_micros, json, later, micros, select};

const ALL: &str = "?1 IS NULL";

/// The condition of a scope.
fn within(scope: ClaimScope) -> (&'static str, Option<String>) {
    match scope {
        ClaimScope::All => (ALL, None),
        ClaimScope::Order(id) => ("order_id = ?1", Some(id.to_string())),
        ClaimScope::Job(id) => ("id = ?1", Some(id.to_string())),
    }
}

/// Due jobs of one stage: `?1` the scope's id, `?2` providers, `?3` the time, `?4` how many.
fn due_sql(stage: Stage, scope: &str) -> String {
    // Those that have not begun wait for their turns; SQLite has to be told that the index knows these, and that an
    // order or a job is better found by its id than by its stage.
    let (table, column, order) = match (stage, scope) {
        (Stage::Prompt, ALL) => ("jobs INDEXED BY jobs_queued", "stage", "turn"),
        (_, ALL) => ("jobs", "stage", "wake_at"),
        (Stage::Prompt, _) => ("jobs", "+stage", "turn"),
        _ => ("jobs", "+stage", "wake_at"),
    };
    let open = unless_paused(stage);
    format!(
        "SELECT id FROM {table} WHERE {column} = '{stage}' AND {scope}
             AND provider IN (SELECT value FROM json_each(?2)) AND wake_at <= ?3{open}
         ORDER BY {order}, id LIMIT ?4"
    )
}

/// When the first job of a stage can be claimed: `?1` the scope's id, `?2` providers.
fn next_sql(stage: Stage, scope: &str) -> String {
    let column = if scope == ALL { "stage" } else { "+stage" };
    let open = unless_paused(stage);
    format!(
        "SELECT wake_at FROM jobs WHERE {column} = '{stage}' AND wake_at IS NOT NULL AND {scope}
             AND provider IN (SELECT value FROM json_each(?2)){open}
         ORDER BY wake_at LIMIT 1"
    )
}

/// When the first job of the scope can be claimed that there is room for.
pub(super) async fn next_wake(
    db: &mut SqliteConnection,
    claim: &Claim,
) -> Result<Option<Timestamp>, StoreError> {
    let (scope, id) = within(claim.scope);
    let providers = json(&claim.providers)?;
    let mut first = None;
    for stage in Stage::ALL.into_iter().filter(|stage| claim.room.of(*stage) > 0) {
        let next = sqlx::query_scalar::<_, i64>(AssertSqlSafe(next_sql(stage, scope)));
        let next = next.bind(&id).bind(&providers).fetch_optional(&mut *db).await.map_err(classify)?;
        let next = next.and_then(from_micros);
        first = first.into_iter().chain(next).min();
    }
    Ok(first)
}

/// How long until then.
pub(super) fn until(next: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    next.map(|next| (next - now).to_std().unwrap_or_default())
}

pub(super) async fn claim(
    db: &mut SqliteConnection,
    claim: &Claim,
    now: Timestamp,
) -> Result<Claimed, StoreError> {
    let (scope, id) = within(claim.scope);
    let providers = json(&claim.providers)?;
    let (mut due, mut room) = (Vec::new(), claim.room);
    for stage in [Stage::Submit, Stage::Wait, Stage::Store, Stage::Prompt] {
        let found = sqlx::query_scalar::<_, String>(AssertSqlSafe(due_sql(stage, scope)));
        let found = found.bind(&id).bind(&providers).bind(micros(now)).bind(i64::from(room.of(stage)));
        let found = found.fetch_all(&mut *db).await.map_err(classify)?;
        if stage == Stage::Submit {
            room.submit = room.submit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        }
        due.extend(found);
    }
    let jobs = take(db, &due, &claim.worker, later(now, claim.lease), now).await?;
    let next_due = until(next_wake(db, claim).await?, now);
    Ok(Claimed { jobs, next_due })
}

/// Takes these jobs, all of them in one statement, and reads what belongs to them; in the order given.
async fn take(
    db: &mut SqliteConnection,
    ids: &[String],
    worker: &str,
    until: i64,
    now: Timestamp,
) -> Result<Vec<ClaimedJob>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let taken = sqlx::query(concat!(
        "UPDATE jobs
         SET lease_epoch = lease_epoch + 1, lease_owner = ?2, wake_at = ?3, crashes = crashes + 1
         WHERE id IN (SELECT value FROM json_each(?1))
         RETURNING ",
        columns!(jobs)
    ))
    .bind(json(&ids)?)
    .bind(worker)
    .bind(until);
    let taken = taken.fetch_all(&mut *db).await.map_err(classify)?;
    let mut jobs = taken.iter().map(rows::job).collect::<Result<Vec<_>, _>>()?;
    // RETURNING promises no order.
    let place: HashMap<&str, usize> = ids.iter().map(String::as_str).zip(0..).collect();
    jobs.sort_by_cached_key(|job| place.get(job.id.to_string().as_str()).copied());
    let orders = orders_of(db, &jobs).await?;
    let mut attempts = latest_attempts(db, ids).await?;
    let claimed = jobs.into_iter().map(|job| {
        let missing = || StoreError::Corrupt { table: "jobs", message: format!("{} has no order", job.id) };
        let order = orders.get(&job.order_id).cloned().ok_or_else(missing)?;
        let attempt = attempts.remove(&job.id);
        Ok(ClaimedJob { state: JobState { job, attempt }, order, claimed_at: now })
    });
    claimed.collect()
}

async fn orders_of(db: &mut SqliteConnection, jobs: &[Job]) -> Result<HashMap<OrderId, Order>, StoreError> {
    let mut ids: Vec<_> = jobs.iter().map(|job| job.order_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let rows =
        sqlx::query(select!(orders, "WHERE id IN (SELECT value FROM json_each(?1))")).bind(json(&ids)?);
    let rows = rows.fetch_all(db).await.map_err(classify)?;
    rows.iter().map(|row| rows::order(row).map(|order| (order.id, order))).collect()
}

/// The latest attempt of each of these jobs: its number is the job's number of attempts.
async fn latest_attempts(
    db: &mut SqliteConnection,
    jobs: &[String],
) -> Result<HashMap<JobId, Attempt>, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        columns!(attempts),
        " FROM jobs JOIN attempts ON attempts.job_id = jobs.id AND attempts.seq = jobs.attempts
         WHERE jobs.id IN (SELECT value FROM json_each(?1))"
    ));
    let rows = rows.bind(json(&jobs)?).fetch_all(db).await.map_err(classify)?;
    rows.iter().map(|row| rows::attempt(row).map(|attempt| (attempt.job_id, attempt))).collect()
}

/// A job and its latest attempt.
pub(super) async fn state(db: &mut SqliteConnection, id: JobId) -> Result<Option<JobState>, StoreError> {
    let job = sqlx::query(select!(jobs, "WHERE id = ?1")).bind(id.to_string());
    let Some(job) = job.fetch_optional(&mut *db).await.map_err(classify)? else { return Ok(None) };
    let job = rows::job(&job)?;
    if job.attempts == 0 {
        return Ok(Some(JobState { job, attempt: None }));
    }
    let attempt = sqlx::query(select!(attempts, "WHERE job_id = ?1 ORDER BY seq DESC LIMIT 1"));
    let attempt = attempt.bind(id.to_string()).fetch_optional(db).await.map_err(classify)?;
    let attempt = attempt.as_ref().map(rows::attempt).transpose()?;
    Ok(Some(JobState { job, attempt }))
}

#[derive(Serialize)]
struct Lease {
    id: JobId,
    epoch: i64,
}

fn leases_json(leases: &[(JobId, i64)]) -> Result<String, StoreError> {
    let leases: Vec<_> = leases.iter().map(|(id, epoch)| Lease { id: *id, epoch: *epoch }).collect();
    json(&leases)
}

pub(super) async fn extend(
    db: &mut SqliteConnection,
    leases: &[(JobId, i64)],
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<JobId>, StoreError> {
    let kept = sqlx::query_scalar::<_, String>(
        "UPDATE jobs SET wake_at = ?2
         FROM (SELECT value ->> 'id' AS id, value ->> 'epoch' AS epoch FROM json_each(?1)) AS lease
         WHERE jobs.id = lease.id AND jobs.lease_epoch = lease.epoch AND jobs.lease_owner IS NOT NULL
         RETURNING jobs.id",
    );
    let kept = kept.bind(leases_json(leases)?).bind(later(now, lease));
    let kept = kept.fetch_all(db).await.map_err(classify)?;
    let kept: HashSet<_> = kept.iter().map(String::as_str).collect();
    Ok(leases.iter().map(|(id, _)| *id).filter(|id| kept.contains(id.to_string().as_str())).collect())
}

pub(super) async fn give_back(
    db: &mut SqliteConnection,
    leases: &[(JobId, i64)],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE jobs SET wake_at = ?2, lease_owner = NULL, crashes = max(crashes - 1, 0)
         FROM (SELECT value ->> 'id' AS id, value ->> 'epoch' AS epoch FROM json_each(?1)) AS lease
         WHERE jobs.id = lease.id AND jobs.lease_epoch = lease.epoch AND jobs.lease_owner IS NOT NULL",
    )
    .bind(leases_json(leases)?)
    .bind(micros(now))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

pub(super) async fn seize(
    db: &mut SqliteConnection,
    seize: &JobSeize,
    now: Timestamp,
) -> Result<Seizure, StoreError> {
    let Some(state) = state(db, seize.job).await? else { return Ok(Seizure::Missing) };
    let stage = state.job.stage;
    if stage.is_final() {
        return Ok(Seizure::Final(stage));
    }
    let unsent = state.live_attempt().is_none_or(|attempt| attempt.state == AttemptState::Intent);
    if !unsent || !matches!(stage, Stage::Prompt | Stage::Submit) {
        return Ok(Seizure::AtProvider(stage));
    }
    let ids = [seize.job.to_string()];
    let taken = take(db, &ids, &seize.worker, later(now, seize.lease), now).await?;
    Ok(taken.into_iter().next().map_or(Seizure::Missing, |job| Seizure::Seized(Box::new(job))))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sqlx::Row;
    use sqlx::types::Uuid;

    use super::*;
    use crate::SqliteStore;

    fn uuid() -> Uuid {
        Uuid::nil()
    }

    #[tokio::test]
    async fn claims_look_only_at_unfinished_jobs() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(neurocards_core::ManualClock::new());
        let store = SqliteStore::open(folder.path().join("store.db"), clock).await.unwrap();
        let sql = |scope| {
            let (scope, _) = within(scope);
            [Stage::Prompt, Stage::Wait].map(|stage| (due_sql(stage, scope), next_sql(stage, scope)))
        };
        let (order, job) = (OrderId::from_uuid(uuid()), JobId::from_uuid(uuid()));
        let [all, of_order, of_job] =
            [ClaimScope::All, ClaimScope::Order(order), ClaimScope::Job(job)].map(sql);
        let by_order = "USING INDEX sqlite_autoindex_jobs_2 (order_id=?)";
        for (sql, index) in [
            (&all[0].0, "USING COVERING INDEX jobs_queued"),
            (&all[0].1, "USING COVERING INDEX jobs_due (stage=?"),
            (&all[1].0, "USING COVERING INDEX jobs_due (stage=?"),
            (&all[1].1, "USING COVERING INDEX jobs_due (stage=?"),
            (&of_order[0].0, by_order),
            (&of_order[1].1, by_order),
            (&of_job[0].0, "(id=?"),
            (&of_job[1].1, "(id=?"),
        ] {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
            let plan = plan.fetch_all(&store.readers).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            assert!(plan.iter().any(|line| line.contains(index)), "{sql}\n{plan:#?}");
        }
    }
}
