//! The engine: takes orders, carries jobs through their lives, delivers notices.
//!
//! It owns no state but what makes it faster: kill it at any moment, and the next one goes on from the store.

mod again;
mod alarms;
mod audit;
mod builder;
mod check;
mod handle;
mod health;
mod house;
mod lanes;
mod late;
mod lookout;
mod order;
mod outbox;
mod presence;
mod pulse;
mod route;
mod run;
mod turn;
mod wakeup;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, broadcast, watch};

pub use again::{Again, AgainError};
pub use audit::{MediaAudit, MediaAuditError};
pub use builder::EngineBuilder;
pub use handle::{OrderEvent, OrderHandle};
pub use house::Retention;
pub use lookout::WatchLimits;
pub use order::{OrderError, OrderRequest, Plan};
pub use pulse::ClaimLoop;
pub use run::RunOptions;

use self::wakeup::Wakeup;
use crate::check::BriefCheck;
use crate::clock::{Clock, Entropy};
use crate::ids::{JobId, OrderId};
use crate::job::Stage;
use crate::lifecycle::{Context, Event, FreshIds, Policy, Transition, Wake, step, unsent_model};
use crate::media::Media;
use crate::metering;
use crate::model::Catalogue;
use crate::notifier::Notifier;
use crate::prompt::{OfflinePrompts, PromptBuilder};
use crate::provider::VideoProvider;
use crate::store::{JobSeize, Seizure, Store, StoreError};
use crate::{AttemptId, EntryId, NoticeId};

/// Takes orders, carries jobs through their lives, delivers notices. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    store: Arc<dyn Store>,
    media: Media,
    providers: Vec<Arc<dyn VideoProvider>>,
    catalogue: Catalogue,
    prompts: Arc<dyn PromptBuilder>,
    offline: OfflinePrompts,
    check: Option<Arc<dyn BriefCheck>>,
    notifier: Option<Arc<dyn Notifier>>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
    policy: Policy,
    retention: Retention,
    worker: String,
    host: String,
    watch: Option<WatchLimits>,
    alarms: alarms::Alarms,
    /// When the claim loop looks again.
    wakeup: Wakeup,
    /// A notice may have been written.
    news: Notify,
    /// Counts the writes of this process: handles look at the store when it moves.
    writes: watch::Sender<u64>,
    progress: broadcast::Sender<Progress>,
    pulse: pulse::Pulse,
    health: health::Health,
}

/// How far a render is: only in the process that reads it, and never stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// The order.
    pub order_id: OrderId,
    /// The job.
    pub job_id: JobId,
    /// 0-based index of the job in its order.
    pub index: u32,
    /// In `0.0..=1.0`.
    pub done: f32,
}

/// What came of a wish to cancel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// It is cancelled, and its credit is back.
    Cancelled,
    /// A provider has it, or may have it: it goes on, and nothing changed.
    TooLate(Stage),
    /// It was final before: nothing changed.
    Final(Stage),
    /// There is no such job.
    Missing,
}

impl Engine {
    /// Begins an engine with its store and its media.
    pub fn builder(store: Arc<dyn Store>, media: Media) -> EngineBuilder {
        EngineBuilder::default().store(store).media(media)
    }

    /// The store.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    /// Photos and videos.
    pub fn media(&self) -> &Media {
        &self.parts.media
    }

    /// The models: those that can be ordered, and those that are known to be gone.
    pub fn catalogue(&self) -> &Catalogue {
        &self.parts.catalogue
    }

    /// The names of the providers.
    pub fn providers(&self) -> Vec<String> {
        self.parts.providers.iter().map(|provider| provider.name().to_owned()).collect()
    }

    /// The numbers of the lifecycle.
    pub fn policy(&self) -> &Policy {
        &self.parts.policy
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.parts.clock
    }

    /// How long photos and videos are kept.
    pub fn retention(&self) -> Retention {
        self.parts.retention
    }

    /// An order from its id, in this process or after a restart.
    pub fn handle(&self, order: OrderId) -> OrderHandle {
        OrderHandle::new(self.clone(), order)
    }

    /// How far renders are, as this process sees it.
    pub fn progress(&self) -> broadcast::Receiver<Progress> {
        self.parts.progress.subscribe()
    }

    /// Takes a job back, if nothing was sent to a provider: its credit is released.
    ///
    /// # Errors
    /// The store did not answer. Asking again is safe.
    pub async fn cancel(&self, job: JobId) -> Result<Cancellation, StoreError> {
        let lease = self.parts.policy.lease;
        let seize = JobSeize { job, worker: self.parts.worker.clone(), lease };
        let claimed = match self.parts.store.job_seize(&seize).await? {
            Seizure::Seized(claimed) => claimed,
            Seizure::AtProvider(stage) => return Ok(Cancellation::TooLate(stage)),
            Seizure::Final(stage) => return Ok(Cancellation::Final(stage)),
            Seizure::Missing => return Ok(Cancellation::Missing),
        };
        let context = self.parts.context(&self.parts.policy, claimed.claimed_at);
        let decided = step(&claimed.state, Event::CancelRequested, context);
        let applied = match &decided.write {
            Some(write) => {
                let applied = self.parts.store.job_apply(write).await?;
                if applied {
                    metering::step_applied(write);
                    self.parts.stepped(write);
                    if let Some(model) = unsent_model(&claimed.state, write) {
                        let (provider, now) = (&claimed.state.job.provider, claimed.claimed_at);
                        self.parts.give_back_probation(provider, model, now).await;
                    }
                }
                applied
            }
            None => false,
        };
        if applied { Ok(Cancellation::Cancelled) } else { Ok(Cancellation::TooLate(claimed.state.job.stage)) }
    }
}

impl Parts {
    fn provider(&self, name: &str) -> Option<&Arc<dyn VideoProvider>> {
        self.providers.iter().find(|provider| provider.name() == name)
    }

    fn policy_for(&self, provider: &str) -> Policy {
        let mut policy = self.policy.clone();
        if let Some(provider) = self.provider(provider) {
            let capabilities = provider.capabilities();
            policy.lookup = capabilities.lookup;
            if let Some(poll) = capabilities.poll {
                (policy.poll_min, policy.poll_max) = (poll, poll);
            }
        }
        policy
    }

    fn context<'a>(&self, policy: &'a Policy, now: crate::Timestamp) -> Context<'a> {
        let fresh = FreshIds {
            attempt: AttemptId::new(now, self.entropy.id_bytes()),
            entry: EntryId::new(now, self.entropy.id_bytes()),
            notice: NoticeId::new(now, self.entropy.id_bytes()),
        };
        Context { policy, now, jitter: self.entropy.unit(), fresh }
    }

    /// Something was written: whoever watches looks again.
    fn wrote(&self) {
        self.writes.send_modify(|writes| *writes += 1);
    }

    /// A step was written: the loops that it concerns wake.
    fn stepped(&self, step: &Transition) {
        self.wrote();
        self.raise_for(step);
        if let Wake::After(wait) = step.wake {
            self.due_in(wait);
        }
        if step.notice.is_some() {
            self.news.notify_one();
        }
    }

    /// A job is due after this time.
    fn due_in(&self, wait: Duration) {
        self.wakeup.set(self.clock.monotonic().saturating_add(wait));
    }

    /// How long a loop sleeps when nothing wakes it.
    const IDLE: Duration = Duration::from_secs(1);
    /// How long at least, when it found nothing.
    const BREATH: Duration = Duration::from_millis(20);
}
