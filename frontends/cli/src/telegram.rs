//! The wiring of the bot.

use std::fmt;
use std::sync::Arc;

use futures::FutureExt;
use neurocards::openai::OpenAiPrompts;
use neurocards::preview::PreviewProvider;
use neurocards::yookassa::Yookassa;
use neurocards::{Catalogue, ChatStore, Clock, Media, Payments, Store, StoreError};
use neurocards_http::Tls;
use neurocards_telegram::api::{Api, CallError, Webhook};
use neurocards_telegram::{MediaLink, TelegramBot, TelegramNotifier};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::config::{Door, TelegramConfig};
use crate::failure::{Exit, Failure};

/// What speaks to Telegram.
#[derive(Clone)]
pub(crate) struct Telegram {
    config: TelegramConfig,
    api: Api,
    chats: Arc<dyn ChatStore>,
    link: Option<MediaLink>,
    payments: Arc<dyn Payments>,
    /// Tells people of their orders.
    pub(crate) notifier: TelegramNotifier,
}

impl fmt::Debug for Telegram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telegram").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Telegram {
    pub(crate) fn new(
        config: &TelegramConfig,
        (chats, payments): (Arc<dyn ChatStore>, Arc<dyn Payments>),
        store: Arc<dyn Store>,
        media: Media,
        catalogue: Catalogue,
        clock: Arc<dyn Clock>,
        link: Option<MediaLink>,
    ) -> Result<Self, Failure> {
        let api = Api::new(config.token(), config.server.clone(), clock.clone())
            .map_err(|error| Failure::new(Exit::Usage, "configuration", error.to_string()))?;
        let notifier = TelegramNotifier::builder(api.clone(), chats.clone(), store, media, clock)
            .settings(config.settings.clone())
            .catalogue(catalogue);
        let notifier = match &link {
            Some(link) => notifier.link(link.clone()).build(),
            None => notifier.build(),
        };
        Ok(Self { config: config.clone(), api, chats, link, payments, notifier })
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

    /// The bot that takes updates, and how they come.
    /// `name` is the bot's: whoever has paid on a page comes back there.
    pub(crate) fn bot(&self, app: &App, name: &str) -> Result<Bot, Failure> {
        let shop = app.config.shop.as_ref();
        let till = shop.map(|shop| shop.till(&format!("https://t.me/{name}"))).transpose()?;
        let bot = self.answering(app, till);
        let (Some(config), Some(signer)) = (&self.config.webhook, app.signer()) else {
            return Ok(Bot { bot, brought: None });
        };
        let (certificate, tls) = match config.door {
            Door::Proxy => (None, None),
            Door::SelfSigned(_) => {
                let (certificate, tls) = config.tls(&app.config.data_dir)?;
                (Some(certificate), Some(tls))
            }
        };
        let secret = signer.webhook_secret(self.api.id().0);
        let webhook = Webhook::new(&config.base, secret, certificate, self.config.server.is_none())
            .map_err(|error| Failure::new(Exit::Usage, "configuration", error.to_string()))?;
        Ok(Bot { bot, brought: Some(Brought { webhook, door: config.door, tls }) })
    }

    /// Where payments are kept.
    pub(crate) fn payments(&self) -> &Arc<dyn Payments> {
        &self.payments
    }

    fn answering(&self, app: &App, till: Option<Yookassa>) -> TelegramBot {
        let drafts = PreviewProvider::new(app.engine.media().clone(), app.clock.clone());
        let bot =
            TelegramBot::builder(self.api.clone(), self.chats.clone(), app.engine.clone(), app.clock.clone())
                .settings(self.config.settings.clone())
                .drafts(Arc::new(drafts))
                .payments(self.payments.clone());
        let bot = match &self.link {
            Some(link) => bot.link(link.clone()),
            None => bot,
        };
        let bot = match till {
            Some(till) => bot.till(Arc::new(till)),
            None => bot,
        };
        let prompts = app.config.openai.clone();
        let prompts = prompts.map(|openai| OpenAiPrompts::new(openai, app.engine.media().clone()));
        match prompts {
            Some(prompts) => bot.prompts(Arc::new(prompts)).build(),
            None => bot.build(),
        }
    }
}

/// The bot that takes updates, and how they come.
#[derive(Debug)]
pub(crate) struct Bot {
    bot: TelegramBot,
    brought: Option<Brought>,
}

/// Updates are brought.
#[derive(Debug)]
struct Brought {
    webhook: Webhook,
    door: Door,
    tls: Option<Tls>,
}

impl Bot {
    /// Takes updates and answers them until told to stop.
    pub(crate) async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        match &self.brought {
            Some(brought) => self.bot.run_webhook(&brought.webhook, stop).await,
            None => self.bot.run(stop).await,
        }
    }

    /// The route that updates are brought to, and through which door; nothing when they are asked for.
    pub(crate) fn webhook(&self) -> Option<(neurocards_http::Webhook, Door)> {
        let brought = self.brought.as_ref()?;
        let bot = self.bot.clone();
        let receive = Arc::new(move |update| {
            let bot = bot.clone();
            async move { bot.receive(update).await }.boxed()
        });
        Some((neurocards_http::Webhook { secret: brought.webhook.secret().clone(), receive }, brought.door))
    }

    /// The certificate of our own door.
    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.brought.as_ref()?.tls.as_ref()
    }
}
