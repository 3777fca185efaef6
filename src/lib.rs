//! # neurocards
//!
//! A product photo and a few lines become a short vertical video: paid work that is never lost, never paid twice
//! and never announced twice.
//!
//! ```
//! use neurocards::{
//!     AccountOpen, BriefTexts, Cancellation, Credits, Neurocards, OrderRequest, Photo, PhotoLimits, TemplateId,
//! };
//!
//! # #[cfg(feature = "preview")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Everything in memory, videos rendered on this machine; each part can be replaced by one of your own.
//! let cards = Neurocards::builder().build();
//! let account = "shop:1".parse()?;
//! let open = AccountOpen { account, credit_limit: Credits(10), bonus: None };
//! let account = cards.account_open(&open).await?.key;
//!
//! let photo = std::fs::read("examples/photos/coffee-cup.jpg")?;
//! let description = "Coffee cup, 350 ml. Keeps warm for two hours. $12.90".to_owned();
//! let order = cards
//!     .order(OrderRequest {
//!         account: account.clone(),
//!         photo: Photo::intake(&photo, &PhotoLimits::default())?,
//!         texts: BriefTexts { description, ..BriefTexts::default() },
//!         template: TemplateId::Ad,
//!         count: 2,
//!         model: None,
//!         idempotency_key: Some("cart-7".to_owned()),
//!         max_credits: None,
//!     })
//!     .await?;
//! let jobs = order.record().await?.ok_or("no such order")?.jobs;
//!
//! // Nothing was sent yet: the credit is back.
//! assert_eq!(cards.cancel(jobs[0].id).await?, Cancellation::Cancelled);
//! assert_eq!(cards.balance(&account).await?.map(|balance| balance.held), Some(Credits(1)));
//!
//! // A worker makes the other video, in this process or in another one that shares the store.
//! let worker = cards.spawn_worker();
//! worker.stop().await?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "preview"))]
//! # fn main() {}
//! ```
//!
//! [`Neurocards`] is thin; [`Engine`] is the machine underneath. The four traits to bring your own of are [`Store`],
//! [`VideoProvider`], [`PromptBuilder`] and [`Notifier`]; beside each stands an implementation in memory. `examples/`
//! shows each of them at work, and `docs/ARCHITECTURE.md` is the map of the house.

mod sdk;

/// The examples of the README are compiled and run like all others.
#[cfg(all(doctest, feature = "preview"))]
#[doc = include_str!("../README.md")]
struct Readme;

pub use neurocards_core::{
    ALARM_REMEMBERED, Account, AccountKey, AccountKeyError, AccountOpen, ActionId, ActionNew, Again,
    AgainError, Alarm, AlarmClaim, AlarmDetail, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle, Allowance,
    AllowanceTake, Artifact, Attempt, AttemptId, AttemptState, AttemptWrite, BalancePoint, Book, BotId,
    Breaker, Brief, BriefCheck, BriefError, BriefTexts, Broadcast, BroadcastNew, BroadcastOutcome,
    BroadcastState, CallKind, Cancellation, CaptionWarning, Card, CardClaim, CardNext, CardPut, CardSettle,
    CardState, Cashier, CashierError, Catalogue, ChatRef, ChatStore, Checked, Claim, ClaimLoop, ClaimScope,
    Claimed, ClaimedJob, Clock, Closing, Context, Cost, Credits, CreditsPost, Currency,
    DESCRIPTION_MAX_CHARS, Delivery, Dialogue, DialogueWrite, Duty, DutyClaim, DutyLead, DutyOutcome,
    DutySettle, Effect, Ended, Engine, EngineBuilder, Entropy, EntryId, EntryKind, Event, EventCursor,
    FastClock, Fault, FaultClass, Feedback, FreshIds, IDEMPOTENCY_KEY_MAX_CHARS, IdError, IngestError, Job,
    JobEvent, JobEventBody, JobFilter, JobHistory, JobId, JobRecord, JobSeize, JobState, Lang, LateAttempt,
    LateClaim, LateEvent, LateOutcome, LateSettle, LedgerEntry, LedgerFilter, Lookup, Maintenance,
    ManualClock, Mark, Media, MediaAudit, MediaAuditError, MediaError, MediaKind, MediaQuestion, MemoryChats,
    MemoryNotifier, MemoryProvider, MemoryStore, Model, ModelError, ModelStatus, Moved, Notice, NoticeBody,
    NoticeClaim, NoticeId, NoticeKind, NoticeOutcome, NoticeSettle, NoticeState, Notifier, ORDER_MAX_VIDEOS,
    OWN_PROMPT_MAX_CHARS, Objection, OfflinePrompts, Opening, Openness, Order, OrderError, OrderEvent,
    OrderHandle, OrderId, OrderLine, OrderNew, OrderRecord, OrderRequest, Pace, Paced, Package, Pause,
    PauseRecord, PauseScope, PayProvider, Payment, PaymentChange, PaymentChanged, PaymentClaim, PaymentDue,
    PaymentFilter, PaymentHint, PaymentId, PaymentNew, PaymentOutcome, PaymentSettle, PaymentState,
    PaymentUnchanged, Payments, Person, PersonId, PersonWrite, Photo, PhotoError, PhotoLimits, PhotoRef,
    PhotoUpload, PhotoWarning, Placement, Plan, Policy, Posted, Press, Pressed, Price, Progress, Prompt,
    PromptBuilder, PromptError, PromptLimits, PromptRequest, PromptUsage, ProviderCall, ProviderCapabilities,
    Quantiles, QueueStatus, Ratio, Receipt, Refund, Reply, ResourceChange, ResourceId, ResourceKind,
    ResourceOutcome, ResourceRecord, ResourceSet, ResourceSettle, Retention, Retry, Room, RunOptions, Script,
    Seizure, Settlement, Span, Stage, StageStatus, Stats, Status, Step, Store, StoreAround, StoreCall,
    StoreCapabilities, StoreError, Subject, Submission, Submitted, SystemClock, Taken, TaskRef, TaskState,
    Telling, TemplateId, Templates, Till, TillError, TillOpened, TillReading, TillRefund, Timestamp, Told,
    Transition, Turn, TurnOutcome, UPDATES_REMEMBERED, UnknownWord, UpdateClaim, UpdateNew, UpdateRecord,
    UpdateSettle, UploadError, UploadedPhoto, VIDEO_MAX_BYTES, Variation, Verdict, VideoPieces,
    VideoProvider, VideoStream, Violation, WISHES_MAX_CHARS, WORKER_ALIVE, WORKER_REMEMBERED, Wake,
    WatchLimits, WorkerBeat, WorkerRecord, describe_metrics, fit, late, metric, queue_seen, step,
};

#[cfg(feature = "s3")]
pub use neurocards_core::BucketOptions;
#[cfg(feature = "kie")]
pub use neurocards_kie as kie;
#[cfg(feature = "openai")]
pub use neurocards_openai as openai;
#[cfg(feature = "preview")]
pub use neurocards_preview as preview;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use neurocards_store as store;
#[cfg(feature = "yookassa")]
pub use neurocards_yookassa as yookassa;
pub use sdk::{Neurocards, WorkerGuard};
