//! A process dies at a point of an order's life, a second one goes on, and the world is asked what it saw: one
//! submission, one end of the hold, each notice at most once, and the video where it should be.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

mod every_point;
mod rows;

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
/// Each process comes when the leases of the one before are over.
const LATER: u32 = 60;

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

    /// Runs a process to this point, where it dies. `false`: it never came by.
    async fn die(&self, later: u32, point: &str) -> bool {
        let status = self.run(later, Some(point)).await;
        if status.success() {
            return false;
        }
        assert_eq!(status.signal(), Some(SIGABRT), "{point}: {status}");
        assert_eq!(self.lines("points").last().map(String::as_str), Some(point), "it died of it");
        true
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

    /// How often the other side was called like this.
    fn calls(&self, name: &str) -> usize {
        self.lines("calls").iter().filter(|call| call.starts_with(name)).count()
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

/// What dead processes left behind.
#[derive(Debug, Default)]
struct Remains {
    points: Vec<String>,
    /// The job may have been submitted.
    in_doubt: bool,
    /// These notices may have been delivered.
    sending: Vec<&'static str>,
}

impl Remains {
    /// A process died at this point and left the job like this.
    fn add(&mut self, point: &str, job: Option<JobHistory>) {
        self.points.push(point.to_owned());
        let Some(job) = job else { return };
        self.in_doubt |= job.attempts.last().is_some_and(|attempt| attempt.state == AttemptState::Sent);
        let sending = job.notices.iter().filter(|notice| notice.state == NoticeState::Sending);
        self.sending.extend(sending.map(|notice| notice.body.kind().as_str()));
    }
}

/// What must be true at the end, whatever happened on the way.
async fn check(outside: &Outside, Remains { points, in_doubt, sending }: Remains) {
    let point = points.join(", ");
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

    let submits = outside.calls("submit");
    assert!(submits == 1 || given_up && submits == 0, "{point}: submitted {submits} times");
    let prompts = outside.calls("prompt");
    assert!(prompts <= 1 + points.len(), "{point}: {prompts} prompts");

    if stage == Stage::Done {
        let media = Media::in_folder(&outside.file("media")).unwrap();
        let video = media.video(&job.record.artifact.unwrap().sha256).await.unwrap();
        assert_eq!(video.as_ref(), include_bytes!("../../../testkit/assets/tiny.mp4"), "{point}");
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

/// One process after the other dies at its point, the last one goes on; checks. `false`: this time one of them never
/// came by.
async fn survive(backend: Backend, lookup: bool, deaths: &[&str]) -> bool {
    let outside = Outside::new(backend, lookup).await;
    let (mut later, mut remains) = (0, Remains::default());
    for point in deaths {
        if !outside.die(later, point).await {
            return false;
        }
        remains.add(point, outside.job(outside.store().await.as_ref()).await);
        later += LATER;
    }
    let status = outside.run(later, None).await;
    assert!(status.success(), "{deaths:?}: the last process: {status}");
    check(&outside, remains).await;
    true
}

/// Notices go out beside the work: now and then two of them go in one batch, and a point does not come.
async fn survive_at_last(backend: Backend, lookup: bool, deaths: &[&str]) {
    for _ in 0..5 {
        if survive(backend, lookup, deaths).await {
            return;
        }
    }
    panic!("no process came by {deaths:?}");
}
