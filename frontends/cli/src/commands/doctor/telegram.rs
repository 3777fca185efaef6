//! How updates of the bot come, and whether they can.

use std::sync::Arc;

use neurocards::SystemClock;
use neurocards_telegram::api::{Api, CallError, Webhook, WebhookInfo};

use super::Finding;
use crate::config::{Config, TelegramConfig};

/// Asks the Bot API for the webhook that it has: free.
pub(super) async fn updates(config: &Config) -> Option<Finding> {
    let telegram = config.telegram.as_ref()?;
    let api = Api::new(telegram.token(), telegram.server.clone(), Arc::new(SystemClock::new())).ok()?;
    Some(match api.webhook().await {
        Ok(info) => judged(telegram, &info),
        Err(CallError::Token) => {
            let found = "Telegram does not know the token";
            Finding::fail("telegram", found, "Ask @BotFather for the token, and set BOT_TOKEN to it.")
        }
        Err(error) => Finding::warn(
            "telegram",
            error.to_string(),
            "Look at the network, and at TELEGRAM_API_URL if it is set.",
        ),
    })
}

fn judged(telegram: &TelegramConfig, info: &WebhookInfo) -> Finding {
    let Some(webhook) = &telegram.webhook else {
        if info.url.is_empty() {
            return Finding::ok("telegram", "the bot asks for updates");
        }
        let mend = "The bot takes it away when it starts; stop the program that set it if that still runs.";
        return Finding::warn("telegram", "a webhook is set, and the bot is to ask for updates", mend);
    };
    let ours = webhook.base.join(Webhook::PATH).is_ok_and(|url| info.url.starts_with(url.as_str()));
    if !ours {
        let found = "the webhook is not set, or is another program's";
        return Finding::warn("telegram", found, "The bot sets it when it starts.");
    }
    let waiting = format!("{} updates wait", info.pending_update_count);
    match &info.last_error_message {
        Some(why) => {
            let found = format!("Telegram could not bring updates: {why}; {waiting}");
            let mend =
                "Look at what stands at PUBLIC_BASE_URL: it must hand /telegram/webhook on to the bot.";
            Finding::warn("telegram", found, mend)
        }
        None => Finding::ok("telegram", format!("updates are brought to {}; {waiting}", webhook.base)),
    }
}
