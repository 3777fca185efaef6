//! The one function that decides.

use std::time::Duration;

use super::policy::Policy;
use super::transition::{AttemptWrite, JobEventBody, JobState, Settlement, Transition, Wake};
use crate::artifact::Artifact;
use crate::attempt::{Attempt, AttemptState};
use crate::clock::{Timestamp, later};
use crate::fault::{Fault, FaultClass};
use crate::ids::{AttemptId, EntryId, NoticeId};
use crate::job::Stage;
use crate::notice::NoticeBody;
use crate::prompt::Prompt;

/// What happened to a job.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A worker took it.
    Claimed,
    /// The prompt is there. `fault` says why it is not the language model's, if one was asked.
    PromptBuilt {
        /// The prompt.
        prompt: Prompt,
        /// Why the first choice did not serve.
        fault: Option<Fault>,
    },
    /// The brief breaks the rules: there will be no prompt.
    PromptRefused(Fault),
    /// The provider has the photo; the paid call comes next.
    Uploaded,
    /// The photo could not be handed over. Nothing was paid for.
    UploadFailed(Fault),
    /// The provider took the submission.
    Accepted {
        /// Its id of the task.
        task_id: String,
    },
    /// The provider refused the submission, or it provably never left: there is no task.
    Rejected(Fault),
    /// The submission may have arrived.
    InDoubt(Fault),
    /// The provider knows the submission by its attempt id.
    Found {
        /// Its id of the task.
        task_id: String,
    },
    /// The submission never arrived.
    Absent,
    /// The task is under way.
    Running,
    /// The task could not be read: nothing is known of it.
    ReadFailed(Fault),
    /// The provider finished the video.
    Rendered {
        /// Where it lies.
        video: String,
        /// What the provider charged, in thousandths of its own credits.
        cost_milli: Option<i64>,
    },
    /// The provider says that the task failed.
    RenderFailed(Fault),
    /// The video is durable.
    Stored(Artifact),
    /// The video could not be fetched, or is no video.
    FetchFailed(Fault),
    /// The video could not be stored: the media store is full or away.
    StorageFailed(Fault),
    /// The buyer wants it back.
    CancelRequested,
}

/// What to do once the step is written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Write the prompt.
    BuildPrompt,
    /// Hand the photo to the provider.
    Upload,
    /// Make the paid call, once.
    Submit {
        /// The attempt that it belongs to.
        attempt: AttemptId,
    },
    /// Ask the provider whether a submission arrived.
    Lookup {
        /// The attempt that it belongs to.
        attempt: AttemptId,
    },
    /// Read the task.
    Read {
        /// The provider's id of the task.
        task_id: String,
    },
    /// Fetch the video and store it.
    Fetch {
        /// The provider's id of the task.
        task_id: String,
        /// Where the video lies.
        video: String,
        /// An earlier fetch failed: read the task again for a fresh address.
        again: bool,
    },
}

/// The answer of [`step`].
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What to write, in one transaction, before anything else.
    pub write: Option<Transition>,
    /// What to do after the write was applied. `None` ends the worker's turn.
    pub then: Option<Effect>,
}

/// What a decision may look at besides the job.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The numbers.
    pub policy: &'a Policy,
    /// The store's time.
    pub now: Timestamp,
    /// Chance, in `0.0..1.0`.
    pub jitter: f64,
    /// Ids for the rows that the step may add.
    pub fresh: FreshIds,
}

/// Ids for the rows that a step may add, unused so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreshIds {
    /// For a new attempt.
    pub attempt: AttemptId,
    /// For the ledger entry of a final step.
    pub entry: EntryId,
    /// For a notice.
    pub notice: NoticeId,
}

/// Decides what an event means for a job: what to write and what to do next.
///
/// Pure: the same arguments give the same answer. An event that does not fit the job's state (a late answer, a
/// second final event) writes nothing and does nothing.
pub fn step(state: &JobState, event: Event, context: Context<'_>) -> Step {
    Decision { state, context }.on(event)
}

/// A longer Retry-After is cut.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

const NOTHING: Step = Step { write: None, then: None };

struct Decision<'a> {
    state: &'a JobState,
    context: Context<'a>,
}

impl Decision<'_> {
    fn on(&self, event: Event) -> Step {
        let live = self.state.live_attempt();
        let live_state = live.map(|attempt| attempt.state);
        match (self.state.job.stage, live_state, event) {
            (stage, _, _) if stage.is_final() => NOTHING,
            (_, _, Event::Claimed) => self.claimed(),
            (_, _, Event::CancelRequested) => self.cancel(),
            (Stage::Prompt, None, Event::PromptBuilt { prompt, fault }) => self.prompt_built(prompt, fault),
            (Stage::Prompt, None, Event::PromptRefused(fault)) => self.fail(fault, None),
            (Stage::Submit, Some(AttemptState::Intent), Event::Uploaded) => self.uploaded(),
            (Stage::Submit, Some(AttemptState::Intent), Event::UploadFailed(fault)) => {
                self.upload_failed(fault)
            }
            (Stage::Submit, Some(AttemptState::Sent), event) => self.answered(event),
            (Stage::Wait, Some(AttemptState::Unknown), event) => self.answered(event),
            (Stage::Wait, Some(AttemptState::Accepted), event) => self.read(event),
            (Stage::Store, None, event) => self.fetched(event),
            _ => NOTHING,
        }
    }

    fn claimed(&self) -> Step {
        let (job, policy) = (&self.state.job, self.context.policy);
        if job.crashes > policy.crash_limit {
            let message = format!("{} workers in a row stopped while they held the job", policy.crash_limit);
            return self.fail(Fault::new(FaultClass::Unknown, message), None);
        }
        let grace = if job.stage == Stage::Store { policy.store_grace } else { Duration::ZERO };
        if self.context.now >= later(job.deadline_at, grace) {
            let message = "there was no video before the deadline";
            return self.fail(Fault::new(FaultClass::Temporary, message), None);
        }
        match (job.stage, self.state.live_attempt()) {
            (Stage::Prompt, _) => Self::only(Effect::BuildPrompt),
            (Stage::Submit, None) => {
                let write =
                    Transition { attempt: Some(self.new_attempt()), ..self.write(Stage::Submit, Wake::Keep) };
                Step { write: Some(write), then: Some(Effect::Upload) }
            }
            (Stage::Submit, Some(attempt)) if attempt.state == AttemptState::Intent => {
                Self::only(Effect::Upload)
            }
            (Stage::Submit | Stage::Wait, Some(attempt)) => self.resume(attempt),
            (Stage::Store, _) => self.fetch(),
            _ => NOTHING,
        }
    }

    /// The worker that sent the submission is gone, or the task is to be read.
    fn resume(&self, attempt: &Attempt) -> Step {
        let policy = self.context.policy;
        match (attempt.state, &attempt.task_id) {
            (AttemptState::Accepted, Some(task_id)) => Self::only(Effect::Read { task_id: task_id.clone() }),
            (AttemptState::Unknown, _) if self.age(attempt) >= policy.unknown_grace => {
                let message = "nobody knows whether the submission arrived, and it will not be sent again";
                self.fail(Fault::new(FaultClass::Unknown, message), None)
            }
            _ if policy.lookup => Self::only(Effect::Lookup { attempt: attempt.id }),
            _ => {
                let message = "the worker stopped while the submission was under way";
                self.in_doubt(Fault::new(FaultClass::Unknown, message))
            }
        }
    }

    fn fetch(&self) -> Step {
        let Some(attempt) = &self.state.attempt else { return NOTHING };
        let (Some(task_id), Some(video)) = (attempt.task_id.clone(), attempt.video.clone()) else {
            return NOTHING;
        };
        Self::only(Effect::Fetch { task_id, video, again: self.state.job.stumbles > 0 })
    }

    fn prompt_built(&self, prompt: Prompt, fault: Option<Fault>) -> Step {
        let event = JobEventBody::Prompted { source: prompt.source.clone(), fault };
        let write = Transition {
            prompt: Some(prompt),
            attempt: Some(self.new_attempt()),
            event: Some(event),
            ..self.write(Stage::Submit, Wake::Keep)
        };
        Step { write: Some(write), then: Some(Effect::Upload) }
    }

    fn uploaded(&self) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        let write = Transition {
            attempt: Some(update(attempt, AttemptState::Sent)),
            event: Some(JobEventBody::Sent { attempt: attempt.seq }),
            ..self.write(Stage::Submit, Wake::Keep)
        };
        Step { write: Some(write), then: Some(Effect::Submit { attempt: attempt.id }) }
    }

    fn upload_failed(&self, fault: Fault) -> Step {
        match fault.class {
            FaultClass::Temporary | FaultClass::RateLimit => self.stumble(fault),
            _ => self.fail(fault, None),
        }
    }

    /// What came of the paid call.
    fn answered(&self, event: Event) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        match event {
            Event::Accepted { task_id } | Event::Found { task_id } => {
                let accepted = JobEventBody::Accepted { task_id: task_id.clone() };
                let change = change(attempt, AttemptState::Accepted, |write| write.task_id = Some(task_id));
                let wake = Wake::After(self.context.policy.poll_min);
                Self::last(Transition {
                    attempt: Some(change),
                    event: Some(accepted),
                    error: None,
                    ..self.write(Stage::Wait, wake)
                })
            }
            Event::Rejected(fault) => self.retry_or_fail(fault, AttemptState::Rejected),
            Event::InDoubt(fault) => self.in_doubt(fault),
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

    fn in_doubt(&self, fault: Fault) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        let policy = self.context.policy;
        let left = policy.unknown_grace.saturating_sub(self.age(attempt));
        let wait = if policy.lookup { policy.poll_after(self.age(attempt)).min(left) } else { left };
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

    /// What came of reading the task.
    fn read(&self, event: Event) -> Step {
        let Some(attempt) = self.state.live_attempt() else { return NOTHING };
        let poll = self.context.policy.poll_after(self.age(attempt));
        match event {
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
    fn fetched(&self, event: Event) -> Step {
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
            Event::StorageFailed(fault) => self.again(fault, self.context.policy.storage_retry, 0),
            _ => NOTHING,
        }
    }

    /// The same step once more, a bounded number of times.
    fn stumble(&self, fault: Fault) -> Step {
        let stumbles = self.state.job.stumbles + 1;
        if stumbles >= self.context.policy.max_stumbles {
            return self.fail(fault, None);
        }
        let wait = self.backoff(&fault, stumbles - 1);
        self.again(fault, wait, stumbles)
    }

    fn again(&self, fault: Fault, wait: Duration, stumbles: u32) -> Step {
        let event = JobEventBody::Stumbled { fault: fault.clone(), after_ms: millis(wait) };
        // A full disk says the same every half minute: once is enough for the history.
        let news = self.state.job.error.as_ref() != Some(&fault);
        let write = self.write(self.state.job.stage, Wake::After(wait));
        Self::last(Transition { stumbles, error: Some(fault), event: news.then_some(event), ..write })
    }

    /// Another submission, a bounded number of times and only for faults that pass.
    fn retry_or_fail(&self, fault: Fault, ended: AttemptState) -> Step {
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

    /// The end without a video. `ended` is the provider's word on the live attempt; without one, an attempt that
    /// may have been sent is abandoned.
    fn fail(&self, fault: Fault, ended: Option<AttemptState>) -> Step {
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
            notice: self.notice(NoticeBody::Failed { class: fault.class, released }),
            event: Some(event),
            error: Some(fault),
            ..self.write(Stage::Failed, Wake::Never)
        })
    }

    fn cancel(&self) -> Step {
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

    fn backoff(&self, fault: &Fault, earlier: u32) -> Duration {
        let policy = self.context.policy;
        let base = match fault.class {
            FaultClass::RateLimit => policy.retry_rate_limit,
            _ => policy.retry_temporary,
        };
        let wait = Policy::backoff(base, earlier, self.context.jitter);
        wait.max(asked_for(fault))
    }

    /// How long ago the attempt was sent.
    fn age(&self, attempt: &Attempt) -> Duration {
        let sent = attempt.sent_at.unwrap_or(attempt.created_at);
        (self.context.now - sent).to_std().unwrap_or_default()
    }

    fn new_attempt(&self) -> AttemptWrite {
        AttemptWrite::Insert { id: self.context.fresh.attempt, seq: self.state.job.attempts + 1 }
    }

    /// A step that changes nothing but stage and timer, with the notice "taking longer" when it is due.
    fn write(&self, to: Stage, wake: Wake) -> Transition {
        let job = &self.state.job;
        let slow = !job.slow_told
            && !to.is_final()
            && self.context.now >= later(job.created_at, self.context.policy.slow_after);
        Transition {
            job_id: job.id,
            epoch: job.lease_epoch,
            from: job.stage,
            to,
            wake,
            prompt: None,
            attempt: None,
            retries: job.retries,
            stumbles: if to == job.stage { job.stumbles } else { 0 },
            error: job.error.clone(),
            slow_told: job.slow_told || slow,
            settlement: None,
            artifact: None,
            notice: if slow { self.notice(NoticeBody::Slow) } else { None },
            event: None,
        }
    }

    fn notice(&self, body: NoticeBody) -> Option<(NoticeId, NoticeBody)> {
        Some((self.context.fresh.notice, body))
    }

    fn only(effect: Effect) -> Step {
        Step { write: None, then: Some(effect) }
    }

    fn last(write: Transition) -> Step {
        Step { write: Some(write), then: None }
    }
}

/// The optional parts of a change of an attempt.
#[derive(Default)]
struct Change {
    task_id: Option<String>,
    video: Option<String>,
    fault: Option<Fault>,
    cost_milli: Option<i64>,
}

fn update(attempt: &Attempt, to: AttemptState) -> AttemptWrite {
    change(attempt, to, |_| {})
}

fn change(attempt: &Attempt, to: AttemptState, fill: impl FnOnce(&mut Change)) -> AttemptWrite {
    let mut parts = Change::default();
    fill(&mut parts);
    let Change { task_id, video, fault, cost_milli } = parts;
    AttemptWrite::Update { id: attempt.id, from: attempt.state, to, task_id, video, fault, cost_milli }
}

/// The wait that the other side asked for, as long as it makes sense: a job lives for an hour.
fn asked_for(fault: &Fault) -> Duration {
    fault.retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER)
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
