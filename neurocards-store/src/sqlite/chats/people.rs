//! People, and what belongs to them.

use neurocards_core::{
    Allowance, AllowanceTake, BotId, Feedback, Mark, OrderId, Person, PersonId, PersonWrite, StoreError,
    Timestamp,
};
use sqlx::{AssertSqlSafe, SqliteConnection};

use crate::sqlite::error::classify;
use crate::sqlite::rows::{Cells, from_micros, json, later, micros, select};

pub(super) async fn get(db: &mut SqliteConnection, id: PersonId) -> Result<Option<Person>, StoreError> {
    let row = sqlx::query(select!(people, "WHERE id = ?1")).bind(id.0);
    let Some(row) = row.fetch_optional(db).await.map_err(classify)? else { return Ok(None) };
    let cells = Cells { table: "people", row: &row };
    let ban = cells.get::<Option<String>>("ban_actor")?.zip(cells.get("ban_reason")?);
    Ok(Some(Person {
        id,
        username: cells.get("username")?,
        lang: cells.word("lang")?,
        lang_chosen: cells.get("lang_chosen")?,
        source: cells.get("source")?,
        consent_at: cells.time_opt("consent_at")?,
        blocked_at: cells.time_opt("blocked_at")?,
        banned_at: cells.time_opt("banned_at")?,
        banned_by: ban,
        preferences: cells.json("preferences")?,
        first_seen_at: cells.time("first_seen_at")?,
        last_seen_at: cells.time("last_seen_at")?,
    }))
}

pub(super) async fn find(db: &mut SqliteConnection, username: &str) -> Result<Option<Person>, StoreError> {
    let id = sqlx::query_scalar(
        "SELECT id FROM people WHERE username = ?1 COLLATE NOCASE ORDER BY last_seen_at DESC, id DESC LIMIT 1",
    );
    let id = id.bind(username).fetch_optional(&mut *db).await.map_err(classify)?;
    match id {
        Some(id) => get(db, PersonId(id)).await,
        None => Ok(None),
    }
}

pub(super) async fn see(
    db: &mut SqliteConnection,
    id: PersonId,
    seen: &PersonWrite,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO people (id, username, lang, lang_chosen, source, consent_at, preferences, first_seen_at,
             last_seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)
         ON CONFLICT (id) DO UPDATE SET username = excluded.username, lang = excluded.lang,
             lang_chosen = excluded.lang_chosen, consent_at = coalesce(consent_at, excluded.consent_at),
             blocked_at = NULL, preferences = excluded.preferences, last_seen_at = excluded.last_seen_at",
    )
    .bind(id.0)
    .bind(&seen.username)
    .bind(seen.lang.as_str())
    .bind(seen.lang_chosen)
    .bind(&seen.source)
    .bind(seen.consents.then(|| micros(now)))
    .bind(json(&seen.preferences)?)
    .bind(micros(now))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

pub(super) async fn mark(
    db: &mut SqliteConnection,
    id: PersonId,
    mark: &Mark,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (set, actor, reason) = match mark {
        Mark::Blocked => ("blocked_at = coalesce(blocked_at, ?2)", None, None),
        Mark::Unblocked => ("blocked_at = NULL", None, None),
        Mark::Banned { actor, reason } => {
            ("banned_at = ?2, ban_actor = ?3, ban_reason = ?4", Some(actor), Some(reason))
        }
        Mark::Unbanned => ("banned_at = NULL, ban_actor = NULL, ban_reason = NULL", None, None),
    };
    let marked = sqlx::query(AssertSqlSafe(format!("UPDATE people SET {set} WHERE id = ?1")));
    let marked = marked.bind(id.0).bind(micros(now)).bind(actor).bind(reason);
    Ok(marked.execute(db).await.map_err(classify)?.rows_affected() == 1)
}

pub(super) async fn forget(db: &mut SqliteConnection, id: PersonId) -> Result<(), StoreError> {
    for statement in [
        "UPDATE people SET username = NULL, source = NULL, consent_at = NULL, lang_chosen = 0,
             preferences = 'null' WHERE id = ?1",
        "DELETE FROM cards WHERE (bot, chat) IN (SELECT bot, chat FROM dialogues WHERE person = ?1)",
        "DELETE FROM dialogues WHERE person = ?1",
        "DELETE FROM actions WHERE person = ?1",
        "DELETE FROM feedback WHERE person = ?1",
    ] {
        sqlx::query(statement).bind(id.0).execute(&mut *db).await.map_err(classify)?;
    }
    Ok(())
}

pub(super) async fn put_file(
    db: &mut SqliteConnection,
    bot: BotId,
    sha256: &str,
    file_id: Option<&str>,
) -> Result<(), StoreError> {
    let put = match file_id {
        Some(_) => sqlx::query(
            "INSERT INTO files (bot, sha256, file_id) VALUES (?1, ?2, ?3)
             ON CONFLICT (bot, sha256) DO UPDATE SET file_id = excluded.file_id",
        ),
        None => sqlx::query("DELETE FROM files WHERE bot = ?1 AND sha256 = ?2"),
    };
    let put = put.bind(bot.0).bind(sha256);
    let put = if file_id.is_some() { put.bind(file_id) } else { put };
    put.execute(db).await.map_err(classify)?;
    Ok(())
}

pub(super) async fn put_feedback(db: &mut SqliteConnection, feedback: &Feedback) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO feedback (order_id, person, good) VALUES (?1, ?2, ?3)
         ON CONFLICT (order_id, person) DO UPDATE SET good = excluded.good",
    )
    .bind(feedback.order.to_string())
    .bind(feedback.person.0)
    .bind(feedback.good)
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

pub(super) async fn feedback(db: &mut SqliteConnection, order: OrderId) -> Result<Vec<Feedback>, StoreError> {
    let rows = sqlx::query("SELECT person, good FROM feedback WHERE order_id = ?1 ORDER BY person");
    let rows = rows.bind(order.to_string()).fetch_all(db).await.map_err(classify)?;
    let read = rows.iter().map(|row| {
        let cells = Cells { table: "feedback", row };
        Ok(Feedback { person: PersonId(cells.get("person")?), order, good: cells.get("good")? })
    });
    read.collect()
}

pub(super) async fn take_allowance(
    db: &mut SqliteConnection,
    take: &AllowanceTake,
    now: Timestamp,
) -> Result<Allowance, StoreError> {
    let within = i64::try_from(take.within.as_micros()).unwrap_or(i64::MAX);
    let held = sqlx::query_scalar::<_, i64>(
        "SELECT at FROM allowances WHERE person = ?1 AND what = ?2 AND at > ?3 ORDER BY at",
    );
    let held = held.bind(take.person.0).bind(&take.what).bind(micros(now).saturating_sub(within));
    let held = held.fetch_all(&mut *db).await.map_err(classify)?;
    let most = take.most as usize;
    let same = sqlx::query("SELECT 1 FROM allowances WHERE person = ?1 AND what = ?2 AND key = ?3");
    let same = same.bind(take.person.0).bind(&take.what).bind(&take.key);
    let mut count = held.len();
    if same.fetch_optional(&mut *db).await.map_err(classify)?.is_none() {
        if count >= most {
            let frees = held.get(count - most).and_then(|at| from_micros(*at)).unwrap_or(now);
            let until = from_micros(later(frees, take.within)).unwrap_or(now);
            return Ok(Allowance::Spent { until });
        }
        let put = sqlx::query("INSERT INTO allowances (person, what, key, at) VALUES (?1, ?2, ?3, ?4)");
        let put = put.bind(take.person.0).bind(&take.what).bind(&take.key).bind(micros(now));
        put.execute(db).await.map_err(classify)?;
        count += 1;
    }
    Ok(Allowance::Granted { left: take.most.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX)) })
}
