//! What the methods of a store are asked, and what they answer.

use std::time::Duration;

use serde::Serialize;

use super::StoreError;
use crate::account::{Account, AccountKey};
use crate::artifact::Artifact;
use crate::attempt::Attempt;
use crate::clock::{Timestamp, later};
use crate::credits::Credits;
use crate::ids::{EntryId, JobId, NoticeId, OrderId};
use crate::job::{Job, Stage};
use crate::ledger::{EntryKind, LedgerEntry};
use crate::lifecycle::{JobEventBody, JobState};
use crate::notice::Notice;
use crate::order::Order;

/// Opens an account.
#[derive(Debug, Clone)]
pub struct AccountOpen {
    /// Its key.
    pub account: AccountKey,
    /// How far it may go below zero, if it is new.
    pub credit_limit: Credits,
    /// What it gets for free, if it is new, and the id of that entry.
    pub bonus: Option<(EntryId, Credits)>,
}

/// Moves credits into or out of an account.
#[derive(Debug, Clone)]
pub struct CreditsPost {
    /// The id of the new entry.
    pub id: EntryId,
    /// `topup`, `bonus`, `adjust` or `revoke`.
    pub kind: EntryKind,
    /// Whose.
    pub account: AccountKey,
    /// How many: positive, or negative for an adjustment out of the account.
    pub amount: Credits,
    /// Unique for the kind: a payment id, an operator's idempotency key.
    pub reference: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Who.
    pub actor: Option<String>,
}

/// What came of moving credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// The entry was written.
    New(LedgerEntry),
    /// The reference was used before: this is the entry from then.
    Before(LedgerEntry),
}

/// Which ledger entries.
#[derive(Debug, Clone, Default)]
pub struct LedgerFilter {
    /// Of this account only.
    pub account: Option<AccountKey>,
    /// Of this job only.
    pub job: Option<JobId>,
    /// At most this many.
    pub limit: u32,
}

/// An order to be placed.
#[derive(Debug, Clone)]
pub struct OrderNew {
    /// The order; `created_at` is set by the store.
    pub order: Order,
    /// The provider that serves the model.
    pub provider: String,
    /// The ids of its jobs and of their holds, one for each video.
    pub jobs: Vec<(JobId, EntryId)>,
    /// What each job holds.
    pub price: Credits,
    /// How long after now each job ends at the latest.
    pub deadline: Duration,
    /// The id of the notice "started".
    pub started: NoticeId,
}

/// What came of placing an order.
#[derive(Debug, Clone, PartialEq)]
pub enum Placement {
    /// It is placed, and its credits are held.
    New(OrderRecord),
    /// The same key came with the same contents before: this is the order from then. Nothing was held again.
    Existing(OrderRecord),
    /// The same key came with other contents before. Nothing was held.
    KeyReused {
        /// The order from then.
        order: OrderId,
    },
    /// Not enough credits. Nothing was held.
    NotEnough {
        /// What the order would hold.
        needed: Credits,
        /// What the account could spend, its credit limit included.
        available: Credits,
    },
}

/// An order with its jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderRecord {
    /// The order.
    pub order: Order,
    /// Its jobs, by index.
    pub jobs: Vec<Job>,
}

/// Which jobs a worker takes.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The worker's name.
    pub worker: String,
    /// Only jobs of these providers.
    pub providers: Vec<String>,
    /// Only these jobs.
    pub scope: ClaimScope,
    /// At most this many.
    pub room: Room,
    /// For how long.
    pub lease: Duration,
}

/// How many more jobs a worker can carry, by what they are about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Writing the prompt, handing over the photo, submitting: stages `prompt` and `submit`.
    pub submit: u32,
    /// Reading a task: stage `wait`.
    pub read: u32,
    /// Fetching a video: stage `store`.
    pub store: u32,
}

impl Room {
    /// The same for each.
    pub fn each(jobs: u32) -> Self {
        Self { submit: jobs, read: jobs, store: jobs }
    }

    /// For jobs of this stage.
    pub fn of(self, stage: Stage) -> u32 {
        match stage {
            Stage::Prompt | Stage::Submit => self.submit,
            Stage::Wait => self.read,
            Stage::Store => self.store,
            Stage::Done | Stage::Failed | Stage::Cancelled => 0,
        }
    }

    /// There is none.
    pub fn is_none(self) -> bool {
        self == Self::each(0)
    }
}

/// Which jobs a worker looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimScope {
    /// All.
    All,
    /// Those of one order.
    Order(OrderId),
    /// One.
    Job(JobId),
}

/// What a claim brought.
#[derive(Debug, Clone, Default)]
pub struct Claimed {
    /// The jobs, which belong to the worker now.
    pub jobs: Vec<ClaimedJob>,
    /// How long until the next job of the scope is due, of those that the claim had room for.
    pub next_due: Option<Duration>,
}

/// A job that belongs to a worker.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    /// The job and its latest attempt.
    pub state: JobState,
    /// Its order.
    pub order: Order,
    /// The store's time of the claim.
    pub claimed_at: Timestamp,
}

/// Takes a job away from its holder.
#[derive(Debug, Clone)]
pub struct JobSeize {
    /// Which job.
    pub job: JobId,
    /// Who takes it.
    pub worker: String,
    /// For how long.
    pub lease: Duration,
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Seizure {
    /// It belongs to the caller now.
    Seized(Box<ClaimedJob>),
    /// A provider has it, or may have it.
    AtProvider(Stage),
    /// It is final.
    Final(Stage),
    /// There is no such job.
    Missing,
}

/// A job with its order and artifact.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobRecord {
    /// The job.
    pub job: Job,
    /// Its order.
    pub order: Order,
    /// Its video.
    pub artifact: Option<Artifact>,
    /// When the video was removed because it was old; its facts stay.
    pub removed_at: Option<Timestamp>,
}

/// Everything that is known of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobHistory {
    /// The job, its order, its artifact.
    #[serde(flatten)]
    pub record: JobRecord,
    /// What happened, the oldest first.
    pub events: Vec<JobEvent>,
    /// Its attempts, the first one first.
    pub attempts: Vec<Attempt>,
    /// Its own notices and its order's, the oldest first.
    pub notices: Vec<Notice>,
    /// Its ledger entries, the oldest first.
    pub ledger: Vec<LedgerEntry>,
}

/// One line of a job's history, as stored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JobEvent {
    /// When.
    pub at: Timestamp,
    /// The stage after it.
    pub stage: Stage,
    /// The epoch under which it was written; 0 for the first line.
    pub epoch: i64,
    /// What happened.
    #[serde(flatten)]
    pub body: JobEventBody,
}

/// Which notices a sender takes.
#[derive(Debug, Clone)]
pub struct NoticeClaim {
    /// Only for accounts whose keys begin with one of these.
    pub channels: Vec<String>,
    /// A notice that may have been sent may be sent again.
    pub idempotent: bool,
    /// At most this many.
    pub limit: u32,
    /// For how long.
    pub lease: Duration,
}

/// What came of a delivery.
#[derive(Debug, Clone)]
pub struct NoticeSettle {
    /// Which notice.
    pub id: NoticeId,
    /// The epoch of the claim.
    pub epoch: i64,
    /// What came of it.
    pub outcome: NoticeOutcome,
}

/// What came of a delivery, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeOutcome {
    /// `sent`.
    Sent {
        /// What the channel answered.
        receipt: Option<String>,
    },
    /// `pending` again, after this time.
    Later(Duration),
    /// `unknown`.
    Unknown,
    /// `blocked`.
    Blocked,
    /// `dead`.
    Dead,
}

/// A row that breaks an invariant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which invariant, in words.
    pub invariant: &'static str,
    /// Which row.
    pub key: String,
}

impl CreditsPost {
    /// Most credits that one entry moves.
    pub const MOST: u64 = 1_000_000_000;

    /// The rules of the ledger that every store keeps.
    ///
    /// # Errors
    /// [`StoreError::LedgerRule`]: the kind belongs to jobs, the amount has the wrong sign, or the balance would
    /// leave its bounds. Nothing may be written then.
    pub fn check(&self, account: &Account) -> Result<(), StoreError> {
        let broken = |rule: &str| Err(StoreError::LedgerRule { rule: rule.to_owned() });
        let back = self.amount < Credits::ZERO;
        match self.kind {
            EntryKind::Hold | EntryKind::Capture | EntryKind::Release => {
                return broken("holds, captures and releases belong to jobs");
            }
            EntryKind::Topup | EntryKind::Bonus | EntryKind::Revoke if back => {
                return broken("only adjustments may be negative");
            }
            _ if self.amount == Credits::ZERO => return broken("an entry moves at least one credit"),
            // One account must not be able to fill the books of the house, which everybody's entries go through.
            _ if self.amount.0.unsigned_abs() > Self::MOST => {
                return broken("an entry moves at most 1,000,000,000 credits");
            }
            _ => {}
        }
        let change = if self.kind == EntryKind::Revoke { -self.amount } else { self.amount };
        match account.available.checked_add(change) {
            None => broken("the balance does not fit"),
            Some(balance) if change < Credits::ZERO && balance < -account.credit_limit => {
                broken("the balance would fall below the account's limit")
            }
            Some(_) => Ok(()),
        }
    }
}

impl OrderNew {
    /// The rules of placing that every store keeps; answers with what the order holds altogether.
    ///
    /// # Errors
    /// [`StoreError::LedgerRule`]: the price is not positive, or there is not one job for each video. Nothing may be
    /// written then.
    pub fn check(&self) -> Result<Credits, StoreError> {
        let broken = |rule: &str| StoreError::LedgerRule { rule: rule.to_owned() };
        if !self.price.is_positive() {
            return Err(broken("a job costs at least one credit"));
        }
        if self.jobs.is_empty() || u32::try_from(self.jobs.len()) != Ok(self.order.count) {
            return Err(broken("an order has one job for each video"));
        }
        self.price.checked_mul(self.order.count).ok_or_else(|| broken("the price of the order does not fit"))
    }

    /// The first state of the job with this index.
    pub fn job(&self, id: JobId, index: u32, now: Timestamp) -> Job {
        Job {
            id,
            order_id: self.order.id,
            account: self.order.account.clone(),
            index,
            provider: self.provider.clone(),
            model: self.order.model.clone(),
            price: self.price,
            stage: Stage::Prompt,
            prompt: None,
            attempts: 0,
            retries: 0,
            stumbles: 0,
            crashes: 0,
            error: None,
            slow_told: false,
            lease_epoch: 0,
            lease_owner: None,
            wake_at: Some(now),
            deadline_at: later(now, self.deadline),
            created_at: now,
            finished_at: None,
        }
    }
}
