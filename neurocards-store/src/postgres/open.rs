//! Connecting: which server, which schema, how a session is set up.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{Clock, StoreError};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgPool};

use super::PostgresStore;
use super::connections::Connections;
use super::error::{classify, classify_migration, classify_write};
use super::news::News;
use crate::schema::{SchemaState, Step, migrator, newest};

/// The oldest first.
const MIGRATIONS: &[Step] = &[
    (1, "base", include_str!("../../migrations/postgres/0001_base.sql")),
    (2, "upkeep", include_str!("../../migrations/postgres/0002_upkeep.sql")),
    (3, "resources", include_str!("../../migrations/postgres/0003_resources.sql")),
    (4, "chats", include_str!("../../migrations/postgres/0004_chats.sql")),
    (5, "queues", include_str!("../../migrations/postgres/0005_queues.sql")),
    (6, "payments", include_str!("../../migrations/postgres/0006_payments.sql")),
    (7, "office", include_str!("../../migrations/postgres/0007_office.sql")),
];

/// Where everything lies: a database may be shared with other programs.
const SCHEMA: &str = "neurocards";
/// Names our migrations among the server's advisory locks.
const LOCK: i64 = 0x6e65_7572_6f63_6172;
const OLDEST_SERVER: i32 = 15;
const CONNECTIONS: u32 = 8;
/// How long a call waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// A connection that was idle for longer is asked whether it lives.
pub(super) const FRESH: Duration = Duration::from_secs(2);

/// Why a server cannot be used as a store. It comes as the source of a [`StoreError`]; none of them shows the
/// password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The url cannot be read.
    #[error("the database url cannot be read: use postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
    Url,
    /// The server does not answer.
    #[error("{host}:{port} does not answer as a PostgreSQL server")]
    Unreachable {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// The server refuses the user, the password or the database.
    #[error("the server {host} refuses user {user}, database {database}")]
    Refused {
        /// Its host.
        host: String,
        /// The user.
        user: String,
        /// The database.
        database: String,
        /// What the server said.
        #[source]
        source: sqlx::Error,
    },
    /// The server is too old.
    #[error("the server is PostgreSQL {found}; neurocards needs {OLDEST_SERVER} or newer")]
    TooOld {
        /// Its version.
        found: i32,
    },
    /// The server is a standby, or is set to read only.
    #[error("the database is read-only")]
    ReadOnly,
}

impl ConnectError {
    /// The reason why a store could not be opened, if it is one of these.
    pub fn of(error: &StoreError) -> Option<&Self> {
        match error {
            StoreError::Unavailable { source } | StoreError::Backend { source } => source.downcast_ref(),
            _ => None,
        }
    }
}

impl From<ConnectError> for StoreError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Unreachable { .. } => Self::Unavailable { source: Box::new(error) },
            _ => Self::Backend { source: Box::new(error) },
        }
    }
}

impl PostgresStore {
    /// Connects by a `postgres:` url, and brings the schema `neurocards` to the newest version. Timers and leases
    /// follow the server's clock.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: the server does not answer. [`StoreError::Newer`]: a newer version wrote the
    /// schema, and nothing was touched. [`StoreError::Backend`] with a [`ConnectError`]: it will not do.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::start(url, None).await
    }

    /// As [`open`](Self::open), but timers and leases follow this clock: for tests, which move it. All processes
    /// that share the database must share the clock.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with_clock(url: &str, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::start(url, Some(clock)).await
    }

    async fn start(url: &str, clock: Option<Arc<dyn Clock>>) -> Result<Self, StoreError> {
        let options = options(url)?;
        let mut connection = connect(&options).await?;
        let migrated = async {
            migrate(&mut connection).await?;
            let name = sqlx::query_scalar::<_, String>("SELECT gen_random_uuid()::text");
            name.fetch_one(&mut connection).await.map_err(classify)
        };
        let migrated = migrated.await;
        // Nothing is under way on it.
        let _ = connection.close().await;
        let db = Connections::of(pool(options.clone()));
        let news = News::new(options, db.clone(), &migrated?);
        Ok(Self::new(db, news, clock))
    }

    /// Reads which schema a database has, without creating, changing or migrating anything.
    ///
    /// # Errors
    /// As [`open`](Self::open), but a newer schema is an answer.
    pub async fn schema_of(url: &str) -> Result<SchemaState, StoreError> {
        let mut connection = connect(&options(url)?).await?;
        let found = found(&mut connection).await;
        let _ = connection.close().await;
        Ok(SchemaState { found: found?, known: newest(MIGRATIONS) })
    }

    /// Which schema the database has by now: another process may have migrated it.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn schema(&self) -> Result<SchemaState, StoreError> {
        let found = found(&mut *self.db.acquire().await.map_err(classify)?).await?;
        Ok(SchemaState { found, known: newest(MIGRATIONS) })
    }

    /// A setting of the sessions: for tests and for `doctor`.
    ///
    /// # Errors
    /// The server does not answer, or knows no such setting.
    pub async fn setting(&self, name: &str) -> Result<String, StoreError> {
        let mut connection = self.db.acquire().await.map_err(classify)?;
        let setting = sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&mut *connection);
        setting.await.map_err(classify)
    }
}

pub(super) fn options(url: &str) -> Result<PgConnectOptions, ConnectError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(ConnectError::Url);
    }
    let options = PgConnectOptions::from_str(url).map_err(|_| ConnectError::Url)?;
    let given = options.get_options().unwrap_or_default().to_owned();
    let limits = LIMITS.into_iter().filter(|(name, _)| !given.contains(name));
    Ok(options
        .application_name("neurocards")
        .options([("search_path", SCHEMA), ("timezone", "UTC")])
        .options(limits))
}

/// How long a session waits, unless the url says otherwise: `?options[statement_timeout]=5s`.
const LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "60s"), ("lock_timeout", "20s"), ("idle_in_transaction_session_timeout", "60s")];

/// The statements of the lifecycle look rows up by their keys, whatever the planner believes about tables that grew
/// from nothing to millions of rows since it last looked.
const BY_KEY: &str = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET plan_cache_mode = force_generic_plan; SET jit = off";
/// A commit that was confirmed is on the disk: credits depend on it.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'";

fn pool(options: PgConnectOptions) -> PgPool {
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection.execute(BY_KEY).await?;
                connection.execute(DURABLE).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options)
}

pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let refused = |source: sqlx::Error| {
        let host = options.get_host().to_owned();
        let code = source.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        match code.as_deref() {
            // Invalid authorisation, invalid password, no such database, no right to connect.
            Some("28000" | "28P01" | "3D000" | "42501") => StoreError::from(ConnectError::Refused {
                host,
                user: options.get_username().to_owned(),
                database: options.get_database().unwrap_or(options.get_username()).to_owned(),
                source,
            }),
            Some(_) => classify(source),
            None => ConnectError::Unreachable { host, port: options.get_port(), source }.into(),
        }
    };
    let connecting = tokio::time::timeout(PATIENCE, options.connect());
    let late = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    let mut connection = connecting.await.unwrap_or_else(late).map_err(refused)?;
    let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::integer / 10000")
        .fetch_one(&mut connection)
        .await
        .map_err(classify)?;
    if version < OLDEST_SERVER {
        return Err(ConnectError::TooOld { found: version }.into());
    }
    Ok(connection)
}

async fn found(connection: &mut PgConnection) -> Result<Option<i64>, StoreError> {
    let there =
        sqlx::query_scalar::<_, bool>("SELECT to_regclass('neurocards._sqlx_migrations') IS NOT NULL");
    if !there.fetch_one(&mut *connection).await.map_err(classify)? {
        return Ok(None);
    }
    let newest = sqlx::query_scalar("SELECT max(version) FROM neurocards._sqlx_migrations WHERE success");
    newest.fetch_one(connection).await.map_err(classify)
}

/// Applies what is missing, all of it in one transaction under a lock: processes that start at the same time take
/// turns, and each finds either nothing or everything.
async fn migrate(connection: &mut PgConnection) -> Result<(), StoreError> {
    let known = newest(MIGRATIONS);
    match found(connection).await? {
        Some(found) if found > known => return Err(StoreError::Newer { found, known }),
        Some(found) if found == known => return Ok(()),
        _ => {}
    }
    let read_only: bool = sqlx::query_scalar("SELECT current_setting('transaction_read_only')::boolean")
        .fetch_one(&mut *connection)
        .await
        .map_err(classify)?;
    if read_only {
        return Err(ConnectError::ReadOnly.into());
    }
    let mut tx = connection.begin().await.map_err(classify)?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *tx).await.map_err(classify)?;
    if let Some(found) = found(&mut tx).await?.filter(|found| *found > known) {
        return Err(StoreError::Newer { found, known });
    }
    let create = AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}"));
    sqlx::query(create).execute(&mut *tx).await.map_err(classify)?;
    // `run` is the same, but the compiler cannot see that its future may change threads.
    migrator(MIGRATIONS).run_direct(None, &mut *tx, false).await.map_err(classify_migration)?;
    tx.commit().await.map_err(classify_write)
}
