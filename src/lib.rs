//! # neurocards
//!
//! A product photo and a few lines become a short vertical video: paid work that is never lost, never paid twice
//! and never announced twice.
//!
//! ```
//! use std::sync::Arc;
//! use neurocards::{AccountOpen, Credits, Engine, Media, MemoryStore, SystemClock, preview::PreviewProvider};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let clock = Arc::new(SystemClock::new());
//! let store = Arc::new(MemoryStore::new(clock.clone()));
//! let media = Media::in_memory();
//! let engine = Engine::builder(store, media.clone())
//!     .provider(Arc::new(PreviewProvider::new(media, clock)))
//!     .build();
//! let account = "shop:1".parse()?;
//! let open = AccountOpen { account, credit_limit: Credits(10), bonus: None };
//! engine.store().account_open(&open).await?;
//! # Ok(())
//! # }
//! ```
//!
//! `examples/embed.rs` goes on from here: it places an order, runs it, and prints what happens as it happens.
//!
//! The four traits to bring your own of are [`Store`], [`VideoProvider`], [`PromptBuilder`] and [`Notifier`]; beside
//! each stands an implementation in memory. `docs/ARCHITECTURE.md` is the map of the house.

pub use neurocards_core::{
    Account, AccountKey, AccountKeyError, AccountOpen, Artifact, Attempt, AttemptId, AttemptState,
    AttemptWrite, Book, Brief, BriefError, BriefTexts, Cancellation, CaptionWarning, Catalogue, Claim,
    ClaimLoop, ClaimScope, Claimed, ClaimedJob, Clock, Context, Credits, CreditsPost, DESCRIPTION_MAX_CHARS,
    Delivery, Effect, Engine, EngineBuilder, Entropy, EntryId, EntryKind, Event, EventCursor, Fault,
    FaultClass, FreshIds, IDEMPOTENCY_KEY_MAX_CHARS, IdError, IngestError, Job, JobEvent, JobEventBody,
    JobFilter, JobHistory, JobId, JobRecord, JobSeize, JobState, Lang, LateAttempt, LateClaim, LateEvent,
    LateOutcome, LateSettle, LedgerEntry, LedgerFilter, Lookup, ManualClock, Media, MediaAudit,
    MediaAuditError, MediaError, MemoryNotifier, MemoryProvider, MemoryStore, Model, ModelError, ModelStatus,
    Notice, NoticeBody, NoticeClaim, NoticeId, NoticeKind, NoticeOutcome, NoticeSettle, NoticeState,
    Notifier, ORDER_MAX_VIDEOS, OWN_PROMPT_MAX_CHARS, OfflinePrompts, Order, OrderError, OrderEvent,
    OrderHandle, OrderId, OrderLine, OrderNew, OrderRecord, OrderRequest, Pause, PauseRecord, PauseScope,
    Photo, PhotoError, PhotoLimits, PhotoRef, PhotoUpload, PhotoWarning, Placement, Plan, Policy, Posted,
    Progress, Prompt, PromptBuilder, PromptLimits, PromptRequest, ProviderCall, ProviderCapabilities,
    QueueStatus, Ratio, Reply, Retry, Room, RunOptions, Script, Seizure, Settlement, Stage, StageStatus,
    Status, Step, Store, StoreCapabilities, StoreError, Subject, Submission, Submitted, SystemClock,
    TaskState, Telling, TemplateId, Templates, Timestamp, Told, Transition, UnknownWord, UploadedPhoto,
    VIDEO_MAX_BYTES, VideoProvider, VideoStream, Violation, WISHES_MAX_CHARS, WORKER_REMEMBERED, Wake,
    WorkerBeat, WorkerRecord, describe_metrics, fit, late, metric, step,
};

#[cfg(feature = "s3")]
pub use neurocards_core::BucketOptions;
#[cfg(feature = "kie")]
pub use neurocards_kie as kie;
#[cfg(feature = "preview")]
pub use neurocards_preview as preview;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use neurocards_store as store;
