//! Delivering notices.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Engine, Parts};
use crate::account::AccountKey;
use crate::alarm::{Alarm, AlarmKind};
use crate::fault::Retry;
use crate::ids::NoticeId;
use crate::metering;
use crate::notice::Notice;
use crate::notifier::{Delivery, Notifier};
use crate::store::{NoticeClaim, NoticeOutcome, NoticeSettle};

/// How many notices are held at once.
const MOST: usize = 100;
/// How long a notice waits for others, so that they share their writes and leave the disk to the paid call that an order
/// is about to make. Nobody sees it.
const GATHER: Duration = Duration::from_millis(50);

/// The notices that are ours, by account: those of one account go out one after the other, accounts next to each other,
/// so that a slow upload to one person keeps nobody else waiting.
#[derive(Debug, Default)]
struct Held {
    accounts: HashMap<AccountKey, VecDeque<Notice>>,
    epochs: HashMap<NoticeId, i64>,
    tasks: HashMap<Id, (NoticeId, AccountKey)>,
}

impl Held {
    /// Answers with the notice if it goes out now; otherwise it goes behind those of its account.
    fn add(&mut self, notice: Notice) -> Option<Notice> {
        self.epochs.insert(notice.id, notice.lease_epoch);
        if let Some(behind) = self.accounts.get_mut(&notice.account) {
            behind.push_back(notice);
            return None;
        }
        self.accounts.insert(notice.account.clone(), VecDeque::new());
        Some(notice)
    }

    /// It is being delivered by this task.
    fn begun(&mut self, task: Id, id: NoticeId, account: AccountKey) {
        self.tasks.insert(task, (id, account));
    }

    /// The task has ended; answers with the next notice of its account.
    fn ended(&mut self, task: Id) -> Option<Notice> {
        let (id, account) = self.tasks.remove(&task)?;
        self.epochs.remove(&id);
        let next = self.accounts.get_mut(&account).and_then(VecDeque::pop_front);
        if next.is_none() {
            self.accounts.remove(&account);
        }
        next
    }

    fn room(&self) -> usize {
        MOST - self.epochs.len().min(MOST)
    }

    fn leases(&self) -> Vec<(NoticeId, i64)> {
        self.epochs.iter().map(|(id, epoch)| (*id, *epoch)).collect()
    }
}

impl Engine {
    /// Delivers notices until it is told to stop; those that are held then are delivered first. Without a notifier they
    /// are kept, and this only waits.
    pub(super) async fn deliver(&self, stop: &CancellationToken) {
        let Some(notifier) = &self.parts.notifier else { return stop.cancelled().await };
        let (parts, clock) = (&self.parts, &self.parts.clock);
        // Tasks of their own: one may hold a lock of the store that a claim or a renewal waits for.
        let (mut held, mut under_way) = (Held::default(), JoinSet::new());
        let deliver = |held: &mut Held, under_way: &mut JoinSet<()>, notice: Notice| {
            let (id, account) = (notice.id, notice.account.clone());
            let task = under_way.spawn(parts.clone().deliver_one(notifier.clone(), notice, stop.clone()));
            held.begun(task.id(), id, account);
        };
        let pause = async || {
            tokio::select! {
                () = async { parts.news.notified().await; clock.sleep(GATHER).await } => {}
                () = clock.sleep(Parts::IDLE) => {}
            }
        };
        let mut paused = Box::pin(pause());
        let mut beat = clock.sleep(parts.policy.heartbeat);
        let (mut due, mut more) = (true, false);
        while !stop.is_cancelled() || !under_way.is_empty() {
            let room = held.room();
            if (due && room > 0 || more && room >= MOST / 2) && !stop.is_cancelled() {
                let taken = parts.take_notices(notifier.as_ref(), room).await;
                // Where there were as many as asked for there may be more: they are looked for when half of these are
                // out, so that claims stay few.
                (due, more) = (false, taken.len() == room);
                for notice in taken {
                    if let Some(notice) = held.add(notice) {
                        deliver(&mut held, &mut under_way, notice);
                    }
                }
                paused.set(pause());
            }
            tokio::select! {
                () = stop.cancelled(), if !stop.is_cancelled() => {}
                Some(ended) = under_way.join_next_with_id() => {
                    // What came of a delivery that panicked is found out when its lease ends.
                    let task = ended.map_or_else(|error| error.id(), |(task, ())| task);
                    if let Some(next) = held.ended(task) {
                        deliver(&mut held, &mut under_way, next);
                    }
                }
                () = &mut paused, if !stop.is_cancelled() && !due => due = true,
                () = &mut beat => {
                    parts.keep_notices(&held).await;
                    beat = clock.sleep(parts.policy.heartbeat);
                }
            }
        }
    }
}

impl Parts {
    async fn take_notices(&self, notifier: &dyn Notifier, room: usize) -> Vec<Notice> {
        let claim = NoticeClaim {
            channels: notifier.channels(),
            idempotent: notifier.is_idempotent(),
            limit: u32::try_from(room).unwrap_or(u32::MAX),
            lease: self.policy.lease,
        };
        self.store.notices_claim(&claim).await.unwrap_or_else(|error| {
            metering::store_failed(&error);
            tracing::warn!(error = &error as &dyn std::error::Error, "notices could not be read");
            Vec::new()
        })
    }

    /// Renews the leases of what is being delivered, or waits for it: an upload may take longer than one.
    async fn keep_notices(&self, held: &Held) {
        let leases = held.leases();
        if leases.is_empty() {
            return;
        }
        match self.store.notices_extend(&leases, self.policy.lease).await {
            Ok(kept) if kept.len() < leases.len() => {
                // Where a second delivery does harm nobody else makes one: the notice is in doubt, and so it stays.
                tracing::warn!(lost = leases.len() - kept.len(), "notices ran out of their leases");
            }
            Ok(_) => {}
            Err(error) => {
                metering::store_failed(&error);
                metering::lease_renewal_failed();
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the leases of notices could not be renewed");
            }
        }
    }

    /// Delivers a notice and writes what came of it.
    async fn deliver_one(
        self: Arc<Self>,
        notifier: Arc<dyn Notifier>,
        notice: Notice,
        stop: CancellationToken,
    ) {
        let outcome = match notifier.deliver(&notice).await {
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
