//! The seam to the database.

mod around;
mod filter;
mod late;
mod memory;
mod operations;
mod params;
mod resources;
mod stats;
mod upkeep;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

pub use around::{CallKind, StoreAround, StoreCall};
pub use filter::JobFilter;
pub use late::{LateAttempt, LateClaim, LateOutcome, LateSettle, Telling, Told};
pub use memory::MemoryStore;
pub use operations::{
    EventCursor, OrderLine, Pause, PauseRecord, PauseScope, QueueStatus, StageStatus, WORKER_ALIVE,
    WORKER_REMEMBERED, WorkerBeat, WorkerRecord,
};
pub use params::{
    AccountOpen, Claim, ClaimScope, Claimed, ClaimedJob, CreditsPost, JobEvent, JobHistory, JobRecord,
    JobSeize, LedgerFilter, NoticeClaim, NoticeOutcome, NoticeSettle, OrderNew, OrderRecord, Placement,
    Posted, Room, Seizure, Violation,
};
pub use resources::{Pace, Paced, ResourceChange, ResourceSet, ResourceSettle};
pub use stats::{Cost, Ended, Moved, Quantiles, Span, Stats, Taken};
pub use upkeep::{Duty, DutyClaim, DutyLead, DutyOutcome, DutySettle, MediaQuestion};

use crate::account::{Account, AccountKey};
use crate::alarm::{AlarmClaim, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle};
use crate::clock::Timestamp;
use crate::fault::Retry;
use crate::ids::{AttemptId, JobId, NoticeId, OrderId};
use crate::ledger::LedgerEntry;
use crate::lifecycle::Transition;
use crate::notice::Notice;
use crate::resource::{BalancePoint, ResourceId, ResourceRecord};

/// Keeps everything: accounts, ledger, orders, jobs, attempts, artifacts, notices, history.
///
/// Each method is one transaction: after an error nothing of it is visible, except after
/// [`StoreError::Ambiguous`], when all of it or nothing is. Time is the store's own ([`now`](Self::now)): timers and
/// leases never depend on a worker's clock. A lost race is an answer, not an error.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// What this store can do.
    fn capabilities(&self) -> StoreCapabilities;

    /// The store's time, in whole microseconds.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Opens an account, or finds the one that is there. A new one gets its bonus in the same transaction; an
    /// old one gets nothing and keeps its credit limit.
    async fn account_open(&self, open: &AccountOpen) -> Result<Account, StoreError>;

    /// An account with its balances.
    async fn account_get(&self, account: &AccountKey) -> Result<Option<Account>, StoreError>;

    /// Moves credits into or out of an account: `topup`, `bonus`, `adjust`, `revoke`. With a reference that was
    /// used before for the same kind it changes nothing and answers with the old entry.
    async fn credits_post(&self, post: &CreditsPost) -> Result<Posted, StoreError>;

    /// Ledger entries, the newest first.
    async fn ledger_list(&self, filter: &LedgerFilter) -> Result<Vec<LedgerEntry>, StoreError>;

    /// Places an order: its row, its jobs, one hold for each job, the notice "started", the first line of each
    /// history. All of it, or nothing when there are not enough credits or the key was used before.
    async fn order_place(&self, order: &OrderNew) -> Result<Placement, StoreError>;

    /// An order with its jobs, by index.
    async fn order_get(&self, order: OrderId) -> Result<Option<OrderRecord>, StoreError>;

    /// The order that an account placed with this idempotency key, with its jobs, by index.
    async fn order_by_key(&self, account: &AccountKey, key: &str) -> Result<Option<OrderRecord>, StoreError>;

    /// Takes jobs whose time has come: raises the epoch, sets the lease, counts a crash until the job takes a step. A
    /// job whose lease ran out is due. Jobs under way come first, the longest due before the others; then those that
    /// have not begun, in the order of their turns: each account gives its jobs numbers from the smallest one in the
    /// queue on, so that the backlog of one takes turns with everybody else's.
    async fn jobs_claim(&self, claim: &Claim) -> Result<Claimed, StoreError>;

    /// Renews leases; answers which of them still belong to the worker.
    async fn jobs_extend(&self, leases: &[(JobId, i64)], lease: Duration) -> Result<Vec<JobId>, StoreError>;

    /// Gives leases back at once, as if the jobs had not been claimed: no crash is counted.
    async fn jobs_give_back(&self, leases: &[(JobId, i64)]) -> Result<(), StoreError>;

    /// Takes a job away from whoever holds it, if nothing of it was ever sent to a provider that may still have
    /// it: the only way to cancel. From then on the former holder's writes are lost.
    async fn job_seize(&self, seize: &JobSeize) -> Result<Seizure, StoreError>;

    /// Applies a step of the lifecycle: job, attempt, artifact, ledger, notices, history. `false`: the fence did
    /// not hold, nothing was written, and the caller must not touch the job any more.
    async fn job_apply(&self, step: &Transition) -> Result<bool, StoreError>;

    /// A provider says that this attempt is this task, and that there is news of it. Where the reply to the
    /// submission is missing the task is noted as a hint; where it is known the job is woken. Nothing else changes: the
    /// task is read before anything is believed.
    async fn attempt_told(&self, attempt: AttemptId, task_id: &str) -> Result<Told, StoreError>;

    /// Takes tasks whose jobs ended without them, and which are to be looked at now.
    async fn late_claim(&self, claim: &LateClaim) -> Result<Vec<LateAttempt>, StoreError>;

    /// Writes what came of it. `false`: somebody else has the task now, and nothing was written.
    async fn late_settle(&self, settle: &LateSettle) -> Result<bool, StoreError>;

    /// A job with its order.
    async fn job_get(&self, job: JobId) -> Result<Option<JobRecord>, StoreError>;

    /// Jobs, the newest first: in the falling order of their ids.
    async fn jobs_list(&self, filter: &JobFilter) -> Result<Vec<crate::job::Job>, StoreError>;

    /// Everything that is known of a job.
    async fn job_history(&self, job: JobId) -> Result<Option<JobHistory>, StoreError>;

    /// Takes notices that are to be sent, the oldest first: `pending` ones become `sending`. A notice that was
    /// `sending` when its sender's lease ran out becomes `unknown`, or is taken again if the notifier is idempotent.
    async fn notices_claim(&self, claim: &NoticeClaim) -> Result<Vec<Notice>, StoreError>;

    /// Renews the leases of notices that are being sent, each with the epoch of its claim; answers which of them still
    /// belong to the sender.
    async fn notices_extend(
        &self,
        leases: &[(NoticeId, i64)],
        lease: Duration,
    ) -> Result<Vec<NoticeId>, StoreError>;

    /// Writes what came of a delivery. `false`: somebody else has the notice now, and nothing was written.
    async fn notice_settle(&self, settle: &NoticeSettle) -> Result<bool, StoreError>;

    /// The recipient wants to hear from us again: what was `blocked` is `pending`, and due at once. Answers how many.
    async fn notices_unblock(&self, account: &AccountKey) -> Result<u64, StoreError>;

    /// Runs the invariants over everything that is stored. Empty is good.
    async fn audit(&self) -> Result<Vec<Violation>, StoreError>;

    /// Holds jobs back before they cost anything, until [`queue_resume`](Self::queue_resume): no claim of any scope
    /// takes those in the stages `prompt` and `submit`. A worker that has one already goes on with it. `false`: the
    /// same was paused before, and actor, reason and time of the first pause stay.
    async fn queue_pause(&self, pause: &Pause) -> Result<bool, StoreError>;

    /// Ends the pause of exactly this scope. `false`: there was none.
    async fn queue_resume(&self, scope: &PauseScope) -> Result<bool, StoreError>;

    /// The pauses that are in force, that of everything first.
    async fn queue_pauses(&self) -> Result<Vec<PauseRecord>, StoreError>;

    /// The queue at one moment. It looks at every unfinished job: for operators, not for loops.
    async fn queue_status(&self) -> Result<QueueStatus, StoreError>;

    /// How many jobs begin before this one, as the queue stands now: others may come in between, as turns have it. `None`
    /// when it has begun, is final or unknown.
    async fn queue_place(&self, job: JobId) -> Result<Option<u64>, StoreError>;

    /// What a stretch of time brought. It reads whatever happened in it: for operators, not for loops.
    async fn stats(&self, span: &Span) -> Result<Stats, StoreError>;

    /// Says that a worker lives, and forgets those that have not for [`WORKER_REMEMBERED`]. Nothing depends on it:
    /// leases say who holds a job.
    async fn worker_beat(&self, beat: &WorkerBeat) -> Result<(), StoreError>;

    /// Forgets a worker that has ended in order.
    async fn worker_gone(&self, worker: &str) -> Result<(), StoreError>;

    /// Lines of the histories of an order's jobs behind a cursor, the oldest first, at most `limit`: fewer mean that
    /// there are no more yet. Within a job no line is left out and none comes twice.
    async fn order_events(
        &self,
        order: OrderId,
        after: &EventCursor,
        limit: u32,
    ) -> Result<Vec<OrderLine>, StoreError>;

    /// What is known of a provider's resources; one that nothing is known of is not among them. By kind and name.
    async fn resources_list(&self, provider: &str) -> Result<Vec<ResourceRecord>, StoreError>;

    /// Writes what came of asking something of a resource: counts faults in a row, closes the resource by its breaker,
    /// opens it again. Of callers at the same moment none is lost. Answers with the record afterwards; an outcome that
    /// changes nothing is not written.
    async fn resource_settle(&self, settle: &ResourceSettle) -> Result<ResourceRecord, StoreError>;

    /// An operator closes or opens a resource. What an operator closed no success opens.
    async fn resource_set(&self, set: &ResourceSet) -> Result<ResourceRecord, StoreError>;

    /// Takes the right to try a resource that has rested after its faults. `true`: the caller has it for this long, or
    /// until an outcome is settled. `false`: somebody else has it, or it is open or closed, and nothing was written.
    async fn resource_probe(&self, resource: &ResourceId, lease: Duration) -> Result<bool, StoreError>;

    /// Notes an account's balance, in thousandths of the provider's credits.
    async fn balance_note(&self, resource: &ResourceId, milli: i64) -> Result<ResourceRecord, StoreError>;

    /// An account's balances, the oldest first: the last one of each hour, for [`BalancePoint::KEPT`].
    async fn balance_list(&self, resource: &ResourceId) -> Result<Vec<BalancePoint>, StoreError>;

    /// Takes the next free slot of a bucket, whoever else asks at the same moment, or says that it lies too far ahead.
    /// After an error a slot may have been taken, and is lost: there are never more calls than the limit allows.
    async fn pace(&self, pace: &Pace) -> Result<Paced, StoreError>;

    /// Takes the lead in a duty that is due, if nobody has it: the term of the last leader, by the store's time, is
    /// over. `None`: it is not due, or somebody else leads.
    async fn duty_claim(&self, claim: &DutyClaim) -> Result<Option<DutyLead>, StoreError>;

    /// A leader goes on, or ends. `false`: somebody else leads now, and nothing was written.
    async fn duty_settle(&self, settle: &DutySettle) -> Result<bool, StoreError>;

    /// Notes that videos which were stored this long ago are removed, at most `limit` of them, the oldest first; answers
    /// how many that were. From then on nobody may rely on their objects. Their facts stay.
    async fn videos_retire(&self, keep: Duration, limit: u32) -> Result<u32, StoreError>;

    /// Of these photos or videos, those that somebody needs. A photo: an unfinished job, or an order that is younger than
    /// asked. A video: a job whose video was not retired. In the order asked.
    async fn media_needed(&self, question: &MediaQuestion) -> Result<Vec<String>, StoreError>;

    /// Notes alarms: one that is known and not over is counted, another one begins. Of callers at the same moment none is
    /// lost. Forgets what was not raised for [`ALARM_REMEMBERED`](crate::ALARM_REMEMBERED).
    async fn alarms_note(&self, notes: &[AlarmNote]) -> Result<(), StoreError>;

    /// An alarm is over. `false`: it was not there, or was over before.
    async fn alarm_over(&self, kind: AlarmKind, subject: &str) -> Result<bool, StoreError>;

    /// The alarms that are not over, the newest first.
    async fn alarms_open(&self) -> Result<Vec<AlarmRecord>, StoreError>;

    /// Takes alarms that operators may have to be told of, the longest due first: those that began or ended since somebody
    /// looked, and those that somebody wanted to look at again.
    async fn alarms_claim(&self, claim: &AlarmClaim) -> Result<Vec<AlarmRecord>, StoreError>;

    /// Writes what came of looking at an alarm. `false`: somebody else looks now, or it ended meanwhile. Then only that
    /// operators were told is written, if it did not begin again, and it is due at once: an end of what they were told of
    /// is news.
    async fn alarm_settle(&self, settle: &AlarmSettle) -> Result<bool, StoreError>;

    /// Returns when another process may have made work earlier than a look at the store would find it; what was written
    /// through this store is no news. It may miss some, and may return for nothing: looking stays the truth. By default
    /// it never returns.
    async fn until_news(&self) {
        std::future::pending().await
    }
}

/// What a store can do beyond the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreCapabilities {
    /// What was committed survives the end of the process.
    pub durable: bool,
    /// Workers on other machines can share it.
    pub shared: bool,
}

/// Why a store did not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, is locked by somebody else, or is restarting. Nothing was written.
    #[error("the database is not available")]
    Unavailable {
        /// What the driver said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The connection broke during the commit: all of it was written, or nothing.
    #[error("the database did not confirm the last write")]
    Ambiguous {
        /// What the driver said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is no space left. Nothing was written.
    #[error("the disk of the database is full")]
    Full {
        /// What the driver said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database was written by a newer version of neurocards. Nothing was touched.
    #[error(
        "the database has schema version {found}; this version of neurocards knows versions up to {known}"
    )]
    Newer {
        /// The version found.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// A row that this version cannot read.
    #[error("{table} holds a value that cannot be read: {message}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// There is no such account.
    #[error("there is no account {account}")]
    NoAccount {
        /// The account that was asked for.
        account: AccountKey,
    },
    /// The posting would break a rule of the ledger. Nothing was written.
    #[error("the posting breaks a rule of the ledger: {rule}")]
    LedgerRule {
        /// Which rule.
        rule: String,
    },
    /// Anything else that the driver said.
    #[error("the database refused")]
    Backend {
        /// What the driver said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Whether the same call may be made again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unavailable { .. } => Retry::Safe,
            Self::Ambiguous { .. } => Retry::Unknown,
            Self::Full { .. } => Retry::After(Duration::from_secs(30)),
            Self::Newer { .. }
            | Self::Corrupt { .. }
            | Self::NoAccount { .. }
            | Self::LedgerRule { .. }
            | Self::Backend { .. } => Retry::Never,
        }
    }
}
