//! Keeping house: one process at a time removes what is old and what nobody needs.
//!
//! A round is led by whoever finds it due and gets the lead for a term. The store's clock says when a term is over; the
//! leader trusts its lead only for the first third of a term since it asked for it, by its own monotonic clock, and asks
//! again before it goes on. A leader that dies is replaced when its term is over, and whatever it did is done again
//! or was done: there is no order of crashes in which a round loses something that is needed.

mod sweep;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::sweep::Swept;
use super::{Engine, Parts};
use crate::clock::{Timestamp, later};
use crate::media::MediaError;
use crate::metering;
use crate::store::{Duty, DutyClaim, DutyLead, DutyOutcome, DutySettle, StoreError};

/// How long photos and videos are kept; `None` means for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Photos, counted from the last order that needs them. One that an unfinished job needs is kept in any case.
    pub photos: Option<Duration>,
    /// Videos, counted from the moment at which they were stored.
    pub videos: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { photos: Some(30 * DAY), videos: Some(90 * DAY) }
    }
}

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// How often there is a round.
const EVERY: Duration = Duration::from_secs(6 * 3_600);
/// How often a process looks whether one is due.
const LOOK: Duration = Duration::from_secs(60);
/// How long a leader that says nothing stays the leader.
const TERM: Duration = Duration::from_secs(60);
/// How long a leader trusts its lead after it asked for it.
const TRUST: Duration = Duration::from_secs(20);
/// How long a leader that ends tries to say so.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a round did not come to its end.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Media(#[from] MediaError),
    #[error("somebody else keeps house now")]
    Replaced,
}

/// What a process holds while it leads a round.
struct Lead<'a> {
    parts: &'a Parts,
    lead: DutyLead,
    /// When the lead was asked for, in the clock's monotonic time: at the beginning, and the last time.
    began_at: Duration,
    asked_at: Duration,
    /// How many objects in a row could not be moved.
    stumbles: u32,
    swept: Swept,
}

impl Engine {
    /// Keeps house whenever that is due and nobody else does, until told to stop.
    pub(super) async fn keep_house(&self, stop: &CancellationToken) {
        let parts = &self.parts;
        while !stop.is_cancelled() {
            match parts.round(stop).await {
                Ok(false) => {}
                Ok(true) => tokio::select! {
                    () = stop.cancelled() => {}
                    looked = self.look_at_books() => if let Err(error) = looked {
                        tracing::warn!(error = &error as &dyn std::error::Error, "the books were not looked at");
                    }
                },
                Err(error) => {
                    metering::round_ended("failed");
                    tracing::warn!(error = &error as &dyn std::error::Error, "the house could not be kept");
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = parts.clock.sleep(LOOK) => {}
            }
        }
    }
}

impl Parts {
    /// Leads a round, if one is due and nobody else does; answers whether one was led to its end.
    async fn round(&self, stop: &CancellationToken) -> Result<bool, RoundError> {
        let asked_at = self.clock.monotonic();
        let leader = self.worker.clone();
        let claim = DutyClaim { duty: Duty::Upkeep, leader, every: EVERY, term: TERM };
        let Some(lead) = self.store.duty_claim(&claim).await? else { return Ok(false) };
        let (began_at, swept) = (asked_at, Swept::default());
        let mut lead = Lead { parts: self, lead, began_at, asked_at, stumbles: 0, swept };
        // What was begun may be left where it is: the next round goes on.
        let ended = tokio::select! {
            ended = lead.sweep() => Some(ended),
            () = stop.cancelled() => None,
        };
        let outcome = if let Some(Ok(())) = ended { DutyOutcome::Done } else { DutyOutcome::Undone };
        let settle = lead.settle(outcome);
        let told = tokio::select! {
            told = self.store.duty_settle(&settle) => told.map(drop),
            () = self.clock.sleep(FAREWELL) => Ok(()),
        };
        if outcome == DutyOutcome::Done {
            metering::round_ended("done");
            lead.swept.tell();
        }
        ended.unwrap_or(Ok(())).and(told.map_err(RoundError::from))?;
        Ok(outcome == DutyOutcome::Done)
    }
}

impl Lead<'_> {
    fn settle(&self, outcome: DutyOutcome) -> DutySettle {
        DutySettle { duty: self.lead.duty, epoch: self.lead.epoch, outcome }
    }

    /// The store's time, as far as this process can tell.
    fn now(&self) -> Timestamp {
        later(self.lead.claimed_at, self.parts.clock.monotonic().saturating_sub(self.began_at))
    }

    /// Makes sure that nobody else leads: nothing is moved or deleted before this says so.
    async fn hold(&mut self) -> Result<(), RoundError> {
        loop {
            let now = self.parts.clock.monotonic();
            if now.saturating_sub(self.asked_at) < TRUST {
                return Ok(());
            }
            // An answer that took longer than the trust lasts is no answer.
            let longer = self.settle(DutyOutcome::Longer(TERM));
            if !self.parts.store.duty_settle(&longer).await? {
                return Err(RoundError::Replaced);
            }
            self.asked_at = now;
        }
    }
}
