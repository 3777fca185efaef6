//! SQLite passes the suite for stores, on a file.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::sync::Arc;

use neurocards_core::ManualClock;
use neurocards_store::SqliteStore;
use neurocards_testkit::{Fixture, store_conformance};

async fn fresh() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let store = SqliteStore::open(folder.path().join("store.db"), clock.clone()).await.unwrap();
    Fixture { store: Arc::new(store), clock, keep: Box::new(folder) }
}

store_conformance!(fresh);
