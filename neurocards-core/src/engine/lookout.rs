//! Looking for trouble that lasts: one process at a time looks at what all of them share, and says what began and what
//! is over.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Engine, MediaAuditError, Parts};
use crate::alarm::{Alarm, AlarmDetail, AlarmKind, AlarmNote};
use crate::fault::FaultClass;
use crate::metering;
use crate::provider::Opening;
use crate::resource::{BalancePoint, ResourceKind, ResourceRecord};
use crate::store::{Duty, DutyClaim, DutyOutcome, DutySettle, QueueStatus, StoreError, Violation};

/// From when on something is trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchLimits {
    /// How long a job may be due before the queue counts as stuck.
    pub due: Duration,
    /// How long an account's money lasts at least, at the pace of the last two weeks.
    pub balance: Duration,
}

impl Default for WatchLimits {
    fn default() -> Self {
        Self { due: Duration::from_secs(10 * 60), balance: Duration::from_secs(3 * 24 * 3_600) }
    }
}

/// How often somebody looks, how often a process asks whether it is its turn, and how long a look may take.
const EVERY: Duration = Duration::from_secs(55);
const ASK: Duration = Duration::from_secs(20);
const TERM: Duration = Duration::from_secs(60);

/// What somebody who looks sees.
#[derive(Debug)]
struct Look {
    queue: QueueStatus,
    resources: Vec<ResourceRecord>,
    /// Accounts and their balances, the oldest first.
    balances: Vec<(String, Vec<BalancePoint>)>,
    /// Providers none of whose accounts is open, and why.
    closed: Vec<(String, AlarmDetail)>,
}

impl Engine {
    /// Looks for trouble that lasts, and notes alarms in the store, until told to stop. [`run`](Self::run) does so too:
    /// this is for a process that runs no jobs, so that somebody finds out when all workers are gone. One process at a
    /// time looks.
    pub async fn watch(&self, stop: CancellationToken) {
        tokio::join!(self.keep_watch(&stop), self.note_alarms(&stop));
    }

    pub(super) async fn keep_watch(&self, stop: &CancellationToken) {
        let parts = &self.parts;
        let Some(limits) = parts.watch else { return };
        while !stop.is_cancelled() {
            // Not at once: workers that begin at the same time have not said anything yet.
            tokio::select! {
                () = stop.cancelled() => return,
                () = parts.clock.sleep(ASK) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                looked = parts.look_out(limits) => if let Err(error) = looked {
                    metering::store_failed(&error);
                    tracing::warn!(error = &error as &dyn std::error::Error, "nobody could look for trouble");
                }
            }
        }
    }
}

impl Parts {
    /// Looks, if it is this process's turn. Two that look at once do no harm.
    async fn look_out(&self, limits: WatchLimits) -> Result<(), StoreError> {
        let claim = DutyClaim { duty: Duty::Watch, leader: self.worker.clone(), every: EVERY, term: TERM };
        let Some(lead) = self.store.duty_claim(&claim).await? else { return Ok(()) };
        let troubles = troubles(&self.look_around().await?, limits);
        self.lasting(&troubles, |kind| kind.lasts() && kind != AlarmKind::AuditFailed).await?;
        let settle = DutySettle { duty: lead.duty, epoch: lead.epoch, outcome: DutyOutcome::Done };
        self.store.duty_settle(&settle).await?;
        Ok(())
    }

    /// Notes trouble that lasts, and what of these kinds is over because it is not there any more.
    pub(super) async fn lasting(
        &self,
        troubles: &[Alarm],
        of: fn(AlarmKind) -> bool,
    ) -> Result<(), StoreError> {
        let open = self.store.alarms_open().await?;
        let same = |alarm: &Alarm, other: &Alarm| alarm.kind == other.kind && alarm.subject == other.subject;
        for trouble in troubles {
            // One that goes on was told and counted when it began.
            if open.iter().any(|record| same(&record.alarm, trouble)) {
                let note = AlarmNote { alarm: trouble.clone(), times: 1 };
                self.store.alarms_note(&[note]).await?;
            } else {
                self.raise(trouble.clone());
            }
        }
        for record in &open {
            let Alarm { kind, subject, .. } = &record.alarm;
            if of(*kind) && !troubles.iter().any(|trouble| same(trouble, &record.alarm)) {
                tracing::info!(%kind, subject, "an alarm is over");
                self.store.alarm_over(*kind, subject).await?;
            }
        }
        Ok(())
    }

    async fn look_around(&self) -> Result<Look, StoreError> {
        let queue = self.store.queue_status().await?;
        let (mut resources, mut balances, mut closed) = (Vec::new(), Vec::new(), Vec::new());
        for provider in &self.providers {
            if !provider.capabilities().shared {
                continue;
            }
            let records = self.store.resources_list(provider.name()).await?;
            for record in &records {
                if record.balance.is_some() {
                    balances.push((record.id.to_string(), self.store.balance_list(&record.id).await?));
                }
            }
            resources.extend(records);
            let Ok(model) = provider.catalogue().resolve(None) else { continue };
            match provider.opening(model).await {
                Opening::Now => {}
                Opening::After { why, .. } => closed.push((provider.name().to_owned(), (&why).into())),
                Opening::Never => closed.push((provider.name().to_owned(), AlarmDetail::None)),
            }
        }
        Ok(Look { queue, resources, balances, closed })
    }
}

/// What of it is trouble.
fn troubles(look: &Look, limits: WatchLimits) -> Vec<Alarm> {
    let mut troubles: Vec<Alarm> = look.resources.iter().filter_map(closed_key).collect();
    for (provider, why) in &look.closed {
        troubles.push(Alarm::new(AlarmKind::KeysDown, provider, why.clone()));
    }
    for (account, points) in &look.balances {
        troubles.extend(low(account, points, limits.balance));
    }
    let jobs = look.queue.stages.iter().map(|stage| stage.jobs).sum();
    let due = look.queue.stages.iter().map(|stage| stage.due).sum();
    let waited = look.queue.oldest_due().unwrap_or_default();
    let detail = |jobs| AlarmDetail::Jobs { jobs, seconds: waited.as_secs() };
    if look.queue.workers_alive().next().is_none() {
        // Who ended in order is forgotten: whoever is remembered and silent has died.
        if jobs > 0 || !look.queue.workers.is_empty() {
            troubles.push(Alarm::new(AlarmKind::WorkersGone, "workers", detail(jobs)));
        }
    } else if waited >= limits.due {
        troubles.push(Alarm::new(AlarmKind::QueueStuck, "queue", detail(due)));
    }
    troubles
}

/// An account or a key that its own faults closed: not one that rests because it was asked too often.
fn closed_key(record: &ResourceRecord) -> Option<Alarm> {
    record.closing.as_ref().filter(|closing| closing.actor.is_none())?;
    let fault = record.fault.as_ref()?;
    let ours = matches!(record.id.kind, ResourceKind::Account | ResourceKind::Key);
    let grave = matches!(fault.class, FaultClass::Billing | FaultClass::Auth);
    (ours && grave).then(|| Alarm::new(AlarmKind::KeyClosed, record.id.to_string(), fault.into()))
}

/// An account whose money lasts for less than it should.
fn low(account: &str, points: &[BalancePoint], least: Duration) -> Option<Alarm> {
    let last = points.last()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a forecast is never negative, and one of more than a few days is no alarm"
    )]
    let hours = BalancePoint::days_left(points).map(|days| (days * 24.0) as u64);
    let short = hours.is_some_and(|hours| hours * 3_600 < least.as_secs());
    let detail = AlarmDetail::Balance { milli: last.milli, hours_left: hours };
    (short || last.milli <= 0).then(|| Alarm::new(AlarmKind::BalanceLow, account, detail))
}

impl Engine {
    /// Looks whether the books and the videos are right: what is not is an alarm. Free, and changes nothing.
    pub(super) async fn look_at_books(&self) -> Result<(), MediaAuditError> {
        let mut violations = self.parts.store.audit().await?;
        violations.extend(self.audit_media(false).await?.violations);
        let of = |kind| kind == AlarmKind::AuditFailed;
        Ok(self.parts.lasting(&violated(&violations), of).await?)
    }
}

/// The end of an audit: each invariant that does not hold is one alarm.
fn violated(violations: &[Violation]) -> Vec<Alarm> {
    let mut found: Vec<(&str, u64, &str)> = Vec::new();
    for violation in violations {
        match found.iter_mut().find(|(invariant, ..)| *invariant == violation.invariant) {
            Some((_, count, _)) => *count += 1,
            None => found.push((violation.invariant, 1, &violation.key)),
        }
    }
    let alarm = |(invariant, count, first): (&str, u64, &str)| {
        let detail = AlarmDetail::Found { count, first: first.to_owned() };
        Alarm::new(AlarmKind::AuditFailed, invariant, detail)
    };
    found.into_iter().map(alarm).collect()
}

#[cfg(test)]
mod tests;
