//! One request, one answer: nothing is repeated, followed or kept here.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use neurocards_core::TillError;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::said::said;
use crate::settings::YookassaError;
use crate::wire::{Pending, Refusal};

/// A longer answer is not read to its end. A payment has one or two kilobytes.
const ANSWER_MAX_BYTES: usize = 256 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(6);
/// Nobody is believed who asks to wait for longer.
const LONGEST_ASKED: Duration = Duration::from_secs(3_600);
/// A request that was carried out before under this key, for something else.
const OTHER_REQUEST: &str = "Idempotence-Key";

/// A shop at a server. `Debug` shows neither shop nor secret.
pub(crate) struct Connection {
    http: Client,
    base: Url,
    shop: String,
    secret: SecretString,
    limit: Duration,
}

/// Where and as whom to connect.
pub(crate) struct Route<'a> {
    pub(crate) base_url: &'a str,
    pub(crate) shop: &'a str,
    pub(crate) secret: SecretString,
    pub(crate) limit: Duration,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Connection {
    pub(crate) fn new(route: Route<'_>) -> Result<Self, YookassaError> {
        let base = base(route.base_url)?;
        let secret = route.secret.expose_secret();
        if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(YookassaError::Secret);
        }
        // Whoever came first has chosen; both are fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("neurocards/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            // Only what is configured: never what the environment says.
            .no_proxy();
        let http = client.build().map_err(|source| YookassaError::Client { source: source.without_url() })?;
        Ok(Self { http, base, shop: route.shop.to_owned(), secret: route.secret, limit: route.limit })
    }

    /// Posts JSON under a key: the same key with the same body is the same request.
    ///
    /// # Errors
    /// After [`TillError::Away`] it may have been carried out.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &impl Serialize,
    ) -> Result<T, TillError> {
        let body = serde_json::to_vec(body).map_err(|error| refused(error.to_string()))?;
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request.header("Idempotence-Key", key).header(CONTENT_TYPE, "application/json");
        self.exchange(request.body(body)).await
    }

    /// Reads what lies below the base address.
    ///
    /// # Errors
    /// See [`TillError`].
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, TillError> {
        self.exchange(self.http.get(format!("{}{path}", self.base))).await
    }

    async fn exchange<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, TillError> {
        let request = request.basic_auth(&self.shop, Some(self.secret.expose_secret())).timeout(self.limit);
        let mut answer = request.send().await.map_err(|error| self.broken(error))?;
        let (status, asked) = (answer.status().as_u16(), retry_after(answer.headers()));
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| self.broken(error))? {
            if body.len() + piece.len() > ANSWER_MAX_BYTES {
                return Err(away("the answer is too long", None));
            }
            body.extend_from_slice(&piece);
        }
        if status != 200 {
            return Err(self.fault(status, asked, &body));
        }
        // It may have been carried out: only reading it again tells.
        serde_json::from_slice(&body).map_err(|_| away("the answer cannot be read", None))
    }

    /// What an answer other than 200 means.
    fn fault(&self, status: u16, asked: Option<Duration>, body: &[u8]) -> TillError {
        let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
        let parameter = refusal.parameter.as_deref();
        let words = [Some(refusal.code.as_str()), Some(refusal.description.as_str()), parameter];
        let words: Vec<&str> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
        let why = said(&format!("{status} {}", words.join(": ")), self.secret.expose_secret());
        match status {
            401 | 403 => TillError::Auth { why },
            202 => {
                let pending: Pending = serde_json::from_slice(body).unwrap_or_default();
                let after = pending.retry_after.map(Duration::from_millis);
                away(why, after.map(|after| after.min(LONGEST_ASKED)).or(asked))
            }
            400 | 404 | 405 | 415 | 422 => {
                if parameter == Some(OTHER_REQUEST) {
                    tracing::warn!(why, "something else was asked for under this key before");
                }
                TillError::Refused { why }
            }
            // A redirect, a gateway's page, too many requests, a fault of theirs: nobody knows what was done.
            _ => away(why, asked),
        }
    }

    fn broken(&self, error: reqwest::Error) -> TillError {
        if error.is_timeout() && !error.is_connect() {
            return away(format!("no answer within {} s", self.limit.as_secs()), None);
        }
        let what = if error.is_connect() { "no connection" } else { "the connection broke" };
        let error = error.without_url();
        let mut cause: &dyn Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        away(format!("{what}: {}", said(&cause.to_string(), self.secret.expose_secret())), None)
    }
}

fn away(why: impl Into<String>, after: Option<Duration>) -> TillError {
    TillError::Away { why: why.into(), after }
}

pub(crate) fn refused(why: impl Into<String>) -> TillError {
    TillError::Refused { why: why.into() }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_ASKED))
}

/// The base address with one slash at its end.
fn base(text: &str) -> Result<Url, YookassaError> {
    let bad = |problem| YookassaError::Address { what: "the base address", problem };
    let base = Url::parse(&format!("{}/", text.trim().trim_end_matches('/')));
    let base = base.map_err(|_| bad("it is no address"))?;
    if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
        Err(bad("it does not begin with https:// or http://"))
    } else if !base.username().is_empty() || base.password().is_some() {
        Err(bad("it has a user name or a password in it"))
    } else if base.query().is_some() || base.fragment().is_some() {
        Err(bad("it has a query or a fragment"))
    } else {
        Ok(base)
    }
}
