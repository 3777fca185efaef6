//! The simulator on SQLite files: fewer seeds than in memory, the same checks, and the same runs.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::sync::Arc;

use neurocards_core::ManualClock;
use neurocards_store::SqliteStore;
use neurocards_testkit::Fixture;
use neurocards_testkit::simulate::{Options, run, run_on};

async fn fresh() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new());
    let store = SqliteStore::open(folder.path().join("store.db"), clock.clone()).await.unwrap();
    Fixture { store: Arc::new(store), clock, keep: Box::new(folder) }
}

#[tokio::test]
async fn whatever_breaks_sqlite_does_as_memory_does() {
    for seed in 0..10 {
        let options = Options { audit_every: 10, ..Options::seeds(seed..seed + 1) };
        let report = run_on(&options, fresh).await;
        if let Some(failure) = report.failure {
            panic!("on SQLite:\n{failure}");
        }
        assert_eq!(
            report.counts,
            run(&options).await.counts,
            "seed {seed}: both stores lead to the same ends"
        );
    }
}
