//! The check of a brief before money is spent on it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use neurocards_core::{
    Brief, BriefCheck, Checked, Fault, FaultClass, Objection, Photo, PromptUsage, Verdict,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::openai::OpenAi;
use crate::photo::data_url;
use crate::{moderation, vision};

/// So many verdicts are remembered; then all are forgotten.
const REMEMBERED: usize = 1_024;

/// The data file `check.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Questions {
    pub(crate) moderation: moderation::Data,
    pub(crate) vision: vision::Data,
}

pub(crate) static QUESTIONS: LazyLock<Questions> = LazyLock::new(|| {
    toml::from_str(include_str!("../check.toml")).expect("a test reads the built-in questions")
});

/// Looks at briefs by `/moderations` (texts and photo; free) and by one question about the photo to a model that sees
/// (a fraction of a cent): is there a person who could be recognised, or a logo of somebody else?
///
/// A service without `/moderations` is not asked for it again. When nobody can look, the brief passes, unless the check is
/// [`strict`](Self::strict). A verdict is remembered in this process, so that the videos of an order cost one look.
#[derive(Debug, Clone)]
pub struct OpenAiCheck {
    openai: OpenAi,
    strict: bool,
    allowed: BTreeSet<&'static str>,
    memory: Arc<Memory>,
}

/// The engine gives up a little later, and lets the brief pass then.
const LIMIT: Duration = Duration::from_secs(110);

type Looked = Arc<OnceCell<Verdict>>;

#[derive(Debug, Default)]
struct Memory {
    verdicts: Mutex<HashMap<[u8; 32], Looked>>,
    /// There is no `/moderations`.
    unmoderated: OnceCell<()>,
}

impl OpenAiCheck {
    /// A check that asks this service.
    pub fn new(openai: OpenAi) -> Self {
        Self { openai, strict: false, allowed: BTreeSet::new(), memory: Arc::default() }
    }

    /// Nothing passes unchecked: a service that cannot be asked ends the job, with what went wrong, and its credit goes
    /// back. By default the brief passes, because providers have filters of their own.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Lets through what would be objected to: people, for models that take them.
    #[must_use]
    pub fn allow(mut self, objection: Objection) -> Self {
        self.allowed.insert(objection.as_str());
        // What was refused may pass now.
        self.memory = Arc::default();
        self
    }

    fn objects_to(&self, objection: Objection) -> bool {
        !self.allowed.contains(objection.as_str())
    }

    fn remembered(&self, brief: &Brief) -> Looked {
        let mut hash = Sha256::new();
        let texts = [Some(&brief.photo.sha256), Some(&brief.description), brief.wishes.as_ref()];
        for text in texts.into_iter().chain([brief.own_prompt.as_ref()]) {
            hash.update(text.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
            hash.update(text.map_or("", String::as_str));
        }
        let mut verdicts = self.memory.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if verdicts.len() >= REMEMBERED {
            verdicts.clear();
        }
        verdicts.entry(hash.finalize().into()).or_default().clone()
    }

    /// Looks, and adds what it took to `usage`.
    ///
    /// # Errors
    /// A part of it could not be looked at, and the rest was clean.
    async fn look(
        &self,
        brief: &Brief,
        photo: &Photo,
        usage: &mut Option<PromptUsage>,
    ) -> Result<Verdict, Fault> {
        let url = data_url(photo.clone()).await?;
        let moderated = self.moderated(brief, &url).await;
        if let Ok(Some(objection)) = moderated {
            return Ok(Verdict::Refused(objection.fault(None)));
        }
        let seen = if self.objects_to(Objection::Person) || self.objects_to(Objection::Logo) {
            let (seen, took) = vision::look(&self.openai, url).await;
            *usage = Some(took).filter(|took| took.requests > 0);
            seen.map(|seen| seen.objection(|objection| self.objects_to(objection)))
        } else {
            Ok(None)
        };
        match seen {
            Ok(Some(fault)) => Ok(Verdict::Refused(fault)),
            Ok(None) => moderated.map(|_| Verdict::Clean),
            // The service's own word that the photo breaks its rules is an answer.
            Err(fault) if fault.class == FaultClass::UserViolation => Ok(Verdict::Refused(fault)),
            Err(fault) => Err(fault),
        }
    }

    async fn moderated(&self, brief: &Brief, url: &str) -> Result<Option<Objection>, Fault> {
        if self.memory.unmoderated.initialized() {
            return Ok(None);
        }
        match moderation::look(&self.openai, brief, url).await {
            Ok(found) => Ok(found.into_iter().find(|objection| self.objects_to(*objection))),
            Err(fault) if fault.class == FaultClass::ModelUnavailable => {
                tracing::info!(%fault, "the service has no moderation: it is not asked for any more");
                // Somebody else may have found out at the same time.
                let _ = self.memory.unmoderated.set(());
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }
}

fn late() -> Fault {
    Fault::new(FaultClass::Temporary, format!("no verdict within {} s", LIMIT.as_secs()))
}

#[async_trait]
impl BriefCheck for OpenAiCheck {
    async fn check(&self, brief: &Brief, photo: &Photo) -> Checked {
        let remembered = self.remembered(brief);
        let mut usage = None;
        // Who comes while somebody looks waits for what they see; a look that failed is not remembered.
        let looked = remembered.get_or_try_init(|| self.look(brief, photo, &mut usage));
        let looked = tokio::select! {
            looked = looked => looked,
            () = self.openai.clock().sleep(LIMIT) => Err(late()),
        };
        let verdict = match looked {
            Ok(verdict) => verdict.clone(),
            Err(fault) if self.strict => Verdict::Refused(fault),
            Err(fault) => Verdict::Unchecked(Some(fault)),
        };
        Checked { verdict, usage }
    }
}
