//! SQLite and PostgreSQL pass the suite for conversations.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::sync::Arc;

use neurocards_core::ManualClock;
use neurocards_store::{PostgresStore, SqliteStore};
use neurocards_testkit::chats::Fixture;
use neurocards_testkit::{chat_conformance, postgres};

mod sqlite {
    use super::*;

    async fn fresh() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        let store = SqliteStore::open(folder.path().join("store.db"), clock.clone()).await.unwrap();
        Fixture { chats: Arc::new(store), clock, keep: Box::new(folder) }
    }

    chat_conformance!(fresh);
}

mod on_a_server {
    use super::*;

    async fn fresh() -> Fixture {
        let database = postgres::database(async |url| {
            PostgresStore::open(url).await.unwrap().close().await;
        })
        .await;
        let clock = Arc::new(ManualClock::new());
        let store = PostgresStore::open_with_clock(&database.url, clock.clone()).await.unwrap();
        Fixture { chats: Arc::new(store), clock, keep: database.keep }
    }

    chat_conformance!(fresh);
}
