//! Resources, their balances, and pacing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Pace, Paced, ResourceSet, ResourceSettle};
use crate::clock::{Timestamp, later};
use crate::resource::{BalancePoint, Openness, ResourceId, ResourceRecord};

/// What is shared outside.
#[derive(Debug, Default)]
pub(super) struct Resources {
    records: BTreeMap<ResourceId, ResourceRecord>,
    /// By hours since 1970.
    balances: BTreeMap<(ResourceId, i64), BalancePoint>,
    paces: BTreeMap<String, Vec<Timestamp>>,
}

impl Resources {
    pub(super) fn list(&self, provider: &str) -> Vec<ResourceRecord> {
        self.records.values().filter(|record| record.id.provider == provider).cloned().collect()
    }

    fn get(&self, id: &ResourceId) -> ResourceRecord {
        self.records.get(id).cloned().unwrap_or_else(|| ResourceRecord::new(id.clone()))
    }

    fn put(&mut self, record: ResourceRecord) -> ResourceRecord {
        self.records.insert(record.id.clone(), record.clone());
        record
    }

    pub(super) fn settle(&mut self, settle: &ResourceSettle, now: Timestamp) -> ResourceRecord {
        let before = self.get(&settle.id);
        match before.settled(&settle.outcome, now) {
            Some(after) => self.put(after),
            None => before,
        }
    }

    pub(super) fn set(&mut self, set: &ResourceSet, now: Timestamp) -> ResourceRecord {
        let after = set.applied(self.get(&set.id), now);
        self.put(after)
    }

    pub(super) fn probe(&mut self, id: &ResourceId, lease: Duration, now: Timestamp) -> bool {
        let mut record = self.get(id);
        let mine = record.openness(now) == Openness::Probation;
        if mine {
            record.probing_until = Some(later(now, lease));
            self.put(record);
        }
        mine
    }

    pub(super) fn note_balance(&mut self, id: &ResourceId, milli: i64, now: Timestamp) -> ResourceRecord {
        let point = BalancePoint { at: now, milli };
        self.balances.insert((id.clone(), now.timestamp().div_euclid(3_600)), point);
        self.balances.retain(|(of, _), point| of != id || later(point.at, BalancePoint::KEPT) >= now);
        let record = ResourceRecord { balance: Some(point), ..self.get(id) };
        self.put(record)
    }

    pub(super) fn balances(&self, id: &ResourceId) -> Vec<BalancePoint> {
        self.balances.iter().filter(|((of, _), _)| of == id).map(|(_, point)| *point).collect()
    }

    pub(super) fn pace(&mut self, pace: &Pace, now: Timestamp) -> Paced {
        let slots = self.paces.entry(pace.bucket.clone()).or_default();
        let slot = pace.next(slots, now);
        let wait = (slot - now).to_std().unwrap_or_default();
        if wait > pace.patience {
            return Paced::TooLong(wait);
        }
        slots.push(slot);
        slots.drain(..slots.len().saturating_sub(pace.limit()));
        Paced::Slot(wait)
    }
}
