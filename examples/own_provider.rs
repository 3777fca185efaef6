//! A provider of your own: a "studio" that makes clips of one second.
//!
//! The engine commits "this attempt is being sent" before [`VideoProvider::submit`], calls it once for each attempt,
//! and pays for nothing else. A real provider keeps its tasks on a server; this one keeps them in its memory.
//!
//! ```sh
//! cargo run --package neurocards --example own_provider
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use neurocards::preview::{Captions, ClipSpec, Scene, render};
use neurocards::{
    AccountOpen, AttemptId, BriefTexts, Catalogue, Credits, Fault, FaultClass, Lookup, Media, Model,
    ModelStatus, Neurocards, OrderRequest, Photo, PhotoLimits, PhotoUpload, PromptLimits,
    ProviderCapabilities, Script, Submission, Submitted, TaskRef, TaskState, TemplateId, UploadError,
    UploadedPhoto, VideoProvider, VideoStream,
};

/// What was ordered of the studio.
#[derive(Debug, Clone)]
struct Task {
    photo: String,
    captions: Captions,
    variant: u32,
}

#[derive(Debug)]
struct Studio {
    catalogue: Catalogue,
    media: Media,
    tasks: Mutex<HashMap<String, Task>>,
}

impl Studio {
    fn new(media: Media) -> Self {
        let model = Model {
            id: "studio/short".to_owned(),
            provider: "studio".to_owned(),
            title: "One second".to_owned(),
            vendor: "Studio".to_owned(),
            status: ModelStatus::Active,
            since: None,
            successor: None,
            prompt: PromptLimits { min_chars: 3, max_chars: 1_000 },
            seconds: 1,
            price_milli_usd: Some(5),
        };
        let catalogue = Catalogue::new(vec![model], Some("studio/short".to_owned()));
        Self { catalogue, media, tasks: Mutex::default() }
    }

    fn task(&self, id: &str) -> Result<Task, Fault> {
        let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.get(id).cloned().ok_or_else(|| Fault::new(FaultClass::Unknown, "no such task"))
    }
}

#[async_trait]
impl VideoProvider for Studio {
    fn name(&self) -> &str {
        "studio"
    }

    fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    fn capabilities(&self) -> ProviderCapabilities {
        // Whoever can find a submission by its attempt may promise `lookup`: then a lost answer costs nothing.
        ProviderCapabilities {
            lookup: true,
            poll: Some(Duration::from_millis(50)),
            ..ProviderCapabilities::default()
        }
    }

    async fn upload(&self, photo: &PhotoUpload<'_>) -> Result<UploadedPhoto, UploadError> {
        // The studio shares the media of the house; others would send the bytes.
        Ok(UploadedPhoto::at(photo.sha256))
    }

    async fn submit(&self, submission: &Submission<'_>) -> Submitted {
        let Script { hook, benefit, call_to_action } =
            Script::from_brief(submission.brief, submission.variation);
        let task = Task {
            photo: submission.photo.address.clone(),
            captions: Captions { hook, benefit, call_to_action },
            variant: submission.variation.index,
        };
        let task_id = submission.attempt.to_string();
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).insert(task_id.clone(), task);
        Submitted::Accepted { task_id }
    }

    async fn lookup(&self, attempt: AttemptId) -> Lookup {
        let task_id = attempt.to_string();
        match self.task(&task_id) {
            Ok(_) => Lookup::Found { task_id },
            Err(_) => Lookup::Absent,
        }
    }

    async fn read(&self, task: &TaskRef<'_>) -> Result<TaskState, Fault> {
        let task_id = task.task_id;
        self.task(task_id)?;
        Ok(TaskState::Succeeded { video: task_id.to_owned(), cost_milli: Some(5) })
    }

    async fn fetch(&self, _: &TaskRef<'_>, video: &str) -> Result<VideoStream, Fault> {
        let broken = |error: &dyn Error| Fault::new(FaultClass::Temporary, error.to_string());
        let task = self.task(video)?;
        let jpeg = self.media.photo(&task.photo).await.map_err(|error| broken(&error))?;
        let clip = tokio::task::spawn_blocking(move || {
            let photo = image::load_from_memory(&jpeg).map_err(|error| broken(&error))?.to_rgb8();
            let spec =
                ClipSpec { width: 360, height: 640, duration: Duration::from_secs(1), ..ClipSpec::default() };
            let scene =
                Scene { photo: &photo, captions: task.captions, seed: 7, variant: task.variant, spec };
            render(&scene, &|_| ControlFlow::Continue(())).map_err(|error| broken(&error))
        });
        let mp4 = clip.await.map_err(|error| Fault::new(FaultClass::Temporary, error.to_string()))??;
        Ok(futures::stream::iter([Ok(Bytes::from(mp4))]).boxed())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let media = Media::in_memory();
    let studio = Arc::new(Studio::new(media.clone()));
    let cards = Neurocards::builder().media(media).provider(studio).build();
    let open = AccountOpen { account: "shop:acme".parse()?, credit_limit: Credits(3), bonus: None };
    let account = cards.account_open(&open).await?.key;

    let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/photos/coffee-cup.jpg"))?;
    let description = "Coffee cup, 350 ml. Keeps your coffee warm for two hours. $12".to_owned();
    let order = cards
        .order(OrderRequest {
            account,
            photo: Photo::intake(&bytes, &PhotoLimits::default())?,
            texts: BriefTexts { description, ..BriefTexts::default() },
            template: TemplateId::Ad,
            count: 2,
            model: Some("studio/short".to_owned()),
            idempotency_key: None,
            max_credits: Some(Credits(2)),
        })
        .await?;
    let worker = cards.spawn_worker();
    for job in order.wait().await?.ok_or("no such order")?.jobs {
        let video = cards.engine().store().job_get(job.id).await?.and_then(|job| job.artifact);
        let video = video.ok_or_else(|| format!("no video: {:?}", job.error))?;
        println!("video {}: {} ms, {} bytes", job.index + 1, video.duration_ms, video.bytes);
    }
    worker.stop().await?;
    Ok(())
}
