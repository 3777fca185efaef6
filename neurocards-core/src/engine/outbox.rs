//! Delivering notices.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::{Engine, Parts};
use crate::alarm::{Alarm, AlarmKind};
use crate::fault::Retry;
use crate::metering;
use crate::notice::Notice;
use crate::notifier::{Delivery, Notifier};
use crate::store::{NoticeClaim, NoticeOutcome, NoticeSettle};

/// How many notices are taken at once.
const BATCH: u32 = 100;
/// How long a notice waits for others, so that they share their writes and leave the disk to the paid call that an order
/// is about to make. Nobody sees it.
const GATHER: Duration = Duration::from_millis(50);

impl Engine {
    /// Delivers notices until it is told to stop. Without a notifier they are kept, and this only waits.
    pub(super) async fn deliver(&self, stop: &CancellationToken) {
        let Some(notifier) = &self.parts.notifier else { return stop.cancelled().await };
        let clock = &self.parts.clock;
        while !stop.is_cancelled() {
            let delivered = self.parts.deliver_batch(notifier.as_ref(), stop).await;
            if delivered == BATCH as usize {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = async { self.parts.news.notified().await; clock.sleep(GATHER).await } => {}
                () = clock.sleep(Parts::IDLE) => {}
            }
        }
    }
}

impl Parts {
    /// Delivers what is due now; answers how many.
    async fn deliver_batch(&self, notifier: &dyn Notifier, stop: &CancellationToken) -> usize {
        let claim = NoticeClaim {
            channels: notifier.channels(),
            idempotent: notifier.is_idempotent(),
            limit: BATCH,
            lease: self.policy.lease,
        };
        let notices = match self.store.notices_claim(&claim).await {
            Ok(notices) => notices,
            Err(error) => {
                metering::store_failed(&error);
                tracing::warn!(error = &error as &dyn std::error::Error, "notices could not be read");
                return 0;
            }
        };
        // Those of one account go out one after the other, accounts next to each other.
        let mut accounts = BTreeMap::<_, Vec<_>>::new();
        for notice in &notices {
            accounts.entry(&notice.account).or_default().push(notice);
        }
        let deliveries = accounts.into_values().map(|notices| async move {
            for notice in notices {
                self.deliver_one(notifier, notice, stop).await;
            }
        });
        join_all(deliveries).await;
        notices.len()
    }

    async fn deliver_one(&self, notifier: &dyn Notifier, notice: &Notice, stop: &CancellationToken) {
        let outcome = match notifier.deliver(notice).await {
            Delivery::Sent { receipt } => NoticeOutcome::Sent { receipt },
            Delivery::Later(wait) => NoticeOutcome::Later(wait),
            Delivery::Blocked => NoticeOutcome::Blocked,
            Delivery::Unknown(fault) => {
                tracing::warn!(notice = %notice.id, %fault, "a notice may have been delivered");
                NoticeOutcome::Unknown
            }
            Delivery::Refused(fault) => {
                tracing::error!(notice = %notice.id, %fault, "a notice cannot be delivered");
                self.raise(Alarm::new(AlarmKind::NoticeLost, fault.class.as_str(), (&fault).into()));
                NoticeOutcome::Dead
            }
        };
        metering::notice_settled(&outcome);
        let settle = NoticeSettle { id: notice.id, epoch: notice.lease_epoch, outcome };
        let began = self.clock.monotonic();
        while let Err(error) = self.store.notice_settle(&settle).await {
            metering::store_failed(&error);
            let over = self.clock.monotonic().saturating_sub(began) >= self.policy.lease;
            if over || stop.is_cancelled() || error.retry() == Retry::Never {
                // It stays `sending`, and becomes `unknown` when the lease ends: never sent twice.
                let error = &error as &dyn std::error::Error;
                tracing::warn!(notice = %notice.id, error, "what came of a notice could not be written");
                return;
            }
            self.clock.sleep(Duration::from_millis(200)).await;
        }
    }
}
