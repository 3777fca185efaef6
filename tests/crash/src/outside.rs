//! Whoever writes prompts, the provider and the people: what they know lies in files, and outlives every process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use neurocards_core::{
    AttemptId, Catalogue, Delivery, Fault, FaultClass, Lookup, Model, ModelStatus, Notice, Notifier,
    OfflinePrompts, PhotoUpload, Prompt, PromptBuilder, PromptError, PromptLimits, PromptRequest,
    ProviderCapabilities, Submission, Submitted, TaskRef, TaskState, UploadError, UploadedPhoto,
    VideoProvider, VideoStream,
};

use crate::points::{Points, append};

const VIDEO: &[u8] = include_bytes!("../../testkit/assets/tiny.mp4");

/// Tasks are files in the folder `tasks`; the file `calls` has one line for each call.
#[derive(Debug)]
pub(crate) struct FolderProvider {
    folder: PathBuf,
    catalogue: Catalogue,
    lookup: bool,
    points: Arc<Points>,
}

impl FolderProvider {
    const NAME: &str = "folder";

    pub(crate) fn new(folder: &Path, lookup: bool, points: Arc<Points>) -> Self {
        let model = Model {
            id: Self::NAME.to_owned(),
            provider: Self::NAME.to_owned(),
            title: "Folder".to_owned(),
            vendor: "neurocards".to_owned(),
            status: ModelStatus::Active,
            since: None,
            successor: None,
            prompt: PromptLimits { min_chars: 3, max_chars: 1_000 },
            seconds: 8,
            price_milli_usd: None,
        };
        std::fs::create_dir_all(folder.join("tasks")).unwrap_or_else(|error| panic!("tasks: {error}"));
        let catalogue = Catalogue::new(vec![model], Some(Self::NAME.to_owned()));
        Self { folder: folder.to_owned(), catalogue, lookup, points }
    }

    fn called(&self, call: &str, with: impl std::fmt::Display) {
        append(&self.folder.join("calls"), &format!("{call} {with}"));
    }

    fn task(&self, id: &str) -> PathBuf {
        self.folder.join("tasks").join(id)
    }
}

#[async_trait]
impl VideoProvider for FolderProvider {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    fn capabilities(&self) -> ProviderCapabilities {
        ProviderCapabilities {
            lookup: self.lookup,
            poll: Some(Duration::from_millis(1)),
            ..ProviderCapabilities::default()
        }
    }

    async fn upload(&self, photo: &PhotoUpload<'_>) -> Result<UploadedPhoto, UploadError> {
        self.points.before("upload");
        self.called("upload", photo.attempt);
        self.points.after("upload");
        Ok(UploadedPhoto::at(photo.sha256))
    }

    async fn submit(&self, submission: &Submission<'_>) -> Submitted {
        self.points.before("submit");
        let task_id = submission.attempt.to_string();
        self.called("submit", &task_id);
        append(&self.task(&task_id), "born");
        self.points.after("submit");
        Submitted::Accepted { task_id }
    }

    async fn lookup(&self, attempt: AttemptId) -> Lookup {
        self.points.before("lookup");
        self.called("lookup", attempt);
        let task_id = attempt.to_string();
        let answer = if self.task(&task_id).exists() { Lookup::Found { task_id } } else { Lookup::Absent };
        self.points.after("lookup");
        answer
    }

    /// The first read finds it running, the second one finished.
    async fn read(&self, task: &TaskRef<'_>) -> Result<TaskState, Fault> {
        let task_id = task.task_id;
        self.points.before("read");
        self.called("read", task_id);
        let task = std::fs::read_to_string(self.task(task_id))
            .map_err(|error| Fault::new(FaultClass::Unknown, error.to_string()))?;
        append(&self.task(task_id), "read");
        self.points.after("read");
        if task.lines().count() < 2 {
            return Ok(TaskState::Running { progress: None });
        }
        Ok(TaskState::Succeeded { video: task_id.to_owned(), cost_milli: Some(1_000) })
    }

    /// The end of the stream is the moment before the video is stored; after that comes `job_apply`.
    async fn fetch(&self, _: &TaskRef<'_>, video: &str) -> Result<VideoStream, Fault> {
        self.points.before("fetch");
        self.called("fetch", video);
        self.points.after("fetch");
        let points = self.points.clone();
        let end = std::iter::from_fn(move || {
            points.before("put_video");
            None
        });
        let bytes = futures::stream::iter([Ok(Bytes::from_static(VIDEO))]);
        Ok(bytes.chain(futures::stream::iter(end)).boxed())
    }
}

/// Writes as without a language model; each call is a line in the file `calls`.
#[derive(Debug)]
pub(crate) struct FolderPrompts {
    folder: PathBuf,
    offline: OfflinePrompts,
    points: Arc<Points>,
}

impl FolderPrompts {
    pub(crate) fn new(folder: &Path, points: Arc<Points>) -> Self {
        Self { folder: folder.to_owned(), offline: OfflinePrompts::default(), points }
    }
}

#[async_trait]
impl PromptBuilder for FolderPrompts {
    async fn build(&self, request: &PromptRequest<'_>) -> Result<Prompt, PromptError> {
        self.points.before("prompt");
        append(&self.folder.join("calls"), "prompt");
        let prompt = self.offline.build(request).await;
        self.points.after("prompt");
        prompt
    }
}

/// People see each delivery: a line in the file `told`. Nothing is shown once that is delivered twice.
#[derive(Debug)]
pub(crate) struct FolderNotifier {
    pub(crate) folder: PathBuf,
    pub(crate) points: Arc<Points>,
}

#[async_trait]
impl Notifier for FolderNotifier {
    fn channels(&self) -> Vec<String> {
        vec![String::new()]
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    async fn deliver(&self, notice: &Notice) -> Delivery {
        self.points.before("notify");
        append(&self.folder.join("told"), notice.body.kind().as_str());
        self.points.after("notify");
        Delivery::Sent { receipt: None }
    }
}
