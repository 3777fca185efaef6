//! What one step writes: applied by a store in one transaction, or not at all.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::artifact::Artifact;
use crate::attempt::{Attempt, AttemptState};
use crate::clock::{Timestamp, later};
use crate::credits::Credits;
use crate::fault::Fault;
use crate::ids::{AttemptId, EntryId, JobId, NoticeId};
use crate::job::{Job, Stage};
use crate::ledger::EntryKind;
use crate::notice::NoticeBody;
use crate::prompt::Prompt;

/// A job with its latest attempt: what the lifecycle decides on.
#[derive(Debug, Clone, PartialEq)]
pub struct JobState {
    /// The job.
    pub job: Job,
    /// Its latest attempt, live or not.
    pub attempt: Option<Attempt>,
}

/// What one step writes. A store applies all of it in one transaction, under the fence
/// `WHERE id AND lease_epoch AND stage`; when the fence does not hold it writes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// The job.
    pub job_id: JobId,
    /// The epoch of the claim that this step belongs to.
    pub epoch: i64,
    /// The stage that the job must be in.
    pub from: Stage,
    /// The stage that it will be in.
    pub to: Stage,
    /// What happens to the lease.
    pub wake: Wake,
    /// The prompt, when it was written in this step.
    pub prompt: Option<Prompt>,
    /// What happens to the attempts.
    pub attempt: Option<AttemptWrite>,
    /// The new number of retries.
    pub retries: u32,
    /// The new number of faults in a row at this stage.
    pub stumbles: u32,
    /// The last trouble; final for a failed job. `None` clears it.
    pub error: Option<Fault>,
    /// The new mark that the notice "taking longer" was written.
    pub slow_told: bool,
    /// How the hold is resolved, and the id of that ledger entry: exactly in final steps.
    pub settlement: Option<(EntryId, Settlement)>,
    /// The artifact, exactly when the job is done.
    pub artifact: Option<Artifact>,
    /// What people are told, and the id of that notice.
    pub notice: Option<(NoticeId, NoticeBody)>,
    /// What the history says; steps that only set a timer say nothing.
    pub event: Option<JobEventBody>,
    /// The job ends without a video, but its latest attempt may still bring one: it is looked at after this time, if its
    /// task is known by then. A callback may have named it since the step was decided.
    pub late: Option<Duration>,
}

/// What happens to the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// The worker goes on at once; the lease stays as it is.
    Keep,
    /// The lease is given back, and the job can be claimed after this time, by the store's clock.
    After(Duration),
    /// The job is final.
    Never,
}

/// What happens to the attempts.
#[derive(Debug, Clone, PartialEq)]
pub enum AttemptWrite {
    /// A new one, in state `intent`.
    Insert {
        /// Its id.
        id: AttemptId,
        /// Its number in the job.
        seq: u32,
        /// The model that it goes to, which becomes the job's.
        model: String,
        /// Why that one.
        reason: String,
    },
    /// A change of the latest one, which must be in the state `from`; if it is not, the whole step is lost.
    Update {
        /// Which.
        id: AttemptId,
        /// The state that it must be in.
        from: AttemptState,
        /// The state that it will be in.
        to: AttemptState,
        /// The name of the key, when it was chosen.
        key: Option<String>,
        /// Why this model and this key, when that was decided.
        reason: Option<String>,
        /// The provider's task id, when it became known.
        task_id: Option<String>,
        /// Where the finished video lies, when that became known.
        video: Option<String>,
        /// What went wrong.
        fault: Option<Fault>,
        /// What the provider charged, in thousandths of its own credits, when that became known.
        cost_milli: Option<i64>,
    },
}

/// How a hold ends, as an entry of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The house keeps the price.
    Capture,
    /// The price goes back.
    Release,
}

impl Settlement {
    /// The kind of the ledger entry.
    pub fn kind(self) -> EntryKind {
        match self {
            Self::Capture => EntryKind::Capture,
            Self::Release => EntryKind::Release,
        }
    }
}

/// One line of a job's history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobEventBody {
    /// It was ordered, and its price is held.
    Placed {
        /// The price.
        held: Credits,
    },
    /// The prompt was written.
    Prompted {
        /// By whom: `offline`, or a language model's id.
        source: String,
        /// Why it is not the language model's, if one was asked.
        fault: Option<Fault>,
    },
    /// A submission is about to leave.
    Sent {
        /// Its number in the job.
        attempt: u32,
        /// The model that it goes to; empty in lines of older versions.
        #[serde(default)]
        model: String,
        /// The name of the key, where the provider has several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        /// Why this model and this key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The provider has the task.
    Accepted {
        /// The provider's task id.
        task_id: String,
    },
    /// Nobody knows whether the provider has the task.
    InDoubt {
        /// What went wrong.
        fault: Fault,
    },
    /// It was refused, or failed, for the sake of its account or its model: where the job goes next is being decided.
    Refused {
        /// Why.
        fault: Fault,
    },
    /// It goes on with another model.
    Rerouted {
        /// The model so far.
        from: String,
        /// The new one.
        to: String,
        /// Why that one.
        reason: String,
    },
    /// Another submission will follow.
    Retrying {
        /// Why.
        fault: Fault,
        /// After how long, in milliseconds.
        after_ms: u64,
    },
    /// The same step will be done again.
    Stumbled {
        /// Why.
        fault: Fault,
        /// After how long, in milliseconds.
        after_ms: u64,
    },
    /// Nothing may leave now, and nothing failed.
    Waiting {
        /// Why.
        fault: Fault,
        /// How long, in milliseconds.
        after_ms: u64,
    },
    /// The provider has finished the video.
    Rendered,
    /// The video is stored and the price captured.
    Done {
        /// The video.
        artifact: Artifact,
        /// The price.
        captured: Credits,
    },
    /// It ended without a video.
    Failed {
        /// Why.
        fault: Fault,
        /// What went back.
        released: Credits,
        /// Whether the provider may charge us all the same.
        provider_may_charge: bool,
    },
    /// Its video came after the end, and was given away.
    Gifted {
        /// The video.
        artifact: Artifact,
    },
    /// It was taken back.
    Cancelled {
        /// What went back.
        released: Credits,
    },
}

impl JobState {
    /// The attempt that the job still depends on.
    pub fn live_attempt(&self) -> Option<&Attempt> {
        self.attempt.as_ref().filter(|attempt| attempt.state.is_live())
    }

    /// Whether a step may be applied to this state: the lease, the stage, and the attempt that it was decided on.
    pub fn admits(&self, step: &Transition) -> bool {
        let fenced = self.job.lease_epoch == step.epoch
            && self.job.lease_owner.is_some()
            && self.job.stage == step.from;
        let attempt_fits = match (&step.attempt, &self.attempt) {
            (None, _) | (Some(AttemptWrite::Insert { .. }), None) => true,
            (Some(AttemptWrite::Insert { seq, .. }), Some(latest)) => {
                !latest.state.is_live() && !latest.state.may_be_charged() && latest.seq < *seq
            }
            (Some(AttemptWrite::Update { id, from, .. }), Some(latest)) => {
                latest.id == *id && latest.state == *from
            }
            (Some(AttemptWrite::Update { .. }), None) => false,
        };
        fenced && attempt_fits
    }

    /// The state after a step that was applied at `now`: what a store reads back.
    #[must_use]
    pub fn after(mut self, step: &Transition, now: Timestamp) -> Self {
        let job = &mut self.job;
        job.stage = step.to;
        job.prompt = step.prompt.clone().or(job.prompt.take());
        job.retries = step.retries;
        job.stumbles = step.stumbles;
        job.crashes = 0;
        job.error.clone_from(&step.error);
        job.slow_told = step.slow_told;
        match step.wake {
            Wake::Keep => {}
            Wake::After(wait) => {
                job.lease_owner = None;
                job.wake_at = Some(later(now, wait));
            }
            Wake::Never => {
                job.lease_owner = None;
                job.wake_at = None;
                job.finished_at = Some(now);
            }
        }
        match &step.attempt {
            None => {}
            Some(AttemptWrite::Insert { id, seq, model, reason }) => {
                job.attempts = *seq;
                job.model.clone_from(model);
                self.attempt = Some(Attempt {
                    id: *id,
                    job_id: job.id,
                    seq: *seq,
                    provider: job.provider.clone(),
                    model: model.clone(),
                    key: None,
                    reason: Some(reason.clone()),
                    state: AttemptState::Intent,
                    task_id: None,
                    hint: None,
                    video: None,
                    fault: None,
                    cost_milli: None,
                    created_at: now,
                    sent_at: None,
                    updated_at: now,
                });
            }
            Some(AttemptWrite::Update {
                from, to, key, reason, task_id, video, fault, cost_milli, ..
            }) => {
                if let Some(attempt) = &mut self.attempt {
                    // The provider has called back before the reply was written: there is something to read already.
                    if *from == AttemptState::Sent && attempt.hint.is_some() && step.to == Stage::Wait {
                        job.wake_at = Some(now);
                    }
                    attempt.state = *to;
                    attempt.key = key.clone().or(attempt.key.take());
                    attempt.reason = reason.clone().or(attempt.reason.take());
                    attempt.task_id = task_id.clone().or(attempt.task_id.take());
                    attempt.video = video.clone().or(attempt.video.take());
                    attempt.fault = fault.clone().or(attempt.fault.take());
                    attempt.cost_milli = cost_milli.or(attempt.cost_milli);
                    attempt.updated_at = now;
                    if *to == AttemptState::Sent {
                        attempt.sent_at = Some(now);
                    }
                }
            }
        }
        self
    }
}
