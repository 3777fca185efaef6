//! Who works on which job: claims, leases, seizures.

use std::time::Duration;

use neurocards_core::{
    AttemptState, Claim, ClaimScope, Claimed, ClaimedJob, JobId, JobSeize, JobState, Seizure, Stage,
    StoreError, Timestamp,
};
use sqlx::types::Uuid;
use sqlx::{AssertSqlSafe, PgConnection};

use super::error::{classify, classify_write};
use super::rows::{ATTEMPT, Cells, JOB, ORDER, micros};

/// Takes jobs that are due, in one statement: what somebody else is taking now is passed over.
fn claim_sql(scope: ClaimScope) -> String {
    let columns = format!("{JOB}, {ORDER}, {ATTEMPT}");
    include_str!("sql/claim.sql").replace("/*scope*/", within(scope)).replace("/*columns*/", &columns)
}

/// The condition of a scope.
fn within(scope: ClaimScope) -> &'static str {
    match scope {
        ClaimScope::All => "$5::uuid IS NULL",
        ClaimScope::Order(_) => "jobs.order_id = $5",
        ClaimScope::Job(_) => "jobs.id = $5",
    }
}

fn scope_id(scope: ClaimScope) -> Option<Uuid> {
    match scope {
        ClaimScope::All => None,
        ClaimScope::Order(id) => Some(id.as_uuid()),
        ClaimScope::Job(id) => Some(id.as_uuid()),
    }
}

pub(super) async fn claim(
    db: &mut PgConnection,
    claim: &Claim,
    time: Option<Timestamp>,
) -> Result<Claimed, StoreError> {
    let room = claim.room;
    if room.is_none() {
        return Ok(Claimed { jobs: Vec::new(), next_due: None });
    }
    let taken = sqlx::query(AssertSqlSafe(claim_sql(claim.scope)))
        .bind(&claim.providers)
        .bind(&claim.worker)
        .bind(micros(claim.lease))
        .bind(time)
        .bind(scope_id(claim.scope))
        .bind(i64::from(room.submit))
        .bind(i64::from(room.read))
        .bind(i64::from(room.store));
    let taken = taken.fetch_all(&mut *db).await.map_err(classify_write)?;
    let (mut jobs, mut next) = (Vec::with_capacity(taken.len()), None);
    for row in &taken {
        let mut cells = Cells::new(row);
        next = cells.next::<Option<i64>>()?;
        jobs.extend(claimed(&mut cells)?);
    }
    let next_due = next.map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or_default()));
    Ok(Claimed { jobs, next_due })
}

/// The job of a row; a claim that took none has a row without one.
fn claimed(cells: &mut Cells<'_>) -> Result<Option<ClaimedJob>, StoreError> {
    let claimed_at = cells.time()?;
    let Some(job) = cells.job_opt()? else { return Ok(None) };
    let (order, attempt) = (cells.order()?, cells.attempt_opt()?);
    Ok(Some(ClaimedJob { state: JobState { job, attempt }, order, claimed_at }))
}

/// The ids and the epochs of leases, as two arguments; in the order in which batches of steps lock jobs.
fn columns(leases: &[(JobId, i64)]) -> (Vec<Uuid>, Vec<i64>) {
    let mut leases = leases.to_vec();
    leases.sort_unstable();
    leases.iter().map(|(id, epoch)| (id.as_uuid(), *epoch)).unzip()
}

pub(super) async fn extend(
    db: &mut PgConnection,
    leases: &[(JobId, i64)],
    lease: Duration,
    time: Option<Timestamp>,
) -> Result<Vec<JobId>, StoreError> {
    let (ids, epochs) = columns(leases);
    let kept = sqlx::query_scalar::<_, Uuid>(
        "UPDATE jobs SET wake_at = coalesce($4::timestamptz, now()) + $3 * interval '1 microsecond'
         FROM unnest($1::uuid[], $2::bigint[]) AS lease (id, epoch)
         WHERE jobs.id = lease.id AND jobs.lease_epoch = lease.epoch AND jobs.lease_owner IS NOT NULL
         RETURNING jobs.id",
    );
    let kept = kept.bind(ids).bind(epochs).bind(micros(lease)).bind(time);
    let kept = kept.fetch_all(db).await.map_err(classify_write)?;
    Ok(leases.iter().map(|(id, _)| *id).filter(|id| kept.contains(&id.as_uuid())).collect())
}

pub(super) async fn give_back(
    db: &mut PgConnection,
    leases: &[(JobId, i64)],
    time: Option<Timestamp>,
) -> Result<(), StoreError> {
    let (ids, epochs) = columns(leases);
    sqlx::query(
        "UPDATE jobs SET wake_at = coalesce($3::timestamptz, now()), lease_owner = NULL,
             crashes = greatest(crashes - 1, 0)
         FROM unnest($1::uuid[], $2::bigint[]) AS lease (id, epoch)
         WHERE jobs.id = lease.id AND jobs.lease_epoch = lease.epoch AND jobs.lease_owner IS NOT NULL",
    )
    .bind(ids)
    .bind(epochs)
    .bind(time)
    .execute(db)
    .await
    .map_err(classify_write)?;
    Ok(())
}

/// In a transaction: the job is locked before it is looked at.
pub(super) async fn seize(
    db: &mut PgConnection,
    seize: &JobSeize,
    now: Timestamp,
) -> Result<Seizure, StoreError> {
    let sql = format!(
        "SELECT {JOB}, {ORDER} FROM jobs JOIN orders ON orders.id = jobs.order_id WHERE jobs.id = $1
         FOR UPDATE OF jobs"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(seize.job.as_uuid()).fetch_optional(&mut *db).await;
    let Some(row) = row.map_err(classify)? else { return Ok(Seizure::Missing) };
    let mut cells = Cells::new(&row);
    let (job, order) = (cells.job()?, cells.order()?);
    let sql = format!("SELECT {ATTEMPT} FROM attempts WHERE job_id = $1 ORDER BY seq DESC LIMIT 1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(seize.job.as_uuid()).fetch_optional(&mut *db).await;
    let attempt = row.map_err(classify)?.as_ref().map(|row| Cells::new(row).attempt()).transpose()?;
    let mut state = JobState { job, attempt };
    let stage = state.job.stage;
    if stage.is_final() {
        return Ok(Seizure::Final(stage));
    }
    let unsent = state.live_attempt().is_none_or(|attempt| attempt.state == AttemptState::Intent);
    if !unsent || !matches!(stage, Stage::Prompt | Stage::Submit) {
        return Ok(Seizure::AtProvider(stage));
    }
    let sql = format!(
        "UPDATE jobs SET lease_epoch = lease_epoch + 1, lease_owner = $2, crashes = crashes + 1,
             wake_at = $4 + $3 * interval '1 microsecond'
         WHERE id = $1 RETURNING {JOB}"
    );
    let taken = sqlx::query(AssertSqlSafe(sql))
        .bind(seize.job.as_uuid())
        .bind(&seize.worker)
        .bind(micros(seize.lease))
        .bind(now)
        .fetch_one(db)
        .await
        .map_err(classify_write)?;
    state.job = Cells::new(&taken).job()?;
    Ok(Seizure::Seized(Box::new(ClaimedJob { state, order, claimed_at: now })))
}
