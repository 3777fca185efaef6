//! The store in memory passes the suite for stores.

use std::sync::Arc;

use neurocards_core::{ManualClock, MemoryStore};
use neurocards_testkit::{Fixture, store_conformance};

async fn fresh() -> Fixture {
    let clock = Arc::new(ManualClock::new());
    Fixture { store: Arc::new(MemoryStore::new(clock.clone())), clock, keep: Box::new(()) }
}

store_conformance!(fresh);
