//! `POST /telegram/webhook`: the Bot API brings an update.
//!
//! Whoever does not show the secret learns nothing, and costs nothing: the answer is that of an unknown path, before the
//! body is read. Whoever does is answered once the update is stored.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use futures::future::BoxFuture;
use neurocards::StoreError;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use subtle::ConstantTimeEq;

/// The path.
const PATH: &str = "/telegram/webhook";
/// Where the secret stands.
const HEADER: &str = "x-telegram-bot-api-secret-token";
/// Most bytes of an update.
const UPDATE_MAX_BYTES: usize = 1024 * 1024;

/// Stores an update.
pub type Receive = Arc<dyn Fn(Value) -> BoxFuture<'static, Result<(), StoreError>> + Send + Sync>;

/// Who may bring updates, and where they go.
#[derive(Clone)]
pub struct Webhook {
    /// What the Bot API shows.
    pub secret: SecretString,
    /// Stores an update.
    pub receive: Receive,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

pub(crate) fn routes(webhook: Webhook) -> Router {
    Router::new().route(PATH, post(brought)).with_state(webhook)
}

async fn brought(State(webhook): State<Webhook>, request: Request) -> StatusCode {
    let shown = request.headers().get(HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    if !bool::from(webhook.secret.expose_secret().as_bytes().ct_eq(shown)) {
        return StatusCode::NOT_FOUND;
    }
    webhook.take(request.into_body()).await
}

impl Webhook {
    async fn take(&self, body: Body) -> StatusCode {
        let Ok(body) = to_bytes(body, UPDATE_MAX_BYTES).await else { return StatusCode::PAYLOAD_TOO_LARGE };
        let Ok(update) = serde_json::from_slice(&body) else { return StatusCode::BAD_REQUEST };
        match (self.receive)(update).await {
            Ok(()) => StatusCode::OK,
            // It is brought again.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "an update could not be stored");
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}
