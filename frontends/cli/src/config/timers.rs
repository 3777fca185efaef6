//! The numbers of the lifecycle that people may set.

use std::time::Duration;

use neurocards::Policy;

use super::{parse_duration, refused};
use crate::failure::Failure;

/// The numbers that were set; the others keep their defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Timers {
    lease: Option<Duration>,
    heartbeat: Option<Duration>,
    poll_min: Option<Duration>,
    poll_max: Option<Duration>,
    job_deadline: Option<Duration>,
    unknown_grace: Option<Duration>,
    retry_temporary: Option<Duration>,
    retry_rate_limit: Option<Duration>,
    storage_retry: Option<Duration>,
    model_faults: Option<u32>,
    model_rest: Option<Duration>,
    model_pause: Option<Duration>,
    model_probation: Option<Duration>,
}

/// A command that somebody looks at: when it is killed, the next one should not wait long for its leases.
const WATCHED_LEASE: Duration = Duration::from_secs(10);
const WATCHED_HEARTBEAT: Duration = Duration::from_secs(3);

/// A step is written under a lease: it must last longer than a slow disk takes.
const SHORTEST_LEASE: Duration = Duration::from_millis(100);

impl Timers {
    pub(super) fn read<'a>(
        text: impl Fn(&'static str) -> Result<Option<&'a str>, Failure>,
    ) -> Result<Self, Failure> {
        let read = |name| duration(name, text(name)?);
        let timers = Self {
            lease: read("NEUROCARDS_LEASE")?,
            heartbeat: read("NEUROCARDS_HEARTBEAT")?,
            poll_min: read("NEUROCARDS_POLL_MIN")?,
            poll_max: read("NEUROCARDS_POLL_MAX")?,
            job_deadline: read("NEUROCARDS_JOB_DEADLINE")?,
            unknown_grace: read("NEUROCARDS_UNKNOWN_GRACE")?,
            retry_temporary: read("NEUROCARDS_RETRY_TEMPORARY")?,
            retry_rate_limit: read("NEUROCARDS_RETRY_RATE_LIMIT")?,
            storage_retry: read("NEUROCARDS_STORAGE_RETRY")?,
            model_faults: count("NEUROCARDS_MODEL_FAULTS", text("NEUROCARDS_MODEL_FAULTS")?)?,
            model_rest: read("NEUROCARDS_MODEL_REST")?,
            model_pause: read("NEUROCARDS_MODEL_PAUSE")?,
            model_probation: read("NEUROCARDS_MODEL_PROBATION")?,
        };
        for policy in [timers.policy(), timers.watched_policy()] {
            if policy.lease < SHORTEST_LEASE {
                let why = "is shorter than 100ms: jobs would be lost before their first step is written";
                return Err(refused("NEUROCARDS_LEASE", why, "Set 10s or more, or leave it out."));
            }
            // Two heartbeats fit into a lease, so that one may be late.
            if policy.heartbeat * 2 >= policy.lease {
                let why = "must be less than half of NEUROCARDS_LEASE";
                return Err(refused("NEUROCARDS_HEARTBEAT", why, "Set both, such as 10s and 30s."));
            }
            if policy.poll_min > policy.poll_max {
                let why = "is longer than NEUROCARDS_POLL_MAX";
                return Err(refused("NEUROCARDS_POLL_MIN", why, "Set both, such as 3s and 30s."));
            }
        }
        Ok(timers)
    }

    /// For a worker.
    pub(crate) fn policy(&self) -> Policy {
        self.over(Policy::default())
    }

    /// For a command that somebody looks at.
    pub(crate) fn watched_policy(&self) -> Policy {
        let mut policy = Policy::default();
        // A heartbeat that was set is meant for a lease that was set, or for the usual one.
        if self.heartbeat.is_none() && self.lease.is_none() {
            (policy.lease, policy.heartbeat) = (WATCHED_LEASE, WATCHED_HEARTBEAT);
        }
        self.over(policy)
    }

    /// Whether somebody decided how long a submission in doubt is waited for.
    pub(crate) fn sets_unknown_grace(&self) -> bool {
        self.unknown_grace.is_some()
    }

    fn over(&self, mut policy: Policy) -> Policy {
        if let (Some(lease), None) = (self.lease, self.heartbeat) {
            policy.heartbeat = lease / 3;
        }
        let settings = [
            (self.lease, &mut policy.lease),
            (self.heartbeat, &mut policy.heartbeat),
            (self.poll_min, &mut policy.poll_min),
            (self.poll_max, &mut policy.poll_max),
            (self.job_deadline, &mut policy.job_deadline),
            (self.unknown_grace, &mut policy.unknown_grace),
            (self.retry_temporary, &mut policy.retry_temporary),
            (self.retry_rate_limit, &mut policy.retry_rate_limit),
            (self.storage_retry, &mut policy.storage_retry),
            (self.model_rest, &mut policy.breaker.rest),
            (self.model_pause, &mut policy.unavailable.rest),
            (self.model_probation, &mut policy.probation),
        ];
        for (given, place) in settings {
            *place = given.unwrap_or(*place);
        }
        policy.breaker.after = self.model_faults.unwrap_or(policy.breaker.after);
        policy
    }
}

/// A number out of the environment that is at least one.
fn count(name: &'static str, text: Option<&str>) -> Result<Option<u32>, Failure> {
    let Some(text) = text else { return Ok(None) };
    match text.parse() {
        Ok(0) | Err(_) => Err(refused(name, "is no number above zero", "Leave it out for the default, 5.")),
        Ok(count) => Ok(Some(count)),
    }
}

/// A week: longer timers are slips of the hand, and a worker that dies would hold its jobs that long.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A duration out of the environment; zero is none.
pub(super) fn duration(name: &'static str, text: Option<&str>) -> Result<Option<Duration>, Failure> {
    let Some(text) = text else { return Ok(None) };
    match parse_duration(text) {
        Ok(time) if time.is_zero() => {
            Err(refused(name, "must be longer than nothing", "Leave it out for the default."))
        }
        Ok(time) if time > LONGEST => {
            Err(refused(name, "is longer than 168h", "A lease of years would hold a job for years."))
        }
        Ok(time) => Ok(Some(time)),
        Err(why) => Err(refused(name, "is no time", &format!("Please {why}."))),
    }
}
