//! Cards.

use neurocards_core::{
    AccountKey, BotId, Card, CardClaim, CardNext, CardPut, CardSettle, CardState, ChatRef, OrderId,
    StoreError, Timestamp,
};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::sqlite::error::classify;
use crate::sqlite::rows::{Cells, columns, json_opt, later, micros, select};

pub(super) async fn put(db: &mut SqliteConnection, card: &CardPut, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO cards (account, key, bot, chat, message_id, order_id, state, lease_epoch, wake_at, created_at,
             updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE WHEN ?6 IS NULL THEN 'waiting' ELSE 'live' END, 0, ?7, ?7, ?7)
         ON CONFLICT (account, key) DO UPDATE SET
             shown = CASE WHEN (bot, chat, message_id) = (excluded.bot, excluded.chat, excluded.message_id)
                 THEN shown END,
             bot = excluded.bot, chat = excluded.chat, message_id = excluded.message_id,
             order_id = coalesce(excluded.order_id, order_id),
             state = CASE WHEN state = 'waiting' THEN excluded.state ELSE state END,
             wake_at = CASE WHEN excluded.order_id IS NULL THEN wake_at ELSE min(wake_at, excluded.wake_at) END,
             updated_at = excluded.updated_at",
    )
    .bind(card.account.as_str())
    .bind(&card.key)
    .bind(card.chat.bot.0)
    .bind(card.chat.chat)
    .bind(card.message_id)
    .bind(card.order.map(|order| order.to_string()))
    .bind(micros(now))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

pub(super) async fn get(
    db: &mut SqliteConnection,
    account: &AccountKey,
    key: &str,
) -> Result<Option<Card>, StoreError> {
    let row = sqlx::query(select!(cards, "WHERE account = ?1 AND key = ?2"));
    let row = row.bind(account.as_str()).bind(key).fetch_optional(db).await.map_err(classify)?;
    row.as_ref().map(card).transpose()
}

pub(super) async fn wake(
    db: &mut SqliteConnection,
    order: OrderId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let wake = sqlx::query(
        "UPDATE cards SET wake_at = min(wake_at, ?2), lease_epoch = lease_epoch + 1 WHERE order_id = ?1",
    );
    wake.bind(order.to_string()).bind(micros(now)).execute(db).await.map_err(classify)?;
    Ok(())
}

/// Whether there is anything to claim, without the lock that others write under.
pub(super) async fn any_due(
    db: &mut SqliteConnection,
    claim: &CardClaim,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let due = sqlx::query(
        "SELECT 1 FROM cards WHERE bot = ?1 AND wake_at <= ?2 AND state IN ('live', 'closing') LIMIT 1",
    );
    let due = due.bind(claim.bot.0).bind(micros(now));
    Ok(due.fetch_optional(db).await.map_err(classify)?.is_some())
}

pub(super) async fn claim(
    db: &mut SqliteConnection,
    claim: &CardClaim,
    now: Timestamp,
) -> Result<Vec<Card>, StoreError> {
    let taken = sqlx::query(concat!(
        "UPDATE cards SET lease_epoch = lease_epoch + 1, wake_at = ?3 WHERE (account, key) IN (
             SELECT account, key FROM cards WHERE bot = ?1 AND wake_at <= ?2 AND state IN ('live', 'closing')
             ORDER BY wake_at LIMIT ?4)
         RETURNING ",
        columns!(cards)
    ));
    let taken = taken.bind(claim.bot.0).bind(micros(now)).bind(later(now, claim.lease));
    let taken = taken.bind(i64::from(claim.limit)).fetch_all(db).await.map_err(classify)?;
    taken.iter().map(card).collect()
}

pub(super) async fn settle(
    db: &mut SqliteConnection,
    settle: &CardSettle,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (state, wake_at) = match settle.next {
        CardNext::After(wait) => (None, Some(later(now, wait))),
        CardNext::Closing => (Some(CardState::Closing), None),
        CardNext::Closed => (Some(CardState::Closed), None),
    };
    let settled = sqlx::query(
        "UPDATE cards SET shown = coalesce(?4, shown), state = coalesce(?5, state),
             wake_at = coalesce(?6, wake_at), updated_at = ?7
         WHERE account = ?1 AND key = ?2 AND lease_epoch = ?3",
    );
    let settled = settled.bind(settle.account.as_str()).bind(&settle.key).bind(settle.epoch);
    let settled = settled.bind(json_opt(settle.shown.as_ref())?).bind(state.map(CardState::as_str));
    let settled = settled.bind(wake_at).bind(micros(now)).execute(db).await.map_err(classify)?;
    Ok(settled.rows_affected() == 1)
}

fn card(row: &SqliteRow) -> Result<Card, StoreError> {
    let cells = Cells { table: "cards", row };
    Ok(Card {
        account: cells.word("account")?,
        key: cells.get("key")?,
        chat: ChatRef { bot: BotId(cells.get("bot")?), chat: cells.get("chat")? },
        message_id: cells.get("message_id")?,
        order: cells.word_opt("order_id")?,
        shown: cells.json_opt("shown")?,
        state: cells.word("state")?,
        epoch: cells.get("lease_epoch")?,
        created_at: cells.time("created_at")?,
    })
}
