//! Resources, their balances, and pacing. Each write reads and decides under the write lock, by the rules of core.

use std::time::Duration;

use neurocards_core::{
    BalancePoint, Openness, Pace, Paced, ResourceId, ResourceRecord, ResourceSet, ResourceSettle, StoreError,
    Timestamp,
};
use sqlx::SqliteConnection;

use super::error::classify;
use super::rows::{self, from_micros, json, json_opt, later, micros, select};

pub(super) async fn list(
    db: &mut SqliteConnection,
    provider: &str,
) -> Result<Vec<ResourceRecord>, StoreError> {
    let rows = sqlx::query(select!(resources, "WHERE provider = ?1 ORDER BY kind, name")).bind(provider);
    rows.fetch_all(db).await.map_err(classify)?.iter().map(rows::resource).collect()
}

pub(super) async fn get(db: &mut SqliteConnection, id: &ResourceId) -> Result<ResourceRecord, StoreError> {
    let row = sqlx::query(select!(resources, "WHERE provider = ?1 AND kind = ?2 AND name = ?3"));
    let row = row.bind(&id.provider).bind(id.kind.as_str()).bind(&id.name);
    let row = row.fetch_optional(db).await.map_err(classify)?;
    row.as_ref().map_or_else(|| Ok(ResourceRecord::new(id.clone())), rows::resource)
}

async fn put(db: &mut SqliteConnection, record: &ResourceRecord) -> Result<(), StoreError> {
    let closing = record.closing.as_ref();
    sqlx::query(
        "INSERT OR REPLACE INTO resources (provider, kind, name, closed_since, closed_until, closed_by, closed_why,
             failures, fault, failed_at, recovered_at, probing_until, balance_milli, balance_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )
    .bind(&record.id.provider)
    .bind(record.id.kind.as_str())
    .bind(&record.id.name)
    .bind(closing.map(|closing| micros(closing.since)))
    .bind(closing.and_then(|closing| closing.until.map(micros)))
    .bind(closing.and_then(|closing| closing.actor.as_deref()))
    .bind(closing.and_then(|closing| closing.reason.as_deref()))
    .bind(record.failures)
    .bind(json_opt(record.fault.as_ref())?)
    .bind(record.failed_at.map(micros))
    .bind(record.recovered_at.map(micros))
    .bind(record.probing_until.map(micros))
    .bind(record.balance.map(|balance| balance.milli))
    .bind(record.balance.map(|balance| micros(balance.at)))
    .execute(db)
    .await
    .map_err(classify)?;
    Ok(())
}

/// The record afterwards, and whether it was written.
pub(super) async fn settle(
    db: &mut SqliteConnection,
    settle: &ResourceSettle,
    now: Timestamp,
) -> Result<(ResourceRecord, bool), StoreError> {
    let before = get(db, &settle.id).await?;
    let Some(after) = before.settled(&settle.outcome, now) else { return Ok((before, false)) };
    put(db, &after).await?;
    Ok((after, true))
}

pub(super) async fn set(
    db: &mut SqliteConnection,
    set: &ResourceSet,
    now: Timestamp,
) -> Result<ResourceRecord, StoreError> {
    let after = set.applied(get(db, &set.id).await?, now);
    put(db, &after).await?;
    Ok(after)
}

pub(super) async fn probe(
    db: &mut SqliteConnection,
    id: &ResourceId,
    lease: Duration,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut record = get(db, id).await?;
    if record.openness(now) != Openness::Probation {
        return Ok(false);
    }
    record.probing_until = from_micros(later(now, lease));
    put(db, &record).await?;
    Ok(true)
}

pub(super) async fn note_balance(
    db: &mut SqliteConnection,
    id: &ResourceId,
    milli: i64,
    now: Timestamp,
) -> Result<ResourceRecord, StoreError> {
    let noted = "INSERT OR REPLACE INTO balances (provider, kind, name, hour, at, milli) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let noted = sqlx::query(noted).bind(&id.provider).bind(id.kind.as_str()).bind(&id.name);
    let noted = noted.bind(now.timestamp().div_euclid(3_600)).bind(micros(now)).bind(milli);
    noted.execute(&mut *db).await.map_err(classify)?;
    let old = "DELETE FROM balances WHERE provider = ?1 AND kind = ?2 AND name = ?3 AND at < ?4";
    let old = sqlx::query(old).bind(&id.provider).bind(id.kind.as_str()).bind(&id.name);
    old.bind(micros(now - BalancePoint::KEPT)).execute(&mut *db).await.map_err(classify)?;
    let balance = Some(BalancePoint { at: now, milli });
    let record = ResourceRecord { balance, ..get(db, id).await? };
    put(db, &record).await?;
    Ok(record)
}

pub(super) async fn balances(
    db: &mut SqliteConnection,
    id: &ResourceId,
) -> Result<Vec<BalancePoint>, StoreError> {
    let points = sqlx::query(
        "SELECT at, milli FROM balances WHERE provider = ?1 AND kind = ?2 AND name = ?3 ORDER BY hour",
    );
    let points = points.bind(&id.provider).bind(id.kind.as_str()).bind(&id.name);
    points.fetch_all(db).await.map_err(classify)?.iter().map(rows::balance).collect()
}

pub(super) async fn pace(
    db: &mut SqliteConnection,
    pace: &Pace,
    now: Timestamp,
) -> Result<Paced, StoreError> {
    let slots = sqlx::query("SELECT slots FROM paces WHERE bucket = ?1").bind(&pace.bucket);
    let slots = slots.fetch_optional(&mut *db).await.map_err(classify)?;
    let mut slots = slots.as_ref().map_or_else(|| Ok(Vec::new()), rows::slots)?;
    let slot = pace.next(&slots, now);
    let wait = (slot - now).to_std().unwrap_or_default();
    if wait > pace.patience {
        return Ok(Paced::TooLong(wait));
    }
    slots.push(slot);
    slots.drain(..slots.len().saturating_sub(pace.limit()));
    let slots: Vec<i64> = slots.into_iter().map(micros).collect();
    let kept = sqlx::query("INSERT OR REPLACE INTO paces (bucket, slots) VALUES (?1, ?2)").bind(&pace.bucket);
    kept.bind(json(&slots)?).execute(db).await.map_err(classify)?;
    Ok(Paced::Slot(wait))
}
