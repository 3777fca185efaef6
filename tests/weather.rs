//! The whole house in bad weather: engine, KIE's and OpenAI's clients, callbacks over HTTP, against the strict fakes.

#![cfg(all(feature = "kie", feature = "openai"))]
#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use image::{ImageFormat, Rgb, RgbImage};
use neurocards::kie::{CALLBACK_PATH, CallbackRequest, Callbacks, KieConfig, KieKeys, KieProvider};
use neurocards::openai::{OpenAi, OpenAiPrompts};
use neurocards::{
    AccountKey, AccountOpen, BriefTexts, Clock, Credits, Entropy, FastClock, Job, Media, MemoryStore,
    Neurocards, OrderRequest, Photo, PhotoLimits, Policy, Stage, Store, TemplateId, Told,
};
use neurocards_fakes::{Scenario, ScenarioOptions, Weather};
use tokio::net::TcpListener;

/// Minutes of waiting pass in seconds. Faster than this, the work's own time would count.
const SPEED: u32 = 20;
const WEBHOOK_KEY: &str = "webhook-key";
const VIDEOS: u32 = 10;

#[derive(Clone)]
struct Door {
    cards: Neurocards,
    callbacks: Callbacks,
    clock: Arc<FastClock>,
}

async fn called(
    State(door): State<Door>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let request = CallbackRequest {
        token: &token,
        timestamp: header("x-webhook-timestamp"),
        signature: header("x-webhook-signature"),
        body: &body,
    };
    let Ok(hint) = door.callbacks.check(&request, door.clock.now()) else { return StatusCode::NOT_FOUND };
    match door.cards.engine().told(hint.attempt, &hint.task_id).await.unwrap() {
        Told::Nothing => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}

/// Orders some videos in this weather and waits until all have ended; what is left to look at.
async fn live(seed: u64, weather: Weather) -> (Scenario, Arc<MemoryStore>, Media, Vec<Job>) {
    let clock = Arc::new(FastClock::new(SPEED));
    let fakes = clock.clone();
    let mut options = ScenarioOptions::default();
    (options.seed, options.weather) = (seed, weather);
    options.render = (Duration::from_secs(5), Duration::from_secs(60));
    options.webhook_key = Some(WEBHOOK_KEY.to_owned());
    options.clock = neurocards_fakes::Clock::foreign(move || fakes.now().timestamp_millis());
    let scenario = Scenario::begin(options);
    let env: BTreeMap<&str, String> = scenario.env().into_iter().collect();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let callbacks = Callbacks::new(Some(&base), vec![3; 32].into(), Some(WEBHOOK_KEY.into())).unwrap();
    let (store, media) = (Arc::new(MemoryStore::new(clock.clone())), Media::in_memory());
    let mut config = KieConfig::new(KieKeys::parse(&env["KIE_API_KEY"]).unwrap()).unwrap();
    config.api_base.clone_from(&env["KIE_BASE_URL"]);
    config.upload_base.clone_from(&env["KIE_UPLOAD_BASE_URL"]);
    config.media_hosts = env["KIE_MEDIA_HOSTS"].parse().unwrap();
    config.callbacks = Some(callbacks.clone());
    let kie = KieProvider::new(config, store.clone(), clock.clone(), Entropy::seeded(seed)).unwrap();
    let openai = OpenAi::builder()
        .base_url(&env["OPENAI_BASE_URL"])
        .key(env["OPENAI_API_KEY"].clone())
        .model(&env["OPENAI_MODEL"])
        .time_and_chance(clock.clone(), Entropy::seeded(seed));
    let cards = Neurocards::builder()
        .store(store.clone())
        .media(media.clone())
        .provider(Arc::new(kie))
        .prompts(Arc::new(OpenAiPrompts::new(openai.build().unwrap(), media.clone())))
        .policy(Policy { unknown_grace: Duration::from_secs(2 * 60), ..Policy::default() })
        .clock(clock.clone())
        .build();
    let door = Door { cards: cards.clone(), callbacks, clock };
    let app = Router::new().route(&format!("{CALLBACK_PATH}{{token}}"), post(called)).with_state(door);
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });

    let open = AccountOpen { account: account(), credit_limit: Credits(50), bonus: None };
    cards.account_open(&open).await.unwrap();
    let request = OrderRequest {
        account: account(),
        photo: photo(),
        texts: BriefTexts { description: "Coffee cup, 350 ml".to_owned(), ..BriefTexts::default() },
        template: TemplateId::Ugc,
        count: VIDEOS,
        model: None,
        idempotency_key: None,
        max_credits: None,
    };
    let order = cards.order(request).await.unwrap();
    let worker = cards.spawn_worker();
    let ended = tokio::time::timeout(Duration::from_secs(240), order.wait()).await;
    worker.stop().await.unwrap();
    let report = scenario.report();
    let record = ended.unwrap_or_else(|_| panic!("it does not end\n{report}")).unwrap().unwrap();
    (scenario, store, media, record.jobs)
}

/// Small, and in the shape of the video: hardly any work.
fn photo() -> Photo {
    let mut png = Cursor::new(Vec::new());
    let picture = RgbImage::from_fn(360, 640, |x, y| Rgb([(x / 2) as u8, (y / 3) as u8, 120]));
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    Photo::intake(png.get_ref(), &PhotoLimits::default()).unwrap()
}

fn account() -> AccountKey {
    "cli:test".parse().unwrap()
}

/// What must hold in any weather.
async fn check(seed: u64, weather: Weather) {
    let (scenario, store, media, jobs) = live(seed, weather).await;
    let report = scenario.report();
    let ends = jobs.iter().map(|job| format!("{:?} {:?}", job.stage, job.error));
    let lines = [ends.collect::<Vec<_>>(), scenario.log().lines()].concat().join("\n");
    assert_eq!(store.audit().await.unwrap(), [], "seed {seed}");
    let account = store.account_get(&account()).await.unwrap().unwrap();
    let done: Vec<&Job> = jobs.iter().filter(|job| job.stage == Stage::Done).collect();
    let paid = i64::try_from(done.len()).unwrap();
    assert_eq!((account.available.0, account.held.0), (-paid, 0), "seed {seed}\n{lines}");

    // One paid request for each attempt, whatever became of it.
    let twice: Vec<_> =
        scenario.log().paid_by_callback().into_iter().filter(|(_, times)| *times > 1).collect();
    assert_eq!(twice, [], "seed {seed}\n{lines}");
    // Every video is one that was rendered, and each job has its own.
    let rendered: BTreeSet<Bytes> =
        scenario.kie().tasks().iter().map(|task| scenario.kie().video(&task.id)).collect();
    let mut videos = BTreeSet::new();
    for job in done {
        let history = store.job_history(job.id).await.unwrap().unwrap();
        let artifact = history.record.artifact.unwrap();
        let bytes = media.video(&artifact.sha256).await.unwrap();
        assert!(rendered.contains(&bytes) && videos.insert(artifact.sha256), "seed {seed}\n{lines}");
    }
    // At this speed the network's delays squeeze the windows of the rate limits.
    let objections = report.violations.iter().filter(|line| !line.contains("Rate: "));
    assert_eq!(objections.collect::<Vec<_>>(), Vec::<&String>::new(), "seed {seed}\n{lines}");
    match weather {
        Weather::Calm => assert_eq!((report.accidents.len(), paid), (0, i64::from(VIDEOS)), "{lines}"),
        _ => assert!(!report.accidents.is_empty(), "seed {seed}\n{lines}"),
    }
}

#[tokio::test]
async fn in_calm_weather_every_video_is_made() {
    check(1, Weather::Calm).await;
}

#[tokio::test]
async fn in_rough_weather_nothing_is_paid_or_made_twice() {
    futures::future::join_all([2, 4].map(|seed| check(seed, Weather::Rough))).await;
}
