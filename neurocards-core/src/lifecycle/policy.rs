//! The numbers that the lifecycle obeys.

use std::time::Duration;

use crate::credits::Credits;
use crate::resource::Breaker;

/// How long, how often, how many. One policy serves one provider.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// What one video costs.
    pub price: Credits,
    /// How long a claimed job belongs to its worker without a heartbeat.
    pub lease: Duration,
    /// How often a worker renews its leases.
    pub heartbeat: Duration,
    /// Least time between two reads of a task.
    pub poll_min: Duration,
    /// Most time between two reads of a task.
    pub poll_max: Duration,
    /// A job that has no video by then ends.
    pub job_deadline: Duration,
    /// How much longer a finished render may take to be stored.
    pub store_grace: Duration,
    /// How long to wait for a submission of which nobody knows whether it arrived.
    pub unknown_grace: Duration,
    /// How often a task is read whose job ended without it.
    pub late_poll: Duration,
    /// How long after the end its video is still waited for.
    pub late_window: Duration,
    /// Wait before the first retry after a `temporary` fault; doubles with each one.
    pub retry_temporary: Duration,
    /// Wait before the first retry after a `rate_limit` fault; doubles with each one.
    pub retry_rate_limit: Duration,
    /// Most submissions of a job that the provider may answer with a fault.
    pub max_attempts: u32,
    /// Most submissions of a job altogether, those included that had to go to another account or model.
    pub max_submissions: u32,
    /// How faults in a row at submission or render close a model for all jobs.
    pub breaker: Breaker,
    /// How a model is closed that the provider says is not available.
    pub unavailable: Breaker,
    /// How long one job may try a model that has rested, before another one may.
    pub probation: Duration,
    /// Most faults in a row while uploading the photo, or while fetching the video.
    pub max_stumbles: u32,
    /// Wait between two tries to store a video while the media store is unavailable or full.
    pub storage_retry: Duration,
    /// After this people are told, once, that it takes longer.
    pub slow_after: Duration,
    /// Most claims without a step forward.
    pub crash_limit: u32,
    /// Whether the provider can say for certain whether a submission arrived.
    pub lookup: bool,
}

impl Default for Policy {
    fn default() -> Self {
        let (seconds, minutes) = (Duration::from_secs, |minutes: u64| Duration::from_secs(60 * minutes));
        Self {
            price: Credits(1),
            lease: seconds(30),
            heartbeat: seconds(10),
            poll_min: seconds(3),
            poll_max: seconds(30),
            job_deadline: minutes(60),
            store_grace: minutes(60),
            unknown_grace: minutes(45),
            late_poll: minutes(5),
            late_window: minutes(24 * 60),
            retry_temporary: seconds(10),
            retry_rate_limit: seconds(60),
            max_attempts: 3,
            max_submissions: 12,
            breaker: Breaker { after: 5, rest: minutes(5), longest: minutes(60) },
            unavailable: Breaker { after: 1, rest: minutes(30), longest: minutes(24 * 60) },
            probation: minutes(15),
            max_stumbles: 5,
            storage_retry: seconds(30),
            slow_after: minutes(10),
            crash_limit: 3,
            lookup: false,
        }
    }
}

impl Policy {
    /// Wait before the next read of a task that was sent `age` ago: often at first, seldom later.
    pub fn poll_after(&self, age: Duration) -> Duration {
        (age / 8).clamp(self.poll_min, self.poll_max.max(self.poll_min))
    }

    const LONGEST_BACKOFF: Duration = Duration::from_secs(86_400);

    /// `base`, doubled for each earlier retry, up to a fifth longer by `jitter` in `0.0..1.0`.
    pub fn backoff(base: Duration, earlier: u32, jitter: f64) -> Duration {
        let doubled = base.saturating_mul(1 << earlier.min(16)).min(Self::LONGEST_BACKOFF);
        doubled.mul_f64(1.0 + 0.2 * jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_become_rarer_with_age() {
        let policy = Policy::default();
        let check = |age, expect| {
            assert_eq!(policy.poll_after(Duration::from_secs(age)), Duration::from_secs(expect), "{age}");
        };
        check(0, 3);
        check(40, 5);
        check(120, 15);
        check(10_000, 30);
    }

    #[test]
    fn retries_double_and_jitter_only_adds() {
        let ten = Duration::from_secs(10);
        assert_eq!(Policy::backoff(ten, 0, 0.0), ten);
        assert_eq!(Policy::backoff(ten, 2, 0.0), ten * 4);
        assert_eq!(Policy::backoff(ten, 0, 1.0), Duration::from_secs(12));
        assert_eq!(Policy::backoff(Duration::MAX, 9, 0.0), Duration::from_secs(86_400));
    }
}
