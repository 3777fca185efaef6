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

    /// Hands the photo over. Free, and safe to repeat.
    ///
    /// # Errors
    /// A classified fault; nothing was paid for.
    async fn upload(&self, photo: &PhotoUpload<'_>) -> Result<UploadedPhoto, Fault>;

    /// **The paid call.** One request, no retries of its own: whatever happens is told in the answer.
    async fn submit(&self, submission: &Submission<'_>) -> Submitted;

    /// Whether a submission arrived, by its attempt id. Free. Only called when
    /// [`ProviderCapabilities::lookup`] says that the answer can be trusted.
    async fn lookup(&self, attempt: AttemptId) -> Lookup;

    /// Reads a task. Free.
    ///
    /// # Errors
    /// The task could not be read. That says nothing about the task.
    async fn read(&self, task_id: &str) -> Result<TaskState, Fault>;

    /// Fetches a finished video. Free, and safe to repeat.
    ///
    /// # Errors
    /// The video could not be fetched; a stream that breaks off ends with an error as its last item.
    async fn fetch(&self, video: &str) -> Result<VideoStream, Fault>;
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

/// A photo as the provider knows it: an address or a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadedPhoto(pub String);

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
