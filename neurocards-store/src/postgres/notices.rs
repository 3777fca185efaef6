//! The outbox.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    AccountKey, Clock, Notice, NoticeClaim, NoticeId, NoticeOutcome, NoticeSettle, NoticeState, StoreError,
    Timestamp,
};
use serde::Serialize;
use sqlx::types::Uuid;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::connections::Connections;
use super::error::{Fault, classify_write};
use super::rows::{Cells, NOTICE, json, micros};
use super::time;
use crate::batch::Write;

/// Takes what is due, the oldest first. Account keys that begin with a channel lie between it and it with DEL behind:
/// keys are printable ASCII.
pub(super) async fn claim(
    db: &mut PgConnection,
    claim: &NoticeClaim,
    time: Option<Timestamp>,
) -> Result<Vec<Notice>, StoreError> {
    // Where a channel forgets what it sent, a notice whose sender is gone is not due but in doubt.
    let sql = format!(
        "WITH clock AS (SELECT coalesce($2::timestamptz, now()) AS now),
         due AS (
             SELECT notices.id, notices.wake_at, notices.state = 'sending' AND NOT $5 AS doubtful
             FROM notices
             WHERE state IN ('pending', 'sending') AND wake_at <= (SELECT now FROM clock) AND EXISTS (
                 SELECT 1 FROM unnest($1::text[]) AS channel
                 WHERE account >= channel COLLATE \"C\" AND account < channel || chr(127) COLLATE \"C\")
             ORDER BY wake_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
         ),
         taken AS (
             UPDATE notices SET
                 state = CASE WHEN doubtful THEN 'unknown' ELSE 'sending' END,
                 sends = CASE WHEN doubtful THEN sends ELSE sends + 1 END,
                 lease_epoch = CASE WHEN doubtful THEN lease_epoch ELSE lease_epoch + 1 END,
                 updated_at = clock.now,
                 wake_at = CASE WHEN doubtful THEN notices.wake_at
                     ELSE clock.now + $4 * interval '1 microsecond' END
             FROM due CROSS JOIN clock WHERE notices.id = due.id
             RETURNING notices.*, due.wake_at AS due_at, due.doubtful
         )
         SELECT {NOTICE} FROM taken AS notices WHERE NOT doubtful ORDER BY due_at, id"
    );
    let taken = sqlx::query(AssertSqlSafe(sql))
        .bind(&claim.channels)
        .bind(time)
        .bind(i64::from(claim.limit))
        .bind(micros(claim.lease))
        .bind(claim.idempotent)
        .fetch_all(db)
        .await
        .map_err(classify_write)?;
    taken.iter().map(|row| Cells::new(row).notice()).collect()
}

pub(super) async fn extend(
    db: &mut PgConnection,
    leases: &[(NoticeId, i64)],
    lease: Duration,
    time: Option<Timestamp>,
) -> Result<Vec<NoticeId>, StoreError> {
    let (ids, epochs): (Vec<_>, Vec<_>) = leases.iter().map(|(id, epoch)| (id.as_uuid(), *epoch)).unzip();
    // IS TRUE: see the settling below.
    let kept = sqlx::query_scalar::<_, Uuid>(
        "UPDATE notices SET wake_at = coalesce($4::timestamptz, now()) + $3 * interval '1 microsecond'
         FROM unnest($1::uuid[], $2::bigint[]) AS lease (id, epoch)
         WHERE notices.id = lease.id AND notices.lease_epoch = lease.epoch AND (notices.state = 'sending') IS TRUE
         RETURNING notices.id",
    );
    let kept = kept.bind(ids).bind(epochs).bind(micros(lease)).bind(time);
    let kept = kept.fetch_all(db).await.map_err(classify_write)?;
    Ok(leases.iter().map(|(id, _)| *id).filter(|id| kept.contains(&id.as_uuid())).collect())
}

pub(super) async fn unblock(
    db: &mut PgConnection,
    account: &AccountKey,
    time: Option<Timestamp>,
) -> Result<u64, StoreError> {
    let unblocked = sqlx::query(
        "UPDATE notices SET state = 'pending', wake_at = clock.now, updated_at = clock.now
         FROM (SELECT coalesce($2::timestamptz, now()) AS now) AS clock
         WHERE account = $1 AND state = 'blocked'",
    );
    let unblocked = unblocked.bind(account.as_str()).bind(time).execute(db).await;
    Ok(unblocked.map_err(classify_write)?.rows_affected())
}

/// Writes what came of deliveries. `false`: somebody else has the notice now.
pub(super) struct Settle {
    pub(super) db: Connections,
    pub(super) clock: Option<Arc<dyn Clock>>,
}

#[derive(Serialize)]
struct SettleRow<'a> {
    id: Uuid,
    epoch: i64,
    state: &'static str,
    receipt: Option<&'a str>,
    wait: Option<i64>,
}

impl Write for Settle {
    type Item = NoticeSettle;
    type Answer = bool;
    type Key = NoticeId;

    fn key(item: &NoticeSettle) -> NoticeId {
        item.id
    }

    async fn write(&self, items: &[NoticeSettle]) -> Vec<Result<bool, StoreError>> {
        match self.settle(items).await {
            Ok(settled) => items.iter().map(|item| Ok(settled.contains(&item.id))).collect(),
            Err(fault) => items.iter().map(|_| Err(fault.told())).collect(),
        }
    }
}

impl Settle {
    async fn settle(&self, settles: &[NoticeSettle]) -> Result<HashSet<NoticeId>, Fault> {
        let mut rows: Vec<_> = settles.iter().map(row).collect();
        rows.sort_unstable_by_key(|row| row.id);
        let rows = json(&rows).map_err(|error| Fault::of(sqlx::Error::Encode(Box::new(error))))?;
        // IS TRUE keeps the planner from walking through the index of all live notices instead of looking up keys.
        let settle = sqlx::query(
            "UPDATE notices SET state = settle.state, receipt = coalesce(settle.receipt, notices.receipt),
                 updated_at = coalesce($2::timestamptz, now()),
                 wake_at = coalesce(
                     coalesce($2::timestamptz, now()) + settle.wait * interval '1 microsecond', notices.wake_at)
             FROM json_to_recordset($1::text::json) AS settle (id uuid, epoch bigint, state text, receipt text, wait bigint)
             WHERE notices.id = settle.id AND notices.lease_epoch = settle.epoch
                 AND (notices.state = 'sending') IS TRUE
             RETURNING notices.id",
        );
        let mut db = self.db.warm().await.map_err(Fault::of)?;
        let settled = settle.bind(rows).bind(time(&self.clock)).fetch_all(&mut *db).await;
        let settled = settled.map_err(Fault::of_write)?;
        self.db.keep(db);
        settled
            .iter()
            .map(|row| row.try_get(0).map(NoticeId::from_uuid))
            .collect::<Result<_, _>>()
            .map_err(Fault::of)
    }
}

fn row(settle: &NoticeSettle) -> SettleRow<'_> {
    let (state, receipt, wait) = match &settle.outcome {
        NoticeOutcome::Sent { receipt } => (NoticeState::Sent, receipt.as_deref(), None),
        NoticeOutcome::Later(wait) => (NoticeState::Pending, None, Some(micros(*wait))),
        NoticeOutcome::Unknown => (NoticeState::Unknown, None, None),
        NoticeOutcome::Blocked => (NoticeState::Blocked, None, None),
        NoticeOutcome::Dead => (NoticeState::Dead, None, None),
    };
    SettleRow { id: settle.id.as_uuid(), epoch: settle.epoch, state: state.as_str(), receipt, wait }
}
