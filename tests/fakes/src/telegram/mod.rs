//! The fake Bot API: what a bot says, as the people it talks to see it.

mod files;
mod host;
mod html;
mod keyboard;
mod methods;
mod money;
mod seen;
mod user;
mod world;

use std::sync::Arc;

pub use seen::{Button, Seen, SeenVideo};
pub use user::User;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::journal::Journal;
use crate::script::When;
use crate::server::House;
use crate::violation::{Rule, Violation, assert_none};
use host::TelegramHost;
use world::World;

/// A Bot API server on this machine, and the people who talk to its bots.
///
/// It keeps what a person sees: a send whose answer is lost is there all the same, an edit changes the message that has
/// that id, a file's id belongs to its bot. Requests are checked as the service does: entities of the text, lengths,
/// keyboards, who may be written to.
///
/// ```
/// use neurocards_fakes::telegram::TelegramFake;
/// use neurocards_fakes::{Call, Fault, When};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let fake = TelegramFake::builder().start();
/// fake.script(When::call(Call::SendMessage).nth(2), Fault::lost_reply());
/// let anna = fake.user(42);
/// anna.says("/start");
/// assert_eq!(anna.chat().len(), 1, "her own words: no bot is listening yet");
/// # }
/// ```
#[derive(Debug)]
pub struct TelegramFake {
    host: Arc<TelegramHost>,
    house: House,
    strict: bool,
}

/// Sets up a [`TelegramFake`].
#[derive(Debug)]
pub struct TelegramBuilder {
    token: String,
    clock: Clock,
    journal: Journal,
    strict: bool,
}

impl TelegramBuilder {
    /// The token of its bot. [`TelegramFake::TOKEN`] unless said otherwise.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    /// The time that it lives in; the machine's unless said otherwise.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The journal that it writes; one of its own unless said otherwise.
    #[must_use]
    pub fn journal(mut self, journal: Journal) -> Self {
        self.journal = journal;
        self
    }

    /// Does not end a test whose bot broke a rule.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Begins to answer.
    ///
    /// # Panics
    /// This machine gives no port.
    pub fn start(self) -> TelegramFake {
        let Self { token, clock, journal, strict } = self;
        let world = World::new(&token, clock.clone());
        let (house, host) = House::open(1, |_| Arc::new(TelegramHost::new(world, journal, clock)));
        TelegramFake { host, house, strict }
    }
}

impl TelegramFake {
    /// The token of its bot, unless the builder said otherwise. No such bot exists.
    pub const TOKEN: &str = "700:AAFakeFakeFakeFakeFakeFakeFakeFakeFake";

    /// Begins to set one up.
    pub fn builder() -> TelegramBuilder {
        TelegramBuilder {
            token: Self::TOKEN.to_owned(),
            clock: Clock::system(),
            journal: Journal::default(),
            strict: true,
        }
    }

    /// Its address: `TELEGRAM_API_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.house.addr(0))
    }

    /// What happened.
    pub fn log(&self) -> Journal {
        self.host.journal.clone()
    }

    /// Something goes wrong with the exchanges that this is about. Refusals are in the form of the Bot API.
    pub fn script(&self, when: When, fault: Fault) {
        self.host.world().faults.add(when, fault);
    }

    /// A person. They are there from the first time that somebody asks for them.
    pub fn user(&self, id: i64) -> User {
        self.host.world().person(id);
        User::new(self.host.clone(), id)
    }

    /// Opens a channel that the bot may write to, with this id (below zero).
    pub fn channel(&self, id: i64) {
        self.host.world().open_channel(id);
    }

    /// What stands in a channel.
    pub fn posts(&self, id: i64) -> Vec<Seen> {
        self.host.world().seen(id)
    }

    /// The chat has another number from now on: whoever writes to the old one is told so.
    pub fn migrate(&self, from: i64, to: i64) {
        self.host.world().migrate(from, to);
    }

    /// Forgets the ids of all files: bots that keep them must upload again.
    pub fn forget_files(&self) {
        self.host.world().forget_files();
    }

    /// Where updates are brought, if they are.
    pub fn webhook(&self) -> Option<String> {
        self.host.world().webhook.as_ref().map(|webhook| webhook.url.clone())
    }

    /// How often a webhook was set, and how often it was taken away.
    pub fn webhook_changes(&self) -> (u64, u64) {
        let world = self.host.world();
        (world.webhooks_set, world.webhooks_deleted)
    }

    /// The names of the commands that a client lists, by the chat and its language: those of the chat itself, or those for
    /// everybody. And how often a list was set.
    pub fn commands(&self, chat: i64, language: &str) -> (Vec<String>, u64) {
        let world = self.host.world();
        let own = serde_json::json!({ "type": "chat", "chat_id": chat }).to_string();
        let all = serde_json::json!({ "type": "default" }).to_string();
        let shelves = [(own.clone(), language), (own, ""), (all.clone(), language), (all, "")];
        let found = shelves
            .into_iter()
            .find_map(|(scope, language)| world.commands.get(&(scope, language.to_owned())));
        let name = |command: &serde_json::Value| command["command"].as_str().unwrap_or_default().to_owned();
        let names = found.and_then(|list| list.as_array()).into_iter().flatten().map(name).collect();
        (names, world.commands_set)
    }

    /// A file that the service keeps for this bot, of the kind `photo` or `video`; answers with its id.
    pub fn keeps(&self, kind: &'static str) -> String {
        let mut world = self.host.world();
        let id = world.name(&kind.to_uppercase());
        let bytes = bytes::Bytes::from_static(b"kept");
        world.files.insert(id.clone(), world::File { bytes, kind });
        id
    }

    /// How many updates wait to be fetched.
    pub fn waiting(&self) -> usize {
        self.host.world().waiting()
    }

    /// What its bot did that the service does not allow.
    pub fn violations(&self) -> Vec<Violation> {
        self.host.world().violations.list()
    }

    /// Does not count this rule.
    pub fn allow(&self, rule: Rule) {
        self.host.world().violations.allow(rule);
    }
}

impl Drop for TelegramFake {
    fn drop(&mut self) {
        if self.strict && !std::thread::panicking() {
            assert_none("Telegram", &self.violations(), &self.host.journal.lines());
        }
    }
}

/// The Bot API's refusals, word for word.
impl Fault {
    /// 429: too many requests, with the seconds to wait.
    pub fn telegram_too_many(seconds: u64) -> Self {
        let description = format!("Too Many Requests: retry after {seconds}");
        let parameters = serde_json::json!({ "retry_after": seconds });
        Self::telegram(429, &description, Some(parameters))
    }

    /// 403: the person has blocked the bot.
    pub fn telegram_blocked() -> Self {
        Self::telegram(403, "Forbidden: bot was blocked by the user", None)
    }

    /// 400, with the words behind "Bad Request: ".
    pub fn telegram_bad_request(words: &str) -> Self {
        Self::telegram(400, &format!("Bad Request: {words}"), None)
    }

    /// 502, as the Bot API itself says it. Whether the request was carried out is not known; here it was not.
    pub fn telegram_bad_gateway() -> Self {
        Self::telegram(502, "Bad Gateway", None)
    }

    fn telegram(code: u16, description: &str, parameters: Option<serde_json::Value>) -> Self {
        let mut body = serde_json::json!({ "ok": false, "error_code": code, "description": description });
        if let Some(parameters) = parameters {
            body["parameters"] = parameters;
        }
        Self::page(code, "application/json", body.to_string())
    }
}
