//! Vocabulary, traits, lifecycle and engine of neurocards.

mod account;
mod alarm;
mod artifact;
mod attempt;
mod brief;
mod chat;
mod check;
mod clock;
mod credits;
mod engine;
mod fault;
mod ids;
mod job;
mod ledger;
mod lifecycle;
mod media;
mod metering;
mod model;
mod notice;
mod notifier;
mod order;
mod payments;
mod photo;
mod prompt;
mod provider;
mod resource;
mod store;

pub use account::{Account, AccountKey, AccountKeyError};
pub use alarm::{
    ALARM_REMEMBERED, Alarm, AlarmClaim, AlarmDetail, AlarmKind, AlarmNote, AlarmRecord, AlarmSettle,
};
pub use artifact::Artifact;
pub use attempt::{Attempt, AttemptState};
pub use brief::{
    Brief, BriefError, BriefTexts, DESCRIPTION_MAX_CHARS, Lang, OWN_PROMPT_MAX_CHARS, PhotoRef, TemplateId,
    UnknownWord, WISHES_MAX_CHARS,
};
pub use chat::{
    ActionId, ActionNew, Allowance, AllowanceTake, BotId, Broadcast, BroadcastNew, BroadcastOutcome,
    BroadcastState, Card, CardClaim, CardNext, CardPut, CardSettle, CardState, ChatRef, ChatStore, Dialogue,
    DialogueWrite, Feedback, Maintenance, Mark, MemoryChats, Person, PersonId, PersonWrite, Press, Pressed,
    Turn, TurnOutcome, UPDATES_REMEMBERED, UpdateClaim, UpdateNew, UpdateRecord, UpdateSettle,
};
pub use check::{BriefCheck, Checked, Objection, Verdict};
pub use clock::{Clock, Entropy, FastClock, ManualClock, SystemClock, Timestamp};
pub use credits::Credits;
pub use engine::{
    Again, AgainError, Cancellation, ClaimLoop, Engine, EngineBuilder, MediaAudit, MediaAuditError,
    OrderError, OrderEvent, OrderHandle, OrderRequest, Plan, Progress, Retention, RunOptions, WatchLimits,
};
pub use fault::{Fault, FaultClass, Retry};
pub use ids::{AttemptId, EntryId, IdError, JobId, NoticeId, OrderId, PaymentId};
pub use job::{Job, Stage, Status};
pub use ledger::{Book, EntryKind, LedgerEntry};
pub use lifecycle::{
    AttemptWrite, Choice, Context, Crossing, Effect, Event, FreshIds, JobEventBody, JobState, LateEvent,
    Policy, Route, Settlement, Step, Transition, Wake, choose, late, model_outcome, prospect, step,
    unsent_model,
};
#[cfg(feature = "s3")]
pub use media::BucketOptions;
pub use media::{IngestError, Media, MediaError, MediaKind, VIDEO_MAX_BYTES, VideoPieces};
pub use metering::{describe_metrics, metric, queue_seen};
pub use model::{Catalogue, Model, ModelError, ModelStatus};
pub use notice::{Notice, NoticeBody, NoticeKind, NoticeState, Subject};
pub use notifier::{Delivery, MemoryNotifier, Notifier};
pub use order::{IDEMPOTENCY_KEY_MAX_CHARS, ORDER_MAX_VIDEOS, Order};
pub use payments::{
    Cashier, CashierError, Currency, Package, PayProvider, Payment, PaymentChange, PaymentChanged,
    PaymentClaim, PaymentDue, PaymentFilter, PaymentHint, PaymentNew, PaymentOutcome, PaymentSettle,
    PaymentState, PaymentUnchanged, Payments, Price, Receipt, Refund, Till, TillError, TillOpened,
    TillReading, TillRefund,
};
pub use photo::{Photo, PhotoError, PhotoLimits, PhotoWarning, Ratio};
pub use prompt::{
    AnswerProblem, Beat, Beats, CaptionWarning, NO_TEXT_CLAUSE, OfflinePrompts, PRESERVE_CLAUSE, People,
    Prompt, PromptBuilder, PromptError, PromptLimits, PromptRequest, PromptUsage, Script, Template,
    TemplateError, Templates, Variation, fit,
};
pub use provider::{
    Lookup, MemoryProvider, Opening, PhotoUpload, ProviderCall, ProviderCapabilities, Reply, Submission,
    Submitted, TaskRef, TaskState, UploadError, UploadedPhoto, VideoProvider, VideoStream,
};
pub use resource::{
    BalancePoint, Breaker, Closing, Openness, ResourceId, ResourceKind, ResourceOutcome, ResourceRecord,
};
pub use store::{
    AccountOpen, CallKind, Claim, ClaimScope, Claimed, ClaimedJob, Cost, CreditsPost, Duty, DutyClaim,
    DutyLead, DutyOutcome, DutySettle, Ended, EventCursor, JobEvent, JobFilter, JobHistory, JobRecord,
    JobSeize, LateAttempt, LateClaim, LateOutcome, LateSettle, LedgerFilter, MediaQuestion, MemoryStore,
    Moved, NoticeClaim, NoticeOutcome, NoticeSettle, OrderLine, OrderNew, OrderRecord, Pace, Paced, Pause,
    PauseRecord, PauseScope, Placement, Posted, Quantiles, QueueStatus, ResourceChange, ResourceSet,
    ResourceSettle, Room, Seizure, Span, StageStatus, Stats, Store, StoreAround, StoreCall,
    StoreCapabilities, StoreError, Taken, Telling, Told, Violation, WORKER_ALIVE, WORKER_REMEMBERED,
    WorkerBeat, WorkerRecord,
};
