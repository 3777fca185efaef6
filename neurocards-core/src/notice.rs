//! Something to tell a person: a row of the outbox.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::account::AccountKey;
use crate::artifact::Artifact;
use crate::brief::UnknownWord;
use crate::check::Objection;
use crate::clock::Timestamp;
use crate::credits::Credits;
use crate::fault::FaultClass;
use crate::ids::{JobId, NoticeId, OrderId};

/// What a notice says. Frontends make the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoticeBody {
    /// An order was accepted.
    Started {
        /// How many videos.
        videos: u32,
        /// What they hold together.
        held: Credits,
    },
    /// A job takes longer than people expect.
    Slow,
    /// A video is ready.
    Result {
        /// The video.
        artifact: Artifact,
    },
    /// A job ended without a video.
    Failed {
        /// Why.
        class: FaultClass,
        /// What its photo or its text shows that must not be shown, if it was found before any render.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        objection: Option<Objection>,
        /// What went back to the account.
        released: Credits,
    },
    /// A job was taken back.
    Cancelled {
        /// What went back to the account.
        released: Credits,
    },
    /// The video of a failed job came after all. It costs nothing: its price went back before.
    Gift {
        /// The video.
        artifact: Artifact,
    },
}

/// The kinds of notices. Each exists at most once for each subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// An order was accepted.
    Started,
    /// A job takes longer.
    Slow,
    /// A video is ready.
    Result,
    /// A job ended without a video.
    Failed,
    /// A job was taken back.
    Cancelled,
    /// The video of a failed job came after all.
    Gift,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Started, Self::Slow, Self::Result, Self::Failed, Self::Cancelled, Self::Gift];

    /// The kind as stored and as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Slow => "slow",
            Self::Result => "result",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Gift => "gift",
        }
    }

    /// Once this is written, earlier news of the same job that was not sent yet is not sent any more.
    pub fn supersedes_earlier(self) -> bool {
        matches!(self, Self::Result | Self::Failed | Self::Cancelled)
    }
}

impl NoticeBody {
    /// The kind of this body.
    pub fn kind(&self) -> NoticeKind {
        match self {
            Self::Started { .. } => NoticeKind::Started,
            Self::Slow => NoticeKind::Slow,
            Self::Result { .. } => NoticeKind::Result,
            Self::Failed { .. } => NoticeKind::Failed,
            Self::Cancelled { .. } => NoticeKind::Cancelled,
            Self::Gift { .. } => NoticeKind::Gift,
        }
    }
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "of", content = "id", rename_all = "snake_case")]
pub enum Subject {
    /// A whole order.
    Order(OrderId),
    /// One job.
    Job(JobId),
}

/// Where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// To be sent.
    Pending,
    /// Committed just before the request: it may have been sent.
    Sending,
    /// The channel confirmed it.
    Sent,
    /// It may have arrived. Never sent again by itself.
    Unknown,
    /// The recipient does not want to hear from us.
    Blocked,
    /// Later news made it needless.
    Superseded,
    /// The channel refused it for good: operators look at these.
    Dead,
}

impl NoticeState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Sending,
        Self::Sent,
        Self::Unknown,
        Self::Blocked,
        Self::Superseded,
        Self::Dead,
    ];

    /// The state as stored and as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Blocked => "blocked",
            Self::Superseded => "superseded",
            Self::Dead => "dead",
        }
    }
}

impl FromStr for NoticeState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| UnknownWord::new("notice state", word, Self::ALL.map(Self::as_str)))
    }
}

/// One row of the outbox, unique for its subject and kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The row's id.
    pub id: NoticeId,
    /// Whom it is for.
    pub account: AccountKey,
    /// What it is about.
    pub subject: Subject,
    /// The order that the subject is, or belongs to.
    pub order_id: OrderId,
    /// What it says.
    pub body: NoticeBody,
    /// Where it stands.
    pub state: NoticeState,
    /// How many times sending was begun.
    pub sends: u32,
    /// Raised by each claim.
    pub lease_epoch: i64,
    /// What the channel answered: a message id.
    pub receipt: Option<String>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When its last state was written.
    pub updated_at: Timestamp,
}
