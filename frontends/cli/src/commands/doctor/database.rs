//! The database: version, journal, invariants.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use neurocards::store::PostgresStore;
use neurocards::{Clock, StoreError, SystemClock, Timestamp};

use super::Finding;
use crate::app::App;
use crate::config::{Config, Database};
use crate::failure::Failure;

/// More seconds than this between our clock and the server's deserve a word.
const CLOCK_SECONDS: i64 = 5;

/// Looks at the database without making or migrating one.
pub(super) async fn check(config: Config) -> Vec<Finding> {
    let (mut name, mut findings) = (config.database.to_string(), Vec::new());
    if let Database::Server(server) = &config.database {
        match PostgresStore::server_of(&server.url).await {
            Ok(facts) => {
                name = format!("PostgreSQL {} at {name}", facts.version);
                findings.push(clock(facts.now));
            }
            Err(error) => return vec![Finding::failed("database", &Failure::from(error))],
        }
    }
    let schema = match config.database.schema().await {
        Ok(schema) => schema,
        Err(error) => return vec![Finding::failed("database", &Failure::from(error))],
    };
    let Some(found) = schema.found else {
        let found = match &config.database {
            Database::File(_) => format!("{name} is not there yet; the first order makes it"),
            Database::Server(_) => format!("{name} has no schema yet; the first order makes it"),
        };
        findings.insert(0, Finding::ok("database", found));
        return findings;
    };
    if schema.is_newer() {
        let newer = StoreError::Newer { found, known: schema.known };
        findings.insert(0, Finding::failed("database", &Failure::from(newer)));
        return findings;
    }
    if !schema.is_current() {
        let found = format!("{name} has version {found}; this is version {}", schema.known);
        findings.insert(0, Finding::warn("database", found, "neurocards migrate"));
        return findings;
    }
    findings.insert(0, Finding::ok("database", format!("{name}, version {found}")));
    if let Database::File(path) = &config.database {
        findings.push(journal(path));
    }
    findings.push(audit(config).await);
    findings
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
