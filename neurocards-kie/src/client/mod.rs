//! KIE's HTTP API: what its wire looks like, and nothing of what we do with it.
//!
//! Only [`KieClient::submit`] costs anything. Bodies and times are bounded; nothing is sent twice, followed or retried
//! behind the caller's back. Keys stand in one header and nowhere else.

mod account;
mod key;
mod models;
mod reply;
mod tasks;
#[cfg(test)]
mod tests;
mod transport;
mod uploads;

use std::time::Duration;

use neurocards_core::{Fault, FaultClass};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

pub use key::KieKey;
pub use models::{LiveModel, SuccessRate};
pub(crate) use reply::{CallError, Reply};
pub(crate) use tasks::PaidCall;
pub use transport::TlsError;
pub(crate) use transport::{plain_client, reason};
pub use uploads::UPLOAD_LIFE;

use transport::Transport;

/// The API's own host.
pub const API_BASE: &str = "https://api.kie.ai";
/// The host that takes files. Another one than the API's.
pub const UPLOAD_BASE: &str = "https://kieai.redpandaai.co";

/// The paid call.
pub(crate) const PAID_LIMIT: Duration = Duration::from_secs(60);
/// A question.
pub(crate) const FREE_LIMIT: Duration = Duration::from_secs(20);

/// A client of KIE's API.
#[derive(Debug, Clone)]
pub struct KieClient {
    transport: Transport,
    api: Url,
    uploads: Url,
}

/// Why a base address cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// It is no http or https address, or it has a user, a query or a fragment.
    #[error("the {what} is not an address of the form https://host or http://host:port")]
    Address {
        /// Which one: `API address` or `upload address`.
        what: &'static str,
    },
    /// No client can be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl KieClient {
    /// A client of the API and the upload host at these addresses; [`API_BASE`] and [`UPLOAD_BASE`] are KIE's own.
    ///
    /// # Errors
    /// An address cannot be used, or this machine has no certificates to trust.
    pub fn new(api: &str, uploads: &str) -> Result<Self, ClientError> {
        Self::with_limits(api, uploads, PAID_LIMIT, FREE_LIMIT)
    }

    pub(crate) fn with_limits(
        api: &str,
        uploads: &str,
        paid: Duration,
        free: Duration,
    ) -> Result<Self, ClientError> {
        let api = base(api).ok_or(ClientError::Address { what: "API address" })?;
        let uploads = base(uploads).ok_or(ClientError::Address { what: "upload address" })?;
        Ok(Self { transport: Transport::new(paid, free)?, api, uploads })
    }

    /// The address of an endpoint of the API.
    fn api(&self, path: &str) -> Url {
        below(&self.api, path)
    }
}

fn base(text: &str) -> Option<Url> {
    let url = Url::parse(text.trim()).ok()?;
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (matches!(url.scheme(), "http" | "https") && url.has_host() && plain).then_some(url)
}

/// Endpoints lie below the base's own path. A slash in a model's id is no `%2F` to KIE.
fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let root = base.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{root}{path}"));
    url
}

/// A payload of the wanted form.
fn payload<T: DeserializeOwned>(data: Value) -> Result<T, Fault> {
    serde_json::from_value(data)
        .map_err(|_| Fault::new(FaultClass::Temporary, "KIE answered in a form that we do not know"))
}

/// The payload of a call that costs nothing.
fn answered<T: DeserializeOwned>(reply: Result<Reply, CallError>) -> Result<T, Fault> {
    payload(reply?.into_data().map_err(|verdict| verdict.fault)?)
}

/// Credits are a float on the wire and thousandths of one inside. `None` for what is no amount.
pub(crate) fn milli_credits(credits: f64) -> Option<i64> {
    let milli = (credits * 1_000.0).round();
    // Up to 2^53 a float holds every whole number.
    (milli.abs() < 9e15).then_some(milli as i64)
}
