//! A message to many people, which outlives the process that sends it.

use serde::Serialize;

use super::{BotId, PersonId};
use crate::brief::Lang;
use crate::clock::Timestamp;

/// A message to everybody who can be written to.
#[derive(Debug, Clone)]
pub struct BroadcastNew {
    /// Its id: the same begins once.
    pub id: String,
    /// By which bot.
    pub bot: BotId,
    /// Whose idea it was.
    pub author: PersonId,
    /// What it says, in plain words.
    pub text: String,
    /// Only for people with this language.
    pub lang: Option<Lang>,
}

/// Where a broadcast stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BroadcastState {
    /// It goes on.
    Sending,
    /// Somebody stopped it.
    Cancelled,
    /// Everybody was handed out.
    Done,
}

/// A broadcast, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broadcast {
    /// Its id.
    pub id: String,
    /// Whose idea it was.
    pub author: PersonId,
    /// What it says.
    pub text: String,
    /// Only for people with this language.
    pub lang: Option<Lang>,
    /// Where it stands.
    pub state: BroadcastState,
    /// How many people there were when it began.
    pub total: u64,
    /// How many have it.
    pub sent: u64,
    /// How many do not want to hear from us any more.
    pub blocked: u64,
    /// To how many it could not be sent.
    pub failed: u64,
    /// Of how many nobody knows whether they have it: it is not sent to them again.
    pub unknown: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// Raised by each claim.
    #[serde(skip)]
    pub epoch: i64,
}

/// What came of one message of a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BroadcastOutcome {
    /// They have it.
    Sent,
    /// They do not want to hear from us.
    Blocked,
    /// It cannot be sent to them.
    Failed,
    /// Nobody knows.
    Unknown,
    /// It provably did not happen: they are handed out again.
    Later,
}

impl BroadcastState {
    /// The word, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Cancelled => "cancelled",
            Self::Done => "done",
        }
    }

    /// The state of a word that was stored.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Sending, Self::Cancelled, Self::Done].into_iter().find(|state| state.as_str() == word)
    }
}
