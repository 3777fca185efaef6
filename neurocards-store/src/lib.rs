//! Stores for neurocards: SQLite.
//!
//! [`SqliteStore`] keeps everything in one file that several processes of one machine may share: a worker, the command
//! line, an operator's shell. It keeps the contract of [`neurocards_core::Store`], and its schema holds the
//! invariants of the ledger and of the lifecycle a second time, by constraints and triggers.
//!
//! ```
//! use std::sync::Arc;
//!
//! use neurocards_core::{AccountOpen, Credits, Store, SystemClock};
//! use neurocards_store::SqliteStore;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let store = SqliteStore::open(folder.path().join("neurocards.db"), Arc::new(SystemClock::new())).await?;
//! let account = "shop:acme".parse()?;
//! let open = AccountOpen { account, credit_limit: Credits(5), bonus: None };
//! assert_eq!(store.account_open(&open).await?.available, Credits::ZERO);
//! # Ok(())
//! # }
//! ```

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod audit;
mod batch;
#[cfg(feature = "postgres")]
mod postgres;
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub use postgres::{ConnectError, PostgresStore, ServerAddress, ServerFacts};
pub use schema::SchemaState;
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteStore};
