//! The simulator finds nothing in the lifecycle, and everything that is planted there.
//!
//! `NEUROCARDS_SIM_SEED=7` runs one seed, `NEUROCARDS_SIM_SEEDS=10000` that many.

use std::ops::Range;

use neurocards_testkit::simulate::{Counts, Flaw, Options, run};

/// How many seeds without a word from outside.
const SEEDS: u64 = 600;
/// Each flaw is found within so many.
const FLAW_SEEDS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "a test is told by whoever runs it")]
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn seeds() -> Range<u64> {
    match number("NEUROCARDS_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("NEUROCARDS_SIM_SEEDS").unwrap_or(SEEDS),
    }
}

#[tokio::test]
async fn whatever_breaks_nothing_is_lost_or_done_twice() {
    let report = run(&Options::seeds(seeds())).await;
    if let Some(failure) = report.failure {
        panic!("{failure}");
    }
    if report.runs < SEEDS {
        return;
    }
    println!("{:?}", report.counts);
    let Counts {
        actions,
        done,
        failed,
        cancelled,
        tasks,
        moved,
        in_doubt,
        hints,
        gifts,
        crashes,
        refused,
        unconfirmed,
        told,
    } = report.counts;
    for (what, seen) in [
        ("actions", actions),
        ("done", done),
        ("failed", failed),
        ("cancelled", cancelled),
        ("tasks", tasks),
        ("moved", moved),
        ("in doubt", in_doubt),
        ("hints", hints),
        ("gifts", gifts),
        ("crashes", crashes),
        ("refused writes", refused),
        ("unconfirmed writes", unconfirmed),
        ("told", told),
    ] {
        assert!(seen >= SEEDS / 10, "{what}: only {seen} in {SEEDS} runs: {:?}", report.counts);
    }
}

#[tokio::test]
async fn a_seed_is_a_run() {
    let options = Options::seeds(5..8);
    assert_eq!(run(&options).await.counts, run(&options).await.counts);
}

#[tokio::test]
async fn every_planted_bug_is_found() {
    for flaw in Flaw::ALL {
        let report = run(&Options::seeds(0..FLAW_SEEDS).with(flaw)).await;
        let failure = report.failure.unwrap_or_else(|| panic!("{flaw:?} lives through {FLAW_SEEDS} seeds"));
        println!("{flaw:?}: seed {}: {}", failure.seed, failure.broken);
    }
}
