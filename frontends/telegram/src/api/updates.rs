//! Updates in.

use serde::Serialize;
use serde_json::Value;
use teloxide::payloads::{DeleteWebhook, DeleteWebhookSetters};
use teloxide::requests::Payload;

use super::call::call;
use super::{Api, CallError};

/// What we want to hear of. It is always sent whole: what is left out would stay as another program left it.
pub(super) const ALLOWED: [&str; 4] = ["message", "callback_query", "pre_checkout_query", "my_chat_member"];

/// `getUpdates` with the updates as they came: they are stored before anybody reads them.
#[derive(Debug, Clone, Serialize)]
struct GetUpdates {
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    limit: u8,
    timeout: u64,
    allowed_updates: [&'static str; 4],
}

impl Payload for GetUpdates {
    type Output = Vec<Value>;
    const NAME: &'static str = "GetUpdates";
}

impl Api {
    /// Waits for updates behind the last one that is stored.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again is safe: an update stays until a later one is asked for.
    pub async fn updates(&self, last: Option<i64>) -> Result<Vec<Value>, CallError> {
        let payload = GetUpdates {
            offset: last.map(|last| last + 1),
            limit: 100,
            timeout: Self::POLL.as_secs(),
            allowed_updates: ALLOWED,
        };
        call(&self.poller, &payload).await
    }

    /// Takes a webhook away; what waits stays.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again is safe.
    pub async fn delete_webhook(&self) -> Result<(), CallError> {
        let delete = DeleteWebhook::new().drop_pending_updates(false);
        call::<_, bool>(&self.bot, &delete).await.map(drop)
    }
}
