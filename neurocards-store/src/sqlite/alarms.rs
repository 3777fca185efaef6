//! Alarms.

use neurocards_core::{
    ALARM_REMEMBERED, Alarm, AlarmClaim, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle, StoreError,
    Timestamp,
};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::error::classify;
use super::rows::{Cells, columns, earlier, json, later, micros, select};

fn read(row: &SqliteRow) -> Result<AlarmRecord, StoreError> {
    let cells = Cells { table: "alarms", row };
    Ok(AlarmRecord {
        alarm: Alarm {
            kind: cells.word("kind")?,
            subject: cells.get("subject")?,
            detail: cells.json("detail")?,
        },
        is_over: cells.get("is_over")?,
        since: cells.time("since")?,
        last_at: cells.time("last_at")?,
        times: cells.number("times")?,
        told_times: cells.number("told_times")?,
        told_at: cells.time_opt("told_at")?,
        epoch: cells.get("lease_epoch")?,
    })
}

fn count(times: u64) -> i64 {
    i64::try_from(times).unwrap_or(i64::MAX)
}

pub(super) async fn note(
    db: &mut SqliteConnection,
    notes: &[AlarmNote],
    now: Timestamp,
) -> Result<(), StoreError> {
    let forget = sqlx::query("DELETE FROM alarms WHERE last_at <= ?1").bind(earlier(now, ALARM_REMEMBERED));
    forget.execute(&mut *db).await.map_err(classify)?;
    for AlarmNote { alarm, times } in notes {
        sqlx::query(
            "INSERT INTO alarms (kind, subject, detail, is_over, since, last_at, times, lease_epoch, wake_at)
             VALUES (?1, ?2, ?3, 0, ?4, ?4, ?5, 1, ?4)
             ON CONFLICT (kind, subject) DO UPDATE SET detail = excluded.detail, is_over = 0,
                 since = iif(is_over, excluded.since, since), last_at = excluded.last_at,
                 times = iif(is_over, 0, times) + excluded.times,
                 told_times = iif(is_over, 0, told_times), lease_epoch = lease_epoch + is_over,
                 wake_at = iif(is_over, excluded.wake_at, wake_at)",
        )
        .bind(alarm.kind.as_str())
        .bind(&alarm.subject)
        .bind(json(&alarm.detail)?)
        .bind(micros(now))
        .bind(count(*times))
        .execute(&mut *db)
        .await
        .map_err(classify)?;
    }
    Ok(())
}

pub(super) async fn over(
    db: &mut SqliteConnection,
    kind: AlarmKind,
    subject: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let over = sqlx::query(
        "UPDATE alarms SET is_over = 1, last_at = ?3, lease_epoch = lease_epoch + 1, wake_at = ?3
         WHERE kind = ?1 AND subject = ?2 AND NOT is_over",
    );
    let over = over.bind(kind.as_str()).bind(subject).bind(micros(now));
    Ok(over.execute(db).await.map_err(classify)?.rows_affected() == 1)
}

pub(super) async fn open(db: &mut SqliteConnection) -> Result<Vec<AlarmRecord>, StoreError> {
    let rows = sqlx::query(select!(alarms, "WHERE NOT is_over ORDER BY since DESC, kind, subject"));
    rows.fetch_all(db).await.map_err(classify)?.iter().map(read).collect()
}

/// Without the lock that others write under.
pub(super) async fn any_due(db: &mut SqliteConnection, now: Timestamp) -> Result<bool, StoreError> {
    let due = sqlx::query("SELECT 1 FROM alarms WHERE wake_at <= ?1 LIMIT 1").bind(micros(now));
    Ok(due.fetch_optional(db).await.map_err(classify)?.is_some())
}

pub(super) async fn claim(
    db: &mut SqliteConnection,
    claim: &AlarmClaim,
    now: Timestamp,
) -> Result<Vec<AlarmRecord>, StoreError> {
    let rows = sqlx::query(concat!(
        "UPDATE alarms SET lease_epoch = lease_epoch + 1, wake_at = ?3
         WHERE (kind, subject) IN (
             SELECT kind, subject FROM alarms WHERE wake_at <= ?1 ORDER BY wake_at LIMIT ?2)
         RETURNING ",
        columns!(alarms)
    ));
    let rows = rows.bind(micros(now)).bind(claim.limit).bind(later(now, claim.lease));
    rows.fetch_all(db).await.map_err(classify)?.iter().map(read).collect()
}

pub(super) async fn settle(
    db: &mut SqliteConnection,
    settle: &AlarmSettle,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let settled = sqlx::query(
        "UPDATE alarms SET told_times = coalesce(?4, told_times), told_at = iif(?4 IS NULL, told_at, ?5),
             is_over = is_over OR ?6, wake_at = ?7
         WHERE kind = ?1 AND subject = ?2 AND lease_epoch = ?3",
    )
    .bind(settle.kind.as_str())
    .bind(&settle.subject)
    .bind(settle.epoch)
    .bind(settle.told.map(count))
    .bind(micros(now))
    .bind(settle.is_over)
    .bind(settle.next.map(|wait| later(now, wait)));
    if settled.execute(&mut *db).await.map_err(classify)?.rows_affected() == 1 {
        return Ok(true);
    }
    let Some(told) = settle.told else { return Ok(false) };
    let told = sqlx::query(
        "UPDATE alarms SET told_times = ?4, told_at = ?5, lease_epoch = lease_epoch + 1, wake_at = ?5
         WHERE kind = ?1 AND subject = ?2 AND since = ?3",
    )
    .bind(settle.kind.as_str())
    .bind(&settle.subject)
    .bind(micros(settle.since))
    .bind(count(told))
    .bind(micros(now));
    told.execute(db).await.map_err(classify)?;
    Ok(false)
}
