//! The bot at work: updates come in and are stored, each takes effect once, and what it shows is shown.

mod admin;
mod broadcast;
mod commands;
mod effects;
mod minutes;
mod money;
mod poll;
mod preview;
mod reply;
mod turn;
mod webhook;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use neurocards::{
    AccountKey, Cashier, CashierError, ChatStore, Clock, Engine, Entropy, PaymentId, Payments, PersonId,
    PromptBuilder, Refund, StoreError, Till, VideoProvider,
};
use teloxide::dispatching::DpHandlerDescription;
use teloxide::dptree::Handler;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

pub(crate) use self::minutes::Minutes;
use crate::api::{Api, Webhook};
use crate::notify::MediaLink;
use crate::pay::StarsTill;
use crate::schema::{Heard, schema};
use crate::settings::Settings;

/// Takes updates and answers them. Cheap to clone.
#[derive(Clone)]
pub struct TelegramBot {
    parts: Arc<Parts>,
}

pub(crate) struct Parts {
    pub(crate) api: Api,
    pub(crate) chats: Arc<dyn ChatStore>,
    pub(crate) engine: Engine,
    /// Opens, credits and gives back payments, where they are kept.
    pub(crate) cashier: Option<Cashier>,
    settings: Settings,
    drafts: Option<Arc<dyn VideoProvider>>,
    prompts: Option<Arc<dyn PromptBuilder>>,
    link: Option<MediaLink>,
    pub(crate) clock: Arc<dyn Clock>,
    lease: Duration,
    pub(crate) entropy: Entropy,
    schema: Handler<'static, Heard, DpHandlerDescription>,
    minutes: Minutes,
    /// Files that the channel did not know: they are not sent again by this process.
    unknown_files: Mutex<BTreeSet<&'static str>>,
    /// An update was stored.
    news: Notify,
    /// A payment moved.
    pub(crate) money: Notify,
    /// Photos are decoded one after the other: each may take half a gigabyte for a moment.
    photos: Semaphore,
    /// Free videos take a processor each.
    renders: Semaphore,
}

impl fmt::Debug for TelegramBot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramBot").field("api", &self.parts.api).finish_non_exhaustive()
    }
}

/// Collects the parts of a [`TelegramBot`].
pub struct TelegramBotBuilder {
    api: Api,
    chats: Arc<dyn ChatStore>,
    engine: Engine,
    clock: Arc<dyn Clock>,
    lease: Duration,
    settings: Settings,
    drafts: Option<Arc<dyn VideoProvider>>,
    prompts: Option<Arc<dyn PromptBuilder>>,
    link: Option<MediaLink>,
    payments: Option<Arc<dyn Payments>>,
    tills: Vec<Arc<dyn Till>>,
}

impl fmt::Debug for TelegramBotBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramBotBuilder").field("api", &self.api).finish_non_exhaustive()
    }
}

impl TelegramBotBuilder {
    /// For how long an update belongs to the process that took it; it is renewed while that lives. What a process leaves
    /// behind when it dies goes on after this time. Nine seconds by default.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// What an operator configured.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Where payments are kept: the database of the engine's ledger. Without it nothing is sold.
    #[must_use]
    pub fn payments(mut self, payments: Arc<dyn Payments>) -> Self {
        self.payments = Some(payments);
        self
    }

    /// Another provider of payments beside Stars.
    #[must_use]
    pub fn till(mut self, till: Arc<dyn Till>) -> Self {
        self.tills.push(till);
        self
    }

    /// Who makes free drafts: the preview provider. By default there are none.
    #[must_use]
    pub fn drafts(mut self, provider: Arc<dyn VideoProvider>) -> Self {
        self.drafts = Some(provider);
        self
    }

    /// Who writes the scripts that are shown before an order. By default templates do, offline.
    #[must_use]
    pub fn prompts(mut self, prompts: Arc<dyn PromptBuilder>) -> Self {
        self.prompts = Some(prompts);
        self
    }

    /// How videos that are too large for the channel can be loaded.
    #[must_use]
    pub fn link(mut self, link: MediaLink) -> Self {
        self.link = Some(link);
        self
    }

    /// The bot.
    pub fn build(self) -> TelegramBot {
        let stars = Arc::new(StarsTill { api: self.api.clone() });
        let cashier = self.payments.map(|payments| {
            let cashier = Cashier::new(payments, self.clock.clone(), Entropy::from_os()).with(stars);
            self.tills.into_iter().fold(cashier, Cashier::with)
        });
        TelegramBot {
            parts: Arc::new(Parts {
                api: self.api,
                chats: self.chats,
                engine: self.engine,
                cashier,
                settings: self.settings,
                drafts: self.drafts,
                prompts: self.prompts,
                link: self.link,
                clock: self.clock,
                lease: self.lease,
                entropy: Entropy::from_os(),
                schema: schema(),
                minutes: Minutes::default(),
                unknown_files: Mutex::default(),
                news: Notify::new(),
                money: Notify::new(),
                photos: Semaphore::new(1),
                renders: Semaphore::new(1),
            }),
        }
    }
}

impl TelegramBot {
    /// Begins a bot. It orders at the engine; something else, here or elsewhere, runs it.
    pub fn builder(
        api: Api,
        chats: Arc<dyn ChatStore>,
        engine: Engine,
        clock: Arc<dyn Clock>,
    ) -> TelegramBotBuilder {
        let settings = Settings::default();
        TelegramBotBuilder {
            api,
            chats,
            engine,
            clock,
            lease: LEASE,
            settings,
            drafts: None,
            prompts: None,
            link: None,
            payments: None,
            tills: Vec::new(),
        }
    }

    /// Takes updates by long polling and answers them, until told to stop. Answers under way are finished first.
    ///
    /// # Errors
    /// The store says that it will never answer. What came is kept; run again.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        let stop = stop.child_token();
        self.answer_beside(self.parts.poll(&stop), &stop).await
    }

    /// Answers updates that are brought to a webhook, until told to stop: whoever serves its address gives them to
    /// [`TelegramBot::receive`]. The webhook is set when it differs, and stays set at the end.
    ///
    /// # Errors
    /// The store says that it will never answer. What came is kept; run again.
    pub async fn run_webhook(&self, webhook: &Webhook, stop: CancellationToken) -> Result<(), StoreError> {
        let stop = stop.child_token();
        self.answer_beside(self.parts.keep_webhook(webhook, &stop), &stop).await
    }

    /// Stores an update that was brought. Once this returns, whoever brought it may forget it. The same one may be
    /// brought again.
    ///
    /// # Errors
    /// It may not be stored: it must be brought again.
    pub async fn receive(&self, update: serde_json::Value) -> Result<(), StoreError> {
        self.parts.receive(vec![update]).await
    }

    async fn answer_beside(
        &self,
        intake: impl Future<Output = ()>,
        stop: &CancellationToken,
    ) -> Result<(), StoreError> {
        let (ended, (), (), (), (), ()) = tokio::join!(
            async {
                let ended = self.parts.clone().dispatch(stop).await;
                stop.cancel();
                ended
            },
            intake,
            self.parts.tidy(stop),
            self.parts.broadcast(stop),
            self.parts.keep_payments(stop),
            self.parts.list_commands(stop),
        );
        ended
    }
}

impl TelegramBot {
    /// Gives a payment back, for an operator: see [`Cashier::refund`]. The person is told by the bot itself.
    ///
    /// # Errors
    /// See [`CashierError`]; [`CashierError::Missing`] also where no payments are kept.
    pub async fn refund_payment(
        &self,
        payment: PaymentId,
        actor: &str,
        reason: &str,
    ) -> Result<Refund, CashierError> {
        self.parts.refund_payment(payment, actor, reason).await
    }
}

/// For how long an update belongs to whoever took it.
const LEASE: Duration = Duration::from_secs(9);
/// How long buttons and the like are remembered after their end.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3_600);

impl Parts {
    /// Forgets what is old, at once and then every hour.
    async fn tidy(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.chats.chats_tidy(KEPT).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "old conversations could not be tidied"
                );
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep(Duration::from_secs(3_600)) => {}
            }
        }
    }
}

/// The account of a person.
///
/// # Panics
/// Never: a number makes a good key.
pub fn account_of(person: PersonId) -> AccountKey {
    AccountKey::new(format!("telegram:{person}")).unwrap_or_else(|_| unreachable!("digits make a key"))
}
