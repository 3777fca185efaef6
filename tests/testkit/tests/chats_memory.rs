//! Conversations in memory pass the suite.

use std::sync::Arc;

use neurocards_core::{ManualClock, MemoryChats};
use neurocards_testkit::chat_conformance;
use neurocards_testkit::chats::Fixture;

async fn fresh() -> Fixture {
    let clock = Arc::new(ManualClock::new());
    Fixture { chats: Arc::new(MemoryChats::new(clock.clone())), clock, keep: Box::new(()) }
}

chat_conformance!(fresh);
