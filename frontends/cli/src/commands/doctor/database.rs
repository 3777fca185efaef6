//! The database: version, journal, invariants.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use neurocards::store::PostgresStore;
use neurocards::{Clock, StoreError, SystemClock, Timestamp};

use super::Finding;
use crate::app::App;
use crate::config::{Config, Database, MediaPlace};
use crate::failure::Failure;

/// More seconds than this between our clock and the server's deserve a word.
const CLOCK_SECONDS: i64 = 5;

/// Looks at the database without making or migrating one; and, where it can be used, what stands on it.
pub(super) async fn check(config: Config) -> (Vec<Finding>, Option<App>) {
    let (mut name, mut findings) = (config.database.to_string(), Vec::new());
    if let Database::Server(server) = &config.database {
        match PostgresStore::server_of(&server.url).await {
            Ok(facts) => {
                name = format!("PostgreSQL {} at {name}", facts.version);
                findings.push(clock(facts.now));
            }
            Err(error) => return (vec![Finding::failed("database", &Failure::from(error))], None),
        }
    }
    let schema = match config.database.schema().await {
        Ok(schema) => schema,
        Err(error) => return (vec![Finding::failed("database", &Failure::from(error))], None),
    };
    let Some(found) = schema.found else {
        let found = match &config.database {
            Database::File(_) => format!("{name} is not there yet; the first order makes it"),
            Database::Server(_) => format!("{name} has no schema yet; the first order makes it"),
        };
        findings.insert(0, Finding::ok("database", found));
        if config.media.has_videos().await {
            findings.push(lost(&config.media));
        }
        return (findings, None);
    };
    if schema.is_newer() {
        let newer = StoreError::Newer { found, known: schema.known };
        findings.insert(0, Finding::failed("database", &Failure::from(newer)));
        return (findings, None);
    }
    if !schema.is_current() {
        let found = format!("{name} has version {found}; this is version {}", schema.known);
        findings.insert(0, Finding::warn("database", found, "neurocards migrate"));
        return (findings, None);
    }
    findings.insert(0, Finding::ok("database", format!("{name}, version {found}")));
    if let Database::File(path) = &config.database {
        findings.push(journal(path));
    }
    match App::open(config).await {
        Ok(app) => {
            findings.extend([invariants(&app).await, videos(&app).await]);
            (findings, Some(app))
        }
        Err(failure) => {
            findings.push(Finding::failed("audit", &failure));
            (findings, None)
        }
    }
}

/// Timers and leases follow the server's clock; ids and what people read follow ours.
fn clock(server: Timestamp) -> Finding {
    let apart = (SystemClock::new().now() - server).num_milliseconds();
    let found = format!("{}.{:03} s apart from ours", apart.abs() / 1_000, apart.abs() % 1_000);
    if apart.abs() > CLOCK_SECONDS * 1_000 {
        return Finding::warn("server clock", found, "Let both machines follow a time server.");
    }
    Finding::ok("server clock", found)
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

/// What a media folder with videos means beside a database that knows none of them.
pub(super) fn lost(place: &MediaPlace) -> Finding {
    let found = format!("{place} has videos, and the database knows no order: it was lost or emptied");
    Finding::fail("videos", found, "Bring the database back from a copy, or use another media folder.")
}

/// Looks for the files, and does not read them: `audit --hashes` does.
async fn videos(app: &App) -> Finding {
    if app.lost_database().await {
        return lost(&app.config.media);
    }
    match app.engine.audit_media(false).await {
        Ok(audit) if audit.violations.is_empty() => {
            let (made, removed) = (audit.videos, audit.removed);
            let found = match removed {
                0 => format!("{made} made, all there with their sizes"),
                _ => format!(
                    "{made} made, {removed} removed because they were old, the others there with their sizes"
                ),
            };
            Finding::ok("videos", found)
        }
        Ok(audit) => {
            let found = format!("{} of {} are missing or damaged", audit.violations.len(), audit.videos);
            let mend = "`neurocards audit` lists them; bring the media folder back from a copy.";
            Finding::fail("videos", found, mend)
        }
        Err(error) => Finding::failed("videos", &Failure::from(error)),
    }
}

async fn invariants(app: &App) -> Finding {
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
