//! The queue as scripts read it.

use neurocards::{PauseRecord, PauseScope, QueueStatus, StageStatus, Timestamp, WorkerRecord};
use serde::Serialize;

/// A pause.
#[derive(Debug, Serialize)]
pub(crate) struct PauseView<'a> {
    /// `everything` or `model`.
    scope: &'static str,
    model: Option<&'a str>,
    actor: &'a str,
    reason: Option<&'a str>,
    since: Timestamp,
}

impl<'a> From<&'a PauseRecord> for PauseView<'a> {
    fn from(record: &'a PauseRecord) -> Self {
        let (scope, model) = match &record.pause.scope {
            PauseScope::Everything => ("everything", None),
            PauseScope::Model(model) => ("model", Some(model.as_str())),
        };
        let reason = record.pause.reason.as_deref();
        Self { scope, model, actor: &record.pause.actor, reason, since: record.since }
    }
}

/// The queue at one moment.
#[derive(Debug, Serialize)]
pub(crate) struct QueueView<'a> {
    at: Timestamp,
    stages: &'a [StageStatus],
    /// Whole seconds since the job is due that waits the longest; null when none is.
    oldest_due_seconds: Option<u64>,
    /// Leased, at a provider, or not stored yet.
    under_way: u64,
    pauses: Vec<PauseView<'a>>,
    workers: &'a [WorkerRecord],
}

impl<'a> From<&'a QueueStatus> for QueueView<'a> {
    fn from(status: &'a QueueStatus) -> Self {
        Self {
            at: status.at,
            stages: &status.stages,
            oldest_due_seconds: status.oldest_due().map(|due| due.as_secs()),
            under_way: status.under_way(),
            pauses: status.pauses.iter().map(PauseView::from).collect(),
            workers: &status.workers,
        }
    }
}
