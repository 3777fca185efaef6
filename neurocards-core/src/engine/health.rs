//! What this process knows of the health of models: a copy of the store's rows, so that no job pays for a look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::{Engine, Parts};
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::lifecycle::prospect;
use crate::metering;
use crate::model::Model;
use crate::resource::{Openness, ResourceId, ResourceKind, ResourceOutcome, ResourceRecord};
use crate::store::{ResourceSettle, StoreError};

/// The models of a provider that the store knows something of, by id.
pub(super) type Models = Arc<HashMap<String, ResourceRecord>>;

/// The copy, by provider. It is at most a second old while the engine runs; a model that another process closed within
/// that second is found out by being refused.
#[derive(Debug, Default)]
pub(super) struct Health {
    known: Mutex<HashMap<String, Models>>,
}

impl Health {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Models>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learn(&self, provider: &str, records: Vec<ResourceRecord>) -> Models {
        let models = records.into_iter().filter(|record| record.id.kind == ResourceKind::Model);
        let models = Models::new(models.map(|record| (record.id.name.clone(), record)).collect());
        self.known().insert(provider.to_owned(), models.clone());
        models
    }

    fn learn_one(&self, record: ResourceRecord) {
        let mut known = self.known();
        let models = known.entry(record.id.provider.clone()).or_default();
        Arc::make_mut(models).insert(record.id.name.clone(), record);
    }
}

impl Engine {
    /// Keeps the copy fresh until it is told to stop. Providers that nobody else uses need none.
    pub(super) async fn watch_health(&self, stop: &CancellationToken) {
        let parts = &self.parts;
        let shared: Vec<&str> = parts.shared_providers().collect();
        if shared.is_empty() {
            return;
        }
        while !stop.is_cancelled() {
            for provider in &shared {
                if let Err(error) = parts.read_health(provider).await {
                    metering::store_failed(&error);
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the health of models could not be read"
                    );
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = parts.clock.sleep(Parts::IDLE) => {}
            }
        }
    }
}

impl Parts {
    fn shared_providers(&self) -> impl Iterator<Item = &str> {
        let shared = self.providers.iter().filter(|provider| provider.capabilities().shared);
        shared.map(|provider| provider.name())
    }

    async fn read_health(&self, provider: &str) -> Result<Models, StoreError> {
        Ok(self.health.learn(provider, self.store.resources_list(provider).await?))
    }

    /// What is known of a provider's models. Only the first question of a process reads the store.
    pub(super) async fn health_of(&self, provider: &str) -> Models {
        let known = self.health.known().get(provider).cloned();
        match known {
            Some(known) => known,
            None if !self.shared_providers().any(|shared| shared == provider) => Models::default(),
            None => self.read_health(provider).await.unwrap_or_else(|error| {
                metering::store_failed(&error);
                Models::default()
            }),
        }
    }

    /// Whether an order for this model leads anywhere. The copy says yes for nothing; a no is asked of the store, because
    /// a process that carries on no jobs does not keep its copy fresh.
    pub(super) async fn prospect(&self, model: &Model) -> Result<(), Fault> {
        let ask = |health: &Models| prospect(model, &self.catalogue, health, self.clock.now(), &self.policy);
        if ask(&self.health_of(&model.provider).await).is_ok() {
            return Ok(());
        }
        match self.read_health(&model.provider).await {
            Ok(fresh) => ask(&fresh),
            Err(error) => {
                metering::store_failed(&error);
                Ok(())
            }
        }
    }

    /// An attempt with this model has ended before anything was sent: if it was a probation, it goes back at once. The
    /// copy may not know of it yet.
    pub(super) async fn give_back_probation(&self, provider: &str, model: &str, now: Timestamp) {
        let is_shared = self.shared_providers().any(|shared| shared == provider);
        if is_shared && self.read_health(provider).await.inspect_err(metering::store_failed).is_ok() {
            self.settle_model(provider, model, ResourceOutcome::Inconclusive, now).await;
        }
    }

    /// Tells the store what came of an attempt with this model. What would change nothing is told only
    /// when it is a fault.
    pub(super) async fn settle_model(
        &self,
        provider: &str,
        model: &str,
        outcome: ResourceOutcome,
        now: Timestamp,
    ) {
        if !self.shared_providers().any(|shared| shared == provider) {
            return;
        }
        let before = self.health_of(provider).await.get(model).cloned();
        let changes = |record: &ResourceRecord| record.settled(&outcome, now).is_some();
        let may_be_old_news = !matches!(outcome, ResourceOutcome::Failed { .. });
        if may_be_old_news && !before.as_ref().is_some_and(changes) {
            return;
        }
        let settle = ResourceSettle { id: ResourceId::model(provider, model), outcome };
        match self.store.resource_settle(&settle).await {
            Ok(after) => {
                let is_closed = |record: &ResourceRecord| record.closing.is_some();
                if is_closed(&after) && !before.as_ref().is_some_and(is_closed) {
                    let reason = after.fault.as_ref().map(ToString::to_string).unwrap_or_default();
                    metering::model_closed(provider);
                    tracing::warn!(provider, model, reason, "a model is closed for all jobs");
                }
                if !is_closed(&after) && before.as_ref().is_some_and(is_closed) {
                    tracing::info!(provider, model, "a model is open again");
                }
                self.health.learn_one(after);
            }
            Err(error) => {
                metering::store_failed(&error);
                let error = &error as &dyn std::error::Error;
                tracing::warn!(provider, model, error, "what came of a model could not be told");
            }
        }
    }

    /// Takes a probation, if the store grants it.
    pub(super) async fn probe_model(&self, provider: &str, model: &str, now: Timestamp) -> bool {
        let id = ResourceId::model(provider, model);
        let granted = self.store.resource_probe(&id, self.policy.probation).await;
        let granted = granted.inspect_err(metering::store_failed).unwrap_or(false);
        // Whoever has it: until the copy is read again, nobody here needs to ask.
        let known = self.health_of(provider).await.get(model).cloned();
        if let Some(mut record) = known.filter(|record| record.openness(now) == Openness::Probation) {
            record.probing_until = Some(now + if granted { self.policy.probation } else { Self::IDLE });
            self.health.learn_one(record);
        }
        granted
    }
}
