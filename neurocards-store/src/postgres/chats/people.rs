//! People, and what belongs to them.

use std::time::Duration;

use neurocards_core::{
    Allowance, AllowanceTake, BotId, Feedback, Mark, OrderId, Person, PersonId, PersonWrite, StoreError,
    Timestamp,
};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::postgres::error::{classify, classify_write};
use crate::postgres::rows::{Cells, json, micros};

pub(super) async fn get(db: &mut PgConnection, id: PersonId) -> Result<Option<Person>, StoreError> {
    let row = sqlx::query(
        "SELECT username, lang, lang_chosen, source, consent_at, blocked_at, banned_at, ban_actor, ban_reason,
             preferences, first_seen_at, last_seen_at FROM people WHERE id = $1",
    );
    let Some(row) = row.bind(id.0).fetch_optional(db).await.map_err(classify)? else { return Ok(None) };
    let mut cells = Cells::of("people", &row);
    Ok(Some(Person {
        id,
        username: cells.next()?,
        lang: cells.word()?,
        lang_chosen: cells.next()?,
        source: cells.next()?,
        consent_at: cells.next()?,
        blocked_at: cells.next()?,
        banned_at: cells.next()?,
        banned_by: cells.next::<Option<String>>()?.zip(cells.next()?),
        preferences: cells.next::<Json<_>>()?.0,
        first_seen_at: cells.next()?,
        last_seen_at: cells.next()?,
    }))
}

pub(super) async fn find(db: &mut PgConnection, username: &str) -> Result<Option<Person>, StoreError> {
    let id = sqlx::query_scalar(
        "SELECT id FROM people WHERE lower(username) = lower($1) ORDER BY last_seen_at DESC, id DESC LIMIT 1",
    );
    let id = id.bind(username).fetch_optional(&mut *db).await.map_err(classify)?;
    match id {
        Some(id) => get(db, PersonId(id)).await,
        None => Ok(None),
    }
}

pub(super) async fn see(
    db: &mut PgConnection,
    id: PersonId,
    seen: &PersonWrite,
    time: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO people (id, username, lang, lang_chosen, source, consent_at, preferences, first_seen_at,
             last_seen_at)
         SELECT $1, $2, $3, $4, $5, CASE WHEN $6 THEN now END, $7::text::json, now, now
         FROM (SELECT coalesce($8::timestamptz, now()) AS now) AS clock
         ON CONFLICT (id) DO UPDATE SET username = excluded.username, lang = excluded.lang,
             lang_chosen = excluded.lang_chosen, consent_at = coalesce(people.consent_at, excluded.consent_at),
             blocked_at = NULL, preferences = excluded.preferences, last_seen_at = excluded.last_seen_at",
    )
    .bind(id.0)
    .bind(&seen.username)
    .bind(seen.lang.as_str())
    .bind(seen.lang_chosen)
    .bind(&seen.source)
    .bind(seen.consents)
    .bind(json(&seen.preferences)?)
    .bind(time)
    .execute(db)
    .await
    .map_err(classify_write)?;
    Ok(())
}

pub(super) async fn mark(
    db: &mut PgConnection,
    id: PersonId,
    mark: &Mark,
    time: Option<Timestamp>,
) -> Result<bool, StoreError> {
    // Every mark names all parameters, so that the server knows their types.
    const NOW: &str = "coalesce($2::timestamptz, now())";
    let (set, actor, reason) = match mark {
        Mark::Blocked => (format!("blocked_at = coalesce(blocked_at, {NOW})"), None, None),
        Mark::Unblocked => ("blocked_at = NULL".to_owned(), None, None),
        Mark::Banned { actor, reason } => {
            (format!("banned_at = {NOW}, ban_actor = $3, ban_reason = $4"), Some(actor), Some(reason))
        }
        Mark::Unbanned => ("banned_at = NULL, ban_actor = NULL, ban_reason = NULL".to_owned(), None, None),
    };
    let sql = format!(
        "UPDATE people SET {set} WHERE id = $1
             AND ($2::timestamptz IS NULL OR true) AND ($3::text IS NULL OR true) AND ($4::text IS NULL OR true)"
    );
    let marked = sqlx::query(AssertSqlSafe(sql)).bind(id.0).bind(time).bind(actor).bind(reason);
    Ok(marked.execute(db).await.map_err(classify_write)?.rows_affected() == 1)
}

pub(super) async fn forget(db: &mut PgConnection, id: PersonId) -> Result<(), StoreError> {
    for statement in [
        "UPDATE people SET username = NULL, source = NULL, consent_at = NULL, lang_chosen = false,
             preferences = 'null' WHERE id = $1",
        "DELETE FROM cards USING dialogues WHERE dialogues.person = $1
             AND (cards.bot, cards.chat) = (dialogues.bot, dialogues.chat)",
        "DELETE FROM dialogues WHERE person = $1",
        "DELETE FROM actions WHERE person = $1",
        "DELETE FROM feedback WHERE person = $1",
    ] {
        sqlx::query(statement).bind(id.0).execute(&mut *db).await.map_err(classify_write)?;
    }
    Ok(())
}

pub(super) async fn put_file(
    db: &mut PgConnection,
    bot: BotId,
    sha256: &str,
    file_id: Option<&str>,
) -> Result<(), StoreError> {
    let put = match file_id {
        Some(file_id) => sqlx::query(
            "INSERT INTO files (bot, sha256, file_id) VALUES ($1, $2, $3)
             ON CONFLICT (bot, sha256) DO UPDATE SET file_id = excluded.file_id",
        )
        .bind(bot.0)
        .bind(sha256)
        .bind(file_id),
        None => sqlx::query("DELETE FROM files WHERE bot = $1 AND sha256 = $2").bind(bot.0).bind(sha256),
    };
    put.execute(db).await.map_err(classify_write)?;
    Ok(())
}

pub(super) async fn put_feedback(db: &mut PgConnection, feedback: &Feedback) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO feedback (order_id, person, good) VALUES ($1, $2, $3)
         ON CONFLICT (order_id, person) DO UPDATE SET good = excluded.good",
    )
    .bind(feedback.order.as_uuid())
    .bind(feedback.person.0)
    .bind(feedback.good)
    .execute(db)
    .await
    .map_err(classify_write)?;
    Ok(())
}

pub(super) async fn feedback(db: &mut PgConnection, order: OrderId) -> Result<Vec<Feedback>, StoreError> {
    let rows = sqlx::query("SELECT person, good FROM feedback WHERE order_id = $1 ORDER BY person");
    let rows = rows.bind(order.as_uuid()).fetch_all(db).await.map_err(classify)?;
    let read = rows.iter().map(|row| {
        let mut cells = Cells::of("feedback", row);
        Ok(Feedback { person: PersonId(cells.next()?), order, good: cells.next()? })
    });
    read.collect()
}

/// In a transaction; takes of one person come one after the other.
pub(super) async fn take_allowance(
    db: &mut PgConnection,
    take: &AllowanceTake,
    now: Timestamp,
) -> Result<Allowance, StoreError> {
    let lock = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, $2))");
    lock.bind(&take.what).bind(take.person.0).execute(&mut *db).await.map_err(classify_write)?;
    let held = sqlx::query_scalar::<_, Timestamp>(
        "SELECT at FROM allowances WHERE person = $1 AND what = $2 AND at > $3::timestamptz - $4 * interval '1 microsecond'
         ORDER BY at",
    );
    let held = held.bind(take.person.0).bind(&take.what).bind(now).bind(micros(take.within));
    let held = held.fetch_all(&mut *db).await.map_err(classify)?;
    let same = sqlx::query("SELECT 1 FROM allowances WHERE person = $1 AND what = $2 AND key = $3");
    let same = same.bind(take.person.0).bind(&take.what).bind(&take.key);
    let (most, mut count) = (take.most as usize, held.len());
    if same.fetch_optional(&mut *db).await.map_err(classify)?.is_none() {
        if count >= most {
            let frees = held.get(count - most).copied().unwrap_or(now);
            let within = Duration::from_micros(micros(take.within).unsigned_abs());
            return Ok(Allowance::Spent { until: frees + within });
        }
        let put = sqlx::query("INSERT INTO allowances (person, what, key, at) VALUES ($1, $2, $3, $4)");
        let put = put.bind(take.person.0).bind(&take.what).bind(&take.key).bind(now);
        put.execute(db).await.map_err(classify_write)?;
        count += 1;
    }
    Ok(Allowance::Granted { left: take.most.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX)) })
}
