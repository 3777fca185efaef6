//! The provider over the strict fake and a store in memory, in a time that passes only while somebody waits.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt;
use image::{ImageFormat, Rgb, RgbImage};
use neurocards_core::{
    AttemptId, Brief, Clock, Entropy, Fault, Lang, ManualClock, MemoryStore, Model, Photo, PhotoLimits,
    PhotoUpload, Prompt, ResourceId, ResourceRecord, Script, Store, Submission, Submitted, TaskRef,
    TaskState, TemplateId, Timestamp, UploadError, UploadedPhoto, Variation, VideoProvider,
};
use neurocards_fakes::kie::{KieBuilder, KieFake};
use neurocards_kie::{KieConfig, KieKey, KieKeys, KieProvider};

/// A clock whose sleepers take its time on with them: nothing waits, and everything takes as long as it should.
#[derive(Debug, Default)]
pub(crate) struct Leaping(pub(crate) ManualClock);

#[async_trait]
impl Clock for Leaping {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep(&self, wait: Duration) {
        self.0.advance(wait);
    }
}

pub(crate) struct World {
    pub(crate) fake: KieFake,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<Leaping>,
    pub(crate) provider: KieProvider,
    photo: Photo,
    brief: Brief,
}

pub(crate) fn fingerprint(key: &str) -> String {
    KieKey::new(key).unwrap().name().to_owned()
}

/// Two accounts; the first one has two keys.
pub(crate) fn two_accounts() -> KieBuilder {
    KieFake::builder().account("a").key("key-a1").key("key-a2").account("b").key("key-b")
}

impl World {
    pub(crate) async fn new(fake: KieBuilder) -> Self {
        Self::with(fake, |_| {}).await
    }

    pub(crate) async fn with(fake: KieBuilder, change: impl FnOnce(&mut KieConfig)) -> Self {
        let clock = Arc::new(Leaping::default());
        let fakes = clock.clone();
        let fake = fake
            .clock(neurocards_fakes::Clock::foreign(move || fakes.now().timestamp_millis()))
            .start()
            .await;
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let mut config = config(&fake);
        change(&mut config);
        let provider = provider(config, &store, &clock);
        let photo = photo();
        let brief = Brief {
            photo: photo.photo_ref(),
            description: "A cup".to_owned(),
            template: TemplateId::Ugc,
            wishes: None,
            own_prompt: None,
            lang: Lang::En,
        };
        Self { fake, store, clock, provider, photo, brief }
    }

    /// Another process with the same store, keys and time.
    pub(crate) fn another(&self) -> KieProvider {
        provider(config(&self.fake), &self.store, &self.clock)
    }

    pub(crate) fn model(&self, id: Option<&str>) -> Model {
        self.provider.catalogue().resolve(id).unwrap().clone()
    }

    pub(crate) async fn upload(&self, attempt: AttemptId) -> Result<UploadedPhoto, UploadError> {
        self.upload_by(&self.provider, attempt, &self.model(None)).await
    }

    pub(crate) async fn upload_by(
        &self,
        provider: &KieProvider,
        attempt: AttemptId,
        model: &Model,
    ) -> Result<UploadedPhoto, UploadError> {
        let upload = PhotoUpload { attempt, sha256: self.photo.sha256(), jpeg: self.photo.jpeg(), model };
        provider.upload(&upload).await
    }

    pub(crate) async fn submit(&self, attempt: AttemptId, photo: &UploadedPhoto) -> Submitted {
        self.submit_by(&self.provider, attempt, photo, &self.model(None)).await
    }

    pub(crate) async fn submit_by(
        &self,
        provider: &KieProvider,
        attempt: AttemptId,
        photo: &UploadedPhoto,
        model: &Model,
    ) -> Submitted {
        let script = Script { hook: String::new(), benefit: String::new(), call_to_action: String::new() };
        let prompt = Prompt {
            text: "A hand turns the cup.".to_owned(),
            script,
            source: "offline".to_owned(),
            usage: None,
        };
        let submission = Submission {
            attempt,
            model,
            prompt: &prompt,
            photo,
            key: photo.key.as_deref(),
            brief: &self.brief,
            variation: Variation { index: 0, count: 1, seed: 1 },
        };
        provider.submit(&submission).await
    }

    /// A task of the default model that KIE has taken, and the key that made it.
    pub(crate) async fn task(&self, attempt: AttemptId) -> (String, String) {
        let photo = self.upload(attempt).await.unwrap();
        match self.submit(attempt, &photo).await {
            Submitted::Accepted { task_id } => (task_id, photo.key.unwrap()),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn read(&self, attempt: AttemptId, task: &(String, String)) -> Result<TaskState, Fault> {
        let model = self.model(None);
        self.provider.read(&task_ref(attempt, task, &model)).await
    }

    pub(crate) async fn fetch(
        &self,
        attempt: AttemptId,
        task: &(String, String),
        video: &str,
    ) -> Result<Vec<u8>, Fault> {
        let model = self.model(None);
        let stream = self.provider.fetch(&task_ref(attempt, task, &model), video).await?;
        let chunks: Vec<Bytes> = stream.try_collect().await?;
        Ok(chunks.concat())
    }

    pub(crate) async fn account(&self, name: &str) -> ResourceRecord {
        self.record(ResourceId::account("kie", name)).await
    }

    pub(crate) async fn key(&self, secret: &str) -> ResourceRecord {
        self.record(ResourceId::key("kie", fingerprint(secret))).await
    }

    async fn record(&self, id: ResourceId) -> ResourceRecord {
        let known = self.store.resources_list("kie").await.unwrap();
        known.into_iter().find(|record| record.id == id).unwrap_or_else(|| ResourceRecord::new(id))
    }

    /// For how long a resource is closed from now on, in seconds.
    pub(crate) fn rests(&self, record: &ResourceRecord) -> Option<i64> {
        let until = record.closing.as_ref()?.until?;
        Some((until - self.clock.now()).num_seconds())
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.0.advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn task_ref<'a>(attempt: AttemptId, task: &'a (String, String), model: &'a Model) -> TaskRef<'a> {
    TaskRef { attempt, task_id: &task.0, model: &model.id, key: Some(&task.1) }
}

pub(crate) fn attempt(number: u8) -> AttemptId {
    AttemptId::new(Timestamp::UNIX_EPOCH, [number; 10])
}

/// Settings as the environment gives them.
pub(crate) fn config(fake: &KieFake) -> KieConfig {
    let env: std::collections::BTreeMap<_, _> = fake.env().into_iter().collect();
    let mut config = KieConfig::new(KieKeys::parse(&env["KIE_API_KEY"]).unwrap()).unwrap();
    config.api_base = env["KIE_BASE_URL"].clone();
    config.upload_base = env["KIE_UPLOAD_BASE_URL"].clone();
    config.media_hosts = env["KIE_MEDIA_HOSTS"].parse().unwrap();
    config
}

fn provider(config: KieConfig, store: &Arc<MemoryStore>, clock: &Arc<Leaping>) -> KieProvider {
    KieProvider::new(config, store.clone(), clock.clone(), Entropy::seeded(7)).unwrap()
}

/// In the shape of the video: nothing is padded.
fn photo() -> Photo {
    let mut png = Cursor::new(Vec::new());
    let picture = RgbImage::from_fn(360, 640, |x, y| Rgb([x as u8, y as u8, 120]));
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    Photo::intake(png.get_ref(), &PhotoLimits::default()).unwrap()
}
