//! A store at whose writes the process can die.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use neurocards_core::{
    Account, AccountKey, AccountOpen, AttemptId, Claim, Claimed, CreditsPost, EventCursor, Job, JobFilter,
    JobHistory, JobId, JobRecord, JobSeize, LateAttempt, LateClaim, LateSettle, LedgerEntry, LedgerFilter,
    Notice, NoticeClaim, NoticeSettle, OrderId, OrderLine, OrderNew, OrderRecord, Pause, PauseRecord,
    PauseScope, Placement, Posted, QueueStatus, Seizure, Store, StoreCapabilities, StoreError, Timestamp,
    Told, Transition, Violation, WorkerBeat,
};

use crate::points::Points;

/// Forwards everything, and passes a point before and after each write. Renewals of leases come by the clock, not by
/// the order's life: they are no points.
#[derive(Debug)]
pub(crate) struct MortalStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) points: Arc<Points>,
}

impl MortalStore {
    async fn write<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.polled(name, call, |_| true).await
    }

    /// A poll that brought nothing is no point of its own.
    async fn polled<T>(
        &self,
        name: &'static str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
        counts: impl Fn(&T) -> bool,
    ) -> Result<T, StoreError> {
        self.points.before(name);
        let answer = call.await?;
        if counts(&answer) {
            self.points.after(name);
        }
        Ok(answer)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for MortalStore {
    fn capabilities(&self) -> StoreCapabilities {
        self.inner.capabilities()
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }

    async fn account_open(&self, open: &AccountOpen) -> Result<Account, StoreError> {
        self.write("account_open", self.inner.account_open(open)).await
    }

    async fn account_get(&self, account: &AccountKey) -> Result<Option<Account>, StoreError> {
        self.inner.account_get(account).await
    }

    async fn credits_post(&self, post: &CreditsPost) -> Result<Posted, StoreError> {
        self.write("credits_post", self.inner.credits_post(post)).await
    }

    async fn ledger_list(&self, filter: &LedgerFilter) -> Result<Vec<LedgerEntry>, StoreError> {
        self.inner.ledger_list(filter).await
    }

    async fn order_place(&self, order: &OrderNew) -> Result<Placement, StoreError> {
        self.write("order_place", self.inner.order_place(order)).await
    }

    async fn order_get(&self, order: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        self.inner.order_get(order).await
    }

    async fn jobs_claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        self.polled("jobs_claim", self.inner.jobs_claim(claim), |claimed| !claimed.jobs.is_empty()).await
    }

    async fn jobs_extend(&self, leases: &[(JobId, i64)], lease: Duration) -> Result<Vec<JobId>, StoreError> {
        self.inner.jobs_extend(leases, lease).await
    }

    async fn jobs_give_back(&self, leases: &[(JobId, i64)]) -> Result<(), StoreError> {
        self.write("jobs_give_back", self.inner.jobs_give_back(leases)).await
    }

    async fn job_seize(&self, seize: &JobSeize) -> Result<Seizure, StoreError> {
        self.write("job_seize", self.inner.job_seize(seize)).await
    }

    async fn job_apply(&self, step: &Transition) -> Result<bool, StoreError> {
        self.write("job_apply", self.inner.job_apply(step)).await
    }

    async fn attempt_told(&self, attempt: AttemptId, task_id: &str) -> Result<Told, StoreError> {
        self.write("attempt_told", self.inner.attempt_told(attempt, task_id)).await
    }

    async fn late_claim(&self, claim: &LateClaim) -> Result<Vec<LateAttempt>, StoreError> {
        self.inner.late_claim(claim).await
    }

    async fn late_settle(&self, settle: &LateSettle) -> Result<bool, StoreError> {
        self.write("late_settle", self.inner.late_settle(settle)).await
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
        self.polled("notices_claim", self.inner.notices_claim(claim), |notices| !notices.is_empty()).await
    }

    async fn notice_settle(&self, settle: &NoticeSettle) -> Result<bool, StoreError> {
        self.write("notice_settle", self.inner.notice_settle(settle)).await
    }

    async fn audit(&self) -> Result<Vec<Violation>, StoreError> {
        self.inner.audit().await
    }

    async fn queue_pause(&self, pause: &Pause) -> Result<bool, StoreError> {
        self.inner.queue_pause(pause).await
    }

    async fn queue_resume(&self, scope: &PauseScope) -> Result<bool, StoreError> {
        self.inner.queue_resume(scope).await
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
