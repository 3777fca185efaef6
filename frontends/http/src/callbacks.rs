//! `POST /callbacks/kie/{token}`: KIE says that there is news of a task.
//!
//! What it says is never believed: the token proves that somebody was given this address, and the task is read from
//! KIE before anything happens. Whatever is wrong with a call, the answer is that of an unknown path.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::post};
use neurocards::kie::{CALLBACK_PATH, CallbackHint, CallbackRefusal, CallbackRequest, Callbacks};
use neurocards::{Clock, Engine, StoreError, SystemClock};
use serde_json::json;

/// What the route needs.
#[derive(Debug, Clone)]
pub(crate) struct CallbackState {
    pub(crate) engine: Engine,
    pub(crate) callbacks: Callbacks,
}

pub(crate) fn routes(state: CallbackState) -> Router {
    Router::new().route(&format!("{CALLBACK_PATH}{{token}}"), post(called)).with_state(state)
}

async fn called(
    State(state): State<CallbackState>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let request = CallbackRequest {
        token: &token,
        timestamp: header("x-webhook-timestamp"),
        signature: header("x-webhook-signature"),
        body: &body,
    };
    match state.hint(&request).await {
        Ok(Ok(hint)) => state.tell(hint).await,
        Ok(Err(refusal)) => {
            tracing::debug!(%refusal, "a callback was refused");
            StatusCode::NOT_FOUND.into_response()
        }
        Err(error) => unavailable(&error),
    }
}

impl CallbackState {
    async fn hint(
        &self,
        request: &CallbackRequest<'_>,
    ) -> Result<Result<CallbackHint, CallbackRefusal>, StoreError> {
        match self.callbacks.check(request, SystemClock::new().now()) {
            // Our clock may be wrong; the store's is the one that counts. Only who has a token gets this far.
            Err(CallbackRefusal::Stale) => {
                Ok(self.callbacks.check(request, self.engine.store().now().await?))
            }
            checked => Ok(checked),
        }
    }

    /// The same call twice wakes the job twice, and nothing else.
    async fn tell(&self, hint: CallbackHint) -> Response {
        match self.engine.told(hint.attempt, &hint.task_id).await {
            Ok(told) => {
                tracing::debug!(attempt = %hint.attempt, ?told, "a callback was heard");
                Json(json!({ "code": 200, "msg": "success" })).into_response()
            }
            Err(error) => unavailable(&error),
        }
    }
}

/// The caller may try again; the task is read by polling in any case.
fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(error = error as &dyn std::error::Error, "a callback could not be taken in");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
