//! Pauses, the state of the queue, workers, the lines of an order.

use std::collections::BTreeMap;

use super::super::{
    EventCursor, OrderLine, Pause, PauseRecord, PauseScope, QueueStatus, StageStatus, WORKER_REMEMBERED,
    WorkerBeat, WorkerRecord,
};
use super::tables::Tables;
use crate::clock::{Timestamp, later};
use crate::ids::{JobId, OrderId};
use crate::job::{Job, Stage};

/// What operators see and do.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pauses: BTreeMap<PauseScope, PauseRecord>,
    workers: BTreeMap<String, WorkerRecord>,
}

impl Operations {
    pub(super) fn holds(&self, job: &Job) -> bool {
        self.pauses.values().any(|record| record.pause.holds(job.stage, &job.model))
    }

    pub(super) fn pause(&mut self, pause: &Pause, now: Timestamp) -> bool {
        if self.pauses.contains_key(&pause.scope) {
            return false;
        }
        let record = PauseRecord { pause: pause.clone(), since: now };
        self.pauses.insert(pause.scope.clone(), record);
        true
    }

    pub(super) fn resume(&mut self, scope: &PauseScope) -> bool {
        self.pauses.remove(scope).is_some()
    }

    pub(super) fn pauses(&self) -> Vec<PauseRecord> {
        self.pauses.values().cloned().collect()
    }

    pub(super) fn beat(&mut self, beat: &WorkerBeat, now: Timestamp) {
        self.workers.retain(|_, worker| later(worker.seen_at, WORKER_REMEMBERED) >= now);
        self.workers.insert(beat.name.clone(), WorkerRecord { beat: beat.clone(), seen_at: now });
    }

    pub(super) fn gone(&mut self, worker: &str) {
        self.workers.remove(worker);
    }
}

impl Tables {
    pub(super) fn queue_place(&self, job: JobId) -> Option<u64> {
        let waits = |job: &&Job| job.stage == Stage::Prompt && job.lease_owner.is_none();
        let rank = |job: &Job| (self.turn_of(job.id), job.id);
        let mine = self.jobs.get(&job).filter(waits).map(rank)?;
        Some(self.jobs.values().filter(waits).filter(|other| rank(other) < mine).count() as u64)
    }

    pub(super) fn queue_status(&self, now: Timestamp) -> QueueStatus {
        let mut stages: Vec<_> =
            Stage::ALL.into_iter().filter(|stage| !stage.is_final()).map(StageStatus::empty).collect();
        let mut due_since = None;
        for job in self.jobs.values() {
            let Some(status) = stages.iter_mut().find(|status| status.stage == job.stage) else { continue };
            status.jobs += 1;
            let Some(wake_at) = job.wake_at else { continue };
            if wake_at > now && job.lease_owner.is_some() {
                status.leased += 1;
            } else if self.operations.holds(job) {
                status.paused += 1;
            } else if wake_at <= now {
                status.due += 1;
                due_since = due_since.into_iter().chain([wake_at]).min();
            }
        }
        let workers = self.operations.workers.values().cloned().collect();
        QueueStatus { at: now, stages, due_since, pauses: self.operations.pauses(), workers }
    }

    /// A line's number is its place in its job's history, from 1.
    pub(super) fn order_events(&self, order: OrderId, after: &EventCursor, limit: u32) -> Vec<OrderLine> {
        let mut lines = Vec::new();
        for job in self.jobs.values().filter(|job| job.order_id == order) {
            let (job_id, index) = (job.id, job.index);
            let events = (1..).zip(self.events.get(&job_id).into_iter().flatten());
            let new = events.filter(|(seq, _)| *seq > after.last(index));
            lines.extend(new.map(|(seq, event)| OrderLine { job_id, index, seq, event: event.clone() }));
        }
        lines.sort_by_key(|line| line.event.at);
        lines.truncate(limit as usize);
        lines
    }
}
