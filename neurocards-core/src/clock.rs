//! Time and chance, injected.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use tokio::sync::watch;

/// A moment, in UTC. Stores keep microseconds.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// A moment after another one; the end of time when the sum does not fit, whatever a setting or a header said.
pub(crate) fn later(at: Timestamp, wait: Duration) -> Timestamp {
    let wait = chrono::Duration::from_std(wait).ok();
    wait.and_then(|wait| at.checked_add_signed(wait)).unwrap_or(Timestamp::MAX_UTC)
}

/// Where the engine gets its time from.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Wall time, whole microseconds. It may jump; leases are judged by the store's time, not by this.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment of this process; never goes back.
    fn monotonic(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, wait: Duration);
}

/// The machine's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    origin: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the room of the clock")]
    pub fn new() -> Self {
        Self { origin: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the room of the clock")]
    fn now(&self) -> Timestamp {
        whole_micros(chrono::Utc::now())
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the room of the clock")]
    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }
}

/// A clock that begins with the machine's and runs faster: for simulations, where minutes of waiting pass in seconds.
#[derive(Debug, Clone)]
pub struct FastClock {
    machine: SystemClock,
    began: Timestamp,
    speed: u32,
}

impl FastClock {
    /// A clock that begins now and runs `speed` times as fast as the machine's.
    pub fn new(speed: u32) -> Self {
        let machine = SystemClock::new();
        Self { began: machine.now(), machine, speed: speed.max(1) }
    }
}

#[async_trait]
impl Clock for FastClock {
    fn now(&self) -> Timestamp {
        whole_micros(later(self.began, self.monotonic()))
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic().saturating_mul(self.speed)
    }

    async fn sleep(&self, wait: Duration) {
        self.machine.sleep(wait / self.speed).await;
    }
}

/// A clock that moves only when it is told to: for tests.
#[derive(Debug)]
pub struct ManualClock {
    elapsed: watch::Sender<Duration>,
}

impl ManualClock {
    /// 2026-01-01T00:00:00Z, the moment at which every manual clock starts, in seconds since 1970.
    pub const START_SECONDS: i64 = 1_767_225_600;

    /// A clock that stands at its start.
    pub fn new() -> Self {
        Self { elapsed: watch::Sender::new(Duration::ZERO) }
    }

    /// Moves the clock; sleepers whose time has come wake.
    pub fn advance(&self, by: Duration) {
        self.elapsed.send_modify(|elapsed| *elapsed += by);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        let start = Timestamp::from_timestamp(Self::START_SECONDS, 0).unwrap_or_default();
        start + *self.elapsed.borrow()
    }

    fn monotonic(&self) -> Duration {
        *self.elapsed.borrow()
    }

    async fn sleep(&self, wait: Duration) {
        let until = self.monotonic() + wait;
        let mut elapsed = self.elapsed.subscribe();
        // The sender lives as long as `self`, so this ends only when the time has come.
        let _ = elapsed.wait_for(|elapsed| *elapsed >= until).await;
    }
}

/// Drops what a store would not keep.
fn whole_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// Where the engine gets its chance from: ids and jitter.
pub struct Entropy {
    rng: Mutex<StdRng>,
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entropy").finish_non_exhaustive()
    }
}

impl Entropy {
    /// Seeded by the operating system.
    pub fn from_os() -> Self {
        Self { rng: Mutex::new(StdRng::from_os_rng()) }
    }

    /// The same seed gives the same ids and the same jitter.
    pub fn seeded(seed: u64) -> Self {
        Self { rng: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    /// Ten random bytes, for an id.
    pub fn id_bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        self.fill(&mut bytes);
        bytes
    }

    /// Fills a piece of memory with random bytes.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }

    /// A number in `0.0..1.0`, for jitter.
    pub fn unit(&self) -> f64 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_its_sleepers() {
        let clock = std::sync::Arc::new(ManualClock::new());
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_secs(5)).await }
        });
        let before = clock.now();
        while clock.elapsed.receiver_count() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(4));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
        assert_eq!(clock.now() - before, chrono::Duration::seconds(5));
    }

    #[tokio::test]
    async fn a_fast_clock_goes_by_its_own_time() {
        let clock = FastClock::new(1_000);
        let (now, monotonic) = (clock.now(), clock.monotonic());
        clock.sleep(Duration::from_secs(2)).await;
        assert!(clock.now() - now >= chrono::Duration::seconds(2));
        assert!(clock.monotonic() - monotonic >= Duration::from_secs(2));
        assert_eq!(clock.now().timestamp_subsec_nanos() % 1_000, 0, "stores keep whole microseconds");
    }

    #[test]
    fn the_end_of_time_is_not_a_panic() {
        assert_eq!(later(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MAX_UTC);
        assert_eq!(later(Timestamp::UNIX_EPOCH, Duration::from_secs(1)).timestamp(), 1);
    }

    #[test]
    fn seeded_entropy_repeats() {
        let (one, two) = (Entropy::seeded(7), Entropy::seeded(7));
        assert_eq!(one.id_bytes(), two.id_bytes());
        assert!((0.0..1.0).contains(&one.unit()));
    }
}
