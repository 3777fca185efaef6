//! What a store is asked about tasks whose jobs do not wait for them any more, and what it answers.

use std::time::Duration;

use crate::artifact::Artifact;
use crate::attempt::{Attempt, AttemptState};
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::ids::{AttemptId, NoticeId};
use crate::job::Job;

/// What came of being told of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The job looks at it as soon as nobody else works on the job.
    Woken,
    /// The job ended without the task: it is read for a late video.
    Late,
    /// It was known, nothing waits for it, or the attempt has another task. Nothing changed.
    Nothing,
}

/// Which late tasks a worker takes.
#[derive(Debug, Clone)]
pub struct LateClaim {
    /// Only tasks of these providers.
    pub providers: Vec<String>,
    /// At most this many.
    pub limit: u32,
    /// For how long.
    pub lease: Duration,
}

/// A task whose job ended without it, and which may still bring a video.
#[derive(Debug, Clone, PartialEq)]
pub struct LateAttempt {
    /// The job, which has failed.
    pub job: Job,
    /// Its latest attempt, with a task that the provider's reply or its callback has named.
    pub attempt: Attempt,
    /// Counts the claims: settling needs the last one.
    pub epoch: i64,
    /// The store's time of the claim.
    pub claimed_at: Timestamp,
}

/// What came of looking at a late task.
#[derive(Debug, Clone)]
pub struct LateSettle {
    /// Which attempt.
    pub attempt: AttemptId,
    /// The epoch of the claim.
    pub epoch: i64,
    /// What came of it.
    pub outcome: LateOutcome,
}

/// What came of looking at a late task, as stored.
#[derive(Debug, Clone, PartialEq)]
pub enum LateOutcome {
    /// It is looked at again, after this time.
    Again(Duration),
    /// It brings nothing.
    Over {
        /// The attempt's last state: `failed` when the provider said so, else what it was.
        state: AttemptState,
        /// What went wrong.
        fault: Option<Fault>,
    },
    /// Its video is durable, and is given away: attempt, artifact, notice and history in one transaction. No credit
    /// moves.
    Gift {
        /// The video.
        artifact: Artifact,
        /// Where the provider kept it.
        video: String,
        /// What the provider charged, in thousandths of its own credits.
        cost_milli: Option<i64>,
        /// The id of the notice.
        notice: NoticeId,
    },
}

/// What being told of a task changes: the rule that every store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// The hint is set, in place of an older one, and the job woken if nobody works on it.
    Hint,
    /// The job is woken if nobody works on it.
    Wake,
    /// The hint is set unless the task is known, and looked at now, for a late video.
    Late,
    /// Nothing.
    Nothing,
}

impl Attempt {
    /// What it means for this attempt that a callback names this task. A newer hint takes the place of an older one,
    /// which nobody has proved so far: a wrong callback does not keep the right one out.
    pub fn on_told(&self, task_id: &str) -> Telling {
        use AttemptState::{Abandoned, Accepted, Failed, Gifted, Intent, Rejected, Sent, Succeeded, Unknown};
        if self.task_id.as_deref().is_some_and(|known| known != task_id) {
            return Telling::Nothing;
        }
        match self.state {
            Sent | Unknown => Telling::Hint,
            Accepted => Telling::Wake,
            Abandoned => Telling::Late,
            // The task of a job that is being stored, or is done, brings no news; that of a failed one has a timer.
            Succeeded | Intent | Rejected | Failed | Gifted => Telling::Nothing,
        }
    }
}

impl From<Telling> for Told {
    fn from(telling: Telling) -> Self {
        match telling {
            Telling::Hint | Telling::Wake => Self::Woken,
            Telling::Late => Self::Late,
            Telling::Nothing => Self::Nothing,
        }
    }
}
