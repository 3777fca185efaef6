//! Configuration: flags, then the environment, then `.env`. This is the only room that reads the environment.

mod database;
mod duration;
mod env_file;
mod kie;
mod media;
mod names;
mod openai;
mod payments;
mod places;
mod plain;
mod retention;
mod secret;
mod telegram;
mod timers;
mod webhook;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use neurocards::kie::{KieCatalogue, KieProvider};
use neurocards::openai::OpenAi;
use neurocards::preview::PreviewProvider;
use neurocards::{AccountKey, BucketOptions, Clock, Credits, Retention};
use secrecy::SecretSlice;

pub(crate) use database::{Database, Stores};
pub(crate) use duration::parse_duration;
pub(crate) use kie::{Kie, Public};
pub(crate) use media::MediaPlace;
use names::UnknownSetting;
pub(crate) use payments::Shop;
pub(crate) use retention::Keep;
pub(crate) use secret::{of_folder as secret_of_folder, passing as passing_secret};
pub(crate) use telegram::TelegramConfig;
pub(crate) use timers::Timers;
pub(crate) use webhook::{Door, WebhookConfig};

use crate::args::Global;
use crate::failure::{Exit, Failure};

/// How far the command line's own account may go below zero.
const OWN_CREDIT_LIMIT: Credits = Credits(10_000);
/// The command line's own account.
pub(crate) const OWN_ACCOUNT: &str = "cli:default";
/// How long a command may take to stop.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);

/// Everything that is configured.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Where everything lies by default.
    pub(crate) data_dir: PathBuf,
    /// Where orders, jobs and credits are kept.
    pub(crate) database: Database,
    /// Where photos and videos lie.
    pub(crate) media: MediaPlace,
    /// The numbers of the lifecycle that were set.
    pub(crate) timers: Timers,
    /// How long photos and videos are kept.
    pub(crate) retention: Retention,
    /// How long a command may take to stop.
    pub(crate) shutdown_grace: Duration,
    /// Where a worker serves health and metrics.
    pub(crate) http_addr: Option<SocketAddr>,
    /// KIE, when there is a key and nothing else was asked for.
    pub(crate) kie: Option<Kie>,
    /// KIE's models, with or without a key.
    pub(crate) models: KieCatalogue,
    /// The language model that writes prompts.
    pub(crate) openai: Option<OpenAi>,
    /// Whether it looks at briefs before money is spent on them.
    pub(crate) precheck: bool,
    /// The Telegram bot.
    pub(crate) telegram: Option<TelegramConfig>,
    /// The shop at YooKassa.
    pub(crate) shop: Option<Shop>,
    /// The public address, for callbacks and links: not when only Telegram trusts its certificate.
    pub(crate) public: Option<Public>,
    /// What signs addresses, when it was set.
    pub(crate) signing: Option<SecretSlice<u8>>,
    /// A key of KIE is set, and videos are to be rendered here all the same.
    pub(crate) kie_unused: bool,
    /// The `.env` that was read.
    pub(crate) env_file: Option<PathBuf>,
    /// Settings with our prefix that nobody knows.
    pub(crate) unknown_settings: Vec<UnknownSetting>,
    /// Who types, for the ledger.
    pub(crate) actor: String,
    /// Whether logs may have colours.
    pub(crate) colours: bool,
}

/// The settings outside the flags.
#[derive(Debug, Default)]
struct Settings {
    values: BTreeMap<String, OsString>,
    env_file: Option<PathBuf>,
}

impl Config {
    /// Reads flags, environment and `.env`.
    pub(crate) fn load(flags: &Global) -> Result<Self, Failure> {
        let settings = Settings::read(Path::new(".env"))?;
        Self::from_settings(flags, &settings)
    }

    /// For what must not meet a real service or real data: flags, and nothing else.
    pub(crate) fn of_nothing(flags: &Global) -> Result<Self, Failure> {
        Self::from_settings(flags, &Settings::harmless(&[]))
    }

    /// For a simulation: flags, and the settings that point at stand-ins. What waits for an answer over the network
    /// waits by the machine's time, and shorter by the speed of the clock.
    pub(crate) fn simulated(
        flags: &Global,
        settings: &[(&'static str, String)],
        clock: &Arc<dyn Clock>,
        speed: u32,
    ) -> Result<Self, Failure> {
        let settings = Settings::harmless(settings);
        let mut config = Self::from_settings(flags, &settings)?;
        config.openai = openai::simulated(&settings, clock, speed)?;
        config.kie = config.kie.map(|kie| kie.hurried(speed));
        Ok(config)
    }

    fn from_settings(flags: &Global, settings: &Settings) -> Result<Self, Failure> {
        let wanted = places::provider(settings.text("NEUROCARDS_PROVIDER")?)?;
        let kie = Kie::read(settings)?;
        if wanted == Some(places::Provider::Kie) && kie.is_none() {
            return Err(places::no_kie_key());
        }
        let kie_unused = kie.is_some() && wanted == Some(places::Provider::Preview);
        let data_dir = match flags.data_dir.clone().or_else(|| settings.path("NEUROCARDS_DATA_DIR")) {
            Some(folder) => places::absolute(&folder)?,
            None => places::default_data_dir()?,
        };
        let url = match flags.database_url.clone() {
            Some(url) => Some(url),
            None => settings.text("DATABASE_URL")?.map(str::to_owned),
        };
        let database = match url {
            Some(url) => places::database(&url)?,
            None => Database::File(data_dir.join("neurocards.db")),
        };
        let media = match settings.text("NEUROCARDS_MEDIA_URL")? {
            Some(url) => MediaPlace::read(url, || settings.bucket_options())?,
            None => MediaPlace::Folder(data_dir.join("media")),
        };
        let telegram = TelegramConfig::read(|name| settings.text(name))?;
        let webhook = telegram.as_ref().and_then(|telegram| telegram.webhook.as_ref());
        let trusted = webhook.is_none_or(|webhook| !webhook.is_self_signed());
        Ok(Self {
            database,
            media,
            timers: Timers::read(|name| settings.text(name))?,
            retention: retention::read(|name| settings.text(name))?,
            shutdown_grace: settings.duration("NEUROCARDS_SHUTDOWN_GRACE")?.unwrap_or(SHUTDOWN_GRACE),
            http_addr: settings.text("NEUROCARDS_HTTP_ADDR")?.map(places::http_addr).transpose()?,
            models: kie::catalogue(settings)?,
            kie: kie.filter(|_| !kie_unused),
            openai: openai::read(settings)?,
            precheck: openai::precheck(settings)?,
            public: Public::read(settings)?.filter(|_| trusted),
            telegram,
            shop: Shop::read(settings)?,
            signing: secret::read(settings)?,
            kie_unused,
            env_file: settings.env_file.clone(),
            unknown_settings: UnknownSetting::among(settings.values.keys()),
            actor: settings.actor(),
            colours: settings.path("NO_COLOR").is_none()
                && settings.path("TERM").is_none_or(|term| term != Path::new("dumb")),
            data_dir,
        })
    }

    /// Whether jobs of this provider are carried on here.
    pub(crate) fn serves(&self, provider: &str) -> bool {
        provider == PreviewProvider::NAME || (provider == KieProvider::NAME && self.kie.is_some())
    }

    /// How far an account may go below zero when it is opened from here.
    pub(crate) fn credit_limit(&self, account: &AccountKey) -> Credits {
        if account.as_str() == OWN_ACCOUNT { OWN_CREDIT_LIMIT } else { Credits::ZERO }
    }
}

impl Settings {
    /// Variables that are not empty: an empty one means none.
    fn environment() -> impl Iterator<Item = (String, OsString)> {
        let named = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value));
        std::env::vars_os().filter_map(named).filter(|(_, value)| !value.is_empty())
    }

    /// These, and of the environment what can neither lead to a service nor to data.
    fn harmless(given: &[(&'static str, String)]) -> Self {
        let harmless = ["NO_COLOR", "TERM", "USER", "LOGNAME", "USERNAME"];
        let environment = Self::environment().filter(|(name, _)| harmless.contains(&name.as_str()));
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), value.into()));
        Self { values: environment.chain(given).collect(), env_file: None }
    }

    /// The environment, and what `.env` adds to it.
    fn read(env_file: &Path) -> Result<Self, Failure> {
        let mut settings = Self::from_file(env_file)?;
        settings.values.extend(Self::environment());
        Ok(settings)
    }

    fn from_file(path: &Path) -> Result<Self, Failure> {
        let unreadable = |what: String| {
            Failure::usage(what).hint("Write one NAME=value on each line of .env; quote values with spaces.")
        };
        let Some(text) = env_file::read(path)? else { return Ok(Self::default()) };
        let mut values = BTreeMap::new();
        for (entry, line) in dotenvy::from_read_iter(text.as_slice()).enumerate() {
            // The parser's own message would show the line, and with it the key that stands there.
            let (name, value) =
                line.map_err(|_| unreadable(format!("entry {} of .env is no NAME=value", entry + 1)))?;
            values.entry(name).or_insert_with(|| value.into());
        }
        values.retain(|_, value: &mut OsString| !value.is_empty());
        Ok(Self { values, env_file: Some(path.to_owned()) })
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.values.get(name).map(PathBuf::from)
    }

    fn text(&self, name: &'static str) -> Result<Option<&str>, Failure> {
        let Some(value) = self.values.get(name) else { return Ok(None) };
        let text = value.to_str().map(str::trim);
        text.map(Some).ok_or_else(|| {
            Failure::usage(format!("the value of {name} is not Unicode")).hint(format!("Set {name} again."))
        })
    }

    fn duration(&self, name: &'static str) -> Result<Option<Duration>, Failure> {
        timers::duration(name, self.text(name)?)
    }

    /// What a bucket needs, by the names that every tool for S3 reads.
    fn bucket_options(&self) -> BucketOptions {
        let aws = self.values.iter().filter(|(name, _)| name.starts_with("AWS_"));
        aws.filter_map(|(name, value)| Some((name.clone(), value.to_str()?.trim().to_owned()))).collect()
    }

    fn actor(&self) -> String {
        let names = ["USER", "LOGNAME", "USERNAME"];
        let user = names.iter().find_map(|name| self.values.get(*name)?.to_str());
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let user: String = user.unwrap_or_default().chars().filter(plain).take(64).collect();
        format!("cli:{}", if user.is_empty() { "operator" } else { &user })
    }
}

/// `KIE_API_KEY_2` for `KIE_API_KEY`.
fn numbered(name: &str, prefix: &str) -> bool {
    let rest = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    rest.is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
}

/// A limit of real waiting, where the clock runs that much faster. Not less than what a busy machine takes.
fn hurried(limit: Duration, speed: u32) -> Duration {
    (limit / speed.max(1)).max(Duration::from_secs(2))
}

/// A setting that cannot be used.
fn refused(name: &str, why: &str, hint: &str) -> Failure {
    Failure::new(Exit::Usage, "configuration", format!("{name} {why}")).hint(hint)
}

#[cfg(test)]
mod tests;
