//! Which database: a file, or a server.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use neurocards::store::{PostgresStore, SchemaState, ServerAddress, SqliteStore};
use neurocards::{ChatStore, Clock, MemoryChats, MemoryStore, Payments, Store, StoreError};

/// Where orders, jobs and credits are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// An SQLite file.
    File(PathBuf),
    /// A PostgreSQL server.
    Server(Server),
}

/// A PostgreSQL server. Its url may hold a password, and is never shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) address: ServerAddress,
}

/// An open database, by what it is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) chats: Arc<dyn ChatStore>,
    pub(crate) payments: Arc<dyn Payments>,
}

impl Stores {
    fn of<S: Store + ChatStore + Payments>(store: Arc<S>) -> Self {
        Self { store: store.clone(), chats: store.clone(), payments: store }
    }

    /// Nothing that lasts.
    pub(crate) fn in_memory(clock: &Arc<dyn Clock>) -> Self {
        let (store, chats) = (Arc::new(MemoryStore::new(clock.clone())), MemoryChats::new(clock.clone()));
        Self { store: store.clone(), chats: Arc::new(chats), payments: store }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(server) => server.address.fmt(f),
        }
    }
}

impl Database {
    /// Opens it, and brings its schema to this version.
    pub(crate) async fn open(&self, clock: Arc<dyn Clock>) -> Result<Stores, StoreError> {
        Ok(match self {
            Self::File(path) => Stores::of(Arc::new(SqliteStore::open(path, clock).await?)),
            Self::Server(server) => Stores::of(Arc::new(PostgresStore::open(&server.url).await?)),
        })
    }

    /// Its schema, without making or changing anything.
    pub(crate) async fn schema(&self) -> Result<SchemaState, StoreError> {
        match self {
            Self::File(path) => SqliteStore::schema_of(path).await,
            Self::Server(server) => PostgresStore::schema_of(&server.url).await,
        }
    }
}
