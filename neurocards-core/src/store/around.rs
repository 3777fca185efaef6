//! Stores around another store: one forwarder for all of them.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::{
    AccountOpen, Claim, Claimed, CreditsPost, DutyClaim, DutyLead, DutySettle, EventCursor, JobFilter,
    JobHistory, JobRecord, JobSeize, LateAttempt, LateClaim, LateSettle, LedgerFilter, MediaQuestion,
    NoticeClaim, NoticeSettle, OrderLine, OrderNew, OrderRecord, Pace, Paced, Pause, PauseRecord, PauseScope,
    Placement, Posted, QueueStatus, ResourceSet, ResourceSettle, Seizure, Span, Stats, Store,
    StoreCapabilities, StoreError, Told, Violation, WorkerBeat,
};
use crate::account::{Account, AccountKey};
use crate::alarm::{AlarmClaim, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle};
use crate::clock::Timestamp;
use crate::ids::{AttemptId, JobId, NoticeId, OrderId};
use crate::job::Job;
use crate::ledger::LedgerEntry;
use crate::lifecycle::Transition;
use crate::notice::Notice;
use crate::resource::{BalancePoint, ResourceId, ResourceRecord};

/// A store around another one, which does something about every call: counts it, logs it, measures it, breaks it.
///
/// Whoever implements this is a [`Store`]: each method goes through [`around`](Self::around), and on to the store
/// inside when that runs the call.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use neurocards_core::{CallKind, ManualClock, MemoryStore, Store, StoreAround, StoreCall, StoreError};
///
/// #[derive(Debug)]
/// struct Counted {
///     inner: MemoryStore,
///     reads: AtomicU32,
/// }
///
/// impl StoreAround for Counted {
///     fn inner(&self) -> &dyn Store {
///         &self.inner
///     }
///
///     async fn around<T: Send>(&self, call: StoreCall<'_, T>) -> Result<T, StoreError> {
///         if call.kind == CallKind::Read {
///             self.reads.fetch_add(1, Ordering::Relaxed);
///         }
///         call.run().await
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), StoreError> {
/// let inner = MemoryStore::new(Arc::new(ManualClock::new()));
/// let store = Counted { inner, reads: AtomicU32::new(0) };
/// assert_eq!(store.audit().await?, []);
/// assert_eq!(store.reads.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
pub trait StoreAround: fmt::Debug + Send + Sync + 'static {
    /// The store inside.
    fn inner(&self) -> &dyn Store;

    /// Runs a call, or does not. [`Store::capabilities`] and [`Store::until_news`] are forwarded past this.
    fn around<T: Send>(&self, call: StoreCall<'_, T>) -> impl Future<Output = Result<T, StoreError>> + Send;
}

/// A call on its way to the store inside. Nothing of it happens before [`run`](Self::run).
pub struct StoreCall<'a, T> {
    /// The name of the method.
    pub method: &'static str,
    /// What it is for.
    pub kind: CallKind,
    /// Whether an answer says that something was changed: not when a claim took nothing, or a fence did not hold. An
    /// answer that does not tell counts as a change.
    pub changed: fn(&T) -> bool,
    future: BoxFuture<'a, Result<T, StoreError>>,
}

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallKind {
    /// It only looks.
    Read,
    /// It may change something.
    Write,
    /// A sign of life of a worker or of its leases, or a step of the upkeep: it comes by the clock, whatever else
    /// happens.
    Beat,
}

impl<T> StoreCall<'_, T> {
    /// Makes the call.
    ///
    /// # Errors
    /// Those of the store inside.
    pub async fn run(self) -> Result<T, StoreError> {
        self.future.await
    }
}

impl<T> fmt::Debug for StoreCall<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreCall").field("method", &self.method).field("kind", &self.kind).finish()
    }
}

/// Writes the forwarding methods: kind, name, arguments, answer, and what of the answer says that something changed.
macro_rules! forward {
    ($($kind:ident $method:ident($($argument:ident: $type:ty),*) -> $answer:ty $(, $changed:expr)?;)*) => {
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<W: StoreAround> Store for W {
            fn capabilities(&self) -> StoreCapabilities {
                self.inner().capabilities()
            }

            async fn until_news(&self) {
                self.inner().until_news().await;
            }

            $(async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                let changed: fn(&$answer) -> bool = forward!(@changed $($changed)?);
                let future = self.inner().$method($($argument),*);
                let (method, kind) = (stringify!($method), CallKind::$kind);
                self.around(StoreCall { method, kind, changed, future }).await
            })*
        }
    };
    (@changed) => { |_| true };
    (@changed $changed:expr) => { $changed };
}

forward! {
    Read now() -> Timestamp;
    Write account_open(open: &AccountOpen) -> Account;
    Read account_get(account: &AccountKey) -> Option<Account>;
    Write credits_post(post: &CreditsPost) -> Posted, |posted| matches!(posted, Posted::New(_));
    Read ledger_list(filter: &LedgerFilter) -> Vec<LedgerEntry>;
    Write order_place(order: &OrderNew) -> Placement, |placed| matches!(placed, Placement::New(_));
    Read order_get(order: OrderId) -> Option<OrderRecord>;
    Read order_by_key(account: &AccountKey, key: &str) -> Option<OrderRecord>;
    Write jobs_claim(claim: &Claim) -> Claimed, |claimed| !claimed.jobs.is_empty();
    Beat jobs_extend(leases: &[(JobId, i64)], lease: Duration) -> Vec<JobId>, |kept| !kept.is_empty();
    Write jobs_give_back(leases: &[(JobId, i64)]) -> ();
    Write job_seize(seize: &JobSeize) -> Seizure, |seized| matches!(seized, Seizure::Seized(_));
    Write job_apply(step: &Transition) -> bool, |held| *held;
    Write attempt_told(attempt: AttemptId, task_id: &str) -> Told, |told| *told != Told::Nothing;
    Write late_claim(claim: &LateClaim) -> Vec<LateAttempt>, |taken| !taken.is_empty();
    Write late_settle(settle: &LateSettle) -> bool, |held| *held;
    Read job_get(job: JobId) -> Option<JobRecord>;
    Read jobs_list(filter: &JobFilter) -> Vec<Job>;
    Read job_history(job: JobId) -> Option<JobHistory>;
    Write notices_claim(claim: &NoticeClaim) -> Vec<Notice>, |taken| !taken.is_empty();
    Beat notices_extend(leases: &[(NoticeId, i64)], lease: Duration) -> Vec<NoticeId>, |kept| !kept.is_empty();
    Write notice_settle(settle: &NoticeSettle) -> bool, |held| *held;
    Write notices_unblock(account: &AccountKey) -> u64, |unblocked| *unblocked > 0;
    Read audit() -> Vec<Violation>;
    Write queue_pause(pause: &Pause) -> bool, |new| *new;
    Write queue_resume(scope: &PauseScope) -> bool, |ended| *ended;
    Read queue_pauses() -> Vec<PauseRecord>;
    Read queue_status() -> QueueStatus;
    Read queue_place(job: JobId) -> Option<u64>;
    Read stats(span: &Span) -> Stats;
    Beat worker_beat(beat: &WorkerBeat) -> ();
    Beat worker_gone(worker: &str) -> ();
    Read order_events(order: OrderId, after: &EventCursor, limit: u32) -> Vec<OrderLine>;
    Read resources_list(provider: &str) -> Vec<ResourceRecord>;
    Write resource_settle(settle: &ResourceSettle) -> ResourceRecord;
    Write resource_set(set: &ResourceSet) -> ResourceRecord;
    Write resource_probe(resource: &ResourceId, lease: Duration) -> bool, |granted| *granted;
    Write balance_note(resource: &ResourceId, milli: i64) -> ResourceRecord;
    Read balance_list(resource: &ResourceId) -> Vec<BalancePoint>;
    Write pace(pace: &Pace) -> Paced, |paced| matches!(paced, Paced::Slot(_));
    Beat duty_claim(claim: &DutyClaim) -> Option<DutyLead>, |lead| lead.is_some();
    Beat duty_settle(settle: &DutySettle) -> bool, |held| *held;
    Beat videos_retire(keep: Duration, limit: u32) -> u32, |retired| *retired > 0;
    Read media_needed(question: &MediaQuestion) -> Vec<String>;
    Beat alarms_note(notes: &[AlarmNote]) -> ();
    Beat alarm_over(kind: AlarmKind, subject: &str) -> bool, |ended| *ended;
    Read alarms_open() -> Vec<AlarmRecord>;
    Beat alarms_claim(claim: &AlarmClaim) -> Vec<AlarmRecord>, |taken| !taken.is_empty();
    Beat alarm_settle(settle: &AlarmSettle) -> bool, |held| *held;
}
