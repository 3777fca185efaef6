//! The one function that decides.

mod claimed;
mod ending;
mod submission;
mod task;

use std::time::Duration;

use super::policy::Policy;
use super::route::Route;
use super::transition::{AttemptWrite, JobState, Transition, Wake};
use crate::artifact::Artifact;
use crate::attempt::{Attempt, AttemptState};
use crate::clock::{Timestamp, later};
use crate::fault::Fault;
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
    /// A worker took it that does not know its model. Others may.
    Unserved,
    /// The prompt is there, for the model that the route names. `fault` says why it is not the language model's, if
    /// one was asked.
    PromptBuilt {
        /// The prompt.
        prompt: Prompt,
        /// Why the first choice did not serve.
        fault: Option<Fault>,
        /// Where the first attempt goes.
        route: Box<Route>,
    },
    /// The brief breaks the rules: there will be no prompt.
    PromptRefused(Fault),
    /// It is known where the next attempt goes.
    Routed(Route),
    /// The provider has the photo; the paid call comes next.
    Uploaded {
        /// The name of the key that it will be made with, where there are several.
        key: Option<String>,
        /// Why that one.
        reason: Option<String>,
    },
    /// The photo could not be handed over. Nothing was paid for.
    UploadFailed(Fault),
    /// Nothing may leave now, and nothing failed. Nothing was paid for.
    NotNow {
        /// How long.
        wait: Duration,
        /// Why, for people who wait.
        why: Fault,
    },
    /// The provider took the submission.
    Accepted {
        /// Its id of the task.
        task_id: String,
    },
    /// The provider refused the submission, or it provably never left: there is no task.
    Rejected(Fault),
    /// The submission may have arrived.
    InDoubt(Fault),
    /// The provider knows the submission by its attempt id, or the task that a callback named is the attempt's.
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
    /// Find out where the first attempt goes, and write the prompt for it.
    BuildPrompt,
    /// Find out where the next attempt goes.
    Route,
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
    /// Read the task that a callback named: is it there, and this attempt's? Answered by [`Event::Found`] or
    /// [`Event::ReadFailed`].
    Verify {
        /// What the callback named.
        task_id: String,
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
            (_, _, Event::Unserved) => self.unserved(),
            (_, _, Event::CancelRequested) => self.cancel(),
            (Stage::Prompt, None, Event::PromptBuilt { prompt, fault, route }) => {
                self.prompt_built(prompt, fault, *route)
            }
            (Stage::Prompt | Stage::Submit, None, Event::Routed(Route::Nowhere(fault))) => {
                self.fail(fault, None)
            }
            (Stage::Submit, None, Event::Routed(Route::Wait { wait, why })) => self.wait(wait, why),
            (Stage::Submit, None, Event::Routed(Route::Go { model, reason, text })) => {
                self.routed(model, reason, text)
            }
            (Stage::Prompt, None, Event::PromptRefused(fault)) => self.fail(fault, None),
            (Stage::Submit, Some(AttemptState::Intent), Event::Uploaded { key, reason }) => {
                self.uploaded(key, reason)
            }
            (Stage::Submit, Some(AttemptState::Intent), Event::UploadFailed(fault)) => {
                self.upload_failed(fault)
            }
            (Stage::Submit, Some(AttemptState::Intent), Event::NotNow { wait, why }) => self.wait(wait, why),
            (Stage::Submit, Some(AttemptState::Sent), event) => self.answered(event),
            (Stage::Wait, Some(AttemptState::Unknown), event) => self.answered(event),
            (Stage::Wait, Some(AttemptState::Accepted), event) => self.read(event),
            (Stage::Store, None, event) => self.fetched(event),
            _ => NOTHING,
        }
    }

    /// How long ago the attempt was sent.
    fn age(&self, attempt: &Attempt) -> Duration {
        let sent = attempt.sent_at.unwrap_or(attempt.created_at);
        (self.context.now - sent).to_std().unwrap_or_default()
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
            late: None,
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
    key: Option<String>,
    reason: Option<String>,
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
    let Change { key, reason, task_id, video, fault, cost_milli } = parts;
    let (id, from) = (attempt.id, attempt.state);
    AttemptWrite::Update { id, from, to, key, reason, task_id, video, fault, cost_milli }
}

/// The wait that the other side asked for, as long as it makes sense: a job lives for an hour.
fn asked_for(fault: &Fault) -> Duration {
    fault.retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER)
}

/// A reason is no longer than the message of a fault.
fn cut(reason: &str) -> String {
    reason.chars().take(Fault::MESSAGE_MAX_CHARS).collect()
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}
