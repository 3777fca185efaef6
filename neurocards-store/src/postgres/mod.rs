//! The store in a PostgreSQL database, shared by any number of processes on any number of machines.
//!
//! Claims, steps, orders and deliveries are one statement each, which commits itself: one round trip, one flush. Those
//! that come at the same time share a statement (see [`crate::batch`]). No transaction stays open while the program
//! thinks, so nobody waits for a process that died. Locks are taken in one order, accounts by their keys; where two
//! statements meet all the same, the server gives one of them up, and it is made again.
//!
//! Time is the server's: each statement reads it itself.

mod accounts;
mod alarms;
mod apply;
mod audit;
mod chats;
mod connections;
mod error;
mod jobs;
mod late;
mod news;
mod notices;
mod open;
mod operations;
mod orders;
mod payments;
mod read;
mod resources;
mod rows;
mod server;
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
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Postgres};

use self::apply::Apply;
use self::connections::Connections;
use self::error::{classify, classify_write, was_given_up};
use self::news::News;
use self::notices::Settle;
pub use self::open::ConnectError;
use self::orders::Place;
pub use self::server::{ServerAddress, ServerFacts};
use crate::batch::Batches;

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    db: Connections,
    clock: Option<Arc<dyn Clock>>,
    orders: Batches<Place>,
    steps: Batches<Apply>,
    settles: Batches<Settle>,
    news: News,
}

/// A transaction whose statements all see the same.
const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("connections", &self.db.size()).finish_non_exhaustive()
    }
}

/// The time that a statement is told: none, unless a test moves the clock.
fn time(clock: &Option<Arc<dyn Clock>>) -> Option<Timestamp> {
    let now = clock.as_ref()?.now();
    // Whole microseconds, like the server's.
    Some(Timestamp::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now))
}

impl PostgresStore {
    fn new(db: Connections, news: News, clock: Option<Arc<dyn Clock>>) -> Self {
        Self {
            orders: Batches::new(Place { db: db.clone(), clock: clock.clone(), placed: news.orders() }, 2),
            steps: Batches::new(Apply { db: db.clone(), clock: clock.clone() }, 2),
            settles: Batches::new(Settle { db: db.clone(), clock: clock.clone() }, 1),
            news,
            db,
            clock,
        }
    }

    /// Closes the connections, once the calls under way have ended. What is committed is durable without this.
    pub async fn close(&self) {
        self.db.close().await;
    }

    fn time(&self) -> Option<Timestamp> {
        time(&self.clock)
    }

    async fn connection(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        self.db.acquire().await.map_err(classify)
    }
}

/// Transactions of several statements. Those of one statement take their locks in one order; these may meet them.
impl PostgresStore {
    async fn account_open_once(&self, open: &AccountOpen) -> Result<Account, StoreError> {
        let now = self.now().await?;
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let account = accounts::open(&mut tx, open, now).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(account)
    }

    async fn credits_post_once(&self, post: &CreditsPost) -> Result<Posted, StoreError> {
        let now = self.now().await?;
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let posted = accounts::post(&mut tx, post, now).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(posted)
    }

    async fn job_seize_once(&self, seize: &JobSeize) -> Result<Seizure, StoreError> {
        let now = self.now().await?;
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let seizure = jobs::seize(&mut tx, seize, now).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(seizure)
    }

    async fn attempt_told_once(&self, attempt: AttemptId, task_id: &str) -> Result<Told, StoreError> {
        let now = self.now().await?;
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        let told = late::told(&mut tx, attempt, task_id, now).await?;
        tx.commit().await.map_err(classify_write)?;
        Ok(told)
    }
}

/// How often a transaction is made that the server gives up for another one.
const TRIES: u32 = 5;

/// Makes a transaction again as long as the server gives it up for another one: nothing of it was written.
macro_rules! again {
    ($once:expr) => {{
        let mut tries = 1;
        loop {
            match $once.await {
                Err(error) if tries < TRIES && was_given_up(&error) => tries += 1,
                answer => return answer,
            }
        }
    }};
}
use again;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Store for PostgresStore {
    fn capabilities(&self) -> StoreCapabilities {
        StoreCapabilities { durable: true, shared: true }
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        match self.time() {
            Some(now) => Ok(now),
            None => {
                let mut connection = self.connection().await?;
                sqlx::query_scalar("SELECT now()").fetch_one(&mut *connection).await.map_err(classify)
            }
        }
    }

    async fn account_open(&self, open: &AccountOpen) -> Result<Account, StoreError> {
        again!(self.account_open_once(open))
    }

    async fn account_get(&self, account: &AccountKey) -> Result<Option<Account>, StoreError> {
        accounts::get(&mut *self.connection().await?, account).await
    }

    async fn credits_post(&self, post: &CreditsPost) -> Result<Posted, StoreError> {
        again!(self.credits_post_once(post))
    }

    async fn ledger_list(&self, filter: &LedgerFilter) -> Result<Vec<LedgerEntry>, StoreError> {
        accounts::ledger(&mut *self.connection().await?, filter).await
    }

    async fn order_place(&self, order: &OrderNew) -> Result<Placement, StoreError> {
        self.orders.write(order.clone()).await
    }

    async fn order_get(&self, order: OrderId) -> Result<Option<OrderRecord>, StoreError> {
        orders::read(&mut *self.connection().await?, order).await
    }

    async fn order_by_key(&self, account: &AccountKey, key: &str) -> Result<Option<OrderRecord>, StoreError> {
        orders::by_key(&mut *self.connection().await?, account, key).await
    }

    async fn jobs_claim(&self, claim: &Claim) -> Result<Claimed, StoreError> {
        let mut db = self.db.warm().await.map_err(classify)?;
        let claimed = jobs::claim(&mut db, claim, self.time()).await?;
        self.db.keep(db);
        Ok(claimed)
    }

    async fn jobs_extend(&self, leases: &[(JobId, i64)], lease: Duration) -> Result<Vec<JobId>, StoreError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        jobs::extend(&mut *self.connection().await?, leases, lease, self.time()).await
    }

    async fn jobs_give_back(&self, leases: &[(JobId, i64)]) -> Result<(), StoreError> {
        if leases.is_empty() {
            return Ok(());
        }
        jobs::give_back(&mut *self.connection().await?, leases, self.time()).await
    }

    async fn job_seize(&self, seize: &JobSeize) -> Result<Seizure, StoreError> {
        again!(self.job_seize_once(seize))
    }

    async fn job_apply(&self, step: &Transition) -> Result<bool, StoreError> {
        self.steps.write(step.clone()).await
    }

    async fn attempt_told(&self, attempt: AttemptId, task_id: &str) -> Result<Told, StoreError> {
        again!(self.attempt_told_once(attempt, task_id))
    }

    async fn late_claim(&self, claim: &LateClaim) -> Result<Vec<LateAttempt>, StoreError> {
        late::claim(&mut *self.connection().await?, claim, self.time()).await
    }

    async fn late_settle(&self, settle: &LateSettle) -> Result<bool, StoreError> {
        late::settle(&mut *self.connection().await?, settle, self.time()).await
    }

    async fn job_get(&self, job: JobId) -> Result<Option<JobRecord>, StoreError> {
        read::record(&mut *self.connection().await?, job).await
    }

    async fn jobs_list(&self, filter: &JobFilter) -> Result<Vec<Job>, StoreError> {
        read::list(&mut *self.connection().await?, filter).await
    }

    async fn job_history(&self, job: JobId) -> Result<Option<JobHistory>, StoreError> {
        read::history(&mut *self.connection().await?, job).await
    }

    async fn notices_claim(&self, claim: &NoticeClaim) -> Result<Vec<Notice>, StoreError> {
        let mut db = self.db.warm().await.map_err(classify)?;
        let taken = notices::claim(&mut db, claim, self.time()).await?;
        self.db.keep(db);
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
        notices::extend(&mut *self.connection().await?, leases, lease, self.time()).await
    }

    async fn notice_settle(&self, settle: &NoticeSettle) -> Result<bool, StoreError> {
        self.settles.write(settle.clone()).await
    }

    async fn notices_unblock(&self, account: &AccountKey) -> Result<u64, StoreError> {
        notices::unblock(&mut *self.connection().await?, account, self.time()).await
    }

    async fn audit(&self) -> Result<Vec<Violation>, StoreError> {
        let mut connection = self.connection().await?;
        let mut tx = connection.begin().await.map_err(classify)?;
        audit::run(&mut tx).await
    }

    async fn queue_pause(&self, pause: &Pause) -> Result<bool, StoreError> {
        operations::pause(&mut *self.connection().await?, pause, self.time()).await
    }

    async fn queue_resume(&self, scope: &PauseScope) -> Result<bool, StoreError> {
        operations::resume(&mut *self.connection().await?, scope).await
    }

    async fn queue_pauses(&self) -> Result<Vec<PauseRecord>, StoreError> {
        operations::pauses(&mut *self.connection().await?).await
    }

    async fn queue_status(&self) -> Result<QueueStatus, StoreError> {
        let now = self.now().await?;
        let mut connection = self.connection().await?;
        let mut tx = connection.begin_with(ONE_MOMENT).await.map_err(classify)?;
        operations::status(&mut tx, now).await
    }

    async fn queue_place(&self, job: JobId) -> Result<Option<u64>, StoreError> {
        operations::place(&mut *self.connection().await?, job).await
    }

    async fn stats(&self, span: &Span) -> Result<Stats, StoreError> {
        stats::read(&mut *self.connection().await?, *span).await
    }

    async fn worker_beat(&self, beat: &WorkerBeat) -> Result<(), StoreError> {
        operations::beat(&mut *self.connection().await?, beat, self.time()).await
    }

    async fn worker_gone(&self, worker: &str) -> Result<(), StoreError> {
        operations::gone(&mut *self.connection().await?, worker).await
    }

    async fn order_events(
        &self,
        order: OrderId,
        after: &EventCursor,
        limit: u32,
    ) -> Result<Vec<OrderLine>, StoreError> {
        operations::order_events(&mut *self.connection().await?, order, after, limit).await
    }

    async fn resources_list(&self, provider: &str) -> Result<Vec<ResourceRecord>, StoreError> {
        resources::list(&mut *self.connection().await?, provider).await
    }

    async fn resource_settle(&self, settle: &ResourceSettle) -> Result<ResourceRecord, StoreError> {
        resources::settle(&mut *self.connection().await?, settle, self.time()).await
    }

    async fn resource_set(&self, set: &ResourceSet) -> Result<ResourceRecord, StoreError> {
        resources::set(&mut *self.connection().await?, set, self.time()).await
    }

    async fn resource_probe(&self, resource: &ResourceId, lease: Duration) -> Result<bool, StoreError> {
        resources::probe(&mut *self.connection().await?, resource, lease, self.time()).await
    }

    async fn balance_note(&self, resource: &ResourceId, milli: i64) -> Result<ResourceRecord, StoreError> {
        resources::note_balance(&mut *self.connection().await?, resource, milli, self.time()).await
    }

    async fn balance_list(&self, resource: &ResourceId) -> Result<Vec<BalancePoint>, StoreError> {
        resources::balances(&mut *self.connection().await?, resource).await
    }

    async fn pace(&self, pace: &Pace) -> Result<Paced, StoreError> {
        resources::pace(&mut *self.connection().await?, pace, self.time()).await
    }

    async fn duty_claim(&self, claim: &DutyClaim) -> Result<Option<DutyLead>, StoreError> {
        upkeep::claim(&mut *self.connection().await?, claim, self.time()).await
    }

    async fn duty_settle(&self, settle: &DutySettle) -> Result<bool, StoreError> {
        upkeep::settle(&mut *self.connection().await?, settle, self.time()).await
    }

    async fn videos_retire(&self, keep: Duration, limit: u32) -> Result<u32, StoreError> {
        upkeep::retire(&mut *self.connection().await?, keep, limit, self.time()).await
    }

    async fn media_needed(&self, question: &MediaQuestion) -> Result<Vec<String>, StoreError> {
        upkeep::needed(&mut *self.connection().await?, question, self.time()).await
    }

    async fn alarms_note(&self, notes: &[AlarmNote]) -> Result<(), StoreError> {
        alarms::note(&mut *self.connection().await?, notes, self.time()).await
    }

    async fn alarm_over(&self, kind: AlarmKind, subject: &str) -> Result<bool, StoreError> {
        alarms::over(&mut *self.connection().await?, kind, subject, self.time()).await
    }

    async fn alarms_open(&self) -> Result<Vec<AlarmRecord>, StoreError> {
        alarms::open(&mut *self.connection().await?).await
    }

    async fn alarms_claim(&self, claim: &AlarmClaim) -> Result<Vec<AlarmRecord>, StoreError> {
        alarms::claim(&mut *self.connection().await?, claim, self.time()).await
    }

    async fn alarm_settle(&self, settle: &AlarmSettle) -> Result<bool, StoreError> {
        alarms::settle(&mut *self.connection().await?, settle, self.time()).await
    }

    async fn until_news(&self) {
        self.news.next().await
    }
}
