//! What happened at the fakes, in the order in which it happened.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::call::Call;
use crate::clock::millis;

/// An append-only record of every exchange, in one order over all fakes that share it. Clones are the same journal.
///
/// Keys are in it by their fingerprint only.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    pages: Mutex<Pages>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Pages {
    seq: u64,
    exchanges: Vec<Exchange>,
    marks: Vec<(u64, String)>,
}

impl Pages {
    fn exchange(&mut self, seq: u64) -> Option<&mut Exchange> {
        let at = self.exchanges.binary_search_by_key(&seq, |exchange| exchange.seq).ok()?;
        self.exchanges.get_mut(at)
    }
}

/// One request and what became of it. For [`Call::Callback`] the fake is the one who asked.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Exchange {
    /// Its place in the order: when the request had arrived.
    pub seq: u64,
    /// When it ended, in the same order; `None` while it is under way.
    pub ended: Option<u64>,
    /// When the request had arrived, by the fake's clock, in milliseconds since 1970.
    pub at_ms: i64,
    /// Which kind of request it was.
    pub call: Call,
    /// `GET`, `POST`.
    pub method: String,
    /// The host that was asked, with its port.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// The account whose key was shown.
    pub account: Option<String>,
    /// The first 8 hex digits of the key's SHA-256.
    pub key: Option<String>,
    /// The model that was asked for, or whose task it is about.
    pub model: Option<String>,
    /// The task that it is about, or that it made.
    pub task: Option<String>,
    /// The `callBackUrl` that was sent along.
    pub callback: Option<String>,
    /// The request's body when it is JSON, else null. What uploads and data URLs hold is left out.
    pub request: Value,
    /// What the script did to it, in a few words each: a fault, the course of the task that it made, the answer.
    pub script: Vec<String>,
    /// The HTTP status that was answered.
    pub status: Option<u16>,
    /// The `code` of the envelope that was answered.
    pub code: Option<i64>,
    /// How it ended.
    pub ending: Ending,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// It did not yet.
    UnderWay,
    /// With an answer, whatever that said.
    Answered,
    /// Without a whole answer: the connection was closed before, by the fake or by the client.
    Lost,
}

impl Journal {
    /// An empty journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every exchange so far, in the order of arrival.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.pages().exchanges.clone()
    }

    /// The exchanges of one kind.
    pub fn of(&self, call: Call) -> Vec<Exchange> {
        self.pages().exchanges.iter().filter(|exchange| exchange.call == call).cloned().collect()
    }

    /// How many exchanges of one kind there were.
    pub fn count(&self, call: Call) -> usize {
        self.pages().exchanges.iter().filter(|exchange| exchange.call == call).count()
    }

    /// The paid requests: `createTask`, and the endpoints of Veo and Runway.
    pub fn paid(&self) -> Vec<Exchange> {
        let paid = |exchange: &&Exchange| Call::PAID.contains(&exchange.call);
        self.pages().exchanges.iter().filter(paid).cloned().collect()
    }

    /// The hosts that were asked, with their ports.
    pub fn hosts(&self) -> BTreeSet<String> {
        self.pages().exchanges.iter().map(|exchange| exchange.host.clone()).collect()
    }

    /// How many paid requests carried each `callBackUrl`. More than one is one too many.
    pub fn paid_by_callback(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for callback in self.paid().into_iter().filter_map(|exchange| exchange.callback) {
            *counts.entry(callback).or_default() += 1;
        }
        counts
    }

    /// The most paid requests that one account saw in any window of that length, by the fake's clock.
    pub fn peak(&self, window: Duration) -> usize {
        let mut times: BTreeMap<Option<String>, Vec<i64>> = BTreeMap::new();
        for exchange in self.paid() {
            times.entry(exchange.account).or_default().push(exchange.at_ms);
        }
        let window = millis(window);
        let peak_of = |times: &Vec<i64>| {
            let within = |from: &i64| times.iter().filter(|at| (*from..*from + window).contains(*at)).count();
            times.iter().map(within).max().unwrap_or(0)
        };
        times.values().map(peak_of).max().unwrap_or(0)
    }

    /// Writes a line of the test's own between the exchanges; returns its place in the order.
    pub fn mark(&self, text: impl Into<String>) -> u64 {
        let mut pages = self.pages();
        pages.seq += 1;
        let seq = pages.seq;
        pages.marks.push((seq, text.into()));
        self.announce(pages);
        seq
    }

    /// The lines that [`mark`](Self::mark) wrote, with their places.
    pub fn marks(&self) -> Vec<(u64, String)> {
        self.pages().marks.clone()
    }

    /// Waits until a condition holds. It is looked at again at every change of the journal and whenever a task ends, so no
    /// test needs to sleep.
    ///
    /// # Panics
    /// It does not within 30 seconds; the journal is in the message.
    pub async fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        let mut changes = self.0.changed.subscribe();
        let wait = async {
            while !holds(self) {
                if changes.changed().await.is_err() {
                    break;
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(30), wait).await.is_err() {
            panic!("waited for {what} in vain; the journal:\n{}", self.lines().join("\n"));
        }
    }

    /// The exchanges as lines for people.
    pub fn lines(&self) -> Vec<String> {
        let line = |exchange: &Exchange| {
            let Exchange { seq, call, method, path, .. } = exchange;
            let end = match (exchange.ending, exchange.status, exchange.code) {
                (Ending::Answered, Some(status), Some(code)) => format!("{status}, code {code}"),
                (Ending::Answered, Some(status), None) => status.to_string(),
                (ending, ..) => format!("{ending:?}"),
            };
            let script: String = exchange.script.iter().map(|what| format!(" [{what}]")).collect();
            format!("{seq:>4} {call} {method} {path} -> {end}{script}")
        };
        self.pages().exchanges.iter().map(line).collect()
    }

    /// Enters a request; it gets its place in the order.
    pub(crate) fn open(&self, mut exchange: Exchange) -> Open {
        let mut pages = self.pages();
        pages.seq += 1;
        exchange.seq = pages.seq;
        let seq = exchange.seq;
        pages.exchanges.push(exchange);
        self.announce(pages);
        Open { journal: self.clone(), seq, ended: false }
    }

    /// Something changed that is not in the journal.
    pub(crate) fn stir(&self) {
        self.0.changed.send_modify(|_| {});
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, pages: MutexGuard<'_, Pages>) {
        let seq = pages.seq;
        drop(pages);
        self.0.changed.send_replace(seq);
    }
}

impl Exchange {
    pub(crate) fn new(call: Call, at_ms: i64) -> Self {
        Self {
            seq: 0,
            ended: None,
            at_ms,
            call,
            method: String::new(),
            host: String::new(),
            path: String::new(),
            account: None,
            key: None,
            model: None,
            task: None,
            callback: None,
            request: Value::Null,
            script: Vec::new(),
            status: None,
            code: None,
            ending: Ending::UnderWay,
        }
    }
}

/// An exchange under way. Dropped before it ended, it counts as lost.
#[derive(Debug)]
pub(crate) struct Open {
    journal: Journal,
    seq: u64,
    ended: bool,
}

impl Open {
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// Adds what only became known while it was dealt with.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = self.journal.pages().exchange(self.seq) {
            change(exchange);
        }
        self.journal.stir();
    }

    pub(crate) fn end(mut self, ending: Ending, status: Option<u16>, code: Option<i64>) {
        self.finish(ending, status, code);
    }

    fn finish(&mut self, ending: Ending, status: Option<u16>, code: Option<i64>) {
        self.ended = true;
        let mut pages = self.journal.pages();
        pages.seq += 1;
        let now = pages.seq;
        if let Some(exchange) = pages.exchange(self.seq) {
            exchange.ended = Some(now);
            exchange.ending = ending;
            exchange.status = status;
            exchange.code = code;
        }
        self.journal.announce(pages);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.ended {
            self.finish(Ending::Lost, None, None);
        }
    }
}
