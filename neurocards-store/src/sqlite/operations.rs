//! Pauses, the state of the queue, workers, the lines of an order.

use neurocards_core::{
    EventCursor, JobId, OrderId, OrderLine, Pause, PauseRecord, PauseScope, QueueStatus, Stage, StageStatus,
    StoreError, Timestamp, WORKER_REMEMBERED, WorkerBeat, WorkerRecord,
};
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::error::classify;
use super::rows::{self, columns, json, micros, select};

/// The condition of a claim on jobs of this stage: no pause holds them back. Empty for stages that go on.
pub(super) fn unless_paused(stage: Stage) -> &'static str {
    match stage {
        Stage::Prompt | Stage::Submit => {
            " AND NOT EXISTS (SELECT 1 FROM pauses WHERE scope = 'everything')
              AND model NOT IN (SELECT model FROM pauses WHERE scope = 'model')"
        }
        _ => "",
    }
}

pub(super) async fn pause(
    db: &mut SqliteConnection,
    pause: &Pause,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (scope, model) = pause.scope.words();
    let paused = sqlx::query(
        "INSERT INTO pauses (scope, model, actor, reason, since) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
    );
    let paused = paused.bind(scope).bind(model).bind(&pause.actor).bind(&pause.reason).bind(micros(now));
    Ok(paused.execute(db).await.map_err(classify)?.rows_affected() > 0)
}

pub(super) async fn resume(db: &mut SqliteConnection, scope: &PauseScope) -> Result<bool, StoreError> {
    let (scope, model) = scope.words();
    let resumed = sqlx::query("DELETE FROM pauses WHERE scope = ?1 AND model = ?2").bind(scope).bind(model);
    Ok(resumed.execute(db).await.map_err(classify)?.rows_affected() > 0)
}

pub(super) async fn pauses(db: &mut SqliteConnection) -> Result<Vec<PauseRecord>, StoreError> {
    let rows = sqlx::query(select!(pauses, "ORDER BY scope, model")).fetch_all(db).await;
    rows.map_err(classify)?.iter().map(rows::pause).collect()
}

/// In one reading transaction.
pub(super) async fn status(db: &mut SqliteConnection, now: Timestamp) -> Result<QueueStatus, StoreError> {
    let pauses = pauses(db).await?;
    let (mut stages, mut due_since) = (Vec::new(), None);
    for stage in Stage::ALL.into_iter().filter(|stage| !stage.is_final()) {
        let open = unless_paused(stage);
        let sql = format!(
            "SELECT count(*), count(*) FILTER (WHERE leased), count(*) FILTER (WHERE open AND NOT leased AND due),
                 count(*) FILTER (WHERE NOT open AND NOT leased),
                 min(wake_at) FILTER (WHERE open AND NOT leased AND due)
             FROM (SELECT wake_at, wake_at <= ?1 AS due, lease_owner IS NOT NULL AND wake_at > ?1 AS leased,
                       (true{open}) AS open
                   FROM jobs WHERE stage = '{stage}' AND wake_at IS NOT NULL)"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).bind(micros(now)).fetch_one(&mut *db).await;
        let row = row.map_err(classify)?;
        let count = |at: usize| row.get::<i64, _>(at).unsigned_abs();
        let status = StageStatus { stage, jobs: count(0), leased: count(1), due: count(2), paused: count(3) };
        stages.push(status);
        let first = row.get::<Option<i64>, _>(4).and_then(rows::from_micros);
        due_since = due_since.into_iter().chain(first).min();
    }
    let workers = sqlx::query(select!(workers, "ORDER BY name")).fetch_all(db).await.map_err(classify)?;
    let workers: Result<Vec<WorkerRecord>, _> = workers.iter().map(rows::worker).collect();
    Ok(QueueStatus { at: now, stages, due_since, pauses, workers: workers? })
}

/// How many jobs that have not begun come before this one, which has not begun either.
pub(super) async fn place(db: &mut SqliteConnection, job: JobId) -> Result<Option<u64>, StoreError> {
    let ahead = sqlx::query_scalar::<_, i64>(
        "SELECT (SELECT count(*) FROM jobs AS other WHERE other.stage = 'prompt' AND other.lease_owner IS NULL
                 AND (other.turn, other.id) < (mine.turn, mine.id))
         FROM jobs AS mine WHERE mine.id = ?1 AND mine.stage = 'prompt' AND mine.lease_owner IS NULL",
    );
    let ahead = ahead.bind(job.to_string()).fetch_optional(db).await.map_err(classify)?;
    Ok(ahead.map(i64::unsigned_abs))
}

pub(super) async fn beat(
    db: &mut SqliteConnection,
    beat: &WorkerBeat,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM workers WHERE seen_at < ?1")
        .bind(micros(now - WORKER_REMEMBERED))
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    sqlx::query(
        "INSERT INTO workers (name, host, version, in_flight, started_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (name) DO UPDATE SET host = excluded.host, version = excluded.version,
             in_flight = excluded.in_flight, started_at = excluded.started_at, seen_at = excluded.seen_at",
    )
    .bind(&beat.name)
    .bind(&beat.host)
    .bind(&beat.version)
    .bind(beat.in_flight)
    .bind(micros(beat.started_at))
    .bind(micros(now))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

pub(super) async fn gone(db: &mut SqliteConnection, worker: &str) -> Result<(), StoreError> {
    let gone = sqlx::query("DELETE FROM workers WHERE name = ?1").bind(worker);
    gone.execute(db).await.map_err(classify)?;
    Ok(())
}

/// A line's number is its `seq`.
pub(super) async fn order_events(
    db: &mut SqliteConnection,
    order: OrderId,
    after: &EventCursor,
    limit: u32,
) -> Result<Vec<OrderLine>, StoreError> {
    let lines = sqlx::query(concat!(
        "SELECT ",
        columns!(events),
        ", jobs.idx FROM jobs CROSS JOIN events ON events.job_id = jobs.id
         WHERE jobs.order_id = ?1 AND events.seq > coalesce(?2 ->> jobs.idx, 0)
         ORDER BY events.seq LIMIT ?3"
    ));
    let lines = lines.bind(order.to_string()).bind(json(after)?).bind(i64::from(limit));
    lines.fetch_all(db).await.map_err(classify)?.iter().map(rows::line).collect()
}
