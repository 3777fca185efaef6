//! From the provider's task to the stored video.

use super::{Decision, Effect, Event, NOTHING, Step, asked_for, change};
use crate::attempt::AttemptState;
use crate::fault::Fault;
use crate::job::Stage;
use crate::lifecycle::transition::{JobEventBody, Settlement, Transition, Wake};
use crate::notice::NoticeBody;

impl Decision<'_> {
    /// What came of reading the task.
    pub(super) fn read(&self, event: Event) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        let poll = self.context.policy.poll_after(self.age(attempt));
        match event {
            Event::Running if self.is_overdue() => self.too_late(),
            Event::ReadFailed(fault) if self.is_overdue() => self.last_look_failed(fault),
            Event::Running => Self::last(self.write(Stage::Wait, Wake::After(poll))),
            Event::ReadFailed(fault) => {
                let wait = poll.max(asked_for(&fault));
                Self::last(Transition { error: Some(fault), ..self.write(Stage::Wait, Wake::After(wait)) })
            }
            Event::Rendered { video, cost_milli } => {
                let change = change(attempt, AttemptState::Succeeded, |write| {
                    write.video = Some(video.clone());
                    write.cost_milli = cost_milli;
                });
                let write = Transition {
                    attempt: Some(change),
                    event: Some(JobEventBody::Rendered),
                    error: None,
                    ..self.write(Stage::Store, Wake::Keep)
                };
                let task_id = attempt.task_id.clone().unwrap_or_default();
                Step { write: Some(write), then: Some(Effect::Fetch { task_id, video, again: false }) }
            }
            Event::RenderFailed(fault) => self.retry_or_fail(fault, AttemptState::Failed),
            _ => NOTHING,
        }
    }

    /// What came of fetching the video.
    pub(super) fn fetched(&self, event: Event) -> Step {
        match event {
            Event::Stored(artifact) => {
                let captured = self.state.job.price;
                Self::last(Transition {
                    settlement: Some((self.context.fresh.entry, Settlement::Capture)),
                    notice: self.notice(NoticeBody::Result { artifact: artifact.clone() }),
                    event: Some(JobEventBody::Done { artifact: artifact.clone(), captured }),
                    artifact: Some(artifact),
                    error: None,
                    ..self.write(Stage::Done, Wake::Never)
                })
            }
            Event::FetchFailed(fault) => self.stumble(fault),
            Event::StorageFailed(_) if self.is_overdue() => self.too_late(),
            Event::StorageFailed(fault) => self.again(fault, self.context.policy.storage_retry, 0),
            _ => NOTHING,
        }
    }

    /// The task could not be read when the deadline was over. That is no verdict, and after an outage many are asked for
    /// at once: a few times more, as for a fetch.
    pub(super) fn last_look_failed(&self, fault: Fault) -> Step {
        let stumbles = self.state.job.stumbles + 1;
        if stumbles >= self.context.policy.max_stumbles {
            return self.too_late();
        }
        let wait = self.backoff(&fault, stumbles - 1);
        self.again(fault, wait, stumbles)
    }
}
