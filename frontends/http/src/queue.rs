//! The queue of all workers, as gauges.

use std::sync::Arc;
use std::time::Duration;

use neurocards::{Clock, Store, queue_seen};
use tokio::sync::Mutex;

use crate::health::STORE_LIMIT;

/// A look at the queue counts every unfinished job: however often somebody asks, there is one in this time.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Looks at the queue for whoever reads metrics.
#[derive(Debug, Clone)]
pub(crate) struct QueueLook {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// When somebody looked last, in the clock's monotonic time.
    looked: Arc<Mutex<Option<Duration>>>,
}

impl QueueLook {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, looked: Arc::default() }
    }

    /// Brings the gauges up to date, unless that was done a moment ago. Who asks while somebody looks waits for that
    /// look. When the store does not answer in time the gauges stay, and their own time shows it.
    pub(crate) async fn refresh(&self) {
        let mut looked = self.looked.lock().await;
        let now = self.clock.monotonic();
        if looked.is_some_and(|last| now.saturating_sub(last) < LOOK_EVERY) {
            return;
        }
        *looked = Some(now);
        match tokio::time::timeout(STORE_LIMIT, self.store.queue_status()).await {
            Ok(Ok(status)) => queue_seen(&status),
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the queue could not be looked at");
            }
            Err(_) => tracing::warn!(limit = ?STORE_LIMIT, "the queue could not be looked at in time"),
        }
    }
}
