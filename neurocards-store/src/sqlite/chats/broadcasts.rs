//! Broadcasts. Each function is called in one transaction.

use std::time::Duration;

use neurocards_core::{
    BotId, Broadcast, BroadcastNew, BroadcastOutcome, BroadcastState, Lang, PersonId, StoreError, Timestamp,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::sqlite::error::classify;
use crate::sqlite::rows::{Cells, columns, later, micros, select};

fn read(row: &SqliteRow) -> Result<Broadcast, StoreError> {
    let cells = Cells { table: "broadcasts", row };
    let state = BroadcastState::from_word(cells.get("state")?);
    Ok(Broadcast {
        id: cells.get("id")?,
        author: PersonId(cells.get("author")?),
        text: cells.get("text")?,
        lang: cells.word_opt("lang")?,
        state: state.ok_or_else(|| StoreError::Corrupt {
            table: "broadcasts",
            message: "state: an unknown word".to_owned(),
        })?,
        total: cells.number("total")?,
        sent: cells.number("sent")?,
        blocked: cells.number("blocked")?,
        failed: cells.number("failed")?,
        unknown: cells.number("unknown")?,
        created_at: cells.time("created_at")?,
        epoch: cells.get("lease_epoch")?,
    })
}

/// People who hear from us.
const HEARS: &str = "blocked_at IS NULL AND banned_at IS NULL";

pub(super) async fn audience(db: &mut SqliteConnection, lang: Option<Lang>) -> Result<u64, StoreError> {
    let sql = format!("SELECT count(*) FROM people WHERE {HEARS} AND (?1 IS NULL OR lang = ?1)");
    let count = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(lang.map(Lang::as_str));
    Ok(count.fetch_one(db).await.map_err(classify)?.unsigned_abs())
}

pub(super) async fn put(
    db: &mut SqliteConnection,
    new: &BroadcastNew,
    now: Timestamp,
) -> Result<Broadcast, StoreError> {
    let total = i64::try_from(audience(&mut *db, new.lang).await?).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO broadcasts (id, bot, author, text, lang, state, cursor, total, wake_at, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'sending', ?6, ?7, ?8, ?8, ?8) ON CONFLICT DO NOTHING",
    )
    .bind(&new.id)
    .bind(new.bot.0)
    .bind(new.author.0)
    .bind(&new.text)
    .bind(new.lang.map(Lang::as_str))
    .bind(i64::MIN)
    .bind(total)
    .bind(micros(now))
    .execute(&mut *db)
    .await
    .map_err(classify)?;
    let row = sqlx::query(select!(broadcasts, "WHERE id = ?1")).bind(&new.id);
    read(&row.fetch_one(db).await.map_err(classify)?)
}

pub(super) async fn last(db: &mut SqliteConnection, bot: BotId) -> Result<Option<Broadcast>, StoreError> {
    let row = sqlx::query(select!(broadcasts, "WHERE bot = ?1 ORDER BY created_at DESC, id DESC LIMIT 1"));
    row.bind(bot.0).fetch_optional(db).await.map_err(classify)?.as_ref().map(read).transpose()
}

pub(super) async fn cancel(db: &mut SqliteConnection, id: &str, now: Timestamp) -> Result<bool, StoreError> {
    let ended = sqlx::query(
        "UPDATE broadcasts SET state = 'cancelled', wake_at = NULL, updated_at = ?2
         WHERE id = ?1 AND state = 'sending'",
    );
    Ok(ended.bind(id).bind(micros(now)).execute(db).await.map_err(classify)?.rows_affected() == 1)
}

/// Without the lock that others write under.
pub(super) async fn any_due(
    db: &mut SqliteConnection,
    bot: BotId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let due = sqlx::query("SELECT 1 FROM broadcasts WHERE bot = ?1 AND wake_at <= ?2 LIMIT 1");
    Ok(due.bind(bot.0).bind(micros(now)).fetch_optional(db).await.map_err(classify)?.is_some())
}

pub(super) async fn claim(
    db: &mut SqliteConnection,
    bot: BotId,
    lease: Duration,
    now: Timestamp,
) -> Result<Option<Broadcast>, StoreError> {
    let row = sqlx::query(concat!(
        "UPDATE broadcasts SET lease_epoch = lease_epoch + 1, wake_at = ?3, updated_at = ?2,
             unknown = unknown + (SELECT count(*) FROM broadcast_sends
                 WHERE broadcast = broadcasts.id AND broadcast_sends.state = 'sending')
         WHERE id = (SELECT id FROM broadcasts WHERE bot = ?1 AND wake_at <= ?2 ORDER BY created_at LIMIT 1)
         RETURNING ",
        columns!(broadcasts)
    ));
    let row = row.bind(bot.0).bind(micros(now)).bind(later(now, lease));
    let Some(row) = row.fetch_optional(&mut *db).await.map_err(classify)? else { return Ok(None) };
    let broadcast = read(&row)?;
    let doubtful = sqlx::query("DELETE FROM broadcast_sends WHERE broadcast = ?1 AND state = 'sending'");
    doubtful.bind(&broadcast.id).execute(db).await.map_err(classify)?;
    Ok(Some(broadcast))
}

pub(super) async fn next(
    db: &mut SqliteConnection,
    (id, epoch): (&str, i64),
    limit: u32,
    until: i64,
) -> Result<Option<Vec<PersonId>>, StoreError> {
    let ours = sqlx::query(
        "UPDATE broadcasts SET wake_at = ?3 WHERE id = ?1 AND lease_epoch = ?2 AND state = 'sending'",
    );
    let ours = ours.bind(id).bind(epoch).bind(until).execute(&mut *db).await.map_err(classify)?;
    if ours.rows_affected() == 0 {
        return Ok(None);
    }
    let again = sqlx::query_scalar::<_, i64>(
        "SELECT person FROM broadcast_sends WHERE broadcast = ?1 AND state = 'taken' ORDER BY person LIMIT ?2",
    );
    let again = again.bind(id).bind(limit).fetch_all(&mut *db).await.map_err(classify)?;
    if !again.is_empty() {
        return Ok(Some(again.into_iter().map(PersonId).collect()));
    }
    let sql = format!(
        "INSERT INTO broadcast_sends (broadcast, person, state)
         SELECT b.id, people.id, 'taken' FROM people JOIN broadcasts AS b ON b.id = ?1
         WHERE people.id > b.cursor AND {HEARS} AND (b.lang IS NULL OR people.lang = b.lang)
             AND people.first_seen_at <= b.created_at
         ORDER BY people.id LIMIT ?2
         RETURNING person"
    );
    let next = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(id).bind(limit);
    let mut next = next.fetch_all(&mut *db).await.map_err(classify)?;
    next.sort_unstable();
    if let Some(last) = next.last() {
        let moved = sqlx::query("UPDATE broadcasts SET cursor = ?2 WHERE id = ?1").bind(id).bind(last);
        moved.execute(db).await.map_err(classify)?;
    }
    Ok(Some(next.into_iter().map(PersonId).collect()))
}

pub(super) async fn sending(
    db: &mut SqliteConnection,
    id: &str,
    epoch: i64,
    person: PersonId,
) -> Result<bool, StoreError> {
    let marked = sqlx::query(
        "UPDATE broadcast_sends SET state = 'sending' WHERE broadcast = ?1 AND person = ?3 AND state = 'taken'
             AND EXISTS (SELECT 1 FROM broadcasts WHERE id = ?1 AND lease_epoch = ?2 AND state = 'sending')",
    );
    let marked = marked.bind(id).bind(epoch).bind(person.0);
    Ok(marked.execute(db).await.map_err(classify)?.rows_affected() == 1)
}

pub(super) async fn settle(
    db: &mut SqliteConnection,
    id: &str,
    person: PersonId,
    outcome: BroadcastOutcome,
) -> Result<(), StoreError> {
    let column = match outcome {
        BroadcastOutcome::Later => {
            let back = sqlx::query(
                "UPDATE broadcast_sends SET state = 'taken' WHERE broadcast = ?1 AND person = ?2",
            );
            back.bind(id).bind(person.0).execute(db).await.map_err(classify)?;
            return Ok(());
        }
        BroadcastOutcome::Sent => "sent",
        BroadcastOutcome::Blocked => "blocked",
        BroadcastOutcome::Failed => "failed",
        BroadcastOutcome::Unknown => "unknown",
    };
    let gone = sqlx::query("DELETE FROM broadcast_sends WHERE broadcast = ?1 AND person = ?2");
    let gone = gone.bind(id).bind(person.0).execute(&mut *db).await.map_err(classify)?;
    if gone.rows_affected() == 1 {
        let sql = format!("UPDATE broadcasts SET {column} = {column} + 1 WHERE id = ?1");
        sqlx::query(AssertSqlSafe(sql)).bind(id).execute(db).await.map_err(classify)?;
    }
    Ok(())
}

pub(super) async fn finish(
    db: &mut SqliteConnection,
    id: &str,
    epoch: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = sqlx::query(
        "UPDATE broadcasts SET state = 'done', wake_at = NULL, updated_at = ?3
         WHERE id = ?1 AND lease_epoch = ?2 AND state = 'sending'
             AND NOT EXISTS (SELECT 1 FROM broadcast_sends WHERE broadcast = ?1)",
    );
    let ended = ended.bind(id).bind(epoch).bind(micros(now));
    Ok(ended.execute(db).await.map_err(classify)?.rows_affected() == 1)
}
