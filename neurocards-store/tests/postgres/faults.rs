//! The cable to the server breaks: nothing is lost, nothing is done twice, and nobody has to start again.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use neurocards_core::{
    AccountOpen, BriefTexts, Clock, Credits, Engine, Media, MemoryProvider, OrderRequest, Photo, PhotoLimits,
    Placement, Policy, ProviderCall, Retry, RunOptions, Stage, Store, SystemClock, TemplateId,
};
use neurocards_store::PostgresStore;
use neurocards_testkit::postgres::{Cable, Proxy};
use neurocards_testkit::sample::{self, Ids};
use tokio_util::sync::CancellationToken;

use crate::database;

const VIDEO: &[u8] = include_bytes!("../../../tests/testkit/assets/tiny.mp4");

async fn account(store: &PostgresStore, credits: i64) -> neurocards_core::AccountKey {
    let open =
        AccountOpen { account: "telegram:7".parse().unwrap(), credit_limit: Credits(credits), bonus: None };
    store.account_open(&open).await.unwrap().key
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_a_database_that_is_away_is_waited_for() {
    let database = database().await;
    let proxy = Proxy::new(&database.url);
    let store = PostgresStore::open(proxy.url()).await.unwrap();
    let account = account(&store, 9).await;
    let ids = Ids::new(Arc::new(SystemClock::new()));
    proxy.set(Cable::Cut);
    let order = sample::order_new(&ids, &account, 1);
    let error = store.order_place(&order).await.unwrap_err();
    assert!(matches!(error.retry(), Retry::Safe | Retry::Unknown), "{error:?}");
    let error = store.account_get(&account).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Safe, "{error:?}");
    proxy.set(Cable::Whole);
    assert!(matches!(store.order_place(&order).await.unwrap(), Placement::New(_)));
    assert_eq!(store.account_get(&account).await.unwrap().unwrap().held, Credits(1));
    assert_eq!(store.audit().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_an_answer_that_is_lost_leaves_a_doubt_that_the_key_resolves() {
    let database = database().await;
    let proxy = Proxy::new(&database.url);
    let store = PostgresStore::open(proxy.url()).await.unwrap();
    let account = account(&store, 1_000).await;
    let ids = Ids::new(Arc::new(SystemClock::new()));
    let (mut held, mut took_effect) = (0, 0);
    for _ in 0..10 {
        // A connection prepares the statement first: here it must be the answer to its execution that is lost.
        for _ in 0..4 {
            store.order_place(&sample::order_new(&ids, &account, 1)).await.unwrap();
        }
        let order = sample::order_new(&ids, &account, 1);
        proxy.set(Cable::Deaf);
        let error = store.order_place(&order).await.unwrap_err();
        assert!(matches!(error.retry(), Retry::Unknown | Retry::Safe), "{error:?}");
        proxy.set(Cable::Whole);
        match store.order_place(&order).await.unwrap() {
            Placement::Existing(_) => took_effect += 1,
            Placement::New(_) => {}
            other => panic!("{other:?}"),
        }
        held += 5;
    }
    assert!(took_effect > 0, "some of the lost answers were of commits");
    assert_eq!(store.account_get(&account).await.unwrap().unwrap().held, Credits(held));
    assert_eq!(store.audit().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_an_engine_outlives_a_cable_that_keeps_breaking() {
    const JOBS: u32 = 20;
    let database = database().await;
    let proxy = Arc::new(Proxy::new(&database.url));
    let store = Arc::new(PostgresStore::open(proxy.url()).await.unwrap());
    let account = account(&store, 100).await;
    let provider = Arc::new(MemoryProvider::new(Bytes::from_static(VIDEO)));
    let policy = Policy {
        lease: Duration::from_millis(900),
        heartbeat: Duration::from_millis(200),
        unknown_grace: Duration::from_millis(500),
        ..Policy::default()
    };
    let engine =
        Engine::builder(store.clone(), Media::in_memory()).provider(provider.clone()).policy(policy).build();
    let photo = include_bytes!("../../../examples/photos/coffee-cup.jpg");
    let request = OrderRequest {
        account: account.clone(),
        photo: Photo::intake(photo, &PhotoLimits::default()).unwrap(),
        texts: BriefTexts { description: "Coffee cup, 350 ml".to_owned(), ..BriefTexts::default() },
        template: TemplateId::Ugc,
        count: JOBS,
        model: None,
        idempotency_key: Some("one".to_owned()),
        max_credits: None,
    };
    let order = engine.order(request).await.unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(RunOptions::default(), stop).await }
    });
    let clock = SystemClock::new();
    for round in 0..8 {
        clock.sleep(Duration::from_millis(60)).await;
        proxy.set(if round % 2 == 0 { Cable::Deaf } else { Cable::Cut });
        clock.sleep(Duration::from_millis(90)).await;
        proxy.set(Cable::Whole);
    }
    let waiting = async {
        loop {
            match order.wait().await {
                Ok(record) => return record.unwrap(),
                Err(error) => assert_ne!(error.retry(), Retry::Never, "{error:?}"),
            }
        }
    };
    let record = tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it ends");
    stop.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(store.audit().await.unwrap(), []);
    assert!(proxy.losses() > 0, "answers were lost");
    let mut submitted: Vec<_> =
        provider.calls().into_iter().filter(|call| matches!(call, ProviderCall::Submit(_))).collect();
    let calls = submitted.len();
    submitted.dedup();
    assert_eq!(submitted.len(), calls, "no attempt was sent twice");
    assert!(calls <= JOBS as usize, "no job was sent twice: {calls}");
    let done = record.jobs.iter().filter(|job| job.stage == Stage::Done).count();
    let account = store.account_get(&account).await.unwrap().unwrap();
    assert_eq!((account.available, account.held), (Credits(-i64::try_from(done).unwrap()), Credits::ZERO));
    assert!(record.jobs.iter().all(|job| matches!(job.stage, Stage::Done | Stage::Failed)));
}
