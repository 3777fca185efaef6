//! Everything that the fake KIE knows.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::account::{Account, Key};
use super::callback::Outgoing;
use super::create::{RUNWAY, VEO_DEFAULT};
use super::envelope::{refusal, unauthorized};
use super::media::File;
use super::models::{Family, Table};
use super::render::Render;
use super::route::Door;
use super::task::{State, Task};
use crate::call::Call;
use crate::clock::Clock;
use crate::fault::{Fault, Shows};
use crate::journal::{Journal, Open};
use crate::reply::Reply;
use crate::script::{Scene, Script};
use crate::server::Asked;
use crate::violation::{Rule, Violations};
use crate::wire::{JSON, dice, hex};

/// The state behind the three hosts.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) clock: Clock,
    pub(crate) journal: Journal,
    pub(crate) seed: u64,
    pub(crate) table: Table,
    pub(crate) accounts: Vec<Account>,
    pub(crate) keys: Vec<Key>,
    pub(crate) tasks: BTreeMap<String, Task>,
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) faults: Script<Fault>,
    pub(crate) renders: Script<Render>,
    pub(crate) render: Render,
    pub(crate) violations: Violations,
    /// The callback addresses of paid requests so far.
    pub(crate) posted: BTreeSet<String>,
    pub(crate) outbox: Vec<Outgoing>,
    pub(crate) timers: BTreeSet<(i64, String)>,
    /// Names that were given out.
    pub(crate) names: u64,
    pub(crate) webhook_key: Option<String>,
    pub(crate) media_base: String,
    pub(crate) upload_life: Duration,
    pub(crate) extra_fields: bool,
    pub(crate) http_errors: bool,
}

/// A request, and what was found out about it so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) door: Door,
    pub(crate) call: Call,
    /// The model that the path names.
    pub(crate) about: Option<&'a str>,
    pub(crate) asked: &'a Asked,
    pub(crate) content: &'a Content,
    pub(crate) open: &'a Open,
}

/// What a body holds.
#[derive(Debug)]
pub(crate) enum Content {
    Nothing,
    Json(Value),
    Form(super::upload::Form),
    Broken(String),
}

/// What the client gets, and what happens before.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) reply: Reply,
    pub(crate) shows: Option<Shows>,
    /// The task that was made.
    pub(crate) made: Option<String>,
    /// Messages to deliver before the reply.
    pub(crate) early: Vec<Outgoing>,
}

impl From<Reply> for Answered {
    fn from(reply: Reply) -> Self {
        Self { reply, shows: None, made: None, early: Vec::new() }
    }
}

impl World {
    /// Answers a request.
    pub(crate) fn answer(&mut self, ask: Ask<'_>) -> Answered {
        let mut answered = self.judged(ask);
        if self.http_errors
            && let Some(code @ 400..=599) = answered.reply.code
        {
            answered.reply.status = u16::try_from(code).unwrap_or(500);
        }
        answered
    }

    fn judged(&mut self, ask: Ask<'_>) -> Answered {
        if let Some(page) = self.gateway(ask) {
            return page.into();
        }
        if ask.call == Call::Unrouted {
            let what = format!("{} {} at the {:?} host", ask.asked.parts.method, ask.asked.path(), ask.door);
            self.violations.note(ask.open.seq(), Rule::Unrouted, what);
            return Reply { status: 404, ..refusal(404, "Not Found") }.into();
        }
        let key = match ask.door {
            Door::Media => None,
            Door::Api | Door::Upload => match self.authorise(ask) {
                Ok(key) => Some(key),
                Err(reply) => return reply.into(),
            },
        };
        let fault = self.fault(ask, key);
        if let Some(Fault { done: false, shows }) = fault {
            return self.shown(shows, None);
        }
        let mut answered = self.carried_out(ask, key.unwrap_or_default());
        if let Some(Fault { shows, .. }) = fault {
            answered = self.shown(shows, Some(answered));
        }
        answered
    }

    fn carried_out(&mut self, ask: Ask<'_>, key: usize) -> Answered {
        match ask.call {
            Call::CreateTask => self.create(ask, key, Family::Jobs),
            Call::VeoGenerate => self.create(ask, key, Family::Veo),
            Call::RunwayGenerate => self.create(ask, key, Family::Runway),
            Call::RecordInfo => self.record(ask, key, Family::Jobs).into(),
            Call::VeoRecord => self.record(ask, key, Family::Veo).into(),
            Call::RunwayRecord => self.record(ask, key, Family::Runway).into(),
            Call::Veo1080p => self.veo_1080p(ask, key).into(),
            Call::Veo4k => self.veo_4k(ask, key).into(),
            Call::Credit => self.credit(key).into(),
            Call::DownloadUrl => self.download_url(ask).into(),
            Call::Models | Call::ModelSchema | Call::ModelPrice | Call::ModelSuccessRate => {
                self.discover(ask, key).into()
            }
            Call::UploadBase64 | Call::UploadStream | Call::UploadUrl => self.upload(ask, key).into(),
            Call::Media => self.media(ask).into(),
            _ => refusal(404, "Not Found").into(),
        }
    }

    /// What a fault makes of an answer.
    fn shown(&self, shows: Shows, done: Option<Answered>) -> Answered {
        let mut answered = done.unwrap_or_else(|| Reply::new(200, JSON, "").into());
        match shows {
            Shows::Refusal { code: 401, msg } if msg == super::words::UNAUTHORIZED => {
                answered.reply = unauthorized();
            }
            Shows::Refusal { code, msg } => answered.reply = refusal(code, &msg),
            other => answered.shows = Some(other),
        }
        answered
    }

    /// The gateway in front of the service turns nameless clients away.
    fn gateway(&mut self, ask: Ask<'_>) -> Option<Reply> {
        let agent = ask.asked.header("user-agent").unwrap_or_default();
        if !agent.is_empty() && !agent.starts_with("Python-urllib") {
            return None;
        }
        self.violations.note(ask.open.seq(), Rule::Headers, format!("the User-Agent is {agent:?}"));
        Some(Reply::new(403, "text/plain; charset=UTF-8", "error code: 1010"))
    }

    fn authorise(&mut self, ask: Ask<'_>) -> Result<usize, Reply> {
        let seq = ask.open.seq();
        let json =
            |kind: &str| kind.starts_with("application/json") || kind.starts_with("multipart/form-data");
        if !ask.asked.header("content-type").is_some_and(json) {
            self.violations.note(seq, Rule::Headers, "no Content-Type of JSON (or of a form, for uploads)");
        }
        let shown = ask.asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let found = self.keys.iter().position(|key| shown == Some(key.secret.as_str()));
        let Some(found) = found else {
            self.violations.note(seq, Rule::Auth, "no key, or one that the service never gave out");
            return Err(unauthorized());
        };
        let key = &self.keys[found];
        let (account, fingerprint) = (self.accounts[key.account].name.clone(), key.fingerprint());
        ask.open.note(|exchange| {
            exchange.account = Some(account);
            exchange.key = Some(fingerprint);
        });
        if key.revoked { Err(unauthorized()) } else { Ok(found) }
    }

    fn fault(&mut self, ask: Ask<'_>, key: Option<usize>) -> Option<Fault> {
        let (model, prompt) = self.subject(ask);
        let key = key.map(|key| &self.keys[key]);
        let account = key.map(|key| self.accounts[key.account].name.clone());
        let key = key.map(Key::fingerprint);
        let scene = Scene {
            call: Some(ask.call),
            model: model.as_deref(),
            prompt: prompt.as_deref(),
            account: account.as_deref(),
            key: key.as_deref(),
        };
        let fault = self.faults.ask(&scene)?;
        ask.open.note(|exchange| exchange.script.push(fault.label()));
        Some(fault)
    }

    /// Model and prompt of what a request orders, or of the task that it is about.
    fn subject(&self, ask: Ask<'_>) -> (Option<String>, Option<String>) {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match (ask.call, ask.content) {
            (Call::CreateTask, Content::Json(body)) => (text(&body["model"]), text(&body["input"]["prompt"])),
            (Call::VeoGenerate, Content::Json(body)) => {
                (text(&body["model"]).or(Some(VEO_DEFAULT.to_owned())), text(&body["prompt"]))
            }
            (Call::RunwayGenerate, Content::Json(body)) => (Some(RUNWAY.to_owned()), text(&body["prompt"])),
            _ => match self.task_of(ask) {
                Some(task) => (Some(task.model.clone()), Some(task.prompt.clone())),
                None => (ask.about.map(str::to_owned), None),
            },
        }
    }

    /// The task that a request is about: by its id, or by its video.
    fn task_of(&self, ask: Ask<'_>) -> Option<&Task> {
        if ask.call == Call::Media {
            let file = self.files.get(ask.asked.path())?;
            return self.tasks.get(file.task.as_ref()?);
        }
        self.tasks.get(&ask.asked.query("taskId")?)
    }

    /// Moves a task on if it is time, with all that follows.
    pub(crate) fn advance(&mut self, id: &str) {
        let now = self.clock.now_ms();
        let Some(task) = self.tasks.get_mut(id) else { return };
        let was_failed = matches!(task.state, State::Failed { .. });
        if task.advance(now) {
            self.ended(id, was_failed);
        }
    }

    /// Ends a task by somebody's word.
    pub(crate) fn end(&mut self, id: &str, state: State) {
        let Some(task) = self.tasks.get_mut(id) else { panic!("there is no task {id}") };
        let was_failed = matches!(task.state, State::Failed { .. });
        task.reads_at_end = task.reads;
        task.state = state;
        self.ended(id, was_failed);
    }

    /// A task has just ended, or ended anew: money, link, messages.
    fn ended(&mut self, id: &str, was_failed: bool) {
        let Some(task) = self.tasks.get(id) else { return };
        let (account, price) = (&mut self.accounts[task.account], task.price_milli);
        let key = &mut self.keys[task.key];
        match (&task.state, was_failed) {
            (State::Failed { .. }, false) => {
                account.balance_milli += price;
                key.spent_milli -= price;
            }
            (State::Done { .. }, true) => {
                account.balance_milli -= price;
                key.spent_milli += price;
            }
            _ => {}
        }
        if matches!(task.state, State::Done { .. }) {
            self.link(id);
        }
        self.announce(id);
        self.journal.stir();
        let Some(task) = self.tasks.get(id) else { return };
        if let Some(due) = task.due_ms() {
            self.timers.insert((due, id.to_owned()));
        }
    }

    /// Moves on every task that time alone moves, and says when to look again.
    pub(crate) fn tick(&mut self) -> Option<i64> {
        let now = self.clock.now_ms();
        while let Some((due, id)) = self.timers.first().cloned() {
            if due > now {
                return Some(due);
            }
            self.timers.pop_first();
            self.advance(&id);
        }
        None
    }

    /// A name that was not given out before: 32 hex digits.
    pub(crate) fn new_id(&mut self) -> String {
        self.names += 1;
        hex(&dice(self.seed, "id", self.names)[..16])
    }

    /// A time by chance.
    pub(crate) fn time_between(&mut self, least: Duration, most: Duration) -> Duration {
        self.names += 1;
        let bytes = dice(self.seed, "time", self.names);
        let share =
            f64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) / f64::from(u32::MAX);
        least + most.saturating_sub(least).mul_f64(share)
    }

    /// The name of a file, as the service makes them: the time, and eleven characters.
    pub(crate) fn new_file_name(&mut self, ending: &str) -> String {
        const LETTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        self.names += 1;
        let bytes = dice(self.seed, "file", self.names);
        let tail: String =
            bytes[..11].iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
        format!("{}-{tail}.{ending}", self.clock.now_ms())
    }
}
