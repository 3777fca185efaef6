//! What the public may call: updates that are brought, and videos for whoever has a link.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use neurocards::{
    AccountOpen, BotId, Clock, Credits, Currency, ManualClock, Media, MemoryStore, PayProvider,
    PaymentChange, PaymentClaim, PaymentId, PaymentNew, PaymentSettle, Payments, Price, Store, StoreError,
};
use neurocards_http::{HttpState, Server, Signer, Webhook};
use secrecy::{ExposeSecret, SecretSlice};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

const SECRET: &str = "a-word-that-only-the-bot-api-knows";

async fn serve(state: HttpState) -> SocketAddr {
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = server.addr();
    tokio::spawn(server.serve(state, CancellationToken::new()));
    addr
}

/// Status, head, body.
async fn send(addr: SocketAddr, head: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = format!("{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    // A server that refuses may not read what follows.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(answer.len());
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, head, answer.get(end + 4..).unwrap_or_default().to_vec())
}

#[tokio::test]
async fn only_who_knows_the_secret_brings_updates() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new());
    let stored = Arc::new(Mutex::new(Vec::new()));
    let fails = Arc::new(Mutex::new(false));
    let (into, failing) = (stored.clone(), fails.clone());
    let receive = Arc::new(move |update| {
        into.lock().unwrap().push(update);
        let failed = *failing.lock().unwrap();
        let answer = if failed { Err(StoreError::Unavailable { source: "away".into() }) } else { Ok(()) };
        async move { answer }.boxed()
    });
    let webhook = Webhook { secret: SECRET.into(), receive };
    let addr = serve(HttpState::new(Arc::new(MemoryStore::new(clock))).with_webhook(webhook)).await;
    let bring = async |secret: Option<&str>, body: &[u8]| {
        let shown = secret.map(|secret| format!("\r\nx-telegram-bot-api-secret-token: {secret}"));
        let head = format!("POST /telegram/webhook?v=1 HTTP/1.1{}", shown.unwrap_or_default());
        let (status, _, said) = send(addr, &head, body).await;
        (status, said.len())
    };
    let long = SECRET.repeat(2);
    for wrong in [None, Some(""), Some("a"), Some(&SECRET[1..]), Some(long.as_str())] {
        assert_eq!(bring(wrong, b"{}").await, (404, 0), "{wrong:?}");
        assert_eq!(bring(wrong, b"no json").await, (404, 0), "{wrong:?}");
    }
    let unknown = send(addr, "POST /telegram/other HTTP/1.1", b"{}").await;
    assert_eq!((unknown.0, unknown.2.len()), (404, 0), "it looks like any unknown path");
    assert!(stored.lock().unwrap().is_empty(), "and nothing was stored");
    assert_eq!(bring(Some(SECRET), b"no json").await, (400, 0));
    assert_eq!(bring(Some(SECRET), &vec![b' '; 1024 * 1024 + 1]).await.0, 413);
    // More than a callback may have.
    let large = serde_json::json!({ "update_id": 7, "text": "x".repeat(500_000) }).to_string();
    assert_eq!(bring(Some(SECRET), large.as_bytes()).await, (200, 0));
    assert_eq!(stored.lock().unwrap().len(), 1);
    *fails.lock().unwrap() = true;
    assert_eq!(bring(Some(SECRET), b"{\"update_id\": 8}").await, (503, 0), "it is brought again");
}

#[tokio::test]
async fn a_video_is_for_whoever_has_a_link_that_is_not_over() {
    let clock = Arc::new(ManualClock::new());
    let media = Media::in_memory();
    let tiny = Bytes::from_static(include_bytes!("../../../tests/testkit/assets/tiny.mp4"));
    let video = media.put_video(futures::stream::iter([Ok(tiny.clone())]).boxed()).await.unwrap();
    let signer = Signer::new(SecretSlice::from(b"0123456789abcdef".to_vec()));
    assert_eq!(signer.webhook_secret(7).expose_secret().len(), 64);
    let engine = neurocards::Engine::builder(Arc::new(MemoryStore::new(clock.clone())), media.clone());
    let engine = engine.clock(clock.clone()).build();
    let addr = serve(HttpState::worker(engine).with_media(signer.clone(), media)).await;
    let until = clock.now().timestamp() + 60;
    let path = signer.media_path(&video.sha256, until).unwrap();
    let get = async |path: &str, more: &str| send(addr, &format!("GET {path} HTTP/1.1{more}"), b"").await;

    let (status, head, body) = get(&path, "").await;
    assert_eq!((status, body.as_slice()), (200, tiny.as_ref()));
    for line in
        ["content-type: video/mp4", "attachment; filename=\"video.mp4\"", "accept-ranges: bytes", "nosniff"]
    {
        assert!(head.contains(line), "{head}");
    }
    let (status, head, body) = get(&path, "\r\nrange: bytes=4-7").await;
    assert_eq!((status, body.as_slice()), (206, &b"ftyp"[..]));
    assert!(head.contains(&format!("content-range: bytes 4-7/{}", tiny.len())), "{head}");
    let (status, _, body) = get(&path, "\r\nrange: bytes=-8").await;
    assert_eq!((status, body.as_slice()), (206, &tiny[tiny.len() - 8..]));
    let beyond = format!("\r\nrange: bytes={}-", tiny.len());
    assert_eq!(get(&path, &beyond).await.0, 416);
    assert_eq!(get(&path, "\r\nrange: lines=1-2").await.0, 200);

    let gone = signer.media_path(&"0".repeat(64), until).unwrap();
    let forged = format!("{}A", &path[..path.len() - 1]);
    let climbs = "/media/..%2f..%2fetc%2fpasswd";
    for wrong in [gone.as_str(), &forged, climbs, "/media/", "/media/x"] {
        let (status, _, body) = get(wrong, "").await;
        assert_eq!((status, body.len()), (404, 0), "{wrong}");
    }
    clock.advance(Duration::from_secs(61));
    let (status, _, body) = get(&path, "").await;
    assert_eq!((status, body.len()), (404, 0), "over");
}

/// Whatever it says, the answer is the same; a payment of ours is due, and nothing else has changed.
#[tokio::test]
async fn a_hint_only_wakes_a_payment() {
    let clock = Arc::new(ManualClock::new());
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let account: neurocards::AccountKey = "telegram:42".parse().unwrap();
    let open = AccountOpen { account: account.clone(), credit_limit: Credits::ZERO, bonus: None };
    store.account_open(&open).await.unwrap();
    let new = PaymentNew {
        id: PaymentId::new(clock.now(), [1; 10]),
        account,
        bot: BotId(7),
        provider: PayProvider::Yookassa,
        credits: Credits(5),
        price: Price { amount: 39_000, currency: Currency::Rub },
    };
    let payment = store.payment_open(&new).await.unwrap();
    let known = PaymentChange::Registered { provider_id: "2a-000f".to_owned(), page: None };
    store.payment_apply(payment.id, &known).await.unwrap();
    let claim = PaymentClaim { bot: BotId(7), limit: 9, lease: Duration::from_secs(60) };
    let due = async || store.payments_claim(&claim).await.unwrap();
    assert!(due().await.is_empty());
    let addr = serve(HttpState::new(store.clone()).with_payments(store.clone())).await;
    let said = async |body: &[u8]| {
        let (status, _, said) = send(addr, "POST /callbacks/yookassa HTTP/1.1", body).await;
        (status, said.len())
    };
    let paid = |id: &str| {
        format!(r#"{{"event":"payment.succeeded","object":{{"id":"{id}","status":"succeeded"}}}}"#)
    };
    for nothing in [b"".as_slice(), b"no json", paid("2b-000f").as_bytes(), paid("../x").as_bytes()] {
        assert_eq!(said(nothing).await, (200, 0));
    }
    assert!(due().await.is_empty());
    assert_eq!(said(&vec![b' '; 64 * 1024 + 1]).await.0, 413);
    let before = store.payment_get(payment.id).await.unwrap().unwrap();
    assert_eq!(said(paid("2a-000f").as_bytes()).await, (200, 0));
    let woken = due().await;
    assert_eq!(woken.len(), 1);
    assert_eq!((woken[0].state, &woken[0].provider_id), (before.state, &before.provider_id));
    let settle = PaymentSettle { id: payment.id, epoch: woken[0].epoch, told: None, next: None };
    assert!(store.payment_settle(&settle).await.unwrap());
    // Too many of one payment are sent away.
    assert_eq!(said(paid("2a-000f").as_bytes()).await, (200, 0));
    assert_eq!(said(paid("2a-000f").as_bytes()).await, (200, 0));
    assert_eq!(said(paid("2a-000f").as_bytes()).await, (503, 0));
    assert_eq!(send(addr, "GET /callbacks/yookassa HTTP/1.1", b"").await.0, 405);
    let closed = serve(HttpState::new(store.clone())).await;
    assert_eq!(send(closed, "POST /callbacks/yookassa HTTP/1.1", b"{}").await.0, 404);
}
