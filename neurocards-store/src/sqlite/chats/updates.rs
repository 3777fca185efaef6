//! What a channel handed over.

use neurocards_core::{BotId, StoreError, Timestamp, UpdateClaim, UpdateNew, UpdateRecord, UpdateSettle};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::sqlite::error::classify;
use crate::sqlite::rows::{Cells, columns, json, later, micros};

pub(super) async fn put(
    db: &mut SqliteConnection,
    bot: BotId,
    updates: &[UpdateNew],
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut new = 0;
    for update in updates {
        let put = sqlx::query(
            "INSERT INTO updates (bot, id, lane, body, tries, lease_epoch, wake_at, came_at)
             VALUES (?1, ?2, ?3, ?4, 0, 0, ?5, ?5) ON CONFLICT DO NOTHING",
        );
        let put = put.bind(bot.0).bind(update.id).bind(update.lane).bind(json(&update.body)?);
        new += put.bind(micros(now)).execute(&mut *db).await.map_err(classify)?.rows_affected();
    }
    Ok(new)
}

/// The first open update of each lane that nobody has, the oldest first.
pub(super) async fn due(
    db: &mut SqliteConnection,
    claim: &UpdateClaim,
    now: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let due = sqlx::query_scalar(
        "SELECT id FROM updates WHERE bot = ?1 AND wake_at <= ?2 AND NOT EXISTS (
             SELECT 1 FROM updates AS earlier WHERE earlier.bot = updates.bot AND earlier.lane = updates.lane
                 AND earlier.id < updates.id AND earlier.wake_at IS NOT NULL)
         ORDER BY id LIMIT ?3",
    );
    let due = due.bind(claim.bot.0).bind(micros(now)).bind(i64::from(claim.limit));
    due.fetch_all(db).await.map_err(classify)
}

pub(super) async fn claim(
    db: &mut SqliteConnection,
    claim: &UpdateClaim,
    now: Timestamp,
) -> Result<Vec<UpdateRecord>, StoreError> {
    let due = due(db, claim, now).await?;
    let taken = sqlx::query(concat!(
        "UPDATE updates SET tries = tries + 1, lease_epoch = lease_epoch + 1, wake_at = ?3
         WHERE bot = ?1 AND id IN (SELECT value FROM json_each(?2)) RETURNING ",
        columns!(updates)
    ));
    let taken = taken.bind(claim.bot.0).bind(json(&due)?).bind(later(now, claim.lease));
    let taken = taken.fetch_all(db).await.map_err(classify)?;
    let mut taken = taken.iter().map(record).collect::<Result<Vec<_>, _>>()?;
    // RETURNING promises no order.
    taken.sort_by_key(|update| update.id);
    Ok(taken)
}

pub(super) async fn settle(
    db: &mut SqliteConnection,
    settle: &UpdateSettle,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let settled = sqlx::query(
        "UPDATE updates SET wake_at = ?4, body = CASE WHEN ?4 IS NULL THEN 'null' ELSE body END
         WHERE bot = ?1 AND id = ?2 AND lease_epoch = ?3 AND wake_at IS NOT NULL",
    );
    let again = settle.again.map(|wait| later(now, wait));
    let settled = settled.bind(settle.bot.0).bind(settle.id).bind(settle.epoch).bind(again);
    Ok(settled.execute(db).await.map_err(classify)?.rows_affected() == 1)
}

fn record(row: &SqliteRow) -> Result<UpdateRecord, StoreError> {
    let cells = Cells { table: "updates", row };
    Ok(UpdateRecord {
        id: cells.get("id")?,
        lane: cells.get("lane")?,
        body: cells.json("body")?,
        tries: cells.number("tries")?,
        epoch: cells.get("lease_epoch")?,
        reply: cells.json_opt("reply")?,
    })
}
