//! The time that a fake lives in: the machine's, a faster one, or one that only a test moves.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

/// How often a foreign clock is looked at while something is due by it.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Where a manual clock begins: 2026-11-22T00:00:00Z.
const MANUAL_BEGIN_MS: i64 = 1_795_305_600_000;

/// Tells a fake the time: rate windows, render times, and how long links live.
///
/// ```
/// use std::time::Duration;
///
/// use neurocards_fakes::Clock;
///
/// let clock = Clock::manual();
/// let before = clock.now_ms();
/// clock.advance(Duration::from_secs(110));
/// assert_eq!(clock.now_ms() - before, 110_000);
/// ```
#[derive(Clone)]
pub struct Clock(Arc<Kind>);

enum Kind {
    Machine { began: Instant, began_ms: i64, factor: u32 },
    Manual(watch::Sender<i64>),
    Foreign(Box<dyn Fn() -> i64 + Send + Sync>),
}

impl Clock {
    /// The machine's time.
    pub fn system() -> Self {
        Self::scaled(1)
    }

    /// Begins now and runs `factor` times as fast as the machine's time.
    #[expect(clippy::disallowed_methods, reason = "this is the seam to the machine's time")]
    pub fn scaled(factor: u32) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(Arc::new(Kind::Machine { began: Instant::now(), began_ms: millis(since), factor }))
    }

    /// Stands still until [`advance`](Self::advance) moves it.
    pub fn manual() -> Self {
        Self(Arc::new(Kind::Manual(watch::Sender::new(MANUAL_BEGIN_MS))))
    }

    /// Somebody else's time, in milliseconds since 1970: the clock that the code under test has, for instance.
    pub fn foreign(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(Kind::Foreign(Box::new(now_ms))))
    }

    /// Milliseconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "this is the seam to the machine's time")]
    pub fn now_ms(&self) -> i64 {
        match &*self.0 {
            Kind::Machine { began, began_ms, factor } => {
                began_ms + millis(Instant::now().duration_since(*began).saturating_mul(*factor))
            }
            Kind::Manual(now) => *now.borrow(),
            Kind::Foreign(now) => now(),
        }
    }

    /// Moves a manual clock on. What is due then happens.
    ///
    /// # Panics
    /// The clock is not a manual one.
    pub fn advance(&self, by: Duration) {
        match &*self.0 {
            Kind::Manual(now) => now.send_modify(|now| *now += millis(by)),
            _ => panic!("only a manual clock can be advanced"),
        }
    }

    /// Returns once it is as late as that.
    pub(crate) async fn until(&self, due_ms: i64) {
        match &*self.0 {
            Kind::Machine { factor, .. } => {
                let wait = u64::try_from(due_ms - self.now_ms()).unwrap_or(0) / u64::from(*factor);
                // One more millisecond: it must not be early because of a rounding.
                pause(Duration::from_millis(wait + 1)).await;
            }
            Kind::Manual(now) => {
                let _ = now.subscribe().wait_for(|now| *now >= due_ms).await;
            }
            Kind::Foreign(now) => {
                while now() < due_ms {
                    pause(LOOK_EVERY).await;
                }
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &*self.0 {
            Kind::Machine { .. } => "machine",
            Kind::Manual(_) => "manual",
            Kind::Foreign(_) => "foreign",
        };
        write!(f, "Clock({kind}, {} ms)", self.now_ms())
    }
}

/// Waits in the machine's time, whatever the clock says: for what is slow on purpose.
#[expect(clippy::disallowed_methods, reason = "this is the seam to the machine's time")]
pub(crate) async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}

/// A duration in whole milliseconds.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_what_is_over() {
        for clock in [Clock::system(), Clock::scaled(50), Clock::manual(), Clock::foreign(|| 7)] {
            clock.until(clock.now_ms()).await;
            clock.until(clock.now_ms() - 1_000).await;
        }
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_whoever_waits() {
        let clock = Clock::manual();
        let due = clock.now_ms() + 60_000;
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.until(due).await;
                clock.now_ms()
            }
        });
        for _ in 0..3 {
            clock.advance(Duration::from_secs(20));
        }
        assert_eq!(waiting.await.unwrap(), due);
    }

    #[tokio::test]
    async fn a_foreign_clock_is_looked_at_again() {
        let now = Arc::new(AtomicI64::new(5));
        let clock = Clock::foreign({
            let now = now.clone();
            // It moves by itself, each time that somebody looks.
            move || now.fetch_add(1, Ordering::Relaxed)
        });
        clock.until(9).await;
        assert!(now.load(Ordering::Relaxed) >= 10);
    }

    #[tokio::test]
    async fn a_fast_clock_brings_an_hour_soon() {
        let clock = Clock::scaled(1_000_000);
        let due = clock.now_ms() + 3_600_000;
        clock.until(due).await;
        assert!(clock.now_ms() >= due);
    }
}
