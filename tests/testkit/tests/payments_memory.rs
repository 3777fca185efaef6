//! Payments in memory pass the suite.

use std::sync::Arc;

use neurocards_core::{ManualClock, MemoryStore};
use neurocards_testkit::payment_conformance;
use neurocards_testkit::payments::Fixture;

async fn fresh() -> Fixture {
    let clock = Arc::new(ManualClock::new());
    let store = Arc::new(MemoryStore::new(clock.clone()));
    Fixture { store: store.clone(), payments: store, clock, keep: Box::new(()) }
}

payment_conformance!(fresh);
