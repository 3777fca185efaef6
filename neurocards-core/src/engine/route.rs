//! Finding out where a job's next attempt goes: what the store knows, what the provider says, and the choice of core.

use super::Parts;
use crate::clock::Timestamp;
use crate::lifecycle::{Choice, Crossing, JobState, Policy, Route, choose};
use crate::order::Order;
use crate::prompt::Prompt;
use crate::provider::{Opening, VideoProvider};

/// What a route is asked for.
pub(super) struct Asking<'a> {
    pub(super) provider: &'a dyn VideoProvider,
    pub(super) state: &'a JobState,
    pub(super) order: &'a Order,
    pub(super) policy: &'a Policy,
    /// Whether an account is open, if the latest attempt ended because of one.
    pub(super) opening: Option<Opening>,
    /// The store's time.
    pub(super) now: Timestamp,
}

impl Parts {
    /// Where the job's next attempt goes. Usually this asks nobody: the model is open.
    pub(super) async fn route(&self, asking: Asking<'_>) -> Route {
        let Asking { provider, state, order, policy, opening, now } = asking;
        let health = self.health_of(provider.name()).await;
        let mut crossing = Crossing {
            state,
            ordered: &order.model,
            tried: &[],
            catalogue: &self.catalogue,
            health: &health,
            taken: &[],
            opening: opening.as_ref(),
            now,
            policy,
        };
        let tried = if crossing.may_leave() { self.tried(state).await } else { Vec::new() };
        crossing.tried = &tried;
        let mut taken: Vec<String> = Vec::new();
        loop {
            match choose(&Crossing { taken: &taken, ..crossing }) {
                Choice::Go { model, reason } => return self.go(state, model, reason),
                Choice::Probe { model, reason } => {
                    if self.probe_model(provider.name(), &model, now).await {
                        return self.go(state, model, reason);
                    }
                    taken.push(model);
                }
                Choice::Wait { wait, why } => return Route::Wait { wait, why },
                Choice::Nowhere(fault) => return Route::Nowhere(fault),
            }
        }
    }

    /// The models of the job's attempts. When the store is away, the latest one is what is known.
    async fn tried(&self, state: &JobState) -> Vec<String> {
        if state.job.attempts > 1
            && let Ok(Some(history)) = self.store.job_history(state.job.id).await
        {
            return history.attempts.into_iter().map(|attempt| attempt.model).collect();
        }
        state.attempt.iter().map(|attempt| attempt.model.clone()).collect()
    }

    /// The prompt was fitted to the model of before.
    fn go(&self, state: &JobState, model: String, reason: String) -> Route {
        let limits = self.catalogue.get(&model).map(|model| model.prompt);
        let text = state.job.prompt.as_ref().zip(limits).and_then(|(prompt, limits)| {
            Some(Prompt::refit(&prompt.text, limits)).filter(|text| *text != prompt.text)
        });
        Route::Go { model, reason, text }
    }
}
