//! Servers that crash, answer late, or say nothing of new work.

use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{Clock, Retry, Store, SystemClock};
use neurocards_store::{PostgresStore, SqliteStore};
use neurocards_testkit::postgres::{Durability, Server};
use sqlx::{Connection, Executor, Row};

use crate::site::{Site, Work, account, database, done, execute, raw, request, until};

/// The server crashes again and again under an engine: each job is sent once and captured once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b7_an_engine_outlives_a_server_that_crashes() {
    let mut server = Server::start(Durability::None).await;
    server.create("shop", None).await;
    let mut site = Site::new(Arc::new(PostgresStore::open(&server.url_of("shop")).await.unwrap())).await;
    // A submission whose answer was not written in time is looked up.
    site.looks_up();
    let work = Work::begin(site.engine());
    let clock = SystemClock::new();
    let mut orders = Vec::new();
    for round in 0..4 {
        until(async || {
            let order = work.engine.order(request(&format!("round {round}"), 5)).await;
            order.is_ok_and(|order| {
                orders.push(order);
                true
            })
        })
        .await;
        // Somewhere in the middle of it.
        clock.sleep(Duration::from_millis(40 * round)).await;
        server.crash();
    }
    for order in &orders {
        done(order).await;
    }
    work.end().await;
    site.assert_once(20).await;
}

/// A statement is not answered in time: nothing was written, the claims wait, and everything goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_answers_late_is_waited_for() {
    let database = database().await;
    let separator = if database.url.contains('?') { '&' } else { '?' };
    let impatient =
        format!("{}{separator}options[statement_timeout]=300ms&options[lock_timeout]=200ms", database.url);
    let store = Arc::new(PostgresStore::open(&impatient).await.unwrap());
    assert_eq!(store.setting("statement_timeout").await.unwrap(), "300ms");
    assert_eq!(store.setting("idle_in_transaction_session_timeout").await.unwrap(), "1min");
    let site = Site::new(store.clone()).await;
    let order = site.order("one", 3).await;
    let mut db = raw(&database.url).await;

    // Somebody rewrites a table, say.
    let mut tx = db.begin().await.unwrap();
    tx.execute("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let work = Work::begin(site.engine());
    let error = store.order_get(order.id()).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Safe, "{error:?}");
    let error = site.engine().order(request("two", 2)).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Safe, "{error:?}");
    tx.rollback().await.unwrap();
    done(&order).await;

    // Every step takes longer than it may.
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;
        CREATE TRIGGER slow BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION slow()";
    execute(&mut db, slow).await;
    let order = site.order("two", 2).await;
    let timed_out = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'neurocards'
        AND wait_event = 'PgSleep'";
    until(async || sqlx::query(timed_out).fetch_one(&mut db).await.unwrap().get(0)).await;
    execute(&mut db, "DROP TRIGGER slow ON jobs; DROP FUNCTION slow").await;
    done(&order).await;
    work.end().await;
    assert_eq!(store.account_get(&account()).await.unwrap().unwrap().held.0, 0);
    site.assert_once(5).await;
}

/// Nobody says that there is work: on SQLite nobody ever does, and on PostgreSQL the word may be lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b6_work_that_nobody_announced_is_found_by_looking() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let open = async || Arc::new(SqliteStore::open(&file, Arc::new(SystemClock::new())).await.unwrap());
    let (site, elsewhere) = (Site::new(open().await).await, open().await);
    let work = Work::begin(site.engine());
    let there = Site { store: elsewhere, ..site };
    done(&there.order("elsewhere", 2).await).await;
    work.end().await;
    there.assert_once(2).await;

    let database = database().await;
    let site = Site::new(Arc::new(PostgresStore::open(&database.url).await.unwrap())).await;
    let order = site.order("later", 2).await;
    let mut db = raw(&database.url).await;
    execute(&mut db, "UPDATE jobs SET wake_at = now() + interval '1 hour'").await;
    let work = Work::begin(site.engine());
    work.until(|claims| matches!(claims, neurocards_core::ClaimLoop::Asked(_))).await;
    // Past the program: nothing is announced.
    execute(&mut db, "UPDATE jobs SET wake_at = now()").await;
    done(&order).await;
    work.end().await;
    site.assert_once(2).await;
}
