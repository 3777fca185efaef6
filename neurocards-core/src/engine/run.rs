//! The worker: claims what is due, carries it on, keeps its leases alive, stops in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Engine, Parts};
use crate::fault::Retry;
use crate::ids::JobId;
use crate::store::{Claim, ClaimScope, StoreError};

/// How a worker works.
#[derive(Debug, Clone, Copy)]
pub struct RunOptions {
    /// Which jobs it takes.
    pub scope: ClaimScope,
    /// How many it carries on at once. Jobs that wait for a render are rows, and do not count.
    pub at_once: usize,
    /// How long it may take to finish its steps once it is told to stop.
    pub grace: Duration,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { scope: ClaimScope::All, at_once: 64, grace: Duration::from_secs(25) }
    }
}

/// The leases of a worker, and until when it may trust each.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: Mutex<HashMap<JobId, Lease>>,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    epoch: i64,
    /// In the clock's monotonic time.
    trusted_until: Duration,
}

impl Leases {
    fn held(&self) -> MutexGuard<'_, HashMap<JobId, Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the worker may still act for the job: no call begins after this says no.
    pub(super) fn trusts(&self, job: JobId, epoch: i64, now: Duration) -> bool {
        self.held().get(&job).is_some_and(|lease| lease.epoch == epoch && now < lease.trusted_until)
    }

    /// The worker does not hold the job any more.
    pub(super) fn forget(&self, job: JobId, epoch: i64) {
        let mut held = self.held();
        if held.get(&job).is_some_and(|lease| lease.epoch == epoch) {
            held.remove(&job);
        }
    }
}

impl Engine {
    /// Works until it is told to stop: claims due jobs, carries them on, delivers notices. When told to stop it
    /// claims nothing more, lets running steps end within the grace, and gives the rest back uncounted.
    ///
    /// # Errors
    /// The store says that it will never answer, or that its disk is full. Jobs keep their state; run again.
    pub async fn run(&self, options: RunOptions, stop: CancellationToken) -> Result<(), StoreError> {
        let leases = Arc::new(Leases::default());
        let (stop, ended) = (stop.child_token(), CancellationToken::new());
        let (worked, (), ()) = tokio::join!(
            async {
                let worked = self.work(options, &leases, &stop).await;
                ended.cancel();
                worked
            },
            // Steps that end within the grace still need their leases.
            self.keep_leases(&leases, &ended),
            self.deliver(&stop),
        );
        worked
    }

    async fn work(
        &self,
        options: RunOptions,
        leases: &Arc<Leases>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let mut turns = JoinSet::new();
        let mut ended = Ok(());
        while !stop.is_cancelled() {
            let room = options.at_once.saturating_sub(turns.len());
            let wait = match self.claim(options.scope, room, leases, &mut turns, stop).await {
                Ok(wait) => wait,
                Err(error) if error.retry() == Retry::Safe || error.retry() == Retry::Unknown => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "jobs could not be claimed");
                    Parts::IDLE
                }
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                Some(_) = turns.join_next() => {}
                () = self.parts.work.notified() => {}
                () = self.parts.clock.sleep(wait) => {}
            }
            while turns.try_join_next().is_some() {}
        }
        stop.cancel();
        tokio::select! {
            () = async { while turns.join_next().await.is_some() {} } => {}
            () = self.parts.clock.sleep(options.grace) => turns.shutdown().await,
        }
        ended
    }

    /// Claims what is due and starts a turn for each; answers how long until more is due.
    async fn claim(
        &self,
        scope: ClaimScope,
        room: usize,
        leases: &Arc<Leases>,
        turns: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<Duration, StoreError> {
        if room == 0 {
            return Ok(Parts::IDLE);
        }
        let parts = &self.parts;
        let asked_at = parts.clock.monotonic();
        let claim = Claim {
            worker: parts.worker.clone(),
            providers: parts.providers.iter().map(|provider| provider.name().to_owned()).collect(),
            scope,
            limit: u32::try_from(room).unwrap_or(u32::MAX),
            lease: parts.policy.lease,
        };
        let claimed = parts.store.jobs_claim(&claim).await?;
        for job in claimed.jobs {
            let (id, epoch) = (job.state.job.id, job.state.job.lease_epoch);
            leases.held().insert(id, Lease { epoch, trusted_until: parts.trust(asked_at) });
            let (parts, leases, stop) = (self.parts.clone(), leases.clone(), stop.clone());
            turns.spawn(async move {
                parts.turn(job, asked_at, &leases, &stop).await;
                leases.forget(id, epoch);
                parts.work.notify_one();
            });
        }
        Ok(claimed.next_due.unwrap_or(Parts::IDLE).min(Parts::IDLE))
    }

    /// Renews leases until the last turn has ended.
    async fn keep_leases(&self, leases: &Leases, ended: &CancellationToken) {
        let parts = &self.parts;
        loop {
            tokio::select! {
                () = ended.cancelled() => return,
                () = parts.clock.sleep(parts.policy.heartbeat) => {}
            }
            let asked_at = parts.clock.monotonic();
            let held: Vec<_> = leases.held().iter().map(|(job, lease)| (*job, lease.epoch)).collect();
            if held.is_empty() {
                continue;
            }
            match parts.store.jobs_extend(&held, parts.policy.lease).await {
                Ok(kept) => {
                    let mut held = leases.held();
                    for job in kept {
                        if let Some(lease) = held.get_mut(&job) {
                            lease.trusted_until = parts.trust(asked_at);
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "leases could not be renewed");
                }
            }
        }
    }
}

impl Parts {
    /// Until when a lease that was asked for at this moment may be trusted: a sixth of it is kept as a margin,
    /// because the store's clock may run faster than ours.
    fn trust(&self, asked_at: Duration) -> Duration {
        asked_at + self.policy.lease * 5 / 6
    }
}
