//! A process dies at every point of an order's life, a second one goes on, and the world is asked what it saw: one
//! submission, one end of the hold, each notice at most once, and the video where it should be.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use neurocards_core::{
    AttemptState, EntryKind, JobFilter, JobHistory, Media, NoticeState, Stage, Store, SystemClock,
};
use neurocards_store::{PostgresStore, SqliteStore};
use neurocards_testkit::postgres;

const SIGABRT: i32 = 6;
/// The first process, and one that comes when its leases are over.
const LATER: [u32; 2] = [0, 60];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backend {
    Sqlite,
    Postgres,
}

/// What outlives the processes of one order.
struct Outside {
    folder: tempfile::TempDir,
    url: String,
    lookup: bool,
    _database: Option<postgres::Database>,
}

impl Outside {
    async fn new(backend: Backend, lookup: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => {
                let prepare = async |url: &str| PostgresStore::open(url).await.unwrap().close().await;
                Some(postgres::database(prepare).await)
            }
        };
        let file = folder.path().join("store.db").display().to_string();
        let url = database.as_ref().map_or(file, |database| database.url.clone());
        Self { folder, url, lookup, _database: database }
    }

    /// Runs a process to its end, or to this point.
    async fn run(&self, later: u32, point: Option<&str>) -> ExitStatus {
        let mut command = Command::new(env!("CARGO_BIN_EXE_one-order"));
        command.arg(self.folder.path()).arg(&self.url);
        command.args([self.lookup.to_string(), later.to_string()]).args(point);
        tokio::task::spawn_blocking(move || command.status().unwrap()).await.unwrap()
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.file(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::join(self.folder.path(), name)
    }

    async fn store(&self) -> Arc<dyn Store> {
        match self.url.starts_with("postgres:") {
            true => Arc::new(PostgresStore::open(&self.url).await.unwrap()),
            false => Arc::new(SqliteStore::open(&self.url, Arc::new(SystemClock::new())).await.unwrap()),
        }
    }

    /// The one job, if it was ordered.
    async fn job(&self, store: &dyn Store) -> Option<JobHistory> {
        let jobs = store.jobs_list(&JobFilter { limit: 10, ..JobFilter::default() }).await.unwrap();
        assert!(jobs.len() <= 1, "one order of one video");
        let job = jobs.first()?;
        store.job_history(job.id).await.unwrap()
    }
}

/// What a dead process left behind.
#[derive(Debug, Default)]
struct Remains {
    point: String,
    /// The job may have been submitted.
    in_doubt: bool,
    /// These notices may have been delivered.
    sending: Vec<&'static str>,
}

impl Remains {
    fn of(point: &str, job: Option<JobHistory>) -> Self {
        let point = point.to_owned();
        let Some(job) = job else { return Self { point, ..Self::default() } };
        let sending = job.notices.iter().filter(|notice| notice.state == NoticeState::Sending);
        Self {
            point,
            in_doubt: job.attempts.last().is_some_and(|attempt| attempt.state == AttemptState::Sent),
            sending: sending.map(|notice| notice.body.kind().as_str()).collect(),
        }
    }
}

/// What must be true at the end, whatever happened on the way.
async fn check(outside: &Outside, Remains { point, in_doubt, sending }: Remains) {
    let store = outside.store().await;
    let job = outside.job(store.as_ref()).await.unwrap();
    assert_eq!(store.audit().await.unwrap(), [], "{point}");

    // What nobody can look up is given up, and never sent again.
    let given_up = in_doubt && !outside.lookup;
    let (stage, end) = match given_up {
        true => (Stage::Failed, EntryKind::Release),
        false => (Stage::Done, EntryKind::Capture),
    };
    assert_eq!(job.record.job.stage, stage, "{point}");
    let entries: Vec<_> = job.ledger.iter().map(|entry| entry.kind).collect();
    assert_eq!(entries, [EntryKind::Hold, end], "{point}");

    let calls = outside.lines("calls");
    let submits = calls.iter().filter(|call| call.starts_with("submit")).count();
    assert!(submits == 1 || given_up && submits == 0, "{point}: submitted {submits} times");

    if stage == Stage::Done {
        let media = Media::in_folder(&outside.file("media")).unwrap();
        let video = media.video(&job.record.artifact.unwrap().sha256).await.unwrap();
        assert_eq!(video.as_ref(), include_bytes!("../../testkit/assets/tiny.mp4"), "{point}");
    }

    let told = outside.lines("told");
    for notice in &job.notices {
        let kind = notice.body.kind().as_str();
        let times = told.iter().filter(|line| *line == kind).count();
        match notice.state {
            NoticeState::Sent => assert_eq!(times, 1, "{point}: {kind}"),
            NoticeState::Superseded => assert_eq!(times, 0, "{point}: {kind}"),
            NoticeState::Unknown if sending.contains(&kind) => {
                assert!(times <= 1, "{point}: {kind} came {times} times")
            }
            state => panic!("{point}: {kind} is {state:?}"),
        }
    }
}

/// Dies at the point, goes on, checks. `false`: this time the process never came by.
async fn survive(backend: Backend, lookup: bool, point: &str) -> bool {
    let outside = Outside::new(backend, lookup).await;
    let status = outside.run(LATER[0], Some(point)).await;
    if status.success() {
        return false;
    }
    assert_eq!(status.signal(), Some(SIGABRT), "{point}: {status}");
    assert_eq!(outside.lines("points").last().map(String::as_str), Some(point), "it died of it");
    let remains = Remains::of(point, outside.job(outside.store().await.as_ref()).await);
    let status = outside.run(LATER[1], None).await;
    assert!(status.success(), "{point}: the second process: {status}");
    check(&outside, remains).await;
    true
}

async fn survive_all(backend: Backend, lookup: bool) {
    let outside = Outside::new(backend, lookup).await;
    assert!(outside.run(LATER[0], None).await.success());
    check(&outside, Remains::default()).await;
    let points = outside.lines("points");
    for part in [
        "order_place 1",
        "upload 1",
        "submit 1",
        "read 2",
        "fetch 1",
        "put_video 1",
        "job_apply 6",
        "notify 1",
    ] {
        assert!(points.iter().any(|point| point.ends_with(part)), "{part} is not among {points:?}");
    }
    for point in &points {
        // Notices go out beside the work: now and then two of them go in one batch.
        let mut died = false;
        for _ in 0..5 {
            died = died || survive(backend, lookup, point).await;
        }
        assert!(died, "no process came by {point}");
    }
}

#[tokio::test]
async fn on_sqlite_with_lookup() {
    survive_all(Backend::Sqlite, true).await;
}

#[tokio::test]
async fn on_sqlite_without_lookup() {
    survive_all(Backend::Sqlite, false).await;
}

#[tokio::test]
async fn on_postgres_with_lookup() {
    survive_all(Backend::Postgres, true).await;
}

#[tokio::test]
async fn on_postgres_without_lookup() {
    survive_all(Backend::Postgres, false).await;
}
