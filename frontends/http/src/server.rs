//! Listening, with limits, until told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::TimeoutLayer;

use crate::health::{HttpState, public_routes, routes};
use crate::tls::Tls;

/// Most bytes of a request's head.
const HEAD_MAX_BYTES: usize = 16 * 1024;
/// Most header lines of a request.
const HEADERS_MAX: usize = 64;
/// Most connections at once; the others wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// How long a head may take to arrive, on a connection that is kept open too.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to read nothing of its answer. One that never reads would keep its place for ever.
const UNREAD_LIMIT: Duration = Duration::from_secs(10);
/// How long requests under way may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(5);
/// Wait after a connection that could not be accepted: there may be no file descriptors left.
const BREATH: Duration = Duration::from_millis(100);
/// How often histogram samples are taken in.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// A server that listens already and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    tls: Option<Tls>,
}

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("the address {addr} cannot be listened on")]
pub struct BindError {
    /// Which address.
    pub addr: SocketAddr,
    /// Why.
    #[source]
    pub source: io::Error,
}

/// Listens and answers until told to stop.
///
/// # Errors
/// The address cannot be listened on: it is in use, or not of this machine.
pub async fn serve(addr: SocketAddr, state: HttpState, stop: CancellationToken) -> Result<(), BindError> {
    Server::bind(addr).await?.serve(state, stop).await;
    Ok(())
}

impl Server {
    /// Takes the address, so that a process can refuse to begin without it.
    ///
    /// # Errors
    /// The address cannot be listened on: it is in use, or not of this machine.
    pub async fn bind(addr: SocketAddr) -> Result<Self, BindError> {
        let bound = async {
            let listener = TcpListener::bind(addr).await?;
            let addr = listener.local_addr()?;
            Ok(Self { listener, addr, tls: None })
        };
        bound.await.map_err(|source| BindError { addr, source })
    }

    /// The same behind a certificate: for the public, so only the routes that are meant for them.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Where it listens: with the port that the system chose, if it was asked to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until told to stop; then requests under way may end.
    pub async fn serve(self, state: HttpState, stop: CancellationToken) {
        let metrics = state.metrics().cloned();
        let tidy = async {
            let Some(metrics) = metrics else { return std::future::pending().await };
            let mut ticks = tokio::time::interval(TIDY_EVERY);
            loop {
                ticks.tick().await;
                metrics.tidy();
            }
        };
        tokio::select! {
            () = self.answer(state, &stop) => {}
            () = tidy => {}
        }
    }

    async fn answer(self, state: HttpState, stop: &CancellationToken) {
        let tls = self.tls.map(|tls| TlsAcceptor::from(tls.0));
        let app = if tls.is_some() { public_routes(&state) } else { routes(state) };
        let app = app.layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, ANSWER_LIMIT));
        let service = TowerToHyperService::new(app);
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
        http.max_buf_size(HEAD_MAX_BYTES).max_headers(HEADERS_MAX);
        let (open, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
        loop {
            let place = tokio::select! {
                () = stop.cancelled() => break,
                place = places.clone().acquire_owned() => place,
            };
            let stream = tokio::select! {
                () = stop.cancelled() => break,
                stream = accept(&self.listener) => stream,
            };
            let (http, service, watcher, tls) = (http.clone(), service.clone(), open.watcher(), tls.clone());
            tokio::spawn(async move {
                let _place = place;
                let Some(stream) = dressed(stream, tls).await else { return };
                let connection = http.serve_connection(TokioIo::new(stream), service);
                if let Err(error) = watcher.watch(connection).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke off");
                }
            });
        }
        drop(self.listener);
        // What does not end in time ends with the process.
        let _ = tokio::time::timeout(GRACE, open.shutdown()).await;
    }
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection as requests come over it: with TLS, once both sides know each other, if that is soon.
async fn dressed(stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Box<dyn Wire>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(UNREAD_LIMIT));
    let stream = Box::pin(stream);
    let Some(tls) = tls else { return Some(Box::new(stream)) };
    match tokio::time::timeout(HEAD_LIMIT, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a connection did not come to TLS");
            None
        }
        Err(_) => None,
    }
}

/// The next connection: that one cannot be accepted does not end the server.
async fn accept(listener: &TcpListener) -> TcpStream {
    let mut pause = tokio::time::interval(BREATH);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a connection was not accepted");
                pause.reset();
                pause.tick().await;
            }
        }
    }
}
