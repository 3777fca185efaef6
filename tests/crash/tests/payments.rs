//! A process dies at a point of a payment's life, a second one goes on, and the books are asked: credited once, given back
//! once, told at most once each.

#![expect(clippy::unwrap_used, reason = "a test ends where its store errs")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::Arc;

use neurocards_core::{EntryKind, LedgerFilter, PaymentFilter, PaymentState, Payments, Store, SystemClock};
use neurocards_fakes::yookassa::YookassaFake;
use neurocards_fakes::{Call, Fault, When};
use neurocards_store::{PostgresStore, SqliteStore};
use neurocards_testkit::postgres;

const SIGABRT: i32 = 6;
/// Each process comes when the leases of the one before are over.
const LATER: u32 = 60;

#[derive(Debug, Clone, Copy)]
enum Backend {
    Sqlite,
    Postgres,
}

/// What outlives the processes of one payment.
struct Outside {
    folder: tempfile::TempDir,
    url: String,
    yookassa: YookassaFake,
    _database: Option<postgres::Database>,
}

impl Outside {
    async fn new(backend: Backend) -> Self {
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
        let yookassa = YookassaFake::builder().paid_when_read().start();
        Self { folder, url, yookassa, _database: database }
    }

    async fn run(&self, later: u32, point: Option<&str>) -> ExitStatus {
        let mut command = Command::new(env!("CARGO_BIN_EXE_one-payment"));
        command.arg(self.folder.path()).arg(&self.url).arg(self.yookassa.base_url());
        command.arg(later.to_string()).args(point);
        tokio::task::spawn_blocking(move || command.status().unwrap()).await.unwrap()
    }

    async fn dies(&self, later: u32, point: &str) {
        let status = self.run(later, Some(point)).await;
        assert_eq!(status.signal(), Some(SIGABRT), "{point}: {status}");
        assert_eq!(self.lines("points").last().map(String::as_str), Some(point), "it died of it");
    }

    fn lines(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    async fn rows(&self) -> (Arc<dyn Store>, Arc<dyn Payments>) {
        if self.url.starts_with("postgres:") {
            let store = Arc::new(PostgresStore::open(&self.url).await.unwrap());
            return (store.clone(), store);
        }
        let store = Arc::new(SqliteStore::open(&self.url, Arc::new(SystemClock::new())).await.unwrap());
        (store.clone(), store)
    }

    /// What must be true at the end, whatever happened on the way.
    async fn check(&self, point: &str, deaths: usize) {
        let (store, payments) = self.rows().await;
        assert_eq!(store.audit().await.unwrap(), [], "{point}");
        let rows = payments.payments_list(&PaymentFilter { account: None, limit: 10 }).await.unwrap();
        let states: Vec<_> = rows.iter().map(|row| (row.state, row.told)).collect();
        assert_eq!(states, [(PaymentState::Refunded, PaymentState::Refunded)], "{point}");
        let filter = LedgerFilter { limit: 10, ..LedgerFilter::default() };
        let mut kinds: Vec<_> =
            store.ledger_list(&filter).await.unwrap().iter().map(|entry| entry.kind).collect();
        kinds.reverse();
        assert_eq!(kinds, [EntryKind::Topup, EntryKind::Revoke], "{point}");
        let account = store.account_get(&rows[0].account).await.unwrap().unwrap();
        assert_eq!((account.available.0, account.held.0), (0, 0), "{point}");
        assert_eq!(self.yookassa.ids().len(), 1, "{point}: one payment there");
        assert_eq!(rows[0].provider_id.as_deref(), Some(self.yookassa.ids()[0].as_str()), "{point}");
        assert_eq!(self.yookassa.refunds().len(), 1, "{point}: one refund there");
        let told = self.lines("told");
        for state in ["paid", "refunded"] {
            let times = told.iter().filter(|line| *line == state).count();
            assert!(times <= 1 && times + deaths >= 1, "{point}: {state} was told {times} times");
        }
        self.yookassa.assert_clean();
    }
}

async fn survive_all(backend: Backend) {
    let outside = Outside::new(backend).await;
    assert!(outside.run(0, None).await.success());
    outside.check("no death", 0).await;
    let points = outside.lines("points");
    let calls =
        ["payment_open 1", "till_open 1", "payment_apply 4", "till_read 1", "till_refund 1", "tell 2"];
    for part in calls {
        assert!(points.iter().any(|point| point.ends_with(part)), "{part} is not among {points:?}");
    }
    for point in &points {
        let outside = Outside::new(backend).await;
        outside.dies(0, point).await;
        assert!(outside.run(LATER, None).await.success(), "{point}");
        outside.check(point, 1).await;
    }
}

#[tokio::test]
async fn dead_at_every_point_on_sqlite() {
    survive_all(Backend::Sqlite).await;
}

#[tokio::test]
async fn dead_at_every_point_on_postgres() {
    survive_all(Backend::Postgres).await;
}

/// Two processes carry the same payment at the same time, and the answers of its calls get lost.
#[tokio::test]
async fn two_at_once_and_lost_answers() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let outside = Outside::new(backend).await;
        outside.dies(0, "after till_open 1").await;
        for call in [Call::PaymentCreate, Call::RefundCreate] {
            outside.yookassa.script(When::call(call).nth(1), Fault::lost_reply());
            outside
                .yookassa
                .script(When::call(call).nth(2), Fault::yookassa_server_error().after_it_was_done());
        }
        let (one, other) = tokio::join!(outside.run(LATER, None), outside.run(LATER, None));
        assert!(one.success() && other.success(), "{one} {other}");
        outside.check("two at once", 0).await;
    }
}
