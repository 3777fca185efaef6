//! The seam to whoever renders videos.

mod memory;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use memory::{MemoryProvider, ProviderCall, Reply};

use crate::brief::Brief;
use crate::fault::Fault;
use crate::ids::AttemptId;
use crate::model::{Catalogue, Model};
use crate::prompt::{Prompt, Variation};

/// Renders videos for money.
///
/// Of all methods only [`submit`](Self::submit) costs anything. The engine commits "this attempt is being sent"
/// before it calls `submit`, calls it once for each attempt, and never again for an attempt whose fate is unknown.
#[async_trait]
pub trait VideoProvider: fmt::Debug + Send + Sync + 'static {
    /// The provider's name, as stored with each job: `kie`, `preview`.
    fn name(&self) -> &str;

    /// The models that it serves.
    fn catalogue(&self) -> &Catalogue;

    /// What the engine may rely on.
    fn capabilities(&self) -> ProviderCapabilities;

    /// Whether a submission for this model could leave now: asked after one was refused because of an account or a
    /// key, which the provider has closed by then. Free. By default it never could: there is no other account.
    async fn opening(&self, model: &Model) -> Opening {
        let _ = model;
        Opening::Never
    }

    /// Hands the photo over, and gets everything ready for the paid call: which key makes it, and the right to make it
    /// now. Short waits are waited for here. Free, and safe to repeat.
    ///
    /// # Errors
    /// Nothing was paid for.
    async fn upload(&self, photo: &PhotoUpload<'_>) -> Result<UploadedPhoto, UploadError>;

    /// **The paid call.** One request, no retries of its own: whatever happens is told in the answer.
    async fn submit(&self, submission: &Submission<'_>) -> Submitted;

    /// Whether a submission arrived, by its attempt id. Free. Only called when
    /// [`ProviderCapabilities::lookup`] says that the answer can be trusted.
    async fn lookup(&self, attempt: AttemptId) -> Lookup;

    /// Reads a task. Free. A task that was made for another attempt is not read, as far as the provider can tell: this
    /// is how a callback is proved.
    ///
    /// # Errors
    /// The task could not be read. That says nothing about the task.
    async fn read(&self, task: &TaskRef<'_>) -> Result<TaskState, Fault>;

    /// Fetches a finished video. Free, and safe to repeat.
    ///
    /// # Errors
    /// The video could not be fetched; a stream that breaks off ends with an error as its last item.
    async fn fetch(&self, task: &TaskRef<'_>, video: &str) -> Result<VideoStream, Fault>;
}

/// The bytes of a video as they come.
pub type VideoStream = BoxStream<'static, Result<Bytes, Fault>>;

/// What the engine may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProviderCapabilities {
    /// [`VideoProvider::lookup`] answers [`Lookup::Absent`] only when the submission can never arrive any more.
    pub lookup: bool,
    /// How often a task may be read, when that differs from the policy: a renderer on this machine costs nothing.
    pub poll: Option<Duration>,
    /// Others use its models, accounts and keys too, and they can be unwell: the engine keeps the health of its models
    /// in the store, and looks there before it begins an attempt.
    pub shared: bool,
    /// A render costs nothing, and nobody judges what is in it: briefs are not checked before.
    pub free: bool,
}

/// Whether a submission could leave now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// By an account that is open.
    Now,
    /// No account is open; one will be after this time.
    After {
        /// How long.
        wait: Duration,
        /// Why, for people who wait.
        why: Fault,
    },
    /// No account is open, and nothing opens one but an operator.
    Never,
}

/// A photo to hand over.
#[derive(Debug, Clone, Copy)]
pub struct PhotoUpload<'a> {
    /// The attempt that it is for: uploads have unique names.
    pub attempt: AttemptId,
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: &'a str,
    /// JPEG, without metadata.
    pub jpeg: &'a Bytes,
    /// The model that will see it: some follow the picture's ratio, so it is padded first.
    pub model: &'a Model,
}

/// A photo that the provider has, and what the paid call will be made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPhoto {
    /// Where the provider finds the photo: an address, or its own name for it.
    pub address: String,
    /// The name of the key that the paid call will use, where there are several: its fingerprint, never itself. It is
    /// stored with the attempt before the call.
    pub key: Option<String>,
    /// Why this key, when that is not the usual one: `account B: account A has no credits`.
    pub reason: Option<String>,
}

impl UploadedPhoto {
    /// A photo of a provider that has one key, or none.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), key: None, reason: None }
    }
}

/// Why a photo was not handed over. Nothing was paid for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// Nothing may leave now, and nothing failed: a rate limit that we keep, or accounts that rest. The job comes again
    /// after this time, which counts as no fault of anybody.
    #[error("not now: {why}")]
    NotNow {
        /// How long.
        wait: Duration,
        /// Why, for people who wait.
        why: Fault,
    },
    /// It failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A task, and what its submission was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskRef<'a> {
    /// The attempt that it is for. A task that a callback named may be somebody else's: the provider can tell.
    pub attempt: AttemptId,
    /// The provider's id of the task.
    pub task_id: &'a str,
    /// The model.
    pub model: &'a str,
    /// The name of the key, as [`UploadedPhoto::key`] gave it.
    pub key: Option<&'a str>,
}

/// The contents of the paid call.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// The attempt; the provider's task can be recognised by it.
    pub attempt: AttemptId,
    /// The model.
    pub model: &'a Model,
    /// The prompt, already within the model's limits.
    pub prompt: &'a Prompt,
    /// The photo.
    pub photo: &'a UploadedPhoto,
    /// The name of the key, as [`UploadedPhoto::key`] gave it and the store has it.
    pub key: Option<&'a str>,
    /// What the seller gave.
    pub brief: &'a Brief,
    /// Which of the order's videos this is.
    pub variation: Variation,
}

/// What came of the paid call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// The provider has the task. It will be charged if it succeeds.
    Accepted {
        /// The provider's id of the task.
        task_id: String,
    },
    /// The provider refused, or the request provably never left. Nothing is charged.
    Rejected(Fault),
    /// The request may have arrived: a timeout, a broken connection, an answer that cannot be read.
    /// **It may be charged.**
    Unknown(Fault),
}

/// Whether a submission arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It did.
    Found {
        /// The provider's id of the task.
        task_id: String,
    },
    /// It did not, and never will.
    Absent,
    /// The provider could not say.
    Unavailable(Fault),
}

/// What a provider says of a task.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskState {
    /// It is under way.
    Running {
        /// How far, in `0.0..=1.0`, when the provider says so.
        progress: Option<f32>,
    },
    /// It is finished.
    Succeeded {
        /// Where the video lies.
        video: String,
        /// What was charged, in thousandths of the provider's credits, when it says so.
        cost_milli: Option<i64>,
    },
    /// It failed, by the provider's own word.
    Failed(Fault),
}
