//! Models that are paused and accounts that run dry: what is true of them, and how a worker finds its way.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use neurocards_core::{
    Catalogue, Choice, Crossing, Event, Fault, FaultClass, JobState, Model, ModelStatus, Opening,
    PromptLimits, ResourceId, ResourceSettle, Route, Timestamp, choose, model_outcome,
};

use super::chance::Chance;
use super::flaw::Flaw;
use super::weather::Weather;
use super::world::{World, unexpected};
use super::{Broken, broken};
use crate::sample;

/// What is true at the provider.
#[derive(Debug, Default)]
pub(super) struct Market {
    /// Models, until they serve again.
    paused: BTreeMap<String, Timestamp>,
    /// The two accounts, until somebody tops them up.
    dry: [Timestamp; 2],
}

const KEYS: [&str; 2] = ["aaaaaaaa", "bbbbbbbb"];
const LONGEST: Duration = Duration::from_secs(2_400);

/// A model, its successor, and one to fall back on.
pub(super) fn catalogue() -> Catalogue {
    let model = |id: &str, vendor: &str, successor: Option<&str>| Model {
        id: id.to_owned(),
        provider: sample::PROVIDER.to_owned(),
        title: id.to_owned(),
        vendor: vendor.to_owned(),
        status: ModelStatus::Active,
        since: None,
        successor: successor.map(str::to_owned),
        prompt: PromptLimits { min_chars: 1, max_chars: 1_000 },
        seconds: 8,
        price_milli_usd: Some(100),
    };
    let models = vec![
        model(sample::MODEL, "acme", Some("memory/next")),
        model("memory/next", "acme", None),
        model("memory/other", "other", None),
    ];
    Catalogue::new(models, Some(sample::MODEL.to_owned())).with_fallback(vec!["memory/other".to_owned()])
}

impl Market {
    /// A submission finds out.
    pub(super) fn refusal(
        &mut self,
        model: &str,
        key: Option<&str>,
        now: Timestamp,
        weather: Weather,
        chance: &mut Chance,
    ) -> Option<Fault> {
        if chance.one_in(weather.market) {
            let until = now + chance.up_to(LONGEST);
            match chance.below(3) {
                0 => self.paused.insert(model.to_owned(), until),
                account => {
                    self.dry[usize::try_from(account).unwrap_or_default() - 1] = until;
                    None
                }
            };
        }
        if self.paused.get(model).is_some_and(|until| *until > now) {
            return Some(Fault::new(FaultClass::ModelUnavailable, "paused"));
        }
        let account = KEYS.iter().position(|known| Some(*known) == key)?;
        (self.dry[account] > now).then(|| Fault::new(FaultClass::Billing, "no credits"))
    }

    /// The key of an account that has credits, as far as anybody knows.
    pub(super) fn key(&self, now: Timestamp) -> Result<&'static str, Duration> {
        let open = KEYS.iter().zip(&self.dry).find(|(_, until)| **until <= now);
        let first = self.dry.iter().min().copied().unwrap_or(now);
        open.map(|(key, _)| *key).ok_or_else(|| (first - now).to_std().unwrap_or_default())
    }
}

/// Nothing may leave, because no account has credits.
pub(super) fn dry() -> Fault {
    Fault::new(FaultClass::Billing, "no account has credits")
}

impl World {
    /// Where a job's next attempt goes, as the engine finds out: by the store's rows, not by what is true.
    pub(super) async fn route(&mut self, state: &JobState, now: Timestamp) -> Result<Route, Broken> {
        let (job, catalogue) = (&state.job, catalogue());
        let records = self.store.resources_list(sample::PROVIDER).await.map_err(unexpected)?;
        let health: HashMap<_, _> =
            records.into_iter().map(|record| (record.id.name.clone(), record)).collect();
        let history = self.store.job_history(job.id).await.map_err(unexpected)?;
        let attempts = history.map(|history| history.attempts).unwrap_or_default();
        let tried: Vec<String> = attempts.iter().map(|attempt| attempt.model.clone()).collect();
        let opening = match self.provider.market.key(self.now()) {
            Ok(_) => Opening::Now,
            Err(wait) => Opening::After { wait, why: dry() },
        };
        let mut taken: Vec<String> = Vec::new();
        loop {
            let crossing = Crossing {
                state,
                ordered: sample::MODEL,
                tried: &tried,
                catalogue: &catalogue,
                health: &health,
                taken: &taken,
                opening: Some(&opening),
                now,
                policy: &self.policy,
            };
            let choice = match self.flaw {
                Some(Flaw::ForgetsRefusals) => {
                    Choice::Go { model: sample::MODEL.to_owned(), reason: "as ever".to_owned() }
                }
                _ => choose(&crossing),
            };
            let (model, reason) = match choice {
                Choice::Go { model, reason } => (model, reason),
                Choice::Probe { model, reason } => {
                    let id = ResourceId::model(sample::PROVIDER, &model);
                    let lease = self.policy.probation;
                    if !self.store.resource_probe(&id, lease).await.map_err(unexpected)? {
                        taken.push(model);
                        continue;
                    }
                    (model, reason)
                }
                Choice::Wait { wait, why } => return Ok(Route::Wait { wait, why }),
                Choice::Nowhere(fault) => return Ok(Route::Nowhere(fault)),
            };
            let refused = |fault: &Fault| fault.class == FaultClass::ModelUnavailable;
            let by_this = attempts.iter().filter(|attempt| attempt.model == model);
            if by_this.filter_map(|attempt| attempt.fault.as_ref()).any(refused) {
                return broken(format!("{} goes back to {model}, which refused it", self.job_name(job.id)));
            }
            if model != job.model {
                self.counts.moved += 1;
            }
            return Ok(Route::Go { model, reason, text: None });
        }
    }

    /// Tells the store what an attempt says of its model.
    pub(super) async fn settle(&mut self, state: &JobState, event: &Event) -> Result<(), Broken> {
        let outcome = model_outcome(event, &self.policy);
        if let (Some(outcome), Some(attempt)) = (outcome, state.live_attempt()) {
            let id = ResourceId::model(sample::PROVIDER, &attempt.model);
            let settle = ResourceSettle { id, outcome };
            self.store.resource_settle(&settle).await.map_err(unexpected)?;
        }
        Ok(())
    }
}
