//! What comes back from KIE: an envelope whose `code` decides, not the HTTP status.

use std::time::Duration;

use neurocards_core::{Fault, FaultClass};
use serde::Deserialize;
use serde_json::Value;

use crate::classify::{Verdict, classify};

/// A longer Retry-After is cut: a job lives for an hour.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);
/// So much of a reply that is no envelope is told.
const SNIPPET_CHARS: usize = 120;

/// A reply with an envelope.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The envelope's code, as a text: it stands where a task's failCode stands.
    pub(crate) code: String,
    /// The envelope's message, without addresses and secrets.
    pub(crate) message: String,
    /// The payload; null when there is none.
    pub(crate) data: Value,
    pub(crate) retry_after: Option<Duration>,
}

/// Why there is no reply with an envelope.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Nothing left this machine: no address, no connection, no TLS.
    #[error("KIE cannot be reached: {reason}")]
    NotSent { reason: String },
    /// It left, wholly or in part, and no whole answer came.
    #[error("KIE did not answer: {reason}")]
    Broken { reason: String },
    /// Something answered that is not KIE's API: a proxy, a firewall, a page.
    #[error("not an answer of KIE's API (HTTP {http}): {snippet}")]
    Foreign { http: u16, snippet: String, retry_after: Option<Duration> },
}

#[derive(Deserialize)]
struct Envelope {
    code: Value,
    #[serde(default)]
    msg: Option<String>,
    #[serde(default)]
    data: Value,
}

impl Reply {
    /// Reads a body. `clean` takes secrets and addresses out of a text.
    pub(crate) fn read(
        http: u16,
        body: &[u8],
        retry_after: Option<&str>,
        clean: impl Fn(&str) -> String,
    ) -> Result<Self, CallError> {
        let retry_after = retry_after.and_then(|wait| wait.trim().parse().ok()).map(Duration::from_secs);
        let retry_after = retry_after.map(|wait| wait.min(LONGEST_RETRY_AFTER));
        let envelope = serde_json::from_slice::<Envelope>(body).ok();
        let coded = envelope.and_then(|envelope| {
            let code = match &envelope.code {
                Value::Number(code) => code.to_string(),
                Value::String(code) if !code.is_empty() => code.clone(),
                _ => return None,
            };
            Some((code, envelope))
        });
        match coded {
            Some((code, envelope)) => {
                let message = clean(&envelope.msg.unwrap_or_default());
                Ok(Self { code, message, data: envelope.data, retry_after })
            }
            None => {
                let text = clean(&String::from_utf8_lossy(body));
                let snippet = text.chars().take(SNIPPET_CHARS).collect();
                Err(CallError::Foreign { http, snippet, retry_after })
            }
        }
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.code == "200"
    }

    /// What a refusal means.
    pub(crate) fn verdict(&self) -> Verdict {
        let mut verdict = classify(&self.message, Some(&self.code));
        verdict.fault.retry_after = self.retry_after;
        verdict
    }

    /// The payload of a success.
    pub(crate) fn into_data(self) -> Result<Value, Verdict> {
        if self.is_ok() { Ok(self.data) } else { Err(self.verdict()) }
    }
}

impl CallError {
    /// What it means. A firewall's refusal is definite; of a page nobody knows what stands behind it.
    pub(crate) fn verdict(&self) -> Verdict {
        let Self::Foreign { http, snippet, retry_after } = self else {
            let refused = matches!(self, Self::NotSent { .. });
            let fault = Fault::new(FaultClass::Temporary, self.to_string()).with_code("network");
            return Verdict { fault, nuance: None, refused, known: true };
        };
        let firewall = *http == 403 && snippet.to_ascii_lowercase().contains("error code: 1010");
        let (class, refused) = match http {
            // It names our User-Agent, not our key.
            403 if firewall => (FaultClass::InvalidInput, true),
            429 => (FaultClass::RateLimit, true),
            401 => (FaultClass::Auth, false),
            402 => (FaultClass::Billing, false),
            400 | 404 | 405 | 413 | 414 | 415 | 422 => (FaultClass::InvalidInput, false),
            _ => (FaultClass::Temporary, false),
        };
        let mut fault = Fault::new(class, self.to_string()).with_code(format!("http_{http}"));
        fault.retry_after = *retry_after;
        Verdict { fault, nuance: None, refused, known: true }
    }
}

impl From<CallError> for Fault {
    /// For calls that cost nothing: they may all be made again.
    fn from(error: CallError) -> Self {
        error.verdict().fault
    }
}
