//! Where to ask, as whom, and how.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{Clock, Entropy, SystemClock};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::connection::{Connection, Route};
use crate::models::LanguageModels;
use crate::openai::OpenAi;

/// Collects what an [`OpenAi`] needs. Everything has a default; without a key, requests go out without one, which is
/// what servers on this machine expect.
pub struct OpenAiBuilder {
    base_url: String,
    key: Option<SecretString>,
    organization: Option<String>,
    project: Option<String>,
    proxy: Option<SecretString>,
    asked_models: Vec<String>,
    models: LanguageModels,
    limits: Limits,
    parameters: Map<String, Value>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
}

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Tokens of an answer, thinking included.
    pub(crate) tokens: u32,
    /// Requests for one prompt that may fail or bring nothing of use.
    pub(crate) tries: u32,
    /// For one request.
    pub(crate) request: Duration,
    /// For all requests for one prompt, waits included.
    pub(crate) whole: Duration,
}

/// Why nothing can be asked with these settings. No request was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenAiError {
    /// The base address is none. It is not repeated here: it may hold a secret by mistake.
    #[error("the base address cannot be used: {problem}")]
    BaseUrl {
        /// What is wrong with it.
        problem: String,
    },
    /// A value has characters that no header can carry.
    #[error("{what} has characters that cannot be sent")]
    Header {
        /// Which one: the key, the organization, the project.
        what: &'static str,
    },
    /// The proxy's address is none. It is not repeated here: it may hold a password.
    #[error("the proxy has to be http://, https://, socks5:// or socks5h:// with a host")]
    Proxy,
    /// TLS could not be set up.
    #[error("no secure connections can be made")]
    Client {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

impl Default for OpenAiBuilder {
    fn default() -> Self {
        Self {
            base_url: OpenAi::BASE_URL.to_owned(),
            key: None,
            organization: None,
            project: None,
            proxy: None,
            asked_models: Vec::new(),
            models: LanguageModels::builtin(),
            limits: Limits {
                tokens: 4_000,
                tries: 3,
                request: Duration::from_secs(60),
                whole: Duration::from_secs(100),
            },
            parameters: Map::new(),
            clock: Arc::new(SystemClock::new()),
            entropy: Entropy::from_os(),
        }
    }
}

impl fmt::Debug for OpenAiBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The base address is left out too: before it is checked it may hold anything.
        f.debug_struct("OpenAiBuilder")
            .field("models", &self.asked_models)
            .field("limits", &self.limits)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

impl OpenAiBuilder {
    /// Where the service is, `/v1` included: [`OpenAi::BASE_URL`] by default. A slash at the end does no harm.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// The key. Servers on this machine often need none.
    #[must_use]
    pub fn key(mut self, key: impl Into<SecretString>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The organization to charge (`OpenAI-Organization`).
    #[must_use]
    pub fn organization(mut self, id: impl Into<String>) -> Self {
        self.organization = Some(id.into());
        self
    }

    /// The project to charge (`OpenAI-Project`).
    #[must_use]
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.project = Some(id.into());
        self
    }

    /// A proxy for every request: `http://`, `https://`, `socks5://` (names are looked up here) or `socks5h://` (names
    /// are looked up there), with user and password if need be. Without one, requests go out directly, whatever the
    /// environment says.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<SecretString>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// A model to ask; called again, a model to ask when those before it are not there. By default the table's. On
    /// OpenAI's own service the successor that the table names for a model comes after it.
    #[must_use]
    pub fn model(mut self, id: impl Into<String>) -> Self {
        self.asked_models.push(id.into());
        self
    }

    /// The table of models: prices, and who follows whom.
    #[must_use]
    pub fn models(mut self, models: LanguageModels) -> Self {
        self.models = models;
        self
    }

    /// One more parameter for every request, such as `temperature` or `reasoning_effort`. By default there is none:
    /// newer models refuse those of older ones. A parameter that the server refuses is left out from then on.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Most tokens of an answer, those of a model's thinking included. 4,000 by default, twice as many after an answer
    /// that was cut off.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.limits.tokens = tokens.max(1);
        self
    }

    /// How many requests for one prompt may fail, or bring nothing of use. 3 by default.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.limits.tries = tries.max(1);
        self
    }

    /// How long one request may take, and all requests for one prompt with the waits between them. 60 s and 100 s by
    /// default: the engine gives up after 120 s.
    #[must_use]
    pub fn time_limits(mut self, request: Duration, whole: Duration) -> Self {
        (self.limits.request, self.limits.whole) = (request, whole);
        self
    }

    /// The clock, and the source of jitter: for tests.
    #[must_use]
    pub fn time_and_chance(mut self, clock: Arc<dyn Clock>, entropy: Entropy) -> Self {
        (self.clock, self.entropy) = (clock, entropy);
        self
    }

    /// Checks the settings. Nothing is sent.
    ///
    /// # Errors
    /// See [`OpenAiError`].
    pub fn build(self) -> Result<OpenAi, OpenAiError> {
        let connection = Connection::new(&Route {
            base_url: &self.base_url,
            key: self.key.as_ref(),
            organization: self.organization.as_deref(),
            project: self.project.as_deref(),
            proxy: self.proxy.as_ref(),
        })?;
        let mut chain = self.asked_models;
        if chain.is_empty() {
            chain.push(self.models.default_model().to_owned());
        }
        if connection.is_openai() {
            chain = self.models.with_successors(chain);
        }
        Ok(OpenAi::new(
            connection,
            chain,
            self.models,
            self.limits,
            self.parameters,
            (self.clock, self.entropy),
        ))
    }
}
