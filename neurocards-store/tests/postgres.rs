//! PostgreSQL passes the suite for stores, on a database of its own for each case.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::sync::Arc;

use neurocards_core::ManualClock;
use neurocards_store::PostgresStore;
use neurocards_testkit::{Fixture, postgres, store_conformance};

async fn fresh() -> Fixture {
    let database = postgres::database(async |url| {
        PostgresStore::open(url).await.unwrap().close().await;
    });
    let database = database.await;
    let clock = Arc::new(ManualClock::new());
    let store = Arc::new(PostgresStore::open_with_clock(&database.url, clock.clone()).await.unwrap());
    Fixture { store, clock, keep: database.keep }
}

store_conformance!(fresh);
