//! A thousand people at once, against the fake Bot API on this machine: how long each waits for an answer, and what the
//! process holds meanwhile.
//!
//! `cargo bench -p neurocards-telegram --bench crowd`. Bot, fake and people share one process and this machine's
//! processors, so times stand beside a bare round trip of the same fake in the same run. The pace is lifted, but for the
//! last part: Telegram takes thirty messages a second, whoever sends them.

#![expect(clippy::unwrap_used, reason = "a benchmark ends where its house errs")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and waits")]

use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

use neurocards::preview::PreviewProvider;
use neurocards::store::{PostgresStore, SqliteStore};
use neurocards::{ChatStore, Clock, Engine, Media, MemoryChats, MemoryStore, Store, SystemClock};
use neurocards_fakes::Call;
use neurocards_fakes::telegram::{TelegramFake, User};
use neurocards_telegram::TelegramBot;
use neurocards_telegram::api::{Api, Limits};
use neurocards_telegram::screen::Sheet;
use neurocards_testkit::postgres::{Durability, Server};
use tokio_util::sync::CancellationToken;

const PEOPLE: i64 = 1_000;
const FREE: Limits =
    Limits { overall: Duration::ZERO, bulk: Duration::ZERO, chat: Duration::ZERO, edits: Duration::ZERO };

struct Stores {
    name: &'static str,
    store: Arc<dyn Store>,
    chats: Arc<dyn ChatStore>,
    keep: Box<dyn Any>,
}

fn memory() -> Stores {
    let clock = Arc::new(SystemClock::new());
    let (store, chats) = (Arc::new(MemoryStore::new(clock.clone())), Arc::new(MemoryChats::new(clock)));
    Stores { name: "memory", store, chats, keep: Box::new(()) }
}

async fn sqlite() -> Stores {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock::new());
    let store = Arc::new(SqliteStore::open(folder.path().join("store.db"), clock).await.unwrap());
    Stores { name: "SQLite", store: store.clone(), chats: store, keep: Box::new(folder) }
}

async fn postgres() -> Stores {
    let server = Server::start(Durability::Full).await;
    server.create("crowd", None).await;
    let store = Arc::new(PostgresStore::open(&server.url_of("crowd")).await.unwrap());
    Stores { name: "PostgreSQL", store: store.clone(), chats: store, keep: Box::new(server) }
}

/// A bot that runs, the people before it, and how long a bare round trip took.
struct Crowd {
    telegram: TelegramFake,
    people: Vec<User>,
    stop: CancellationToken,
    running: tokio::task::JoinHandle<()>,
    bare: Duration,
    name: &'static str,
    _keep: Box<dyn Any>,
}

impl Crowd {
    async fn open(stores: Stores, limits: Limits) -> Self {
        let telegram = TelegramFake::builder().start();
        let people: Vec<_> = (1..=PEOPLE).map(|id| telegram.user(id)).collect();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let server = Some(telegram.url().parse().unwrap());
        let api = Api::new(TelegramFake::TOKEN, server, clock.clone()).unwrap();
        let bare = bare(&telegram, &api.clone().limits(FREE)).await;
        let media = Media::in_memory();
        let engine = Engine::builder(stores.store, media.clone())
            .provider(Arc::new(PreviewProvider::new(media, clock.clone())))
            .build();
        let bot = TelegramBot::builder(api.limits(limits), stores.chats, engine, clock).build();
        let stop = CancellationToken::new();
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { bot.run(stop).await.unwrap() }
        });
        Self { telegram, people, stop, running, bare, name: stores.name, _keep: stores.keep }
    }

    /// Everybody says the same at once; `answers` messages for each.
    async fn says(&self, words: &str, answers: usize) {
        let (journal, before) = (self.telegram.log(), self.telegram.log().count(Call::SendMessage));
        let began = Instant::now();
        for person in &self.people {
            person.says(words);
        }
        let epoch_ms = SystemClock::new().now().timestamp_millis();
        let said = began.elapsed();
        let all = before + self.people.len() * answers;
        while journal.count(Call::SendMessage) < all {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut firsts = std::collections::HashMap::new();
        for sent in &journal.of(Call::SendMessage)[before..] {
            firsts.entry(sent.request["chat_id"].as_i64()).or_insert(sent.at_ms - epoch_ms);
        }
        let mut waits: Vec<_> = firsts.into_values().collect();
        waits.sort_unstable();
        let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
        let (p50, p99, last) = (at(0.5), at(0.99), at(1.0));
        let bare = self.bare.as_secs_f64() * 1e3;
        println!(
            "{:10} {words:9} first answer p50 {p50:6} ms, p99 {p99:6} ms, last {last:6} ms (said within {:.0} ms); \
             {:5.0} people/s; {:.2} bare round trips for each; {} MB",
            self.name,
            said.as_secs_f64() * 1e3,
            self.people.len() as f64 / (last as f64 / 1e3),
            last as f64 / self.people.len() as f64 / bare,
            resident_mb(),
        );
    }

    async fn close(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

/// The middle one of many sends, one after the other, with nothing but the client before the fake.
async fn bare(telegram: &TelegramFake, api: &Api) -> Duration {
    telegram.channel(-1);
    let sheet = Sheet { html: "hello".to_owned(), rows: Vec::new() };
    let mut times = Vec::new();
    for _ in 0..300 {
        let began = Instant::now();
        api.send(-1, &sheet).await.unwrap();
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

/// What this process holds, the fake and its journal included.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.unwrap_or_default() / 1_024
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        println!("{PEOPLE} people; {} MB before", resident_mb());
        for stores in [memory(), sqlite().await, postgres().await] {
            let crowd = Crowd::open(stores, FREE).await;
            println!("{}: a bare round trip takes {:.2} ms", crowd.name, crowd.bare.as_secs_f64() * 1e3);
            crowd.says("/start", 2).await;
            crowd.says("/cabinet", 1).await;
            crowd.says("/menu", 1).await;
            crowd.close().await;
        }
        println!("at Telegram's pace, of which {PEOPLE} messages take {:.0} s:", PEOPLE as f64 * 0.034);
        let crowd = Crowd::open(memory(), Limits::default()).await;
        crowd.says("/start", 2).await;
        crowd.says("/cabinet", 1).await;
        crowd.close().await;
    });
}
