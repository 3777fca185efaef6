//! Jobs from order to video, with a strict language model and the engine.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use neurocards_core::{
    AccountOpen, BriefTexts, Credits, Engine, EngineBuilder, FaultClass, Job, JobEventBody, MemoryProvider,
    MemoryStore, NoticeBody, Objection, OrderRequest, RunOptions, Stage, Store, SystemClock, TemplateId,
};
use neurocards_fakes::openai::{OpenAiFake, Say};
use neurocards_fakes::{Call, Fault, When};
use neurocards_openai::{OpenAi, OpenAiCheck, OpenAiPrompts};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::service::Service;
use crate::world::{CUP, World};

const VIDEO: &[u8] = include_bytes!("../../../tests/testkit/assets/tiny.mp4");

/// Orders so many videos from an engine that asks this service, and carries them to their end.
struct House {
    engine: Engine,
    store: Arc<MemoryStore>,
    world: World,
}

impl House {
    async fn new(fake: &OpenAiFake, set_up: impl Fn(EngineBuilder, &OpenAi) -> EngineBuilder) -> Self {
        let world = World::new(Service::chat([]).await).await;
        let clock = Arc::new(SystemClock::new());
        let store = Arc::new(MemoryStore::new(clock));
        let settings = OpenAi::builder().base_url(fake.base_url()).key("sk-flow");
        let openai = settings.time_limits(Duration::from_secs(5), Duration::from_secs(20)).build().unwrap();
        let builder = Engine::builder(store.clone(), world.media.clone())
            .provider(Arc::new(MemoryProvider::new(Bytes::from_static(VIDEO))))
            .prompts(Arc::new(OpenAiPrompts::new(openai.clone(), world.media.clone())));
        Self { engine: set_up(builder, &openai).build(), store, world }
    }

    async fn live(&self, count: u32) -> Vec<Job> {
        let account = "cli:flow".parse().unwrap();
        self.store
            .account_open(&AccountOpen { account, credit_limit: Credits(50), bonus: None })
            .await
            .unwrap();
        let order = OrderRequest {
            account: "cli:flow".parse().unwrap(),
            photo: self.world.photo.clone(),
            texts: BriefTexts { description: CUP.to_owned(), ..BriefTexts::default() },
            template: TemplateId::Ugc,
            count,
            model: None,
            idempotency_key: None,
            max_credits: None,
        };
        let order = self.engine.order(order).await.unwrap();
        let (engine, stop) = (self.engine.clone(), CancellationToken::new());
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { engine.run(RunOptions::default(), stop).await }
        });
        let ended = tokio::time::timeout(Duration::from_secs(60), order.wait()).await;
        stop.cancel();
        running.await.unwrap().unwrap();
        assert_eq!(self.store.audit().await.unwrap(), []);
        ended.expect("it ends").unwrap().unwrap().jobs
    }

    /// Why the prompt of a job is not the language model's, by its history.
    async fn instead(&self, job: &Job) -> Option<FaultClass> {
        let events = self.store.job_history(job.id).await.unwrap().unwrap().events;
        let fault = events.into_iter().find_map(|event| match event.body {
            JobEventBody::Prompted { fault, .. } => Some(fault),
            _ => None,
        });
        fault.expect("a prompt was written").map(|fault| fault.class)
    }
}

fn plain(builder: EngineBuilder, _: &OpenAi) -> EngineBuilder {
    builder
}

fn checked(builder: EngineBuilder, openai: &OpenAi) -> EngineBuilder {
    builder.check(Arc::new(OpenAiCheck::new(openai.clone())))
}

#[tokio::test]
async fn a_language_model_writes_the_prompts_of_an_order() {
    let fake = OpenAiFake::builder().key("sk-flow").start().await;
    let house = House::new(&fake, checked).await;
    for job in house.live(3).await {
        let prompt = job.prompt.as_ref().unwrap();
        assert_eq!((job.stage, prompt.source.as_str()), (Stage::Done, "gpt-6-luna"));
        assert!(prompt.usage.is_some_and(|usage| usage.requests == 1 && usage.output_tokens > 0));
        assert_eq!(house.instead(&job).await, None);
    }
    let log = fake.log();
    assert_eq!((log.count(Call::Moderation), log.count(Call::Chat)), (1, 4), "one look for three videos");
    fake.finish();
}

#[tokio::test]
async fn templates_serve_whenever_the_model_does_not_and_the_job_says_why() {
    let down = OpenAiFake::builder().key("sk-flow").start().await;
    down.script(When::chat(), Fault::page(503, "application/json", "{}").header("retry-after-ms", "1"));
    let mute = OpenAiFake::builder().key("sk-flow").start().await;
    mute.script(When::chat(), Say::text("I would rather not."));
    let refusing = OpenAiFake::builder().key("sk-flow").start().await;
    refusing.script(When::chat(), Say::refuses("No."));
    let broke = OpenAiFake::builder().key("sk-flow").start().await;
    broke.script(When::chat(), Fault::refuses(402, "no credits"));
    let gone = OpenAiFake::builder().key("sk-other").lenient().start().await;
    let rows = [
        (down, FaultClass::Temporary),
        (mute, FaultClass::Unknown),
        (refusing, FaultClass::InvalidInput),
        (broke, FaultClass::Billing),
        (gone, FaultClass::Auth),
    ];
    for (fake, class) in rows {
        let house = House::new(&fake, checked).await;
        let job = house.live(1).await.remove(0);
        let prompt = job.prompt.as_ref().unwrap();
        assert_eq!((job.stage, prompt.source.as_str()), (Stage::Done, "offline"), "{class}");
        assert_eq!(house.instead(&job).await, Some(class));
    }
}

#[tokio::test]
async fn a_photo_that_would_be_refused_ends_the_order_before_any_render() {
    let fake = OpenAiFake::builder().key("sk-flow").start().await;
    let seen = json!({ "what": "a smiling woman", "person": "yes", "logo": "no" });
    fake.script(When::chat().says("Does this photo show"), Say::json(&seen));
    let house = House::new(&fake, checked).await;
    for job in house.live(2).await {
        assert_eq!((job.stage, job.attempts, &job.prompt), (Stage::Failed, 0, &None));
        let notices = house.store.job_history(job.id).await.unwrap().unwrap().notices;
        let told = notices.iter().any(|notice| {
            matches!(
                notice.body,
                NoticeBody::Failed { objection: Some(Objection::Person), released: Credits(1), .. }
            )
        });
        assert!(told, "{notices:?}");
    }
    let account = house.store.account_get(&"cli:flow".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((account.available, account.held), (Credits(0), Credits(0)));
    assert_eq!(fake.log().count(Call::Chat), 1, "no prompt was written");
}

#[tokio::test]
async fn servers_that_know_less_are_understood() {
    let old = OpenAiFake::builder().key("sk-flow").without_moderations().without_schemas().without_pictures();
    let fake = old.lenient().start().await;
    let house = House::new(&fake, plain).await;
    for job in house.live(2).await {
        assert_eq!((job.stage, job.prompt.unwrap().source.as_str()), (Stage::Done, "gpt-6-luna"));
    }
}

#[tokio::test]
async fn a_model_that_thinks_too_long_gets_more_room() {
    let fake = OpenAiFake::builder().key("sk-flow").start().await;
    fake.script(When::chat().first(1), Say::nothing_but_thinking(4_000));
    let house = House::new(&fake, plain).await;
    let prompt = house.live(1).await.remove(0).prompt.unwrap();
    let usage = prompt.usage.unwrap();
    assert_eq!((prompt.source.as_str(), usage.requests), ("gpt-6-luna", 2));
    assert!(usage.output_tokens > 4_000, "what it thought is paid for too");
}

#[tokio::test]
async fn broken_connections_and_cut_answers_are_tried_again() {
    let faults = [
        Fault::closes(),
        Fault::lost_reply(),
        Fault::truncates(),
        Fault::garbles(),
        Fault::floods(),
        Fault::html(502),
        Fault::redirects(302, "http://127.0.0.1:1/"),
        Fault::openai_rate_limited(),
        Fault::busy(),
    ];
    for fault in faults {
        let fake = OpenAiFake::builder().key("sk-flow").start().await;
        fake.script(When::chat().first(1), fault.clone());
        let house = House::new(&fake, plain).await;
        let job = house.live(1).await.remove(0);
        let prompt = job.prompt.unwrap();
        assert_eq!(prompt.source, "gpt-6-luna", "{fault:?}");
        assert_eq!(prompt.usage.map(|usage| usage.requests), Some(2), "{fault:?}");
    }
}
