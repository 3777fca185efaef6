//! What came of a simulation, and which promises did not hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use neurocards::{Credits, JobHistory, NoticeKind, Stage, Violation};
use neurocards_fakes::{TaskCounts, Weather};
use serde::Serialize;

use super::orders::Orders;
use super::world::World;
use crate::failure::Failure;

/// What was simulated.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Setting {
    pub(super) seed: u64,
    pub(super) weather: Weather,
    pub(super) speed: u32,
    /// By the machine's clock.
    pub(super) seconds: f64,
}

/// Everything that was counted.
#[derive(Debug, Serialize)]
pub(super) struct Tally {
    #[serde(flatten)]
    setting: Setting,
    orders: usize,
    jobs: usize,
    done: usize,
    failed: usize,
    /// Why, by the class of the fault.
    failures: BTreeMap<&'static str, usize>,
    /// Attempts that were sent to KIE.
    attempts: usize,
    /// Paid requests that KIE saw.
    paid_requests: usize,
    /// Attempts that KIE saw more than once.
    paid_twice: usize,
    /// Tasks at KIE.
    tasks: TaskCounts,
    /// What they cost, in thousandths of KIE's credits.
    provider_cost_milli: i64,
    credits: CreditsTally,
    /// By what they say.
    notices: BTreeMap<&'static str, usize>,
    /// What went wrong at the services.
    accidents: BTreeMap<String, usize>,
    /// What was asked of them.
    exchanges: BTreeMap<String, usize>,
    /// What the audit found.
    audit: Vec<Violation>,
    /// What the services object to.
    violations: Vec<String>,
    /// The promises that did not hold.
    pub(super) broken: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CreditsTally {
    granted: Credits,
    captured: Credits,
    released: Credits,
    held: Credits,
}

impl Tally {
    pub(super) async fn of(world: &World, orders: &Orders, setting: Setting) -> Result<Self, Failure> {
        let (app, report) = (&world.app, world.scenario.report());
        let mut histories = Vec::new();
        for id in &orders.ids {
            for job in app.store().order_get(*id).await?.into_iter().flat_map(|record| record.jobs) {
                histories.extend(app.store().job_history(job.id).await?);
            }
        }
        let mut held = Credits::ZERO;
        for seller in &orders.sellers {
            let account = app.store().account_get(seller).await?;
            held = account.and_then(|account| held.checked_add(account.held)).unwrap_or(held);
        }
        let mut audit = app.store().audit().await?;
        audit.extend(app.engine.audit_media(true).await?.violations);
        let paid = world.scenario.log().paid_by_callback();
        let of_stage = |stage| histories.iter().filter(|history| history.record.job.stage == stage).count();
        let mut tally = Self {
            setting,
            orders: orders.ids.len(),
            jobs: histories.len(),
            done: of_stage(Stage::Done),
            failed: of_stage(Stage::Failed),
            failures: failures(&histories),
            attempts: histories
                .iter()
                .flat_map(|history| &history.attempts)
                .filter(|attempt| attempt.sent_at.is_some())
                .count(),
            paid_requests: world.scenario.log().paid().len(),
            paid_twice: paid.values().filter(|times| **times > 1).count(),
            tasks: report.tasks,
            provider_cost_milli: report.cost_milli,
            credits: CreditsTally {
                granted: orders.granted,
                captured: price_of(&histories, &[Stage::Done]),
                released: price_of(&histories, &[Stage::Failed, Stage::Cancelled]),
                held,
            },
            notices: notices(&histories),
            audit,
            broken: Vec::new(),
            accidents: report.accidents,
            exchanges: report.exchanges,
            violations: report.violations,
        };
        let videos: BTreeSet<&str> = histories
            .iter()
            .filter_map(|history| history.record.artifact.as_ref())
            .map(|artifact| artifact.sha256.as_str())
            .collect();
        tally.broken = tally.broken_promises(videos.len());
        Ok(tally)
    }

    /// `videos`: how many different ones there are.
    fn broken_promises(&self, videos: usize) -> Vec<String> {
        let mut broken = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                broken.push(what);
            }
        };
        let unfinished = self.jobs - self.done - self.failed;
        check(unfinished == 0, format!("{unfinished} jobs did not end"));
        check(self.paid_twice == 0, format!("{} attempts were paid more than once", self.paid_twice));
        let (paid, attempts) = (self.paid_requests, self.attempts);
        check(paid <= attempts, format!("{paid} paid requests for {attempts} attempts"));
        check(self.credits.held == Credits::ZERO, format!("still held: {}", self.credits.held));
        check(videos >= self.done, format!("{} jobs share {videos} videos", self.done));
        let told = |kind: NoticeKind| self.notices.get(kind.as_str()).copied().unwrap_or_default();
        for (kind, expect) in [
            (NoticeKind::Started, self.orders),
            (NoticeKind::Result, self.done),
            (NoticeKind::Failed, self.failed),
        ] {
            let found = told(kind);
            check(found == expect, format!("{found} notices {:?} instead of {expect}", kind.as_str()));
        }
        let calm = self.setting.weather == Weather::Calm;
        check(!calm || self.failed == 0, format!("{} jobs failed in calm weather", self.failed));
        for violation in &self.audit {
            check(false, format!("audit: {}: {}", violation.key, violation.invariant));
        }
        for violation in &self.violations {
            check(false, format!("the services object: {violation}"));
        }
        broken
    }
}

/// Why jobs failed, by the class of the fault.
fn failures(histories: &[JobHistory]) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    let failed = histories.iter().filter(|history| history.record.job.stage == Stage::Failed);
    for fault in failed.filter_map(|history| history.record.job.error.as_ref()) {
        *counts.entry(fault.class.as_str()).or_default() += 1;
    }
    counts
}

/// An order's notices stand in the histories of all of its jobs.
fn notices(histories: &[JobHistory]) -> BTreeMap<&'static str, usize> {
    let (mut seen, mut counts) = (BTreeSet::new(), BTreeMap::new());
    for notice in histories.iter().flat_map(|history| &history.notices) {
        if seen.insert(notice.id) {
            *counts.entry(notice.body.kind().as_str()).or_default() += 1;
        }
    }
    counts
}

fn price_of(histories: &[JobHistory], stages: &[Stage]) -> Credits {
    let jobs = histories.iter().map(|history| &history.record.job);
    Credits(jobs.filter(|job| stages.contains(&job.stage)).map(|job| job.price.0).sum())
}

impl fmt::Display for Tally {
    /// Lines for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setting { seed, weather, speed, seconds } = self.setting;
        let weather = format!("{weather:?}").to_lowercase();
        writeln!(
            f,
            "simulated      {weather} weather, seed {seed}, {seconds:.1} s at {speed} times the speed"
        )?;
        writeln!(f, "ordered        {} videos in {} orders", self.jobs, self.orders)?;
        let failures = counted(self.failures.iter());
        let failures = if failures.is_empty() { failures } else { format!(": {failures}") };
        writeln!(f, "videos         {} made, {} not{failures}", self.done, self.failed)?;
        let (paid, attempts, twice) = (self.paid_requests, self.attempts, self.paid_twice);
        writeln!(f, "paid requests  {paid} for {attempts} attempts, {twice} of them paid twice")?;
        let TaskCounts { running, succeeded, failed, .. } = self.tasks;
        writeln!(f, "at KIE         {succeeded} tasks succeeded, {failed} failed, {running} run")?;
        let CreditsTally { captured, released, held, .. } = &self.credits;
        writeln!(f, "credits        {} captured, {} released, {} held", captured.0, released.0, held.0)?;
        writeln!(f, "notices        {}", counted(self.notices.iter()))?;
        writeln!(f, "accidents      {}", self.accidents.values().sum::<usize>())?;
        for (what, count) in &self.accidents {
            writeln!(f, "  {count:>4}  {what}")?;
        }
        match self.broken.len() {
            0 => write!(f, "promises       all held"),
            broken => write!(f, "promises       {broken} did not hold"),
        }
    }
}

fn counted<'a, K: fmt::Display + 'a>(counts: impl Iterator<Item = (&'a K, &'a usize)>) -> String {
    counts.map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Tally {
        let setting = Setting { seed: 1, weather: Weather::Mixed, speed: 20, seconds: 1.0 };
        let (done, failed) = (3, 1);
        Tally {
            setting,
            orders: 2,
            jobs: 4,
            done,
            failed,
            failures: BTreeMap::from([("unknown", failed)]),
            attempts: 5,
            paid_requests: 5,
            paid_twice: 0,
            tasks: TaskCounts::default(),
            provider_cost_milli: 0,
            credits: CreditsTally {
                granted: Credits(12),
                captured: Credits(3),
                released: Credits(1),
                held: Credits::ZERO,
            },
            notices: BTreeMap::from([("started", 2), ("result", done), ("failed", failed)]),
            accidents: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            audit: Vec::new(),
            violations: Vec::new(),
            broken: Vec::new(),
        }
    }

    #[test]
    fn a_promise_that_does_not_hold_is_named() {
        let check = |change: fn(&mut Tally), videos: usize, expect: &[&str]| {
            let mut tally = good();
            change(&mut tally);
            assert_eq!(tally.broken_promises(videos), expect);
        };
        check(|_| {}, 3, &[]);
        check(|_| {}, 2, &["3 jobs share 2 videos"]);
        check(|tally| tally.jobs = 5, 3, &["1 jobs did not end"]);
        check(|tally| tally.paid_twice = 1, 3, &["1 attempts were paid more than once"]);
        check(|tally| tally.attempts = 4, 3, &["5 paid requests for 4 attempts"]);
        check(|tally| tally.credits.held = Credits(1), 3, &["still held: 1 credit"]);
        let twice = "4 notices \"result\" instead of 3";
        check(|tally| *tally.notices.entry("result").or_default() = 4, 3, &[twice]);
        let calm = "1 jobs failed in calm weather";
        check(|tally| tally.setting.weather = Weather::Calm, 3, &[calm]);
        let audit = |tally: &mut Tally| {
            tally.audit.push(Violation { invariant: "books balance", key: "simulation:anna".to_owned() });
        };
        check(audit, 3, &["audit: simulation:anna: books balance"]);
        check(|tally| tally.violations.push("a key".to_owned()), 3, &["the services object: a key"]);
    }
}
