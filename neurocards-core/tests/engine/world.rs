//! What the tests stand in: a store and a provider that outlive the engines that use them.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use neurocards_core::{
    AccountKey, AccountOpen, BriefCheck, BriefTexts, Credits, Engine, Fault, FaultClass, Job, JobHistory,
    Media, MemoryNotifier, MemoryProvider, MemoryStore, NoticeState, OrderHandle, OrderRequest, Photo,
    PhotoLimits, Policy, PromptBuilder, ProviderCall, ProviderCapabilities, RunOptions, Store, SystemClock,
    TemplateId,
};
use tokio_util::sync::CancellationToken;

pub(crate) const VIDEO: &[u8] = include_bytes!("../../../tests/testkit/assets/tiny.mp4");

pub(crate) static PHOTO: LazyLock<Photo> = LazyLock::new(|| {
    let bytes = include_bytes!("../../../examples/photos/coffee-cup.jpg");
    Photo::intake(bytes, &PhotoLimits::default()).unwrap()
});

/// Whatever a test did to a store, its invariants hold when the test is over.
pub(crate) struct Books(pub(crate) Arc<MemoryStore>);

impl Drop for Books {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let audit = self.0.audit().now_or_never().expect("a store in memory answers at once");
            assert_eq!(audit.unwrap(), [], "the audit at the end of the test");
        }
    }
}

/// A store and a provider that outlive the engines that use them.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    #[expect(dead_code, reason = "it acts when it is dropped")]
    pub(crate) books: Books,
    pub(crate) media: Media,
    pub(crate) provider: Arc<MemoryProvider>,
    pub(crate) notifier: Arc<MemoryNotifier>,
    pub(crate) policy: Policy,
    pub(crate) prompts: Option<Arc<dyn PromptBuilder>>,
    pub(crate) check: Option<Arc<dyn BriefCheck>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
        let world = Self {
            books: Books(store.clone()),
            store,
            media: Media::in_memory(),
            provider: Arc::new(MemoryProvider::new(Bytes::from_static(VIDEO))),
            notifier: Arc::new(MemoryNotifier::new()),
            policy: Policy {
                retry_temporary: Duration::from_millis(2),
                retry_rate_limit: Duration::from_millis(2),
                unknown_grace: Duration::from_millis(60),
                storage_retry: Duration::from_millis(2),
                lease: Duration::from_millis(600),
                heartbeat: Duration::from_millis(100),
                ..Policy::default()
            },
            prompts: None,
            check: None,
        };
        let open = AccountOpen { account: account(), credit_limit: Credits(50), bonus: None };
        world.store.account_open(&open).await.unwrap();
        world
    }

    /// The provider can say whether a submission arrived.
    pub(crate) async fn telling() -> Self {
        Self::new().await.with_capabilities(ProviderCapabilities {
            lookup: true,
            poll: Some(Duration::from_millis(1)),
            ..ProviderCapabilities::default()
        })
    }

    /// The provider is another one.
    pub(crate) fn with_capabilities(self, capabilities: ProviderCapabilities) -> Self {
        let provider = MemoryProvider::new(Bytes::from_static(VIDEO)).with_capabilities(capabilities);
        Self { provider: Arc::new(provider), ..self }
    }

    /// A new process, as it were.
    pub(crate) fn engine(&self) -> Engine {
        let mut builder = Engine::builder(self.store.clone(), self.media.clone())
            .provider(self.provider.clone())
            .notifier(self.notifier.clone())
            .policy(self.policy.clone());
        if let Some(prompts) = &self.prompts {
            builder = builder.prompts(prompts.clone());
        }
        if let Some(check) = &self.check {
            builder = builder.check(check.clone());
        }
        builder.build()
    }

    /// Orders, runs to the end, and checks what must hold whatever happened.
    pub(crate) async fn live(&self, count: u32) -> Vec<Job> {
        let engine = self.engine();
        let order = engine.order(request(count)).await.unwrap();
        self.finish(&engine, &order).await
    }

    pub(crate) async fn finish(&self, engine: &Engine, order: &OrderHandle) -> Vec<Job> {
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let (engine, stop) = (engine.clone(), stop.clone());
            async move { engine.run(RunOptions::default(), stop).await }
        });
        let limit = Duration::from_secs(20);
        let record = tokio::time::timeout(limit, order.wait()).await.expect("it ends").unwrap().unwrap();
        tokio::time::timeout(limit, self.notices_are_out(&record.jobs)).await.expect("notices go out");
        stop.cancel();
        running.await.unwrap().unwrap();
        record.jobs
    }

    pub(crate) async fn notices_are_out(&self, jobs: &[Job]) {
        for job in jobs {
            while self
                .history(job)
                .await
                .notices
                .iter()
                .any(|n| matches!(n.state, NoticeState::Pending | NoticeState::Sending))
            {
                tokio::task::yield_now().await;
            }
        }
    }

    pub(crate) async fn history(&self, job: &Job) -> JobHistory {
        self.store.job_history(job.id).await.unwrap().unwrap()
    }

    pub(crate) async fn balance(&self) -> (i64, i64) {
        let account = self.store.account_get(&account()).await.unwrap().unwrap();
        (account.available.0, account.held.0)
    }

    pub(crate) fn submissions(&self) -> usize {
        self.provider.calls().iter().filter(|call| matches!(call, ProviderCall::Submit(_))).count()
    }
}

pub(crate) fn account() -> AccountKey {
    "cli:test".parse().unwrap()
}

pub(crate) fn request(count: u32) -> OrderRequest {
    OrderRequest {
        account: account(),
        photo: PHOTO.clone(),
        texts: BriefTexts { description: "Coffee cup, 350 ml".to_owned(), ..BriefTexts::default() },
        template: TemplateId::Ugc,
        count,
        model: None,
        idempotency_key: Some("key".to_owned()),
        max_credits: None,
    }
}

pub(crate) fn fault(class: FaultClass) -> Fault {
    Fault::new(class, "said the provider")
}
