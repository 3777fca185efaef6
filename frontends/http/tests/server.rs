//! The server over a real socket: health, readiness, metrics, limits, shutdown.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use neurocards::{
    AccountOpen, BriefTexts, Credits, Engine, Media, MemoryProvider, MemoryStore, OrderRequest, Photo,
    PhotoLimits, RunOptions, Store, SystemClock, TemplateId,
};
use neurocards_http::{HttpState, Metrics, Server};
use neurocards_testkit::{FaultyStore, Plan};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
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

#[tokio::test]
async fn a_worker_is_ready_while_it_claims_and_counts_what_it_does() {
    let engine = engine();
    let metrics = Metrics::install().unwrap();
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
    let request = OrderRequest {
        account,
        photo: Photo::intake(CUP, &PhotoLimits::default()).unwrap(),
        texts: BriefTexts { description: "Secret cup".to_owned(), ..BriefTexts::default() },
        template: TemplateId::Ad,
        count: 2,
        model: None,
        idempotency_key: Some("once".to_owned()),
        max_credits: None,
    };
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
