//! A store that breaks one write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use neurocards_core::{CallKind, Store, StoreAround, StoreCall, StoreError};

/// On which side of a write the fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The write is not done; the caller reads `Unavailable`.
    Before,
    /// The write is done, and the caller reads `Ambiguous`: what a crash right after the commit looks like.
    After,
}

/// Which write breaks, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Counted from 1; 0 breaks none.
    pub nth: u64,
    /// On which side.
    pub when: When,
}

impl Plan {
    /// Breaks nothing.
    pub const EMPTY: Self = Self { nth: 0, when: When::Before };

    /// The n-th write is not done.
    pub fn before(nth: u64) -> Self {
        Self { nth, when: When::Before }
    }

    /// The n-th write is done, but its answer is lost.
    pub fn after(nth: u64) -> Self {
        Self { nth, when: When::After }
    }
}

/// Forwards everything to another store, and breaks one write by a [`Plan`]. A write is each call of a method that
/// may change something, whether it does or not; but signs of life are not counted, because they come by the clock.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: Plan,
    writes: AtomicU64,
    silent: AtomicBool,
}

impl FaultyStore {
    /// Breaks the inner store's writes by the plan.
    pub fn new(inner: Arc<dyn Store>, plan: Plan) -> Self {
        Self { inner, plan, writes: AtomicU64::new(0), silent: AtomicBool::new(false) }
    }

    /// From now on the store's clock does not answer at all: a network that swallows everything.
    pub fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// How many writes there were so far, the broken one included. A loop over `n` ends when this is below `n`.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// Whether the plan's write has come.
    pub fn has_fired(&self) -> bool {
        self.plan.nth != 0 && self.writes() >= self.plan.nth
    }
}

impl StoreAround for FaultyStore {
    fn inner(&self) -> &dyn Store {
        self.inner.as_ref()
    }

    async fn around<T: Send>(&self, call: StoreCall<'_, T>) -> Result<T, StoreError> {
        if call.method == "now" && self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if call.kind != CallKind::Write {
            return call.run().await;
        }
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let source = || format!("write {number} breaks, as planned").into();
        match (number == self.plan.nth, self.plan.when) {
            (false, _) => call.run().await,
            (true, When::Before) => Err(StoreError::Unavailable { source: source() }),
            (true, When::After) => {
                call.run().await?;
                Err(StoreError::Ambiguous { source: source() })
            }
        }
    }
}
