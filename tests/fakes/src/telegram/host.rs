//! The fake Bot API behind its listener.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::Response;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::files::{Said, said};
use super::methods::Refused;
use super::world::World;
use crate::call::Call;
use crate::clock::Clock;
use crate::fault::{Fault, Shows};
use crate::journal::{Exchange, Journal, Open};
use crate::post::post_trusting;
use crate::reply::Reply;
use crate::script::Scene;
use crate::server::{Asked, Body, Cut, Host};
use crate::violation::Rule;

const JSON: &str = "application/json";
/// How soon an update that was not taken is brought again, at the latest.
const AGAIN: Duration = Duration::from_millis(200);
/// The longest that the service keeps a poll waiting.
const LONGEST_POLL: u64 = 50;

#[derive(Debug)]
pub(super) struct TelegramHost {
    world: Mutex<World>,
    pub(super) journal: Journal,
    clock: Clock,
    /// Moves when an update comes, or another poller.
    changed: watch::Sender<u64>,
}

impl TelegramHost {
    pub(super) fn new(world: World, journal: Journal, clock: Clock) -> Self {
        Self { world: Mutex::new(world), journal, clock, changed: watch::Sender::new(0) }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever waits looks again.
    pub(super) fn stir(&self) {
        self.changed.send_modify(|changes| *changes += 1);
        self.journal.stir();
    }

    /// Moves whenever something happened.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    async fn dealt(&self, asked: Asked) -> Result<Response<Body>, Cut> {
        let said = said(&asked).await;
        let path = asked.path().to_owned();
        let token = self.world().token.0.clone();
        let (call, method) = route(&path, &token);
        let exchange = Exchange {
            method: asked.parts.method.to_string(),
            host: asked.header("host").unwrap_or_default().to_owned(),
            // A token is a key: it stands in no journal.
            path: path.replace(&token, "<token>"),
            request: said.summary(),
            ..Exchange::new(call, self.clock.now_ms())
        };
        let open = self.journal.open(exchange);
        if call == Call::Unrouted {
            self.world().violations.note(open.seq(), Rule::Unrouted, path.replace(&token, "<token>"));
            return refusal(404, "Not Found", None).deliver(None, open, ()).await;
        }
        let fault = self.world().faults.ask(&Scene {
            call: Some(call),
            prompt: Some(&said.text("text")),
            ..Scene::default()
        });
        open.note(|exchange| exchange.script.extend(fault.as_ref().map(Fault::label)));
        if let Some(Fault { done: false, shows }) = fault {
            return Self::shown(shows, refusal(502, "Bad Gateway", None), open).await;
        }
        let reply = match call {
            Call::TelegramFile => self.file(&path),
            Call::GetUpdates => self.poll(&said).await,
            _ => self.carried_out(&method, &said, &open),
        };
        self.stir();
        match fault {
            Some(Fault { shows, .. }) => Self::shown(shows, reply, open).await,
            None => reply.deliver(None, open, ()).await,
        }
    }

    async fn shown(shows: Shows, reply: Reply, open: Open) -> Result<Response<Body>, Cut> {
        match shows {
            Shows::Refusal { code, msg } => {
                let code = u16::try_from(code).unwrap_or(400);
                refusal(code, &msg, None).deliver(None, open, ()).await
            }
            shows => reply.deliver(Some(shows), open, ()).await,
        }
    }

    fn carried_out(&self, method: &str, said: &Said, open: &Open) -> Reply {
        match self.world().carry_out(method, said, open.seq()) {
            Ok(result) => Reply::new(200, JSON, json!({ "ok": true, "result": result }).to_string()),
            Err(Refused { code, description, parameters }) => refusal(code, &description, parameters),
        }
    }

    fn file(&self, path: &str) -> Reply {
        let path = path.replace("%2F", "/");
        let name = path.rsplit('/').next().unwrap_or_default();
        let world = self.world();
        match world.files.get(name) {
            Some(file) => Reply::new(200, "application/octet-stream", file.bytes.clone()),
            None => refusal(404, "Not Found", None),
        }
    }

    /// Brings updates to the webhook, one after the other; one that is not taken is brought again.
    async fn bring(&self) {
        let mut changed = self.changed.subscribe();
        loop {
            let next = {
                let mut world = self.world();
                match &world.webhook {
                    Some(_) => world.fetch(None, 1).pop(),
                    None => None,
                }
            };
            let Some(update) = next else {
                if changed.changed().await.is_err() {
                    return;
                }
                continue;
            };
            if !self.brought(&update).await {
                let _ = tokio::time::timeout(AGAIN, changed.changed()).await;
            }
        }
    }

    async fn brought(&self, update: &Value) -> bool {
        let (url, certificate, secret) = {
            let world = self.world();
            let Some(webhook) = &world.webhook else { return false };
            (webhook.url.clone(), webhook.certificate.clone(), webhook.secret.clone())
        };
        let headers = [("X-Telegram-Bot-Api-Secret-Token".to_owned(), secret)];
        let body = update.to_string().into();
        let answer = post_trusting(&url, certificate.as_deref(), &headers, body).await;
        let taken = answer.is_some_and(|status| (200..300).contains(&status));
        let mut world = self.world();
        if taken {
            world.confirm(update["update_id"].as_i64().unwrap_or_default());
        } else {
            let why = match answer {
                Some(status) => format!("Wrong response from the webhook: {status}"),
                None => "Connection refused".to_owned(),
            };
            let now = world.clock.now_ms();
            world.last_error = Some((now, why));
        }
        taken
    }

    /// Waits for updates. A second poller sends the first one away.
    async fn poll(&self, said: &Said) -> Reply {
        let mine = {
            let mut world = self.world();
            if world.webhook.is_some() {
                let words = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
                return refusal(409, words, None);
            }
            world.pollers += 1;
            world.pollers
        };
        self.stir();
        let (offset, limit) = (said.number("offset"), said.number("limit").unwrap_or(100));
        let limit = usize::try_from(limit.clamp(1, 100)).unwrap_or(100);
        let timeout = said.number("timeout").unwrap_or_default().unsigned_abs().min(LONGEST_POLL);
        let mut changed = self.changed.subscribe();
        let waited = async {
            loop {
                {
                    let mut world = self.world();
                    if world.pollers != mine {
                        return None;
                    }
                    let updates = world.fetch(offset, limit);
                    if !updates.is_empty() || timeout == 0 {
                        return Some(updates);
                    }
                }
                if changed.changed().await.is_err() {
                    return Some(Vec::new());
                }
            }
        };
        match tokio::time::timeout(Duration::from_secs(timeout.max(1)), waited).await {
            Ok(None) => {
                let words = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
                refusal(409, words, None)
            }
            Ok(Some(updates)) => Reply::new(200, JSON, json!({ "ok": true, "result": updates }).to_string()),
            Err(_) => Reply::new(200, JSON, json!({ "ok": true, "result": [] }).to_string()),
        }
    }
}

impl Host for TelegramHost {
    fn answer(
        self: Arc<Self>,
        _door: usize,
        asked: Asked,
    ) -> BoxFuture<'static, Result<Response<Body>, Cut>> {
        async move { self.dealt(asked).await }.boxed()
    }

    fn work(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move { self.bring().await }.boxed()
    }
}

pub(super) fn refusal(code: u16, description: &str, parameters: Option<Value>) -> Reply {
    let mut body = json!({ "ok": false, "error_code": code, "description": description });
    if let Some(parameters) = parameters {
        body["parameters"] = parameters;
    }
    Reply::new(code, JSON, body.to_string())
}

/// Which call it is, and the method's name in lower case.
fn route(path: &str, token: &str) -> (Call, String) {
    if path.starts_with(&format!("/file/bot{token}/")) {
        return (Call::TelegramFile, String::new());
    }
    let Some(method) = path.strip_prefix(&format!("/bot{token}/")) else {
        return (Call::Unrouted, String::new());
    };
    let method = method.to_lowercase();
    let call = match method.as_str() {
        "getupdates" => Call::GetUpdates,
        "sendmessage" => Call::SendMessage,
        "editmessagetext" | "editmessagecaption" | "editmessagereplymarkup" => Call::EditMessage,
        "sendvideo" => Call::SendVideo,
        "answercallbackquery" => Call::AnswerCallback,
        "getfile" => Call::GetFile,
        _ => Call::BotApi,
    };
    (call, method)
}
