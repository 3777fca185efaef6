//! From the prompt to the provider's answer to the paid call.

use std::time::Duration;

use super::{Decision, Effect, Event, NOTHING, Step, asked_for, change, cut};
use crate::attempt::AttemptState;
use crate::fault::{Fault, FaultClass};
use crate::job::Stage;
use crate::lifecycle::route::Route;
use crate::lifecycle::transition::{AttemptWrite, JobEventBody, Transition, Wake};
use crate::prompt::Prompt;

impl Decision<'_> {
    /// In the usual case the attempt begins in the same write.
    pub(super) fn prompt_built(&self, prompt: Prompt, fault: Option<Fault>, route: Route) -> Step {
        let event = JobEventBody::Prompted { source: prompt.source.clone(), fault };
        let (attempt, then) = match route {
            Route::Go { model, reason, .. } => (Some(self.new_attempt(model, &reason)), Effect::Upload),
            Route::Wait { .. } | Route::Nowhere(_) => (None, Effect::Route),
        };
        let write = Transition {
            prompt: Some(prompt),
            attempt,
            event: Some(event),
            ..self.write(Stage::Submit, Wake::Keep)
        };
        Step { write: Some(write), then: Some(then) }
    }

    /// The next attempt begins.
    pub(super) fn routed(&self, model: String, reason: String, text: Option<String>) -> Step {
        let from = &self.state.job.model;
        let prompt = self.state.job.prompt.as_ref().zip(text);
        let moved = JobEventBody::Rerouted { from: from.clone(), to: model.clone(), reason: reason.clone() };
        let write = Transition {
            prompt: prompt.map(|(prompt, text)| Prompt { text, ..prompt.clone() }),
            event: (*from != model).then_some(moved),
            attempt: Some(self.new_attempt(model, &reason)),
            ..self.write(Stage::Submit, Wake::Keep)
        };
        Step { write: Some(write), then: Some(Effect::Upload) }
    }

    pub(super) fn uploaded(&self, key: Option<String>, reason: Option<String>) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        let reasons: Vec<String> = attempt.reason.clone().into_iter().chain(reason).collect();
        let reason = (!reasons.is_empty()).then(|| cut(&reasons.join("; ")));
        let event = JobEventBody::Sent {
            attempt: attempt.seq,
            model: attempt.model.clone(),
            key: key.clone(),
            reason: reason.clone(),
        };
        let change = change(attempt, AttemptState::Sent, |write| {
            write.key = key;
            write.reason = reason;
        });
        let write =
            Transition { attempt: Some(change), event: Some(event), ..self.write(Stage::Submit, Wake::Keep) };
        Step { write: Some(write), then: Some(Effect::Submit { attempt: attempt.id }) }
    }

    pub(super) fn upload_failed(&self, fault: Fault) -> Step {
        match fault.class {
            FaultClass::Temporary | FaultClass::RateLimit => self.stumble(fault),
            _ => self.retry_or_fail(fault, AttemptState::Rejected),
        }
    }

    /// What came of the paid call.
    pub(super) fn answered(&self, event: Event) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        match event {
            Event::Accepted { task_id } | Event::Found { task_id } => self.accepted(task_id),
            Event::Rejected(fault) => self.retry_or_fail(fault, AttemptState::Rejected),
            Event::InDoubt(fault) => self.in_doubt(fault),
            // What a callback named could not be read: it proves nothing, in neither direction.
            Event::ReadFailed(_) if self.context.policy.lookup => {
                Self::only(Effect::Lookup { attempt: attempt.id })
            }
            Event::ReadFailed(fault) if self.is_overdue() && attempt.state == AttemptState::Unknown => {
                self.last_look_failed(fault)
            }
            Event::ReadFailed(fault) => self.in_doubt(fault),
            Event::Absent => {
                let fault = Fault::new(FaultClass::Temporary, "the submission never arrived");
                let change =
                    change(attempt, AttemptState::Rejected, |write| write.fault = Some(fault.clone()));
                let event = JobEventBody::Retrying { fault, after_ms: 0 };
                let write = self.write(Stage::Submit, Wake::After(Duration::ZERO));
                Self::last(Transition { attempt: Some(change), event: Some(event), ..write })
            }
            _ => NOTHING,
        }
    }

    /// The provider has the task.
    pub(super) fn accepted(&self, task_id: String) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        // Whoever called back did so because there is something to read.
        let wait = if attempt.hint.is_some() { Duration::ZERO } else { self.context.policy.poll_min };
        let event = JobEventBody::Accepted { task_id: task_id.clone() };
        let change = change(attempt, AttemptState::Accepted, |write| write.task_id = Some(task_id));
        Self::last(Transition {
            attempt: Some(change),
            event: Some(event),
            error: None,
            ..self.write(Stage::Wait, Wake::After(wait))
        })
    }

    pub(super) fn in_doubt(&self, fault: Fault) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        let policy = self.context.policy;
        let poll = policy.poll_after(self.age(attempt));
        // The provider may call back in the meantime; a look at our own store costs nothing. Once somebody has, the
        // task is asked for until the deadline: there is a sign of it.
        let wait = match attempt.hint {
            Some(_) => poll.max(asked_for(&fault)),
            None => poll.min(policy.unknown_grace.saturating_sub(self.age(attempt))),
        };
        let write = Transition { error: Some(fault.clone()), ..self.write(Stage::Wait, Wake::After(wait)) };
        if attempt.state == AttemptState::Unknown {
            return Self::last(write);
        }
        let change = change(attempt, AttemptState::Unknown, |write| write.fault = Some(fault.clone()));
        Self::last(Transition {
            attempt: Some(change),
            event: Some(JobEventBody::InDoubt { fault }),
            ..write
        })
    }

    fn new_attempt(&self, model: String, reason: &str) -> AttemptWrite {
        let seq = self.state.job.attempts + 1;
        AttemptWrite::Insert { id: self.context.fresh.attempt, seq, model, reason: cut(reason) }
    }
}
