//! Upkeep: which process does it for all, which videos are old, and which photos and videos anybody still needs.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::media::MediaKind;

/// Work that one process at a time does for all that share the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty {
    /// Removing what is old, and what nobody needs.
    Upkeep,
    /// Looking for trouble that operators are to hear of.
    Watch,
}

/// A process wants to lead in a duty.
#[derive(Debug, Clone)]
pub struct DutyClaim {
    /// Which duty.
    pub duty: Duty,
    /// The process, for people.
    pub leader: String,
    /// How long after it was done it is due again.
    pub every: Duration,
    /// How long the lead lasts without another word.
    pub term: Duration,
}

/// A lead in a duty. Its holder adds its own monotonic time to the moment at which it asked, and trusts the lead for a
/// part of the term only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DutyLead {
    /// Which duty.
    pub duty: Duty,
    /// Rises with each new leader.
    pub epoch: i64,
    /// The store's time of the claim.
    pub claimed_at: Timestamp,
}

/// What a leader says.
#[derive(Debug, Clone, Copy)]
pub struct DutySettle {
    /// Which duty.
    pub duty: Duty,
    /// The epoch of the claim.
    pub epoch: i64,
    /// What it says.
    pub outcome: DutyOutcome,
}

/// What becomes of a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyOutcome {
    /// It goes on for this long from now.
    Longer(Duration),
    /// It ends, and the duty is done.
    Done,
    /// It ends, and the duty is due for whoever comes next.
    Undone,
}

/// A question about photos or videos.
#[derive(Debug, Clone)]
pub struct MediaQuestion {
    /// Photos, or videos.
    pub kind: MediaKind,
    /// Their hashes.
    pub hashes: Vec<String>,
    /// How long photos are needed after their order was placed; `None` means for ever. Nothing to videos: those are
    /// needed until they were retired.
    pub keep: Option<Duration>,
}

impl Duty {
    /// The word, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upkeep => "upkeep",
            Self::Watch => "watch",
        }
    }
}
