//! Two versions of the program on one database.

use std::path::Path;
use std::sync::Arc;

use neurocards_core::{EventCursor, LedgerFilter, NoticeState, OrderId, Store, StoreError, SystemClock};
use neurocards_store::{PostgresStore, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};

use crate::site::{Site, Work, account, database, done, execute, raw, until};

/// Every table that this version reads.
const TABLES: [&str; 10] = [
    "accounts",
    "orders",
    "jobs",
    "attempts",
    "artifacts",
    "ledger",
    "events",
    "notices",
    "pauses",
    "workers",
];

/// What a later version does to the schema while this one works: columns, tables and indexes are added, everything that
/// is there stays as it is.
fn expansion() -> Vec<String> {
    let columns = TABLES
        .iter()
        .map(|table| format!("ALTER TABLE {table} ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'"));
    let others = [
        "CREATE TABLE moods (id INTEGER PRIMARY KEY)",
        "CREATE INDEX jobs_by_mood ON jobs (mood)",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9000, 'moods', true, '', 0)",
    ];
    columns.chain(others.map(str::to_owned)).collect()
}

/// Everything that can be read of an order, by every method that reads.
async fn read(store: &dyn Store, order: OrderId) -> String {
    let ledger = LedgerFilter { account: Some(account()), limit: 100, ..LedgerFilter::default() };
    let record = store.order_get(order).await.unwrap().unwrap();
    let mut seen = format!("{record:?} {:?}", store.account_get(&account()).await.unwrap());
    for job in &record.jobs {
        seen += &format!(
            "{:?} {:?}",
            store.job_history(job.id).await.unwrap(),
            store.job_get(job.id).await.unwrap()
        );
    }
    let lines = store.order_events(order, &EventCursor::default(), 1_000).await.unwrap();
    let key = &record.order.idempotency_key;
    assert_eq!(store.order_by_key(&account(), key).await.unwrap(), Some(record.clone()));
    seen + &format!(
        "{lines:?} {:?} {:?}",
        store.ledger_list(&ledger).await.unwrap(),
        store.queue_pauses().await.unwrap()
    )
}

/// Whether every notice of the order has come to its end.
async fn all_told(store: &dyn Store, order: OrderId) -> bool {
    for job in &store.order_get(order).await.unwrap().unwrap().jobs {
        let notices = store.job_history(job.id).await.unwrap().unwrap().notices;
        if notices.iter().any(|notice| matches!(notice.state, NoticeState::Pending | NoticeState::Sending)) {
            return false;
        }
    }
    true
}

/// A worker of this version works, the schema goes on under it, and it works on; a new process of this version does not
/// begin.
async fn outlived(store: Arc<dyn Store>, expand: impl AsyncFnOnce(), open: impl AsyncFnOnce() -> StoreError) {
    let site = Site::new(store).await;
    let work = Work::begin(site.engine());
    // Every statement is prepared before, on whichever connection.
    let order = site.order("before", 10).await;
    done(&order).await;
    until(async || site.store.queue_status().await.unwrap().workers.len() == 1).await;
    // Notices go out beside the work: their last states are written when the order is over already.
    until(async || all_told(site.store.as_ref(), order.id()).await).await;
    let before = read(site.store.as_ref(), order.id()).await;
    expand().await;
    // Each connection learns by itself that its statements are old.
    for _ in 0..10 {
        assert_eq!(read(site.store.as_ref(), order.id()).await, before);
    }
    assert_eq!(done(&site.order("after", 10).await).await.jobs.len(), 10);
    let error = open().await;
    assert!(matches!(error, StoreError::Newer { found: 9000, .. }), "{error:?}");
    assert_eq!(done(&site.order("and on", 2).await).await.jobs.len(), 2);
    assert_eq!(site.store.queue_status().await.unwrap().workers.len(), 1);
    work.end().await;
    site.assert_once(22).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b10_a_worker_outlives_a_migration_on_postgres() {
    let database = database().await;
    let store = Arc::new(PostgresStore::open(&database.url).await.unwrap());
    let expand = async || {
        let mut db = raw(&database.url).await;
        for sql in expansion() {
            execute(&mut db, &sql).await;
        }
    };
    outlived(store, expand, async || PostgresStore::open(&database.url).await.unwrap_err()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b10_a_worker_outlives_a_migration_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.db");
    let open = async |file: &Path| SqliteStore::open(file, Arc::new(SystemClock::new())).await;
    let store = Arc::new(open(&file).await.unwrap());
    let expand = async || {
        let mut db = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
        for sql in expansion() {
            db.execute(AssertSqlSafe(sql)).await.unwrap();
        }
    };
    outlived(store, expand, async || open(&file).await.unwrap_err()).await;
}

/// What the test above found in one statement must not come back in another one.
#[test]
fn b10_every_statement_on_sqlite_names_its_columns() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlite")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            for stars in ["SELECT *", "RETURNING *", ".* "] {
                assert!(!text.contains(stars), "{}: {stars}", path.display());
            }
        }
    }
    assert!(files > 10, "{files} files were looked at");
}
