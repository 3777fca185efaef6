//! Disks that are full, and databases that may only be read.

use std::sync::Arc;

use neurocards_core::{AttemptState, ClaimLoop, Credits, OrderError, Retry, StoreError};
use neurocards_store::PostgresStore;
use sqlx::{PgConnection, Row};

use crate::site::{Site, Work, account, database, done, execute, raw, request, until};

/// Every statement of these kinds ends as on a disk without space; each is counted, although it is rolled back.
async fn fill(db: &mut PgConnection, table: &str, when: &str) {
    let sql = format!(
        "CREATE SEQUENCE refused;
         CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             PERFORM nextval('neurocards.refused');
             RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
         END $$;
         CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW {when} EXECUTE FUNCTION no_space()"
    );
    execute(db, &sql).await;
}

async fn free(db: &mut PgConnection, table: &str) {
    execute(db, &format!("DROP TRIGGER full_disk ON {table}; DROP FUNCTION no_space; DROP SEQUENCE refused"))
        .await;
}

async fn refused(db: &mut PgConnection) -> i64 {
    let sql = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM refused";
    sqlx::query(sql).fetch_one(db).await.unwrap().get(0)
}

/// Nothing is claimed while there is no space, the engine says so, an order is refused with nothing held; once there is
/// space everything goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_a_full_disk_stops_the_claims_and_nothing_else() {
    let database = database().await;
    let site = Site::new(Arc::new(PostgresStore::open(&database.url).await.unwrap())).await;
    let order = site.order("before", 3).await;
    let mut db = raw(&database.url).await;
    fill(&mut db, "jobs", "").await;
    let work = Work::begin(site.engine());
    work.until(|claims| claims == ClaimLoop::NoSpace).await;
    let error = site.engine().order(request("meanwhile", 2)).await.unwrap_err();
    assert!(matches!(&error, OrderError::Store(StoreError::Full { .. })), "{error:?}");
    assert!(matches!(error.retry(), Retry::After(_)));
    assert_eq!(site.store.account_get(&account()).await.unwrap().unwrap().held, Credits(3));
    assert_eq!(site.provider.calls(), [], "nothing costs anything meanwhile");
    free(&mut db, "jobs").await;
    done(&order).await;
    work.until(|claims| matches!(claims, ClaimLoop::Asked(_))).await;
    done(&site.order("meanwhile", 2).await).await;
    work.end().await;
    site.assert_once(5).await;
}

/// The provider has the task, and its name cannot be written down: that is tried until there is space.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f4_what_was_paid_for_is_written_when_there_is_space() {
    let database = database().await;
    let site = Site::new(Arc::new(PostgresStore::open(&database.url).await.unwrap())).await;
    let mut db = raw(&database.url).await;
    fill(&mut db, "attempts", "WHEN (NEW.state = 'accepted')").await;
    let work = Work::begin(site.engine());
    let order = site.order("one", 2).await;
    until(async || refused(&mut db).await >= 8).await;
    assert_eq!(site.provider.tasks(), 2);
    for job in &order.record().await.unwrap().unwrap().jobs {
        let history = site.store.job_history(job.id).await.unwrap().unwrap();
        assert_eq!(history.attempts[0].state, AttemptState::Sent);
    }
    free(&mut db, "attempts").await;
    done(&order).await;
    work.end().await;
    site.assert_once(2).await;
}

/// Somebody sets the database to read only under a worker, and back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_may_only_be_read_for_a_while_is_waited_for() {
    let database = database().await;
    let site = Site::new(Arc::new(PostgresStore::open(&database.url).await.unwrap())).await;
    let work = Work::begin(site.engine());
    done(&site.order("before", 2).await).await;
    let mut db = raw(&database.url).await;
    let name: String = sqlx::query("SELECT current_database()").fetch_one(&mut db).await.unwrap().get(0);
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    execute(&mut db, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    execute(&mut db, others).await;
    let placing = async || site.engine().order(request("meanwhile", 3)).await;
    // A connection that was just ended is no answer yet.
    until(async || matches!(placing().await, Err(error) if format!("{error:?}").contains("25006"))).await;
    let error = placing().await.unwrap_err();
    assert_eq!(error.retry(), Retry::Safe, "{error:?}");
    assert_eq!(site.store.account_get(&account()).await.unwrap().unwrap().held, Credits::ZERO);
    execute(&mut db, &format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await;
    execute(&mut db, others).await;
    until(async || placing().await.is_ok()).await;
    done(&site.order("meanwhile", 3).await).await;
    work.end().await;
    site.assert_once(5).await;
}
