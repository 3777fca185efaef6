//! What a stretch of time brought: counts, times and money, for operators.

use serde::Serialize;

use crate::brief::TemplateId;
use crate::clock::Timestamp;
use crate::credits::Credits;
use crate::fault::FaultClass;
use crate::job::Stage;
use crate::ledger::EntryKind;
use crate::payments::{PayProvider, Price};

/// From one moment until just before another one, by the store's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The first moment.
    pub since: Timestamp,
    /// The end, which does not belong to it.
    pub until: Timestamp,
}

/// What the span brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// The span.
    #[serde(flatten)]
    pub span: Span,
    /// Jobs that were ordered in it.
    pub ordered: u64,
    /// Jobs that ended in it, by model, template and end.
    pub ended: Vec<Ended>,
    /// From the order to the first paid call, of the jobs whose first call was in it.
    pub start: Quantiles,
    /// From the order to the stored video, of the jobs that were done in it.
    pub whole: Quantiles,
    /// The ledger's entries in it, by kind.
    pub ledger: Vec<Moved>,
    /// What providers charged for attempts that were last heard of in it.
    pub costs: Vec<Cost>,
    /// What buyers paid in it.
    pub payments: Vec<Taken>,
}

/// Jobs that ended in the same way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// Their model.
    pub model: String,
    /// Their template.
    pub template: TemplateId,
    /// Their end.
    pub stage: Stage,
    /// Why, of those that failed.
    pub class: Option<FaultClass>,
    /// How many.
    pub jobs: u64,
}

/// Half, nine tenths, and ninety-nine hundredths of the times are at most this, to a tenth of a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Quantiles {
    /// How many times there are; without any, the others are 0.
    pub count: u64,
    /// In milliseconds.
    pub p50_ms: u64,
    /// In milliseconds.
    pub p90_ms: u64,
    /// In milliseconds.
    pub p99_ms: u64,
}

/// Ledger entries of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// Which kind.
    pub kind: EntryKind,
    /// How many.
    pub entries: u64,
    /// What they moved together, never negative.
    pub credits: Credits,
}

/// What a provider charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The provider.
    pub provider: String,
    /// Attempts whose charge is known.
    pub attempts: u64,
    /// In thousandths of the provider's own credits.
    pub milli: i64,
    /// Attempts that succeeded, or may have, and whose charge is not known.
    pub unknown: u64,
}

/// What buyers paid through a provider of payments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taken {
    /// The provider.
    pub provider: PayProvider,
    /// How many payments.
    pub payments: u64,
    /// What they paid, including what was given back later.
    pub paid: Price,
    /// What of it was given back, or is on its way.
    pub refunded: i64,
}

/// How finely times are told apart: a tenth of a second.
const TICK_MS: u64 = 100;

impl Span {
    /// Whether the moment lies in it.
    pub fn has(&self, at: Timestamp) -> bool {
        self.since <= at && at < self.until
    }
}

impl Stats {
    /// The same with every list in the order of its words, as all stores answer.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        let class = |ended: &Ended| ended.class.map(FaultClass::as_str);
        self.ended.sort_by(|a, b| {
            let key = |it: &Ended| (it.template.as_str(), it.stage.as_str(), class(it));
            a.model.cmp(&b.model).then_with(|| key(a).cmp(&key(b)))
        });
        self.ledger.sort_by_key(|moved| moved.kind.as_str());
        self.costs.sort_by(|a, b| a.provider.cmp(&b.provider));
        self.payments.sort_by_key(|taken| taken.provider.as_str());
        self
    }

    /// How many jobs came to this end.
    pub fn jobs(&self, stage: Stage) -> u64 {
        self.ended.iter().filter(|ended| ended.stage == stage).map(|ended| ended.jobs).sum()
    }

    /// What entries of this kind moved.
    pub fn moved(&self, kind: EntryKind) -> Credits {
        let found = self.ledger.iter().find(|moved| moved.kind == kind);
        found.map(|moved| moved.credits).unwrap_or_default()
    }
}

impl Quantiles {
    /// The tick that a time falls into.
    pub(super) fn tick(from: Timestamp, to: Timestamp) -> u64 {
        u64::try_from((to - from).num_milliseconds()).unwrap_or_default() / TICK_MS
    }

    /// Of times that were counted by whole ticks of a tenth of a second, the shortest first.
    pub fn of_ticks(ticks: &[(u64, u64)]) -> Self {
        let count: u64 = ticks.iter().map(|(_, times)| times).sum();
        let at = |percent: u64| {
            let rank = (count * percent).div_ceil(100);
            let mut seen = 0;
            let found = ticks.iter().find(|(_, times)| {
                seen += times;
                seen >= rank
            });
            found.map(|(tick, _)| tick * TICK_MS).unwrap_or_default()
        };
        Self { count, p50_ms: at(50), p90_ms: at(90), p99_ms: at(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_times_that_were_seen() {
        assert_eq!(Quantiles::of_ticks(&[]), Quantiles::default());
        let one = Quantiles::of_ticks(&[(7, 1)]);
        assert_eq!((one.count, one.p50_ms, one.p90_ms, one.p99_ms), (1, 700, 700, 700));
        let many = Quantiles::of_ticks(&[(1, 50), (2, 40), (9, 9), (100, 1)]);
        assert_eq!((many.count, many.p50_ms, many.p90_ms, many.p99_ms), (100, 100, 200, 900));
    }
}
