//! Two transactions that wait for each other: the server gives one of them up, and the store makes it again.

use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{Credits, CreditsPost, EntryKind, Posted, Store};
use neurocards_store::PostgresStore;
use neurocards_testkit::conformance::Milestone;
use neurocards_testkit::sample;
use sqlx::{Connection, Executor, PgConnection};

use crate::{furnished, raw};

/// How many deadlocks the server has seen in this database.
async fn deadlocks(db: &mut PgConnection) -> i64 {
    let seen = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    sqlx::query_scalar(seen).fetch_one(db).await.unwrap()
}

/// Until somebody waits for a lock of this kind.
async fn until_somebody_waits(db: &mut PgConnection) {
    let waits = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')";
    let waiting = async {
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut *db).await.unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

fn post(reference: &str) -> CreditsPost {
    CreditsPost {
        id: neurocards_core::EntryId::new(neurocards_core::Timestamp::default(), *b"0123456789"),
        kind: EntryKind::Topup,
        account: sample::account("telegram:7"),
        amount: Credits(3),
        reference: Some(reference.to_owned()),
        reason: None,
        actor: None,
    }
}

/// Posting locks its reference, then the account. Somebody else has the account and wants the reference; he does not
/// look for deadlocks himself, so that the store's transaction is the one that is given up.
async fn meet(store: &Arc<PostgresStore>, other: &mut PgConnection, looker: &mut PgConnection) {
    other.execute("SET deadlock_timeout = '1h'; SET lock_timeout = '20s'").await.unwrap();
    let mut tx = other.begin().await.unwrap();
    tx.execute("SELECT 1 FROM accounts WHERE key = 'telegram:7' FOR UPDATE").await.unwrap();
    let posting = tokio::spawn({
        let store = store.clone();
        async move { store.credits_post(&post("payment-1")).await }
    });
    until_somebody_waits(looker).await;
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('topup payment-1', 0))").await.unwrap();
    tx.commit().await.unwrap();
    let posted = posting.await.unwrap().unwrap();
    assert!(matches!(posted, Posted::New(entry) if entry.amount == Credits(3)));
}

#[tokio::test]
async fn a_posting_that_was_given_up_is_made_again() {
    let (database, store) = furnished(&[Milestone::Prompt]).await;
    let (mut other, mut looker) = (raw(&database).await, raw(&database).await);
    let before = store.account_get(&sample::account("telegram:7")).await.unwrap().unwrap();
    meet(&store, &mut other, &mut looker).await;
    let after = store.account_get(&before.key).await.unwrap().unwrap();
    assert_eq!(after.available.0, before.available.0 + 3);
    let seen = async {
        // The server counts a while later.
        while deadlocks(&mut looker).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.expect("a deadlock");
    assert_eq!(store.audit().await.unwrap(), []);
    let again = store.credits_post(&post("payment-1")).await.unwrap();
    assert!(matches!(again, Posted::Before(_)));
}
