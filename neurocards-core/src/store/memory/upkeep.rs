//! Duties, old videos, and what is needed of photos and videos.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Duty, DutyClaim, DutyLead, DutyOutcome, DutySettle, MediaQuestion};
use super::tables::Tables;
use crate::artifact::Artifact;
use crate::clock::{Timestamp, later};
use crate::media::MediaKind;

/// A video's facts, and what became of it.
#[derive(Debug)]
pub(super) struct ArtifactRow {
    pub(super) artifact: Artifact,
    created_at: Timestamp,
    pub(super) removed_at: Option<Timestamp>,
}

impl ArtifactRow {
    pub(super) fn new(artifact: &Artifact, now: Timestamp) -> Self {
        Self { artifact: artifact.clone(), created_at: now, removed_at: None }
    }
}

/// Who leads in a duty, and when it was done last.
#[derive(Debug)]
pub(super) struct DutyRow {
    epoch: i64,
    until: Timestamp,
    done_at: Option<Timestamp>,
}

/// The duties that anybody ever led in.
pub(super) type Duties = BTreeMap<Duty, DutyRow>;

impl Tables {
    pub(super) fn duty_claim(&mut self, claim: &DutyClaim, now: Timestamp) -> Option<DutyLead> {
        let free = DutyRow { epoch: 0, until: now, done_at: None };
        let row = self.duties.entry(claim.duty).or_insert(free);
        let is_due = row.done_at.is_none_or(|done| later(done, claim.every) <= now);
        if row.until > now || !is_due {
            return None;
        }
        row.epoch += 1;
        row.until = later(now, claim.term);
        Some(DutyLead { duty: claim.duty, epoch: row.epoch, claimed_at: now })
    }

    pub(super) fn duty_settle(&mut self, settle: &DutySettle, now: Timestamp) -> bool {
        let Some(row) = self.duties.get_mut(&settle.duty).filter(|row| row.epoch == settle.epoch) else {
            return false;
        };
        match settle.outcome {
            DutyOutcome::Longer(term) => row.until = later(now, term),
            DutyOutcome::Done => (row.until, row.done_at) = (now, Some(now)),
            DutyOutcome::Undone => row.until = now,
        }
        true
    }

    pub(super) fn videos_retire(&mut self, keep: Duration, limit: u32, now: Timestamp) -> u32 {
        let old = |row: &&mut ArtifactRow| row.removed_at.is_none() && later(row.created_at, keep) <= now;
        let mut old: Vec<_> = self.artifacts.values_mut().filter(old).collect();
        old.sort_by_key(|row| row.created_at);
        old.truncate(limit as usize);
        old.iter_mut().for_each(|row| row.removed_at = Some(now));
        u32::try_from(old.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn media_needed(&self, question: &MediaQuestion, now: Timestamp) -> Vec<String> {
        let needed = |hash: &&String| match question.kind {
            MediaKind::Photo => self.needs_photo(hash, question.keep, now),
            MediaKind::Video => {
                self.artifacts.values().any(|row| row.artifact.sha256 == **hash && row.removed_at.is_none())
            }
        };
        question.hashes.iter().filter(needed).cloned().collect()
    }

    fn needs_photo(&self, hash: &str, keep: Option<Duration>, now: Timestamp) -> bool {
        self.orders.values().filter(|order| order.brief.photo.sha256 == hash).any(|order| {
            let is_young = keep.is_none_or(|keep| later(order.created_at, keep) > now);
            let unfinished =
                || self.jobs.values().any(|job| job.order_id == order.id && !job.stage.is_final());
            is_young || unfinished()
        })
    }
}
