//! Everything wired together: what most programs need of the [`Engine`].

#[cfg(any(feature = "preview", test))]
use std::sync::Arc;

use futures::Stream;
use neurocards_core::{
    Account, AccountKey, AccountOpen, Cancellation, Engine, EngineBuilder, EventCursor, JobId, OrderError,
    OrderEvent, OrderHandle, OrderId, OrderRequest, RunOptions, StoreError,
};
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Orders, balances and workers over one [`Engine`]. Cheap to clone; all clones are the same house.
#[derive(Debug, Clone)]
pub struct Neurocards {
    engine: Engine,
}

/// A worker in this process. [`stop`](Self::stop) ends it in order; dropping it only tells it to stop.
#[derive(Debug)]
#[must_use = "a worker stops when its guard is dropped"]
pub struct WorkerGuard {
    stop: DropGuard,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Neurocards {
    /// Begins with the defaults: everything lives in memory and, with the feature `preview`, videos are rendered on this
    /// machine as long as no provider is added.
    pub fn builder() -> EngineBuilder<Self> {
        let builder = EngineBuilder::default();
        #[cfg(feature = "preview")]
        let builder = builder.fallback_provider(|media, clock| {
            Arc::new(neurocards_preview::PreviewProvider::new(media.clone(), clock.clone()))
        });
        builder
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

    /// What happened to an order behind a cursor, and what happens to it from now on, each line once, until all its jobs
    /// are final. Every event carries the cursor behind it, which can be stored: another process goes on there. The
    /// default cursor stands before the first line.
    ///
    /// ```
    /// use futures::StreamExt;
    /// use neurocards::{EventCursor, JobEventBody, Neurocards, OrderEvent};
    /// # use neurocards::{AccountOpen, BriefTexts, Credits, OrderRequest, Photo, PhotoLimits, TemplateId};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let provider = neurocards::MemoryProvider::new(Default::default());
    /// # let cards = Neurocards::builder().provider(std::sync::Arc::new(provider)).build();
    /// # let account = "shop:1".parse()?;
    /// # let open = AccountOpen { account, credit_limit: Credits(10), bonus: None };
    /// # let account = cards.account_open(&open).await?.key;
    /// # let photo = std::fs::read("examples/photos/coffee-cup.jpg")?;
    /// # let request = OrderRequest {
    /// #     account,
    /// #     photo: Photo::intake(&photo, &PhotoLimits::default())?,
    /// #     texts: BriefTexts { description: "Coffee cup".to_owned(), ..BriefTexts::default() },
    /// #     template: TemplateId::Ad,
    /// #     count: 1,
    /// #     model: None,
    /// #     idempotency_key: None,
    /// #     max_credits: None,
    /// # };
    /// let order = cards.order(request).await?;
    /// let mut events = Box::pin(cards.events(order.id(), EventCursor::default()));
    /// let Some(Ok(OrderEvent::Job { event, cursor, .. })) = events.next().await else { panic!() };
    /// assert!(matches!(event.body, JobEventBody::Placed { .. }));
    /// let stored = serde_json::to_string(&cursor)?;
    ///
    /// // Later, perhaps in another process.
    /// cards.cancel(order.record().await?.ok_or("no such order")?.jobs[0].id).await?;
    /// let mut events = Box::pin(cards.events(order.id(), serde_json::from_str(&stored)?));
    /// let Some(Ok(OrderEvent::Job { event, .. })) = events.next().await else { panic!() };
    /// assert!(matches!(event.body, JobEventBody::Cancelled { .. }));
    /// assert!(events.next().await.is_none(), "all jobs are final");
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(
        &self,
        order: OrderId,
        after: EventCursor,
    ) -> impl Stream<Item = Result<OrderEvent, StoreError>> + Send + use<> {
        self.engine.handle(order).events_after(after)
    }

    /// An order from its id: placed here, in another process, or before a restart. [`OrderHandle::wait`] waits until all
    /// its jobs are final.
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

impl From<Engine> for Neurocards {
    fn from(engine: Engine) -> Self {
        Self { engine }
    }
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
