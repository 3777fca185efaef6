//! The fake OpenAI: chat completions, moderations, models.

mod chat;
mod check;
mod error;
mod host;
mod moderation;
mod picture;
mod say;
mod schema;

use std::sync::Arc;

pub use say::Say;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::journal::Journal;
use crate::script::{Script, When};
use crate::secret::Secret;
use crate::server::House;
use crate::violation::{Rule, Violation, Violations, assert_none};
use check::Abilities;
use host::{Desk, OpenAiHost};

/// A model of the catalogue.
#[derive(Debug, Clone)]
pub(crate) struct ModelRow {
    pub(crate) id: String,
    /// Whether it takes sampling parameters and `max_tokens`.
    pub(crate) samples: bool,
    pub(crate) shutdown: Option<String>,
}

/// An OpenAI-compatible server on this machine.
///
/// It checks requests as the service does: parameters, the strict mode's rules for schemas, pictures down to their
/// last pixel. Without a script it answers what the request's schema asks for.
///
/// ```
/// use neurocards_fakes::openai::{OpenAiFake, Say};
/// use neurocards_fakes::{Fault, When};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let fake = OpenAiFake::builder().key("sk-1").start().await;
/// fake.script(When::chat().first(1), Fault::openai_rate_limited().header("retry-after", "2"));
/// fake.script(When::chat().says("weapon"), Say::refuses("I can't help with that."));
/// assert!(fake.base_url().ends_with("/v1"));
/// # }
/// ```
#[derive(Debug)]
pub struct OpenAiFake {
    host: Arc<OpenAiHost>,
    house: House,
    strict: bool,
}

/// Sets up an [`OpenAiFake`].
#[derive(Debug)]
pub struct OpenAiBuilder {
    keys: Vec<Secret>,
    models: Vec<ModelRow>,
    abilities: Abilities,
    clock: Clock,
    journal: Journal,
    seed: u64,
    strict: bool,
}

/// What a line of the script does.
#[derive(Debug, Clone)]
pub enum OpenAiThen {
    /// What goes wrong with the exchange.
    Fault(Fault),
    /// What is answered.
    Say(Say),
}

impl From<Fault> for OpenAiThen {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Say> for OpenAiThen {
    fn from(say: Say) -> Self {
        Self::Say(say)
    }
}

impl OpenAiBuilder {
    /// Takes this key. Without any, every request is taken, as local servers do.
    #[must_use]
    pub fn key(mut self, secret: &str) -> Self {
        self.keys.push(Secret(secret.to_owned()));
        self
    }

    /// Adds a model that takes neither sampling parameters nor `max_tokens`. `gpt-6-luna` is there anyway.
    #[must_use]
    pub fn model(mut self, id: &str) -> Self {
        self.models.push(ModelRow { id: id.to_owned(), samples: false, shutdown: None });
        self
    }

    /// Adds a model of the older kind, which takes them. `gpt-4o-mini` is there anyway.
    #[must_use]
    pub fn older_model(mut self, id: &str) -> Self {
        self.models.push(ModelRow { id: id.to_owned(), samples: true, shutdown: None });
        self
    }

    /// There is no `/moderations`, as at most compatible servers.
    #[must_use]
    pub fn without_moderations(mut self) -> Self {
        self.abilities.moderations = false;
        self
    }

    /// No output format with a schema is taken.
    #[must_use]
    pub fn without_schemas(mut self) -> Self {
        self.abilities.schemas = false;
        self
    }

    /// No model takes pictures.
    #[must_use]
    pub fn without_pictures(mut self) -> Self {
        self.abilities.pictures = false;
        self
    }

    /// The time that it lives in; the machine's unless said otherwise.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A journal that other fakes write too.
    #[must_use]
    pub fn journal(mut self, journal: Journal) -> Self {
        self.journal = journal;
        self
    }

    /// Where its ids and the script's chances come from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Clients may do what they like: nothing is a violation when the fake ends.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Starts it. It listens and answers when this returns.
    ///
    /// # Panics
    /// This machine gives no port.
    pub async fn start(self) -> OpenAiFake {
        self.start_blocking()
    }

    /// Starts it, from code that is not async.
    ///
    /// # Panics
    /// This machine gives no port.
    pub fn start_blocking(self) -> OpenAiFake {
        let Self { keys, models, abilities, clock, journal, seed, strict } = self;
        let desk = Desk {
            keys,
            models,
            abilities,
            faults: Script::new(seed),
            answers: Script::new(seed),
            violations: Violations::default(),
            seed,
            answered: 0,
            clock,
        };
        let (house, host) = House::open(1, |_| Arc::new(OpenAiHost::new(desk, journal)));
        OpenAiFake { host, house, strict }
    }
}

impl OpenAiFake {
    /// Begins to set one up.
    pub fn builder() -> OpenAiBuilder {
        let row = |id: &str, samples, shutdown: Option<&str>| ModelRow {
            id: id.to_owned(),
            samples,
            shutdown: shutdown.map(str::to_owned),
        };
        OpenAiBuilder {
            keys: Vec::new(),
            models: vec![row("gpt-6-luna", false, None), row("gpt-4o-mini", true, Some("2027-01-14"))],
            abilities: Abilities { moderations: true, schemas: true, pictures: true },
            clock: Clock::system(),
            journal: Journal::new(),
            seed: 1,
            strict: true,
        }
    }

    /// The address, with `/v1`: what `OPENAI_BASE_URL` wants.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.house.addr(0))
    }

    /// The settings that point neurocards at this fake.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let key = self.host.desk().keys.first().map_or_else(|| "none".to_owned(), |key| key.0.clone());
        vec![
            ("OPENAI_API_KEY", key),
            ("OPENAI_BASE_URL", self.base_url()),
            ("OPENAI_MODEL", "gpt-6-luna".to_owned()),
        ]
    }

    /// Adds a line to the script. Earlier lines win.
    pub fn script(&self, when: When, then: impl Into<OpenAiThen>) {
        let mut desk = self.host.desk();
        match then.into() {
            OpenAiThen::Fault(fault) => desk.faults.add(when, fault),
            OpenAiThen::Say(say) => desk.answers.add(when, say),
        }
    }

    /// What was asked, and what was answered.
    pub fn log(&self) -> Journal {
        self.host.journal.clone()
    }

    /// Does not count a breach of this rule as a violation, before or after.
    pub fn allow(&self, rule: Rule) {
        self.host.desk().violations.allow(rule);
    }

    /// What clients did that the service does not allow.
    pub fn violations(&self) -> Vec<Violation> {
        self.host.desk().violations.list()
    }

    /// Ends the test if a client did what the service does not allow.
    ///
    /// # Panics
    /// One did; the message lists what, and the journal.
    pub fn assert_clean(&self) {
        assert_none("OpenAI", &self.violations(), &self.log().lines());
    }

    /// Stops, and ends the test if a client did what the service does not allow.
    ///
    /// # Panics
    /// As [`assert_clean`](Self::assert_clean).
    pub fn finish(mut self) {
        self.strict = false;
        self.assert_clean();
    }
}

impl Drop for OpenAiFake {
    fn drop(&mut self) {
        // A test that fails already says more by itself.
        if self.strict && !std::thread::panicking() {
            self.assert_clean();
        }
    }
}
