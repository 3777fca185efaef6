//! Dialogues, buttons, and the turn that moves both.

use neurocards_core::{
    ActionNew, BotId, ChatRef, Dialogue, PersonId, Press, Pressed, StoreError, Timestamp, Turn, TurnOutcome,
};
use sqlx::PgConnection;
use sqlx::types::{Json, Uuid};

use super::people;
use crate::postgres::error::{classify, classify_write};
use crate::postgres::rows::{Cells, json, micros};

pub(super) async fn dialogue(db: &mut PgConnection, chat: ChatRef) -> Result<Option<Dialogue>, StoreError> {
    let row = sqlx::query(
        "SELECT bot, chat, person, format, state, version, updated_at FROM dialogues WHERE bot = $1 AND chat = $2",
    );
    let Some(row) = row.bind(chat.bot.0).bind(chat.chat).fetch_optional(db).await.map_err(classify)? else {
        return Ok(None);
    };
    let mut cells = Cells::of("dialogues", &row);
    Ok(Some(Dialogue {
        chat: ChatRef { bot: BotId(cells.next()?), chat: cells.next()? },
        person: PersonId(cells.next()?),
        format: cells.number()?,
        state: cells.next::<Json<_>>()?.0,
        version: cells.next()?,
        updated_at: cells.next()?,
    }))
}

/// The caller gives the transaction up unless it was applied.
pub(super) async fn apply(
    db: &mut PgConnection,
    turn: &Turn,
    time: Option<Timestamp>,
) -> Result<TurnOutcome, StoreError> {
    if !end_update(db, turn).await? {
        return Ok(TurnOutcome::Lost);
    }
    if !write_dialogue(db, turn, time).await? {
        return Ok(TurnOutcome::Moved);
    }
    if let Some(id) = turn.used {
        let used = sqlx::query("UPDATE actions SET used = true WHERE id = $1 AND NOT used");
        let used = used.bind(Uuid::from_bytes(*id.as_bytes())).execute(&mut *db).await;
        if used.map_err(classify_write)?.rows_affected() == 0 {
            return Ok(TurnOutcome::Used);
        }
    }
    if let Some(seen) = &turn.seen {
        people::see(db, turn.person, seen, time).await?;
    }
    put_actions(db, &turn.actions, time).await?;
    Ok(TurnOutcome::Applied)
}

/// Keeps the reply with the update, or ends it.
async fn end_update(db: &mut PgConnection, turn: &Turn) -> Result<bool, StoreError> {
    let ended = sqlx::query(
        "UPDATE updates SET reply = $4::text::json, wake_at = CASE WHEN $4 IS NOT NULL THEN wake_at END,
             body = CASE WHEN $4 IS NULL THEN 'null' ELSE body END
         WHERE bot = $1 AND id = $2 AND lease_epoch = $3 AND wake_at IS NOT NULL AND reply IS NULL",
    );
    let (id, epoch) = turn.update;
    let ended =
        ended.bind(turn.chat.bot.0).bind(id).bind(epoch).bind(turn.reply.as_ref().map(json).transpose()?);
    Ok(ended.execute(db).await.map_err(classify_write)?.rows_affected() == 1)
}

/// `false`: it has another version.
async fn write_dialogue(
    db: &mut PgConnection,
    turn: &Turn,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let Some(write) = &turn.dialogue else { return Ok(true) };
    let sql = if write.expected == 0 {
        "INSERT INTO dialogues (bot, chat, person, format, state, version, updated_at)
         VALUES ($1, $2, $3, $4, $5::text::json, $7 + 1, coalesce($6::timestamptz, now())) ON CONFLICT DO NOTHING"
    } else {
        "UPDATE dialogues SET person = $3, format = $4, state = $5::text::json, version = version + 1,
             updated_at = coalesce($6::timestamptz, now())
         WHERE bot = $1 AND chat = $2 AND version = $7"
    };
    let written = sqlx::query(sql).bind(turn.chat.bot.0).bind(turn.chat.chat).bind(turn.person.0);
    let format = i32::try_from(write.format).unwrap_or(i32::MAX);
    let written = written.bind(format).bind(json(&write.state)?).bind(time).bind(write.expected);
    Ok(written.execute(db).await.map_err(classify_write)?.rows_affected() == 1)
}

pub(super) async fn put_actions(
    db: &mut PgConnection,
    actions: &[ActionNew],
    time: Option<Timestamp>,
) -> Result<(), StoreError> {
    if actions.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&ActionNew) -> i64| actions.iter().map(of).collect::<Vec<_>>();
    let bodies = actions.iter().map(|action| json(&action.body)).collect::<Result<Vec<_>, _>>()?;
    let put = sqlx::query(
        "INSERT INTO actions (id, bot, chat, person, body, once, expires_at)
         SELECT id, bot, chat, person, body::json, once,
             coalesce($8::timestamptz, now()) + ttl * interval '1 microsecond'
         FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::boolean[], $7::bigint[])
             AS new (id, bot, chat, person, body, once, ttl)
         ON CONFLICT DO NOTHING",
    );
    put.bind(actions.iter().map(|action| Uuid::from_bytes(*action.id.as_bytes())).collect::<Vec<_>>())
        .bind(column(|action| action.chat.bot.0))
        .bind(column(|action| action.chat.chat))
        .bind(column(|action| action.person.0))
        .bind(bodies)
        .bind(actions.iter().map(|action| action.once).collect::<Vec<_>>())
        .bind(column(|action| micros(action.ttl)))
        .bind(time)
        .execute(db)
        .await
        .map_err(classify_write)?;
    Ok(())
}

pub(super) async fn find_action(
    db: &mut PgConnection,
    press: &Press,
    time: Option<Timestamp>,
) -> Result<Pressed, StoreError> {
    let row = sqlx::query(
        "SELECT used, expires_at <= coalesce($5::timestamptz, now()), body, once FROM actions
         WHERE id = $1 AND bot = $2 AND chat = $3 AND person = $4",
    );
    let row = row.bind(Uuid::from_bytes(*press.id.as_bytes())).bind(press.chat.bot.0).bind(press.chat.chat);
    let row = row.bind(press.person.0).bind(time).fetch_optional(db).await.map_err(classify)?;
    let Some(row) = row else { return Ok(Pressed::Unknown) };
    let mut cells = Cells::of("actions", &row);
    let (used, expired) = (cells.next::<bool>()?, cells.next::<bool>()?);
    if used {
        return Ok(Pressed::Used);
    }
    if expired {
        return Ok(Pressed::Expired);
    }
    Ok(Pressed::Good { body: cells.next::<Json<_>>()?.0, once: cells.next()? })
}
