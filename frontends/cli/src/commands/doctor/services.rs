//! Who renders and who writes prompts: models, keys, balances, callbacks.

use neurocards::FaultClass;

use super::Finding;
use crate::app::{App, catalogue};
use crate::config::{Config, Database};

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

pub(super) fn language_model(config: &Config) -> Vec<Finding> {
    let Some(openai) = &config.openai else {
        return vec![Finding::ok("prompts", "from offline templates: OPENAI_API_KEY is not set")];
    };
    vec![Finding::ok(
        "prompts",
        format!("asked of {}, offline templates behind it", openai.chain().join(", ")),
    )]
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
                Finding::warn("kie", format!("{name}: no credits are left"), "Top the account up at KIE.")
            }
            Ok(milli) => {
                Finding::ok("kie", format!("{name}: {}.{:03} credits", milli / 1_000, milli % 1_000))
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
