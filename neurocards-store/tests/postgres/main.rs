//! PostgreSQL as a store, on a database of its own for each test.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

mod audit;
mod claims;
mod clock;
mod constraints;
mod deadlocks;
mod open;

use std::sync::Arc;

use neurocards_core::ManualClock;
use neurocards_store::PostgresStore;
use neurocards_testkit::conformance::Milestone;
use neurocards_testkit::postgres::{self, Database};
use neurocards_testkit::{Fixture, World};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection};

/// A database with an empty store.
async fn database() -> Database {
    postgres::database(async |url| {
        PostgresStore::open(url).await.unwrap().close().await;
    })
    .await
}

async fn fresh() -> Fixture {
    let database = database().await;
    let clock = Arc::new(ManualClock::new());
    let store = Arc::new(PostgresStore::open_with_clock(&database.url, clock.clone()).await.unwrap());
    Fixture { store, clock, keep: database.keep }
}

/// A database with jobs at these points, each of the same account, and its store.
async fn furnished(goals: &[Milestone]) -> (Database, Arc<PostgresStore>) {
    let database = database().await;
    let clock = Arc::new(ManualClock::new());
    let store = Arc::new(PostgresStore::open_with_clock(&database.url, clock.clone()).await.unwrap());
    let fixture = Fixture { store: store.clone(), clock, keep: Box::new(()) };
    neurocards_testkit::conformance::run(fixture, async |world: &World| {
        let account = world.account("telegram:7", 9).await;
        for goal in goals {
            let job = world.place(&account, 1).await.jobs[0].id;
            world.reach(job, *goal).await;
        }
    })
    .await;
    (database, store)
}

/// A connection past the program.
async fn raw(database: &Database) -> PgConnection {
    let options: PgConnectOptions = database.url.parse().unwrap();
    let mut db = options.connect().await.unwrap();
    db.execute("SET search_path = neurocards").await.unwrap();
    db
}

mod conformance {
    use super::fresh;

    neurocards_testkit::store_conformance!(fresh);
}
