//! `migrate`: brings the database to this version.

use neurocards::StoreError;
use serde::Serialize;

use crate::app::App;
use crate::args::DocumentArgs;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::output::Printer;

/// What a migration did.
#[derive(Debug, Serialize)]
struct MigrationView {
    database: String,
    from: Option<i64>,
    to: i64,
    applied: bool,
}

pub(super) async fn run(config: Config, args: &DocumentArgs, printer: &Printer) -> Result<Exit, Failure> {
    let before = config.database.schema().await?;
    if let Some(found) = before.found.filter(|_| before.is_newer()) {
        return Err(StoreError::Newer { found, known: before.known }.into());
    }
    let database = config.database.to_string();
    // Opening is what migrates.
    App::open(config).await?;
    let view =
        MigrationView { database, from: before.found, to: before.known, applied: !before.is_current() };
    if args.json {
        printer.document(&view);
        return Ok(Exit::Done);
    }
    let from = view.from.map_or("nothing".to_owned(), |from| from.to_string());
    printer.data(&match view.applied {
        true => format!("{}: migrated from {from} to version {}", view.database, view.to),
        false => format!("{}: is at version {}, nothing to do", view.database, view.to),
    });
    Ok(Exit::Done)
}
