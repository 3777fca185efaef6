//! A PostgreSQL server for tests.
//!
//! By default each test process starts a cluster of its own from the installed binaries, in a temporary folder, without
//! a network port; it ends with the process, however that ends. `NEUROCARDS_TEST_DATABASE_URL` names a running server
//! instead, whose user may create databases. Without either, tests fail: they are never skipped.

mod proxy;

use std::any::Any;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::sync::OnceCell;

pub use proxy::{Cable, Proxy};

/// A database that was cloned from a template.
pub struct Database {
    /// Where it is.
    pub url: String,
    /// Lives as long as the database is needed.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A server, by the url of its database `postgres`.
#[derive(Debug)]
pub struct Server {
    url: String,
    /// Its watchman crashes it and starts it again for each line, and stops it when our end of his standard input closes.
    watchman: Option<Child>,
}

/// How careful a server of our own is with the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing is flushed: fast, for tests that do not pull the plug.
    None,
    /// As in production: for benchmarks.
    Full,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static CLONES: AtomicU32 = AtomicU32::new(0);

/// A fresh database: a clone of a template that `prepare` fills once for each process.
///
/// # Panics
/// There is no server to be had, or it refuses.
pub async fn database(prepare: impl AsyncFnOnce(&str)) -> Database {
    let server = SERVER.get_or_init(async || Server::find().await).await;
    let template = TEMPLATE.get_or_init(async || {
        let name = format!("neurocards_template_{}", std::process::id());
        server.create(&name, None).await;
        prepare(&server.url_of(&name)).await;
        name
    });
    server.clone_of(template.await).await
}

/// A fresh and empty database.
///
/// # Panics
/// There is no server to be had, or it refuses.
pub async fn empty_database() -> Database {
    let server = SERVER.get_or_init(async || Server::find().await).await;
    let name = next_name();
    server.create(&name, None).await;
    server.database(name)
}

fn next_name() -> String {
    format!("neurocards_test_{}_{}", std::process::id(), CLONES.fetch_add(1, Ordering::Relaxed))
}

impl Server {
    #[expect(
        clippy::disallowed_methods,
        reason = "a server of a test is found by its environment, and started in real time"
    )]
    async fn find() -> Self {
        match std::env::var("NEUROCARDS_TEST_DATABASE_URL") {
            Ok(url) => Self { url, watchman: None },
            Err(_) => Self::start(Durability::None).await,
        }
    }

    /// Starts a server of its own.
    ///
    /// # Panics
    /// The binaries are not installed, or it does not start within half a minute.
    #[expect(
        clippy::disallowed_methods,
        reason = "a server of a test is found by its environment, and started in real time"
    )]
    pub async fn start(durability: Durability) -> Self {
        let bin = binaries();
        let folder =
            tempfile::Builder::new().prefix("neurocards-pg-").tempdir().expect("a temporary folder").keep();
        let user = server_user();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(&folder, Some(uid), Some(gid)).expect("the folder can be given away");
        }
        let data = folder.join("data");
        let init = run_as(user, Command::new(bin.join("initdb")))
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .current_dir("/")
            .output()
            .expect("initdb runs");
        assert!(init.status.success(), "initdb: {}", String::from_utf8_lossy(&init.stderr));
        guard(&data);
        let settings = match durability {
            Durability::None => "-c fsync=off -c full_page_writes=off -c autovacuum=off",
            Durability::Full => {
                "-c shared_preload_libraries=pg_stat_statements -c shared_buffers=512MB -c max_wal_size=4GB -c checkpoint_timeout=15min"
            }
        };
        // `read` ends when our end of the pipe closes, however this process ends.
        let script = format!(
            "start() {{ {bin}/postgres -D {data} -k {folder} -c listen_addresses='' -c max_connections=200 {settings} \
             >>{folder}/log 2>&1 & server=$!; }}; crash() {{ kill -QUIT $server; wait $server; }}; \
             start; while read -r _; do crash; start; done; crash; rm -rf {folder}",
            bin = bin.display(),
            data = data.display(),
            folder = folder.display(),
        );
        let watchman = run_as(user, Command::new("sh"))
            .args(["-c", &script])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell runs");
        let socket = folder.display().to_string().replace('/', "%2F");
        let server = Self { url: format!("postgres://postgres@{socket}/postgres"), watchman: Some(watchman) };
        for _ in 0..300 {
            if let Ok(connection) = server.options("postgres").connect().await {
                let _ = connection.close().await;
                return server;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start:\n{log}");
    }

    /// Crashes the server and starts it again: every connection breaks without a goodbye, and what was committed is
    /// recovered from the log. It answers again a little later.
    ///
    /// # Panics
    /// It is somebody else's server.
    pub fn crash(&mut self) {
        let watchman = self.watchman.as_mut().expect("a server of our own");
        watchman.stdin.as_mut().expect("the watchman listens").write_all(b"crash\n").expect("he lives");
    }

    /// The url of one of its databases.
    pub fn url_of(&self, database: &str) -> String {
        let (base, query) = self.url.split_once('?').map_or((self.url.as_str(), None), |(a, b)| (a, Some(b)));
        let base = base.rsplit_once('/').map_or(base, |(base, _)| base);
        query.map_or_else(|| format!("{base}/{database}"), |query| format!("{base}/{database}?{query}"))
    }

    /// Where its sockets are, and the user: for tools that take them one by one.
    pub fn options(&self, database: &str) -> PgConnectOptions {
        self.url_of(database).parse().expect("a database url")
    }

    /// Creates a database.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn create(&self, name: &str, template: Option<&str>) {
        let mut admin = self.options("postgres").connect().await.expect("the server answers");
        let template = template.map(|template| format!(" TEMPLATE {template}")).unwrap_or_default();
        admin
            .execute(AssertSqlSafe(format!("CREATE DATABASE {name}{template}")))
            .await
            .expect("a new database");
        let _ = admin.close().await;
    }

    async fn clone_of(&self, template: &str) -> Database {
        let name = next_name();
        self.create(&name, Some(template)).await;
        self.database(name)
    }

    fn database(&self, name: String) -> Database {
        let url = self.url_of(&name);
        // A server of our own vanishes as a whole.
        let guest = self.watchman.is_none();
        let keep: Box<dyn Any + Send + Sync> =
            if guest { Box::new(Guest { admin: self.url.clone(), name }) } else { Box::new(()) };
        Database { url, keep }
    }
}

/// The one user of a server of our own who has to say a password.
pub const GUARDED: &str = "neurocards_guarded";

fn guard(data: &Path) {
    let file = data.join("pg_hba.conf");
    let rules = std::fs::read_to_string(&file).expect("the rules of the server");
    let rules = format!("local all {GUARDED} scram-sha-256\n{rules}");
    std::fs::write(&file, rules).expect("the rules can be written");
}

/// A database on somebody else's server, which is left as it was found.
struct Guest {
    admin: String,
    name: String,
}

impl Drop for Guest {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                let Ok(options) = admin.parse::<PgConnectOptions>() else { return };
                let Ok(mut admin) = options.connect().await else { return };
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                let _ = admin.execute(AssertSqlSafe(drop)).await;
            });
        });
        let _ = dropping.join();
    }
}

/// The folder of the newest installed binaries.
///
/// # Panics
/// There are none.
#[expect(
    clippy::disallowed_methods,
    reason = "a server of a test is found by its environment, and started in real time"
)]
pub fn binaries() -> PathBuf {
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let mut debian: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin"))
        .collect();
    debian.sort();
    let found = on_path.chain(debian.into_iter().rev()).find_map(|folder| {
        // A link on the PATH leads to the folder with the rest.
        let initdb = folder.join("initdb").canonicalize().ok()?;
        initdb.parent().filter(|bin| bin.join("postgres").exists()).map(Path::to_owned)
    });
    found.expect(
        "PostgreSQL is not installed: install its server (Debian: apt-get install postgresql), or set \
         NEUROCARDS_TEST_DATABASE_URL",
    )
}

/// PostgreSQL refuses to run as root: then it runs as the user that its package made, or as nobody.
fn server_user() -> Option<(u32, u32)> {
    let root = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").ok()?) == 0;
    if !root {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut parts = line.split(':').skip(2);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody"))
}

fn run_as(user: Option<(u32, u32)>, mut command: Command) -> Command {
    if let Some((uid, gid)) = user {
        std::os::unix::process::CommandExt::uid(&mut command, uid);
        std::os::unix::process::CommandExt::gid(&mut command, gid);
    }
    command
}
