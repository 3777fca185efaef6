//! Clocks of workers that are wrong.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use neurocards_core::{Clock, Store, SystemClock, Timestamp};
use neurocards_store::{PostgresStore, SqliteStore};

use crate::site::{Site, Work, database, done, request};

const HOUR: Duration = Duration::from_secs(3_600);

/// A machine's clock that is wrong.
#[derive(Debug, Clone, Copy)]
enum Off {
    Behind,
    Right,
    Ahead,
}

#[derive(Debug)]
struct WrongClock {
    machine: SystemClock,
    off: Off,
}

impl WrongClock {
    fn by(off: Off) -> Arc<Self> {
        Arc::new(Self { machine: SystemClock::new(), off })
    }
}

#[async_trait]
impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        let now = self.machine.now();
        match self.off {
            Off::Behind => now - HOUR,
            Off::Right => now,
            Off::Ahead => now + HOUR,
        }
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic()
    }

    async fn sleep(&self, wait: Duration) {
        self.machine.sleep(wait).await;
    }
}

/// Workers whose clocks are an hour apart in both directions take orders and carry them on together: deadlines, leases
/// and timers are the store's.
async fn an_hour_off(store: Arc<dyn Store>) {
    let site = Site::new(store).await;
    let began = site.store.now().await.unwrap();
    let clocks = [Off::Behind, Off::Right, Off::Ahead];
    let work = clocks.map(|off| Work::begin(site.engine_by(WrongClock::by(off))));
    let mut orders = Vec::new();
    for (n, work) in work.iter().enumerate() {
        orders.push(work.engine.order(request(&format!("order {n}"), 4)).await.unwrap());
    }
    for order in &orders {
        let record = done(order).await;
        let now = site.store.now().await.unwrap();
        for job in &record.jobs {
            let times = [job.created_at, job.finished_at.unwrap(), record.order.created_at];
            assert!(times.iter().all(|time| (began..=now).contains(time)), "{times:?}: the store's times");
            assert_eq!(job.deadline_at, job.created_at + site.policy.job_deadline);
            let history = site.store.job_history(job.id).await.unwrap().unwrap();
            assert!(history.events.iter().all(|event| (began..=now).contains(&event.at)));
            assert_eq!((job.crashes, history.attempts.len()), (0, 1));
        }
    }
    // Alone, each of them is as good as the others.
    for work in work {
        work.end().await;
    }
    for (n, off) in clocks.into_iter().enumerate() {
        let alone = Work::begin(site.engine_by(WrongClock::by(off)));
        done(&alone.engine.order(request(&format!("alone {n}"), 1)).await.unwrap()).await;
        alone.end().await;
    }
    site.assert_once(15).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_clocks_an_hour_off_on_postgres() {
    let database = database().await;
    an_hour_off(Arc::new(PostgresStore::open(&database.url).await.unwrap())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b4_clocks_an_hour_off_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::new());
    an_hour_off(Arc::new(SqliteStore::open(folder.path().join("store.db"), clock).await.unwrap())).await;
}
