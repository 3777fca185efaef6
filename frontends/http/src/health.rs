//! The routes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use neurocards::kie::Callbacks;
use neurocards::{ClaimLoop, Clock, Engine, Media, Payments, Store, SystemClock};
use serde::Serialize;
use tower_http::limit::RequestBodyLimitLayer;

use crate::callbacks::{self, CallbackState};
use crate::media::{self, MediaState};
use crate::metrics::Metrics;
use crate::payments::{self, HintState};
use crate::queue::QueueLook;
use crate::sign::Signer;
use crate::webhook::{self, Webhook};

/// How long the store may take to answer.
pub(crate) const STORE_LIMIT: Duration = Duration::from_secs(1);
/// Most bytes of a request's body: as many as a callback may have. A webhook has a limit of its own.
const BODY_MAX_BYTES: usize = 64 * 1024;

/// What the routes look at.
#[derive(Debug, Clone)]
pub struct HttpState {
    store: Arc<dyn Store>,
    worker: Option<Engine>,
    clock: Arc<dyn Clock>,
    metrics: Option<(Metrics, QueueLook)>,
    callbacks: Option<CallbackState>,
    hints: Option<HintState>,
    webhook: Option<Webhook>,
    media: Option<MediaState>,
}

/// The answer of `/readyz`.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// `store` or `claim_loop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl HttpState {
    /// For a process that only uses the store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self::with(store, None, Arc::new(SystemClock::new()))
    }

    /// For a worker: it is ready while its engine claims jobs.
    pub fn worker(engine: Engine) -> Self {
        let (store, clock) = (engine.store().clone(), engine.clock().clone());
        Self::with(store, Some(engine), clock)
    }

    fn with(store: Arc<dyn Store>, worker: Option<Engine>, clock: Arc<dyn Clock>) -> Self {
        Self { store, worker, clock, metrics: None, callbacks: None, hints: None, webhook: None, media: None }
    }

    /// The same with `/metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = Some((metrics, QueueLook::new(self.store.clone(), self.clock.clone())));
        self
    }

    /// The same with `/callbacks/kie/`: who calls there with a good token makes the engine read a task.
    #[must_use]
    pub fn with_callbacks(mut self, engine: Engine, callbacks: Callbacks) -> Self {
        self.callbacks = Some(CallbackState { engine, callbacks });
        self
    }

    /// The same with `/callbacks/yookassa`: who calls there makes a payment of ours be read soon.
    #[must_use]
    pub fn with_payments(mut self, payments: Arc<dyn Payments>) -> Self {
        self.hints = Some(HintState::new(payments, self.clock.clone()));
        self
    }

    /// The same with `/telegram/webhook`.
    #[must_use]
    pub fn with_webhook(mut self, webhook: Webhook) -> Self {
        self.webhook = Some(webhook);
        self
    }

    /// The same with `/media/`: videos for whoever was given a link.
    #[must_use]
    pub fn with_media(mut self, signer: Signer, media: Media) -> Self {
        self.media = Some(MediaState::new(signer, media, self.clock.clone()));
        self
    }

    pub(crate) fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref().map(|(metrics, _)| metrics)
    }

    /// `Err`: why not, in a word and in a sentence. The store's own message may name hosts, and is not repeated.
    async fn ready(&self) -> Result<(), (&'static str, String)> {
        match tokio::time::timeout(STORE_LIMIT, self.store.now()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(("store", error.to_string())),
            Err(_) => return Err(("store", format!("no answer within {} s", STORE_LIMIT.as_secs()))),
        }
        let Some(engine) = &self.worker else { return Ok(()) };
        match engine.claim_loop() {
            ClaimLoop::Asked(ago) if ago <= engine.policy().lease => Ok(()),
            ClaimLoop::Asked(ago) => Err(("claim_loop", format!("no claim for {} s", ago.as_secs()))),
            ClaimLoop::NoSpace => Err(("claim_loop", "the disk of the database is full".to_owned())),
            ClaimLoop::Stopped => Err(("claim_loop", "it is not running".to_owned())),
        }
    }
}

pub(crate) fn routes(state: HttpState) -> Router {
    let public = public_routes(&state);
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(state)
        .layer(RequestBodyLimitLayer::new(BODY_MAX_BYTES))
        .merge(public)
}

/// What others than our own may call.
pub(crate) fn public_routes(state: &HttpState) -> Router {
    let called = state.callbacks.clone().map_or_else(Router::new, callbacks::routes);
    let hinted = state.hints.clone().map_or_else(Router::new, payments::routes);
    let loaded = state.media.clone().map_or_else(Router::new, media::routes);
    let brought = state.webhook.clone().map_or_else(Router::new, webhook::routes);
    called.merge(hinted).merge(loaded).layer(RequestBodyLimitLayer::new(BODY_MAX_BYTES)).merge(brought)
}

async fn readyz(State(state): State<HttpState>) -> Response {
    match state.ready().await {
        Ok(()) => Json(Readiness { ready: true, reason: None, message: None }).into_response(),
        Err((reason, message)) => {
            let answer = Readiness { ready: false, reason: Some(reason), message: Some(message) };
            (StatusCode::SERVICE_UNAVAILABLE, Json(answer)).into_response()
        }
    }
}

async fn metrics(State(state): State<HttpState>) -> Response {
    match &state.metrics {
        Some((metrics, queue)) => {
            queue.refresh().await;
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.text())
                .into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
