//! A worker has the job: where does it go on?

use std::time::Duration;

use super::{Decision, Effect, NOTHING, Step, Wake};
use crate::attempt::{Attempt, AttemptState};
use crate::clock::later;
use crate::fault::{Fault, FaultClass};
use crate::job::Stage;

impl Decision<'_> {
    pub(super) fn claimed(&self) -> Step {
        let (job, policy) = (&self.state.job, self.context.policy);
        if job.crashes > policy.crash_limit {
            let message = format!("{} workers in a row stopped while they held the job", policy.crash_limit);
            return self.fail(Fault::new(FaultClass::Unknown, message), None);
        }
        if self.is_overdue() && !self.has_a_task() {
            return self.too_late();
        }
        match (job.stage, self.state.live_attempt()) {
            (Stage::Prompt, _) => Self::only(Effect::BuildPrompt),
            (Stage::Submit, None) => Self::only(Effect::Route),
            (Stage::Submit, Some(attempt)) if attempt.state == AttemptState::Intent => {
                Self::only(Effect::Upload)
            }
            (Stage::Submit | Stage::Wait, Some(attempt)) => self.resume(attempt),
            (Stage::Store, _) => self.fetch(),
            _ => NOTHING,
        }
    }

    /// Left to workers that know the model, uncounted; if there are none, it ends in time all the same.
    pub(super) fn unserved(&self) -> Step {
        let job = &self.state.job;
        if self.is_overdue() {
            let message = format!("no worker knows the model {}", job.model);
            return self.fail(Fault::new(FaultClass::ModelUnavailable, message), None);
        }
        if self.state.live_attempt().is_some_and(|attempt| attempt.state == AttemptState::Sent) {
            return self.sender_is_gone();
        }
        Self::last(self.write(job.stage, Wake::After(self.context.policy.retry_temporary)))
    }

    /// The end by the deadline.
    pub(super) fn too_late(&self) -> Step {
        self.fail(Fault::new(FaultClass::Temporary, "there was no video before the deadline"), None)
    }

    /// Whether there is something to ask for at the provider. What was rendered while nobody looked, because workers
    /// were away or a callback was lost, is paid for: it is asked for once more before the deadline ends the job.
    fn has_a_task(&self) -> bool {
        let named = |attempt: &Attempt| attempt.task_id.is_some() || attempt.hint.is_some();
        self.state.job.stage == Stage::Store || self.state.live_attempt().is_some_and(named)
    }

    pub(super) fn is_overdue(&self) -> bool {
        let (job, policy) = (&self.state.job, self.context.policy);
        let grace = if job.stage == Stage::Store { policy.store_grace } else { Duration::ZERO };
        self.context.now >= later(job.deadline_at, grace)
    }

    /// Whoever sent the submission is gone.
    fn sender_is_gone(&self) -> Step {
        let message = "the worker stopped while the submission was under way";
        self.in_doubt(Fault::new(FaultClass::Unknown, message))
    }

    /// The worker that sent the submission is gone, or the task is to be read.
    pub(super) fn resume(&self, attempt: &Attempt) -> Step {
        let policy = self.context.policy;
        match (attempt.state, &attempt.task_id, &attempt.hint) {
            (AttemptState::Accepted, Some(task_id), _) => {
                Self::only(Effect::Read { task_id: task_id.clone() })
            }
            // The reply was lost, but somebody has called back since: what they named is read before it is adopted.
            (AttemptState::Sent | AttemptState::Unknown, _, Some(hint)) => {
                Self::only(Effect::Verify { task_id: hint.clone() })
            }
            (AttemptState::Unknown, ..) if self.age(attempt) >= policy.unknown_grace => {
                let message = "nobody knows whether the submission arrived, and it will not be sent again";
                self.fail(Fault::new(FaultClass::Unknown, message), None)
            }
            _ if policy.lookup => Self::only(Effect::Lookup { attempt: attempt.id }),
            (AttemptState::Unknown, ..) => self.in_doubt(self.state.job.error.clone().unwrap_or_else(|| {
                Fault::new(FaultClass::Unknown, "nobody knows whether the submission arrived")
            })),
            _ => self.sender_is_gone(),
        }
    }

    pub(super) fn fetch(&self) -> Step {
        let Some(attempt) = &self.state.attempt else { return NOTHING };
        let (Some(task_id), Some(video)) = (attempt.task_id.clone(), attempt.video.clone()) else {
            return NOTHING;
        };
        Self::only(Effect::Fetch { task_id, video, again: self.state.job.stumbles > 0 })
    }
}
