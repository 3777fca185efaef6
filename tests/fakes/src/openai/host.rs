//! The fake OpenAI behind its listener.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::Response;
use serde_json::{Value, json};

use super::check::{Abilities, Refused, Understood, check};
use super::error::{ApiError, JSON, bad_key, no_model, no_route};
use super::picture::without_pictures;
use super::say::Say;
use super::{ModelRow, chat, moderation};
use crate::call::Call;
use crate::clock::Clock;
use crate::fault::{Fault, Shows};
use crate::journal::{Exchange, Journal, Open};
use crate::reply::Reply;
use crate::script::{Scene, Script};
use crate::secret::Secret;
use crate::server::{Asked, Body, Cut, Host};
use crate::violation::{Rule, Violations};
use crate::wire::{dice, fingerprint, hex};

/// What the fake knows.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) keys: Vec<Secret>,
    pub(crate) models: Vec<ModelRow>,
    pub(crate) abilities: Abilities,
    pub(crate) faults: Script<Fault>,
    pub(crate) answers: Script<Say>,
    pub(crate) violations: Violations,
    pub(crate) seed: u64,
    pub(crate) answered: u64,
    pub(crate) clock: Clock,
}

#[derive(Debug)]
pub(crate) struct OpenAiHost {
    desk: Mutex<Desk>,
    pub(crate) journal: Journal,
    pub(crate) clock: Clock,
}

impl OpenAiHost {
    pub(crate) fn new(desk: Desk, journal: Journal) -> Self {
        let clock = desk.clock.clone();
        Self { desk: Mutex::new(desk), journal, clock }
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for OpenAiHost {
    fn answer(
        self: Arc<Self>,
        _door: usize,
        asked: Asked,
    ) -> BoxFuture<'static, Result<Response<Body>, Cut>> {
        async move {
            let body: Option<Value> = serde_json::from_slice(&asked.body).ok();
            let call = route(asked.parts.method.as_str(), asked.path());
            let shown = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
            let exchange = Exchange {
                method: asked.parts.method.to_string(),
                host: asked.header("host").unwrap_or_default().to_owned(),
                path: asked.parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
                key: shown.map(fingerprint),
                model: body.as_ref().and_then(|body| body["model"].as_str()).map(str::to_owned),
                request: body.as_ref().map(without_pictures).unwrap_or_default(),
                ..Exchange::new(call, self.clock.now_ms())
            };
            let open = self.journal.open(exchange);
            let (reply, shows) = self.desk().answer(call, &asked, body.as_ref(), &open);
            reply.deliver(shows, open, ()).await
        }
        .boxed()
    }

    fn work(self: Arc<Self>) -> BoxFuture<'static, ()> {
        futures::future::ready(()).boxed()
    }
}

fn route(method: &str, path: &str) -> Call {
    match (method, path) {
        ("POST", "/v1/chat/completions") => Call::Chat,
        ("POST", "/v1/moderations") => Call::Moderation,
        ("GET", path) if path == "/v1/models" || path.starts_with("/v1/models/") => Call::ChatModels,
        _ => Call::Unrouted,
    }
}

impl Desk {
    fn answer(
        &mut self,
        call: Call,
        asked: &Asked,
        body: Option<&Value>,
        open: &Open,
    ) -> (Reply, Option<Shows>) {
        if call == Call::Unrouted {
            let (method, path) = (asked.parts.method.as_str(), asked.path());
            self.violations.note(open.seq(), Rule::Unrouted, format!("{method} {path}"));
            return (no_route(method, path).reply(), None);
        }
        let key = asked.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        if !self.keys.is_empty() && !self.keys.iter().any(|known| Some(known.0.as_str()) == key) {
            self.violations.note(open.seq(), Rule::Auth, "no key, or one that the service never gave out");
            return (bad_key().reply(), None);
        }
        let kind = asked.header("content-type").unwrap_or_default();
        if asked.parts.method == "POST" && !kind.starts_with("application/json") {
            self.violations.note(open.seq(), Rule::Headers, "no Content-Type of JSON");
        }
        let text = body.map(words_of).unwrap_or_default();
        let key = key.map(fingerprint);
        let scene = Scene {
            call: Some(call),
            model: body.and_then(|body| body["model"].as_str()),
            prompt: Some(&text),
            account: None,
            key: key.as_deref(),
        };
        let fault = self.faults.ask(&scene);
        open.note(|exchange| exchange.script.extend(fault.as_ref().map(Fault::label)));
        if let Some(Fault { done: false, shows }) = fault {
            return self.shown(shows, None);
        }
        let say = self.answers.ask(&scene);
        open.note(|exchange| exchange.script.extend(say.as_ref().map(Say::label)));
        let reply = match call {
            Call::Chat => self.chat(body, say, open),
            Call::Moderation => self.moderation(body, say.as_ref(), open),
            _ => self.list(asked.path()),
        };
        match fault {
            Some(Fault { shows, .. }) => self.shown(shows, Some(reply)),
            None => (reply, None),
        }
    }

    /// What a fault makes of an answer. KIE's refusals are its envelope here too: it resells chat models.
    fn shown(&self, shows: Shows, reply: Option<Reply>) -> (Reply, Option<Shows>) {
        let reply = reply.unwrap_or_else(|| Reply::new(200, JSON, ""));
        match shows {
            Shows::Refusal { code, msg } => {
                let body = json!({ "code": code, "msg": msg, "data": null }).to_string();
                (Reply::new(200, JSON, body), None)
            }
            other => (reply, Some(other)),
        }
    }

    fn chat(&mut self, body: Option<&Value>, say: Option<Say>, open: &Open) -> Reply {
        let asked = match check(body.unwrap_or(&Value::Null), &self.models, self.abilities) {
            Ok(asked) => asked,
            Err(Refused { rule, error }) => return self.refused(open, rule, &error),
        };
        let id = self.new_id();
        let model = body.and_then(|body| body["model"].as_str()).unwrap_or_default();
        let say = say.unwrap_or_else(Say::something_fitting);
        chat::answer(&id, self.clock.now_ms() / 1000, model, &asked, &say)
    }

    fn moderation(&mut self, body: Option<&Value>, say: Option<&Say>, open: &Open) -> Reply {
        if !self.abilities.moderations {
            return no_route("POST", "/v1/moderations").reply();
        }
        match moderation::check(body.unwrap_or(&Value::Null)) {
            Ok((_, pictures)) => moderation::answer(&self.new_id(), say, pictures),
            Err((rule, error)) => self.refused(open, Some(rule), &error),
        }
    }

    fn list(&self, path: &str) -> Reply {
        let shown = |row: &ModelRow| {
            json!({
                "id": row.id, "object": "model", "created": 1_780_000_000, "owned_by": "openai",
                "shutdown_date": row.shutdown,
            })
        };
        let body = match path.strip_prefix("/v1/models/") {
            None => json!({ "object": "list", "data": self.models.iter().map(shown).collect::<Vec<_>>() }),
            Some(id) => match self.models.iter().find(|row| row.id == id) {
                Some(row) => shown(row),
                None => return no_model(id).reply(),
            },
        };
        Reply::new(200, JSON, body.to_string())
    }

    fn refused(&mut self, open: &Open, rule: Option<Rule>, error: &ApiError) -> Reply {
        if let Some(rule) = rule {
            self.violations.note(open.seq(), rule, error.message.clone());
        }
        error.reply()
    }

    fn new_id(&mut self) -> String {
        self.answered += 1;
        hex(&dice(self.seed, "openai", self.answered)[..15])
    }
}

/// The words of a request, for the script.
fn words_of(body: &Value) -> String {
    let asked = Understood::words(body);
    if asked.is_empty() { body["input"].as_str().unwrap_or_default().to_owned() } else { asked }
}

impl Understood {
    /// All texts of the user's messages, or of a moderation's input.
    fn words(body: &Value) -> String {
        let messages = body["messages"].as_array().into_iter().flatten();
        let contents =
            messages.filter(|message| message["role"] == "user").map(|message| &message["content"]);
        let mut words = String::new();
        for content in contents.chain(std::iter::once(&body["input"])) {
            let parts = content.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str());
            for text in content.as_str().into_iter().chain(parts) {
                words.push_str(text);
                words.push('\n');
            }
        }
        words
    }
}
