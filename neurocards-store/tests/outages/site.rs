//! What the tests stand in: a provider that outlives engines and stores, and a database to work on.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use neurocards_core::{
    AccountKey, AccountOpen, BriefTexts, ClaimLoop, Clock, Credits, Engine, Entropy, EntryKind, LedgerFilter,
    Media, MemoryNotifier, MemoryProvider, NoticeKind, OrderHandle, OrderRecord, OrderRequest, Photo,
    PhotoLimits, Policy, ProviderCall, ProviderCapabilities, Retry, RunOptions, Stage, Store, StoreError,
    SystemClock, TemplateId, VideoProvider,
};
use neurocards_store::PostgresStore;
use neurocards_testkit::postgres::{self, Database};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const VIDEO: &[u8] = include_bytes!("../../../tests/testkit/assets/tiny.mp4");
/// Within this after the end of a fault everything goes on, and without a restart.
const RECOVERY: Duration = Duration::from_secs(30);

static PHOTO: LazyLock<Photo> = LazyLock::new(|| {
    let bytes = include_bytes!("../../../examples/photos/coffee-cup.jpg");
    Photo::intake(bytes, &PhotoLimits::default()).unwrap()
});

/// A database with an empty store.
pub(crate) async fn database() -> Database {
    postgres::database(async |url| {
        PostgresStore::open(url).await.unwrap().close().await;
    })
    .await
}

/// A connection past the program.
pub(crate) async fn raw(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().unwrap();
    let mut db = options.connect().await.unwrap();
    db.execute("SET search_path = neurocards").await.unwrap();
    db
}

pub(crate) async fn execute(db: &mut PgConnection, sql: &str) {
    db.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
}

/// A store to work on, and what is outside.
pub(crate) struct Site {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) provider: Arc<MemoryProvider>,
    pub(crate) notifier: Arc<MemoryNotifier>,
    pub(crate) policy: Policy,
    pub(crate) media: Media,
}

/// An engine at work.
pub(crate) struct Work {
    pub(crate) engine: Engine,
    stop: CancellationToken,
    task: JoinHandle<Result<(), StoreError>>,
}

pub(crate) fn account() -> AccountKey {
    "telegram:7".parse().unwrap()
}

pub(crate) fn request(key: &str, count: u32) -> OrderRequest {
    OrderRequest {
        account: account(),
        photo: PHOTO.clone(),
        texts: BriefTexts { description: "Coffee cup, 350 ml".to_owned(), ..BriefTexts::default() },
        template: TemplateId::Ugc,
        count,
        model: None,
        idempotency_key: Some(key.to_owned()),
        max_credits: None,
    }
}

impl Site {
    /// The account may owe a hundred credits.
    pub(crate) async fn new(store: Arc<dyn Store>) -> Self {
        let open = AccountOpen { account: account(), credit_limit: Credits(100), bonus: None };
        store.account_open(&open).await.unwrap();
        let policy = Policy {
            lease: Duration::from_secs(3),
            heartbeat: Duration::from_millis(500),
            retry_temporary: Duration::from_millis(2),
            ..Policy::default()
        };
        Self {
            store,
            provider: Arc::new(MemoryProvider::new(Bytes::from_static(VIDEO))),
            notifier: Arc::new(MemoryNotifier::new()),
            policy,
            media: Media::in_memory(),
        }
    }

    /// From now on the provider can say whether a submission arrived.
    pub(crate) fn looks_up(&mut self) {
        let provider = MemoryProvider::new(Bytes::from_static(VIDEO));
        let capabilities = ProviderCapabilities { lookup: true, ..provider.capabilities() };
        self.provider = Arc::new(provider.with_capabilities(capabilities));
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine_by(Arc::new(SystemClock::new()))
    }

    /// An engine whose process has this clock.
    pub(crate) fn engine_by(&self, clock: Arc<dyn Clock>) -> Engine {
        Engine::builder(self.store.clone(), self.media.clone())
            .provider(self.provider.clone())
            .notifier(self.notifier.clone())
            .policy(self.policy.clone())
            .time_and_chance(clock, Entropy::from_os())
            .build()
    }

    pub(crate) async fn order(&self, key: &str, count: u32) -> OrderHandle {
        self.engine().order(request(key, count)).await.unwrap()
    }

    /// Paid calls that left.
    pub(crate) fn submissions(&self) -> usize {
        self.provider.calls().iter().filter(|call| matches!(call, ProviderCall::Submit(_))).count()
    }

    /// Each of the jobs was sent once, captured once, and told of once; nothing else happened to the account.
    pub(crate) async fn assert_once(&self, jobs: usize) {
        assert_eq!((self.submissions(), self.provider.tasks()), (jobs, jobs), "one task for each job");
        let filter = LedgerFilter { account: Some(account()), limit: 1_000, ..LedgerFilter::default() };
        let entries = self.store.ledger_list(&filter).await.unwrap();
        let count = |kind| entries.iter().filter(|entry| entry.kind == kind).count();
        assert_eq!(
            (count(EntryKind::Hold), count(EntryKind::Capture), entries.len()),
            (jobs, jobs, 2 * jobs)
        );
        let told = self.notifier.delivered();
        let results = told.iter().filter(|notice| notice.body.kind() == NoticeKind::Result).count();
        assert!(results <= jobs, "told {results} times");
        assert_eq!(self.store.audit().await.unwrap(), []);
    }
}

impl Work {
    pub(crate) fn begin(engine: Engine) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.run(RunOptions::default(), stop).await }
        });
        Self { engine, stop, task }
    }

    /// The worker is still the one that began: it stops because it is told to.
    pub(crate) async fn end(self) {
        assert!(!self.task.is_finished(), "it has ended by itself: {:?}", self.task.await);
        self.stop.cancel();
        self.task.await.unwrap().unwrap();
    }

    /// Until the claim loop is as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(ClaimLoop) -> bool) {
        until(async || wanted(self.engine.claim_loop())).await;
    }
}

/// Until the order is over; a store that is away is asked again.
pub(crate) async fn ended(order: &OrderHandle) -> OrderRecord {
    let waiting = async {
        loop {
            match order.wait().await {
                Ok(record) => return record.unwrap(),
                Err(error) => assert_ne!(error.retry(), Retry::Never, "{error:?}"),
            }
        }
    };
    tokio::time::timeout(RECOVERY, waiting).await.expect("it goes on by itself")
}

/// Until every job of the order is done.
pub(crate) async fn done(order: &OrderHandle) -> OrderRecord {
    let record = ended(order).await;
    assert_eq!(record.jobs.len(), record.order.count as usize);
    assert!(record.jobs.iter().all(|job| job.stage == Stage::Done), "{:?}", record.jobs);
    record
}

/// Until something is so.
pub(crate) async fn until(mut wanted: impl AsyncFnMut() -> bool) {
    let clock = SystemClock::new();
    let waiting = async {
        while !wanted().await {
            clock.sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(RECOVERY, waiting).await.expect("it comes");
}
