//! Calling our own public address as KIE would, to see whether it leads to a worker.

use std::time::Duration;

use neurocards_core::{AttemptId, Timestamp};
use secrecy::ExposeSecret;
use serde_json::json;

use super::{Callbacks, signature};
use crate::client::{TlsError, plain_client, reason};

/// How long the answer is waited for: KIE waits no longer than 15 s.
const LIMIT: Duration = Duration::from_secs(10);
/// A task that nobody has: the call is heard and changes nothing.
const NO_TASK: &str = "00000000000000000000000000000000";

/// Why a callback would not arrive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackUnreached {
    /// There is no public address.
    #[error("there is no public address")]
    NoAddress,
    /// Nobody answers there.
    #[error("nobody answers there: {reason}")]
    Silent {
        /// What happened.
        reason: String,
    },
    /// Somebody answers, and it is no worker that takes our calls.
    #[error("the answer there is {status}, which is not that of a worker with the same secret")]
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// No client can be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Callbacks {
    /// Calls the address of an attempt that does not exist, with a token and a signature that are right. Free, and a
    /// worker that hears it changes nothing.
    ///
    /// # Errors
    /// Callbacks would not arrive, or not at a worker that has the same secret and the same key of KIE's.
    pub async fn reach(&self, nobody: AttemptId, now: Timestamp) -> Result<(), CallbackUnreached> {
        let address = self.address(nobody).ok_or(CallbackUnreached::NoAddress)?;
        let client = plain_client().timeout(LIMIT).build().map_err(TlsError::from)?;
        let body = json!({ "code": 200, "msg": "a check of our own", "data": { "taskId": NO_TASK } });
        let mut request =
            client.post(address).header("content-type", "application/json").body(body.to_string());
        if let Some(key) = &self.0.hmac_key {
            let timestamp = now.timestamp().to_string();
            let signed = signature::sign(key.expose_secret(), NO_TASK, &timestamp);
            request = request.header("x-webhook-timestamp", timestamp).header("x-webhook-signature", signed);
        }
        let answer = request.send().await;
        let status = answer.map_err(|error| CallbackUnreached::Silent { reason: reason(&error) })?.status();
        if status.as_u16() == 200 {
            Ok(())
        } else {
            Err(CallbackUnreached::Refused { status: status.as_u16() })
        }
    }
}
