//! What a reply means.
//!
//! Servers that call themselves compatible differ most in how they complain: `error` may be an object, a word or a list,
//! it may come with status 200, and KIE.ai puts its own envelope (`code`, `msg`) there. The table below is read by code
//! first, then by status.

use neurocards_core::{Fault, FaultClass, Timestamp};
use serde_json::{Map, Value};

use crate::connection::{Connection, Reply};
use crate::dialect::{Dialect, Part};
use crate::models::Tokens;

/// One credit of KIE.ai, in millionths of a US dollar.
const KIE_CREDIT_MICRO_USD: f64 = 5_000.0;

/// What came of a question.
#[derive(Debug, PartialEq)]
pub(crate) enum Reading {
    /// The model answered, or stopped without an answer.
    Spoke(Spoken),
    /// The server does not take a part of the request.
    Refused(Part, Fault),
    /// It failed.
    Failed(Failure),
}

/// Why there is no reply of use.
#[derive(Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) fault: Fault,
    /// The same request may work later.
    pub(crate) again: bool,
}

/// What a model said, and what it took.
#[derive(Debug, PartialEq)]
pub(crate) struct Spoken {
    /// The model, as the server names it.
    pub(crate) model: Option<String>,
    pub(crate) tokens: Tokens,
    /// What the server says it charged, in millionths of a US dollar.
    pub(crate) charged: Option<u64>,
    pub(crate) content: Result<String, NoContent>,
}

/// Why there is no answer to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoContent {
    /// It ran out of tokens: a model that thinks may use up all of them first.
    Length,
    /// The service's filter took it away.
    Filter,
    /// The model says no.
    Refusal(String),
    /// Nothing.
    Empty,
}

/// Codes that mean: no money, or no more of it. Each comes with 429, which would otherwise mean "slower".
const BILLING: [&str; 6] = [
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "billing_hard_limit_reached",
];
/// The model is not there, or not for this account.
const NO_MODEL: [&str; 3] = ["model_not_found", "model_not_available", "invalid_model"];
/// The seller's words break the service's rules.
const VIOLATION: [&str; 1] = ["content_policy_violation"];
/// The key is not one.
const AUTH: [&str; 3] = ["invalid_api_key", "account_deactivated", "unsupported_country_region_territory"];

/// An error as servers write it.
#[derive(Debug, Default)]
struct Complaint {
    code: String,
    kind: String,
    param: Option<String>,
    message: String,
}

/// Reads a reply to a question that was put in `dialect`, with these parameters.
pub(crate) fn read(
    reply: &Reply,
    connection: &Connection,
    dialect: &Dialect,
    parameters: &Map<String, Value>,
    now: Timestamp,
) -> Reading {
    if (200..300).contains(&reply.status)
        && let Some(choice) = reply.body.pointer("/choices/0")
    {
        return Reading::Spoke(spoken(&reply.body, choice, connection));
    }
    let (complaint, status) = complaint(reply);
    let failure = failure(reply, connection, now);
    let about_the_request = matches!(status, 400 | 404 | 415 | 422)
        && !matches!(failure.fault.class, FaultClass::UserViolation | FaultClass::Billing)
        && complaint.code != "context_length_exceeded";
    if about_the_request {
        let words = format!("{} {}", complaint.message, complaint.code);
        if let Some(part) = dialect.refused(complaint.param.as_deref(), &words, parameters) {
            return Reading::Refused(part, failure.fault);
        }
    }
    Reading::Failed(failure)
}

/// Reads a reply that is not what was asked for. A wait that the server asks for stands in the fault.
pub(crate) fn failure(reply: &Reply, connection: &Connection, now: Timestamp) -> Failure {
    let (complaint, status) = complaint(reply);
    let class = complaint.class(status);
    let passing = matches!(class, FaultClass::Temporary | FaultClass::RateLimit);
    let certain = matches!(class, FaultClass::Billing | FaultClass::Auth | FaultClass::UserViolation);
    let fault = complaint.fault(class, status, reply, connection);
    Failure {
        fault: Fault { retry_after: reply.asked.wait(now), ..fault },
        again: !certain && reply.asked.again.unwrap_or(passing),
    }
}

/// What a server complains about, and the status that it means: an envelope inside a 200 has the true one.
fn complaint(reply: &Reply) -> (Complaint, u16) {
    let complaint = Complaint::read(&reply.body);
    let status = match reply.body.get("code").and_then(Value::as_u64) {
        Some(code) if reply.body.get("error").is_none() => u16::try_from(code).unwrap_or(reply.status),
        _ => match (reply.status, complaint.code.parse()) {
            (200..300, Ok(code)) => code,
            (status, _) => status,
        },
    };
    (complaint, status)
}

fn spoken(body: &Value, choice: &Value, connection: &Connection) -> Spoken {
    let count = |pointer| body.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let tokens = Tokens {
        input: count("/usage/prompt_tokens"),
        cached: count("/usage/prompt_tokens_details/cached_tokens"),
        output: count("/usage/completion_tokens"),
    };
    let credits = body.get("credits_consumed").and_then(Value::as_f64).filter(|credits| *credits >= 0.0);
    let text = content(choice.pointer("/message/content"));
    let refusal = choice.pointer("/message/refusal").and_then(Value::as_str).filter(|text| !text.is_empty());
    let finish = choice.get("finish_reason").and_then(Value::as_str);
    let content = match (refusal, finish) {
        (Some(refusal), _) => Err(NoContent::Refusal(connection.said(refusal))),
        (_, Some("content_filter")) => Err(NoContent::Filter),
        (_, Some("length")) => Err(NoContent::Length),
        _ if text.trim().is_empty() => Err(NoContent::Empty),
        _ => Ok(text),
    };
    Spoken {
        model: body.get("model").and_then(Value::as_str).filter(|name| is_name(name)).map(str::to_owned),
        tokens,
        // Rounded up: a float that is too large saturates.
        charged: credits.map(|credits| (credits * KIE_CREDIT_MICRO_USD).ceil() as u64),
        content,
    }
}

/// Whether it may be stored and shown as the name of a model.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | '@');
    (1..=100).contains(&name.len()) && name.chars().all(plain)
}

/// Text, whether it comes whole or in parts.
fn content(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}

impl Complaint {
    fn read(body: &Value) -> Self {
        let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
        let text = |value: Option<&Value>| match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(list @ Value::Array(_)) => list.to_string(),
            _ => String::new(),
        };
        let message =
            ["message", "msg", "detail", "error_description"].iter().map(|name| text(error.get(name)));
        let whole = if error.is_string() { text(Some(error)) } else { String::new() };
        Self {
            code: text(error.get("code")),
            kind: text(error.get("type")),
            param: error.get("param").and_then(Value::as_str).map(str::to_owned),
            message: message.chain([whole]).find(|text| !text.is_empty()).unwrap_or_default(),
        }
    }

    fn is(&self, codes: &[&str]) -> bool {
        codes.iter().any(|code| self.code == *code || self.kind == *code)
    }

    fn class(&self, status: u16) -> FaultClass {
        let about_model = self.message.to_lowercase().contains("model");
        if self.is(&BILLING) {
            FaultClass::Billing
        } else if self.is(&NO_MODEL) {
            FaultClass::ModelUnavailable
        } else if self.is(&VIOLATION) {
            FaultClass::UserViolation
        } else if self.is(&AUTH) {
            FaultClass::Auth
        } else {
            match status {
                402 | 433 => FaultClass::Billing,
                401 => FaultClass::Auth,
                403 if about_model => FaultClass::ModelUnavailable,
                403 => FaultClass::Auth,
                404 | 405 | 410 | 505 => FaultClass::ModelUnavailable,
                429 => FaultClass::RateLimit,
                408 | 409 | 425 | 455 | 500..=599 => FaultClass::Temporary,
                // A reply that is none: a page of somebody in between, or a redirect, which is not followed.
                200..=399 => FaultClass::Temporary,
                _ => FaultClass::InvalidInput,
            }
        }
    }

    fn fault(&self, class: FaultClass, status: u16, reply: &Reply, connection: &Connection) -> Fault {
        let said = connection.said(&self.message);
        let message = match (said.is_empty(), reply.is_page) {
            (false, _) => format!("HTTP {status}: {said}"),
            (true, true) => {
                format!("HTTP {status} with a page instead of an answer: is the base address right?")
            }
            (true, false) => format!("HTTP {status} without a word"),
        };
        let code = if self.code.is_empty() { &self.kind } else { &self.code };
        let code = if code.is_empty() { status.to_string() } else { connection.said(code) };
        Fault::new(class, message).with_code(code.chars().take(64).collect::<String>())
    }
}

#[cfg(test)]
mod tests;
