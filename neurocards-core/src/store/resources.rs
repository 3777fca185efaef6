//! What a store is asked about resources and pacing.

use std::time::Duration;

use crate::clock::{Timestamp, later};
use crate::resource::{Closing, ResourceId, ResourceOutcome, ResourceRecord};

/// Writes what came of asking something of a resource.
#[derive(Debug, Clone)]
pub struct ResourceSettle {
    /// Of which.
    pub id: ResourceId,
    /// What came of it.
    pub outcome: ResourceOutcome,
}

/// An operator closes or opens a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceSet {
    /// Which.
    pub id: ResourceId,
    /// What becomes of it.
    pub change: ResourceChange,
    /// Who says so.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
}

/// What an operator does with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceChange {
    /// It is closed for this long, `None` until it is opened, whatever it answers.
    Close(Option<Duration>),
    /// It is open, and its faults in a row are forgotten.
    Open,
}

/// Asks for a slot: the right to make one call.
///
/// In no window of this length do the slots of a bucket hold more than `limit`, whoever asked for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// Whose slots: all who name the same bucket share them, and must name the same limit and window.
    pub bucket: String,
    /// So many slots.
    pub limit: u32,
    /// In a window of this length, which does not hold its own end.
    pub window: Duration,
    /// A slot that lies further ahead is not taken.
    pub patience: Duration,
}

/// What came of asking for a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paced {
    /// It is the caller's, after this time, and is used up whether the call is made or not.
    Slot(Duration),
    /// The next slot lies this far ahead. Nothing was taken.
    TooLong(Duration),
}

impl ResourceSet {
    /// The record after the change: the rule that every store keeps.
    #[must_use]
    pub fn applied(&self, record: ResourceRecord, now: Timestamp) -> ResourceRecord {
        let closing = match self.change {
            ResourceChange::Open => None,
            ResourceChange::Close(wait) => Some(Closing {
                since: now,
                until: wait.map(|wait| later(now, wait)),
                actor: Some(self.actor.clone()),
                reason: self.reason.clone(),
            }),
        };
        let failures = if closing.is_none() { 0 } else { record.failures };
        ResourceRecord { closing, failures, probing_until: None, ..record }
    }
}

impl Pace {
    /// The longest list of slots that a store keeps.
    pub const MOST: u32 = 1_000;

    /// How many slots are looked at: at least one, at most [`Pace::MOST`].
    pub fn limit(&self) -> usize {
        self.limit.clamp(1, Self::MOST) as usize
    }

    /// The next slot after these, which are sorted: the rule that every store keeps.
    pub fn next(&self, slots: &[Timestamp], now: Timestamp) -> Timestamp {
        let oldest = slots.len().checked_sub(self.limit()).and_then(|at| slots.get(at));
        let free = oldest.map_or(now, |oldest| later(*oldest, self.window));
        // The list stays sorted whatever clocks do.
        free.max(now).max(slots.last().copied().unwrap_or(now))
    }
}
