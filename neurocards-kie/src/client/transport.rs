//! One request, one answer, with limits on everything.

use std::error::Error;
use std::time::Duration;

use bytes::BytesMut;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response};
use url::Url;

use super::key::KieKey;
use super::reply::{CallError, Reply};
use crate::redact::redact;

/// KIE's firewall refuses the default of HTTP libraries with a text that looks like a bad key.
pub(crate) const USER_AGENT: &str = concat!("neurocards/", env!("CARGO_PKG_VERSION"));
/// A connection that does not come about by then never left.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Most bytes of an answer. The catalogue of all models is the longest.
const REPLY_MAX_BYTES: usize = 4 * 1024 * 1024;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The two ways out: one for what costs money, one for what does not.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    paid: reqwest::Client,
    free: reqwest::Client,
}

/// Why no client can be made: the system has no certificates to trust.
#[derive(Debug, thiserror::Error)]
#[error("no HTTPS client can be made on this machine")]
pub struct TlsError(#[from] reqwest::Error);

impl Transport {
    pub(crate) fn new(paid_limit: Duration, free_limit: Duration) -> Result<Self, TlsError> {
        // A reused connection may make the library below send a request twice.
        let paid = plain_client().timeout(paid_limit).pool_max_idle_per_host(0);
        let free = plain_client().timeout(free_limit);
        let built = |builder: reqwest::ClientBuilder| builder.build().map_err(TlsError::from);
        Ok(Self { paid: built(paid)?, free: built(free)? })
    }

    /// A request that costs money: it leaves at most once.
    pub(crate) async fn pay(&self, key: &KieKey, to: Url, json: String) -> Result<Reply, CallError> {
        send(self.paid.post(to).body(json), key).await
    }

    pub(crate) async fn get(&self, key: &KieKey, from: Url) -> Result<Reply, CallError> {
        send(self.free.request(Method::GET, from), key).await
    }

    pub(crate) async fn post(&self, key: &KieKey, to: Url, json: String) -> Result<Reply, CallError> {
        send(self.free.post(to).body(json), key).await
    }

    /// A form with a file. The limit is its own: a photo takes longer than a question.
    pub(crate) async fn post_form(
        &self,
        key: &KieKey,
        to: Url,
        form: reqwest::multipart::Form,
        limit: Duration,
    ) -> Result<Reply, CallError> {
        exchange(self.free.post(to).timeout(limit).multipart(form), key).await
    }
}

/// What all our clients have in common: no retries, no redirects, no proxy from the environment, HTTP/1.1.
pub(crate) fn plain_client() -> reqwest::ClientBuilder {
    // Whoever embeds us may have chosen a provider already; then that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .http1_only()
        .connect_timeout(CONNECT_LIMIT)
}

/// KIE wants the content type on every request, those without a body included.
async fn send(request: RequestBuilder, key: &KieKey) -> Result<Reply, CallError> {
    exchange(request.header(CONTENT_TYPE, JSON), key).await
}

async fn exchange(request: RequestBuilder, key: &KieKey) -> Result<Reply, CallError> {
    let not_sent = |_| CallError::NotSent { reason: "the key cannot stand in a header".to_owned() };
    let mut bearer = HeaderValue::try_from(format!("Bearer {}", key.expose())).map_err(not_sent)?;
    bearer.set_sensitive(true);
    let sent = request.header(AUTHORIZATION, bearer).header(ACCEPT, JSON).send().await;
    let mut response = sent.map_err(failed)?;
    let http = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.map(str::to_owned);
    let body = body_of(&mut response).await?;
    Reply::read(http, &body, retry_after.as_deref(), |text| redact(text, &[key.expose()]))
}

async fn body_of(response: &mut Response) -> Result<BytesMut, CallError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > REPLY_MAX_BYTES {
            return Err(CallError::Broken { reason: "the answer has no end".to_owned() });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Only a connection that did not come about proves that nothing left.
fn failed(error: reqwest::Error) -> CallError {
    let reason = reason(&error);
    if error.is_connect() || error.is_builder() {
        CallError::NotSent { reason }
    } else {
        CallError::Broken { reason }
    }
}

/// The innermost cause, without addresses: it is the one that says something.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return if error.is_connect() { "no connection in time" } else { "no answer in time" }.to_owned();
    }
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    redact(&cause.to_string(), &[])
}
