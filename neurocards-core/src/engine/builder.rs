//! Putting an engine together.

use std::marker::PhantomData;
use std::sync::Arc;

use tokio::sync::{Notify, broadcast, watch};

use super::wakeup::Wakeup;
use super::{Engine, Parts, Retention, WatchLimits, alarms, health, pulse};
use crate::check::BriefCheck;
use crate::clock::{Clock, Entropy, SystemClock};
use crate::lifecycle::Policy;
use crate::media::Media;
use crate::model::Catalogue;
use crate::notifier::Notifier;
use crate::prompt::{OfflinePrompts, PromptBuilder};
use crate::provider::VideoProvider;
use crate::store::{MemoryStore, Store};

/// Collects the parts of an [`Engine`], and of what stands on one: `T`. Each part has a default, but without a provider
/// no order is taken.
#[derive(Debug)]
pub struct EngineBuilder<T = Engine> {
    store: Option<Arc<dyn Store>>,
    media: Option<Media>,
    providers: Vec<Arc<dyn VideoProvider>>,
    fallback: Option<MakeProvider>,
    retired: Catalogue,
    prompts: Option<Arc<dyn PromptBuilder>>,
    check: Option<Arc<dyn BriefCheck>>,
    notifier: Option<Arc<dyn Notifier>>,
    clock: Option<Arc<dyn Clock>>,
    entropy: Option<Entropy>,
    policy: Policy,
    retention: Retention,
    watch: Option<WatchLimits>,
    worker: String,
    host: String,
    built: PhantomData<fn() -> T>,
}

/// Makes a provider of the media and the clock that the engine has.
type MakeProvider = fn(&Media, &Arc<dyn Clock>) -> Arc<dyn VideoProvider>;

impl<T> Default for EngineBuilder<T> {
    fn default() -> Self {
        Self {
            store: None,
            media: None,
            providers: Vec::new(),
            fallback: None,
            retired: Catalogue::default(),
            prompts: None,
            check: None,
            notifier: None,
            clock: None,
            entropy: None,
            policy: Policy::default(),
            retention: Retention::default(),
            watch: Some(WatchLimits::default()),
            worker: String::new(),
            host: String::new(),
            built: PhantomData,
        }
    }
}

impl<T: From<Engine>> EngineBuilder<T> {
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

    /// Adds a provider. The first one's default model is that of all orders that name none.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn VideoProvider>) -> Self {
        self.providers.push(provider);
        self
    }

    /// Who serves when no provider is added.
    #[must_use]
    pub fn fallback_provider(mut self, make: MakeProvider) -> Self {
        self.fallback = Some(make);
        self
    }

    /// Adds models that no provider here serves, so that asking for one says why: retired ones, for instance.
    #[must_use]
    pub fn known_models(mut self, catalogue: Catalogue) -> Self {
        self.retired = self.retired.and(catalogue);
        self
    }

    /// Who writes prompts. By default templates do, offline.
    #[must_use]
    pub fn prompts(mut self, prompts: Arc<dyn PromptBuilder>) -> Self {
        self.prompts = Some(prompts);
        self
    }

    /// Who looks at briefs before money is spent on them. By default nobody does. Providers whose renders are
    /// [free](crate::ProviderCapabilities::free) are not asked for.
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

    /// The numbers of the lifecycle.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How long photos and videos are kept. By default 30 and 90 days.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// From when on something is trouble that operators are to hear of. With `None` this engine looks for none; what
    /// happens to its own jobs is an alarm all the same.
    #[must_use]
    pub fn watch(mut self, limits: Option<WatchLimits>) -> Self {
        self.watch = limits;
        self
    }

    /// The clock of the engine, and of the parts that are made here. By default the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The clock, and the source of ids and jitter: for tests.
    #[must_use]
    pub fn time_and_chance(mut self, clock: Arc<dyn Clock>, entropy: Entropy) -> Self {
        self.entropy = Some(entropy);
        self.clock(clock)
    }

    /// The worker's name in leases. By default a random one.
    #[must_use]
    pub fn worker(mut self, name: impl Into<String>) -> Self {
        self.worker = name.into();
        self
    }

    /// The machine that the worker runs on, for people who look for it.
    #[must_use]
    pub fn host(mut self, name: impl Into<String>) -> Self {
        self.host = name.into();
        self
    }

    /// Puts the parts together. Nothing runs yet.
    pub fn build(self) -> T {
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let entropy = self.entropy.unwrap_or_else(Entropy::from_os);
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new(clock.clone())));
        let media = self.media.unwrap_or_else(Media::in_memory);
        let mut providers = self.providers;
        if let Some(make) = self.fallback.filter(|_| providers.is_empty()) {
            providers.push(make(&media, &clock));
        }
        let served = providers.iter().map(|provider| provider.catalogue().clone());
        let catalogue = served.fold(Catalogue::default(), Catalogue::and).and(self.retired);
        let worker =
            if self.worker.is_empty() { crate::order::hex(&entropy.id_bytes()[..4]) } else { self.worker };
        let offline = OfflinePrompts::default();
        let prompts = self.prompts.unwrap_or_else(|| Arc::new(offline.clone()));
        let parts = Parts {
            store,
            media,
            providers,
            catalogue,
            prompts,
            offline,
            check: self.check,
            notifier: self.notifier,
            clock,
            entropy,
            policy: self.policy,
            retention: self.retention,
            watch: self.watch,
            alarms: alarms::Alarms::new(),
            worker,
            host: self.host,
            wakeup: Wakeup::new(),
            news: Notify::new(),
            writes: watch::Sender::new(0),
            progress: broadcast::Sender::new(256),
            pulse: pulse::Pulse::default(),
            health: health::Health::default(),
        };
        Engine { parts: Arc::new(parts) }.into()
    }
}
