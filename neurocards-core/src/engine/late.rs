//! Looking after tasks whose jobs ended without them.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Engine, Parts};
use crate::ids::{AttemptId, NoticeId};
use crate::lifecycle::{LateEvent, late};
use crate::provider::TaskState;
use crate::store::{LateAttempt, LateClaim, LateSettle, StoreError, Told};

/// Few at once: nobody waits for them.
const BATCH: u32 = 4;
/// Reading a task and fetching its video together.
const LIMIT: Duration = Duration::from_secs(600);

impl Engine {
    /// A provider called back: this attempt is this task, and there is news of it. What the callback says is not
    /// believed: the task is read, by the job or, after its end, for a late video.
    ///
    /// # Errors
    /// The store did not answer. Telling it again is safe.
    pub async fn told(&self, attempt: AttemptId, task_id: &str) -> Result<Told, StoreError> {
        let told = self.parts.store.attempt_told(attempt, task_id).await?;
        if told == Told::Woken {
            self.parts.due_in(Duration::ZERO);
        }
        Ok(told)
    }

    /// Looks after late tasks until it is told to stop.
    pub(super) async fn look_after_late(&self, stop: &CancellationToken) {
        let parts = &self.parts;
        // Seldom, but a callback must not wait for a whole round.
        let idle = parts.policy.late_poll.min(Duration::from_secs(30));
        while !stop.is_cancelled() {
            let looked = parts.late_batch(stop).await.unwrap_or_else(|error| {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "late tasks could not be looked after"
                );
                0
            });
            if looked == 0 {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = parts.clock.sleep(idle) => {}
                }
            }
        }
    }
}

impl Parts {
    async fn late_batch(&self, stop: &CancellationToken) -> Result<usize, StoreError> {
        let claim = LateClaim {
            providers: self.providers.iter().map(|provider| provider.name().to_owned()).collect(),
            limit: BATCH,
            lease: LIMIT + self.policy.lease,
        };
        let claimed = self.store.late_claim(&claim).await?;
        for claimed in &claimed {
            let event = tokio::select! {
                event = self.late_event(claimed) => event,
                () = stop.cancelled() => LateEvent::Waiting,
                () = self.clock.sleep(LIMIT) => LateEvent::Waiting,
            };
            let notice = NoticeId::new(claimed.claimed_at, self.entropy.id_bytes());
            let outcome = late(claimed, event, &self.policy, notice);
            let settle = LateSettle { attempt: claimed.attempt.id, epoch: claimed.epoch, outcome };
            if self.store.late_settle(&settle).await? {
                self.wrote();
                self.news.notify_one();
            }
        }
        Ok(claimed.len())
    }

    async fn late_event(&self, late: &LateAttempt) -> LateEvent {
        let Some((provider, task)) = self.provider(&late.attempt.provider).zip(late.attempt.known_task())
        else {
            return LateEvent::Waiting;
        };
        let (video, cost_milli) = match provider.read(&task).await {
            Ok(TaskState::Succeeded { video, cost_milli }) => (video, cost_milli),
            Ok(TaskState::Failed(fault)) => return LateEvent::Failed(fault),
            Ok(TaskState::Running { .. }) | Err(_) => return LateEvent::Waiting,
        };
        let stored = async {
            let stream = provider.fetch(&task, &video).await?;
            self.media.put_video(stream).await
        };
        match stored.await {
            Ok(artifact) => LateEvent::Stored { artifact, video, cost_milli },
            Err(error) => LateEvent::NotStored(super::turn::ingest_fault(error)),
        }
    }
}
