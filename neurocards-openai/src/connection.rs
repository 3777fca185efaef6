//! One request, one reply: nothing is repeated, followed or kept here.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use neurocards_core::{Fault, FaultClass};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Proxy, RequestBuilder, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use crate::said::said;
use crate::settings::OpenAiError;
use crate::wait::Asked;

/// A longer reply is not read to its end. An answer has a few kilobytes.
const REPLY_MAX_BYTES: usize = 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server, and how it is reached. `Debug` shows neither key nor proxy.
pub(crate) struct Connection {
    http: Client,
    base: Url,
    key: Option<SecretString>,
}

/// Where and as whom to connect.
#[derive(Debug)]
pub(crate) struct Route<'a> {
    pub(crate) base_url: &'a str,
    pub(crate) key: Option<&'a SecretString>,
    pub(crate) organization: Option<&'a str>,
    pub(crate) project: Option<&'a str>,
    pub(crate) proxy: Option<&'a SecretString>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// What the server asks of whoever wants to try again.
    pub(crate) asked: Asked,
    /// JSON, or nothing when it was none.
    pub(crate) body: serde_json::Value,
    /// The body began with a tag: a page of a proxy or a wrong address.
    pub(crate) is_page: bool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Connection {
    pub(crate) fn new(route: &Route<'_>) -> Result<Self, OpenAiError> {
        let base = base(route.base_url)?;
        let mut headers = HeaderMap::new();
        let mut header = |name: HeaderName, value: Option<String>, what| {
            let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(()) };
            let mut value = HeaderValue::try_from(value).map_err(|_| OpenAiError::Header { what })?;
            value.set_sensitive(true);
            headers.insert(name, value);
            Ok(())
        };
        let bearer = route.key.map(|key| format!("Bearer {}", key.expose_secret()));
        header(AUTHORIZATION, bearer, "the key")?;
        let organization = route.organization.map(str::to_owned);
        header(HeaderName::from_static("openai-organization"), organization, "the organization")?;
        let project = route.project.map(str::to_owned);
        header(HeaderName::from_static("openai-project"), project, "the project")?;

        // Whoever came first has chosen; both are fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .user_agent(concat!("neurocards/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .retry(retry::never());
        let client = match route.proxy {
            // Only what is configured: never what the environment says.
            None => client.no_proxy(),
            Some(address) => client.proxy(proxy(address)?),
        };
        let http = client.build().map_err(|source| OpenAiError::Client { source: source.without_url() })?;
        Ok(Self { http, base, key: route.key.cloned() })
    }

    /// Whether this is the service whose models and prices are known.
    pub(crate) fn is_openai(&self) -> bool {
        self.base.host_str() == Some("api.openai.com")
    }

    /// Posts JSON to a path below the base address.
    ///
    /// # Errors
    /// No reply came, or none that can be read. The request may have been carried out, and charged.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &impl Serialize,
        limit: Duration,
    ) -> Result<Reply, Fault> {
        let address = format!("{}{path}", self.base);
        let body = serde_json::to_vec(body)
            .map_err(|error| Fault::new(FaultClass::InvalidInput, error.to_string()))?;
        let request = self.http.post(address).header(CONTENT_TYPE, "application/json").body(body);
        self.exchange(request, limit).await
    }

    /// Asks for what lies below the base address.
    ///
    /// # Errors
    /// No reply came, or none that can be read.
    pub(crate) async fn get(&self, path: &str, limit: Duration) -> Result<Reply, Fault> {
        self.exchange(self.http.get(format!("{}{path}", self.base)), limit).await
    }

    async fn exchange(&self, request: RequestBuilder, limit: Duration) -> Result<Reply, Fault> {
        let mut reply = request.timeout(limit).send().await.map_err(|error| self.broken(error, limit))?;
        let status = reply.status().as_u16();
        let asked = Asked::of(reply.headers());
        let mut body = Vec::new();
        while let Some(piece) = reply.chunk().await.map_err(|error| self.broken(error, limit))? {
            if body.len() + piece.len() > REPLY_MAX_BYTES {
                return Err(Fault::new(FaultClass::Temporary, "the reply has more than 1 MiB"));
            }
            body.extend_from_slice(&piece);
        }
        let is_page = body.trim_ascii_start().starts_with(b"<");
        Ok(Reply { status, asked, body: serde_json::from_slice(&body).unwrap_or_default(), is_page })
    }

    /// What a server said, without secrets.
    pub(crate) fn said(&self, text: &str) -> String {
        said(text, self.key.as_ref().map(|key| key.expose_secret()))
    }

    fn broken(&self, error: reqwest::Error, limit: Duration) -> Fault {
        if error.is_timeout() && !error.is_connect() {
            return Fault::new(FaultClass::Temporary, format!("no answer within {} s", limit.as_secs()));
        }
        let what = if error.is_connect() { "no connection" } else { "the connection broke" };
        let error = error.without_url();
        let mut cause: &dyn Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Fault::new(FaultClass::Temporary, format!("{what}: {}", self.said(&cause.to_string())))
    }
}

/// The base address with one slash at its end.
fn base(text: &str) -> Result<Url, OpenAiError> {
    let base = Url::parse(&format!("{}/", text.trim().trim_end_matches('/')));
    let base = base.map_err(|source| OpenAiError::BaseUrl { problem: source.to_string() })?;
    let problem = if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
        "it does not begin with https:// or http://"
    } else if !base.username().is_empty() || base.password().is_some() {
        "it has a user name or a password in it"
    } else if base.query().is_some() || base.fragment().is_some() {
        "it has a query or a fragment"
    } else {
        return Ok(base);
    };
    Err(OpenAiError::BaseUrl { problem: problem.to_owned() })
}

fn proxy(address: &SecretString) -> Result<Proxy, OpenAiError> {
    let address = Url::parse(address.expose_secret().trim()).map_err(|_| OpenAiError::Proxy)?;
    let known = matches!(address.scheme(), "http" | "https" | "socks5" | "socks5h");
    if !known || address.host_str().is_none_or(str::is_empty) {
        return Err(OpenAiError::Proxy);
    }
    // The source of the error would show the address, and with it the password.
    Proxy::all(address).map_err(|_| OpenAiError::Proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_is_tolerant_and_holds_no_secrets() {
        let check = |text: &str, expect: Option<&str>| {
            assert_eq!(base(text).ok().as_ref().map(Url::as_str), expect, "{text}");
        };
        check("https://api.openai.com/v1", Some("https://api.openai.com/v1/"));
        check(" https://api.openai.com/v1/ ", Some("https://api.openai.com/v1/"));
        check("http://127.0.0.1:11434/v1//", Some("http://127.0.0.1:11434/v1/"));
        check("https://api.kie.ai/gpt-5-2/v1", Some("https://api.kie.ai/gpt-5-2/v1/"));
        check("api.openai.com/v1", None);
        check("ftp://api.openai.com/v1", None);
        check("https://user:canary@example.com/v1", None);
        check("https://example.com/v1?key=canary", None);
        check("", None);
        for text in ["https://user:canary@example.com/v1", "https://exa mple/canary", "canary://x"] {
            assert!(!format!("{:?} {}", base(text), base(text).unwrap_err()).contains("canary"), "{text}");
        }
    }

    #[test]
    fn a_proxy_is_one_of_four_kinds_and_is_never_shown() {
        let check = |address: &str, expect: bool| {
            let answer = proxy(&address.to_owned().into());
            assert_eq!(answer.is_ok(), expect, "{address}");
            if let Err(error) = answer {
                assert!(!format!("{error:?} {error}").contains("canary"));
            }
        };
        for scheme in ["http", "https", "socks5", "socks5h"] {
            check(&format!("{scheme}://user:canary@proxy.example:8080"), true);
        }
        check("proxy.example:8080", false);
        check("socks4://user:canary@proxy.example", false);
        check("file:///canary", false);
        check("", false);
    }

    #[test]
    fn nothing_of_a_connection_is_shown_but_its_address() {
        let key = SecretString::from("canary-key");
        let proxy = SecretString::from("http://user:canary-password@127.0.0.1:1");
        let route = Route {
            base_url: "https://api.openai.com/v1",
            key: Some(&key),
            organization: Some("org-canary"),
            project: Some("proj_canary"),
            proxy: Some(&proxy),
        };
        let connection = Connection::new(&route).unwrap();
        let shown = format!("{route:?} {connection:?}");
        assert!(shown.contains("api.openai.com"));
        assert!(!shown.contains("canary-"), "{shown}");
        let bad = SecretString::from("canary-key\n");
        let error = Connection::new(&Route { key: Some(&bad), ..route }).unwrap_err();
        assert_eq!(error.to_string(), "the key has characters that cannot be sent");
    }
}
