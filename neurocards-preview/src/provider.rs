//! The renderer as a provider of the engine.
//!
//! A submission is a small record beside the photos; rendering it is a pure function of that record. So nothing is
//! lost when the process dies: whoever reads the task next renders it again, to the same bytes. Two workers that
//! read one task render it twice; that costs processor time and nothing else.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use neurocards_core::{
    AttemptId, Catalogue, Clock, Fault, FaultClass, Lookup, Media, Model, ModelStatus, PhotoUpload,
    PromptLimits, ProviderCapabilities, Submission, Submitted, TaskRef, TaskState, UploadError,
    UploadedPhoto, VideoProvider, VideoStream,
};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use tokio::sync::{OnceCell, Semaphore, watch};

use crate::{Captions, ClipSpec, RenderError, Scene, render};

/// How many finished clips are kept until they are fetched; an older one is rendered again if need be.
const KEPT_CLIPS: usize = 16;
/// Records older than this belong to jobs that ended long ago.
const RECORD_LIFE: chrono::Duration = chrono::Duration::days(7);

/// Renders on this machine, for nothing.
#[derive(Debug)]
pub struct PreviewProvider {
    shared: Arc<Shared>,
    catalogue: Catalogue,
}

#[derive(Debug)]
struct Shared {
    media: Media,
    clock: Arc<dyn Clock>,
    spec: ClipSpec,
    /// One clip at a time: a render uses every core.
    turn: Semaphore,
    clips: Mutex<HashMap<String, watch::Receiver<Clip>>>,
    swept: OnceCell<()>,
    stopped: AtomicBool,
}

/// A submission, as kept beside the photos.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    photo: String,
    hook: String,
    benefit: String,
    call_to_action: String,
    seed: u64,
    variant: u32,
}

#[derive(Debug, Clone)]
enum Clip {
    Running(f32),
    Ready(Bytes),
    Failed(Fault),
}

impl PreviewProvider {
    /// The name of the provider and of its one model.
    pub const NAME: &str = "preview";

    /// A provider that takes photos from `media` and keeps its submissions there.
    pub fn new(media: Media, clock: Arc<dyn Clock>) -> Self {
        Self::with_spec(media, clock, ClipSpec::default())
    }

    /// The same with clips of another size or length.
    pub fn with_spec(media: Media, clock: Arc<dyn Clock>, spec: ClipSpec) -> Self {
        let model = Model {
            id: Self::NAME.to_owned(),
            provider: Self::NAME.to_owned(),
            title: "Preview (on this machine)".to_owned(),
            vendor: "neurocards".to_owned(),
            status: ModelStatus::Active,
            since: None,
            successor: None,
            prompt: PromptLimits { min_chars: 3, max_chars: 1_500 },
            seconds: u32::try_from(spec.duration.as_secs()).unwrap_or(u32::MAX).max(1),
            price_milli_usd: Some(0),
        };
        let shared = Shared {
            media,
            clock,
            spec,
            turn: Semaphore::new(1),
            clips: Mutex::default(),
            swept: OnceCell::new(),
            stopped: AtomicBool::new(false),
        };
        let catalogue = Catalogue::new(vec![model], Some(Self::NAME.to_owned()));
        Self { shared: Arc::new(shared), catalogue }
    }
}

impl Drop for PreviewProvider {
    /// A render that nobody can fetch any more stops at its next frame.
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl VideoProvider for PreviewProvider {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    fn capabilities(&self) -> ProviderCapabilities {
        ProviderCapabilities {
            lookup: true,
            poll: Some(Duration::from_millis(200)),
            free: true,
            ..ProviderCapabilities::default()
        }
    }

    async fn upload(&self, photo: &PhotoUpload<'_>) -> Result<UploadedPhoto, UploadError> {
        Ok(UploadedPhoto::at(photo.sha256))
    }

    async fn submit(&self, submission: &Submission<'_>) -> Submitted {
        self.shared.sweep().await;
        let script = &submission.prompt.script;
        let record = Record {
            photo: submission.photo.address.clone(),
            hook: script.hook.clone(),
            benefit: script.benefit.clone(),
            call_to_action: script.call_to_action.clone(),
            seed: submission.variation.seed,
            variant: submission.variation.index,
        };
        // Strings and numbers always serialise.
        let json = serde_json::to_vec(&record).unwrap_or_default();
        let task_id = submission.attempt.to_string();
        match self.shared.objects().put(&at(&task_id), json.into()).await {
            Ok(_) => {
                self.shared.start(&task_id, record);
                Submitted::Accepted { task_id }
            }
            Err(error) => Submitted::Rejected(storage(&error)),
        }
    }

    async fn lookup(&self, attempt: AttemptId) -> Lookup {
        let task_id = attempt.to_string();
        match self.shared.objects().head(&at(&task_id)).await {
            Ok(_) => Lookup::Found { task_id },
            Err(object_store::Error::NotFound { .. }) => Lookup::Absent,
            Err(error) => Lookup::Unavailable(storage(&error)),
        }
    }

    async fn read(&self, task: &TaskRef<'_>) -> Result<TaskState, Fault> {
        let task_id = task.task_id;
        let clip = self.shared.clip(task_id).await?;
        let now = clip.borrow().clone();
        Ok(match now {
            Clip::Running(done) => TaskState::Running { progress: Some(done) },
            Clip::Ready(_) => TaskState::Succeeded { video: task_id.to_owned(), cost_milli: Some(0) },
            Clip::Failed(fault) => TaskState::Failed(fault),
        })
    }

    async fn fetch(&self, _: &TaskRef<'_>, video: &str) -> Result<VideoStream, Fault> {
        let mut clip = self.shared.clip(video).await?;
        let ended = clip.wait_for(|clip| !matches!(clip, Clip::Running(_))).await;
        let ended = ended.map(|clip| clip.clone()).map_err(|_| stopped())?;
        match ended {
            Clip::Ready(bytes) => Ok(futures::stream::iter([Ok(bytes)]).boxed()),
            Clip::Failed(fault) => Err(fault),
            Clip::Running(_) => Err(stopped()),
        }
    }
}

impl Shared {
    fn objects(&self) -> &Arc<dyn ObjectStore> {
        self.media.objects()
    }

    fn clips(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Clip>>> {
        self.clips.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clip of a task: under way, ready, or begun now, because the process that began it is gone.
    async fn clip(self: &Arc<Self>, task_id: &str) -> Result<watch::Receiver<Clip>, Fault> {
        if let Some(clip) = self.clips().get(task_id) {
            return Ok(clip.clone());
        }
        let found = self.objects().get(&at(task_id)).await;
        let bytes = match found {
            Ok(found) => found.bytes().await.map_err(|error| storage(&error))?,
            Err(error) => return Err(storage(&error)),
        };
        let unreadable = |_| Fault::new(FaultClass::Unknown, "the record of the render cannot be read");
        Ok(self.start(task_id, serde_json::from_slice(&bytes).map_err(unreadable)?))
    }

    fn start(self: &Arc<Self>, task_id: &str, record: Record) -> watch::Receiver<Clip> {
        let mut clips = self.clips();
        if let Some(clip) = clips.get(task_id) {
            return clip.clone();
        }
        let finished = |clip: &watch::Receiver<Clip>| !matches!(*clip.borrow(), Clip::Running(_));
        if clips.values().filter(|clip| finished(clip)).count() >= KEPT_CLIPS {
            clips.retain(|_, clip| !finished(clip));
        }
        let (sender, receiver) = watch::channel(Clip::Running(0.0));
        clips.insert(task_id.to_owned(), receiver.clone());
        drop(clips);
        let shared = self.clone();
        tokio::spawn(async move {
            let ended = shared.render(record, &sender).await;
            sender.send_replace(match ended {
                Ok(bytes) => Clip::Ready(bytes),
                Err(fault) => Clip::Failed(fault),
            });
        });
        receiver
    }

    async fn render(self: &Arc<Self>, record: Record, clip: &watch::Sender<Clip>) -> Result<Bytes, Fault> {
        let _turn = self.turn.acquire().await.map_err(|_| stopped())?;
        let lost = |error| Fault::new(FaultClass::Temporary, format!("the photo could not be read: {error}"));
        let jpeg = self.media.photo(&record.photo).await.map_err(lost)?;
        let (shared, clip) = (self.clone(), clip.clone());
        let rendered = tokio::task::spawn_blocking(move || {
            let photo = image::load_from_memory(&jpeg).map_err(RenderFault::Photo)?.into_rgb8();
            let captions = Captions {
                hook: record.hook,
                benefit: record.benefit,
                call_to_action: record.call_to_action,
            };
            let (seed, variant) = (record.seed, record.variant);
            let scene = Scene { photo: &photo, captions, seed, variant, spec: shared.spec.clone() };
            let tell = |done: f32| {
                clip.send_replace(Clip::Running(done));
                if shared.stopped.load(Ordering::Relaxed) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            render(&scene, &tell).map_err(RenderFault::Render)
        });
        match rendered.await {
            Ok(Ok(bytes)) => Ok(bytes.into()),
            Ok(Err(error)) => Err(Fault::new(FaultClass::InvalidInput, error.to_string())),
            Err(_) => Err(Fault::new(FaultClass::Unknown, "the renderer stopped")),
        }
    }

    /// Once in the life of a process: forgets records that nobody will ask for.
    async fn sweep(&self) {
        let sweep = async {
            let before = self.clock.now() - RECORD_LIFE;
            let folder = Path::from(FOLDER);
            let records =
                self.objects().list(Some(&folder)).try_collect::<Vec<_>>().await.unwrap_or_default();
            for old in records.iter().filter(|record| record.last_modified < before) {
                // It will be tried again by the next process.
                let _ = self.objects().delete(&old.location).await;
            }
        };
        self.swept.get_or_init(|| sweep).await;
    }
}

const FOLDER: &str = "preview";

fn at(task_id: &str) -> Path {
    Path::from(format!("{FOLDER}/{task_id}.json"))
}

fn storage(error: &object_store::Error) -> Fault {
    let message = match error {
        object_store::Error::NotFound { .. } => "the record of the render is gone",
        _ => "the media store is not available",
    };
    Fault::new(FaultClass::Temporary, message).with_code("storage")
}

fn stopped() -> Fault {
    Fault::new(FaultClass::Temporary, "the renderer was stopped")
}

/// Why a clip could not be rendered.
#[derive(Debug, thiserror::Error)]
enum RenderFault {
    #[error("the photo could not be decoded: {0}")]
    Photo(#[source] image::ImageError),
    #[error("the clip could not be rendered: {0}")]
    Render(#[source] RenderError),
}
