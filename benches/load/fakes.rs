//! A provider, a notifier and a prompt builder that answer at once and remember nothing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use neurocards::{
    AttemptId, Catalogue, Delivery, Fault, Lookup, MemoryProvider, Notice, Notifier, PhotoUpload, Prompt,
    PromptBuilder, PromptError, PromptRequest, ProviderCapabilities, Script, Submission, Submitted, TaskRef,
    TaskState, UploadError, UploadedPhoto, VideoProvider, VideoStream,
};

const VIDEO: &[u8] = include_bytes!("../../tests/testkit/assets/tiny.mp4");

#[derive(Debug)]
pub(crate) struct Provider {
    catalogue: Catalogue,
    /// Tasks never end.
    pub(crate) endless: AtomicBool,
    pub(crate) submissions: AtomicU64,
    /// When the last submission arrived.
    pub(crate) last: Mutex<Option<Instant>>,
}

impl Provider {
    pub(crate) fn new() -> Self {
        Self {
            catalogue: MemoryProvider::new(Bytes::new()).catalogue().clone(),
            endless: AtomicBool::new(false),
            submissions: AtomicU64::new(0),
            last: Mutex::new(None),
        }
    }
}

#[async_trait]
impl VideoProvider for Provider {
    fn name(&self) -> &str {
        MemoryProvider::NAME
    }

    fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    fn capabilities(&self) -> ProviderCapabilities {
        let poll =
            if self.endless.load(Ordering::Relaxed) { Duration::from_secs(600) } else { Duration::ZERO };
        ProviderCapabilities { lookup: false, poll: Some(poll), ..ProviderCapabilities::default() }
    }

    async fn upload(&self, photo: &PhotoUpload<'_>) -> Result<UploadedPhoto, UploadError> {
        Ok(UploadedPhoto::at(photo.sha256))
    }

    async fn submit(&self, submission: &Submission<'_>) -> Submitted {
        *self.last.lock().expect("nobody panics") = Some(Instant::now());
        self.submissions.fetch_add(1, Ordering::Relaxed);
        Submitted::Accepted { task_id: submission.attempt.to_string() }
    }

    async fn lookup(&self, _: AttemptId) -> Lookup {
        Lookup::Absent
    }

    async fn read(&self, task: &TaskRef<'_>) -> Result<TaskState, Fault> {
        let task_id = task.task_id;
        if self.endless.load(Ordering::Relaxed) {
            return Ok(TaskState::Running { progress: None });
        }
        Ok(TaskState::Succeeded { video: task_id.to_owned(), cost_milli: Some(70) })
    }

    async fn fetch(&self, _: &TaskRef<'_>, _: &str) -> Result<VideoStream, Fault> {
        Ok(futures::stream::iter([Ok(Bytes::from_static(VIDEO))]).boxed())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Channel {
    pub(crate) delivered: AtomicU64,
}

#[async_trait]
impl Notifier for Channel {
    fn channels(&self) -> Vec<String> {
        vec!["telegram:".to_owned()]
    }

    fn is_idempotent(&self) -> bool {
        false
    }

    async fn deliver(&self, notice: &Notice) -> Delivery {
        if notice.body.kind() == neurocards::NoticeKind::Result {
            self.delivered.fetch_add(1, Ordering::Relaxed);
        }
        Delivery::Sent { receipt: None }
    }
}

/// The templates' own work is not what is measured.
#[derive(Debug)]
pub(crate) struct Prompts;

#[async_trait]
impl PromptBuilder for Prompts {
    async fn build(&self, _: &PromptRequest<'_>) -> Result<Prompt, PromptError> {
        Ok(Prompt {
            text: "A matte ceramic cup turns slowly on a wooden table, morning light, vertical 9:16"
                .to_owned(),
            script: Script {
                hook: "Morning begins here".to_owned(),
                benefit: "350 ml of warmth".to_owned(),
                call_to_action: "Order today".to_owned(),
            },
            source: "bench".to_owned(),
            usage: None,
        })
    }
}
