//! A photo, a brief, a clock that does not wait.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use neurocards_core::{
    Brief, BriefTexts, Clock, Entropy, Lang, ManualClock, Media, Photo, PhotoLimits, Prompt, PromptBuilder,
    PromptError, PromptLimits, PromptRequest, TemplateId, Timestamp, Variation,
};
use neurocards_openai::{OpenAi, OpenAiBuilder, OpenAiPrompts};
use serde_json::{Value, json};

use crate::service::Service;

/// Whoever sleeps wakes at once, and as much later. Limits, which are longer than any wait between tries, never come.
#[derive(Debug, Default)]
pub(crate) struct EagerClock {
    clock: ManualClock,
    waits: Mutex<Vec<Duration>>,
}

impl EagerClock {
    /// The waits so far, in milliseconds.
    pub(crate) fn waits(&self) -> Vec<u128> {
        self.waits.lock().unwrap().iter().map(Duration::as_millis).collect()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

#[async_trait]
impl Clock for EagerClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    async fn sleep(&self, wait: Duration) {
        if wait > Duration::from_secs(100) {
            return std::future::pending().await;
        }
        self.waits.lock().unwrap().push(wait);
        self.clock.advance(wait);
    }
}

pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) clock: Arc<EagerClock>,
    pub(crate) media: Media,
    pub(crate) photo: Photo,
}

impl World {
    pub(crate) async fn new(service: Service) -> Self {
        static CUP: LazyLock<Photo> = LazyLock::new(|| {
            let photo = include_bytes!("../../../examples/photos/coffee-cup.jpg");
            Photo::intake(photo, &PhotoLimits::default()).unwrap()
        });
        let photo = CUP.clone();
        let media = Media::in_memory();
        media.put_photo(&photo).await.unwrap();
        Self { service, clock: Arc::default(), media, photo }
    }

    pub(crate) fn settings(&self) -> OpenAiBuilder {
        OpenAi::builder()
            .base_url(self.service.base_url())
            .key("sk-test-canary")
            .model("test-model")
            .time_and_chance(self.clock.clone(), Entropy::seeded(7))
    }

    pub(crate) fn prompts(&self) -> OpenAiPrompts {
        self.prompts_with(self.settings())
    }

    pub(crate) fn prompts_with(&self, settings: OpenAiBuilder) -> OpenAiPrompts {
        OpenAiPrompts::new(settings.build().unwrap(), self.media.clone())
    }

    pub(crate) fn brief(
        &self,
        template: TemplateId,
        lang: Lang,
        description: &str,
        wishes: Option<&str>,
    ) -> Brief {
        let texts = BriefTexts {
            description: description.to_owned(),
            wishes: wishes.map(str::to_owned),
            own_prompt: (template == TemplateId::Own)
                .then(|| "A cup on a cliff, wind, slow zoom.".to_owned()),
            lang: Some(lang),
        };
        Brief::new(self.photo.photo_ref(), template, texts).unwrap()
    }

    /// Builds the prompt of a Russian review of a cup.
    pub(crate) async fn build(&self, prompts: &OpenAiPrompts) -> Result<Prompt, PromptError> {
        let brief = self.brief(TemplateId::Ugc, Lang::Ru, CUP, None);
        prompts.build(&request(&brief, 0)).await
    }
}

pub(crate) const CUP: &str = "Термокружка, 350 мл. Держит тепло 2 часа. 1 290 ₽";

pub(crate) fn request(brief: &Brief, index: u32) -> PromptRequest<'_> {
    let variation = Variation { index, count: 3, seed: 7 };
    let limits = PromptLimits { min_chars: 3, max_chars: 2_500 };
    PromptRequest { brief, variation, limits, seconds: 8 }
}

/// What a good model answers about the cup.
pub(crate) fn answer() -> Value {
    json!({
        "hook": "Кофе опять остыл?",
        "benefit": "Эта кружка держит тепло два часа",
        "call_to_action": "Попробуйте, всего 1 290 ₽",
        "hero": "a cheerful woman of about 25 with curly brown hair",
        "place": "a sunny kitchen with wooden shelves",
        "mood": "warm and homely",
        "video_prompt": "Handheld vertical phone video. A cheerful woman of about 25 with curly brown hair lifts the mug \
                         to the lens in a sunny kitchen and says: \"Кофе опять остыл?\" Steam rises, natural hands, \
                         soft morning light.",
    })
}
