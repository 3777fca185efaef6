//! When the claim loop looks again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;

/// The moment at which there may be work, in the clock's monotonic time. Whoever writes something that is due earlier
/// moves it forward; a write that is due later wakes nobody.
#[derive(Debug)]
pub(super) struct Wakeup {
    at: Mutex<Duration>,
    moved: Notify,
}

impl Wakeup {
    /// Rings at once.
    pub(super) fn new() -> Self {
        Self { at: Mutex::new(Duration::ZERO), moved: Notify::new() }
    }

    fn at(&self) -> MutexGuard<'_, Duration> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings at this moment, if it would not ring before.
    pub(super) fn set(&self, moment: Duration) {
        let mut at = self.at();
        if moment < *at {
            *at = moment;
            self.moved.notify_one();
        }
    }

    /// Forgets the moment, before the store is asked: what is set from now on may be too late for the answer.
    pub(super) fn clear(&self) {
        *self.at() = Duration::MAX;
    }

    /// Waits until it rings.
    pub(super) async fn ring(&self, clock: &dyn Clock) {
        loop {
            let wait = self.at().saturating_sub(clock.monotonic());
            if wait.is_zero() {
                return;
            }
            tokio::select! {
                () = clock.sleep(wait) => {}
                () = self.moved.notified() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::ManualClock;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn the_earliest_moment_counts() {
        let (wakeup, clock) = (Arc::new(Wakeup::new()), Arc::new(ManualClock::new()));
        wakeup.ring(clock.as_ref()).await;
        wakeup.clear();
        wakeup.set(5 * SECOND);
        wakeup.set(9 * SECOND);
        let ringing = tokio::spawn({
            let (wakeup, clock) = (wakeup.clone(), clock.clone());
            async move {
                wakeup.ring(clock.as_ref()).await;
                clock.monotonic()
            }
        });
        tokio::task::yield_now().await;
        // While it is waited for.
        wakeup.set(2 * SECOND);
        clock.advance(SECOND);
        tokio::task::yield_now().await;
        assert!(!ringing.is_finished());
        clock.advance(SECOND);
        assert_eq!(ringing.await.unwrap(), 2 * SECOND);
    }
}
