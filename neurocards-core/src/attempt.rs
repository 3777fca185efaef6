//! One submission of a job to a provider.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::brief::UnknownWord;
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::ids::{AttemptId, JobId};
use crate::provider::TaskRef;

/// What is known of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// Nothing was sent: safe to do again.
    Intent,
    /// Committed just before the request: it may have been sent.
    Sent,
    /// The provider has the task; its id is known.
    Accepted,
    /// The provider refused, or the request provably never left.
    Rejected,
    /// The request may have arrived, and no task id is known. Never sent again.
    Unknown,
    /// The provider finished the video.
    Succeeded,
    /// The provider said that the task failed.
    Failed,
    /// We stopped waiting; the provider may still charge.
    Abandoned,
    /// It brought a video after the job had ended and its price had gone back: the video was given away.
    Gifted,
}

impl AttemptState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Intent,
        Self::Sent,
        Self::Accepted,
        Self::Rejected,
        Self::Unknown,
        Self::Succeeded,
        Self::Failed,
        Self::Abandoned,
        Self::Gifted,
    ];

    /// The state as stored and as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Sent => "sent",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
            Self::Gifted => "gifted",
        }
    }

    /// The job still depends on it. A job has at most one such attempt, and the stores hold that by an index.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Intent | Self::Sent | Self::Accepted | Self::Unknown)
    }

    /// The provider may charge for it. A job has at most one such attempt, and the stores hold that by an index.
    pub fn may_be_charged(self) -> bool {
        matches!(
            self,
            Self::Sent | Self::Accepted | Self::Unknown | Self::Succeeded | Self::Abandoned | Self::Gifted
        )
    }
}

impl FromStr for AttemptState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| UnknownWord::new("attempt state", word, Self::ALL.map(Self::as_str)))
    }
}

/// One submission of a job to a provider, as stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// The attempt's id; it travels with the submission.
    pub id: AttemptId,
    /// Whose attempt.
    pub job_id: JobId,
    /// 1 for the first one of the job.
    pub seq: u32,
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
    /// The name of the key that it is sent with, where the provider has several: its fingerprint, never itself. Known
    /// from `sent` on.
    pub key: Option<String>,
    /// Why this model and this key: `default`, `asked for`, `successor of …`. Missing in attempts of older versions.
    pub reason: Option<String>,
    /// What is known of it.
    pub state: AttemptState,
    /// The provider's id of the task, once known. Unique for each provider.
    pub task_id: Option<String>,
    /// The task id that a callback named last while the reply to the submission was missing. It proves nothing until
    /// the task was read.
    pub hint: Option<String>,
    /// Where the provider keeps the finished video.
    pub video: Option<String>,
    /// What went wrong.
    pub fault: Option<Fault>,
    /// What the provider charged, in thousandths of its own credits, once known.
    pub cost_milli: Option<i64>,
    /// When the intent was written.
    pub created_at: Timestamp,
    /// When the request was about to leave.
    pub sent_at: Option<Timestamp>,
    /// When its last state was written.
    pub updated_at: Timestamp,
}

impl Attempt {
    /// The provider's task can be named: by the provider's reply, or by its callback.
    pub fn is_known(&self) -> bool {
        self.task_id.is_some() || self.hint.is_some()
    }

    /// Its task, once the provider's reply has named it.
    pub fn task(&self) -> Option<TaskRef<'_>> {
        self.task_id.as_deref().map(|task_id| self.task_called(task_id))
    }

    /// Its task, as the provider's reply has named it, or else its callback.
    pub fn known_task(&self) -> Option<TaskRef<'_>> {
        self.task_id.as_deref().or(self.hint.as_deref()).map(|task_id| self.task_called(task_id))
    }

    /// A task of this name, if it is this attempt's.
    pub(crate) fn task_called<'a>(&'a self, task_id: &'a str) -> TaskRef<'a> {
        TaskRef { attempt: self.id, task_id, model: &self.model, key: self.key.as_deref() }
    }
}
