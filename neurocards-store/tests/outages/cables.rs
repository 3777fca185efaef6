//! The cable to the server breaks.

use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    Clock, Credits, Order, OrderNew, Placement, Policy, ProviderCall, Retry, Stage, Store, SystemClock,
};
use neurocards_store::PostgresStore;
use neurocards_testkit::postgres::{Cable, Proxy};
use neurocards_testkit::sample::{self, Ids};

use crate::site::{Site, Work, account, database, ended};

/// A store behind a cable, and its account.
async fn cabled(proxy: &Proxy) -> Arc<dyn Store> {
    let store = Arc::new(PostgresStore::open(proxy.url()).await.unwrap());
    Site::new(store.clone()).await;
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_a_database_that_is_away_is_waited_for() {
    let database = database().await;
    let proxy = Proxy::new(&database.url);
    let store = cabled(&proxy).await;
    let ids = Ids::new(Arc::new(SystemClock::new()));
    proxy.set(Cable::Cut);
    let order = sample::order_new(&ids, &account(), 1);
    let error = store.order_place(&order).await.unwrap_err();
    assert!(matches!(error.retry(), Retry::Safe | Retry::Unknown), "{error:?}");
    let error = store.account_get(&account()).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Safe, "{error:?}");
    proxy.set(Cable::Whole);
    assert!(matches!(store.order_place(&order).await.unwrap(), Placement::New(_)));
    assert_eq!(store.account_get(&account()).await.unwrap().unwrap().held, Credits(1));
    assert_eq!(store.audit().await.unwrap(), []);
}

/// The answer to a COMMIT is lost. Whoever asks again by the key, also another process with ids of its own, learns
/// whether the order took effect, and it takes effect once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a4_an_answer_that_is_lost_leaves_a_doubt_that_the_key_resolves() {
    let database = database().await;
    let proxy = Proxy::new(&database.url);
    let store = cabled(&proxy).await;
    let ids = Ids::new(Arc::new(SystemClock::new()));
    let (mut held, mut took_effect) = (0, 0);
    for _ in 0..10 {
        // A connection prepares the statement first: here it must be the answer to its execution that is lost.
        for _ in 0..4 {
            store.order_place(&sample::order_new(&ids, &account(), 1)).await.unwrap();
        }
        let order = sample::order_new(&ids, &account(), 1);
        proxy.set(Cable::Deaf);
        let error = store.order_place(&order).await.unwrap_err();
        assert!(matches!(error.retry(), Retry::Unknown | Retry::Safe), "{error:?}");
        proxy.set(Cable::Whole);
        let again = sample::order_new(&ids, &account(), 1);
        let key = order.order.idempotency_key.clone();
        let again =
            OrderNew { order: Order { idempotency_key: key.clone(), ..again.order.clone() }, ..again };
        let found = store.order_by_key(&account(), &key).await.unwrap();
        match store.order_place(&again).await.unwrap() {
            Placement::Existing(record) => {
                assert_eq!((record.order.id, Some(&record)), (order.order.id, found.as_ref()));
                took_effect += 1;
            }
            Placement::New(record) => assert_eq!((record.order.id, found), (again.order.id, None)),
            other => panic!("{other:?}"),
        }
        held += 5;
    }
    assert!(took_effect > 0, "some of the lost answers were of commits");
    assert_eq!(store.account_get(&account()).await.unwrap().unwrap().held, Credits(held));
    assert_eq!(store.audit().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_an_engine_outlives_a_cable_that_keeps_breaking() {
    const JOBS: u32 = 20;
    let database = database().await;
    let proxy = Proxy::new(&database.url);
    let mut site = Site::new(Arc::new(PostgresStore::open(proxy.url()).await.unwrap())).await;
    site.policy = Policy {
        lease: Duration::from_millis(900),
        heartbeat: Duration::from_millis(200),
        unknown_grace: Duration::from_millis(500),
        ..site.policy
    };
    let order = site.order("one", JOBS).await;
    let work = Work::begin(site.engine());
    let clock = SystemClock::new();
    for round in 0..8 {
        clock.sleep(Duration::from_millis(60)).await;
        proxy.set(if round % 2 == 0 { Cable::Deaf } else { Cable::Cut });
        clock.sleep(Duration::from_millis(90)).await;
        proxy.set(Cable::Whole);
    }
    let record = ended(&order).await;
    work.end().await;
    assert!(proxy.losses() > 0, "answers were lost");
    assert_eq!(site.store.audit().await.unwrap(), []);
    let mut submitted: Vec<_> =
        site.provider.calls().into_iter().filter(|call| matches!(call, ProviderCall::Submit(_))).collect();
    let calls = submitted.len();
    submitted.dedup();
    assert_eq!(submitted.len(), calls, "no attempt was sent twice");
    assert!(calls <= JOBS as usize, "no job was sent twice: {calls}");
    let done = record.jobs.iter().filter(|job| job.stage == Stage::Done).count();
    let account = site.store.account_get(&account()).await.unwrap().unwrap();
    assert_eq!((account.available, account.held), (Credits(-i64::try_from(done).unwrap()), Credits::ZERO));
    assert!(record.jobs.iter().all(|job| matches!(job.stage, Stage::Done | Stage::Failed)));
}
