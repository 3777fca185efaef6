//! Resources, their balances, and pacing: one statement each. The rules are those of core, in SQL, because a statement
//! decides under the row's lock what two round trips could not.

use std::time::Duration;

use neurocards_core::{
    BalancePoint, Pace, Paced, ResourceChange, ResourceId, ResourceOutcome, ResourceRecord, ResourceSet,
    ResourceSettle, StoreError, Timestamp,
};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::error::{classify, classify_write};
use super::rows::{Cells, RESOURCE, micros};

pub(super) async fn list(db: &mut PgConnection, provider: &str) -> Result<Vec<ResourceRecord>, StoreError> {
    let sql = format!("SELECT {RESOURCE} FROM resources AS r WHERE provider = $1 ORDER BY kind, name");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(provider).fetch_all(db).await.map_err(classify)?;
    rows.iter().map(|row| Cells::new(row).resource()).collect()
}

fn record(row: Option<&PgRow>, id: &ResourceId) -> Result<ResourceRecord, StoreError> {
    row.map_or_else(|| Ok(ResourceRecord::new(id.clone())), |row| Cells::new(row).resource())
}

/// Its faults are over; what an operator closed stays closed.
const WELL: &str = "failures = 0, probing_until = NULL, recovered_at = clock.now,
    closed_since = CASE WHEN r.closed_by IS NOT NULL THEN r.closed_since END,
    closed_until = CASE WHEN r.closed_by IS NOT NULL THEN r.closed_until END";

pub(super) async fn settle(
    db: &mut PgConnection,
    settle: &ResourceSettle,
    time: Option<Timestamp>,
) -> Result<ResourceRecord, StoreError> {
    let id = &settle.id;
    let row = match &settle.outcome {
        ResourceOutcome::Failed { fault, breaker } => {
            let sql = include_str!("sql/resource_failed.sql").replace("/*columns*/", RESOURCE);
            let failed = sqlx::query(AssertSqlSafe(sql));
            let failed = failed.bind(&id.provider).bind(id.kind.as_str()).bind(&id.name).bind(Json(fault));
            failed
                .bind(breaker.map(|breaker| i64::from(breaker.after)))
                .bind(breaker.map(|breaker| micros(breaker.rest)))
                .bind(breaker.map(|breaker| micros(breaker.longest)))
                .bind(time)
                .fetch_optional(db)
                .await
        }
        outcome => {
            let (set, when) = match outcome {
                ResourceOutcome::Inconclusive => ("probing_until = NULL", "r.probing_until IS NOT NULL AND"),
                _ => (WELL, "(r.failures > 0 OR r.closed_since IS NOT NULL AND r.closed_by IS NULL) AND"),
            };
            let sql = format!(
                "WITH clock AS (SELECT coalesce($5::timestamptz, now()) AS now),
                 settled AS (
                     UPDATE resources AS r SET {set} FROM clock
                     WHERE r.provider = $1 AND r.kind = $2 AND r.name = $3 AND {when}
                         ($4 OR r.closed_since IS NULL OR r.closed_by IS NOT NULL OR r.closed_until <= clock.now)
                     RETURNING {RESOURCE}
                 )
                 SELECT * FROM settled
                 UNION ALL
                 SELECT {RESOURCE} FROM resources AS r
                 WHERE r.provider = $1 AND r.kind = $2 AND r.name = $3 AND NOT EXISTS (SELECT FROM settled)"
            );
            let settled = sqlx::query(AssertSqlSafe(sql));
            let settled = settled.bind(&id.provider).bind(id.kind.as_str()).bind(&id.name);
            let certain = *outcome == ResourceOutcome::Recovered;
            settled.bind(certain).bind(time).fetch_optional(db).await
        }
    };
    record(row.map_err(classify_write)?.as_ref(), id)
}

pub(super) async fn set(
    db: &mut PgConnection,
    set: &ResourceSet,
    time: Option<Timestamp>,
) -> Result<ResourceRecord, StoreError> {
    let sql = format!(
        "WITH clock AS (SELECT coalesce($8::timestamptz, now()) AS now)
         INSERT INTO resources AS r (provider, kind, name, closed_since, closed_until, closed_by, closed_why)
         SELECT $1, $2, $3, CASE WHEN $4 THEN now END, now + $5::bigint * interval '1 microsecond', $6, $7 FROM clock
         ON CONFLICT (provider, kind, name) DO UPDATE SET closed_since = excluded.closed_since,
             closed_until = excluded.closed_until, closed_by = excluded.closed_by, closed_why = excluded.closed_why,
             probing_until = NULL, failures = CASE WHEN $4 THEN r.failures ELSE 0 END
         RETURNING {RESOURCE}"
    );
    let (closes, wait) = match set.change {
        ResourceChange::Close(wait) => (true, wait),
        ResourceChange::Open => (false, None),
    };
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(&set.id.provider)
        .bind(set.id.kind.as_str())
        .bind(&set.id.name)
        .bind(closes)
        .bind(wait.map(micros))
        .bind(closes.then_some(&set.actor))
        .bind(set.reason.as_ref().filter(|_| closes))
        .bind(time)
        .fetch_one(db)
        .await
        .map_err(classify_write)?;
    Cells::new(&row).resource()
}

pub(super) async fn probe(
    db: &mut PgConnection,
    id: &ResourceId,
    lease: Duration,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let taken = sqlx::query(
        "UPDATE resources AS r SET probing_until = clock.now + $4 * interval '1 microsecond'
         FROM (SELECT coalesce($5::timestamptz, now()) AS now) AS clock
         WHERE r.provider = $1 AND r.kind = $2 AND r.name = $3 AND r.closed_by IS NULL AND r.closed_until <= clock.now
             AND (r.probing_until IS NULL OR r.probing_until <= clock.now)",
    );
    let taken = taken.bind(&id.provider).bind(id.kind.as_str()).bind(&id.name);
    let taken = taken.bind(micros(lease)).bind(time).execute(db).await.map_err(classify_write)?;
    Ok(taken.rows_affected() > 0)
}

pub(super) async fn note_balance(
    db: &mut PgConnection,
    id: &ResourceId,
    milli: i64,
    time: Option<Timestamp>,
) -> Result<ResourceRecord, StoreError> {
    let sql = format!(
        "WITH clock AS (SELECT coalesce($5::timestamptz, now()) AS now),
         noted AS (
             INSERT INTO balances (provider, kind, name, hour, at, milli)
             SELECT $1, $2, $3, floor(extract(epoch FROM now) / 3600)::bigint, now, $4 FROM clock
             ON CONFLICT (provider, kind, name, hour) DO UPDATE SET at = excluded.at, milli = excluded.milli
         ),
         forgotten AS (
             DELETE FROM balances USING clock
             WHERE provider = $1 AND kind = $2 AND name = $3 AND at < clock.now - $6 * interval '1 microsecond'
         )
         INSERT INTO resources AS r (provider, kind, name, balance_milli, balance_at)
         SELECT $1, $2, $3, $4, now FROM clock
         ON CONFLICT (provider, kind, name) DO UPDATE SET balance_milli = excluded.balance_milli,
             balance_at = excluded.balance_at
         RETURNING {RESOURCE}"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(&id.provider)
        .bind(id.kind.as_str())
        .bind(&id.name)
        .bind(milli)
        .bind(time)
        .bind(micros(BalancePoint::KEPT))
        .fetch_one(db)
        .await
        .map_err(classify_write)?;
    Cells::new(&row).resource()
}

pub(super) async fn balances(
    db: &mut PgConnection,
    id: &ResourceId,
) -> Result<Vec<BalancePoint>, StoreError> {
    let points = sqlx::query(
        "SELECT at, milli FROM balances WHERE provider = $1 AND kind = $2 AND name = $3 ORDER BY hour",
    );
    let points = points.bind(&id.provider).bind(id.kind.as_str()).bind(&id.name);
    let points = points.fetch_all(db).await.map_err(classify)?;
    points
        .iter()
        .map(|row| {
            let mut cells = Cells::new(row);
            Ok(BalancePoint { at: cells.time()?, milli: cells.next()? })
        })
        .collect()
}

/// The clock is read under the row's lock: whoever had to wait for the others does not wait once more.
pub(super) async fn pace(
    db: &mut PgConnection,
    pace: &Pace,
    time: Option<Timestamp>,
) -> Result<Paced, StoreError> {
    const NOW: &str = "coalesce($5::timestamptz, clock_timestamp())";
    let next = format!(
        "greatest({NOW}, slots[cardinality(slots)],
             slots[cardinality(slots) - $2 + 1] + $3::bigint * interval '1 microsecond')"
    );
    let next_taken = next.replace("slots", "paces.slots");
    let sql = format!(
        "WITH taken AS (
             INSERT INTO paces (bucket, slots) SELECT $1, ARRAY[{NOW}]
             ON CONFLICT (bucket) DO UPDATE SET slots = (paces.slots || {next_taken})[cardinality(paces.slots) - $2 + 2:]
             WHERE {next_taken} <= {NOW} + $4::bigint * interval '1 microsecond'
             RETURNING slots
         ),
         answer AS (
             SELECT true AS taken, slots[cardinality(slots)] AS slot FROM taken
             UNION ALL
             SELECT false, {next} FROM paces WHERE bucket = $1 AND NOT EXISTS (SELECT FROM taken)
         )
         SELECT taken, (extract(epoch FROM slot - {NOW}) * 1000000)::bigint FROM answer"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(&pace.bucket)
        .bind(i32::try_from(pace.limit()).unwrap_or(i32::MAX))
        .bind(micros(pace.window))
        .bind(micros(pace.patience))
        .bind(time)
        .fetch_optional(db)
        .await
        .map_err(classify_write)?;
    // A bucket that another one has just made: what it holds is not seen yet.
    let Some(row) = row else { return Ok(Paced::TooLong(pace.window)) };
    let wait = row.try_get::<i64, _>(1).map_err(classify)?;
    let wait = Duration::from_micros(u64::try_from(wait).unwrap_or_default());
    Ok(if row.try_get(0).map_err(classify)? { Paced::Slot(wait) } else { Paced::TooLong(wait) })
}
