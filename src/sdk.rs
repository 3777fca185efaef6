//! Everything wired together: what most programs need of the [`Engine`].

use std::sync::Arc;

use neurocards_core::{
    Account, AccountKey, AccountOpen, BriefCheck, Cancellation, Clock, Engine, Entropy, JobId, Media,
    MemoryStore, Notifier, OrderError, OrderHandle, OrderId, OrderRequest, Policy, PromptBuilder, RunOptions,
    Store, StoreError, SystemClock, VideoProvider,
};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Orders, balances and workers over one [`Engine`]. Cheap to clone; all clones are the same house.
#[derive(Debug, Clone)]
pub struct Neurocards {
    engine: Engine,
}

/// Collects the parts of a [`Neurocards`]. Each has a default: with none named, everything lives in memory and, with
/// the feature `preview`, videos are rendered on this machine.
#[derive(Debug, Default)]
pub struct NeurocardsBuilder {
    store: Option<Arc<dyn Store>>,
    media: Option<Media>,
    providers: Vec<Arc<dyn VideoProvider>>,
    prompts: Option<Arc<dyn PromptBuilder>>,
    check: Option<Arc<dyn BriefCheck>>,
    notifier: Option<Arc<dyn Notifier>>,
    clock: Option<Arc<dyn Clock>>,
    policy: Option<Policy>,
}

/// A worker in this process. [`stop`](Self::stop) ends it in order; dropping it only tells it to stop.
#[derive(Debug)]
#[must_use = "a worker stops when its guard is dropped"]
pub struct WorkerGuard {
    stop: DropGuard,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Neurocards {
    /// Begins with the defaults.
    pub fn builder() -> NeurocardsBuilder {
        NeurocardsBuilder::default()
    }

    /// The engine underneath, with everything else: its store, its media, its catalogue, the progress of renders.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Opens an account, or finds the one that is there.
    ///
    /// # Errors
    /// The store did not answer. Asking again is safe.
    pub async fn account_open(&self, open: &AccountOpen) -> Result<Account, StoreError> {
        self.engine.store().account_open(open).await
    }

    /// An account with its balances; `None` when nobody opened it.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn balance(&self, account: &AccountKey) -> Result<Option<Account>, StoreError> {
        self.engine.store().account_get(account).await
    }

    /// Places an order and holds its credits. A worker, here or elsewhere, makes the videos.
    ///
    /// # Errors
    /// See [`OrderError`]; with an idempotency key it is always safe to place the order again.
    pub async fn order(&self, request: OrderRequest) -> Result<OrderHandle, OrderError> {
        self.engine.order(request).await
    }

    /// Takes a job back, if nothing was sent to a provider: its credit is released.
    ///
    /// # Errors
    /// The store did not answer. Asking again is safe.
    pub async fn cancel(&self, job: JobId) -> Result<Cancellation, StoreError> {
        self.engine.cancel(job).await
    }

    /// An order from its id: placed here, in another process, or before a restart. [`OrderHandle::events`] tells what
    /// happened to it and what happens from now on, [`OrderHandle::wait`] waits until all its jobs are final.
    pub fn handle(&self, order: OrderId) -> OrderHandle {
        self.engine.handle(order)
    }

    /// Starts a worker in this process, inside a Tokio runtime.
    pub fn spawn_worker(&self) -> WorkerGuard {
        self.spawn_worker_with(RunOptions::default())
    }

    /// Starts a worker that works in its own way.
    pub fn spawn_worker_with(&self, options: RunOptions) -> WorkerGuard {
        let (engine, stop) = (self.engine.clone(), CancellationToken::new());
        let stopped = stop.clone();
        let task = tokio::spawn(async move { engine.run(options, stopped).await });
        WorkerGuard { stop: stop.drop_guard(), task }
    }
}

impl NeurocardsBuilder {
    /// Where accounts, orders and jobs are kept. By default in memory, until the process ends.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Where photos and videos lie. By default in memory.
    #[must_use]
    pub fn media(mut self, media: Media) -> Self {
        self.media = Some(media);
        self
    }

    /// Adds a provider; the first one's default model is that of all orders that name none. By default there is the
    /// preview provider, with the feature `preview`; without it, and without a provider, no order is taken.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn VideoProvider>) -> Self {
        self.providers.push(provider);
        self
    }

    /// Who writes prompts. By default templates do, offline. With the feature `openai` a language model can:
    /// `openai::OpenAiPrompts` over the same media; the templates serve whenever it does not.
    #[must_use]
    pub fn prompts(mut self, prompts: Arc<dyn PromptBuilder>) -> Self {
        self.prompts = Some(prompts);
        self
    }

    /// Who looks at briefs before money is spent on them. By default nobody does. With the feature `openai`,
    /// `openai::OpenAiCheck` asks whether a person or somebody else's logo can be seen.
    #[must_use]
    pub fn check(mut self, check: Arc<dyn BriefCheck>) -> Self {
        self.check = Some(check);
        self
    }

    /// Who delivers notices. By default they are kept.
    #[must_use]
    pub fn notifier(mut self, notifier: Arc<dyn Notifier>) -> Self {
        self.notifier = Some(notifier);
        self
    }

    /// The clock of the parts that are made here. By default the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The numbers of the lifecycle.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Puts the parts together. Nothing runs yet.
    pub fn build(self) -> Neurocards {
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new(clock.clone())));
        let media = self.media.unwrap_or_else(Media::in_memory);
        let mut providers = self.providers;
        if providers.is_empty() {
            providers.extend(default_provider(&media, &clock));
        }
        let mut engine = Engine::builder(store, media).time_and_chance(clock, Entropy::from_os());
        for provider in providers {
            engine = engine.provider(provider);
        }
        if let Some(prompts) = self.prompts {
            engine = engine.prompts(prompts);
        }
        if let Some(check) = self.check {
            engine = engine.check(check);
        }
        if let Some(notifier) = self.notifier {
            engine = engine.notifier(notifier);
        }
        if let Some(policy) = self.policy {
            engine = engine.policy(policy);
        }
        Neurocards { engine: engine.build() }
    }
}

#[cfg(feature = "preview")]
fn default_provider(media: &Media, clock: &Arc<dyn Clock>) -> Option<Arc<dyn VideoProvider>> {
    Some(Arc::new(neurocards_preview::PreviewProvider::new(media.clone(), clock.clone())))
}

#[cfg(not(feature = "preview"))]
fn default_provider(_: &Media, _: &Arc<dyn Clock>) -> Option<Arc<dyn VideoProvider>> {
    None
}

impl WorkerGuard {
    /// Tells the worker to stop and waits until it has: it claims nothing more, and steps under way may end within
    /// the grace of its [`RunOptions`].
    ///
    /// # Errors
    /// Why it had ended earlier: the store will never answer. Jobs keep their state.
    ///
    /// # Panics
    /// When the worker did.
    pub async fn stop(self) -> Result<(), StoreError> {
        drop(self.stop);
        match self.task.await {
            Ok(ended) => ended,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is shutting down.
            Err(_) => Ok(()),
        }
    }

    /// Whether it has ended by itself; [`stop`](Self::stop) says why.
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_worker_ends_when_told_and_when_dropped() {
        let provider = neurocards_core::MemoryProvider::new(Default::default());
        let cards = Neurocards::builder().provider(Arc::new(provider)).build();
        cards.spawn_worker().stop().await.unwrap();

        let WorkerGuard { stop, task } = cards.spawn_worker();
        drop(stop);
        let ended = tokio::time::timeout(Duration::from_secs(10), task).await;
        ended.unwrap().unwrap().unwrap();
    }
}
