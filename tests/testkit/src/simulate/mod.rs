//! A deterministic simulator: the lifecycle, a store, and a world that breaks.
//!
//! One seed is one run: a few orders, three workers, two senders of notices, a provider with a truth of its own that
//! calls back or does not, and faults at every write and every foreign call. Everything happens in one thread, one small action after the other,
//! in virtual time; after each action the invariants are checked. When the faults end, every job must come to its
//! end, and nothing may be lost.
//!
//! The workers here are the engine's turn taken apart: the same `step`, the same order of writing and acting, but
//! able to stop between any two of its moves. What the engine itself does with tasks, time and lanes is shown by its
//! own tests and by the crash tests with real processes.
//!
//! A [`Flaw`] plants a bug, to show that the checks would find it.

mod buyers;
mod callbacks;
mod chance;
mod checks;
mod flaw;
mod gifts;
mod market;
mod provider;
mod senders;
mod trace;
mod turn;
mod weather;
mod world;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use neurocards_core::{ManualClock, MemoryStore};

pub use self::flaw::Flaw;
use self::world::World;
use crate::conformance::Fixture;

/// What is simulated.
#[derive(Debug, Clone)]
pub struct Options {
    /// One run for each.
    pub seeds: Range<u64>,
    /// How many videos are ordered in a run.
    pub jobs: u32,
    /// How many actions a run has before its faults end.
    pub actions: u32,
    /// The store's audit runs after every so many actions: each one in memory, fewer where it is slow.
    pub audit_every: u64,
    /// A planted bug.
    pub flaw: Option<Flaw>,
}

impl Options {
    /// These seeds, six jobs each, no planted bug.
    pub fn seeds(seeds: Range<u64>) -> Self {
        Self { seeds, jobs: 6, actions: 400, audit_every: 1, flaw: None }
    }

    /// The same with a planted bug.
    #[must_use]
    pub fn with(self, flaw: Flaw) -> Self {
        Self { flaw: Some(flaw), ..self }
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Report {
    /// How many runs ended.
    pub runs: u64,
    /// What happened in them.
    pub counts: Counts,
    /// The first broken invariant; nothing was run after it.
    pub failure: Option<Failure>,
}

/// How often what happened: a simulator that never reaches something does not test it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Small moves of anybody.
    pub actions: u64,
    /// Jobs with a video.
    pub done: u64,
    /// Jobs without one.
    pub failed: u64,
    /// Jobs that were taken back.
    pub cancelled: u64,
    /// Tasks at the provider.
    pub tasks: u64,
    /// Times that a job moved to another model.
    pub moved: u64,
    /// Attempts of which nobody knew whether they arrived.
    pub in_doubt: u64,
    /// Callbacks that named a task or woke somebody.
    pub hints: u64,
    /// Videos that came after the end, and were given away.
    pub gifts: u64,
    /// Processes that died.
    pub crashes: u64,
    /// Writes that the fence refused.
    pub refused: u64,
    /// Writes whose confirmation was lost.
    pub unconfirmed: u64,
    /// Notices that people saw.
    pub told: u64,
}

/// A broken invariant, and how it came to that.
#[derive(Debug)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// What is broken.
    pub broken: String,
    /// The last actions.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "seed {}: {}", self.seed, self.broken)?;
        write!(f, "again: NEUROCARDS_SIM_SEED={} cargo test -p neurocards-testkit --test simulate", self.seed)
    }
}

/// What a check found.
#[derive(Debug)]
struct Broken(String);

fn broken<T>(what: impl Into<String>) -> Result<T, Broken> {
    Err(Broken(what.into()))
}

/// Simulates on the store in memory.
pub async fn run(options: &Options) -> Report {
    run_on(options, async || {
        let clock = Arc::new(ManualClock::new());
        Fixture { store: Arc::new(MemoryStore::new(clock.clone())), clock, keep: Box::new(()) }
    })
    .await
}

/// Simulates on any store: a fresh one for each seed.
pub async fn run_on(options: &Options, fresh: impl AsyncFn() -> Fixture) -> Report {
    let mut report = Report::default();
    for seed in options.seeds.clone() {
        let mut world = World::new(seed, options, fresh().await);
        let ended = world.live().await;
        report.counts.add(world.counts);
        if let Err(Broken(broken)) = ended {
            report.failure = Some(Failure { seed, broken, trace: world.trace.into_lines() });
            break;
        }
        report.runs += 1;
    }
    report
}

impl Counts {
    fn add(&mut self, more: Self) {
        self.actions += more.actions;
        self.done += more.done;
        self.failed += more.failed;
        self.cancelled += more.cancelled;
        self.tasks += more.tasks;
        self.moved += more.moved;
        self.in_doubt += more.in_doubt;
        self.hints += more.hints;
        self.gifts += more.gifts;
        self.crashes += more.crashes;
        self.refused += more.refused;
        self.unconfirmed += more.unconfirmed;
        self.told += more.told;
    }
}
