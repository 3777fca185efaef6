//! The server over a real socket: health, readiness, metrics, limits, shutdown.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use neurocards::{
    AccountOpen, BriefTexts, Clock, Credits, Engine, Entropy, ManualClock, Media, MemoryProvider,
    MemoryStore, OrderRequest, Pause, PauseScope, Photo, PhotoLimits, RunOptions, Store, StoreAround,
    StoreCall, StoreError, SystemClock, TemplateId, WorkerBeat,
};
use neurocards_http::{HttpState, Metrics, Server};
use neurocards_testkit::{FaultyStore, Plan};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const VIDEO: &[u8] = include_bytes!("../../../tests/testkit/assets/tiny.mp4");
const CUP: &[u8] = include_bytes!("../../../examples/photos/coffee-cup.jpg");

struct Running {
    addr: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Running {
    async fn start(state: HttpState) -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (addr, stop) = (server.addr(), CancellationToken::new());
        let server = tokio::spawn(server.serve(state, stop.clone()));
        Self { addr, stop, server }
    }

    /// Status and the whole answer.
    async fn send(&self, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        // A server that refuses may reset the connection while we still write.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        (answer.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0), answer)
    }

    async fn get(&self, path: &str) -> (u16, String) {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await
    }

    /// Asks until the status comes.
    async fn until(&self, path: &str, status: u16) -> String {
        let asked = async {
            let mut pause = tokio::time::interval(Duration::from_millis(20));
            loop {
                pause.tick().await;
                let (found, answer) = self.get(path).await;
                if found == status {
                    return answer;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), asked).await.unwrap()
    }
}

fn engine() -> Engine {
    let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
    let provider = MemoryProvider::new(VIDEO.into());
    Engine::builder(store, Media::in_memory()).provider(Arc::new(provider)).build()
}

fn request(account: neurocards::AccountKey, count: u32) -> OrderRequest {
    OrderRequest {
        account,
        photo: Photo::intake(CUP, &PhotoLimits::default()).unwrap(),
        texts: BriefTexts { description: "Secret cup".to_owned(), ..BriefTexts::default() },
        template: TemplateId::Ad,
        count,
        model: None,
        idempotency_key: Some("once".to_owned()),
        max_credits: None,
    }
}

fn silent() -> Arc<dyn Store> {
    let store = FaultyStore::new(engine().store().clone(), Plan::EMPTY);
    store.fall_silent();
    Arc::new(store)
}

#[tokio::test]
async fn a_process_without_a_worker_is_ready_when_its_store_answers() {
    let server = Running::start(HttpState::new(engine().store().clone())).await;
    assert_eq!(server.get("/healthz").await.0, 200);
    let (status, answer) = server.get("/readyz").await;
    assert_eq!((status, answer.ends_with(r#"{"ready":true}"#)), (200, true), "{answer}");
    for path in ["/metrics", "/", "/healthz/x"] {
        assert_eq!(server.get(path).await.0, 404, "{path}");
    }
    let post = b"POST /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert_eq!(server.send(post).await.0, 405);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_told_within_its_second() {
    let server = Running::start(HttpState::new(silent())).await;
    let (status, answer) = server.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(answer.contains(r#""reason":"store","message":"no answer within 1 s""#), "{answer}");
    assert_eq!(server.get("/healthz").await.0, 200);
}

/// A process has one recorder, and tests that read it take turns.
async fn recorder() -> (Metrics, MutexGuard<'static, ()>) {
    static METRICS: LazyLock<Metrics> = LazyLock::new(|| Metrics::install().unwrap());
    static TURN: Mutex<()> = Mutex::const_new(());
    (METRICS.clone(), TURN.lock().await)
}

/// A store that counts how often the queue is looked at, and can stop answering.
#[derive(Debug)]
struct Watched {
    inner: Arc<MemoryStore>,
    looks: AtomicU32,
    silent: AtomicBool,
}

impl StoreAround for Watched {
    fn inner(&self) -> &dyn Store {
        self.inner.as_ref()
    }

    async fn around<T: Send>(&self, call: StoreCall<'_, T>) -> Result<T, StoreError> {
        if call.method == "queue_status" {
            self.looks.fetch_add(1, Ordering::SeqCst);
            if self.silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
        }
        call.run().await
    }
}

#[tokio::test]
async fn the_queue_of_all_workers_is_told_and_looked_at_now_and_then() {
    let (metrics, _turn) = recorder().await;
    let clock = Arc::new(ManualClock::new());
    let inner = Arc::new(MemoryStore::new(clock.clone()));
    let (looks, silent) = Default::default();
    let store = Arc::new(Watched { inner, looks, silent });
    let engine = Engine::builder(store.clone(), Media::in_memory())
        .provider(Arc::new(MemoryProvider::new(VIDEO.into())))
        .time_and_chance(clock.clone(), Entropy::seeded(7))
        .build();
    let account: neurocards::AccountKey = "shop:1".parse().unwrap();
    let open = AccountOpen { account: account.clone(), credit_limit: Credits(9), bonus: None };
    store.account_open(&open).await.unwrap();
    engine.order(request(account, 3)).await.unwrap();
    for name in ["a", "b"] {
        let (host, version) = (String::new(), String::new());
        let beat = WorkerBeat { name: name.into(), host, version, in_flight: 0, started_at: clock.now() };
        store.worker_beat(&beat).await.unwrap();
        clock.advance(Duration::from_secs(45));
    }
    let server = Running::start(HttpState::worker(engine).with_metrics(metrics)).await;
    let says = |text: &str, lines: &[&str]| {
        for line in lines {
            assert!(text.contains(&format!("neurocards_{line}\n")), "{line} is not in:\n{text}");
        }
    };
    let read = async || server.get("/metrics").await.1;
    let first = futures::future::join_all((0..20).map(|_| read())).await;
    let seen = clock.now().timestamp();
    for text in first {
        says(
            &text,
            &[
                "queue_jobs{stage=\"prompt\",state=\"due\"} 3",
                "queue_jobs{stage=\"prompt\",state=\"paused\"} 0",
                "queue_jobs{stage=\"store\",state=\"waiting\"} 0",
                "queue_oldest_due_seconds 90",
                "queue_pauses 0",
                "workers_alive 1",
                &format!("queue_seen_timestamp_seconds {seen}"),
            ],
        );
    }
    let pause = Pause { scope: PauseScope::Everything, actor: "cli:ops".to_owned(), reason: None };
    store.queue_pause(&pause).await.unwrap();
    let looks = || store.looks.load(Ordering::SeqCst);
    clock.advance(Duration::from_millis(14_999));
    says(&read().await, &["queue_pauses 0"]);
    assert_eq!(looks(), 1);
    clock.advance(Duration::from_millis(1));
    let paused = "queue_jobs{stage=\"prompt\",state=\"paused\"} 3";
    let after = [
        "queue_jobs{stage=\"prompt\",state=\"due\"} 0",
        paused,
        "queue_oldest_due_seconds 0",
        "queue_pauses 1",
    ];
    says(&read().await, &after);
    assert_eq!(looks(), 2);
    // A store that does not answer costs a reader a second, once in a while, and the rest is told.
    store.silent.store(true, Ordering::SeqCst);
    clock.advance(Duration::from_secs(15));
    for _ in 0..3 {
        says(&read().await, &[paused, &format!("queue_seen_timestamp_seconds {}", seen + 15)]);
    }
    assert_eq!(looks(), 3);
}

#[tokio::test]
async fn a_worker_is_ready_while_it_claims_and_counts_what_it_does() {
    let engine = engine();
    let (metrics, _turn) = recorder().await;
    assert!(Metrics::install().is_err());
    let server = Running::start(HttpState::worker(engine.clone()).with_metrics(metrics)).await;
    let (status, answer) = server.get("/readyz").await;
    assert_eq!((status, answer.contains(r#""reason":"claim_loop""#)), (503, true), "{answer}");

    let stop = CancellationToken::new();
    let worker = tokio::spawn({
        let (engine, stop) = (engine.clone(), stop.clone());
        async move { engine.run(RunOptions::default(), stop).await }
    });
    server.until("/readyz", 200).await;
    let account: neurocards::AccountKey = "shop:secret-customer".parse().unwrap();
    let open = AccountOpen { account: account.clone(), credit_limit: Credits(9), bonus: None };
    engine.store().account_open(&open).await.unwrap();
    let request = request(account, 2);
    for _ in 0..2 {
        engine.order(request.clone()).await.unwrap().wait().await.unwrap();
    }
    stop.cancel();
    worker.await.unwrap().unwrap();
    server.until("/readyz", 503).await;

    let (_, text) = server.get("/metrics").await;
    for line in [
        "neurocards_orders_placed_total 1\n",
        "neurocards_jobs_ended_total{outcome=\"done\",fault=\"none\"} 2\n",
        "neurocards_steps_applied_total{stage=\"done\"} 2\n",
        "call=\"submit\",outcome=\"ok\",fault=\"none\"} 2\n",
        "neurocards_fences_lost_total 0\n",
        "neurocards_turns_in_flight 0\n",
        "# TYPE neurocards_provider_call_seconds histogram\n",
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
    }
    for hidden in ["secret", "Secret", "once"] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let server = Running::start(HttpState::new(engine().store().clone())).await;
    let head = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "y".repeat(20_000));
    assert_eq!(server.send(head.as_bytes()).await.0, 431);
    let body = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9999999\r\n\r\n";
    assert_eq!(server.send(body).await.0, 413);
    assert_eq!(server.get("/healthz").await.0, 200);
}

#[tokio::test]
async fn an_address_in_use_is_an_error_and_stopping_frees_it() {
    let server = Running::start(HttpState::new(engine().store().clone())).await;
    let error = Server::bind(server.addr).await.unwrap_err();
    assert_eq!(error.source.kind(), std::io::ErrorKind::AddrInUse);
    server.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), server.server).await.unwrap().unwrap();
    Server::bind(server.addr).await.unwrap();
}

#[tokio::test]
async fn stopping_lets_a_request_under_way_end() {
    let server = Running::start(HttpState::new(silent())).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // Until the request has arrived, so that it is under way.
    assert_eq!(server.get("/healthz").await.0, 200);
    server.stop.cancel();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    server.server.await.unwrap();
}

/// What a caller can tell from outside: who has no token learns nothing, and no call changes anything by its words.
#[tokio::test]
async fn s17_callbacks_answer_alike_and_believe_nothing() {
    use neurocards::AttemptId;
    use neurocards::kie::Callbacks;
    use secrecy::SecretSlice;

    let callbacks = |secret: u8| {
        Callbacks::new(Some("https://cards.example"), SecretSlice::from(vec![secret; 32]), None).unwrap()
    };
    let (ours, theirs) = (callbacks(1), callbacks(2));
    let clock = Arc::new(SystemClock::new());
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let engine = Engine::builder(store, Media::in_memory()).build();
    let state = HttpState::worker(engine.clone()).with_callbacks(engine.clone(), ours.clone());
    let server = Running::start(state).await;
    let attempt = AttemptId::new(clock.now(), Entropy::from_os().id_bytes());
    let path = |callbacks: &Callbacks| {
        callbacks.address(attempt).unwrap().strip_prefix("https://cards.example").unwrap().to_owned()
    };
    let post = async |path: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        server.send(request.as_bytes()).await
    };
    // Without what differs from moment to moment.
    let shape = |(status, answer): (u16, String)| {
        let lines = answer.lines().filter(|line| !line.starts_with("date:")).map(str::to_owned);
        (status, lines.collect::<Vec<_>>())
    };
    let task =
        r#"{"code":200,"msg":"ok","data":{"taskId":"5fdec09dc604e83ec6eb26b40c1b64d8","state":"success"}}"#;
    let nowhere = shape(post("/nowhere", task).await);
    assert_eq!(nowhere.0, 404);
    for (path, body) in [
        (path(&theirs), task),
        ("/callbacks/kie/".to_owned() + "x", task),
        (path(&ours), "{}"),
        (path(&ours), "not json"),
        (path(&ours), ""),
    ] {
        assert_eq!(shape(post(&path, body).await), nowhere, "{path} {body}");
    }
    // Too long: refused by its length, whatever the token.
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10485760\r\n\r\n",
        path(&ours)
    );
    assert_eq!(server.send(head.as_bytes()).await.0, 413);
    // A good token, also of an attempt that nobody knows any more, and also twice: always the same.
    let heard = shape(post(&path(&ours), task).await);
    assert_eq!(heard.0, 200);
    assert_eq!(shape(post(&path(&ours), task).await), heard);
    assert_eq!(server.get(&path(&ours)).await.0, 405);
}

/// It asks and asks and reads no answer: its place is wanted by others. Time is the test's own: it passes while nothing else
/// happens.
#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_loses_its_place() {
    let server = Running::start(HttpState::new(engine().store().clone())).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let many = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000);
    let written = async { while stream.write_all(&many).await.is_ok() {} };
    let cut = tokio::time::timeout(Duration::from_secs(600), written).await;
    assert!(cut.is_ok(), "it is cut off");
}
