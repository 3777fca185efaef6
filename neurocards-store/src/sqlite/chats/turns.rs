//! Dialogues, buttons, and the turn that moves both.

use neurocards_core::{
    ActionNew, BotId, ChatRef, Dialogue, PersonId, Press, Pressed, StoreError, Timestamp, Turn, TurnOutcome,
};
use sqlx::{Row, SqliteConnection};

use super::people;
use crate::sqlite::error::classify;
use crate::sqlite::rows::{Cells, json, json_opt, later, micros, select};

pub(super) async fn dialogue(
    db: &mut SqliteConnection,
    chat: ChatRef,
) -> Result<Option<Dialogue>, StoreError> {
    let row = sqlx::query(select!(dialogues, "WHERE bot = ?1 AND chat = ?2"));
    let Some(row) = row.bind(chat.bot.0).bind(chat.chat).fetch_optional(db).await.map_err(classify)? else {
        return Ok(None);
    };
    let cells = Cells { table: "dialogues", row: &row };
    Ok(Some(Dialogue {
        chat: ChatRef { bot: BotId(cells.get("bot")?), chat: cells.get("chat")? },
        person: PersonId(cells.get("person")?),
        format: cells.number("format")?,
        state: cells.json("state")?,
        version: cells.get("version")?,
        updated_at: cells.time("updated_at")?,
    }))
}

/// The caller gives the transaction up unless it was applied.
pub(super) async fn apply(
    db: &mut SqliteConnection,
    turn: &Turn,
    now: Timestamp,
) -> Result<TurnOutcome, StoreError> {
    if !end_update(db, turn).await? {
        return Ok(TurnOutcome::Lost);
    }
    if !write_dialogue(db, turn, now).await? {
        return Ok(TurnOutcome::Moved);
    }
    if let Some(id) = turn.used {
        let used = sqlx::query("UPDATE actions SET used = 1 WHERE id = ?1 AND used = 0");
        let used = used.bind(id.as_bytes().as_slice()).execute(&mut *db).await.map_err(classify)?;
        if used.rows_affected() == 0 {
            return Ok(TurnOutcome::Used);
        }
    }
    if let Some(seen) = &turn.seen {
        people::see(db, turn.person, seen, now).await?;
    }
    put_actions(db, &turn.actions, now).await?;
    Ok(TurnOutcome::Applied)
}

/// Keeps the reply with the update, or ends it.
async fn end_update(db: &mut SqliteConnection, turn: &Turn) -> Result<bool, StoreError> {
    let ended = sqlx::query(
        "UPDATE updates SET reply = ?4, wake_at = CASE WHEN ?4 IS NULL THEN NULL ELSE wake_at END,
             body = CASE WHEN ?4 IS NULL THEN 'null' ELSE body END
         WHERE bot = ?1 AND id = ?2 AND lease_epoch = ?3 AND wake_at IS NOT NULL AND reply IS NULL",
    );
    let (id, epoch) = turn.update;
    let ended = ended.bind(turn.chat.bot.0).bind(id).bind(epoch).bind(json_opt(turn.reply.as_ref())?);
    Ok(ended.execute(db).await.map_err(classify)?.rows_affected() == 1)
}

/// `false`: it has another version.
async fn write_dialogue(db: &mut SqliteConnection, turn: &Turn, now: Timestamp) -> Result<bool, StoreError> {
    let Some(write) = &turn.dialogue else { return Ok(true) };
    let written = sqlx::query(
        "INSERT INTO dialogues (bot, chat, person, format, state, version, updated_at)
         SELECT ?1, ?2, ?3, ?4, ?5, 1, ?6 WHERE ?7 = 0
             OR EXISTS (SELECT 1 FROM dialogues WHERE bot = ?1 AND chat = ?2)
         ON CONFLICT (bot, chat) DO UPDATE SET person = excluded.person, format = excluded.format,
             state = excluded.state, version = version + 1, updated_at = excluded.updated_at
         WHERE version = ?7",
    );
    let written = written.bind(turn.chat.bot.0).bind(turn.chat.chat).bind(turn.person.0);
    let written = written.bind(i64::from(write.format)).bind(json(&write.state)?);
    let written = written.bind(micros(now)).bind(write.expected).execute(db).await.map_err(classify)?;
    Ok(written.rows_affected() == 1)
}

pub(super) async fn put_actions(
    db: &mut SqliteConnection,
    actions: &[ActionNew],
    now: Timestamp,
) -> Result<(), StoreError> {
    for action in actions {
        let put = sqlx::query(
            "INSERT INTO actions (id, bot, chat, person, body, once, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        );
        let put = put.bind(action.id.as_bytes().as_slice()).bind(action.chat.bot.0).bind(action.chat.chat);
        let put = put.bind(action.person.0).bind(json(&action.body)?).bind(action.once);
        put.bind(later(now, action.ttl)).execute(&mut *db).await.map_err(classify)?;
    }
    Ok(())
}

pub(super) async fn find_action(
    db: &mut SqliteConnection,
    press: &Press,
    now: Timestamp,
) -> Result<Pressed, StoreError> {
    let row = sqlx::query(select!(actions, "WHERE id = ?1 AND bot = ?2 AND chat = ?3 AND person = ?4"));
    let row = row.bind(press.id.as_bytes().as_slice()).bind(press.chat.bot.0).bind(press.chat.chat);
    let Some(row) = row.bind(press.person.0).fetch_optional(db).await.map_err(classify)? else {
        return Ok(Pressed::Unknown);
    };
    let cells = Cells { table: "actions", row: &row };
    if row.get::<bool, _>("used") {
        return Ok(Pressed::Used);
    }
    if cells.time("expires_at")? <= now {
        return Ok(Pressed::Expired);
    }
    Ok(Pressed::Good { body: cells.json("body")?, once: cells.get("once")? })
}
