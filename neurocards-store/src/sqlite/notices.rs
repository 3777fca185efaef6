//! The outbox.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use neurocards_core::{
    AccountKey, Notice, NoticeBody, NoticeClaim, NoticeId, NoticeOutcome, NoticeSettle, NoticeState, OrderId,
    StoreError, Subject, Timestamp,
};
use sqlx::SqliteConnection;

use super::error::classify;
use super::rows::{self, columns, json, later, micros};

/// What a notice is written from.
#[derive(Debug)]
pub(super) struct NoticeNew<'a> {
    pub(super) id: NoticeId,
    pub(super) account: &'a AccountKey,
    pub(super) subject: Subject,
    pub(super) order_id: OrderId,
    pub(super) body: &'a NoticeBody,
}

/// Writes a notice, unless there is one of its subject and kind; the last word on a job silences earlier ones.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    new: &NoticeNew<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (subject, subject_id) = rows::subject(new.subject);
    let kind = new.body.kind();
    let inserted = sqlx::query(
        "INSERT INTO notices (id, account, subject, subject_id, order_id, kind, body, state, sends, lease_epoch,
             wake_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', 0, 0, ?8, ?8, ?8)
         ON CONFLICT (subject_id, subject, kind) DO NOTHING",
    )
    .bind(new.id.to_string())
    .bind(new.account.as_str())
    .bind(subject)
    .bind(&subject_id)
    .bind(new.order_id.to_string())
    .bind(kind.as_str())
    .bind(json(new.body)?)
    .bind(micros(now))
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    if inserted.rows_affected() == 0 || !kind.supersedes_earlier() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE notices SET state = 'superseded', updated_at = ?5
         WHERE order_id = ?2 AND state = 'pending' AND id <> ?1
             AND (kind = 'started' OR (subject = ?3 AND subject_id = ?4))",
    )
    .bind(new.id.to_string())
    .bind(new.order_id.to_string())
    .bind(subject)
    .bind(&subject_id)
    .bind(micros(now))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

/// Live notices whose time has come. The account keys that begin with a channel lie between it and it with DEL
/// behind: keys are printable ASCII.
macro_rules! due {
    ($select:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM json_each(?1) AS channel CROSS JOIN notices
                ON notices.account >= channel.value AND notices.account < channel.value || char(127)
              WHERE notices.state IN ('pending', 'sending') AND notices.wake_at <= ?2",
            $rest
        )
    };
}

/// Whether there is anything to claim, without the lock that others write under.
pub(super) async fn any_due(
    db: &mut SqliteConnection,
    claim: &NoticeClaim,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let due = sqlx::query(due!("1", " LIMIT 1")).bind(json(&claim.channels)?).bind(micros(now));
    Ok(due.fetch_optional(db).await.map_err(classify)?.is_some())
}

pub(super) async fn claim(
    db: &mut SqliteConnection,
    claim: &NoticeClaim,
    now: Timestamp,
) -> Result<Vec<Notice>, StoreError> {
    let channels = json(&claim.channels)?;
    if !claim.idempotent {
        doubt_the_abandoned(db, &channels, now).await?;
    }
    let due = sqlx::query_scalar::<_, String>(due!(
        "DISTINCT notices.id",
        " ORDER BY notices.wake_at, notices.id LIMIT ?3"
    ));
    let due = due.bind(&channels).bind(micros(now)).bind(i64::from(claim.limit));
    let due = due.fetch_all(&mut *db).await.map_err(classify)?;
    let taken = sqlx::query(concat!(
        "UPDATE notices
         SET state = 'sending', sends = sends + 1, lease_epoch = lease_epoch + 1, updated_at = ?2, wake_at = ?3
         WHERE id IN (SELECT value FROM json_each(?1))
         RETURNING ",
        columns!(notices)
    ));
    let taken = taken.bind(json(&due)?).bind(micros(now)).bind(later(now, claim.lease));
    let taken = taken.fetch_all(db).await.map_err(classify)?;
    let mut notices = taken.iter().map(rows::notice).collect::<Result<Vec<_>, _>>()?;
    // RETURNING promises no order.
    let place: HashMap<&str, usize> = due.iter().map(String::as_str).zip(0..).collect();
    notices.sort_by_cached_key(|notice| place.get(notice.id.to_string().as_str()).copied());
    Ok(notices)
}

/// Their senders are gone, and nobody knows whether the channel has them.
async fn doubt_the_abandoned(
    db: &mut SqliteConnection,
    channels: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(concat!(
        "UPDATE notices SET state = 'unknown', updated_at = ?2 WHERE id IN (",
        due!("notices.id", " AND notices.state = 'sending'"),
        ")"
    ))
    .bind(channels)
    .bind(micros(now))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

pub(super) async fn settle(
    db: &mut SqliteConnection,
    settle: &NoticeSettle,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (state, receipt, wake_at) = match &settle.outcome {
        NoticeOutcome::Sent { receipt } => (NoticeState::Sent, receipt.as_deref(), None),
        NoticeOutcome::Later(wait) => (NoticeState::Pending, None, Some(later(now, *wait))),
        NoticeOutcome::Unknown => (NoticeState::Unknown, None, None),
        NoticeOutcome::Blocked => (NoticeState::Blocked, None, None),
        NoticeOutcome::Dead => (NoticeState::Dead, None, None),
    };
    let done = sqlx::query(
        "UPDATE notices
         SET state = ?3, receipt = coalesce(?4, receipt), wake_at = coalesce(?5, wake_at), updated_at = ?6
         WHERE id = ?1 AND lease_epoch = ?2 AND state = 'sending'",
    )
    .bind(settle.id.to_string())
    .bind(settle.epoch)
    .bind(state.as_str())
    .bind(receipt)
    .bind(wake_at)
    .bind(micros(now))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn extend(
    db: &mut SqliteConnection,
    leases: &[(NoticeId, i64)],
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<NoticeId>, StoreError> {
    let rows: Vec<_> = leases.iter().map(|(id, epoch)| (id.to_string(), *epoch)).collect();
    let kept = sqlx::query_scalar::<_, String>(
        "UPDATE notices SET wake_at = ?2
         FROM (SELECT value ->> 0 AS id, value ->> 1 AS epoch FROM json_each(?1)) AS lease
         WHERE notices.id = lease.id AND notices.lease_epoch = lease.epoch AND notices.state = 'sending'
         RETURNING notices.id",
    );
    let kept = kept.bind(json(&rows)?).bind(later(now, lease));
    let kept = kept.fetch_all(db).await.map_err(classify)?;
    let kept: HashSet<_> = kept.iter().map(String::as_str).collect();
    Ok(leases.iter().map(|(id, _)| *id).filter(|id| kept.contains(id.to_string().as_str())).collect())
}

pub(super) async fn unblock(
    db: &mut SqliteConnection,
    account: &AccountKey,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let unblocked = sqlx::query(
        "UPDATE notices SET state = 'pending', wake_at = ?2, updated_at = ?2
         WHERE account = ?1 AND state = 'blocked'",
    );
    let unblocked = unblocked.bind(account.as_str()).bind(micros(now)).execute(db).await;
    Ok(unblocked.map_err(classify)?.rows_affected())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sqlx::Row;

    use crate::SqliteStore;

    #[tokio::test]
    async fn claims_look_only_at_live_notices_of_the_channel() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(neurocards_core::ManualClock::new());
        let store = SqliteStore::open(folder.path().join("store.db"), clock).await.unwrap();
        let due = concat!(
            "EXPLAIN QUERY PLAN ",
            due!("DISTINCT notices.id", " ORDER BY notices.wake_at, notices.id")
        );
        let plan = sqlx::query(due).fetch_all(&store.readers).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let index = "SEARCH notices USING COVERING INDEX notices_due (account>? AND account<?)";
        assert!(plan.iter().any(|line| line == index), "{plan:#?}");
    }
}
