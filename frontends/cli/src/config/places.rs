//! Where things lie.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use neurocards::store::PostgresStore;

use super::database::{Database, Server};
use super::refused;
use crate::failure::{Exit, Failure};

/// The folder that the operating system keeps for data of programs.
pub(super) fn default_data_dir() -> Result<PathBuf, Failure> {
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        refused("the data folder", "cannot be found: there is no home folder", "Say --data-dir DIR.")
            .because(&error)
    })?;
    Ok(strategy.data_dir().join("neurocards"))
}

pub(super) fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| {
        refused("the data folder", "cannot be found", "Give its whole path.").because(&error)
    })
}

/// The SQLite file of `sqlite://PATH`, `sqlite:PATH` or `PATH`, or the server of `postgres://…`. Addresses may hold
/// passwords: they are not repeated.
pub(super) fn database(given: &str) -> Result<Database, Failure> {
    let name = "DATABASE_URL";
    let use_sqlite = "Use sqlite:///folder/neurocards.db or postgres://USER:PASSWORD@HOST:PORT/DATABASE, \
                      or leave it out for a file in the data folder.";
    let path = match given.split_once("://") {
        Some(("sqlite", path)) => path,
        Some(("postgres" | "postgresql", _)) => {
            let address = PostgresStore::address_of(given)
                .map_err(|_| refused(name, "cannot be read as the address of a server", use_sqlite))?;
            return Ok(Database::Server(Server { url: given.to_owned(), address }));
        }
        Some(_) => return Err(refused(name, "is no address of SQLite or PostgreSQL", use_sqlite)),
        None => given.strip_prefix("sqlite:").unwrap_or(given),
    };
    if path.is_empty() || path.contains('?') || path.contains(":memory:") {
        return Err(refused(name, "names no file", use_sqlite));
    }
    absolute(Path::new(path)).map(Database::File)
}

/// `IP:PORT`.
pub(super) fn http_addr(given: &str) -> Result<SocketAddr, Failure> {
    given.parse().map_err(|_| {
        let hint = "Write an address of this machine and a port, such as 127.0.0.1:9464.";
        refused("NEUROCARDS_HTTP_ADDR", "is no IP:PORT", hint)
    })
}

/// Most characters of a provider's name.
const PROVIDER_MOST: usize = 16;

/// Who renders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    /// KIE, for money.
    Kie,
    /// This machine.
    Preview,
}

/// Who was asked for; `None`: KIE when there is a key, this machine otherwise.
pub(super) fn provider(given: Option<&str>) -> Result<Option<Provider>, Failure> {
    match given {
        None => Ok(None),
        Some("preview") => Ok(Some(Provider::Preview)),
        Some("kie") => Ok(Some(Provider::Kie)),
        Some(other) => {
            // A key may have been set by mistake: only what looks like a name is repeated.
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let is_name = other.len() <= PROVIDER_MOST && other.chars().all(plain);
            let name = if is_name { format!(" {other:?}") } else { String::new() };
            let why = format!("names an unknown provider{name}; known are kie, preview");
            Err(refused("NEUROCARDS_PROVIDER", &why, "Leave it out, or set it to kie or preview."))
        }
    }
}

/// KIE was asked for, and there is no key.
pub(super) fn no_kie_key() -> Failure {
    let what = "NEUROCARDS_PROVIDER asks for kie, and KIE_API_KEY is not set";
    Failure::new(Exit::Auth, "no_key", what)
        .hint("Set KIE_API_KEY, or leave NEUROCARDS_PROVIDER out to render on this machine.")
}
