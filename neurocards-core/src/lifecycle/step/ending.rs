//! Once more, or the end without a video.

use std::time::Duration;

use super::{Decision, Effect, NOTHING, Step, asked_for, change, millis, update};
use crate::attempt::AttemptState;
use crate::check::Objection;
use crate::fault::{Fault, FaultClass};
use crate::job::Stage;
use crate::lifecycle::policy::Policy;
use crate::lifecycle::transition::{AttemptWrite, JobEventBody, Settlement, Transition, Wake};
use crate::notice::NoticeBody;

/// How far waits for the same thing are spread at most.
const LONGEST_SPREAD: Duration = Duration::from_secs(30);

impl Decision<'_> {
    /// The same step once more, a bounded number of times.
    pub(super) fn stumble(&self, fault: Fault) -> Step {
        let stumbles = self.state.job.stumbles + 1;
        if stumbles >= self.context.policy.max_stumbles {
            return self.fail(fault, None);
        }
        let wait = self.backoff(&fault, stumbles - 1);
        self.again(fault, wait, stumbles)
    }

    pub(super) fn again(&self, fault: Fault, wait: Duration, stumbles: u32) -> Step {
        let event = JobEventBody::Stumbled { fault: fault.clone(), after_ms: millis(wait) };
        // A full disk says the same every half minute: once is enough for the history.
        let news = self.state.job.error.as_ref() != Some(&fault);
        let write = self.write(self.state.job.stage, Wake::After(wait));
        Self::last(Transition { stumbles, error: Some(fault), event: news.then_some(event), ..write })
    }

    /// Nothing may leave now, and nobody is at fault: uncounted, and bounded by the deadline alone. What does not open
    /// before it is not waited for.
    pub(super) fn wait(&self, wait: Duration, why: Fault) -> Step {
        let job = &self.state.job;
        // Those who wait for the same thing do not come back all at once.
        let spread = (wait / 5).min(LONGEST_SPREAD).mul_f64(self.context.jitter.clamp(0.0, 1.0));
        let left = (job.deadline_at - self.context.now).to_std().unwrap_or_default();
        if wait >= left {
            return self.fail(why, None);
        }
        let wait = wait.saturating_add(spread).min(left);
        let event = JobEventBody::Waiting { fault: why.clone(), after_ms: millis(wait) };
        let news = job.error.as_ref() != Some(&why);
        let write = self.write(job.stage, Wake::After(wait));
        Self::last(Transition { error: Some(why), event: news.then_some(event), ..write })
    }

    /// Another submission, a bounded number of times: later for faults that pass, at once and uncounted when the fault
    /// is an account's or a model's and another one may do.
    pub(super) fn retry_or_fail(&self, fault: Fault, ended: AttemptState) -> Step {
        if self.is_overdue() {
            return self.fail(fault, Some(ended));
        }
        if matches!(fault.class, FaultClass::Billing | FaultClass::Auth | FaultClass::ModelUnavailable) {
            return self.reroute(fault, ended);
        }
        let passing = matches!(fault.class, FaultClass::Temporary | FaultClass::RateLimit);
        let retries = self.state.job.retries + 1;
        if !passing || retries >= self.context.policy.max_attempts {
            return self.fail(fault, Some(ended));
        }
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        let wait = self.backoff(&fault, retries - 1);
        let change = change(attempt, ended, |write| write.fault = Some(fault.clone()));
        let event = JobEventBody::Retrying { fault: fault.clone(), after_ms: millis(wait) };
        let write = self.write(Stage::Submit, Wake::After(wait));
        Self::last(Transition {
            retries,
            attempt: Some(change),
            error: Some(fault),
            event: Some(event),
            ..write
        })
    }

    fn reroute(&self, fault: Fault, ended: AttemptState) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        if self.state.job.attempts >= self.context.policy.max_submissions {
            return self.fail(fault, Some(ended));
        }
        let change = change(attempt, ended, |write| write.fault = Some(fault.clone()));
        let event = JobEventBody::Refused { fault: fault.clone() };
        let write = self.write(Stage::Submit, Wake::Keep);
        let write = Transition { attempt: Some(change), error: Some(fault), event: Some(event), ..write };
        Step { write: Some(write), then: Some(Effect::Route) }
    }

    /// The end without a video. `ended` is the provider's word on the live attempt; without one, an attempt that
    /// may have been sent is abandoned.
    pub(super) fn fail(&self, fault: Fault, ended: Option<AttemptState>) -> Step {
        let released = self.state.job.price;
        let live = self.state.live_attempt();
        let ending = live.map(|attempt| {
            let unsent = attempt.state == AttemptState::Intent;
            let silent = if unsent { AttemptState::Rejected } else { AttemptState::Abandoned };
            change(attempt, ended.unwrap_or(silent), |write| write.fault = Some(fault.clone()))
        });
        let last_state = match &ending {
            Some(AttemptWrite::Update { to, .. }) => Some(*to),
            _ => self.state.attempt.as_ref().map(|attempt| attempt.state),
        };
        let provider_may_charge = last_state.is_some_and(AttemptState::may_be_charged);
        let event = JobEventBody::Failed { fault: fault.clone(), released, provider_may_charge };
        Self::last(Transition {
            attempt: ending,
            settlement: Some((self.context.fresh.entry, Settlement::Release)),
            notice: self.notice(NoticeBody::Failed {
                class: fault.class,
                objection: Objection::of(&fault),
                released,
            }),
            event: Some(event),
            error: Some(fault),
            // What is paid for may still come.
            late: provider_may_charge.then_some(self.context.policy.late_poll),
            ..self.write(Stage::Failed, Wake::Never)
        })
    }

    pub(super) fn cancel(&self) -> Step {
        let live = self.state.live_attempt();
        let unsent = live.is_none_or(|attempt| attempt.state == AttemptState::Intent);
        if !unsent || !matches!(self.state.job.stage, Stage::Prompt | Stage::Submit) {
            return NOTHING;
        }
        let released = self.state.job.price;
        Self::last(Transition {
            attempt: live.map(|attempt| update(attempt, AttemptState::Rejected)),
            settlement: Some((self.context.fresh.entry, Settlement::Release)),
            notice: self.notice(NoticeBody::Cancelled { released }),
            event: Some(JobEventBody::Cancelled { released }),
            ..self.write(Stage::Cancelled, Wake::Never)
        })
    }

    pub(super) fn backoff(&self, fault: &Fault, earlier: u32) -> Duration {
        let policy = self.context.policy;
        let base = match fault.class {
            FaultClass::RateLimit => policy.retry_rate_limit,
            _ => policy.retry_temporary,
        };
        let wait = Policy::backoff(base, earlier, self.context.jitter);
        wait.max(asked_for(fault))
    }
}
