//! The fake KIE.ai: its API, its upload host and its media host.

mod account;
mod builder;
mod callback;
mod create;
mod discover;
mod envelope;
mod host;
mod media;
mod models;
mod record;
mod render;
mod route;
mod task;
mod upload;
pub mod words;
mod world;

use std::sync::Arc;

use serde_json::Value;

pub use builder::KieBuilder;
pub use callback::Message;
pub use render::{Callbacks, Render};

use crate::clock::Clock;
use crate::fault::Fault;
use crate::journal::Journal;
use crate::script::When;
use crate::server::House;
use crate::violation::{Rule, Violation, assert_none};
use host::KieHost;
use route::Door;
use task::State;

/// A KIE.ai on this machine, on three ports.
///
/// It keeps accounts with credits, keys with caps, tasks, uploads and links, and answers as the service was recorded
/// to answer. In strict mode (the default) it also notes what no client should do, and fails the test for it when it
/// is dropped.
///
/// ```
/// use neurocards_fakes::kie::{KieFake, Render};
/// use neurocards_fakes::{Fault, When};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let fake = KieFake::builder().key("k1").credits(1000).start().await;
/// // The first paid request is carried out, and its reply lost.
/// fake.script(When::paid().first(1), Fault::lost_reply());
/// // Whoever asks for a portrait is refused by the content check.
/// fake.script(When::paid().says("portrait"), Render::fails("400", neurocards_fakes::kie::words::PERSON));
/// assert!(fake.api_url().starts_with("http://127.0.0.1:"));
/// # }
/// ```
#[derive(Debug)]
pub struct KieFake {
    host: Arc<KieHost>,
    house: House,
    strict: bool,
}

/// What a line of the script does: a fault of the exchange, or the course of the task that it makes.
#[derive(Debug, Clone)]
pub enum KieThen {
    /// What goes wrong with the exchange.
    Fault(Fault),
    /// How the task goes that a paid request makes.
    Render(Box<Render>),
}

impl From<Fault> for KieThen {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Render> for KieThen {
    fn from(render: Render) -> Self {
        Self::Render(Box::new(render))
    }
}

/// A task as it stands at the fake.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TaskView {
    /// Its id.
    pub id: String,
    /// Its model.
    pub model: String,
    /// Its prompt.
    pub prompt: String,
    /// The input that it was made with, and what the service added.
    pub input: Value,
    /// The account that pays.
    pub account: String,
    /// Where messages about it go.
    pub callback: Option<String>,
    /// How often it was read.
    pub reads: u32,
    /// `None` while it runs; then whether it succeeded.
    pub succeeded: Option<bool>,
    /// What it cost, in thousandths of a credit; 0 when it failed.
    pub cost_milli: i64,
}

impl KieFake {
    /// Begins to set one up.
    pub fn builder() -> KieBuilder {
        KieBuilder::new()
    }

    /// The address of the API: what `KIE_BASE_URL` wants.
    pub fn api_url(&self) -> String {
        self.url(Door::Api)
    }

    /// The address of the upload host: what `KIE_UPLOAD_BASE_URL` wants.
    pub fn upload_url(&self) -> String {
        self.url(Door::Upload)
    }

    /// The address of the media host.
    pub fn media_url(&self) -> String {
        self.url(Door::Media)
    }

    /// Host and port of the media host: what `KIE_MEDIA_HOSTS` wants.
    pub fn media_hosts(&self) -> String {
        self.house.addr(Door::Media as usize).to_string()
    }

    /// The settings that point neurocards at this fake: addresses, and the keys with their accounts.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        let world = self.host.world();
        let keys: Vec<String> = world
            .keys
            .iter()
            .map(|key| format!("{}={}", world.accounts[key.account].name, key.secret))
            .collect();
        vec![
            ("KIE_API_KEY", keys.join(",")),
            ("KIE_BASE_URL", self.api_url()),
            ("KIE_UPLOAD_BASE_URL", self.upload_url()),
            ("KIE_MEDIA_HOSTS", self.media_hosts()),
        ]
    }

    /// Adds a line to the script. Earlier lines win; a fault and a render may both apply to one paid request.
    pub fn script(&self, when: When, then: impl Into<KieThen>) {
        let mut world = self.host.world();
        match then.into() {
            KieThen::Fault(fault) => world.faults.add(when, fault),
            KieThen::Render(render) => world.renders.add(when, *render),
        }
    }

    /// What was asked, and what was answered.
    pub fn log(&self) -> Journal {
        self.host.journal().clone()
    }

    /// Its clock.
    pub fn clock(&self) -> Clock {
        self.host.clock().clone()
    }

    /// Every task that was made, in no particular order.
    pub fn tasks(&self) -> Vec<TaskView> {
        let world = self.host.world();
        let view = |task: &task::Task| TaskView {
            id: task.id.clone(),
            model: task.model.clone(),
            prompt: task.prompt.clone(),
            input: Value::Object(task.input.clone()),
            account: world.accounts[task.account].name.clone(),
            callback: task.callback.clone(),
            reads: task.reads,
            succeeded: match task.state {
                State::Running => None,
                State::Done { .. } => Some(true),
                State::Failed { .. } => Some(false),
            },
            cost_milli: match task.state {
                State::Failed { .. } => 0,
                State::Running | State::Done { .. } => task.price_milli,
            },
        };
        world.tasks.values().map(view).collect()
    }

    /// A task.
    pub fn task(&self, id: &str) -> Option<TaskView> {
        self.tasks().into_iter().find(|task| task.id == id)
    }

    /// The bytes of a task's video.
    pub fn video(&self, id: &str) -> bytes::Bytes {
        media::video_of(id)
    }

    /// Ends a task with success, with all that follows: charge, link, callback.
    ///
    /// # Panics
    /// There is no such task.
    pub fn finish_task(&self, id: &str) {
        let at_ms = self.host.clock().now_ms();
        self.host.world().end(id, State::Done { at_ms });
        self.host.wake();
    }

    /// Ends a task with a failure; the credits come back.
    ///
    /// # Panics
    /// There is no such task.
    pub fn fail_task(&self, id: &str, code: &str, msg: &str) {
        let at_ms = self.host.clock().now_ms();
        let state = State::Failed { at_ms, code: code.to_owned(), msg: msg.to_owned() };
        self.host.world().end(id, state);
        self.host.wake();
    }

    /// The message about a task as it stands now, to send it once more or to forge it.
    ///
    /// # Panics
    /// There is no such task, or nobody asked for messages about it.
    pub fn message(&self, id: &str) -> Message {
        self.host.world().message(id).expect("a task with a callBackUrl")
    }

    /// The balance of an account, in thousandths of a credit.
    ///
    /// # Panics
    /// There is no such account.
    pub fn credits_milli(&self, account: &str) -> i64 {
        let world = self.host.world();
        let found = world.accounts.iter().find(|found| found.name == account);
        found.expect("an account of that name").balance_milli
    }

    /// Sets the balance of an account, in credits.
    ///
    /// # Panics
    /// There is no such account.
    pub fn set_credits(&self, account: &str, credits: u32) {
        let mut world = self.host.world();
        let found = world.accounts.iter_mut().find(|found| found.name == account);
        found.expect("an account of that name").balance_milli = i64::from(credits) * 1000;
    }

    /// Refuses a key from now on.
    ///
    /// # Panics
    /// There is no such key.
    pub fn revoke(&self, key: &str) {
        self.set_revoked(key, true);
    }

    /// Takes a key again.
    ///
    /// # Panics
    /// There is no such key.
    pub fn restore(&self, key: &str) {
        self.set_revoked(key, false);
    }

    /// Does not count a breach of this rule as a violation, before or after.
    pub fn allow(&self, rule: Rule) {
        self.host.world().violations.allow(rule);
    }

    /// What clients did that the service does not allow.
    pub fn violations(&self) -> Vec<Violation> {
        self.host.world().violations.list()
    }

    /// Ends the test if a client did what the service does not allow.
    ///
    /// # Panics
    /// One did; the message lists what, and the journal.
    pub fn assert_clean(&self) {
        assert_none("KIE", &self.violations(), &self.log().lines());
    }

    /// Stops, and ends the test if a client did what the service does not allow.
    ///
    /// # Panics
    /// As [`assert_clean`](Self::assert_clean).
    pub fn finish(mut self) {
        self.strict = false;
        self.assert_clean();
    }

    fn set_revoked(&self, key: &str, revoked: bool) {
        let mut world = self.host.world();
        let found = world.keys.iter_mut().find(|found| found.secret == key);
        found.expect("a key of the fake").revoked = revoked;
    }

    fn url(&self, door: Door) -> String {
        format!("http://{}", self.house.addr(door as usize))
    }
}

impl Drop for KieFake {
    fn drop(&mut self) {
        // A test that fails already says more by itself.
        if self.strict && !std::thread::panicking() {
            self.assert_clean();
        }
    }
}
