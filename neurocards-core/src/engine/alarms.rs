//! Alarms on their way out: counted, told to whoever listens in this process, and noted in the store for all others.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;

use super::{Engine, Parts};
use crate::alarm::{Alarm, AlarmDetail, AlarmKind, AlarmNote};
use crate::fault::{Fault, FaultClass};
use crate::lifecycle::Transition;
use crate::metering;

/// Different alarms that wait to be noted; more are only counted and told.
const MOST: usize = 256;
/// How often what was raised is noted.
const EVERY: Duration = Duration::from_secs(1);
/// How long after the store did not take it.
const AGAIN: Duration = Duration::from_secs(5);
/// How long a process that ends tries to note the rest.
const FAREWELL: Duration = Duration::from_secs(1);

/// Alarms that this process has raised.
#[derive(Debug)]
pub(super) struct Alarms {
    /// By kind and subject: what a flood leaves is a number.
    pending: Mutex<BTreeMap<(AlarmKind, String), AlarmNote>>,
    raised: Notify,
    heard: broadcast::Sender<Alarm>,
}

impl Alarms {
    pub(super) fn new() -> Self {
        Self { pending: Mutex::default(), raised: Notify::new(), heard: broadcast::Sender::new(256) }
    }

    fn pending(&self) -> MutexGuard<'_, BTreeMap<(AlarmKind, String), AlarmNote>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a note for the next time that the store is told.
    fn keep(&self, note: AlarmNote) {
        let mut pending = self.pending();
        let key = (note.alarm.kind, note.alarm.subject.clone());
        if let Some(known) = pending.get_mut(&key) {
            known.times = known.times.saturating_add(note.times);
            known.alarm = note.alarm;
        } else if pending.len() < MOST {
            pending.insert(key, note);
        }
    }

    fn take(&self) -> Vec<AlarmNote> {
        std::mem::take(&mut *self.pending()).into_values().collect()
    }
}

impl Engine {
    /// Alarms as they are raised in this process. Who does not keep up misses some; the store keeps all of them, from
    /// every process ([`Store::alarms_open`](crate::Store::alarms_open)).
    pub fn alarms(&self) -> broadcast::Receiver<Alarm> {
        self.parts.alarms.heard.subscribe()
    }

    /// Raises an alarm: it is counted, told to those who listen, and noted in the store while
    /// [`run`](Self::run) or [`watch`](Self::watch) run. Never waits.
    pub fn raise(&self, alarm: Alarm) {
        self.parts.raise(alarm);
    }

    /// Notes in the store what was raised, until told to stop.
    pub(super) async fn note_alarms(&self, stop: &CancellationToken) {
        let parts = &self.parts;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = parts.alarms.raised.notified() => {}
            }
            let wait = if parts.note_alarms().await { EVERY } else { AGAIN };
            tokio::select! {
                () = stop.cancelled() => break,
                () = parts.clock.sleep(wait) => {}
            }
        }
        tokio::select! {
            _ = parts.note_alarms() => {}
            () = parts.clock.sleep(FAREWELL) => {}
        }
    }
}

impl Parts {
    pub(super) fn raise(&self, alarm: Alarm) {
        metering::alarm_raised(alarm.kind);
        tracing::error!(kind = %alarm.kind, subject = alarm.subject, detail = ?alarm.detail, "alarm");
        // Nobody need listen.
        let _ = self.alarms.heard.send(alarm.clone());
        self.alarms.keep(AlarmNote { alarm, times: 1 });
        self.alarms.raised.notify_one();
    }

    /// Notes what was raised; `false`: the store did not take it, and it is kept.
    async fn note_alarms(&self) -> bool {
        let notes = self.alarms.take();
        if notes.is_empty() {
            return true;
        }
        match self.store.alarms_note(&notes).await {
            Ok(()) => true,
            Err(error) => {
                metering::store_failed(&error);
                tracing::warn!(error = &error as &dyn std::error::Error, "alarms could not be noted");
                notes.into_iter().for_each(|note| self.alarms.keep(note));
                self.alarms.raised.notify_one();
                false
            }
        }
    }

    /// A step was written: some ends are more than one person's trouble.
    pub(super) fn raise_for(&self, step: &Transition) {
        let Some(fault) = step.error.as_ref().filter(|_| step.to.is_final()) else { return };
        let kind = match fault.class {
            FaultClass::Unknown => AlarmKind::UnknownFault,
            FaultClass::Billing | FaultClass::Auth => AlarmKind::JobUnpaid,
            _ => return,
        };
        self.raise(Alarm::new(kind, code(fault), fault.into()));
    }

    /// The database has no space, or a step was not written: the rest is in the log.
    pub(super) fn raise_for_store(&self, kind: AlarmKind) {
        self.raise(Alarm::new(kind, "store", AlarmDetail::None));
    }
}

fn code(fault: &Fault) -> &str {
    fault.code.as_deref().unwrap_or(fault.class.as_str())
}
