//! A look at a brief before money is spent on it.

use super::turn::CALL_LIMIT;
use super::{Engine, OrderError, OrderRequest, Parts};
use crate::brief::Brief;
use crate::check::{BriefCheck, Checked, Verdict};
use crate::fault::{Fault, FaultClass};
use crate::metering::{self, Counts};
use crate::photo::Photo;
use crate::provider::VideoProvider;

impl Engine {
    /// Looks at what an order would be about, without placing it: for frontends that want to tell a seller before
    /// they confirm. Nothing is stored or held. An order is checked again when it is carried out, so nothing depends on
    /// this.
    ///
    /// # Errors
    /// As [`Engine::plan`].
    pub async fn check(&self, request: &OrderRequest) -> Result<Verdict, OrderError> {
        let plan = self.plan(request)?;
        let provider = self.parts.provider(&plan.model.provider);
        Ok(match (&self.parts.check, provider) {
            (Some(check), Some(provider)) if !provider.capabilities().free => {
                self.parts.look(check.as_ref(), provider.name(), &plan.brief, &request.photo).await
            }
            _ => Verdict::Unchecked(None),
        })
    }
}

impl Parts {
    /// Why a brief must not be rendered by this provider; `None` also when nobody can say.
    pub(super) async fn objection(&self, provider: &dyn VideoProvider, brief: &Brief) -> Option<Fault> {
        let check = self.check.as_deref().filter(|_| !provider.capabilities().free)?;
        // A photo that is away or damaged is told at the upload.
        let photo = self.media.kept_photo(&brief.photo.sha256).await.ok()?;
        match self.look(check, provider.name(), brief, &photo).await {
            Verdict::Refused(fault) => Some(fault),
            Verdict::Clean | Verdict::Unchecked(_) => None,
        }
    }

    async fn look(&self, check: &dyn BriefCheck, provider: &str, brief: &Brief, photo: &Photo) -> Verdict {
        let began = self.clock.monotonic();
        let Checked { verdict, usage } = tokio::select! {
            checked = check.check(brief, photo) => checked,
            () = self.clock.sleep(CALL_LIMIT) => {
                let message = format!("no verdict within {} s", CALL_LIMIT.as_secs());
                Verdict::Unchecked(Some(Fault::new(FaultClass::Temporary, message))).into()
            }
        };
        metering::language_model_used(usage.as_ref());
        let took = self.clock.monotonic().saturating_sub(began);
        metering::provider_called((provider, "check"), verdict.counts_as(), took);
        if let Verdict::Unchecked(Some(fault)) = &verdict {
            tracing::warn!(%fault, "a brief was not checked");
        }
        verdict
    }
}
