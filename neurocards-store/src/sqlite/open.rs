//! Opening a file: where it is, whose it is, which schema it has.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{Clock, StoreError};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use super::SqliteStore;
use super::error::{classify, classify_commit, classify_migration, result_code};
use crate::schema::{self, SchemaState, Step};

/// The oldest first.
const MIGRATIONS: &[Step] = &[
    (1, "base", include_str!("../../migrations/sqlite/0001_base.sql")),
    (2, "queue", include_str!("../../migrations/sqlite/0002_queue.sql")),
    (3, "operations", include_str!("../../migrations/sqlite/0003_operations.sql")),
    (5, "late", include_str!("../../migrations/sqlite/0005_late.sql")),
    (6, "upkeep", include_str!("../../migrations/sqlite/0006_upkeep.sql")),
    (7, "resources", include_str!("../../migrations/sqlite/0007_resources.sql")),
    (8, "chats", include_str!("../../migrations/sqlite/0008_chats.sql")),
    (10, "payments", include_str!("../../migrations/sqlite/0010_payments.sql")),
    (11, "office", include_str!("../../migrations/sqlite/0011_office.sql")),
];

/// `PRAGMA application_id`, "ncrd", as the first migration sets it.
const APPLICATION_ID: i64 = 0x6e63_7264;
/// How long a write of another process is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a file that somebody else is setting up is tried again.
const SETTING_UP: Duration = Duration::from_secs(2);
const READERS: u32 = 4;
const NOT_A_DATABASE: u32 = 26;

/// Why a file cannot be opened as a store. It comes as the source of [`StoreError::Backend`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The url names no file.
    #[error("{given} names no file: use a path, or sqlite:///path/to/neurocards.db")]
    Location {
        /// What was given.
        given: String,
    },
    /// The path is a folder.
    #[error("{} is a folder, not a database file", path.display())]
    Folder {
        /// The path.
        path: PathBuf,
    },
    /// The folder of the file does not exist.
    #[error("the folder of {} does not exist", path.display())]
    NoFolder {
        /// The path of the file.
        path: PathBuf,
    },
    /// The file may not be read and written, or not be created.
    #[error("no permission to read and write {}", path.display())]
    Denied {
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The file exists, and SQLite cannot read it.
    #[error("{} is not an SQLite database", path.display())]
    NotADatabase {
        /// The path.
        path: PathBuf,
    },
    /// The file is an SQLite database of another program.
    #[error("{} is the database of another program", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
    },
    /// Anything else that the operating system said.
    #[error("{} cannot be opened", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        Self::Backend { source: Box::new(error) }
    }
}

impl SqliteStore {
    /// Opens a store by its path or `sqlite:` url, and brings its schema to the newest version. A missing file is
    /// created, for its owner only (mode 0600); its folder must exist.
    ///
    /// # Errors
    /// [`StoreError::Newer`]: a newer version wrote it, and nothing was touched. [`StoreError::Backend`] with an
    /// [`OpenError`]: it is not our file, or may not be opened. [`StoreError::Unavailable`]: another process kept
    /// it locked for ten seconds.
    pub fn open(
        location: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
    ) -> impl Future<Output = Result<Self, StoreError>> + Send {
        let path = locate(location.as_ref());
        async move {
            let path = path?;
            let patience = pause(SETTING_UP);
            tokio::pin!(patience);
            loop {
                let opened = Self::open_file(path.clone(), clock.clone()).await;
                if !matches!(opened, Err(StoreError::Unavailable { .. })) {
                    return opened;
                }
                // Of processes that turn the same new file into a write-ahead log, all but one are refused at once:
                // SQLite does not wait there.
                tokio::select! {
                    biased;
                    () = &mut patience => return opened,
                    () = pause(Duration::from_millis(50)) => {}
                }
            }
        }
    }

    async fn open_file(path: PathBuf, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        create(&path)?;
        let state = inspect(&path).await?;
        if let Some(found) = state.found.filter(|_| state.is_newer()) {
            return Err(StoreError::Newer { found, known: state.known });
        }
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .pragma("journal_size_limit", "67108864");
        // The journal mode stays in the file, so only the writer sets it.
        let writer = pool(1).connect_with(options.clone().journal_mode(SqliteJournalMode::Wal)).await;
        let writer = writer.map_err(classify)?;
        migrate(&mut *writer.acquire().await.map_err(classify)?, &path).await?;
        let readers = pool(READERS).connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Self::new(writer, readers, clock))
    }

    /// Reads which schema a file has, without creating, changing or migrating anything.
    ///
    /// # Errors
    /// As [`open`](Self::open), but a newer schema is an answer.
    pub fn schema_of(
        location: impl AsRef<Path>,
    ) -> impl Future<Output = Result<SchemaState, StoreError>> + Send {
        let path = locate(location.as_ref());
        async move {
            let path = path?;
            if path.exists() { inspect(&path).await } else { Ok(SchemaState { found: None, known: known() }) }
        }
    }

    /// Which schema this store's file has by now: another process may have migrated it.
    ///
    /// # Errors
    /// The file cannot be read.
    pub async fn schema(&self) -> Result<SchemaState, StoreError> {
        let found = newest(&mut *self.readers.acquire().await.map_err(classify)?).await.map_err(classify)?;
        Ok(SchemaState { found, known: known() })
    }

    /// Closes the connections, once the calls under way have ended. What is committed is durable without this.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[expect(clippy::disallowed_methods, reason = "another process is waited for, whatever our clock says")]
async fn pause(wait: Duration) {
    tokio::time::sleep(wait).await;
}

/// Connections live as long as the store: a file does not go away like a server does. But where a disk is full or fails,
/// SQLite rolls a transaction back by itself, and the driver counts it as open for ever: such a connection is replaced.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
}

fn known() -> i64 {
    schema::newest(MIGRATIONS)
}

/// The path that was given, or that a `sqlite:` url names.
fn locate(given: &Path) -> Result<PathBuf, OpenError> {
    let no_file = || OpenError::Location { given: given.display().to_string() };
    let Some(url) = given.to_str().filter(|text| text.starts_with("sqlite:")) else {
        let url = given.to_str().is_some_and(|text| text.contains("://"));
        return if url || given.as_os_str().is_empty() { Err(no_file()) } else { Ok(given.to_owned()) };
    };
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(no_file());
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|_| no_file())?;
    let path = options.get_filename().to_owned();
    if path.as_os_str().is_empty() { Err(no_file()) } else { Ok(path) }
}

/// Creates the file if it is missing, and finds out what SQLite would not say clearly.
fn create(path: &Path) -> Result<(), OpenError> {
    let path = path.to_owned();
    if path.is_dir() {
        return Err(OpenError::Folder { path });
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(&path) {
        Ok(_) => Ok(()),
        Err(source) => Err(match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenError::Denied { path, source },
            ErrorKind::NotFound | ErrorKind::NotADirectory => OpenError::NoFolder { path },
            _ => OpenError::Io { path, source },
        }),
    }
}

/// Looks at a file through a connection that cannot write.
async fn inspect(path: &Path) -> Result<SchemaState, StoreError> {
    if path.is_dir() {
        return Err(OpenError::Folder { path: path.to_owned() }.into());
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
    let mut connection = options.connect().await.map_err(|error| unreadable(path, error))?;
    let found = ours(&mut connection, path).await;
    // Nothing was written, so nothing can be lost by a close that fails.
    let _ = connection.close().await;
    Ok(SchemaState { found: found?, known: known() })
}

/// The version of a file that is ours or empty.
async fn ours(connection: &mut SqliteConnection, path: &Path) -> Result<Option<i64>, StoreError> {
    let tables =
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM sqlite_master").fetch_one(&mut *connection).await;
    if tables.map_err(|error| unreadable(path, error))? == 0 {
        return Ok(None);
    }
    let id = sqlx::query_scalar::<_, i64>("PRAGMA application_id").fetch_one(&mut *connection).await;
    if id.map_err(classify)? != APPLICATION_ID {
        return Err(OpenError::Foreign { path: path.to_owned() }.into());
    }
    newest(connection).await.map_err(classify)
}

async fn newest(connection: &mut SqliteConnection) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(connection).await
}

fn unreadable(path: &Path, error: sqlx::Error) -> StoreError {
    match result_code(&error) {
        Some(NOT_A_DATABASE) => OpenError::NotADatabase { path: path.to_owned() }.into(),
        _ => classify(error),
    }
}

/// Applies what is missing, all of it in one transaction that holds the write lock: processes that open the same
/// new file at the same time take turns, and each finds either nothing or everything.
async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.map_err(classify)?;
    let found = ours(&mut tx, path).await?;
    if let Some(found) = found.filter(|found| *found > known()) {
        return Err(StoreError::Newer { found, known: known() });
    }
    if found == Some(known()) {
        return Ok(());
    }
    // `run` is the same, but the compiler cannot see that its future may change threads.
    schema::migrator(MIGRATIONS).run_direct(None, &mut *tx, false).await.map_err(classify_migration)?;
    tx.commit().await.map_err(classify_commit)
}

#[cfg(test)]
mod tests {
    use neurocards_core::{AccountOpen, Credits, Store};
    use sqlx::Row;

    use super::*;

    #[test]
    fn paths_and_urls_name_files() {
        let check = |given: &str, expect: Option<&str>| {
            assert_eq!(locate(Path::new(given)).ok(), expect.map(PathBuf::from), "{given:?}");
        };
        check("data/neurocards.db", Some("data/neurocards.db"));
        check("sqlite:data/neurocards.db", Some("data/neurocards.db"));
        check("sqlite://data/neurocards.db", Some("data/neurocards.db"));
        check("sqlite:///var/lib/neurocards.db?mode=rwc", Some("/var/lib/neurocards.db"));
        check("sqlite:///var/my%20data/n.db", Some("/var/my data/n.db"));
        check("sqlite::memory:", None);
        check("sqlite://", None);
        check("sqlite://n.db?colour=blue", None);
        check("postgres://localhost/neurocards", None);
        check("", None);
    }

    #[tokio::test]
    async fn b7b_every_connection_commits_to_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(neurocards_core::ManualClock::new());
        let store = SqliteStore::open(folder.path().join("store.db"), clock).await.unwrap();
        let check = async |pool: &sqlx::SqlitePool, pragma: &'static str, expect: &str| {
            let found = sqlx::query(pragma).fetch_one(pool).await.unwrap();
            let text =
                found.try_get::<String, _>(0).or_else(|_| found.try_get::<i64, _>(0).map(|n| n.to_string()));
            assert_eq!(text.unwrap(), expect, "{pragma}");
        };
        for (pool, query_only) in [(&store.writer, "0"), (&store.readers, "1")] {
            check(pool, "PRAGMA journal_mode", "wal").await;
            // FULL: a commit is on the disk when it returns.
            check(pool, "PRAGMA synchronous", "2").await;
            check(pool, "PRAGMA foreign_keys", "1").await;
            check(pool, "PRAGMA busy_timeout", "10000").await;
            check(pool, "PRAGMA query_only", query_only).await;
        }
    }

    #[tokio::test]
    async fn f4_a_transaction_that_sqlite_gave_up_does_not_stay_open() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(neurocards_core::ManualClock::new());
        let store = SqliteStore::open(folder.path().join("store.db"), clock).await.unwrap();
        // The file may not grow, as far as this connection goes.
        sqlx::query("PRAGMA max_page_count = 1").execute(&store.writer).await.unwrap();
        let mut tx = store.writer.begin_with("BEGIN IMMEDIATE").await.unwrap();
        let error = loop {
            let beat = sqlx::query(
                "INSERT INTO workers (name, host, version, in_flight, started_at, seen_at)
                 VALUES (hex(randomblob(2000)), '', '', 0, 0, 0)",
            );
            if let Err(error) = beat.execute(&mut *tx).await {
                break classify(error);
            }
        };
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        drop(tx);
        let (account, credit_limit) = ("shop:1".parse().unwrap(), Credits::ZERO);
        store.account_open(&AccountOpen { account, credit_limit, bonus: None }).await.unwrap();
        assert_eq!(store.queue_status().await.unwrap().workers, []);
    }

    #[test]
    fn versions_rise() {
        assert!(MIGRATIONS.is_sorted_by(|(one, ..), (two, ..)| one < two));
    }
}
