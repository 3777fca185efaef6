//! The wiring: configuration, store, media, provider, engine.

use std::fs::DirBuilder;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use neurocards::kie::{Callbacks, KieProvider};
use neurocards::openai::{OpenAiCheck, OpenAiPrompts};
use neurocards::preview::PreviewProvider;
use neurocards::{
    Account, AccountKey, AccountOpen, AttemptId, Catalogue, Clock, Credits, Engine, Entropy, EntryId,
    JobFilter, Media, Policy, Store, SystemClock, VideoProvider,
};
use neurocards_http::Signer;
use neurocards_telegram::{LINK_HOURS, MediaLink};
use secrecy::SecretSlice;
use url::Url;

use crate::config::{Config, OWN_ACCOUNT, Stores, passing_secret, secret_of_folder};
use crate::failure::{Exit, Failure};
use crate::output::{Printer, clean_path};
use crate::telegram::Telegram;

/// Where nobody can call back, a submission whose answer was lost is never found: waiting longer helps nobody.
const GRACE_WITHOUT_CALLBACKS: Duration = Duration::from_secs(5 * 60);

/// Everything that a command works with.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) engine: Engine,
    /// KIE, where it is set up.
    pub(crate) kie: Option<Arc<KieProvider>>,
    /// Checks KIE's callbacks, where it can call.
    pub(crate) callbacks: Option<Callbacks>,
    /// The Telegram bot, where there is a token.
    telegram: Option<Telegram>,
    /// What signs links, and makes the webhook's secret.
    signer: Option<Signer>,
    entropy: Entropy,
}

impl App {
    /// The Telegram bot, for commands that need it.
    pub(crate) fn telegram(&self) -> Result<&Telegram, Failure> {
        self.telegram.as_ref().ok_or_else(|| {
            Failure::new(Exit::Auth, "configuration", "BOT_TOKEN is not set")
                .hint("Ask @BotFather for a bot, and set BOT_TOKEN to its token.")
        })
    }

    /// For a command that somebody looks at.
    pub(crate) async fn open(config: Config) -> Result<Self, Failure> {
        let policy = config.timers.watched_policy();
        Self::with_policy(config, policy, false).await
    }

    /// For a worker.
    pub(crate) async fn open_worker(config: Config) -> Result<Self, Failure> {
        let policy = config.timers.policy();
        Self::with_policy(config, policy, true).await
    }

    async fn with_policy(config: Config, policy: Policy, delivers: bool) -> Result<Self, Failure> {
        Self::with_clock(config, policy, Arc::new(SystemClock::new()), delivers).await
    }

    async fn with_clock(
        config: Config,
        policy: Policy,
        clock: Arc<dyn Clock>,
        delivers: bool,
    ) -> Result<Self, Failure> {
        make_folder(&config.data_dir)?;
        let stores = config.database.open(clock.clone()).await?;
        let media = config.media.open()?;
        Self::assemble(config, policy, clock, stores, media, delivers)
    }

    /// For a simulation: the same wiring by a clock of its own.
    pub(crate) async fn open_simulated(config: Config, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        let policy = config.timers.policy();
        Self::with_clock(config, policy, clock, false).await
    }

    /// For a command that only looks: a database that is not there yet is not made, and that is said.
    pub(crate) async fn open_to_read(config: Config, printer: &Printer) -> Result<Self, Failure> {
        let is_there = config.database.schema().await?.found.is_some();
        if !is_there {
            printer.note(&format!("there is no database yet at {}", config.database));
        }
        let app = Self::open_to_plan(config).await?;
        app.warn_if_lost(printer).await;
        Ok(app)
    }

    /// Says it when videos lie beside a database that knows no job.
    pub(crate) async fn warn_if_lost(&self, printer: &Printer) {
        if self.lost_database().await {
            printer.warning(&format!(
                "{} has videos, and the database {} knows no order: it was lost or emptied, or one of the two \
                 addresses is wrong; bring it back from a copy before you order",
                self.config.media, self.config.database
            ));
        }
    }

    /// Whether videos are kept and the database knows no job at all.
    pub(crate) async fn lost_database(&self) -> bool {
        let any = JobFilter { limit: 1, ..JobFilter::default() };
        let is_empty = self.store().jobs_list(&any).await.is_ok_and(|jobs| jobs.is_empty());
        is_empty && self.config.media.has_videos().await
    }

    /// For looking at what an order would be: a database that is not there yet is not made.
    pub(crate) async fn open_to_plan(config: Config) -> Result<Self, Failure> {
        if config.database.schema().await?.found.is_some() {
            return Self::open(config).await;
        }
        Self::in_memory(config)
    }

    /// For asking services about themselves: no database and no media.
    pub(crate) fn in_memory(config: Config) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let policy = config.timers.watched_policy();
        let stores = Stores::in_memory(&clock);
        Self::assemble(config, policy, clock, stores, Media::in_memory(), false)
    }

    /// `delivers`: notices for people on Telegram go out from here.
    fn assemble(
        config: Config,
        policy: Policy,
        clock: Arc<dyn Clock>,
        Stores { store, chats, payments }: Stores,
        media: Media,
        delivers: bool,
    ) -> Result<Self, Failure> {
        let entropy = Entropy::from_os();
        let callbacks = match (&config.kie, &config.public) {
            (Some(_), Some(public)) => Some(public.callbacks(signing_secret(&config, &entropy)?)?),
            _ => None,
        };
        let signer = match config.telegram.is_some() || config.public.is_some() {
            true => Some(Signer::new(signing_secret(&config, &entropy)?)),
            false => None,
        };
        let kie = match &config.kie {
            Some(kie) => {
                let settings = kie.provider(callbacks.clone())?;
                let own = Entropy::from_os();
                Some(Arc::new(KieProvider::new(settings, store.clone(), clock.clone(), own)?))
            }
            None => None,
        };
        let mut policy = policy;
        if kie.is_some() && callbacks.is_none() && !config.timers.sets_unknown_grace() {
            policy.unknown_grace = GRACE_WITHOUT_CALLBACKS;
        }
        let telegram = match &config.telegram {
            Some(telegram) => {
                let models = config.models.models().clone();
                let link = signer.as_ref().and_then(|signer| link(&config, signer, &clock));
                let (store, media) = (store.clone(), media.clone());
                let rows = (chats, payments);
                Some(Telegram::new(telegram, rows, store, media, models, clock.clone(), link)?)
            }
            None => None,
        };
        let mut engine = Engine::builder(store, media.clone());
        if let Some(telegram) = telegram.as_ref().filter(|_| delivers) {
            engine = engine.notifier(Arc::new(telegram.notifier.clone()));
        }
        if let Some(kie) = &kie {
            engine = engine.provider(kie.clone());
        }
        if let Some(openai) = &config.openai {
            engine = engine.prompts(Arc::new(OpenAiPrompts::new(openai.clone(), media.clone())));
            if config.precheck {
                engine = engine.check(Arc::new(OpenAiCheck::new(openai.clone())));
            }
        }
        let engine = engine
            .provider(Arc::new(PreviewProvider::new(media, clock.clone())))
            .clock(clock.clone())
            .known_models(config.models.models().clone())
            .policy(policy)
            .retention(config.retention)
            .host(host())
            .build();
        Ok(Self { config, clock, engine, kie, callbacks, telegram, signer, entropy })
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.engine.store().as_ref()
    }

    /// What signs links to videos, where there is a public address that people can load them from.
    pub(crate) fn links(&self) -> Option<Signer> {
        self.config.public.is_some().then(|| self.signer.clone()).flatten()
    }

    /// What makes the webhook's secret, where there is a bot.
    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    /// An unused id for a ledger entry.
    pub(crate) fn entry_id(&self) -> EntryId {
        EntryId::new(self.clock.now(), self.entropy.id_bytes())
    }

    /// The id of an attempt that does not exist.
    pub(crate) fn attempt_id(&self) -> AttemptId {
        AttemptId::new(self.clock.now(), self.entropy.id_bytes())
    }

    /// Opens an account, or finds it.
    pub(crate) async fn open_account(&self, account: &AccountKey) -> Result<Account, Failure> {
        let credit_limit = self.config.credit_limit(account);
        let open = AccountOpen { account: account.clone(), credit_limit, bonus: None };
        Ok(self.store().account_open(&open).await?)
    }

    /// What an account that is to pay can spend, its credit limit included. Ours counts as new while nobody has opened
    /// it.
    ///
    /// # Errors
    /// Another account that is not open has nothing to pay with: a misspelt name must not open one.
    pub(crate) async fn spendable(&self, account: &AccountKey) -> Result<Credits, Failure> {
        let (available, limit) = match self.store().account_get(account).await? {
            Some(account) => (account.available, account.credit_limit),
            None if account.as_str() == OWN_ACCOUNT => (Credits::ZERO, self.config.credit_limit(account)),
            None => return Err(unopened(account)),
        };
        Ok(available.checked_add(limit).unwrap_or(available))
    }

    /// Whether jobs of this provider are carried on here.
    pub(crate) fn serves(&self, provider: &str) -> bool {
        self.config.serves(provider)
    }

    /// Says once how videos are made here, where that is not what people may expect.
    pub(crate) fn say_how(&self, printer: &Printer) {
        let kie = match (&self.config.kie, self.config.kie_unused) {
            (Some(_), _) => None,
            (None, true) => {
                Some("NEUROCARDS_PROVIDER says so: videos are rendered on this machine (preview)")
            }
            (None, false) => Some("KIE_API_KEY is not set: videos are rendered on this machine (preview)"),
        };
        let prompts = self.config.openai.is_none().then_some("prompts come from offline templates");
        let how: Vec<&str> = kie.into_iter().chain(prompts).collect();
        if !how.is_empty() {
            printer.note(&how.join(", "));
        }
    }
}

/// There is no such account, so it cannot pay.
fn unopened(account: &AccountKey) -> Failure {
    let what = format!("the account {account} is not open: it has no credits");
    Failure::new(Exit::Credits, "no_account", what).hint(format!(
        "`neurocards credits grant {account} N` opens it. Without --account, {OWN_ACCOUNT} pays."
    ))
}

/// Links to videos that are too large for a chat, where people can load them.
fn link(config: &Config, signer: &Signer, clock: &Arc<dyn Clock>) -> Option<MediaLink> {
    let base: Url = config.public.as_ref()?.base().parse().ok()?;
    let (signer, clock) = (signer.clone(), clock.clone());
    Some(Arc::new(move |artifact| {
        let until = clock.now().timestamp() + i64::from(LINK_HOURS) * 3_600;
        base.join(&signer.media_path(&artifact.sha256, until)?).ok()
    }))
}

/// What signs the addresses that others call, and links.
fn signing_secret(config: &Config, entropy: &Entropy) -> Result<SecretSlice<u8>, Failure> {
    match &config.signing {
        Some(secret) => Ok(secret.clone()),
        // Whoever only looks leaves no folder behind.
        None if !config.data_dir.exists() => Ok(passing_secret(entropy)),
        None => secret_of_folder(&config.data_dir, entropy),
    }
}

/// The name of this machine.
#[cfg(unix)]
fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host() -> String {
    String::new()
}

/// All models as they stand here, without opening anything.
pub(crate) fn catalogue(config: &Config) -> Catalogue {
    let preview = PreviewProvider::new(Media::in_memory(), Arc::new(SystemClock::new()));
    let (preview, kie) = (preview.catalogue().clone(), config.models.models().clone());
    if config.kie.is_some() { kie.and(preview) } else { preview.and(kie) }
}

/// Makes a folder for this user only: photos of customers lie in it.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error: io::Error| {
        let what = format!("the data folder {} cannot be used", clean_path(folder));
        Failure::new(Exit::Failed, "storage", what)
            .because(&error)
            .hint("Choose another one with --data-dir DIR, or change its rights.")
    })
}
