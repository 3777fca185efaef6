//! Duties, old videos, and what is needed of photos and videos.

use std::time::Duration;

use neurocards_core::{
    DutyClaim, DutyLead, DutyOutcome, DutySettle, MediaKind, MediaQuestion, StoreError, Timestamp,
};
use sqlx::{PgConnection, Row};

use super::error::{classify, classify_write};
use super::rows::micros;

/// What is not due, or led by somebody else, is looked at without writing: processes ask every minute.
pub(super) async fn claim(
    db: &mut PgConnection,
    claim: &DutyClaim,
    time: Option<Timestamp>,
) -> Result<Option<DutyLead>, StoreError> {
    let lead = sqlx::query(
        "WITH clock AS (SELECT coalesce($5::timestamptz, now()) AS now),
         free AS (
             SELECT clock.now, clock.now - $4 * interval '1 microsecond' AS done_before FROM clock
         )
         INSERT INTO duties (name, leader, epoch, until)
         SELECT $1, $2, 1, free.now + $3 * interval '1 microsecond' FROM free
         WHERE NOT EXISTS (
             SELECT 1 FROM duties WHERE name = $1 AND (until > free.now OR done_at > free.done_before))
         ON CONFLICT (name) DO UPDATE SET leader = excluded.leader, epoch = duties.epoch + 1, until = excluded.until
         WHERE duties.until <= (SELECT now FROM free)
             AND (duties.done_at IS NULL OR duties.done_at <= (SELECT done_before FROM free))
         RETURNING epoch, (SELECT now FROM clock)",
    )
    .bind(claim.duty.as_str())
    .bind(&claim.leader)
    .bind(micros(claim.term))
    .bind(micros(claim.every))
    .bind(time)
    .fetch_optional(db)
    .await
    .map_err(classify_write)?;
    let read = |row: sqlx::postgres::PgRow| {
        Ok(DutyLead { duty: claim.duty, epoch: row.try_get(0)?, claimed_at: row.try_get(1)? })
    };
    lead.map(read).transpose().map_err(classify)
}

pub(super) async fn settle(
    db: &mut PgConnection,
    settle: &DutySettle,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let (longer, is_done) = match settle.outcome {
        DutyOutcome::Longer(term) => (micros(term), false),
        DutyOutcome::Done => (0, true),
        DutyOutcome::Undone => (0, false),
    };
    let settled = sqlx::query(
        "UPDATE duties SET until = clock.now + $3 * interval '1 microsecond',
             done_at = CASE WHEN $4 THEN clock.now ELSE done_at END
         FROM (SELECT coalesce($5::timestamptz, now()) AS now) AS clock
         WHERE name = $1 AND epoch = $2",
    );
    let settled = settled.bind(settle.duty.as_str()).bind(settle.epoch).bind(longer).bind(is_done).bind(time);
    Ok(settled.execute(db).await.map_err(classify_write)?.rows_affected() == 1)
}

pub(super) async fn retire(
    db: &mut PgConnection,
    keep: Duration,
    limit: u32,
    time: Option<Timestamp>,
) -> Result<u32, StoreError> {
    let retired = sqlx::query(
        "WITH clock AS (SELECT coalesce($3::timestamptz, now()) AS now),
         old AS (
             SELECT job_id FROM artifacts
             WHERE removed_at IS NULL AND created_at <= (SELECT now - $1 * interval '1 microsecond' FROM clock)
             ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE artifacts SET removed_at = clock.now FROM old CROSS JOIN clock
         WHERE artifacts.job_id = old.job_id AND artifacts.removed_at IS NULL",
    );
    let retired = retired.bind(micros(keep)).bind(i64::from(limit)).bind(time);
    let retired = retired.execute(db).await.map_err(classify_write)?.rows_affected();
    Ok(u32::try_from(retired).unwrap_or(u32::MAX))
}

/// A video is needed by a job whose video was not retired.
const VIDEOS: &str = r#"SELECT hash FROM unnest($1::text[]) AS asked (hash) WHERE EXISTS (
    SELECT 1 FROM artifacts WHERE (artifact ->> 'sha256') COLLATE "C" = hash AND removed_at IS NULL)"#;
/// A photo is needed by an order that is young, or has an unfinished job.
const PHOTOS: &str = r#"SELECT hash FROM unnest($1::text[]) AS asked (hash) WHERE EXISTS (
    SELECT 1 FROM orders WHERE (brief -> 'photo' ->> 'sha256') COLLATE "C" = hash AND (
        $2::bigint IS NULL
        OR orders.created_at > coalesce($3::timestamptz, now()) - $2 * interval '1 microsecond'
        OR EXISTS (SELECT 1 FROM jobs WHERE jobs.order_id = orders.id AND jobs.wake_at IS NOT NULL)))"#;

pub(super) async fn needed(
    db: &mut PgConnection,
    question: &MediaQuestion,
    time: Option<Timestamp>,
) -> Result<Vec<String>, StoreError> {
    let needed = match question.kind {
        MediaKind::Photo => {
            sqlx::query_scalar(PHOTOS).bind(&question.hashes).bind(question.keep.map(micros)).bind(time)
        }
        MediaKind::Video => sqlx::query_scalar(VIDEOS).bind(&question.hashes),
    };
    needed.fetch_all(db).await.map_err(classify)
}
