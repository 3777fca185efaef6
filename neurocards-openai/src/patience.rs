//! How often and how long to try.

use std::time::Duration;

use neurocards_core::{Clock, Entropy, Fault, FaultClass};

use crate::reading::Failure;
use crate::settings::Limits;
use crate::wait::before_next;

/// With less time left no request is begun.
const LEAST_TIME: Duration = Duration::from_secs(2);

/// What is left for one question.
#[derive(Debug)]
pub(crate) struct Patience {
    limits: Limits,
    /// When everything ends, in monotonic time.
    ends: Duration,
    tries: u32,
}

impl Patience {
    pub(crate) fn new(limits: Limits, clock: &dyn Clock) -> Self {
        Self { limits, ends: clock.monotonic() + limits.whole, tries: 0 }
    }

    /// How long the next request may take.
    ///
    /// # Errors
    /// There is no time left for one.
    pub(crate) fn for_request(&self, clock: &dyn Clock) -> Result<Duration, Fault> {
        let left = self.ends.saturating_sub(clock.monotonic());
        if left < LEAST_TIME {
            return Err(Fault::new(FaultClass::Temporary, "there is no time left to ask again"));
        }
        Ok(self.limits.request.min(left))
    }

    /// Waits until the next try.
    ///
    /// # Errors
    /// The fault, when there is to be no other try: it makes no sense, there were enough, or the wait is too long.
    pub(crate) async fn pause(
        &mut self,
        failure: Failure,
        clock: &dyn Clock,
        entropy: &Entropy,
    ) -> Result<(), Fault> {
        let Failure { fault, again } = failure;
        self.tries += 1;
        if !again || self.tries >= self.limits.tries {
            return Err(fault);
        }
        let wait = before_next(self.tries - 1, fault.retry_after, entropy.unit());
        let left = self.ends.saturating_sub(clock.monotonic());
        let Some(wait) = wait.filter(|wait| *wait + LEAST_TIME <= left) else { return Err(fault) };
        tracing::debug!(%fault, ?wait, "asking again");
        clock.sleep(wait).await;
        Ok(())
    }
}
