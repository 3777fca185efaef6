//! A store that breaks one write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use neurocards_core::{
    Account, AccountKey, AccountOpen, AttemptId, Claim, Claimed, CreditsPost, EventCursor, Job, JobFilter,
    JobHistory, JobId, JobRecord, JobSeize, LateAttempt, LateClaim, LateSettle, LedgerEntry, LedgerFilter,
    Notice, NoticeClaim, NoticeSettle, OrderId, OrderLine, OrderNew, OrderRecord, Pause, PauseRecord,
    PauseScope, Placement, Posted, QueueStatus, Seizure, Store, StoreCapabilities, StoreError, Timestamp,
    Told, Transition, Violation, WorkerBeat,
};

/// On which side of a write the fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The write is not done; the caller reads `Unavailable`.
    Before,
    /// The write is done, and the caller reads `Ambiguous`: what a crash right after the commit looks like.
    After,
}

/// Which write breaks, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Counted from 1; 0 breaks none.
    pub nth: u64,
    /// On which side.
    pub when: When,
}

impl Plan {
    /// Breaks nothing.
    pub const EMPTY: Self = Self { nth: 0, when: When::Before };

    /// The n-th write is not done.
    pub fn before(nth: u64) -> Self {
        Self { nth, when: When::Before }
    }

    /// The n-th write is done, but its answer is lost.
    pub fn after(nth: u64) -> Self {
        Self { nth, when: When::After }
    }
}

/// Forwards everything to another store, and breaks one write by a [`Plan`]. A write is each call of a method that
/// may change something, whether it does or not; but the words of workers are not counted, because they come by the
/// clock and nothing depends on them.
#[derive(Debug)]
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: Plan,
    writes: AtomicU64,
    silent: AtomicBool,
}

impl FaultyStore {
    /// Breaks the inner store's writes by the plan.
    pub fn new(inner: Arc<dyn Store>, plan: Plan) -> Self {
        Self { inner, plan, writes: AtomicU64::new(0), silent: AtomicBool::new(false) }
    }

    /// From now on the store's clock does not answer at all: a network that swallows everything.
    pub fn fall_silent(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// How many writes there were so far, the broken one included. A loop over `n` ends when this is below `n`.
    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::SeqCst)
    }

    /// Whether the plan's write has come.
    pub fn has_fired(&self) -> bool {
        self.plan.nth != 0 && self.writes() >= self.plan.nth
    }

    async fn write<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let source = || format!("write {number} breaks, as planned").into();
        match (number == self.plan.nth, self.plan.when) {
            (false, _) => call.await,
            (true, When::Before) => Err(StoreError::Unavailable { source: source() }),
            (true, When::After) => {
                call.await?;
                Err(StoreError::Ambiguous { source: source() })
            }
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for FaultyStore {
    fn capabilities(&self) -> StoreCapabilities {
        self.inner.capabilities()
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        self.inner.now().await
    }

    async fn account_open(&self, open: &AccountOpen) -> Result<Account, StoreError> {
        self.write(self.inner.account_open(open)).await
    }

    async fn account_get(&self, account: &AccountKey) -> Result<Option<Account>, StoreError> {
        self.inner.account_get(account).await
    }

    async fn credits_post(&self, post: &CreditsPost) -> Result<Posted, StoreError> {
        self.write(self.inner.credits_post(post)).await
    }

    async fn ledger_list(&self, filter: &LedgerFilter) -> Result<Vec<LedgerEntry>, StoreError> {
        self.inner.ledger_list(filter).await
    }

    async fn order_place(&self, order: &OrderNew) -> Result<Placement, StoreError> {
        self.write(self.inner.order_place(order)).await
    }

    async fn order_get(&self, order: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        self.inner.order_get(order).await
    }

    async fn jobs_claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        self.write(self.inner.jobs_claim(claim)).await
    }

    async fn jobs_extend(&self, leases: &[(JobId, i64)], lease: Duration) -> Result<Vec<JobId>, StoreError> {
        self.write(self.inner.jobs_extend(leases, lease)).await
    }

    async fn jobs_give_back(&self, leases: &[(JobId, i64)]) -> Result<(), StoreError> {
        self.write(self.inner.jobs_give_back(leases)).await
    }

    async fn job_seize(&self, seize: &JobSeize) -> Result<Seizure, StoreError> {
        self.write(self.inner.job_seize(seize)).await
    }

    async fn job_apply(&self, step: &Transition) -> Result<bool, StoreError> {
        self.write(self.inner.job_apply(step)).await
    }

    async fn attempt_told(&self, attempt: AttemptId, task_id: &str) -> Result<Told, StoreError> {
        self.write(self.inner.attempt_told(attempt, task_id)).await
    }

    async fn late_claim(&self, claim: &LateClaim) -> Result<Vec<LateAttempt>, StoreError> {
        self.write(self.inner.late_claim(claim)).await
    }

    async fn late_settle(&self, settle: &LateSettle) -> Result<bool, StoreError> {
        self.write(self.inner.late_settle(settle)).await
    }

    async fn job_get(&self, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        self.inner.job_get(job).await
    }

    async fn jobs_list(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        self.inner.jobs_list(filter).await
    }

    async fn job_history(&self, job: JobId) -> Result<Option<JobHistory>, StoreError> {
        self.inner.job_history(job).await
    }

    async fn notices_claim(&self, claim: &NoticeClaim) -> Result<Vec<Notice>, StoreError> {
        self.write(self.inner.notices_claim(claim)).await
    }

    async fn notice_settle(&self, settle: &NoticeSettle) -> Result<bool, StoreError> {
        self.write(self.inner.notice_settle(settle)).await
    }

    async fn audit(&self) -> Result<Vec<Violation>, StoreError> {
        self.inner.audit().await
    }

    async fn queue_pause(&self, pause: &Pause) -> Result<bool, StoreError> {
        self.write(self.inner.queue_pause(pause)).await
    }

    async fn queue_resume(&self, scope: &PauseScope) -> Result<bool, StoreError> {
        self.write(self.inner.queue_resume(scope)).await
    }

    async fn queue_pauses(&self) -> Result<Vec<PauseRecord>, StoreError> {
        self.inner.queue_pauses().await
    }

    async fn queue_status(&self) -> Result<QueueStatus, StoreError> {
        self.inner.queue_status().await
    }

    async fn worker_beat(&self, beat: &WorkerBeat) -> Result<(), StoreError> {
        self.inner.worker_beat(beat).await
    }

    async fn worker_gone(&self, worker: &str) -> Result<(), StoreError> {
        self.inner.worker_gone(worker).await
    }

    async fn order_events(
        &self,
        order: OrderId,
        after: &EventCursor,
        limit: u32,
    ) -> Result<Vec<OrderLine>, StoreError> {
        self.inner.order_events(order, after, limit).await
    }

    async fn until_news(&self) {
        self.inner.until_news().await
    }
}
