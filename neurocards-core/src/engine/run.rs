//! The worker: claims what is due, carries it on, keeps its leases alive, stops in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::lanes::{Lanes, filled};
use super::{Engine, Parts};
use crate::alarm::AlarmKind;
use crate::fault::Retry;
use crate::ids::JobId;
use crate::job::Stage;
use crate::metering;
use crate::store::{Claim, ClaimScope, Room, StoreError};

/// How a worker works.
#[derive(Debug, Clone, Copy)]
pub struct RunOptions {
    /// Which jobs it takes.
    pub scope: ClaimScope,
    /// How many it carries on at once, by what they are about to do. Jobs that wait for a render are rows, and do
    /// not count.
    pub room: Room,
    /// How long it may take to finish its steps once it is told to stop.
    pub grace: Duration,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            scope: ClaimScope::All,
            room: Room { submit: 32, read: 64, store: 8 },
            grace: Duration::from_secs(25),
        }
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

    /// How many jobs it holds.
    pub(super) fn count(&self) -> usize {
        self.held().len()
    }

    /// The worker does not hold the job any more.
    pub(super) fn forget(&self, job: JobId, epoch: i64) {
        let mut held = self.held();
        if held.get(&job).is_some_and(|lease| lease.epoch == epoch) {
            held.remove(&job);
        }
    }
}

/// What a claim leaves to be waited for.
struct Looked {
    /// How long until more is due, at most.
    wait: Duration,
    /// Lanes without the room to say that nothing more is due in them, as stages.
    full: Vec<Stage>,
}

/// How often is looked whether a full disk has space again.
const NO_SPACE: Duration = Duration::from_secs(5);
impl Engine {
    /// Works until it is told to stop: claims due jobs, carries them on, delivers notices. When told to stop it
    /// claims nothing more, lets running steps end within the grace, and gives the rest back uncounted.
    ///
    /// A store that is away, or whose disk is full, is waited for: nothing is claimed meanwhile, and
    /// [`claim_loop`](Self::claim_loop) tells of it.
    ///
    /// # Errors
    /// The store says that it will never answer. Jobs keep their state.
    pub async fn run(&self, options: RunOptions, stop: CancellationToken) -> Result<(), StoreError> {
        let leases = Arc::new(Leases::default());
        let (stop, ended) = (stop.child_token(), CancellationToken::new());
        let (worked, (), (), (), (), (), (), (), (), ()) = tokio::join!(
            async {
                let worked = self.work(options, &leases, &stop).await;
                ended.cancel();
                worked
            },
            // Steps that end within the grace still need their leases.
            self.keep_leases(&leases, &ended),
            self.deliver(&stop),
            self.look_after_late(&stop),
            self.show_presence(&leases, &ended),
            self.hear(options.scope, &stop),
            self.keep_house(&stop),
            self.watch_health(&stop),
            self.keep_watch(&stop),
            self.note_alarms(&ended),
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
        let lanes = Arc::new(Lanes::new(options.room));
        let mut ended = Ok(());
        let _pulse = self.parts.pulse.guard();
        while !stop.is_cancelled() {
            let asked_at = self.parts.clock.monotonic();
            let mut full = Vec::new();
            self.parts.wakeup.clear();
            let wait = match self.claim(options.scope, &lanes, leases, &mut turns, stop).await {
                Ok(looked) => {
                    self.parts.pulse.beat(asked_at);
                    full = looked.full;
                    looked.wait
                }
                Err(error @ StoreError::Full { .. }) => {
                    if self.parts.pulse.full() {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(error, "no job is claimed until there is space again");
                        self.parts.raise_for_store(AlarmKind::DiskFull);
                    }
                    NO_SPACE
                }
                Err(error) if matches!(error.retry(), Retry::Safe | Retry::Unknown) => {
                    self.parts.pulse.beat(asked_at);
                    tracing::warn!(error = &error as &dyn std::error::Error, "jobs could not be claimed");
                    Parts::IDLE
                }
                Err(error) => {
                    ended = Err(error);
                    break;
                }
            };
            self.parts.wakeup.set(self.parts.clock.monotonic() + wait);
            self.until_work(&full, &lanes, &mut turns, stop).await;
        }
        stop.cancel();
        tokio::select! {
            () = async { while turns.join_next().await.is_some() {} } => {}
            () = self.parts.clock.sleep(options.grace) => turns.shutdown().await,
        }
        ended
    }

    /// Until the wakeup rings, or a lane has room again for which the last claim may have left jobs behind.
    async fn until_work(
        &self,
        full: &[Stage],
        lanes: &Lanes,
        turns: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) {
        while !stop.is_cancelled() && !full.iter().any(|lane| lanes.room().of(*lane) > 0) {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.parts.wakeup.ring(self.parts.clock.as_ref()) => return,
                () = lanes.changed() => {}
                Some(_) = turns.join_next() => while turns.try_join_next().is_some() {},
            }
        }
    }

    /// Claims what is due and starts a turn for each; answers when to look again.
    async fn claim(
        &self,
        scope: ClaimScope,
        lanes: &Arc<Lanes>,
        leases: &Arc<Leases>,
        turns: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<Looked, StoreError> {
        let room = lanes.room();
        if room.is_none() {
            return Ok(Looked { wait: Parts::IDLE, full: filled(room, &[]) });
        }
        let parts = &self.parts;
        let asked_at = parts.clock.monotonic();
        let claim = Claim {
            worker: parts.worker.clone(),
            providers: parts.providers.iter().map(|provider| provider.name().to_owned()).collect(),
            scope,
            room,
            lease: parts.policy.lease,
        };
        let claimed = parts.store.jobs_claim(&claim).await.inspect_err(metering::store_failed)?;
        metering::jobs_claimed(claimed.jobs.len());
        let (nothing, full) = (claimed.jobs.is_empty(), filled(room, &claimed.jobs));
        for job in claimed.jobs {
            let Some(place) = lanes.enter(job.state.job.stage) else {
                // A turn that went over from reading to fetching was faster.
                parts.give_back(&job.state).await;
                continue;
            };
            let (id, epoch) = (job.state.job.id, job.state.job.lease_epoch);
            leases.held().insert(id, Lease { epoch, trusted_until: parts.trust(asked_at) });
            let (parts, leases, stop) = (self.parts.clone(), leases.clone(), stop.clone());
            turns.spawn(async move {
                let _counted = metering::TurnInFlight::begin();
                parts.turn(job, asked_at, &leases, place, &stop).await;
                leases.forget(id, epoch);
            });
        }
        // What is due and was not given to us is being taken by somebody else.
        let least = if nothing { Parts::BREATH } else { Duration::ZERO };
        let wait = claimed.next_due.unwrap_or(Parts::IDLE).clamp(least, Parts::IDLE);
        Ok(Looked { wait, full })
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
                    metering::store_failed(&error);
                    metering::lease_renewal_failed();
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
