//! The wiring of the bot.

use std::sync::Arc;

use neurocards::openai::OpenAiPrompts;
use neurocards::preview::PreviewProvider;
use neurocards::{Catalogue, ChatStore, Clock, Media, Store};
use neurocards_telegram::api::{Api, CallError};
use neurocards_telegram::{TelegramBot, TelegramNotifier};

use crate::app::App;
use crate::config::TelegramConfig;
use crate::failure::{Exit, Failure};

/// What speaks to Telegram.
#[derive(Debug, Clone)]
pub(crate) struct Telegram {
    config: TelegramConfig,
    api: Api,
    chats: Arc<dyn ChatStore>,
    /// Tells people of their orders.
    pub(crate) notifier: TelegramNotifier,
}

impl Telegram {
    pub(crate) fn new(
        config: &TelegramConfig,
        chats: Arc<dyn ChatStore>,
        store: Arc<dyn Store>,
        media: Media,
        catalogue: Catalogue,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let api = Api::new(config.token(), config.server.clone(), clock.clone())
            .map_err(|error| Failure::new(Exit::Usage, "configuration", error.to_string()))?;
        let notifier = TelegramNotifier::builder(api.clone(), chats.clone(), store, media, clock)
            .settings(config.settings.clone())
            .catalogue(catalogue)
            .build();
        Ok(Self { config: config.clone(), api, chats, notifier })
    }

    /// Finds out whether the token is right, and answers with the bot's name.
    pub(crate) async fn username(&self) -> Result<String, Failure> {
        self.api.username().await.map_err(|error| match error {
            CallError::Token => Failure::new(Exit::Auth, "telegram", "Telegram does not know the token")
                .hint("Ask @BotFather for the token, and set BOT_TOKEN to it."),
            error => Failure::new(Exit::Provider, "telegram", error.to_string())
                .hint("Look at the network, and at TELEGRAM_API_URL if it is set."),
        })
    }

    /// The bot that takes updates.
    pub(crate) fn bot(&self, app: &App) -> TelegramBot {
        let drafts = PreviewProvider::new(app.engine.media().clone(), app.clock.clone());
        let bot =
            TelegramBot::builder(self.api.clone(), self.chats.clone(), app.engine.clone(), app.clock.clone())
                .settings(self.config.settings.clone())
                .drafts(Arc::new(drafts));
        let prompts = app.config.openai.clone();
        let prompts = prompts.map(|openai| OpenAiPrompts::new(openai, app.engine.media().clone()));
        match prompts {
            Some(prompts) => bot.prompts(Arc::new(prompts)).build(),
            None => bot.build(),
        }
    }
}
