//! What many processes share outside and what can be unwell: an account at a provider, one of its keys, a model.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::brief::UnknownWord;
use crate::clock::{Timestamp, later};
use crate::fault::Fault;

/// What kind of thing a resource is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// An account at the provider: it has a balance, and its keys share it.
    Account,
    /// A key of an account.
    Key,
    /// A model.
    Model,
}

impl ResourceKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Account, Self::Key, Self::Model];

    /// The kind as stored and as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Key => "key",
            Self::Model => "model",
        }
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ResourceKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| UnknownWord::new("resource kind", word, Self::ALL.map(Self::as_str)))
    }
}

/// Which resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceId {
    /// The provider.
    pub provider: String,
    /// What kind of thing it is.
    pub kind: ResourceKind,
    /// Its name among those of its kind: a model's id, an account's name, a key's fingerprint. Never a key.
    pub name: String,
}

impl ResourceId {
    /// The model of this provider.
    pub fn model(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self { provider: provider.into(), kind: ResourceKind::Model, name: model.into() }
    }

    /// The account at this provider.
    pub fn account(provider: impl Into<String>, account: impl Into<String>) -> Self {
        Self { provider: provider.into(), kind: ResourceKind::Account, name: account.into() }
    }

    /// The key of this provider, by its fingerprint: never by itself.
    pub fn key(provider: impl Into<String>, fingerprint: impl Into<String>) -> Self {
        Self { provider: provider.into(), kind: ResourceKind::Key, name: fingerprint.into() }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.provider, self.kind, self.name)
    }
}

/// Why and until when nothing is asked of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closing {
    /// Since when, by the store's time.
    pub since: Timestamp,
    /// Until when it rests; `None` until an operator opens it.
    pub until: Option<Timestamp>,
    /// The operator who closed it; `None` when its faults did.
    pub actor: Option<String>,
    /// The operator's reason. Of a closing by faults the record's last fault tells.
    pub reason: Option<String>,
}

/// A resource, as stored. One that the store knows nothing of is open and has never failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceRecord {
    /// Which.
    #[serde(flatten)]
    pub id: ResourceId,
    /// Why nothing is asked of it; `None` when it is open.
    pub closing: Option<Closing>,
    /// Faults in a row, without those of requests that were under way when it was closed.
    pub failures: u32,
    /// The last fault that was counted or that closed it, also after it was got over.
    pub fault: Option<Fault>,
    /// When that was.
    pub failed_at: Option<Timestamp>,
    /// When it last worked again after faults. A success that changes nothing is not written.
    pub recovered_at: Option<Timestamp>,
    /// Until when somebody tries whether it works again.
    pub probing_until: Option<Timestamp>,
    /// An account's last known balance.
    pub balance: Option<BalancePoint>,
}

/// Whether something may be asked of a resource at a given moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    /// Anybody may.
    Open,
    /// Nobody may.
    Closed {
        /// Until then; `None` until an operator opens it.
        until: Option<Timestamp>,
    },
    /// It has rested after its faults: one may try, who asks the store first.
    Probation,
    /// Somebody is trying.
    Probing {
        /// After this another one may.
        until: Timestamp,
    },
}

/// How faults close a resource: a circuit breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// So many faults in a row close it; with 1 the first one does.
    pub after: u32,
    /// It rests for this long, and twice as long after each probation that failed.
    pub rest: Duration,
    /// But never longer than this.
    pub longest: Duration,
}

/// What came of asking something of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceOutcome {
    /// It worked: its faults in a row are over, and a probation is passed. While it rests after its faults this says
    /// nothing, because it was asked before that.
    Worked,
    /// It was asked, and what it answered says nothing of its health: whoever tried it gives the probation back.
    Inconclusive,
    /// There is proof that its trouble is over, whatever was asked when: an account was topped up.
    Recovered,
    /// It failed. While it rests this says nothing either, unless it closes it for longer.
    Failed {
        /// How.
        fault: Fault,
        /// Whether that closes it; without one it is only counted.
        breaker: Option<Breaker>,
    },
}

/// What an account had at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BalancePoint {
    /// The moment, by the store's time.
    pub at: Timestamp,
    /// Thousandths of the provider's credits.
    pub milli: i64,
}

impl Breaker {
    /// How long it rests after this many faults in a row.
    pub fn rest_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(self.after).min(16);
        self.rest.saturating_mul(1 << doublings).min(self.longest.max(self.rest))
    }
}

impl Closing {
    /// The resource rests after its faults: what it answers now was asked before.
    fn rests(&self, now: Timestamp) -> bool {
        self.actor.is_none() && self.until.is_none_or(|until| until > now)
    }
}

impl ResourceRecord {
    /// A resource that nothing is known of.
    pub fn new(id: ResourceId) -> Self {
        Self {
            id,
            closing: None,
            failures: 0,
            fault: None,
            failed_at: None,
            recovered_at: None,
            probing_until: None,
            balance: None,
        }
    }

    /// Whether something may be asked of it.
    pub fn openness(&self, now: Timestamp) -> Openness {
        let Some(closing) = &self.closing else { return Openness::Open };
        match closing.until {
            None => Openness::Closed { until: None },
            Some(until) if until > now => Openness::Closed { until: Some(until) },
            // What an operator closed for a while has not failed.
            Some(_) if closing.actor.is_some() => Openness::Open,
            Some(_) => match self.probing_until.filter(|until| *until > now) {
                Some(until) => Openness::Probing { until },
                None => Openness::Probation,
            },
        }
    }

    /// Whether a success is news: without faults in a row and without a closing by faults it need not be told.
    pub fn is_troubled(&self) -> bool {
        self.failures > 0 || self.closing.as_ref().is_some_and(|closing| closing.actor.is_none())
    }

    /// The record after an outcome: the rule that every store keeps. `None` when nothing changes.
    #[must_use]
    pub fn settled(&self, outcome: &ResourceOutcome, now: Timestamp) -> Option<Self> {
        let mut after = self.clone();
        let rests = self.closing.as_ref().is_some_and(|closing| closing.rests(now));
        match outcome {
            ResourceOutcome::Worked if rests => return None,
            ResourceOutcome::Worked | ResourceOutcome::Recovered => {
                if !self.is_troubled() {
                    return None;
                }
                after.closing = after.closing.filter(|closing| closing.actor.is_some());
                after.failures = 0;
                after.probing_until = None;
                after.recovered_at = Some(now);
            }
            ResourceOutcome::Inconclusive => {
                let is_probing =
                    !rests && self.closing.as_ref().is_some_and(|closing| closing.actor.is_none());
                after.probing_until.take().filter(|_| is_probing)?;
            }
            ResourceOutcome::Failed { breaker, .. } if rests => {
                let until = breaker.map(|breaker| later(now, breaker.rest));
                let closing = after.closing.as_mut().filter(|closing| until > closing.until)?;
                closing.until = until;
            }
            ResourceOutcome::Failed { breaker, .. } => {
                after.failures = self.failures.saturating_add(1);
                after.probing_until = None;
                if let Some(breaker) = breaker.filter(|breaker| after.failures >= breaker.after) {
                    after.close_until(later(now, breaker.rest_after(after.failures)), now);
                }
            }
        }
        if let ResourceOutcome::Failed { fault, .. } = outcome {
            (after.fault, after.failed_at) = (Some(fault.clone()), Some(now));
        }
        Some(after)
    }

    /// A closing by faults is only ever made longer, and that of an operator holds until its end.
    fn close_until(&mut self, until: Timestamp, now: Timestamp) {
        match &mut self.closing {
            Some(closing) if closing.actor.is_none() => closing.until = closing.until.max(Some(until)),
            Some(closing) if closing.until.is_none_or(|until| until > now) => {}
            _ => self.closing = Some(Closing { since: now, until: Some(until), actor: None, reason: None }),
        }
    }
}

impl BalancePoint {
    /// One point an hour is kept, the last one of the hour, for this long.
    pub const KEPT: Duration = Duration::from_secs(14 * 24 * 3_600);

    /// How many days the last balance lasts, if as much is spent as between the first point and the last one; `None`
    /// when nothing was spent, or when they are less than an hour apart. What was added in between counts as no
    /// spending.
    pub fn days_left(points: &[Self]) -> Option<f64> {
        let (first, last) = (points.first()?, points.last()?);
        let spent: i64 = points.windows(2).map(|pair| (pair[0].milli - pair[1].milli).max(0)).sum();
        let passed = (last.at - first.at).to_std().ok()?;
        if spent == 0 || passed < Duration::from_secs(3_600) {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a forecast is no money")]
        let (left, a_day) = (last.milli.max(0) as f64, spent as f64 / passed.as_secs_f64() * 24.0 * 3_600.0);
        Some(left / a_day)
    }
}

#[cfg(test)]
mod tests;
