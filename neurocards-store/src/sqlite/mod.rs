//! The store in an SQLite file.
//!
//! One connection writes and a few read. SQLite lets one transaction write at a time, whatever the program does: with
//! one writing connection for each process the others wait in the pool's fair queue instead of polling a lock.
//! Every write begins with `BEGIN IMMEDIATE`, so a transaction never has to turn from reading into writing, which is
//! the one case in which SQLite gives up without waiting. Other processes are waited for up to ten seconds.
//! Readers see the last commit and neither wait nor make anybody wait (WAL). A commit is on the disk when it returns
//! (`synchronous = FULL`). Orders, steps and deliveries that come while one is being flushed share the next one (see
//! [`crate::batch`]).
//!
//! Known weaknesses: writers of different processes poll the lock (SQLite's busy handler), so pickup latency under
//! heavy load from several processes is up to a tenth of a second; the file must not lie on a network file system.

mod accounts;
mod alarms;
mod apply;
mod audit;
mod chats;
mod error;
mod group;
mod jobs;
mod late;
mod notices;
mod open;
mod operations;
mod orders;
mod payments;
mod read;
mod resources;
mod rows;
mod stats;
mod upkeep;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use neurocards_core::{
    Account, AccountKey, AccountOpen, AlarmClaim, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle, AttemptId,
    BalancePoint, Claim, Claimed, Clock, CreditsPost, DutyClaim, DutyLead, DutySettle, EventCursor, Job,
    JobFilter, JobHistory, JobId, JobRecord, JobSeize, LateAttempt, LateClaim, LateSettle, LedgerEntry,
    LedgerFilter, MediaQuestion, Notice, NoticeClaim, NoticeId, NoticeSettle, OrderId, OrderLine, OrderNew,
    OrderRecord, Pace, Paced, Pause, PauseRecord, PauseScope, Placement, Posted, QueueStatus, ResourceId,
    ResourceRecord, ResourceSet, ResourceSettle, Seizure, Span, Stats, Store, StoreCapabilities, StoreError,
    Timestamp, Told, Transition, Violation, WorkerBeat,
};
use sqlx::{Sqlite, SqlitePool, Transaction};

use self::error::{classify, classify_commit};
use self::group::Group;
pub use self::open::OpenError;
use self::rows::{from_micros, micros};
use crate::batch::Batches;

/// A store in an SQLite file. See the crate's documentation for how many processes may share it.
pub struct SqliteStore {
    clock: Arc<dyn Clock>,
    /// One connection.
    writer: SqlitePool,
    readers: SqlitePool,
    orders: Batches<Group<OrderNew>>,
    steps: Batches<Group<Transition>>,
    settles: Batches<Group<NoticeSettle>>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("readers", &self.readers.size()).finish_non_exhaustive()
    }
}

/// The clock's time, cut to whole microseconds.
fn time(clock: &Arc<dyn Clock>) -> Timestamp {
    let now = clock.now();
    from_micros(micros(now)).unwrap_or(now)
}

impl SqliteStore {
    fn new(writer: SqlitePool, readers: SqlitePool, clock: Arc<dyn Clock>) -> Self {
        Self {
            orders: Group::of(&writer, &clock),
            steps: Group::of(&writer, &clock),
            settles: Group::of(&writer, &clock),
            clock,
            writer,
            readers,
        }
    }

    /// Begins a writing transaction, and takes the time once the lock is there: the order of commits is the order
    /// of their times.
    async fn write(&self) -> Result<(Transaction<'static, Sqlite>, Timestamp), StoreError> {
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(classify)?;
        Ok((transaction, self.time()))
    }

    /// Begins a reading transaction: one moment for all of its queries.
    async fn read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.readers.begin().await.map_err(classify)
    }

    fn time(&self) -> Timestamp {
        time(&self.clock)
    }
}

async fn commit(transaction: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
    transaction.commit().await.map_err(classify_commit)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for SqliteStore {
    fn capabilities(&self) -> StoreCapabilities {
        StoreCapabilities { durable: true, shared: false }
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.time())
    }

    async fn account_open(&self, open: &AccountOpen) -> Result<Account, StoreError> {
        let (mut tx, now) = self.write().await?;
        let account = accounts::open(&mut tx, open, now).await?;
        commit(tx).await?;
        Ok(account)
    }

    async fn account_get(&self, account: &AccountKey) -> Result<Option<Account>, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(classify)?;
        accounts::get(&mut connection, account).await
    }

    async fn credits_post(&self, post: &CreditsPost) -> Result<Posted, StoreError> {
        let (mut tx, now) = self.write().await?;
        let posted = accounts::post(&mut tx, post, now).await?;
        commit(tx).await?;
        Ok(posted)
    }

    async fn ledger_list(&self, filter: &LedgerFilter) -> Result<Vec<LedgerEntry>, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(classify)?;
        accounts::ledger(&mut connection, filter).await
    }

    async fn order_place(&self, order: &OrderNew) -> Result<Placement, StoreError> {
        self.orders.write(order.clone()).await
    }

    async fn order_get(&self, order: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        let mut tx = self.read().await?;
        orders::record(&mut tx, order).await
    }

    async fn order_by_key(&self, account: &AccountKey, key: &str) -> Result<Option<OrderRecord>, StoreError> {
        let mut tx = self.read().await?;
        orders::by_key(&mut tx, account, key).await
    }

    async fn jobs_claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        // An idle worker looks without taking the lock that others write under.
        let next = jobs::next_wake(&mut *self.readers.acquire().await.map_err(classify)?, claim).await?;
        let now = self.time();
        if next.is_none_or(|next| next > now) {
            return Ok(Claimed { jobs: Vec::new(), next_due: jobs::until(next, now) });
        }
        let (mut tx, now) = self.write().await?;
        let claimed = jobs::claim(&mut tx, claim, now).await?;
        commit(tx).await?;
        Ok(claimed)
    }

    async fn jobs_extend(&self, leases: &[(JobId, i64)], lease: Duration) -> Result<Vec<JobId>, StoreError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let (mut tx, now) = self.write().await?;
        let kept = jobs::extend(&mut tx, leases, lease, now).await?;
        commit(tx).await?;
        Ok(kept)
    }

    async fn jobs_give_back(&self, leases: &[(JobId, i64)]) -> Result<(), StoreError> {
        if leases.is_empty() {
            return Ok(());
        }
        let (mut tx, now) = self.write().await?;
        jobs::give_back(&mut tx, leases, now).await?;
        commit(tx).await
    }

    async fn job_seize(&self, seize: &JobSeize) -> Result<Seizure, StoreError> {
        let (mut tx, now) = self.write().await?;
        let seizure = jobs::seize(&mut tx, seize, now).await?;
        commit(tx).await?;
        Ok(seizure)
    }

    async fn job_apply(&self, step: &Transition) -> Result<bool, StoreError> {
        self.steps.write(step.clone()).await
    }

    async fn attempt_told(&self, attempt: AttemptId, task_id: &str) -> Result<Told, StoreError> {
        let (mut tx, now) = self.write().await?;
        let told = late::told(&mut tx, attempt, task_id, now).await?;
        commit(tx).await?;
        Ok(told)
    }

    async fn late_claim(&self, claim: &LateClaim) -> Result<Vec<LateAttempt>, StoreError> {
        if !late::any_due(&mut *self.readers.acquire().await.map_err(classify)?, self.time()).await? {
            return Ok(Vec::new());
        }
        let (mut tx, now) = self.write().await?;
        let late = late::claim(&mut tx, claim, now).await?;
        commit(tx).await?;
        Ok(late)
    }

    async fn late_settle(&self, settle: &LateSettle) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let settled = late::settle(&mut tx, settle, now).await?;
        commit(tx).await?;
        Ok(settled)
    }

    async fn job_get(&self, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        let mut tx = self.read().await?;
        read::record(&mut tx, job).await
    }

    async fn jobs_list(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(classify)?;
        read::list(&mut connection, filter).await
    }

    async fn job_history(&self, job: JobId) -> Result<Option<JobHistory>, StoreError> {
        let mut tx = self.read().await?;
        read::history(&mut tx, job).await
    }

    async fn notices_claim(&self, claim: &NoticeClaim) -> Result<Vec<Notice>, StoreError> {
        let due = notices::any_due(&mut *self.readers.acquire().await.map_err(classify)?, claim, self.time())
            .await?;
        if !due {
            return Ok(Vec::new());
        }
        let (mut tx, now) = self.write().await?;
        let taken = notices::claim(&mut tx, claim, now).await?;
        commit(tx).await?;
        Ok(taken)
    }

    async fn notices_extend(
        &self,
        leases: &[(NoticeId, i64)],
        lease: Duration,
    ) -> Result<Vec<NoticeId>, StoreError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let (mut tx, now) = self.write().await?;
        let kept = notices::extend(&mut tx, leases, lease, now).await?;
        commit(tx).await?;
        Ok(kept)
    }

    async fn notice_settle(&self, settle: &NoticeSettle) -> Result<bool, StoreError> {
        self.settles.write(settle.clone()).await
    }

    async fn notices_unblock(&self, account: &AccountKey) -> Result<u64, StoreError> {
        let (mut tx, now) = self.write().await?;
        let unblocked = notices::unblock(&mut tx, account, now).await?;
        commit(tx).await?;
        Ok(unblocked)
    }

    async fn audit(&self) -> Result<Vec<Violation>, StoreError> {
        let mut tx = self.read().await?;
        audit::run(&mut tx).await
    }

    async fn queue_pause(&self, pause: &Pause) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let paused = operations::pause(&mut tx, pause, now).await?;
        commit(tx).await?;
        Ok(paused)
    }

    async fn queue_resume(&self, scope: &PauseScope) -> Result<bool, StoreError> {
        let (mut tx, _) = self.write().await?;
        let resumed = operations::resume(&mut tx, scope).await?;
        commit(tx).await?;
        Ok(resumed)
    }

    async fn queue_pauses(&self) -> Result<Vec<PauseRecord>, StoreError> {
        operations::pauses(&mut *self.readers.acquire().await.map_err(classify)?).await
    }

    async fn queue_status(&self) -> Result<QueueStatus, StoreError> {
        let mut tx = self.read().await?;
        operations::status(&mut tx, self.time()).await
    }

    async fn queue_place(&self, job: JobId) -> Result<Option<u64>, StoreError> {
        operations::place(&mut *self.readers.acquire().await.map_err(classify)?, job).await
    }

    async fn stats(&self, span: &Span) -> Result<Stats, StoreError> {
        let mut tx = self.read().await?;
        stats::read(&mut tx, *span).await
    }

    async fn worker_beat(&self, beat: &WorkerBeat) -> Result<(), StoreError> {
        let (mut tx, now) = self.write().await?;
        operations::beat(&mut tx, beat, now).await?;
        commit(tx).await
    }

    async fn worker_gone(&self, worker: &str) -> Result<(), StoreError> {
        let (mut tx, _) = self.write().await?;
        operations::gone(&mut tx, worker).await?;
        commit(tx).await
    }

    async fn order_events(
        &self,
        order: OrderId,
        after: &EventCursor,
        limit: u32,
    ) -> Result<Vec<OrderLine>, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(classify)?;
        operations::order_events(&mut connection, order, after, limit).await
    }

    async fn resources_list(&self, provider: &str) -> Result<Vec<ResourceRecord>, StoreError> {
        resources::list(&mut *self.readers.acquire().await.map_err(classify)?, provider).await
    }

    async fn resource_settle(&self, settle: &ResourceSettle) -> Result<ResourceRecord, StoreError> {
        let (mut tx, now) = self.write().await?;
        let (record, written) = resources::settle(&mut tx, settle, now).await?;
        if written {
            commit(tx).await?;
        }
        Ok(record)
    }

    async fn resource_set(&self, set: &ResourceSet) -> Result<ResourceRecord, StoreError> {
        let (mut tx, now) = self.write().await?;
        let record = resources::set(&mut tx, set, now).await?;
        commit(tx).await?;
        Ok(record)
    }

    async fn resource_probe(&self, resource: &ResourceId, lease: Duration) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let granted = resources::probe(&mut tx, resource, lease, now).await?;
        commit(tx).await?;
        Ok(granted)
    }

    async fn balance_note(&self, resource: &ResourceId, milli: i64) -> Result<ResourceRecord, StoreError> {
        let (mut tx, now) = self.write().await?;
        let record = resources::note_balance(&mut tx, resource, milli, now).await?;
        commit(tx).await?;
        Ok(record)
    }

    async fn balance_list(&self, resource: &ResourceId) -> Result<Vec<BalancePoint>, StoreError> {
        resources::balances(&mut *self.readers.acquire().await.map_err(classify)?, resource).await
    }

    async fn pace(&self, pace: &Pace) -> Result<Paced, StoreError> {
        let (mut tx, now) = self.write().await?;
        let paced = resources::pace(&mut tx, pace, now).await?;
        commit(tx).await?;
        Ok(paced)
    }

    async fn duty_claim(&self, claim: &DutyClaim) -> Result<Option<DutyLead>, StoreError> {
        let is_free =
            upkeep::is_free(&mut *self.readers.acquire().await.map_err(classify)?, claim, self.time())
                .await?;
        if !is_free {
            return Ok(None);
        }
        let (mut tx, now) = self.write().await?;
        let lead = upkeep::claim(&mut tx, claim, now).await?;
        commit(tx).await?;
        Ok(lead)
    }

    async fn duty_settle(&self, settle: &DutySettle) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let settled = upkeep::settle(&mut tx, settle, now).await?;
        commit(tx).await?;
        Ok(settled)
    }

    async fn videos_retire(&self, keep: Duration, limit: u32) -> Result<u32, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(classify)?;
        if !upkeep::any_old(&mut connection, keep, self.time()).await? {
            return Ok(0);
        }
        let (mut tx, now) = self.write().await?;
        let retired = upkeep::retire(&mut tx, keep, limit, now).await?;
        commit(tx).await?;
        Ok(retired)
    }

    async fn media_needed(&self, question: &MediaQuestion) -> Result<Vec<String>, StoreError> {
        let mut connection = self.readers.acquire().await.map_err(classify)?;
        upkeep::needed(&mut connection, question, self.time()).await
    }

    async fn alarms_note(&self, notes: &[AlarmNote]) -> Result<(), StoreError> {
        let (mut tx, now) = self.write().await?;
        alarms::note(&mut tx, notes, now).await?;
        commit(tx).await
    }

    async fn alarm_over(&self, kind: AlarmKind, subject: &str) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let ended = alarms::over(&mut tx, kind, subject, now).await?;
        commit(tx).await?;
        Ok(ended)
    }

    async fn alarms_open(&self) -> Result<Vec<AlarmRecord>, StoreError> {
        alarms::open(&mut *self.readers.acquire().await.map_err(classify)?).await
    }

    async fn alarms_claim(&self, claim: &AlarmClaim) -> Result<Vec<AlarmRecord>, StoreError> {
        if !alarms::any_due(&mut *self.readers.acquire().await.map_err(classify)?, self.time()).await? {
            return Ok(Vec::new());
        }
        let (mut tx, now) = self.write().await?;
        let taken = alarms::claim(&mut tx, claim, now).await?;
        commit(tx).await?;
        Ok(taken)
    }

    async fn alarm_settle(&self, settle: &AlarmSettle) -> Result<bool, StoreError> {
        let (mut tx, now) = self.write().await?;
        let settled = alarms::settle(&mut tx, settle, now).await?;
        commit(tx).await?;
        Ok(settled)
    }

    /// Nothing tells one process of a file what another one wrote into it.
    async fn until_news(&self) {
        std::future::pending().await
    }
}
