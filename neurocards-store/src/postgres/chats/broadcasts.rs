//! Broadcasts. Each function is called in one transaction.

use std::time::Duration;

use neurocards_core::{
    BotId, Broadcast, BroadcastNew, BroadcastOutcome, BroadcastState, Lang, PersonId, StoreError, Timestamp,
};
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::postgres::error::{classify, classify_write};
use crate::postgres::rows::{Cells, micros};

const BROADCAST: &str = "broadcasts.id, broadcasts.author, broadcasts.text, broadcasts.lang, broadcasts.state, \
     broadcasts.total, broadcasts.sent, broadcasts.blocked, broadcasts.failed, broadcasts.unknown, \
     broadcasts.created_at, broadcasts.lease_epoch";

fn read(row: &PgRow) -> Result<Broadcast, StoreError> {
    let mut cells = Cells::of("broadcasts", row);
    let corrupt = || StoreError::Corrupt { table: "broadcasts", message: "an unknown word".to_owned() };
    let (id, author, text) = (cells.next()?, PersonId(cells.next()?), cells.next()?);
    let lang = cells.next::<Option<&str>>()?.map(|word| word.parse().map_err(|_| corrupt())).transpose()?;
    let state = BroadcastState::from_word(cells.next()?).ok_or_else(corrupt)?;
    let mut count = || Ok::<_, StoreError>(cells.next::<i64>()?.unsigned_abs());
    let [total, sent, blocked, failed, unknown] = [count()?, count()?, count()?, count()?, count()?];
    let (created_at, epoch) = (cells.next()?, cells.next()?);
    Ok(Broadcast { id, author, text, lang, state, total, sent, blocked, failed, unknown, created_at, epoch })
}

/// People who hear from us.
const HEARS: &str = "blocked_at IS NULL AND banned_at IS NULL";

pub(super) async fn audience(db: &mut PgConnection, lang: Option<Lang>) -> Result<u64, StoreError> {
    let sql = format!("SELECT count(*) FROM people WHERE {HEARS} AND ($1::text IS NULL OR lang = $1)");
    let count = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(lang.map(Lang::as_str));
    Ok(count.fetch_one(db).await.map_err(classify)?.unsigned_abs())
}

pub(super) async fn put(
    db: &mut PgConnection,
    new: &BroadcastNew,
    time: Option<Timestamp>,
) -> Result<Broadcast, StoreError> {
    let total = i64::try_from(audience(&mut *db, new.lang).await?).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO broadcasts (id, bot, author, text, lang, state, cursor, total, wake_at, created_at, updated_at)
         SELECT $1, $2, $3, $4, $5, 'sending', $6, $7, now, now, now
         FROM (SELECT coalesce($8::timestamptz, now()) AS now) AS clock ON CONFLICT DO NOTHING",
    )
    .bind(&new.id)
    .bind(new.bot.0)
    .bind(new.author.0)
    .bind(&new.text)
    .bind(new.lang.map(Lang::as_str))
    .bind(i64::MIN)
    .bind(total)
    .bind(time)
    .execute(&mut *db)
    .await
    .map_err(classify_write)?;
    let sql = format!("SELECT {BROADCAST} FROM broadcasts WHERE id = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(&new.id);
    read(&row.fetch_one(db).await.map_err(classify)?)
}

pub(super) async fn last(db: &mut PgConnection, bot: BotId) -> Result<Option<Broadcast>, StoreError> {
    let sql = format!(
        "SELECT {BROADCAST} FROM broadcasts WHERE bot = $1 ORDER BY created_at DESC, id DESC LIMIT 1"
    );
    let row = sqlx::query(AssertSqlSafe(sql));
    row.bind(bot.0).fetch_optional(db).await.map_err(classify)?.as_ref().map(read).transpose()
}

pub(super) async fn cancel(
    db: &mut PgConnection,
    id: &str,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let ended = sqlx::query(
        "UPDATE broadcasts SET state = 'cancelled', wake_at = NULL, updated_at = coalesce($2::timestamptz, now())
         WHERE id = $1 AND state = 'sending'",
    );
    Ok(ended.bind(id).bind(time).execute(db).await.map_err(classify)?.rows_affected() == 1)
}

pub(super) async fn claim(
    db: &mut PgConnection,
    bot: BotId,
    lease: Duration,
    time: Option<Timestamp>,
) -> Result<Option<Broadcast>, StoreError> {
    let sql = format!(
        "WITH clock AS (SELECT coalesce($2::timestamptz, now()) AS now),
         due AS (
             SELECT id FROM broadcasts WHERE bot = $1 AND wake_at <= (SELECT now FROM clock)
             ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED
         )
         UPDATE broadcasts SET lease_epoch = lease_epoch + 1, updated_at = clock.now,
             wake_at = clock.now + $3 * interval '1 microsecond',
             unknown = unknown + (SELECT count(*) FROM broadcast_sends
                 WHERE broadcast = broadcasts.id AND broadcast_sends.state = 'sending')
         FROM due CROSS JOIN clock WHERE broadcasts.id = due.id
         RETURNING {BROADCAST}"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(bot.0).bind(time).bind(micros(lease));
    let Some(row) = row.fetch_optional(&mut *db).await.map_err(classify)? else { return Ok(None) };
    let broadcast = read(&row)?;
    let doubtful = sqlx::query("DELETE FROM broadcast_sends WHERE broadcast = $1 AND state = 'sending'");
    doubtful.bind(&broadcast.id).execute(db).await.map_err(classify)?;
    Ok(Some(broadcast))
}

pub(super) async fn next(
    db: &mut PgConnection,
    (id, epoch): (&str, i64),
    limit: u32,
    lease: Duration,
    time: Option<Timestamp>,
) -> Result<Option<Vec<PersonId>>, StoreError> {
    let ours = sqlx::query(
        "UPDATE broadcasts SET wake_at = coalesce($4::timestamptz, now()) + $3 * interval '1 microsecond'
         WHERE id = $1 AND lease_epoch = $2 AND state = 'sending'",
    );
    let ours =
        ours.bind(id).bind(epoch).bind(micros(lease)).bind(time).execute(&mut *db).await.map_err(classify)?;
    if ours.rows_affected() == 0 {
        return Ok(None);
    }
    let again = sqlx::query_scalar::<_, i64>(
        "SELECT person FROM broadcast_sends WHERE broadcast = $1 AND state = 'taken' ORDER BY person LIMIT $2",
    );
    let again = again.bind(id).bind(i64::from(limit)).fetch_all(&mut *db).await.map_err(classify)?;
    if !again.is_empty() {
        return Ok(Some(again.into_iter().map(PersonId).collect()));
    }
    let sql = format!(
        "INSERT INTO broadcast_sends (broadcast, person, state)
         SELECT b.id, people.id, 'taken' FROM people JOIN broadcasts AS b ON b.id = $1
         WHERE people.id > b.cursor AND {HEARS} AND (b.lang IS NULL OR people.lang = b.lang)
             AND people.first_seen_at <= b.created_at
         ORDER BY people.id LIMIT $2
         RETURNING person"
    );
    let next = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).bind(id).bind(i64::from(limit));
    let mut next = next.fetch_all(&mut *db).await.map_err(classify)?;
    next.sort_unstable();
    if let Some(last) = next.last() {
        let moved = sqlx::query("UPDATE broadcasts SET cursor = $2 WHERE id = $1").bind(id).bind(last);
        moved.execute(db).await.map_err(classify)?;
    }
    Ok(Some(next.into_iter().map(PersonId).collect()))
}

pub(super) async fn sending(
    db: &mut PgConnection,
    id: &str,
    epoch: i64,
    person: PersonId,
) -> Result<bool, StoreError> {
    let marked = sqlx::query(
        "UPDATE broadcast_sends SET state = 'sending' WHERE broadcast = $1 AND person = $3 AND state = 'taken'
             AND EXISTS (SELECT 1 FROM broadcasts WHERE id = $1 AND lease_epoch = $2 AND state = 'sending')",
    );
    let marked = marked.bind(id).bind(epoch).bind(person.0);
    Ok(marked.execute(db).await.map_err(classify)?.rows_affected() == 1)
}

pub(super) async fn settle(
    db: &mut PgConnection,
    id: &str,
    person: PersonId,
    outcome: BroadcastOutcome,
) -> Result<(), StoreError> {
    let column = match outcome {
        BroadcastOutcome::Later => {
            let back = sqlx::query(
                "UPDATE broadcast_sends SET state = 'taken' WHERE broadcast = $1 AND person = $2",
            );
            back.bind(id).bind(person.0).execute(db).await.map_err(classify)?;
            return Ok(());
        }
        BroadcastOutcome::Sent => "sent",
        BroadcastOutcome::Blocked => "blocked",
        BroadcastOutcome::Failed => "failed",
        BroadcastOutcome::Unknown => "unknown",
    };
    let gone = sqlx::query("DELETE FROM broadcast_sends WHERE broadcast = $1 AND person = $2");
    let gone = gone.bind(id).bind(person.0).execute(&mut *db).await.map_err(classify)?;
    if gone.rows_affected() == 1 {
        let sql = format!("UPDATE broadcasts SET {column} = {column} + 1 WHERE id = $1");
        sqlx::query(AssertSqlSafe(sql)).bind(id).execute(db).await.map_err(classify)?;
    }
    Ok(())
}

pub(super) async fn finish(
    db: &mut PgConnection,
    id: &str,
    epoch: i64,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    let ended = sqlx::query(
        "UPDATE broadcasts SET state = 'done', wake_at = NULL, updated_at = coalesce($3::timestamptz, now())
         WHERE id = $1 AND lease_epoch = $2 AND state = 'sending'
             AND NOT EXISTS (SELECT 1 FROM broadcast_sends WHERE broadcast = $1)",
    );
    let ended = ended.bind(id).bind(epoch).bind(time);
    Ok(ended.execute(db).await.map_err(classify)?.rows_affected() == 1)
}
