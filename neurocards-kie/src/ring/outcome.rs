//! What answers of KIE mean for keys and accounts.

use std::time::Duration;

use neurocards_core::{Fault, FaultClass, ResourceId, ResourceOutcome, ResourceSettle, StoreError};

use super::{KeyRing, Place};
use crate::classify::Nuance;

/// An answer waits so long for the store and no longer: it says whether money was spent.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);

impl KeyRing {
    /// A call with this key worked.
    pub(crate) async fn worked(&self, place: Place<'_>) {
        self.told(async {
            let health = self.health().await?;
            for id in [place.account_id(), place.key_id()] {
                if health.of(&id).is_some_and(|record| record.is_troubled()) {
                    let settle = ResourceSettle { id, outcome: ResourceOutcome::Worked };
                    self.store.resource_settle(&settle).await?;
                }
            }
            Ok(())
        })
        .await;
    }

    /// A call with this key was refused. `true` when that was because of the key or its account, which rests now.
    pub(crate) async fn refused(&self, place: Place<'_>, fault: &Fault, nuance: Option<Nuance>) -> bool {
        let Some((id, rest)) = self.at_fault(place, fault, nuance) else { return false };
        self.told(async {
            let breaker = Some(Self::breaker(rest));
            let outcome = ResourceOutcome::Failed { fault: fault.clone(), breaker };
            let after = self.store.resource_settle(&ResourceSettle { id, outcome }).await?;
            let until = after.closing.as_ref().and_then(|closing| closing.until);
            tracing::error!(resource = %after.id, %fault, ?until, "nothing is asked of it for now");
            Ok(())
        })
        .await;
        true
    }

    fn at_fault(
        &self,
        place: Place<'_>,
        fault: &Fault,
        nuance: Option<Nuance>,
    ) -> Option<(ResourceId, Duration)> {
        let cooldowns = self.cooldowns;
        match fault.class {
            FaultClass::Auth => Some((place.key_id(), cooldowns.auth)),
            FaultClass::Billing if nuance == Some(Nuance::SubKey) => {
                Some((place.key_id(), cooldowns.billing))
            }
            FaultClass::Billing => Some((place.account_id(), cooldowns.billing)),
            FaultClass::RateLimit => {
                let asked_for = fault.retry_after.unwrap_or_default();
                Some((place.account_id(), cooldowns.rate_limit.max(asked_for)))
            }
            _ => None,
        }
    }

    /// Tells the store, if it listens: what it does not learn now it learns from the next call.
    async fn told(&self, telling: impl Future<Output = Result<(), StoreError>>) {
        tokio::select! {
            biased;
            told = telling => {
                if let Err(error) = told {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the health of a key could not be written");
                }
            }
            () = self.clock.sleep(SETTLE_LIMIT) => {
                tracing::warn!("the health of a key could not be written in time");
            }
        }
    }
}
