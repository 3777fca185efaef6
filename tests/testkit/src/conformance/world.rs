//! What a case stands in: a fresh store, a clock, and the moves that most cases make.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use neurocards_core::{
    Account, AccountKey, AccountOpen, Claim, ClaimScope, Claimed, ClaimedJob, Context, Credits, Effect,
    Event, Job, JobHistory, JobId, JobSeize, JobState, LedgerEntry, LedgerFilter, ManualClock, NoticeClaim,
    OrderNew, OrderRecord, Placement, Policy, Room, Seizure, Stage, Store, Timestamp, Transition, Wake, step,
};

use crate::sample::{self, Ids};

/// A fresh store for one case.
pub struct Fixture {
    /// The store, empty.
    pub store: Arc<dyn Store>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// What must live as long as the store: a folder, a server.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("store", &self.store).finish_non_exhaustive()
    }
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// Claimed for the first time.
    Prompt,
    /// The prompt is saved, an attempt is intended.
    Intent,
    /// The paid call is under way.
    Sent,
    /// The provider has the task, and a worker holds the job again.
    Accepted,
    /// Nobody knows whether the provider has the task, and a worker holds the job again.
    InDoubt,
    /// The provider has finished.
    Rendered,
    /// The end.
    Done,
}

/// What a case stands in.
pub struct World {
    /// The store under test.
    pub store: Arc<dyn Store>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// Ids.
    pub ids: Ids,
    /// The numbers of the lifecycle.
    pub policy: Policy,
    planted: AtomicBool,
    _keep: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Everything that a lost write must leave as it was.
#[derive(Debug, PartialEq)]
pub struct Snapshot {
    history: JobHistory,
    account: Option<Account>,
    ledger: Vec<LedgerEntry>,
}

impl World {
    /// Stands in a fresh store.
    pub fn new(Fixture { store, clock, keep }: Fixture) -> Self {
        let ids = Ids::new(clock.clone());
        Self { store, clock, ids, policy: Policy::default(), planted: AtomicBool::new(false), _keep: keep }
    }

    /// Every case ends here: whatever it did, the invariants hold.
    pub(super) async fn close(self) {
        let violations = self.store.audit().await.unwrap();
        if !self.planted.load(Ordering::Relaxed) {
            assert_eq!(violations, [], "the audit at the end of the case");
        }
    }

    /// The case breaks invariants on purpose.
    pub(super) fn plants(&self) {
        self.planted.store(true, Ordering::Relaxed);
    }

    /// Moves the clock.
    pub fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The store's time.
    pub async fn now(&self) -> Timestamp {
        self.store.now().await.unwrap()
    }

    /// Opens an account with these credits.
    pub async fn account(&self, key: &str, credits: i64) -> AccountKey {
        let account = sample::account(key);
        let bonus = Some((self.ids.entry(), Credits(credits)));
        let open = AccountOpen { account: account.clone(), credit_limit: Credits::ZERO, bonus };
        self.store.account_open(&open).await.unwrap();
        account
    }

    /// What the account can spend and what it has set aside.
    pub async fn balances(&self, account: &AccountKey) -> (i64, i64) {
        let account = self.store.account_get(account).await.unwrap().unwrap();
        (account.available.0, account.held.0)
    }

    /// Places an order that must be new.
    pub async fn place(&self, account: &AccountKey, count: u32) -> OrderRecord {
        self.place_this(&sample::order_new(&self.ids, account, count)).await
    }

    /// Places this order, which must be new.
    pub async fn place_this(&self, order: &OrderNew) -> OrderRecord {
        match self.store.order_place(order).await.unwrap() {
            Placement::New(record) => record,
            other => panic!("{other:?}"),
        }
    }

    /// One job of a new order of an account with five credits.
    pub async fn job(&self) -> Job {
        let account = self.account("telegram:7", 5).await;
        self.place(&account, 1).await.jobs.remove(0)
    }

    /// A claim of everything that is due.
    pub fn claim_of(&self, worker: &str) -> Claim {
        Claim {
            worker: worker.to_owned(),
            providers: vec![sample::PROVIDER.to_owned()],
            scope: ClaimScope::All,
            room: Room::each(100),
            lease: self.policy.lease,
        }
    }

    /// Claims.
    pub async fn claim(&self, claim: &Claim) -> Claimed {
        self.store.jobs_claim(claim).await.unwrap()
    }

    /// Claims this job, which must be due.
    pub async fn claim_job(&self, worker: &str, id: JobId) -> ClaimedJob {
        let claim = Claim { scope: ClaimScope::Job(id), ..self.claim_of(worker) };
        let mut claimed = self.claim(&claim).await.jobs;
        assert_eq!(claimed.len(), 1, "{id} is due");
        claimed.remove(0)
    }

    /// Waits until the job's timer or lease ends, and claims it.
    pub async fn reclaim(&self, worker: &str, id: JobId) -> JobState {
        let job = self.store.job_get(id).await.unwrap().unwrap().job;
        let wait = job.wake_at.unwrap() - self.now().await;
        self.clock.advance(wait.to_std().unwrap_or_default());
        self.claim_job(worker, id).await.state
    }

    /// What the lifecycle wants written after this event.
    pub async fn decide(&self, state: &JobState, event: Event) -> (Option<Transition>, Option<Effect>) {
        let context =
            Context { policy: &self.policy, now: self.now().await, jitter: 0.0, fresh: self.ids.fresh() };
        let decided = step(state, event, context);
        (decided.write, decided.then)
    }

    /// Decides and writes; the store must take the step and read back what the lifecycle says.
    pub async fn advance(&self, state: JobState, event: Event) -> JobState {
        let (write, _) = self.decide(&state, event.clone()).await;
        let Some(write) = write else { panic!("{event:?} writes nothing in {state:?}") };
        self.apply(state, &write).await
    }

    /// Writes; the store must take the step and read back what the lifecycle says.
    pub async fn apply(&self, state: JobState, write: &Transition) -> JobState {
        assert!(self.store.job_apply(write).await.unwrap(), "{write:?}");
        let expect = state.after(write, self.now().await);
        let stored = self.history(expect.job.id).await;
        assert_eq!(stored.record.job, expect.job);
        assert_eq!(stored.attempts.last(), expect.attempt.as_ref());
        expect
    }

    /// The history of a job that exists.
    pub async fn history(&self, id: JobId) -> JobHistory {
        self.store.job_history(id).await.unwrap().unwrap()
    }

    /// Everything that a lost write must leave as it was.
    pub async fn snapshot(&self, id: JobId) -> Snapshot {
        let history = self.history(id).await;
        let account = self.store.account_get(&history.record.job.account).await.unwrap();
        let ledger =
            self.store.ledger_list(&LedgerFilter { limit: 1_000, ..LedgerFilter::default() }).await.unwrap();
        Snapshot { history, account, ledger }
    }

    /// The step must be lost, and leave nothing.
    pub async fn lost(&self, write: &Transition) {
        let before = self.snapshot(write.job_id).await;
        assert!(!self.store.job_apply(write).await.unwrap(), "{write:?}");
        assert_eq!(self.snapshot(write.job_id).await, before);
    }

    /// Brings a fresh job up to a milestone; except at the end, the worker "w" holds it.
    pub async fn reach(&self, id: JobId, goal: Milestone) -> JobState {
        let mut state = self.claim_job("w", id).await.state;
        if goal == Milestone::Prompt {
            return state;
        }
        state = self.advance(state, sample::built()).await;
        if goal == Milestone::Intent {
            return state;
        }
        state = self.advance(state, sample::uploaded()).await;
        if goal == Milestone::Sent {
            return state;
        }
        if goal == Milestone::InDoubt {
            let fault = sample::fault(neurocards_core::FaultClass::Unknown);
            self.advance(state, Event::InDoubt(fault)).await;
            return self.reclaim("w", id).await;
        }
        self.advance(state, Event::Accepted { task_id: format!("task-{id}") }).await;
        state = self.reclaim("w", id).await;
        if goal == Milestone::Accepted {
            return state;
        }
        state = self
            .advance(state, Event::Rendered { video: "memory://video".to_owned(), cost_milli: Some(70) })
            .await;
        if goal == Milestone::Rendered {
            return state;
        }
        self.advance(state, Event::Stored(sample::artifact())).await
    }

    /// Seizes a job for the worker "seizer".
    pub async fn seize(&self, job: JobId) -> Seizure {
        let seize = JobSeize { job, worker: "seizer".to_owned(), lease: self.policy.lease };
        self.store.job_seize(&seize).await.unwrap()
    }

    /// A claim of notices for Telegram.
    pub fn notice_claim(&self) -> NoticeClaim {
        let channels = vec!["telegram:".to_owned()];
        NoticeClaim { channels, idempotent: false, limit: 100, lease: Duration::from_secs(60) }
    }
}

/// A step that changes nothing but stage and timer.
pub fn bare(state: &JobState, to: Stage, wake: Wake) -> Transition {
    let job = &state.job;
    Transition {
        job_id: job.id,
        epoch: job.lease_epoch,
        from: job.stage,
        to,
        wake,
        prompt: None,
        attempt: None,
        retries: job.retries,
        stumbles: job.stumbles,
        error: job.error.clone(),
        slow_told: job.slow_told,
        settlement: None,
        artifact: None,
        notice: None,
        event: None,
        late: None,
    }
}
