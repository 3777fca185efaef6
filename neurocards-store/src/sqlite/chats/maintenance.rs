//! Whether the house is closed.

use neurocards_core::{Maintenance, StoreError, Timestamp};
use sqlx::SqliteConnection;

use crate::sqlite::error::classify;
use crate::sqlite::rows::{Cells, micros};

pub(super) async fn get(db: &mut SqliteConnection) -> Result<Option<Maintenance>, StoreError> {
    let row = sqlx::query("SELECT actor, paused, since FROM maintenance").fetch_optional(db).await;
    let Some(row) = row.map_err(classify)? else { return Ok(None) };
    let cells = Cells { table: "maintenance", row: &row };
    Ok(Some(Maintenance {
        actor: cells.get("actor")?,
        paused: cells.get("paused")?,
        since: cells.time("since")?,
    }))
}

pub(super) async fn set(
    db: &mut SqliteConnection,
    closed: Option<(&str, bool)>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let set = match closed {
        None => sqlx::query("DELETE FROM maintenance"),
        Some((actor, paused)) => sqlx::query(
            "INSERT INTO maintenance (one, actor, paused, since) VALUES (1, ?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )
        .bind(actor)
        .bind(paused)
        .bind(micros(now)),
    };
    set.execute(db).await.map_err(classify)?;
    Ok(())
}
