//! One run: who moves next, what time it is, and the end.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    Claim, ClaimScope, Clock, JobId, ManualClock, OrderId, Policy, Room, Store, StoreError, Timestamp,
};

use super::buyers::Buyers;
use super::callbacks::Callbacks;
use super::chance::Chance;
use super::checks::Books;
use super::flaw::Flaw;
use super::gifts::Look;
use super::provider::Provider;
use super::senders::Post;
use super::trace::Trace;
use super::turn::Turn;
use super::weather::Weather;
use super::{Broken, Counts, Options, broken};
use crate::conformance::Fixture;
use crate::sample::{self, Ids};

/// A process that carries jobs on.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) name: String,
    /// How far its wall clock is off, in seconds.
    pub(super) skew: i64,
    /// Until when the whole process stands still, in virtual time.
    pub(super) asleep_until: Duration,
    lives: u32,
}

/// What came of asking the store.
pub(super) enum Luck {
    Fine,
    /// Nothing was done.
    Away,
    /// It was done, and the answer is lost.
    Unheard,
    /// It was not done, and nobody can tell.
    Undone,
}

pub(super) struct World {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) ids: Ids,
    pub(super) policy: Policy,
    pub(super) flaw: Option<Flaw>,
    pub(super) weather: Weather,
    pub(super) chance: Chance,
    pub(super) trace: Trace,
    pub(super) counts: Counts,
    pub(super) workers: Vec<Worker>,
    pub(super) turns: Vec<Turn>,
    pub(super) looks: Vec<Look>,
    pub(super) provider: Provider,
    pub(super) buyers: Buyers,
    pub(super) post: Post,
    pub(super) books: Books,
    /// Jobs, in the order in which they became known: their short names.
    pub(super) jobs: Vec<JobId>,
    pub(super) orders: BTreeMap<OrderId, Vec<JobId>>,
    actions: u32,
    pub(super) audit_every: u64,
    _keep: Box<dyn Any + Send + Sync>,
}

/// More moves than a quiet world needs for its last jobs.
const QUIET_MOVES: u32 = 20_000;
/// The worker that cancels for buyers.
pub(super) const COUNTER: usize = 3;

impl World {
    pub(super) fn new(seed: u64, options: &Options, Fixture { store, clock, keep }: Fixture) -> Self {
        let mut chance = Chance::new(seed);
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        let policy = Policy {
            lookup: chance.one_in(2),
            job_deadline: minutes(chance.pick(&[5, 30, 60])),
            unknown_grace: minutes(chance.pick(&[2, 10, 45])),
            store_grace: minutes(chance.pick(&[10, 60])),
            late_window: minutes(chance.pick(&[10, 60, 120])),
            ..Policy::default()
        };
        let mut worker = |name: &str| Worker {
            name: name.to_owned(),
            skew: i64::try_from(chance.below(7_201)).unwrap_or_default() - 3_600,
            asleep_until: Duration::ZERO,
            lives: 1,
        };
        let workers = ["w1", "w2", "w3", "counter"].map(&mut worker).into();
        let weather = Weather::of(&mut chance);
        let callbacks = Callbacks::new(!chance.one_in(3));
        let post = Post::new(chance.one_in(4));
        Self {
            ids: Ids::new(clock.clone()),
            buyers: Buyers::new(options.jobs, &mut chance),
            store,
            clock,
            policy,
            flaw: options.flaw,
            weather,
            chance,
            trace: Trace::default(),
            counts: Counts::default(),
            workers,
            turns: Vec::new(),
            looks: Vec::new(),
            provider: Provider::new(options.flaw, callbacks),
            post,
            books: Books::default(),
            jobs: Vec::new(),
            orders: BTreeMap::new(),
            actions: options.actions,
            audit_every: options.audit_every,
            _keep: keep,
        }
    }

    /// From the first order to the last settled job.
    pub(super) async fn live(&mut self) -> Result<(), Broken> {
        let ended = self.live_through().await;
        self.counts.tasks = self.provider.tasks() as u64;
        ended
    }

    async fn live_through(&mut self) -> Result<(), Broken> {
        self.open_accounts().await?;
        for _ in 0..self.actions {
            self.anything().await?;
            self.check().await?;
        }
        self.note(format_args!("the faults end"));
        self.weather = Weather::CALM;
        for _ in 0..QUIET_MOVES {
            if !self.needful().await? {
                return self.check_end().await;
            }
            self.check().await?;
        }
        broken("the world does not come to rest")
    }

    /// One move of somebody.
    async fn anything(&mut self) -> Result<(), Broken> {
        self.counts.actions += 1;
        let awake = self.awake_turns();
        match self.chance.below(100) {
            0..55 if !awake.is_empty() => {
                let index = self.chance.pick(&awake);
                self.move_turn(index).await
            }
            0..66 => {
                let worker = self.chance.index(COUNTER);
                self.claim(worker).await.map(|_| ())
            }
            66..70 => {
                let worker = self.chance.index(COUNTER);
                self.keep_leases(worker).await
            }
            70..80 => self.send_something().await.map(|_| ()),
            80..87 => self.buy_something().await,
            87 => self.cancel_something().await,
            88 => self.provider_is_late().map(|_| ()),
            89..92 => self.call_back().await.map(|_| ()),
            92..94 => {
                let worker = self.chance.index(COUNTER);
                self.look_after_late(worker).await.map(|_| ())
            }
            _ => {
                let long = self.chance.one_in(40);
                let longest = self.chance.pick(&[300, 300, 3_000, 3_000, 15_000, 40_000]);
                let longest = if long { 1_200_000 } else { longest };
                let wait = self.chance.up_to(Duration::from_millis(longest));
                self.pass(wait);
                Ok(())
            }
        }
    }

    /// One move of somebody who has something to do; `false` when nobody has.
    async fn needful(&mut self) -> Result<bool, Broken> {
        self.counts.actions += 1;
        if let Some(&index) = self.awake_turns().first() {
            self.move_turn(index).await?;
            return Ok(true);
        }
        for worker in 0..COUNTER {
            if self.is_awake(worker) && self.claim(worker).await? {
                return Ok(true);
            }
        }
        if self.send_something().await? || self.provider_is_late()? || self.call_back().await? {
            return Ok(true);
        }
        for worker in 0..COUNTER {
            if self.look_after_late(worker).await? {
                return Ok(true);
            }
        }
        let napping = !self.turns.is_empty() || !self.looks.is_empty();
        if !napping && self.is_settled().await? {
            return Ok(false);
        }
        self.pass(Duration::from_secs(10));
        Ok(true)
    }

    fn provider_is_late(&mut self) -> Result<bool, Broken> {
        let arrived = self.provider.arrive(self.clock.now(), self.weather, &mut self.chance)?;
        if let Some(task_id) = &arrived {
            self.note(format_args!("a late request arrives: {task_id}"));
        }
        Ok(arrived.is_some())
    }

    fn pass(&mut self, wait: Duration) {
        self.clock.advance(wait);
        self.trace.pass(self.clock.monotonic(), wait);
    }

    pub(super) fn note(&mut self, line: std::fmt::Arguments<'_>) {
        self.trace.note(self.clock.monotonic(), line);
    }

    /// A job's short name.
    pub(super) fn job_name(&self, job: JobId) -> String {
        self.jobs
            .iter()
            .position(|known| *known == job)
            .map_or_else(|| job.to_string(), |at| format!("job {at}"))
    }

    pub(super) fn luck(&mut self) -> Luck {
        if !self.chance.one_in(self.weather.store) {
            return Luck::Fine;
        }
        let lucks = [Luck::Away, Luck::Unheard, Luck::Undone];
        let index = self.chance.index(lucks.len());
        if index > 0 {
            self.counts.unconfirmed += 1;
        }
        lucks.into_iter().nth(index).unwrap_or(Luck::Fine)
    }

    pub(super) fn is_awake(&self, worker: usize) -> bool {
        self.workers[worker].asleep_until <= self.clock.monotonic()
    }

    fn awake_turns(&self) -> Vec<usize> {
        let awake = |turn: &Turn| self.is_awake(turn.worker);
        self.turns.iter().enumerate().filter(|(_, turn)| awake(turn)).map(|(index, _)| index).collect()
    }

    async fn move_turn(&mut self, index: usize) -> Result<(), Broken> {
        let worker = self.turns[index].worker;
        if self.chance.one_in(self.weather.crash) {
            self.crash(worker);
            return Ok(());
        }
        if self.chance.one_in(self.weather.nap) {
            let nap = self.policy.lease / 2 + self.chance.up_to(self.policy.lease * 3);
            self.workers[worker].asleep_until = self.clock.monotonic() + nap;
            let name = self.workers[worker].name.clone();
            self.note(format_args!("{name} stands still for {} ms", nap.as_millis()));
            return Ok(());
        }
        let turn = self.turns.swap_remove(index);
        if let Some(turn) = self.go_on(turn).await? {
            self.turns.push(turn);
        }
        Ok(())
    }

    /// A process dies with everything that it knew, and another one takes its place.
    pub(super) fn crash(&mut self, index: usize) {
        self.counts.crashes += 1;
        self.turns.retain(|turn| turn.worker != index);
        self.looks.retain(|look| look.worker != index);
        let worker = &mut self.workers[index];
        worker.lives += 1;
        worker.asleep_until = Duration::ZERO;
        let (base, lives) = (worker.name.split('.').next().unwrap_or_default(), worker.lives);
        let name = format!("{base}.{lives}");
        let dead = std::mem::replace(&mut worker.name, name);
        self.note(format_args!("{dead} dies"));
    }

    /// `true` when it took something.
    async fn claim(&mut self, index: usize) -> Result<bool, Broken> {
        if !self.is_awake(index) {
            return Ok(false);
        }
        let name = self.workers[index].name.clone();
        let year = Duration::from_secs(365 * 86_400);
        let lease = if self.flaw == Some(Flaw::LeasesForever) { year } else { self.policy.lease };
        let claim = Claim {
            worker: name.clone(),
            providers: vec![sample::PROVIDER.to_owned()],
            scope: ClaimScope::All,
            room: Room::each(1 + u32::from(self.chance.one_in(2))),
            lease,
        };
        let asked_at = self.clock.monotonic();
        let luck = self.luck();
        if matches!(luck, Luck::Away | Luck::Undone) {
            self.note(format_args!("{name} cannot claim"));
            return Ok(false);
        }
        let mut claimed = self.store.jobs_claim(&claim).await.map_err(unexpected)?;
        // Which jobs come is the store's business, in which order it names them is nobody's.
        claimed.jobs.sort_by_key(|job| job.state.job.id);
        for job in &claimed.jobs {
            self.books.claimed(job.state.job.id, job.state.job.lease_epoch)?;
        }
        if matches!(luck, Luck::Unheard) {
            self.note(format_args!("{name} claims {}, and does not hear of it", claimed.jobs.len()));
            return Ok(false);
        }
        let took = !claimed.jobs.is_empty();
        for job in claimed.jobs {
            let (id, epoch) = (job.state.job.id, job.state.job.lease_epoch);
            let (stage, job_name) = (job.state.job.stage, self.job_name(id));
            self.note(format_args!("{name} claims {job_name} in {stage}, epoch {epoch}"));
            // A worker whose older turn of the job still hangs has both: the fence keeps them apart.
            self.turns.push(Turn::claimed(index, job, asked_at, &self.policy));
        }
        Ok(took)
    }

    async fn keep_leases(&mut self, index: usize) -> Result<(), Broken> {
        let held: Vec<_> = self.turns.iter().filter(|turn| turn.worker == index).map(Turn::lease).collect();
        if !self.is_awake(index) || held.is_empty() || !matches!(self.luck(), Luck::Fine) {
            return Ok(());
        }
        let asked_at = self.clock.monotonic();
        let kept = self.store.jobs_extend(&held, self.policy.lease).await.map_err(unexpected)?;
        let trusted_until = Turn::trust(asked_at, &self.policy);
        for turn in self.turns.iter_mut().filter(|turn| turn.worker == index) {
            if kept.contains(&turn.lease().0) && held.contains(&turn.lease()) {
                turn.trusted_until = trusted_until;
            }
        }
        let name = self.workers[index].name.clone();
        self.note(format_args!("{name} renews {} of {} leases", kept.len(), held.len()));
        Ok(())
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the clock on a worker's wall says.
    pub(super) fn wall_clock(&self, worker: usize) -> Timestamp {
        let (now, skew) = (self.now(), self.workers[worker].skew);
        let off = Duration::from_secs(skew.unsigned_abs());
        if skew < 0 { now - off } else { now + off }
    }
}

/// The store says something that was not planned.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn unexpected(error: StoreError) -> Broken {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    Broken(format!("the store refuses: {words}"))
}
