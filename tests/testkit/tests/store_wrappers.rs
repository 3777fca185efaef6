//! The wrappers pass the suite for stores while they break nothing, and break exactly what their plan says.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::sync::Arc;

use neurocards_core::{AccountOpen, Credits, ManualClock, MemoryStore, Store, StoreError};
use neurocards_testkit::{FaultyStore, Fixture, Plan, sample, store_conformance};

async fn fresh() -> Fixture {
    let clock = Arc::new(ManualClock::new());
    let store = FaultyStore::new(Arc::new(MemoryStore::new(clock.clone())), Plan::EMPTY);
    Fixture { store: Arc::new(store), clock, keep: Box::new(()) }
}

store_conformance!(fresh);

fn open(key: &str) -> AccountOpen {
    AccountOpen { account: sample::account(key), credit_limit: Credits::ZERO, bonus: None }
}

async fn second_of_three(plan: Plan) -> (Option<StoreError>, Vec<bool>) {
    let store = FaultyStore::new(Arc::new(MemoryStore::new(Arc::new(ManualClock::new()))), plan);
    let mut error = None;
    let keys = ["cli:a", "cli:b", "cli:c"];
    for key in keys {
        assert_eq!(store.has_fired(), key == "cli:c");
        error = error.or(store.account_open(&open(key)).await.err());
    }
    assert_eq!(store.writes(), 3);
    let mut there = Vec::new();
    for key in keys {
        there.push(store.account_get(&sample::account(key)).await.unwrap().is_some());
    }
    (error, there)
}

#[tokio::test]
async fn a_write_that_breaks_before_is_not_done() {
    let (error, there) = second_of_three(Plan::before(2)).await;
    assert!(matches!(error, Some(StoreError::Unavailable { .. })));
    assert_eq!(there, [true, false, true]);
}

#[tokio::test]
async fn a_write_that_breaks_after_is_done() {
    let (error, there) = second_of_three(Plan::after(2)).await;
    assert!(matches!(error, Some(StoreError::Ambiguous { .. })));
    assert_eq!(there, [true, true, true]);
}
