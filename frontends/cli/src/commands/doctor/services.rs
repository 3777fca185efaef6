//! Who renders and who writes prompts: models, keys, balances, callbacks.

use chrono::NaiveDate;
use neurocards::openai::{LanguageModel, OpenAi};
use neurocards::{Clock, FaultClass, SystemClock};

use super::Finding;
use crate::app::{App, catalogue};
use crate::config::{Config, Database, Public};

/// An account that lasts fewer days deserves a word.
const DAYS_LEAST: f64 = 3.0;

pub(super) fn renderer(config: &Config) -> Finding {
    match catalogue(config).resolve(None) {
        Ok(model) if config.serves(&model.provider) => {
            let clip = format!("with {}", model.id);
            let found = match config.kie.as_ref().map(|kie| kie.keys.len()) {
                None => format!("this machine renders {clip}, {} s a clip", model.seconds),
                Some(keys) => {
                    let plural = if keys == 1 { "" } else { "s" };
                    format!("KIE renders {clip}, {keys} key{plural}, {} s a clip", model.seconds)
                }
            };
            Finding::ok("renderer", found)
        }
        _ => Finding::fail("renderer", "no model can be used here", "Check KIE_MODEL and NEUROCARDS_MODELS."),
    }
}

/// Who writes prompts: which models leave and what follows them, and whether the service takes the key.
pub(super) async fn language_model(config: &Config) -> Vec<Finding> {
    let Some(openai) = &config.openai else {
        return vec![Finding::ok("prompts", "from offline templates: OPENAI_API_KEY is not set")];
    };
    let found = format!("asked of {}, offline templates behind it", openai.chain().join(", "));
    let today = SystemClock::new().now().date_naive();
    let leaving = openai.known_models().filter_map(|model| leaving(model, today));
    let mut findings: Vec<Finding> = std::iter::once(Finding::ok("prompts", found)).chain(leaving).collect();
    findings.push(listed(openai).await);
    findings
}

/// A model whose last day was announced.
fn leaving(model: &LanguageModel, today: NaiveDate) -> Option<Finding> {
    let (id, leaves) = (&model.id, model.leaves?);
    let found = match leaves <= today {
        true => format!("OpenAI does not serve {id} any more since {leaves}"),
        false => format!("OpenAI stops serving {id} on {leaves}"),
    };
    let mend = match &model.successor {
        Some(successor) => format!("Its successor is {successor}: set OPENAI_MODEL={successor}."),
        None => "Set OPENAI_MODEL to another one.".to_owned(),
    };
    Some(Finding::warn("prompts", found, mend))
}

/// Asks the service for its models: free.
async fn listed(openai: &OpenAi) -> Finding {
    let fault = match openai.listed().await {
        Ok(models) if openai.chain().iter().any(|model| models.contains(model)) => {
            return Finding::ok("prompts", "the language model answers");
        }
        Ok(_) => {
            let found = format!("the service does not list {}", openai.chain().join(", "));
            return Finding::warn("prompts", found, "Set OPENAI_MODEL to one that it has.");
        }
        Err(fault) => fault,
    };
    match fault.class {
        FaultClass::Auth => Finding::fail(
            "prompts",
            "the key of the language model is refused",
            "Make a new key and set OPENAI_API_KEY.",
        ),
        FaultClass::Billing => {
            let mend = "Top the account of the language model up; until then templates write.";
            Finding::warn("prompts", fault.to_string(), mend)
        }
        FaultClass::ModelUnavailable | FaultClass::InvalidInput => {
            Finding::ok("prompts", "the service does not tell which models it has")
        }
        _ => {
            Finding::warn("prompts", fault.to_string(), "Try again in a minute; until then templates write.")
        }
    }
}

/// Calls our own public address as KIE would: free.
pub(super) async fn reach(app: &App) -> Option<Finding> {
    let callbacks = app.callbacks.as_ref().filter(|callbacks| callbacks.is_public())?;
    let base = app.config.public.as_ref().map(Public::base).unwrap_or_default();
    let now = app.clock.now();
    Some(match callbacks.reach(app.attempt_id(), now).await {
        Ok(()) => Finding::ok("callbacks", format!("a call to {base} reaches a worker")),
        Err(error) => Finding::warn(
            "callbacks",
            format!("a call to {base} does not arrive: {error}"),
            "Start a worker with NEUROCARDS_HTTP_ADDR and the same NEUROCARDS_SECRET and KIE_WEBHOOK_HMAC_KEY, and \
             let the server at that address pass /callbacks/ on to it. Until then tasks are polled.",
        ),
    })
}

/// Whether KIE can call us, and what is weaker when it cannot.
pub(super) fn callbacks(config: &Config) -> Finding {
    let Some(public) = &config.public else {
        let found = match config.kie {
            Some(_) => "none: tasks are polled, and a submission whose answer is lost ends in a release",
            None => "not needed",
        };
        return Finding::ok("callbacks", found);
    };
    let found = format!("to {}", public.base());
    let shared = matches!(config.database, Database::Server(_)) && config.signing.is_none();
    if shared {
        let mend = "Set NEUROCARDS_SECRET to the same value on every machine.";
        return Finding::warn(
            "callbacks",
            format!("{found}, signed with this data folder's own secret"),
            mend,
        );
    }
    Finding::ok("callbacks", found)
}

/// Asks KIE about every key and every balance: free.
pub(super) async fn keys(app: &App) -> Vec<Finding> {
    let Some(kie) = &app.kie else { return Vec::new() };
    let mut findings = Vec::new();
    for check in kie.check_keys().await {
        let name = format!("key {} of {}", check.name, check.account);
        findings.push(match check.balance_milli {
            Ok(milli) if milli <= 0 => {
                Finding::warn("kie", format!("{name}: no KIE credits are left"), "Top the account up at KIE.")
            }
            Ok(milli) => {
                Finding::ok("kie", format!("{name}: {}.{:03} KIE credits", milli / 1_000, milli % 1_000))
            }
            Err(fault) if fault.class == FaultClass::Auth => Finding::fail(
                "kie",
                format!("{name} is refused"),
                "Make a new key at KIE and set KIE_API_KEY.",
            ),
            Err(fault) => Finding::warn("kie", format!("{name}: {fault}"), "Try again in a minute."),
        });
    }
    match kie.keys().await {
        Ok(accounts) => findings.extend(accounts.iter().filter_map(|account| {
            let days = account.days_left.filter(|days| *days < DAYS_LEAST)?;
            let found = format!("the balance of {} lasts {days:.1} days", account.name);
            Some(Finding::warn("kie", found, "Top the account up at KIE."))
        })),
        Err(error) => findings.push(Finding::failed("kie", &error.into())),
    }
    match kie.drift().await {
        Ok(drift) if drift.gone.is_empty() => findings.push(Finding::ok("models", "all are on KIE's list")),
        Ok(drift) => {
            let found = format!("not on KIE's list any more: {}", drift.gone.join(", "));
            findings.push(Finding::warn("models", found, "`neurocards models list --live` says more."));
        }
        Err(fault) => findings.push(Finding::warn("models", fault.to_string(), "Try again in a minute.")),
    }
    findings
}
