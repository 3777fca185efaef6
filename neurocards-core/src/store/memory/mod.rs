//! A store in memory: the reference for the conformance suite, and what examples and tests run on.
//!
//! Known weakness: nothing survives the process, and every claim looks at every job.

mod alarms;
mod audit;
mod late;
mod operations;
mod payments;
mod read;
mod resources;
mod stats;
mod tables;
mod upkeep;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use self::tables::{Due, Tables};
use super::{
    AccountOpen, Claim, Claimed, ClaimedJob, CreditsPost, DutyClaim, DutyLead, DutySettle, EventCursor,
    JobFilter, JobHistory, JobRecord, JobSeize, LateAttempt, LateClaim, LateSettle, LedgerFilter,
    MediaQuestion, NoticeClaim, NoticeSettle, OrderLine, OrderNew, OrderRecord, Pace, Paced, Pause,
    PauseRecord, PauseScope, Placement, Posted, QueueStatus, ResourceSet, ResourceSettle, Seizure, Span,
    Stats, Store, StoreCapabilities, StoreError, Told, Violation, WorkerBeat,
};
use crate::account::{Account, AccountKey};
use crate::alarm::{AlarmClaim, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle};
use crate::attempt::AttemptState;
use crate::clock::{Clock, Timestamp};
use crate::ids::{AttemptId, JobId, NoticeId, OrderId};
use crate::job::{Job, Stage};
use crate::ledger::LedgerEntry;
use crate::lifecycle::Transition;
use crate::notice::Notice;
use crate::resource::{BalancePoint, ResourceId, ResourceRecord};

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    tables: Mutex<Tables>,
}

impl MemoryStore {
    /// An empty store whose time is the clock's.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, tables: Mutex::default() }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn capabilities(&self) -> StoreCapabilities {
        StoreCapabilities { durable: false, shared: false }
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn account_open(&self, open: &AccountOpen) -> Result<Account, StoreError> {
        Ok(self.tables().account_open(open, self.clock.now()))
    }

    async fn account_get(&self, account: &AccountKey) -> Result<Option<Account>, StoreError> {
        Ok(self.tables().account(account))
    }

    async fn credits_post(&self, post: &CreditsPost) -> Result<Posted, StoreError> {
        self.tables().credits_post(post, self.clock.now())
    }

    async fn ledger_list(&self, filter: &LedgerFilter) -> Result<Vec<LedgerEntry>, StoreError> {
        Ok(self.tables().ledger_list(filter))
    }

    async fn order_place(&self, order: &OrderNew) -> Result<Placement, StoreError> {
        self.tables().order_place(order, self.clock.now())
    }

    async fn order_get(&self, order: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        Ok(self.tables().order_record(order))
    }

    async fn order_by_key(&self, account: &AccountKey, key: &str) -> Result<Option<OrderRecord>, StoreError> {
        Ok(self.tables().order_by_key(account, key))
    }

    async fn jobs_claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        let now = self.clock.now();
        let mut tables = self.tables();
        let mut due: Vec<_> = tables.jobs_in_scope(claim).filter(|due| due.wake_at <= now).collect();
        due.sort_unstable_by_key(Due::rank);
        let mut room = claim.room;
        due.retain(|due| {
            let left = match due.stage {
                Stage::Prompt | Stage::Submit => &mut room.submit,
                Stage::Wait => &mut room.read,
                _ => &mut room.store,
            };
            let fits = *left > 0;
            *left = left.saturating_sub(1);
            fits
        });
        let jobs =
            due.iter().filter_map(|due| tables.take(due.id, &claim.worker, claim.lease, now)).collect();
        let served = |due: &Due| claim.room.of(due.stage) > 0;
        let next = tables.jobs_in_scope(claim).filter(served).map(|due| due.wake_at).min();
        let next_due = next.map(|wake_at| (wake_at - now).to_std().unwrap_or_default());
        Ok(Claimed { jobs, next_due })
    }

    async fn jobs_extend(&self, leases: &[(JobId, i64)], lease: Duration) -> Result<Vec<JobId>, StoreError> {
        let until = self.clock.now() + lease;
        Ok(self.tables().leased(leases, |job| job.wake_at = Some(until)))
    }

    async fn jobs_give_back(&self, leases: &[(JobId, i64)]) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.tables().leased(leases, |job| {
            job.wake_at = Some(now);
            job.lease_owner = None;
            job.crashes = job.crashes.saturating_sub(1);
        });
        Ok(())
    }

    async fn job_seize(&self, seize: &JobSeize) -> Result<Seizure, StoreError> {
        let mut tables = self.tables();
        let Some(state) = tables.job_state(seize.job) else { return Ok(Seizure::Missing) };
        let stage = state.job.stage;
        let unsent = state.live_attempt().is_none_or(|attempt| attempt.state == AttemptState::Intent);
        if stage.is_final() {
            return Ok(Seizure::Final(stage));
        }
        if !unsent || !matches!(stage, Stage::Prompt | Stage::Submit) {
            return Ok(Seizure::AtProvider(stage));
        }
        let taken = tables.take(seize.job, &seize.worker, seize.lease, self.clock.now());
        Ok(taken.map_or(Seizure::Missing, |job: ClaimedJob| Seizure::Seized(Box::new(job))))
    }

    async fn job_apply(&self, step: &Transition) -> Result<bool, StoreError> {
        self.tables().job_apply(step, self.clock.now())
    }

    async fn attempt_told(&self, attempt: AttemptId, task_id: &str) -> Result<Told, StoreError> {
        Ok(self.tables().attempt_told(attempt, task_id, self.clock.now()))
    }

    async fn late_claim(&self, claim: &LateClaim) -> Result<Vec<LateAttempt>, StoreError> {
        Ok(self.tables().late_claim(claim, self.clock.now()))
    }

    async fn late_settle(&self, settle: &LateSettle) -> Result<bool, StoreError> {
        Ok(self.tables().late_settle(settle, self.clock.now()))
    }

    async fn job_get(&self, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        Ok(self.tables().job_record(job))
    }

    async fn jobs_list(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        Ok(self.tables().jobs_list(filter))
    }

    async fn job_history(&self, job: JobId) -> Result<Option<JobHistory>, StoreError> {
        Ok(self.tables().job_history(job))
    }

    async fn notices_claim(&self, claim: &NoticeClaim) -> Result<Vec<Notice>, StoreError> {
        Ok(self.tables().notices_claim(claim, self.clock.now()))
    }

    async fn notices_extend(
        &self,
        leases: &[(NoticeId, i64)],
        lease: Duration,
    ) -> Result<Vec<NoticeId>, StoreError> {
        Ok(self.tables().notices_extend(leases, lease, self.clock.now()))
    }

    async fn notice_settle(&self, settle: &NoticeSettle) -> Result<bool, StoreError> {
        Ok(self.tables().notice_settle(settle, self.clock.now()))
    }

    async fn notices_unblock(&self, account: &AccountKey) -> Result<u64, StoreError> {
        Ok(self.tables().notices_unblock(account, self.clock.now()))
    }

    async fn audit(&self) -> Result<Vec<Violation>, StoreError> {
        Ok(self.tables().audit())
    }

    async fn queue_pause(&self, pause: &Pause) -> Result<bool, StoreError> {
        Ok(self.tables().operations.pause(pause, self.clock.now()))
    }

    async fn queue_resume(&self, scope: &PauseScope) -> Result<bool, StoreError> {
        Ok(self.tables().operations.resume(scope))
    }

    async fn queue_pauses(&self) -> Result<Vec<PauseRecord>, StoreError> {
        Ok(self.tables().operations.pauses())
    }

    async fn queue_status(&self) -> Result<QueueStatus, StoreError> {
        Ok(self.tables().queue_status(self.clock.now()))
    }

    async fn queue_place(&self, job: JobId) -> Result<Option<u64>, StoreError> {
        Ok(self.tables().queue_place(job))
    }

    async fn stats(&self, span: &Span) -> Result<Stats, StoreError> {
        Ok(self.tables().stats(*span))
    }

    async fn worker_beat(&self, beat: &WorkerBeat) -> Result<(), StoreError> {
        self.tables().operations.beat(beat, self.clock.now());
        Ok(())
    }

    async fn worker_gone(&self, worker: &str) -> Result<(), StoreError> {
        self.tables().operations.gone(worker);
        Ok(())
    }

    async fn order_events(
        &self,
        order: OrderId,
        after: &EventCursor,
        limit: u32,
    ) -> Result<Vec<OrderLine>, StoreError> {
        Ok(self.tables().order_events(order, after, limit))
    }

    async fn resources_list(&self, provider: &str) -> Result<Vec<ResourceRecord>, StoreError> {
        Ok(self.tables().resources.list(provider))
    }

    async fn resource_settle(&self, settle: &ResourceSettle) -> Result<ResourceRecord, StoreError> {
        Ok(self.tables().resources.settle(settle, self.clock.now()))
    }

    async fn resource_set(&self, set: &ResourceSet) -> Result<ResourceRecord, StoreError> {
        Ok(self.tables().resources.set(set, self.clock.now()))
    }

    async fn resource_probe(&self, resource: &ResourceId, lease: Duration) -> Result<bool, StoreError> {
        Ok(self.tables().resources.probe(resource, lease, self.clock.now()))
    }

    async fn balance_note(&self, resource: &ResourceId, milli: i64) -> Result<ResourceRecord, StoreError> {
        Ok(self.tables().resources.note_balance(resource, milli, self.clock.now()))
    }

    async fn balance_list(&self, resource: &ResourceId) -> Result<Vec<BalancePoint>, StoreError> {
        Ok(self.tables().resources.balances(resource))
    }

    async fn pace(&self, pace: &Pace) -> Result<Paced, StoreError> {
        Ok(self.tables().resources.pace(pace, self.clock.now()))
    }

    async fn duty_claim(&self, claim: &DutyClaim) -> Result<Option<DutyLead>, StoreError> {
        Ok(self.tables().duty_claim(claim, self.clock.now()))
    }

    async fn duty_settle(&self, settle: &DutySettle) -> Result<bool, StoreError> {
        Ok(self.tables().duty_settle(settle, self.clock.now()))
    }

    async fn videos_retire(&self, keep: Duration, limit: u32) -> Result<u32, StoreError> {
        Ok(self.tables().videos_retire(keep, limit, self.clock.now()))
    }

    async fn media_needed(&self, question: &MediaQuestion) -> Result<Vec<String>, StoreError> {
        Ok(self.tables().media_needed(question, self.clock.now()))
    }

    async fn alarms_note(&self, notes: &[AlarmNote]) -> Result<(), StoreError> {
        self.tables().alarms.note(notes, self.clock.now());
        Ok(())
    }

    async fn alarm_over(&self, kind: AlarmKind, subject: &str) -> Result<bool, StoreError> {
        Ok(self.tables().alarms.over(kind, subject, self.clock.now()))
    }

    async fn alarms_open(&self) -> Result<Vec<AlarmRecord>, StoreError> {
        Ok(self.tables().alarms.open())
    }

    async fn alarms_claim(&self, claim: &AlarmClaim) -> Result<Vec<AlarmRecord>, StoreError> {
        Ok(self.tables().alarms.claim(claim, self.clock.now()))
    }

    async fn alarm_settle(&self, settle: &AlarmSettle) -> Result<bool, StoreError> {
        Ok(self.tables().alarms.settle(settle, self.clock.now()))
    }
}
