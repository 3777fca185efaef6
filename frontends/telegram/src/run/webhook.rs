//! Updates that are brought: sees to it that the Bot API knows where to.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::api::{CallError, Webhook};

/// How often somebody looks whether updates can be brought.
const EVERY: Duration = Duration::from_secs(60);
/// How long after a look that failed.
const BREATH: Duration = Duration::from_secs(3);

/// What was found before.
#[derive(Debug, Default)]
struct Before {
    /// It was as we want it.
    ours: bool,
    /// The latest trouble that was told.
    told: Option<DateTime<Utc>>,
}

impl Parts {
    /// Sets the webhook if it is not set, and tells of trouble, until told to stop. It stays then: whoever takes over finds
    /// it, and nothing is lost between two processes.
    pub(super) async fn keep_webhook(&self, webhook: &Webhook, stop: &CancellationToken) {
        let mut before = Before::default();
        while !stop.is_cancelled() {
            let looked = tokio::select! {
                () = stop.cancelled() => return,
                looked = self.look_at_webhook(webhook, &mut before) => looked,
            };
            let wait = match looked {
                Ok(()) => EVERY,
                Err(error) => {
                    tracing::warn!(%error, "the webhook could not be looked at, or set");
                    error.again_after().unwrap_or(BREATH)
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep(wait) => {}
            }
        }
    }

    async fn look_at_webhook(&self, webhook: &Webhook, before: &mut Before) -> Result<(), CallError> {
        let info = self.api.webhook().await?;
        if !webhook.is_set(&info) {
            if before.ours {
                tracing::error!(
                    "another program receives the updates of this bot, and took the webhook away: stop it, or take \
                     another token"
                );
            }
            self.api.set_webhook(webhook).await?;
            tracing::info!(url = %webhook.url(), "the webhook is set");
            before.ours = true;
            return Ok(());
        }
        before.ours = true;
        if info.last_error_date > before.told {
            before.told = info.last_error_date;
            tracing::error!(
                why = info.last_error_message.as_deref().unwrap_or("it does not say why"),
                waiting = info.pending_update_count,
                "Telegram could not bring updates"
            );
        }
        Ok(())
    }
}
