//! What the service tells without being asked. Nothing signs it, so anybody may tell the same.

use bytes::Bytes;
use serde_json::Value;

use crate::call::Call;
use crate::journal::{Ending, Exchange, Journal};
use crate::post::post;

/// A notification about a payment, as the service would send it now, or as somebody forges it. Sent twice, it is a
/// duplicate.
#[derive(Debug, Clone)]
pub struct Hint {
    pub(crate) body: Value,
    pub(crate) raw: Option<Bytes>,
    pub(crate) journal: Journal,
    pub(crate) at_ms: i64,
}

impl Hint {
    /// Changes what it says.
    #[must_use]
    pub fn edit(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.body);
        self
    }

    /// Any bytes as the body.
    #[must_use]
    pub fn raw(mut self, body: impl Into<Bytes>) -> Self {
        self.raw = Some(body.into());
        self
    }

    /// Sends it to an address on this machine; the HTTP status of the answer, or `None` when there was none.
    pub async fn send(&self, url: &str) -> Option<u16> {
        let exchange = Exchange {
            method: "POST".to_owned(),
            callback: Some(url.to_owned()),
            task: self.body["object"]["id"].as_str().map(str::to_owned),
            request: self.body.clone(),
            ..Exchange::new(Call::Callback, self.at_ms)
        };
        let open = self.journal.open(exchange);
        let body = self.raw.clone().unwrap_or_else(|| self.body.to_string().into());
        let status = post(url, &[], body).await;
        open.end(if status.is_some() { Ending::Answered } else { Ending::Lost }, status, None);
        status
    }
}
