//! One video of an order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::account::AccountKey;
use crate::brief::UnknownWord;
use crate::clock::Timestamp;
use crate::credits::Credits;
use crate::fault::Fault;
use crate::ids::{JobId, OrderId};
use crate::prompt::Prompt;

/// Where a job stands. `docs/state_machine.md` has the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The prompt is to be written.
    Prompt,
    /// The prompt is saved; the job is to be submitted to a provider.
    Submit,
    /// A provider has the job, or may have it.
    Wait,
    /// The provider has finished; the video is to be stored.
    Store,
    /// The artifact is durable and the credit captured.
    Done,
    /// It ended without an artifact; the credit was released.
    Failed,
    /// The buyer took it back before anything was sent; the credit was released.
    Cancelled,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 7] =
        [Self::Prompt, Self::Submit, Self::Wait, Self::Store, Self::Done, Self::Failed, Self::Cancelled];

    /// The stage as stored and as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Submit => "submit",
            Self::Wait => "wait",
            Self::Store => "store",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Nothing happens to the job any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// What people read instead of the stage.
    pub fn status(self) -> Status {
        match self {
            Self::Prompt => Status::Queued,
            Self::Submit | Self::Wait | Self::Store => Status::Processing,
            Self::Done => Status::Done,
            Self::Failed => Status::Failed,
            Self::Cancelled => Status::Cancelled,
        }
    }

    /// The stages that a status covers.
    pub fn of_status(status: Status) -> &'static [Self] {
        match status {
            Status::Queued => &[Self::Prompt],
            Status::Processing => &[Self::Submit, Self::Wait, Self::Store],
            Status::Done => &[Self::Done],
            Status::Failed => &[Self::Failed],
            Status::Cancelled => &[Self::Cancelled],
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Stage {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.as_str() == word)
            .ok_or_else(|| UnknownWord::new("stage", word, Self::ALL.map(Self::as_str)))
    }
}

/// What people read of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing has been sent yet.
    Queued,
    /// Under way.
    Processing,
    /// The video is there.
    Done,
    /// It ended without a video; the credit is back.
    Failed,
    /// Taken back by the buyer; the credit is back.
    Cancelled,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Processing, Self::Done, Self::Failed, Self::Cancelled];

    /// The status as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for Status {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| UnknownWord::new("state", word, Self::ALL.map(Self::as_str)))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One video of an order, as stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Job {
    /// The job's id.
    pub id: JobId,
    /// The order that it belongs to.
    pub order_id: OrderId,
    /// Who pays.
    pub account: AccountKey,
    /// 0-based index in the order.
    pub index: u32,
    /// The provider that serves the model.
    pub provider: String,
    /// The model.
    pub model: String,
    /// What it holds, and captures or releases at its end.
    pub price: Credits,
    /// Where it stands.
    pub stage: Stage,
    /// The saved prompt, from stage `submit` on.
    pub prompt: Option<Prompt>,
    /// How many submissions were begun.
    pub attempts: u32,
    /// How many submissions ended in a fault that allowed another one.
    pub retries: u32,
    /// Faults in a row at the present stage.
    pub stumbles: u32,
    /// Claims since the last step forward: what a job that kills its worker is caught by.
    pub crashes: u32,
    /// Why it failed; while it is under way, the last trouble.
    pub error: Option<Fault>,
    /// Whether the notice "taking longer" was written.
    pub slow_told: bool,
    /// Raised by each claim. A write with an older epoch changes nothing.
    pub lease_epoch: i64,
    /// The worker that holds it.
    pub lease_owner: Option<String>,
    /// When it can be claimed: its timer, or the end of its lease. Final jobs have none, all others do.
    pub wake_at: Option<Timestamp>,
    /// After this it ends without a video, whatever the provider does.
    pub deadline_at: Timestamp,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When it became final.
    pub finished_at: Option<Timestamp>,
}

impl Job {
    /// What people read.
    pub fn status(&self) -> Status {
        self.stage.status()
    }
}
