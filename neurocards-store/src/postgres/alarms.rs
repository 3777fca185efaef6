//! Alarms.

use neurocards_core::{
    ALARM_REMEMBERED, Alarm, AlarmClaim, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle, StoreError,
    Timestamp,
};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection};

use super::error::{classify, classify_write};
use super::rows::{Cells, json, micros};

const ALARM: &str = "alarms.kind, alarms.subject, alarms.detail, alarms.is_over, alarms.since, alarms.last_at, \
     alarms.times, alarms.told_times, alarms.told_at, alarms.lease_epoch";

fn read(row: &PgRow) -> Result<AlarmRecord, StoreError> {
    let mut cells = Cells::of("alarms", row);
    Ok(AlarmRecord {
        alarm: Alarm { kind: cells.word()?, subject: cells.next()?, detail: cells.json()? },
        is_over: cells.next()?,
        since: cells.next()?,
        last_at: cells.next()?,
        times: cells.next::<i64>()?.unsigned_abs(),
        told_times: cells.next::<i64>()?.unsigned_abs(),
        told_at: cells.next()?,
        epoch: cells.next()?,
    })
}

fn count(times: u64) -> i64 {
    i64::try_from(times).unwrap_or(i64::MAX)
}

/// One statement for each: notes of a process come once a second, and in one order from everybody.
pub(super) async fn note(
    db: &mut PgConnection,
    notes: &[AlarmNote],
    time: Option<Timestamp>,
) -> Result<(), StoreError> {
    let forget = sqlx::query(
        "DELETE FROM alarms WHERE last_at <= coalesce($1::timestamptz, now()) - $2 * interval '1 microsecond'",
    );
    let forget = forget.bind(time).bind(micros(ALARM_REMEMBERED));
    forget.execute(&mut *db).await.map_err(classify_write)?;
    for AlarmNote { alarm, times } in notes {
        sqlx::query(
            "INSERT INTO alarms (kind, subject, detail, is_over, since, last_at, times, lease_epoch, wake_at)
             SELECT $1, $2, $3::text::json, false, now, now, $4, 1, now
             FROM (SELECT coalesce($5::timestamptz, now()) AS now) AS clock
             ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail, is_over = false,
                 since = CASE WHEN alarms.is_over THEN excluded.since ELSE alarms.since END,
                 last_at = excluded.last_at,
                 times = CASE WHEN alarms.is_over THEN 0 ELSE alarms.times END + excluded.times,
                 told_times = CASE WHEN alarms.is_over THEN 0 ELSE alarms.told_times END,
                 lease_epoch = alarms.lease_epoch + alarms.is_over::integer,
                 wake_at = CASE WHEN alarms.is_over THEN excluded.wake_at ELSE alarms.wake_at END",
        )
        .bind(alarm.kind.as_str())
        .bind(&alarm.subject)
        .bind(json(&alarm.detail)?)
        .bind(count(*times))
        .bind(time)
        .execute(&mut *db)
        .await
        .map_err(classify_write)?;
    }
    Ok(())
}

pub(super) async fn over(
    db: &mut PgConnection,
    kind: AlarmKind,
    subject: &str,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let over = sqlx::query(
        "UPDATE alarms SET is_over = true, last_at = now, lease_epoch = lease_epoch + 1, wake_at = now
         FROM (SELECT coalesce($3::timestamptz, now()) AS now) AS clock
         WHERE kind = $1 AND subject = $2 AND NOT is_over",
    );
    let over = over.bind(kind.as_str()).bind(subject).bind(time);
    Ok(over.execute(db).await.map_err(classify_write)?.rows_affected() == 1)
}

pub(super) async fn open(db: &mut PgConnection) -> Result<Vec<AlarmRecord>, StoreError> {
    let sql = format!("SELECT {ALARM} FROM alarms WHERE NOT is_over ORDER BY since DESC, kind, subject");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(db).await.map_err(classify)?;
    rows.iter().map(read).collect()
}

pub(super) async fn claim(
    db: &mut PgConnection,
    claim: &AlarmClaim,
    time: Option<Timestamp>,
) -> Result<Vec<AlarmRecord>, StoreError> {
    let sql = format!(
        "WITH clock AS (SELECT coalesce($1::timestamptz, now()) AS now),
         due AS (
             SELECT kind, subject FROM alarms WHERE wake_at <= (SELECT now FROM clock)
             ORDER BY wake_at LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE alarms SET lease_epoch = lease_epoch + 1, wake_at = clock.now + $3 * interval '1 microsecond'
         FROM due CROSS JOIN clock WHERE (alarms.kind, alarms.subject) = (due.kind, due.subject)
         RETURNING {ALARM}"
    );
    let rows =
        sqlx::query(AssertSqlSafe(sql)).bind(time).bind(i64::from(claim.limit)).bind(micros(claim.lease));
    rows.fetch_all(db).await.map_err(classify_write)?.iter().map(read).collect()
}

pub(super) async fn settle(
    db: &mut PgConnection,
    settle: &AlarmSettle,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let settled = sqlx::query(
        "UPDATE alarms SET told_times = coalesce($4::bigint, told_times),
             told_at = CASE WHEN $4::bigint IS NULL THEN told_at ELSE now END,
             is_over = is_over OR $5, wake_at = now + $6::bigint * interval '1 microsecond'
         FROM (SELECT coalesce($7::timestamptz, now()) AS now) AS clock
         WHERE kind = $1 AND subject = $2 AND lease_epoch = $3",
    )
    .bind(settle.kind.as_str())
    .bind(&settle.subject)
    .bind(settle.epoch)
    .bind(settle.told.map(count))
    .bind(settle.is_over)
    .bind(settle.next.map(micros))
    .bind(time);
    if settled.execute(&mut *db).await.map_err(classify_write)?.rows_affected() == 1 {
        return Ok(true);
    }
    let Some(told) = settle.told else { return Ok(false) };
    let told = sqlx::query(
        "UPDATE alarms SET told_times = $4, told_at = now, lease_epoch = lease_epoch + 1, wake_at = now
         FROM (SELECT coalesce($5::timestamptz, now()) AS now) AS clock
         WHERE kind = $1 AND subject = $2 AND since = $3",
    )
    .bind(settle.kind.as_str())
    .bind(&settle.subject)
    .bind(settle.since)
    .bind(count(told))
    .bind(time);
    told.execute(db).await.map_err(classify_write)?;
    Ok(false)
}
