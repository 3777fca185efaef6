//! A worker shows that it lives, and hears of work that others made.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Engine;
use super::run::Leases;
use crate::clock::Timestamp;
use crate::store::{ClaimScope, StoreError, WorkerBeat};

/// How long a worker that ends tries to say so.
const FAREWELL: Duration = Duration::from_secs(1);
/// Leases that are renewed faster than this leave no time for words: a word is a write too.
const LEAST: Duration = Duration::from_secs(1);

impl Engine {
    /// Tells the store once in a heartbeat, at most once a second, that the worker lives, and at the end that it has
    /// gone. Nothing depends on it, so what fails is a warning.
    pub(super) async fn show_presence(&self, leases: &Leases, ended: &CancellationToken) {
        let parts = &self.parts;
        let started_at = parts.clock.now();
        loop {
            tokio::select! {
                () = ended.cancelled() => break,
                told = self.beat(started_at, leases.count()) => warn(told, "a worker could not show that it lives"),
            }
            tokio::select! {
                () = ended.cancelled() => break,
                () = parts.clock.sleep(parts.policy.heartbeat.max(LEAST)) => {}
            }
        }
        tokio::select! {
            told = parts.store.worker_gone(&parts.worker) => warn(told, "a worker could not say that it has ended"),
            () = parts.clock.sleep(FAREWELL) => {}
        }
    }

    async fn beat(&self, started_at: Timestamp, in_flight: usize) -> Result<(), StoreError> {
        let beat = WorkerBeat {
            name: self.parts.worker.clone(),
            host: self.parts.host.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            in_flight: u32::try_from(in_flight).unwrap_or(u32::MAX),
            started_at,
        };
        self.parts.store.worker_beat(&beat).await
    }

    /// Wakes the claim loop when another process may have made work. Who carries on one order made it here.
    pub(super) async fn hear(&self, scope: ClaimScope, stop: &CancellationToken) {
        if scope != ClaimScope::All {
            return;
        }
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.parts.store.until_news() => self.parts.due_in(Duration::ZERO),
            }
        }
    }
}

fn warn(told: Result<(), StoreError>, what: &str) {
    if let Err(error) = told {
        tracing::warn!(error = &error as &dyn std::error::Error, "{what}");
    }
}
