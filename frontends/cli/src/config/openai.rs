//! The language model that writes prompts.

use std::sync::Arc;
use std::time::Duration;

use neurocards::openai::{OpenAi, OpenAiBuilder};
use neurocards::{Clock, Entropy};
use secrecy::SecretString;

use super::{Settings, hurried, plain, refused};
use crate::failure::Failure;

/// How long one answer, and the whole of a question, may take in a simulation, by its own clock.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);
const WHOLE_LIMIT: Duration = Duration::from_secs(100);

/// A language model, where one was set up.
///
/// A key is enough for OpenAI's own service; a server on this machine often needs an address and no key.
pub(super) fn read(settings: &Settings) -> Result<Option<OpenAi>, Failure> {
    builder(settings)?.map(built).transpose()
}

/// The same by another clock, which may run faster.
pub(super) fn simulated(
    settings: &Settings,
    clock: &Arc<dyn Clock>,
    speed: u32,
) -> Result<Option<OpenAi>, Failure> {
    let hurry = |builder: OpenAiBuilder| {
        let builder = builder.time_and_chance(clock.clone(), Entropy::from_os());
        built(builder.time_limits(hurried(REQUEST_LIMIT, speed), WHOLE_LIMIT))
    };
    builder(settings)?.map(hurry).transpose()
}

fn builder(settings: &Settings) -> Result<Option<OpenAiBuilder>, Failure> {
    let key = settings.key_list("OPENAI_API_KEY");
    // Several keys are a habit of the predecessor; one service takes one.
    let key = key.split(',').map(str::trim).find(|key| !key.is_empty());
    let base = settings.text("OPENAI_BASE_URL")?;
    if key.is_none() && base.is_none() {
        return Ok(None);
    }
    let mut builder = OpenAi::builder();
    if let Some(key) = key {
        plain::check(settings, "OPENAI_BASE_URL", base.unwrap_or_default())?;
        builder = builder.key(SecretString::from(key));
    }
    if let Some(base) = base {
        builder = builder.base_url(base);
    }
    for model in settings.text("OPENAI_MODEL")?.unwrap_or_default().split(',') {
        if !model.trim().is_empty() {
            builder = builder.model(model.trim());
        }
    }
    if let Some(proxy) = settings.text("OPENAI_PROXY")? {
        builder = builder.proxy(SecretString::from(proxy));
    }
    if let Some(organization) = settings.text("OPENAI_ORG_ID")? {
        builder = builder.organization(organization);
    }
    if let Some(project) = settings.text("OPENAI_PROJECT_ID")? {
        builder = builder.project(project);
    }
    Ok(Some(builder))
}

fn built(builder: OpenAiBuilder) -> Result<OpenAi, Failure> {
    builder.build().map_err(|error| {
        let hint = "Check OPENAI_BASE_URL (https://…/v1), OPENAI_API_KEY and OPENAI_PROXY.";
        refused("the language model", &format!("cannot be set up: {error}"), hint)
    })
}

/// `NEUROCARDS_PRECHECK`: whether the language model looks at photo and texts before a paid render. On by default; an
/// answer that does not come stops nothing.
pub(super) fn precheck(settings: &Settings) -> Result<bool, Failure> {
    match settings.text("NEUROCARDS_PRECHECK")? {
        None | Some("on") => Ok(true),
        Some("off") => Ok(false),
        Some(_) => Err(refused("NEUROCARDS_PRECHECK", "is neither on nor off", "Leave it out, or say off.")),
    }
}
