//! The database: version, journal, invariants.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use neurocards::StoreError;
use neurocards::store::SqliteStore;

use super::Finding;
use crate::app::App;
use crate::config::Config;
use crate::failure::Failure;

/// Looks at the database without making or migrating one.
pub(super) async fn check(config: Config) -> Vec<Finding> {
    let name = config.database.display().to_string();
    let schema = match SqliteStore::schema_of(&config.database).await {
        Ok(schema) => schema,
        Err(error) => return vec![Finding::failed("database", &Failure::from(error))],
    };
    let Some(found) = schema.found else {
        return vec![Finding::ok("database", format!("{name} is not there yet; the first order makes it"))];
    };
    if schema.is_newer() {
        let newer = StoreError::Newer { found, known: schema.known };
        return vec![Finding::failed("database", &Failure::from(newer))];
    }
    if !schema.is_current() {
        let found = format!("{name} has version {found}; this is version {}", schema.known);
        return vec![Finding::warn("database", found, "neurocards migrate")];
    }
    let mut findings =
        vec![Finding::ok("database", format!("{name}, version {found}")), journal(&config.database)];
    findings.push(audit(config).await);
    findings
}

/// Bytes 18 and 19 of the file say how it is written: 2 is the write-ahead log (sqlite.org/fileformat.html).
/// `synchronous` is no property of the file; the store sets it to FULL whenever it opens one.
fn journal(path: &Path) -> Finding {
    let mut header = [0; 20];
    match File::open(path).and_then(|mut file| file.read_exact(&mut header)) {
        Ok(()) if header[18..] == [2, 2] => Finding::ok("journal", "write-ahead log, synchronous"),
        Ok(()) => {
            Finding::warn("journal", "no write-ahead log", "Run any command that writes: it turns it on.")
        }
        Err(error) => Finding::fail("journal", error.to_string(), "Check the rights of the database file."),
    }
}

async fn audit(config: Config) -> Finding {
    let app = match App::open(config).await {
        Ok(app) => app,
        Err(failure) => return Finding::failed("audit", &failure),
    };
    match app.store().audit().await {
        Ok(violations) if violations.is_empty() => Finding::ok("audit", "every invariant holds"),
        Ok(violations) => {
            let found = format!("{} broken invariants", violations.len());
            Finding::fail(
                "audit",
                found,
                "`neurocards audit` lists them; keep a copy of the data folder and report it.",
            )
        }
        Err(error) => Finding::failed("audit", &Failure::from(error)),
    }
}
