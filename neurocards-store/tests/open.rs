//! Opening files: whose they are, who may, and who was there first.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::error::Error as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use neurocards_core::{
    AccountOpen, Claim, ClaimScope, Credits, ManualClock, Retry, Store, StoreError, SystemClock,
};
use neurocards_store::{OpenError, SqliteStore};
use neurocards_testkit::sample::{self, Ids};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};
use tempfile::TempDir;

async fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, Arc::new(ManualClock::new())).await
}

async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// What the operator reads, and what the frontend may look at.
async fn refused(path: &Path) -> (String, OpenError) {
    let error = open(path).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Never);
    let words = error.source().unwrap().to_string();
    match error {
        StoreError::Backend { source } => (words, *source.downcast::<OpenError>().unwrap()),
        other => panic!("{other:?}"),
    }
}

fn account(key: &str, credits: i64) -> AccountOpen {
    // Ids of one source: two made in the same millisecond differ too.
    static IDS: LazyLock<Ids> = LazyLock::new(|| Ids::new(Arc::new(SystemClock::new())));
    let bonus = Some((IDS.entry(), Credits(credits)));
    AccountOpen { account: sample::account(key), credit_limit: Credits::ZERO, bonus }
}

#[tokio::test]
async fn a_new_file_belongs_to_its_owner_and_is_durable() {
    let folder = folder();
    let path = folder.path().join("new.db");
    assert_eq!(SqliteStore::schema_of(&path).await.unwrap().found, None);
    assert!(!path.exists(), "asking creates nothing");
    let store = open(&path).await.unwrap();
    assert!(store.schema().await.unwrap().is_current());
    assert!(SqliteStore::schema_of(&path).await.unwrap().is_current());
    #[cfg(unix)]
    for file in ["new.db", "new.db-wal", "new.db-shm"] {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &folder.path().join(file).metadata().unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let mode: String = raw(&path).await.fetch_one_text("PRAGMA journal_mode").await;
    assert_eq!(mode, "wal");
    assert!(store.capabilities().durable);
}

trait FetchText {
    async fn fetch_one_text(&mut self, sql: &'static str) -> String;
}

impl FetchText for SqliteConnection {
    async fn fetch_one_text(&mut self, sql: &'static str) -> String {
        sqlx::query(sql).fetch_one(self).await.unwrap().get(0)
    }
}

#[tokio::test]
async fn b10_a_newer_schema_is_left_alone() {
    let folder = folder();
    let path = folder.path().join("newer.db");
    open(&path).await.unwrap().close().await;
    let mut db = raw(&path).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'later', true, x'00', 0)",
    )
    .execute(&mut db)
    .await
    .unwrap();
    db.close().await.unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = open(&path).await.unwrap_err();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let state = SqliteStore::schema_of(&path).await.unwrap();
    let told = matches!(error, StoreError::Newer { found: 99, known } if known == state.known);
    assert!(told, "{error:?}");
    assert!(state.is_newer() && !state.is_current());
}

#[tokio::test]
async fn what_is_no_store_is_refused_in_clear_words() {
    let folder = folder();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "buy milk, and a good deal more than a header's worth of text\n".repeat(40))
        .unwrap();
    let (words, error) = refused(&text).await;
    assert!(
        matches!(error, OpenError::NotADatabase { .. })
            && words.ends_with("notes.txt is not an SQLite database")
    );
    let (words, error) = refused(folder.path()).await;
    assert!(matches!(error, OpenError::Folder { .. }) && words.ends_with("is a folder, not a database file"));
    let (words, error) = refused(&folder.path().join("no/such/folder.db")).await;
    assert!(matches!(error, OpenError::NoFolder { .. }) && words.contains("does not exist"), "{words}");
    let (_, error) = refused(&text.join("below.db")).await;
    assert!(matches!(error, OpenError::NoFolder { .. }), "{error:?}");
    let (words, error) = refused(Path::new("sqlite::memory:")).await;
    assert!(matches!(error, OpenError::Location { .. }) && words.contains("names no file"));
    let foreign = folder.path().join("browser.db");
    let mut db = raw(&foreign).await;
    sqlx::query("CREATE TABLE bookmarks (url TEXT)").execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    let before = std::fs::read(&foreign).unwrap();
    let (words, error) = refused(&foreign).await;
    assert!(matches!(error, OpenError::Foreign { .. }) && words.contains("another program"), "{words}");
    assert_eq!(std::fs::read(&foreign).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_may_not_be_written_is_refused() {
    let folder = folder();
    let path = folder.path().join("readonly.db");
    open(&path).await.unwrap().close().await;
    let mut permissions = path.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    // The superuser may write everything; everybody else reads why not.
    if std::fs::OpenOptions::new().write(true).open(&path).is_ok() {
        open(&path).await.unwrap();
    } else {
        let (words, error) = refused(&path).await;
        assert!(matches!(error, OpenError::Denied { .. }) && words.starts_with("no permission"), "{words}");
    }
    // Not even the superuser makes files here.
    #[cfg(target_os = "linux")]
    {
        let (_, error) = refused(Path::new("/proc/neurocards.db")).await;
        assert!(matches!(error, OpenError::NoFolder { .. } | OpenError::Denied { .. }), "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_open_a_new_file_at_once() {
    for _ in 0..5 {
        let folder = folder();
        let path = folder.path().join("store.db");
        let openers = (0..8).map(|n| {
            let path = path.clone();
            tokio::spawn(async move {
                let store = open(&path).await?;
                store.account_open(&account(&format!("cli:{n}"), 1)).await
            })
        });
        for opener in openers.collect::<Vec<_>>() {
            opener.await.unwrap().unwrap();
        }
        assert_eq!(open(&path).await.unwrap().audit().await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_stores_share_one_file() {
    let folder = folder();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    let clock = Arc::new(ManualClock::new());
    let (one, two) = (
        Arc::new(SqliteStore::open(&url, clock.clone()).await.unwrap()),
        Arc::new(SqliteStore::open(&url, clock.clone()).await.unwrap()),
    );
    let ids = Ids::new(clock.clone());
    let open = account("cli:shop", 200);
    one.account_open(&open).await.unwrap();
    let placers = [one.clone(), two.clone()].map(|store| {
        let (ids, key) = (ids.clone(), open.account.clone());
        tokio::spawn(async move {
            for _ in 0..50 {
                store.order_place(&sample::order_new(&ids, &key, 2)).await.unwrap();
            }
        })
    });
    for placer in placers {
        placer.await.unwrap();
    }
    let claimers = [one.clone(), two.clone()].map(|store| {
        let claim = Claim {
            worker: "w".to_owned(),
            providers: vec![sample::PROVIDER.to_owned()],
            scope: ClaimScope::All,
            room: neurocards_core::Room::each(7),
            lease: std::time::Duration::from_secs(30),
        };
        tokio::spawn(async move {
            let mut taken = Vec::new();
            loop {
                let jobs = store.jobs_claim(&claim).await.unwrap().jobs;
                if jobs.is_empty() {
                    return taken;
                }
                taken.extend(jobs.into_iter().map(|claimed| claimed.state.job.id));
            }
        })
    });
    let mut taken = Vec::new();
    for claimer in claimers {
        taken.extend(claimer.await.unwrap());
    }
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), 200);
    assert_eq!(two.account_get(&open.account).await.unwrap().unwrap().held, Credits(200));
    assert_eq!(one.audit().await.unwrap(), []);
}

#[tokio::test]
async fn reopening_keeps_everything() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let ids = Ids::new(Arc::new(ManualClock::new()));
    let store = open(&path).await.unwrap();
    let open_account = account("cli:shop", 5);
    store.account_open(&open_account).await.unwrap();
    let order = sample::order_new(&ids, &open_account.account, 2);
    store.order_place(&order).await.unwrap();
    let before = store.job_history(order.jobs[0].0).await.unwrap();
    // No close: what is committed needs no goodbye.
    drop(store);
    let store = open(&path).await.unwrap();
    assert_eq!(store.job_history(order.jobs[0].0).await.unwrap(), before);
    assert_eq!(store.audit().await.unwrap(), []);
}
