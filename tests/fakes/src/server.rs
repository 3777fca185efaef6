//! Listening on a thread of its own, so that a fake answers whatever its user's runtime is doing.

use std::convert::Infallible;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use futures::future::BoxFuture;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

/// Most bytes of a request's body: KIE's own advice for the largest upload, and the growth of base64.
const BODY_MAX_BYTES: usize = 140 * 1024 * 1024;

/// A body that may break off.
pub(crate) type Body = UnsyncBoxBody<Bytes, Cut>;

/// The connection is closed.
#[derive(Debug)]
pub(crate) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fake closes the connection")
    }
}

impl std::error::Error for Cut {}

impl From<Infallible> for Cut {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A request that arrived whole.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A parameter of the query.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let query = self.parts.uri.query().unwrap_or_default();
        url::form_urlencoded::parse(query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    pub(crate) fn path(&self) -> &str {
        self.parts.uri.path()
    }
}

/// Who answers. `door` is the number of the listener.
pub(crate) trait Host: Send + Sync + 'static {
    /// Answers one request; [`Cut`] closes the connection without an answer.
    fn answer(self: Arc<Self>, door: usize, asked: Asked) -> BoxFuture<'static, Result<Response<Body>, Cut>>;

    /// What goes on beside the requests, for as long as the fake lives.
    fn work(self: Arc<Self>) -> BoxFuture<'static, ()>;
}

/// Listeners on free ports of this machine, and the thread that answers. Dropped, it closes them all.
#[derive(Debug)]
pub(crate) struct House {
    addrs: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl House {
    /// Takes ports, makes the host (which may want to know them), and begins to answer.
    ///
    /// # Panics
    /// This machine gives no port, thread or runtime.
    pub(crate) fn open<H: Host>(doors: usize, host: impl FnOnce(&[SocketAddr]) -> Arc<H>) -> (Self, Arc<H>) {
        let listen = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
            listener.set_nonblocking(true).expect("a socket that does not block");
            listener
        };
        let listeners: Vec<TcpListener> = (0..doors).map(|_| listen()).collect();
        let addr = |listener: &TcpListener| listener.local_addr().expect("a bound socket has an address");
        let addrs: Vec<SocketAddr> = listeners.iter().map(addr).collect();
        let host = host(&addrs);
        let (stop, stopped) = oneshot::channel();
        let answering = host.clone();
        let thread = std::thread::Builder::new().name("fake".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime");
            runtime.block_on(async move {
                for (door, listener) in listeners.into_iter().enumerate() {
                    tokio::spawn(listen_at(door, listener, answering.clone()));
                }
                tokio::spawn(answering.work());
                let _ = stopped.await;
            });
        });
        (Self { addrs, stop: Some(stop), thread: Some(thread.expect("a thread")) }, host)
    }

    pub(crate) fn addr(&self, door: usize) -> SocketAddr {
        self.addrs[door]
    }
}

impl Drop for House {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A host that panicked has said so already.
            let _ = thread.join();
        }
    }
}

async fn listen_at<H: Host>(door: usize, listener: TcpListener, host: Arc<H>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a socket of this runtime");
    loop {
        // A client that is gone before it is accepted is none of our business.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let host = host.clone();
        let service = service_fn(move |request| serve(door, request, host.clone()));
        tokio::spawn(async move {
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn serve<H: Host>(
    door: usize,
    request: Request<Incoming>,
    host: Arc<H>,
) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    // A request that does not arrive whole was never asked.
    let body = Limited::new(body, BODY_MAX_BYTES).collect().await.map_err(|_| Cut)?.to_bytes();
    host.answer(door, Asked { parts, body }).await
}
