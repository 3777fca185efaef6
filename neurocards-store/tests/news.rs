//! What one process writes wakes the others, before they would look by themselves.

use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{AccountOpen, Credits, Pause, PauseScope, Store, SystemClock};
use neurocards_store::PostgresStore;
use neurocards_testkit::{postgres, sample};

const LIMIT: Duration = Duration::from_secs(20);

async fn news(store: &PostgresStore) {
    tokio::time::timeout(LIMIT, store.until_news()).await.expect("there are news");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_wakes_other_processes() {
    let database = postgres::empty_database().await;
    let (here, there) = (PostgresStore::open(&database.url).await, PostgresStore::open(&database.url).await);
    let (here, there) = (here.unwrap(), there.unwrap());
    let account = sample::account("telegram:1");
    let open = AccountOpen { account: account.clone(), credit_limit: Credits(9), bonus: None };
    here.account_open(&open).await.unwrap();
    // The first answer says that it listens from now on.
    news(&there).await;
    let ids = sample::Ids::new(Arc::new(SystemClock::new()));
    for _ in 0..2 {
        let order = sample::order_new(&ids, &account, 1);
        let ((), placed) = tokio::join!(news(&there), here.order_place(&order));
        placed.unwrap();
    }
    // Not the one that placed it, who knows.
    news(&here).await;
    let own = tokio::time::timeout(Duration::from_millis(300), here.until_news());
    let order = sample::order_new(&ids, &account, 1);
    let (own, (), placed) = tokio::join!(own, news(&there), here.order_place(&order));
    placed.unwrap();
    assert!(own.is_err());
    let pause = Pause { scope: PauseScope::Everything, actor: "cli:ops".to_owned(), reason: None };
    here.queue_pause(&pause).await.unwrap();
    let ((), resumed) = tokio::join!(news(&there), here.queue_resume(&pause.scope));
    assert!(resumed.unwrap());
    // Nothing was placed: nothing is heard.
    let silence = tokio::time::timeout(Duration::from_millis(300), there.until_news());
    let again = here.queue_resume(&pause.scope).await.unwrap();
    assert!(!again && silence.await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_outlives_its_connection() {
    let database = postgres::empty_database().await;
    let store = PostgresStore::open(&database.url).await.unwrap();
    news(&store).await;
    let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&database.url).await.unwrap();
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE query ILIKE 'LISTEN%' AND datname = current_database()";
    // Its end is told when it listens again.
    let ((), ended) = tokio::join!(news(&store), sqlx::query(end).fetch_all(&mut admin));
    assert_eq!(ended.unwrap().len(), 1);
}
