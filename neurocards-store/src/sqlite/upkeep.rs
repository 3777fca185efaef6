//! Duties, old videos, and what is needed of photos and videos.

use std::time::Duration;

use neurocards_core::{
    DutyClaim, DutyLead, DutyOutcome, DutySettle, MediaKind, MediaQuestion, StoreError, Timestamp,
};
use sqlx::SqliteConnection;

use super::error::classify;
use super::rows::{earlier, json, later, micros};

/// Whether the duty is due and nobody has it: without the lock that others write under.
pub(super) async fn is_free(
    db: &mut SqliteConnection,
    claim: &DutyClaim,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let taken = sqlx::query("SELECT 1 FROM duties WHERE name = ?1 AND (until > ?2 OR done_at > ?3)");
    let taken = taken.bind(claim.duty.as_str()).bind(micros(now)).bind(earlier(now, claim.every));
    Ok(taken.fetch_optional(db).await.map_err(classify)?.is_none())
}

pub(super) async fn claim(
    db: &mut SqliteConnection,
    claim: &DutyClaim,
    now: Timestamp,
) -> Result<Option<DutyLead>, StoreError> {
    let epoch = sqlx::query_scalar(
        "INSERT INTO duties (name, leader, epoch, until) VALUES (?1, ?2, 1, ?3)
         ON CONFLICT (name) DO UPDATE SET leader = excluded.leader, epoch = epoch + 1, until = excluded.until
         WHERE until <= ?4 AND (done_at IS NULL OR done_at <= ?5)
         RETURNING epoch",
    )
    .bind(claim.duty.as_str())
    .bind(&claim.leader)
    .bind(later(now, claim.term))
    .bind(micros(now))
    .bind(earlier(now, claim.every))
    .fetch_optional(db)
    .await
    .map_err(classify)?;
    Ok(epoch.map(|epoch| DutyLead { duty: claim.duty, epoch, claimed_at: now }))
}

pub(super) async fn settle(
    db: &mut SqliteConnection,
    settle: &DutySettle,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (until, done_at) = match settle.outcome {
        DutyOutcome::Longer(term) => (later(now, term), None),
        DutyOutcome::Done => (micros(now), Some(micros(now))),
        DutyOutcome::Undone => (micros(now), None),
    };
    let settled = sqlx::query(
        "UPDATE duties SET until = ?3, done_at = coalesce(?4, done_at) WHERE name = ?1 AND epoch = ?2",
    );
    let settled = settled.bind(settle.duty.as_str()).bind(settle.epoch).bind(until).bind(done_at);
    Ok(settled.execute(db).await.map_err(classify)?.rows_affected() == 1)
}

/// Whether any video is old enough: without the lock that others write under.
pub(super) async fn any_old(
    db: &mut SqliteConnection,
    keep: Duration,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let old = sqlx::query("SELECT 1 FROM artifacts WHERE removed_at IS NULL AND created_at <= ?1 LIMIT 1");
    Ok(old.bind(earlier(now, keep)).fetch_optional(db).await.map_err(classify)?.is_some())
}

pub(super) async fn retire(
    db: &mut SqliteConnection,
    keep: Duration,
    limit: u32,
    now: Timestamp,
) -> Result<u32, StoreError> {
    let retired = sqlx::query(
        "UPDATE artifacts SET removed_at = ?1
         WHERE removed_at IS NULL AND job_id IN (
             SELECT job_id FROM artifacts WHERE removed_at IS NULL AND created_at <= ?2
             ORDER BY created_at LIMIT ?3)",
    );
    let retired = retired.bind(micros(now)).bind(earlier(now, keep)).bind(limit);
    let retired = retired.execute(db).await.map_err(classify)?.rows_affected();
    Ok(u32::try_from(retired).unwrap_or(u32::MAX))
}

/// A video is needed by a job whose video was not retired.
pub(super) const VIDEOS: &str = "SELECT value FROM json_each(?1) WHERE EXISTS (
         SELECT 1 FROM artifacts WHERE artifacts.artifact ->> '$.sha256' = value AND removed_at IS NULL)";
/// A photo is needed by an order that is young, or has an unfinished job.
pub(super) const PHOTOS: &str = "SELECT value FROM json_each(?1) WHERE EXISTS (
         SELECT 1 FROM orders WHERE orders.brief ->> '$.photo.sha256' = value AND (
             ?2 IS NULL OR orders.created_at > ?2
             OR EXISTS (SELECT 1 FROM jobs WHERE jobs.order_id = orders.id AND jobs.wake_at IS NOT NULL)))";

pub(super) async fn needed(
    db: &mut SqliteConnection,
    question: &MediaQuestion,
    now: Timestamp,
) -> Result<Vec<String>, StoreError> {
    let sql = match question.kind {
        MediaKind::Photo => PHOTOS,
        MediaKind::Video => VIDEOS,
    };
    let since = question.keep.map(|keep| earlier(now, keep));
    let needed = sqlx::query_scalar(sql).bind(json(&question.hashes)?).bind(since);
    needed.fetch_all(db).await.map_err(classify)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sqlx::{AssertSqlSafe, Row};

    use super::*;
    use crate::SqliteStore;

    #[tokio::test]
    async fn each_object_is_looked_up() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(neurocards_core::ManualClock::new());
        let store = SqliteStore::open(folder.path().join("store.db"), clock).await.unwrap();
        for (sql, indexes) in [
            (VIDEOS, &["artifacts_by_video (<expr>=?)"][..]),
            (PHOTOS, &["orders_by_photo (<expr>=?)", "(order_id=?)"]),
        ] {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
            let plan = plan.fetch_all(&store.readers).await.unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            for index in indexes {
                assert!(plan.iter().any(|line| line.contains(index)), "{index}\n{plan:#?}");
            }
        }
    }
}
