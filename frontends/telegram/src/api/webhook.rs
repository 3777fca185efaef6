//! The address that the Bot API brings updates to.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use teloxide::payloads::SetWebhookSetters;
use teloxide::requests::{Payload, Requester};
use teloxide::types::{AllowedUpdate, InputFile};
use url::{Host, Url};

use super::call::call;
use super::updates::ALLOWED;
use super::{Api, CallError};

/// The ports that Telegram's own servers call.
const PORTS: [u16; 4] = [443, 80, 88, 8443];

/// Where updates are to be brought, and how the caller shows that it is the Bot API.
///
/// The address ends with a mark of the secret and the certificate, which the Bot API does not tell again: so one look at
/// the address says whether everything is as it should be.
#[derive(Clone)]
pub struct Webhook {
    url: Url,
    secret: SecretString,
    certificate: Option<String>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

/// Why an address is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// Telegram brings updates over TLS only.
    #[error("Telegram brings updates to addresses that begin with https:// only")]
    Scheme,
    /// Telegram calls four ports.
    #[error("Telegram does not call port {0}: only 443, 80, 88 and 8443")]
    Port(u16),
    /// Telegram calls no address of the sixth version, and nothing on this machine.
    #[error("Telegram cannot reach this host")]
    Host,
    /// It has a path, a query or a password.
    #[error("it has more than a host and a port")]
    More,
}

impl Webhook {
    /// The path.
    pub const PATH: &str = "/telegram/webhook";

    /// A webhook at this host. `cloud`: Telegram's own servers call, which are particular; a Bot API server of one's own
    /// calls any port, with or without TLS. `certificate`: the PEM of one that nobody else vouches for.
    ///
    /// # Errors
    /// See [`WebhookError`].
    pub fn new(
        base: &Url,
        secret: SecretString,
        certificate: Option<String>,
        cloud: bool,
    ) -> Result<Self, WebhookError> {
        let bare = base.path() == "/" && base.query().is_none() && base.username().is_empty();
        if !bare || base.password().is_some() {
            return Err(WebhookError::More);
        }
        if cloud {
            Self::for_cloud(base)?;
        }
        let mut hash = Sha256::new();
        hash.update(secret.expose_secret());
        hash.update([0]);
        hash.update(certificate.as_deref().unwrap_or_default());
        let mark: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let mut url = base.clone();
        url.set_path(Self::PATH);
        url.set_query(Some(&format!("v={mark}")));
        Ok(Self { url, secret, certificate })
    }

    fn for_cloud(base: &Url) -> Result<(), WebhookError> {
        if base.scheme() != "https" {
            return Err(WebhookError::Scheme);
        }
        match base.host() {
            Some(Host::Domain(name)) if name != "localhost" => {}
            Some(Host::Ipv4(ip)) if !ip.is_loopback() && !ip.is_private() && !ip.is_unspecified() => {}
            _ => return Err(WebhookError::Host),
        }
        match base.port_or_known_default() {
            Some(port) if PORTS.contains(&port) => Ok(()),
            port => Err(WebhookError::Port(port.unwrap_or_default())),
        }
    }

    /// The whole address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What the caller shows in `X-Telegram-Bot-Api-Secret-Token`.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    /// Whether the Bot API has just this one.
    pub fn is_set(&self, info: &WebhookInfo) -> bool {
        let wanted = BTreeSet::from(ALLOWED);
        let found = info.allowed_updates.iter().flatten().map(String::as_str).collect();
        info.url == self.url.as_str()
            && info.has_custom_certificate == self.certificate.is_some()
            && wanted == found
    }
}

/// What the Bot API says of the webhook that it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct WebhookInfo {
    /// Empty: there is none.
    pub url: String,
    /// It was set with a certificate.
    #[serde(default)]
    pub has_custom_certificate: bool,
    /// How many updates wait to be brought.
    #[serde(default)]
    pub pending_update_count: u64,
    /// When an update could not be brought, last.
    #[serde(default, with = "chrono::serde::ts_seconds_option")]
    pub last_error_date: Option<DateTime<Utc>>,
    /// Why.
    #[serde(default)]
    pub last_error_message: Option<String>,
    #[serde(default)]
    allowed_updates: Option<Vec<String>>,
}

#[derive(Debug, Clone, Serialize)]
struct GetWebhookInfo {}

impl Payload for GetWebhookInfo {
    type Output = WebhookInfo;
    const NAME: &'static str = "GetWebhookInfo";
}

impl Api {
    /// Asks which webhook there is.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again is safe.
    pub async fn webhook(&self) -> Result<WebhookInfo, CallError> {
        call(&self.bot, &GetWebhookInfo {}).await
    }

    /// Has updates brought; what waits stays.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again is safe.
    pub async fn set_webhook(&self, webhook: &Webhook) -> Result<(), CallError> {
        let set = self.bot.set_webhook(webhook.url.clone());
        let set = set.secret_token(webhook.secret.expose_secret().to_owned()).drop_pending_updates(false);
        let set = set.allowed_updates([
            AllowedUpdate::Message,
            AllowedUpdate::CallbackQuery,
            AllowedUpdate::PreCheckoutQuery,
            AllowedUpdate::MyChatMember,
        ]);
        let set = match &webhook.certificate {
            Some(pem) => set.certificate(InputFile::memory(pem.clone()).file_name("webhook.pem")),
            None => set,
        };
        set.await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(base: &str, secret: &str, certificate: Option<&str>) -> Result<Webhook, WebhookError> {
        Webhook::new(&base.parse().unwrap(), secret.into(), certificate.map(str::to_owned), true)
    }

    #[test]
    fn telegram_is_particular() {
        let check = |base: &str, expect: Option<WebhookError>| {
            assert_eq!(webhook(base, "secret", None).err(), expect, "{base}");
        };
        check("https://bot.example.org", None);
        check("https://bot.example.org:8443", None);
        check("https://203.0.113.7:88/", None);
        check("http://bot.example.org", Some(WebhookError::Scheme));
        check("https://bot.example.org:8080", Some(WebhookError::Port(8080)));
        check("https://127.0.0.1", Some(WebhookError::Host));
        check("https://192.168.1.4", Some(WebhookError::Host));
        check("https://[2001:db8::1]", Some(WebhookError::Host));
        check("https://bot.example.org/path", Some(WebhookError::More));
        let own = Webhook::new(&"http://127.0.0.1:9000".parse().unwrap(), "secret".into(), None, false);
        assert!(own.is_ok(), "a server of one's own may call anything");
    }

    #[test]
    fn the_address_changes_with_what_is_not_told_again() {
        let url = |secret, certificate| {
            webhook("https://bot.example.org", secret, certificate).unwrap().url().to_string()
        };
        assert_eq!(url("one", None), url("one", None));
        assert_ne!(url("one", None), url("other", None));
        assert_ne!(url("one", None), url("one", Some("PEM")));
        assert!(url("one", None).starts_with("https://bot.example.org/telegram/webhook?v="));
        assert!(
            !format!("{:?}", webhook("https://bot.example.org", "one-secret", None)).contains("one-secret")
        );
    }

    #[test]
    fn it_is_set_again_only_when_something_differs() {
        let wanted = webhook("https://bot.example.org", "one", None).unwrap();
        let allowed = Some(ALLOWED.map(str::to_owned).to_vec());
        let info =
            WebhookInfo { url: wanted.url().to_string(), allowed_updates: allowed, ..Default::default() };
        assert!(wanted.is_set(&info));
        let forgot = WebhookInfo { allowed_updates: Some(vec!["message".to_owned()]), ..info.clone() };
        assert!(!wanted.is_set(&forgot));
        assert!(!wanted.is_set(&WebhookInfo { has_custom_certificate: true, ..info }));
        assert!(!wanted.is_set(&WebhookInfo::default()));
    }
}
