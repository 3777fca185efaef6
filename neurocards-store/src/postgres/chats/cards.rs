//! Cards.

use neurocards_core::{
    AccountKey, BotId, Card, CardClaim, CardNext, CardPut, CardSettle, CardState, ChatRef, OrderId,
    StoreError, Timestamp,
};
use sqlx::postgres::PgRow;
use sqlx::types::{Json, Uuid};
use sqlx::{AssertSqlSafe, PgConnection};

use crate::postgres::error::{classify, classify_write};
use crate::postgres::rows::{Cells, json, micros};

const CARD: &str = "cards.account, cards.key, cards.bot, cards.chat, cards.message_id, cards.order_id, cards.shown, \
     cards.state, cards.lease_epoch, cards.created_at";

pub(super) async fn put(
    db: &mut PgConnection,
    card: &CardPut,
    time: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO cards (account, key, bot, chat, message_id, order_id, state, lease_epoch, wake_at, created_at,
             updated_at)
         SELECT $1, $2, $3, $4, $5, $6, CASE WHEN $6::uuid IS NULL THEN 'waiting' ELSE 'live' END, 0, now, now, now
         FROM (SELECT coalesce($7::timestamptz, now()) AS now) AS clock
         ON CONFLICT (account, key) DO UPDATE SET
             shown = CASE WHEN (cards.bot, cards.chat, cards.message_id)
                 = (excluded.bot, excluded.chat, excluded.message_id) THEN cards.shown END,
             bot = excluded.bot, chat = excluded.chat, message_id = excluded.message_id,
             order_id = coalesce(excluded.order_id, cards.order_id),
             state = CASE WHEN cards.state = 'waiting' THEN excluded.state ELSE cards.state END,
             wake_at = CASE WHEN excluded.order_id IS NULL THEN cards.wake_at
                 ELSE least(cards.wake_at, excluded.wake_at) END,
             updated_at = excluded.updated_at",
    )
    .bind(card.account.as_str())
    .bind(&card.key)
    .bind(card.chat.bot.0)
    .bind(card.chat.chat)
    .bind(card.message_id)
    .bind(card.order.map(OrderId::as_uuid))
    .bind(time)
    .execute(db)
    .await
    .map_err(classify_write)?;
    Ok(())
}

pub(super) async fn get(
    db: &mut PgConnection,
    account: &AccountKey,
    key: &str,
) -> Result<Option<Card>, StoreError> {
    let sql = format!("SELECT {CARD} FROM cards WHERE account = $1 AND key = $2");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(account.as_str()).bind(key);
    row.fetch_optional(db).await.map_err(classify)?.as_ref().map(card).transpose()
}

pub(super) async fn wake(
    db: &mut PgConnection,
    order: OrderId,
    time: Option<Timestamp>,
) -> Result<(), StoreError> {
    let wake = sqlx::query(
        "UPDATE cards SET wake_at = least(wake_at, coalesce($2::timestamptz, now())), lease_epoch = lease_epoch + 1
         WHERE order_id = $1",
    );
    wake.bind(order.as_uuid()).bind(time).execute(db).await.map_err(classify_write)?;
    Ok(())
}

pub(super) async fn claim(
    db: &mut PgConnection,
    claim: &CardClaim,
    time: Option<Timestamp>,
) -> Result<Vec<Card>, StoreError> {
    let sql = format!(
        "WITH clock AS (SELECT coalesce($2::timestamptz, now()) AS now),
         due AS (
             SELECT account, key FROM cards
             WHERE bot = $1 AND wake_at <= (SELECT now FROM clock) AND state IN ('live', 'closing')
             ORDER BY wake_at LIMIT $3 FOR UPDATE SKIP LOCKED
         )
         UPDATE cards SET lease_epoch = lease_epoch + 1, wake_at = clock.now + $4 * interval '1 microsecond'
         FROM due CROSS JOIN clock WHERE cards.account = due.account AND cards.key = due.key
         RETURNING {CARD}"
    );
    let taken = sqlx::query(AssertSqlSafe(sql)).bind(claim.bot.0).bind(time);
    let taken = taken.bind(i64::from(claim.limit)).bind(micros(claim.lease));
    let taken = taken.fetch_all(db).await.map_err(classify_write)?;
    taken.iter().map(card).collect()
}

pub(super) async fn settle(
    db: &mut PgConnection,
    settle: &CardSettle,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let (state, wait) = match settle.next {
        CardNext::After(wait) => (None, Some(micros(wait))),
        CardNext::Closing => (Some(CardState::Closing), None),
        CardNext::Closed => (Some(CardState::Closed), None),
    };
    let settled = sqlx::query(
        "UPDATE cards SET shown = coalesce($4::text::json, shown), state = coalesce($5, state),
             wake_at = coalesce(coalesce($7::timestamptz, now()) + $6 * interval '1 microsecond', wake_at),
             updated_at = coalesce($7::timestamptz, now())
         WHERE account = $1 AND key = $2 AND lease_epoch = $3",
    );
    let settled = settled.bind(settle.account.as_str()).bind(&settle.key).bind(settle.epoch);
    let settled =
        settled.bind(settle.shown.as_ref().map(json).transpose()?).bind(state.map(CardState::as_str));
    let settled = settled.bind(wait).bind(time).execute(db).await.map_err(classify_write)?;
    Ok(settled.rows_affected() == 1)
}

fn card(row: &PgRow) -> Result<Card, StoreError> {
    let mut cells = Cells::of("cards", row);
    Ok(Card {
        account: cells.word()?,
        key: cells.next()?,
        chat: ChatRef { bot: BotId(cells.next()?), chat: cells.next()? },
        message_id: cells.next()?,
        order: cells.next::<Option<Uuid>>()?.map(OrderId::from_uuid),
        shown: cells.next::<Option<Json<_>>>()?.map(|shown| shown.0),
        state: cells.word()?,
        epoch: cells.next()?,
        created_at: cells.next()?,
    })
}
