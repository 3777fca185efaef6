//! Updates in: from the channel into the store, and from there to whoever deals with them.

use std::sync::Arc;
use std::time::Duration;

use neurocards::{Retry, StoreError, UpdateClaim, UpdateNew};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::api::CallError;
use crate::schema::lane;

/// How many updates are dealt with at once.
const AT_ONCE: usize = 64;
/// How long the loop sleeps when nothing wakes it.
const IDLE: Duration = Duration::from_secs(1);
/// How long after a failed poll.
const BREATH: Duration = Duration::from_secs(3);

impl Parts {
    /// Asks for updates and stores them, until told to stop. One is asked for again until it is stored.
    pub(super) async fn poll(&self, stop: &CancellationToken) {
        let mut told = false;
        while !stop.is_cancelled() {
            let polled = tokio::select! {
                () = stop.cancelled() => return,
                polled = self.poll_once() => polled,
            };
            let wait = match polled {
                Ok(()) => {
                    told = false;
                    continue;
                }
                Err(PollError::Call(CallError::Conflict(why))) => {
                    if !told {
                        tracing::error!(
                            why,
                            "another program receives the updates of this bot: stop it, or take another token"
                        );
                    }
                    told = true;
                    // Of the two causes this one we may mend: a webhook that is left over.
                    if why.contains("webhook")
                        && let Err(error) = self.api.delete_webhook().await
                    {
                        tracing::warn!(%error, "the webhook could not be taken away");
                    }
                    BREATH
                }
                Err(PollError::Call(error)) => {
                    tracing::warn!(%error, "updates could not be asked for");
                    error.again_after().unwrap_or(BREATH)
                }
                Err(PollError::Store(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "updates could not be stored");
                    BREATH
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    async fn poll_once(&self) -> Result<(), PollError> {
        let last = self.chats.updates_last(self.api.id()).await?;
        let updates = self.api.updates(last).await?;
        self.receive(updates).await?;
        Ok(())
    }

    /// Stores updates, whichever way they came. Once this returns, the channel may forget them.
    pub(crate) async fn receive(&self, updates: Vec<Value>) -> Result<(), StoreError> {
        let read =
            |body: Value| Some(UpdateNew { id: body.get("update_id")?.as_i64()?, lane: lane(&body), body });
        let updates: Vec<_> = updates.into_iter().filter_map(read).collect();
        if updates.is_empty() {
            return Ok(());
        }
        self.chats.updates_put(self.api.id(), &updates).await?;
        self.news.notify_one();
        Ok(())
    }

    /// Deals with stored updates, until told to stop; those under way are finished first.
    pub(super) async fn dispatch(self: Arc<Self>, stop: &CancellationToken) -> Result<(), StoreError> {
        let mut under_way = JoinSet::new();
        while !stop.is_cancelled() {
            let free = AT_ONCE - under_way.len();
            let limit = u32::try_from(free).unwrap_or(1);
            let claim = UpdateClaim { bot: self.api.id(), limit, lease: self.lease };
            let taken = match self.chats.updates_claim(&claim).await {
                Ok(taken) => taken,
                Err(error) if matches!(error.retry(), Retry::Never) => return Err(error),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "updates could not be read");
                    self.clock.sleep(BREATH).await;
                    continue;
                }
            };
            let none = taken.is_empty();
            for update in taken {
                under_way.spawn(self.clone().handle(update));
            }
            if none || under_way.len() >= AT_ONCE {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = self.news.notified() => {}
                    // Its lane may go on.
                    Some(_) = under_way.join_next() => while under_way.try_join_next().is_some() {},
                    () = self.clock.sleep(IDLE) => {}
                }
            }
        }
        while under_way.join_next().await.is_some() {}
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
