//! Pauses, the state of the queue, workers, the lines of an order.

use neurocards_core::{
    EventCursor, JobId, OrderId, OrderLine, Pause, PauseRecord, PauseScope, QueueStatus, Stage, StageStatus,
    StoreError, Timestamp, WORKER_REMEMBERED, WorkerBeat,
};
use sqlx::types::Uuid;
use sqlx::{AssertSqlSafe, PgConnection};

use super::error::{classify, classify_write};
use super::news;
use super::rows::{Cells, EVENT, PAUSE, WORKER, micros};

/// No pause holds the job back, if it is in a stage that can be. The subqueries are answered once for a statement.
const OPEN: &str = "NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'everything')
    AND jobs.model <> ALL (ARRAY(SELECT model FROM pauses WHERE scope = 'model'))";

pub(super) async fn pause(
    db: &mut PgConnection,
    pause: &Pause,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let (scope, model) = pause.scope.words();
    let paused = sqlx::query(
        "INSERT INTO pauses (scope, model, actor, reason, since)
         VALUES ($1, $2, $3, $4, coalesce($5::timestamptz, now())) ON CONFLICT DO NOTHING",
    );
    let paused = paused.bind(scope).bind(model).bind(&pause.actor).bind(&pause.reason).bind(time);
    Ok(paused.execute(db).await.map_err(classify_write)?.rows_affected() > 0)
}

/// What was held back is news to every worker.
pub(super) async fn resume(db: &mut PgConnection, scope: &PauseScope) -> Result<bool, StoreError> {
    let (scope, model) = scope.words();
    let resumed = sqlx::query(
        "WITH resumed AS (DELETE FROM pauses WHERE scope = $1 AND model = $2 RETURNING scope)
         SELECT pg_notify($3, '') FROM resumed",
    );
    let resumed = resumed.bind(scope).bind(model).bind(news::CHANNEL).fetch_all(db).await;
    Ok(!resumed.map_err(classify_write)?.is_empty())
}

pub(super) async fn pauses(db: &mut PgConnection) -> Result<Vec<PauseRecord>, StoreError> {
    let sql = format!("SELECT {PAUSE} FROM pauses ORDER BY scope, model");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(db).await.map_err(classify)?;
    rows.iter().map(|row| Cells::new(row).pause()).collect()
}

/// In one transaction, so that counts, pauses and workers are of one moment.
pub(super) async fn status(db: &mut PgConnection, now: Timestamp) -> Result<QueueStatus, StoreError> {
    let sql = format!(
        "SELECT stage, count(*), count(*) FILTER (WHERE due AND open AND NOT leased), count(*) FILTER (WHERE leased),
             count(*) FILTER (WHERE NOT open AND NOT leased), min(wake_at) FILTER (WHERE due AND open AND NOT leased)
         FROM (SELECT stage, wake_at, wake_at <= $1 AS due, lease_owner IS NOT NULL AND wake_at > $1 AS leased,
                   stage NOT IN ('prompt', 'submit') OR ({OPEN}) AS open
               FROM jobs WHERE wake_at IS NOT NULL) AS jobs
         GROUP BY stage"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(now).fetch_all(&mut *db).await.map_err(classify)?;
    let mut stages: Vec<_> =
        Stage::ALL.into_iter().filter(|stage| !stage.is_final()).map(StageStatus::empty).collect();
    let mut due_since = None;
    for row in &rows {
        let (found, first) = Cells::new(row).stage_status()?;
        due_since = due_since.into_iter().chain(first).min();
        if let Some(status) = stages.iter_mut().find(|status| status.stage == found.stage) {
            *status = found;
        }
    }
    let pauses = pauses(db).await?;
    let sql = format!("SELECT {WORKER} FROM workers ORDER BY name");
    let workers = sqlx::query(AssertSqlSafe(sql)).fetch_all(db).await.map_err(classify)?;
    let workers = workers.iter().map(|row| Cells::new(row).worker()).collect::<Result<_, _>>()?;
    Ok(QueueStatus { at: now, stages, due_since, pauses, workers })
}

/// How many jobs that have not begun come before this one, which has not begun either.
pub(super) async fn place(db: &mut PgConnection, job: JobId) -> Result<Option<u64>, StoreError> {
    let ahead = sqlx::query_scalar::<_, i64>(
        "SELECT (SELECT count(*) FROM jobs AS other WHERE other.stage = 'prompt' AND other.lease_owner IS NULL
                 AND (other.turn, other.id) < (mine.turn, mine.id))
         FROM jobs AS mine WHERE mine.id = $1 AND mine.stage = 'prompt' AND mine.lease_owner IS NULL",
    );
    let ahead = ahead.bind(job.as_uuid()).fetch_optional(db).await.map_err(classify)?;
    Ok(ahead.map(i64::unsigned_abs))
}

pub(super) async fn beat(
    db: &mut PgConnection,
    beat: &WorkerBeat,
    time: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query(
        "WITH clock AS (SELECT coalesce($6::timestamptz, now()) AS now),
         forgotten AS (
             DELETE FROM workers USING clock
             WHERE workers.seen_at < clock.now - $7 * interval '1 microsecond' AND workers.name <> $1
         )
         INSERT INTO workers (name, host, version, in_flight, started_at, seen_at)
         SELECT $1, $2, $3, $4, $5, clock.now FROM clock
         ON CONFLICT (name) DO UPDATE SET host = excluded.host, version = excluded.version,
             in_flight = excluded.in_flight, started_at = excluded.started_at, seen_at = excluded.seen_at",
    )
    .bind(&beat.name)
    .bind(&beat.host)
    .bind(&beat.version)
    .bind(i64::from(beat.in_flight))
    .bind(beat.started_at)
    .bind(time)
    .bind(micros(WORKER_REMEMBERED))
    .execute(db)
    .await
    .map_err(classify_write)?;
    Ok(())
}

pub(super) async fn gone(db: &mut PgConnection, worker: &str) -> Result<(), StoreError> {
    let gone = sqlx::query("DELETE FROM workers WHERE name = $1").bind(worker);
    gone.execute(db).await.map_err(classify_write)?;
    Ok(())
}

/// A line's number is its `seq`. The lines of one job get theirs under the lock on its row, so that they become
/// visible in the order of their numbers; those of two jobs may not.
pub(super) async fn order_events(
    db: &mut PgConnection,
    order: OrderId,
    after: &EventCursor,
    limit: u32,
) -> Result<Vec<OrderLine>, StoreError> {
    let sql = format!(
        "SELECT jobs.id, jobs.idx, events.seq, {EVENT} FROM jobs JOIN events ON events.job_id = jobs.id
         WHERE jobs.order_id = $1 AND events.seq > coalesce(($2::bigint[])[jobs.idx + 1], 0)
         ORDER BY events.seq LIMIT $3"
    );
    let lines = sqlx::query(AssertSqlSafe(sql)).bind(order.as_uuid()).bind(after.numbers());
    let lines = lines.bind(i64::from(limit)).fetch_all(db).await.map_err(classify)?;
    let line = |cells: &mut Cells<'_>| {
        let (job_id, index) = (JobId::from_uuid(cells.next::<Uuid>()?), cells.number()?);
        Ok(OrderLine { job_id, index, seq: cells.next()?, event: cells.event()? })
    };
    lines.iter().map(|row| line(&mut Cells::new(row))).collect()
}
