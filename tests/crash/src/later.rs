//! The machine's clock, set forward, and the store that goes by it.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use neurocards_core::{Clock, SystemClock, Timestamp};

/// The machine's clock, set forward.
#[derive(Debug)]
pub(crate) struct LaterClock {
    machine: SystemClock,
    by: Duration,
}

impl LaterClock {
    /// By so many seconds, as an argument says.
    pub(crate) fn by(seconds: &str) -> Result<Self, Box<dyn Error>> {
        Ok(Self { machine: SystemClock::new(), by: Duration::from_secs(seconds.parse()?) })
    }
}

#[async_trait]
impl Clock for LaterClock {
    fn now(&self) -> Timestamp {
        self.machine.now() + self.by
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }

    async fn sleep(&self, wait: Duration) {
        self.machine.sleep(wait).await;
    }
}
