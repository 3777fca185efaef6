//! The fake YooKassa behind its listener.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::Response;
use serde_json::Value;

use super::books::{Books, Status};
use super::check;
use super::error::{JSON, Refused, no_credentials, not_found};
use crate::call::Call;
use crate::clock::Clock;
use crate::fault::{Fault, Shows};
use crate::journal::{Exchange, Journal, Open};
use crate::reply::Reply;
use crate::script::{Scene, Script};
use crate::secret::Secret;
use crate::server::{Asked, Body, Cut, Host};
use crate::violation::{Rule, Violations};
use crate::wire::fingerprint;

/// What the fake knows.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) books: Books,
    pub(crate) paid_when_read: bool,
    pub(crate) secret: Secret,
    pub(crate) faults: Script<Fault>,
    pub(crate) violations: Violations,
}

#[derive(Debug)]
pub(crate) struct YookassaHost {
    desk: Mutex<Desk>,
    pub(crate) journal: Journal,
    pub(crate) clock: Clock,
}

impl YookassaHost {
    pub(crate) fn new(desk: Desk, journal: Journal) -> Self {
        let clock = desk.books.clock.clone();
        Self { desk: Mutex::new(desk), journal, clock }
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for YookassaHost {
    fn answer(
        self: Arc<Self>,
        _door: usize,
        asked: Asked,
    ) -> BoxFuture<'static, Result<Response<Body>, Cut>> {
        async move {
            let call = route(asked.parts.method.as_str(), asked.path());
            let exchange = Exchange {
                method: asked.parts.method.to_string(),
                host: asked.header("host").unwrap_or_default().to_owned(),
                path: asked.parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
                key: asked.header("authorization").map(fingerprint),
                request: serde_json::from_slice(&asked.body).unwrap_or_default(),
                ..Exchange::new(call, self.clock.now_ms())
            };
            let open = self.journal.open(exchange);
            let (reply, shows) = self.desk().answer(call, &asked, &open);
            // Whoever waits for a change of the books finds out.
            self.journal.stir();
            reply.deliver(shows, open, ()).await
        }
        .boxed()
    }

    fn work(self: Arc<Self>) -> BoxFuture<'static, ()> {
        futures::future::ready(()).boxed()
    }
}

fn route(method: &str, path: &str) -> Call {
    let under =
        |folder: &str| path.strip_prefix(folder).is_some_and(|id| !id.is_empty() && !id.contains('/'));
    match method {
        "POST" if path == "/v3/payments" => Call::PaymentCreate,
        "GET" if under("/v3/payments/") => Call::PaymentRead,
        "POST" if path == "/v3/refunds" => Call::RefundCreate,
        "GET" if path == "/v3/refunds" || under("/v3/refunds/") => Call::RefundRead,
        "GET" if path == "/v3/me" => Call::ShopRead,
        _ => Call::Unrouted,
    }
}

impl Desk {
    fn answer(&mut self, call: Call, asked: &Asked, open: &Open) -> (Reply, Option<Shows>) {
        let fault = self.faults.ask(&Scene { call: Some(call), ..Scene::default() });
        open.note(|exchange| exchange.script.extend(fault.as_ref().map(Fault::label)));
        let nothing = || Reply::new(200, JSON, "");
        match fault {
            Some(Fault { done: false, shows }) => (nothing(), Some(shows)),
            Some(Fault { shows, .. }) => (self.carried_out(call, asked, open), Some(shows)),
            None => (self.carried_out(call, asked, open), None),
        }
    }

    fn carried_out(&mut self, call: Call, asked: &Asked, open: &Open) -> Reply {
        match self.done(call, asked) {
            Ok(shown) => {
                open.note(|exchange| exchange.task = shown["id"].as_str().map(str::to_owned));
                Reply::new(200, JSON, shown.to_string())
            }
            Err(refused) => {
                if let Some(rule) = refused.rule {
                    self.violations.note(open.seq(), rule, refused.description.clone());
                }
                refused.reply()
            }
        }
    }

    fn done(&mut self, call: Call, asked: &Asked) -> Result<Value, Refused> {
        if call == Call::Unrouted {
            let what = format!("{} {}", asked.parts.method, asked.path());
            return Err(Refused { rule: Some(Rule::Unrouted), ..not_found(&what) });
        }
        self.let_in(asked)?;
        let id = asked.path().rsplit('/').next().unwrap_or_default();
        let shop = self.books.shop.clone();
        match call {
            Call::PaymentCreate => {
                let (key, body) = posted(asked)?;
                self.books.open(key, &body)
            }
            Call::RefundCreate => {
                let (key, body) = posted(asked)?;
                self.books.give_back(key, &body)
            }
            Call::PaymentRead => {
                let pending = self.books.payment(id).is_some_and(|known| known.status == Status::Pending);
                if pending && self.paid_when_read {
                    self.books.pays(id, None);
                }
                self.books.payment(id).map(|payment| payment.shown(&shop)).ok_or_else(|| not_found("Payment"))
            }
            Call::RefundRead if id == "refunds" => {
                Ok(self.books.refunds_of(asked.query("payment_id").as_deref()))
            }
            Call::RefundRead => self.books.refund(id).ok_or_else(|| not_found("Refund")),
            _ => Ok(serde_json::json!({ "account_id": shop, "status": "enabled", "test": true })),
        }
    }

    fn let_in(&self, asked: &Asked) -> Result<(), Refused> {
        let expect = BASE64_STANDARD.encode(format!("{}:{}", self.books.shop, self.secret.0));
        let shown = asked.header("authorization").and_then(|value| value.strip_prefix("Basic "));
        if shown == Some(expect.as_str()) {
            return Ok(());
        }
        Err(Refused { rule: Some(Rule::Auth), ..no_credentials() })
    }
}

/// The key and the body of a POST.
fn posted(asked: &Asked) -> Result<(String, Value), Refused> {
    let kind = asked.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(Refused::invalid(Rule::Headers, "Content-Type", "no Content-Type of JSON"));
    }
    let key = check::key(asked.header("idempotence-key"))?;
    let body = serde_json::from_slice(&asked.body);
    let body = body.map_err(|_| Refused::invalid(Rule::Body, "body", "the body is no JSON"))?;
    Ok((key, body))
}
