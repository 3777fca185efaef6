//! KIE: keys, addresses, models, callbacks.

use std::path::PathBuf;
use std::time::Duration;

use neurocards::ModelError;
use neurocards::kie::{Callbacks, CatalogueError, Cooldowns, KieCatalogue, KieConfig, KieKeys, MediaHosts};
use secrecy::{SecretSlice, SecretString};
use url::Url;

use super::{Settings, hurried, numbered, plain, refused};
use crate::failure::{Exit, Failure};

/// Most bytes of a catalogue file.
const CATALOGUE_MAX_BYTES: u64 = 1024 * 1024;

/// How KIE is reached: as given, and checked.
#[derive(Debug, Clone)]
pub(crate) struct Kie {
    /// The keys, by account.
    pub(crate) keys: KieKeys,
    catalogue: KieCatalogue,
    api_base: Option<String>,
    upload_base: Option<String>,
    media_hosts: MediaHosts,
    cooldowns: Cooldowns,
    speed: u32,
}

impl Kie {
    /// From the settings; `None` without a key.
    pub(super) fn read(settings: &Settings) -> Result<Option<Self>, Failure> {
        let keys = KieKeys::parse(&settings.key_list("KIE_API_KEY")).map_err(|error| {
            refused("KIE_API_KEY", &format!("cannot be used: {error}"), "Set it as key,key or account=key.")
                .exit(Exit::Auth)
        })?;
        if keys.is_empty() {
            return Ok(None);
        }
        let [api_base, upload_base] =
            [address(settings, "KIE_BASE_URL")?, address(settings, "KIE_UPLOAD_BASE_URL")?];
        let media_hosts = match settings.text("KIE_MEDIA_HOSTS")? {
            Some(list) => list.parse().map_err(|error| {
                let why = format!("cannot be used: {error}");
                refused(
                    "KIE_MEDIA_HOSTS",
                    &why,
                    "Separate hosts by commas, such as cdn.example,127.0.0.1:8080.",
                )
            })?,
            None => MediaHosts::default(),
        };
        Ok(Some(Self {
            keys,
            catalogue: catalogue(settings)?,
            api_base,
            upload_base,
            media_hosts,
            cooldowns: cooldowns(settings)?,
            speed: 1,
        }))
    }

    /// The same where the clock runs this much faster.
    pub(super) fn hurried(self, speed: u32) -> Self {
        Self { speed, ..self }
    }

    /// The settings of the provider.
    pub(crate) fn provider(&self, callbacks: Option<Callbacks>) -> Result<KieConfig, Failure> {
        let mut config = KieConfig::new(self.keys.clone())?;
        config.catalogue = self.catalogue.clone();
        config.media_hosts = self.media_hosts.clone();
        config.cooldowns = self.cooldowns;
        config.callbacks = callbacks;
        config.paid_limit = hurried(config.paid_limit, self.speed);
        config.free_limit = hurried(config.free_limit, self.speed);
        if let Some(base) = &self.api_base {
            config.api_base.clone_from(base);
        }
        if let Some(base) = &self.upload_base {
            config.upload_base.clone_from(base);
        }
        Ok(config)
    }
}

/// Another address of KIE, where one is set.
fn address(settings: &Settings, name: &'static str) -> Result<Option<String>, Failure> {
    let Some(address) = settings.text(name)? else { return Ok(None) };
    plain::check(settings, name, address)?;
    let is_web = |url: Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if !Url::parse(address.trim()).is_ok_and(is_web) {
        let why = "is no address of the form https://HOST or http://HOST:PORT";
        return Err(refused(name, why, "Leave it out for KIE's own address."));
    }
    Ok(Some(address.to_owned()))
}

/// The models: those of this version or of a file, with the default and the fallback that were asked for.
pub(super) fn catalogue(settings: &Settings) -> Result<KieCatalogue, Failure> {
    let mut catalogue = match settings.path("NEUROCARDS_MODELS") {
        Some(path) => KieCatalogue::parse(&catalogue_text(&path)?)?,
        None => KieCatalogue::bundled()?,
    };
    if let Some(model) = settings.text("KIE_MODEL")? {
        catalogue = catalogue.with_default(model).map_err(|error| unusable("KIE_MODEL", &error))?;
    }
    if let Some(list) = settings.text("KIE_FALLBACK_MODELS")? {
        let ids = list.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
        catalogue = catalogue.with_fallback(ids).map_err(|error| unusable("KIE_FALLBACK_MODELS", &error))?;
    }
    Ok(catalogue)
}

/// A model that was chosen by a setting, and why it does not serve.
fn unusable(name: &str, error: &CatalogueError) -> Failure {
    let (why, instead) = match error {
        CatalogueError::Choice { source, .. } => (source.to_string(), instead_of(source)),
        _ => (error.to_string(), None),
    };
    // The list is not shown as long as the setting stands.
    let leave = format!("Without {name}, `neurocards models list` shows the models.");
    let hint = instead.map_or(leave.clone(), |id| format!("Did you mean {id}? {leave}"));
    refused(name, &format!("cannot be used: {why}"), &hint)
}

/// The model that may have been meant, or that serves instead.
fn instead_of(error: &ModelError) -> Option<&str> {
    match error {
        ModelError::Unknown { nearest, .. } => nearest.as_deref(),
        ModelError::Retired { successor, .. } | ModelError::Paused { successor, .. } => successor.as_deref(),
        _ => None,
    }
}

fn catalogue_text(path: &PathBuf) -> Result<String, Failure> {
    let name = "NEUROCARDS_MODELS";
    let unreadable = |error: std::io::Error| {
        refused(name, "names a file that cannot be read", "Set the path of a file such as models.toml.")
            .because(&error)
    };
    let bytes = std::fs::metadata(path).map_err(unreadable)?.len();
    if bytes > CATALOGUE_MAX_BYTES {
        return Err(refused(name, "names a file of more than 1 MiB", "Take a file such as models.toml."));
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

fn cooldowns(settings: &Settings) -> Result<Cooldowns, Failure> {
    let usual = Cooldowns::default();
    let read = |name, usual: Duration| Ok::<_, Failure>(settings.duration(name)?.unwrap_or(usual));
    Ok(Cooldowns {
        rate_limit: read("NEUROCARDS_KEY_RATE_LIMIT_COOLDOWN", usual.rate_limit)?,
        billing: read("NEUROCARDS_KEY_BILLING_COOLDOWN", usual.billing)?,
        ..usual
    })
}

/// Who calls back, and where.
#[derive(Debug, Clone)]
pub(crate) struct Public {
    base: String,
    hmac_key: Option<SecretString>,
}

impl Public {
    /// From the settings; `None` without a public address.
    pub(super) fn read(settings: &Settings) -> Result<Option<Self>, Failure> {
        let Some(base) = settings.text("PUBLIC_BASE_URL")? else { return Ok(None) };
        let hmac_key = settings.text("KIE_WEBHOOK_HMAC_KEY")?.map(SecretString::from);
        let public = Self { base: base.to_owned(), hmac_key };
        // A secret that only serves to check the address before anything else is done.
        public.callbacks(SecretSlice::from(vec![0; 32]))?;
        Ok(Some(public))
    }

    /// The public address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The callbacks of KIE, signed with this secret.
    pub(crate) fn callbacks(&self, secret: SecretSlice<u8>) -> Result<Callbacks, Failure> {
        Callbacks::new(Some(&self.base), secret, self.hmac_key.clone()).map_err(|error| {
            refused(
                "PUBLIC_BASE_URL",
                &format!("cannot be used: {error}"),
                "Set https://HOST without a path, or leave it out: then tasks are read by polling.",
            )
        })
    }
}

impl Settings {
    /// The lists of `NAME` and of `NAME_1`, `NAME_2` and so on, in this order, with commas between them.
    pub(super) fn key_list(&self, name: &str) -> String {
        let mut found: Vec<(u64, &str)> = Vec::new();
        for (given, value) in &self.values {
            let Some(list) = value.to_str() else { continue };
            if given == name {
                found.push((0, list));
            } else if numbered(given, name) {
                let number = given.rsplit('_').next().and_then(|digits| digits.parse().ok());
                found.push((number.unwrap_or(u64::MAX), list));
            }
        }
        found.sort_unstable_by_key(|(number, _)| *number);
        let lists: Vec<&str> = found.into_iter().map(|(_, list)| list).collect();
        lists.join(",")
    }
}
