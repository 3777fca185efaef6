//! Whether the house is closed.

use neurocards_core::{Maintenance, StoreError, Timestamp};
use sqlx::PgConnection;

use crate::postgres::error::{classify, classify_write};
use crate::postgres::rows::Cells;

pub(super) async fn get(db: &mut PgConnection) -> Result<Option<Maintenance>, StoreError> {
    let row = sqlx::query("SELECT actor, paused, since FROM maintenance").fetch_optional(db).await;
    let Some(row) = row.map_err(classify)? else { return Ok(None) };
    let mut cells = Cells::of("maintenance", &row);
    Ok(Some(Maintenance { actor: cells.next()?, paused: cells.next()?, since: cells.next()? }))
}

pub(super) async fn set(
    db: &mut PgConnection,
    closed: Option<(&str, bool)>,
    time: Option<Timestamp>,
) -> Result<(), StoreError> {
    let set = match closed {
        None => sqlx::query("DELETE FROM maintenance"),
        Some((actor, paused)) => sqlx::query(
            "INSERT INTO maintenance (one, actor, paused, since)
             VALUES (1, $1, $2, coalesce($3::timestamptz, now())) ON CONFLICT DO NOTHING",
        )
        .bind(actor)
        .bind(paused)
        .bind(time),
    };
    set.execute(db).await.map_err(classify_write)?;
    Ok(())
}
