//! Every write of one order's life breaks once, before and after it was done; the process dies, and another one goes
//! on from the file. Whatever broke: one task at the provider, one capture, one result.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use neurocards_core::{
    AccountKey, AccountOpen, BriefTexts, Catalogue, Credits, Engine, EntryKind, Fault, FaultClass,
    LedgerFilter, Media, MemoryNotifier, MemoryProvider, Model, NoticeKind, OrderRequest, Photo, PhotoLimits,
    Policy, ProviderCapabilities, RunOptions, Stage, Store, SystemClock, TemplateId, VideoProvider,
};
use neurocards_store::SqliteStore;
use neurocards_testkit::{FaultyStore, Plan};
use tokio_util::sync::CancellationToken;

const VIDEO: &[u8] = include_bytes!("../../tests/testkit/assets/tiny.mp4");
/// More writes than one life has: the last rounds break nothing that matters.
const WRITES: u64 = 14;
/// The same for a life whose first model is paused.
const WRITES_WITH_A_DETOUR: u64 = 20;

fn account() -> AccountKey {
    "cli:test".parse().unwrap()
}

fn request(photo: &Photo) -> OrderRequest {
    OrderRequest {
        account: account(),
        photo: photo.clone(),
        texts: BriefTexts { description: "Coffee cup".to_owned(), ..BriefTexts::default() },
        template: TemplateId::Ad,
        count: 1,
        model: None,
        idempotency_key: Some("key".to_owned()),
        max_credits: None,
    }
}

/// What outlives a process: the file, the media, the provider, the people.
struct Outside {
    media: Media,
    provider: Arc<MemoryProvider>,
    notifier: Arc<MemoryNotifier>,
}

impl Outside {
    fn engine(&self, store: Arc<dyn Store>) -> Engine {
        let policy = Policy {
            lease: Duration::from_millis(120),
            heartbeat: Duration::from_millis(30),
            retry_temporary: Duration::from_millis(2),
            ..Policy::default()
        };
        Engine::builder(store, self.media.clone())
            .provider(self.provider.clone())
            .notifier(self.notifier.clone())
            .policy(policy)
            .build()
    }
}

async fn open(folder: &Path) -> Arc<SqliteStore> {
    let file = folder.join("neurocards.db");
    Arc::new(SqliteStore::open(&file.display().to_string(), Arc::new(SystemClock::new())).await.unwrap())
}

/// A provider that can tell whether a submission arrived.
fn provider(shared: bool) -> MemoryProvider {
    let poll = Some(Duration::from_millis(1));
    let capabilities = ProviderCapabilities { lookup: true, poll, shared, ..ProviderCapabilities::default() };
    MemoryProvider::new(Bytes::from_static(VIDEO)).with_capabilities(capabilities)
}

/// The same with a model that is paused, which is what people order, and its successor.
fn with_a_paused_model() -> MemoryProvider {
    let successor = MemoryProvider::new(Bytes::new()).catalogue().models()[0].clone();
    let paused =
        Model { id: "memory/paused".to_owned(), successor: Some(successor.id.clone()), ..successor.clone() };
    let catalogue = Catalogue::new(vec![paused, successor], Some("memory/paused".to_owned()));
    let provider = provider(true).with_catalogue(catalogue);
    provider.refuse("memory/paused", Some(Fault::new(FaultClass::ModelUnavailable, "paused")));
    provider
}

async fn survive(photo: &Photo, plan: Plan, provider: MemoryProvider) {
    let folder = tempfile::tempdir().unwrap();
    let outside = Outside {
        media: Media::in_memory(),
        provider: Arc::new(provider),
        notifier: Arc::new(MemoryNotifier::new()),
    };
    {
        let store = open(folder.path()).await;
        let open = AccountOpen { account: account(), credit_limit: Credits(5), bonus: None };
        store.account_open(&open).await.unwrap();
        let faulty = Arc::new(FaultyStore::new(store, plan));
        let engine = outside.engine(faulty.clone());
        // The buyer asks until there is an answer, as people do: the key makes it one order.
        let mut order = engine.order(request(photo)).await;
        for _ in 0..5 {
            if order.is_err() {
                order = engine.order(request(photo)).await;
            }
        }
        let order = order.unwrap();
        let running = tokio::spawn({
            let engine = engine.clone();
            async move { engine.run(RunOptions::default(), CancellationToken::new()).await }
        });
        // The process dies when the write broke, or when it is through.
        let fired = async {
            while !faulty.has_fired() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = fired => {}
            _ = order.wait() => {}
        }
        running.abort();
        let _ = running.await;
    }
    let store = open(folder.path()).await;
    let engine = outside.engine(store.clone());
    let order = engine.order(request(photo)).await.unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(RunOptions::default(), stop).await }
    });
    let limit = Duration::from_secs(30);
    let record = tokio::time::timeout(limit, order.wait()).await.expect("it ends").unwrap().unwrap();
    stop.cancel();
    running.await.unwrap().unwrap();

    assert_eq!(record.jobs[0].stage, Stage::Done, "{plan:?}");
    assert_eq!(record.jobs[0].model, MemoryProvider::NAME, "{plan:?}");
    assert_eq!(outside.provider.tasks(), 1, "{plan:?}: one task");
    let filter = LedgerFilter { account: Some(account()), limit: 100, ..LedgerFilter::default() };
    let entries: Vec<_> = store.ledger_list(&filter).await.unwrap().iter().map(|entry| entry.kind).collect();
    assert_eq!(entries, [EntryKind::Capture, EntryKind::Hold], "{plan:?}: held once, captured once");
    assert_eq!(store.audit().await.unwrap(), [], "{plan:?}");
    let told = outside.notifier.delivered();
    let results = told.iter().filter(|notice| notice.body.kind() == NoticeKind::Result).count();
    assert!(results <= 1, "{plan:?}: told {results} times");
}

async fn survive_everything(writes: u64, provider: impl Fn() -> MemoryProvider) {
    let bytes = include_bytes!("../../examples/photos/coffee-cup.jpg");
    let photo = Photo::intake(bytes, &PhotoLimits::default()).unwrap();
    let plans = (1..=writes).flat_map(|nth| [Plan::before(nth), Plan::after(nth)]);
    for plan in std::iter::once(Plan::EMPTY).chain(plans) {
        survive(&photo, plan, provider()).await;
    }
}

#[tokio::test]
async fn every_write_can_break_and_nothing_is_lost_or_done_twice() {
    survive_everything(WRITES, || provider(false)).await;
}

/// A refusal, what all processes are told of it, and the second attempt: also when a process dies in between.
#[tokio::test]
async fn every_write_of_a_detour_can_break_too() {
    survive_everything(WRITES_WITH_A_DETOUR, with_a_paused_model).await;
}
