//! Alarms.

use std::collections::BTreeMap;

use crate::alarm::{ALARM_REMEMBERED, AlarmClaim, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle};
use crate::clock::{Timestamp, later};

#[derive(Debug)]
struct AlarmRow {
    record: AlarmRecord,
    /// When somebody is to look at it.
    wake_at: Option<Timestamp>,
}

/// Alarms, by kind and subject.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    rows: BTreeMap<(AlarmKind, String), AlarmRow>,
}

impl Alarms {
    pub(super) fn note(&mut self, notes: &[AlarmNote], now: Timestamp) {
        self.rows.retain(|_, row| later(row.record.last_at, ALARM_REMEMBERED) > now);
        for AlarmNote { alarm, times } in notes {
            let fresh = || AlarmRow {
                record: AlarmRecord {
                    alarm: alarm.clone(),
                    is_over: true,
                    since: now,
                    last_at: now,
                    times: 0,
                    told_times: 0,
                    told_at: None,
                    epoch: 0,
                },
                wake_at: None,
            };
            let row = self.rows.entry((alarm.kind, alarm.subject.clone())).or_insert_with(fresh);
            if row.record.is_over {
                (row.record.is_over, row.record.since) = (false, now);
                (row.record.times, row.record.told_times) = (0, 0);
                row.record.epoch += 1;
                row.wake_at = Some(now);
            }
            row.record.alarm = alarm.clone();
            row.record.times += times;
            row.record.last_at = now;
        }
    }

    pub(super) fn over(&mut self, kind: AlarmKind, subject: &str, now: Timestamp) -> bool {
        let row = self.rows.get_mut(&(kind, subject.to_owned())).filter(|row| !row.record.is_over);
        let Some(row) = row else { return false };
        (row.record.is_over, row.record.last_at) = (true, now);
        row.record.epoch += 1;
        row.wake_at = Some(now);
        true
    }

    pub(super) fn open(&self) -> Vec<AlarmRecord> {
        let open = self.rows.values().filter(|row| !row.record.is_over);
        let mut open: Vec<_> = open.map(|row| row.record.clone()).collect();
        open.sort_by(|one, other| {
            let rank = |record: &AlarmRecord| (record.alarm.kind.as_str(), record.alarm.subject.clone());
            other.since.cmp(&one.since).then_with(|| rank(one).cmp(&rank(other)))
        });
        open
    }

    pub(super) fn claim(&mut self, claim: &AlarmClaim, now: Timestamp) -> Vec<AlarmRecord> {
        let is_due = |row: &&mut AlarmRow| row.wake_at.is_some_and(|at| at <= now);
        let mut due: Vec<_> = self.rows.values_mut().filter(is_due).collect();
        due.sort_by_key(|row| row.wake_at);
        due.truncate(claim.limit as usize);
        let taken = due.into_iter().map(|row| {
            row.record.epoch += 1;
            row.wake_at = Some(later(now, claim.lease));
            row.record.clone()
        });
        taken.collect()
    }

    pub(super) fn settle(&mut self, settle: &AlarmSettle, now: Timestamp) -> bool {
        let row = self.rows.get_mut(&(settle.kind, settle.subject.clone()));
        let Some(row) = row.filter(|row| row.record.since == settle.since) else { return false };
        let is_ours = row.record.epoch == settle.epoch;
        if let Some(times) = settle.told {
            (row.record.told_times, row.record.told_at) = (times, Some(now));
            if !is_ours {
                row.record.epoch += 1;
                row.wake_at = Some(now);
            }
        }
        if !is_ours {
            return false;
        }
        row.record.is_over |= settle.is_over;
        row.wake_at = settle.next.map(|wait| later(now, wait));
        true
    }
}
