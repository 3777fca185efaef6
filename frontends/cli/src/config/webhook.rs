//! How updates come: asked for, or brought to a webhook.

use std::fs;
use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use neurocards_http::{SelfSigned, Tls};
use neurocards_telegram::api::Webhook;
use url::Url;

use super::{places, refused};
use crate::failure::{Exit, Failure};

/// A webhook that was asked for.
#[derive(Debug, Clone)]
pub(crate) struct WebhookConfig {
    /// Scheme, host and port that Telegram calls.
    pub(crate) base: Url,
    /// Who stands there.
    pub(crate) door: Door,
}

/// Who takes the calls that come to the public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// A proxy or a tunnel, which hands them on to `NEUROCARDS_HTTP_ADDR`.
    Proxy,
    /// We ourselves, at this address, with a certificate that we made.
    SelfSigned(SocketAddr),
}

impl WebhookConfig {
    /// `TELEGRAM_WEBHOOK`; nothing when updates are asked for.
    pub(super) fn read<'a>(
        text: &impl Fn(&'static str) -> Result<Option<&'a str>, Failure>,
        cloud: bool,
    ) -> Result<Option<Self>, Failure> {
        let name = "TELEGRAM_WEBHOOK";
        let wanted = match text(name)? {
            None | Some("off") => return Ok(None),
            Some(wanted @ ("proxy" | "self-signed")) => wanted,
            Some(_) => {
                let hint =
                    "Set it to off, proxy or self-signed; without it the bot asks Telegram for updates.";
                return Err(refused(name, "is none of the ways that there are", hint));
            }
        };
        let base = text("PUBLIC_BASE_URL")?.and_then(|base| Url::parse(base).ok()).ok_or_else(|| {
            let hint = "Set PUBLIC_BASE_URL to https://HOST, as Telegram reaches this machine.";
            refused(name, "needs a public address", hint)
        })?;
        // A secret that only serves to check the address before anything else is done.
        Webhook::new(&base, "0".into(), None, cloud).map_err(|error| {
            let hint = "Leave TELEGRAM_WEBHOOK out to ask for updates: that needs no public address.";
            refused("PUBLIC_BASE_URL", &format!("cannot be a webhook: {error}"), hint)
        })?;
        let door = if wanted == "proxy" {
            if text("NEUROCARDS_HTTP_ADDR")?.is_none() {
                let hint =
                    "Set NEUROCARDS_HTTP_ADDR to the IP:PORT that the proxy hands /telegram/webhook on to.";
                return Err(refused(name, "needs an address to listen at", hint));
            }
            Door::Proxy
        } else {
            let port = base.port_or_known_default().unwrap_or(443);
            let given = text("NEUROCARDS_TLS_ADDR")?.map(places::http_addr).transpose()?;
            Door::SelfSigned(given.unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, port).into()))
        };
        Ok(Some(Self { base, door }))
    }

    /// Nobody but Telegram, who is given the certificate, would trust it.
    pub(super) fn is_self_signed(&self) -> bool {
        matches!(self.door, Door::SelfSigned(_))
    }

    /// The certificate that is uploaded, and TLS with it. It is made once and kept in the data folder: a new one would have
    /// to be uploaded.
    pub(crate) fn tls(&self, folder: &Path) -> Result<(String, Tls), Failure> {
        let host = self.base.host_str().unwrap_or_default();
        let path = folder.join(format!("webhook-{host}.pem"));
        let unusable = |error: &(dyn std::error::Error + 'static)| {
            let what = format!("the certificate for {host} cannot be made or read");
            let hint =
                "Check the data folder's rights; a broken webhook-….pem may be removed: a new one is made.";
            Failure::new(Exit::Failed, "tls", what).because(error).hint(hint)
        };
        let pem = match fs::read_to_string(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let made = SelfSigned::make(host).map_err(|error| unusable(&error))?;
                keep(&path, &format!("{}{}", made.certificate, made.key)).map_err(|error| unusable(&error))?
            }
            Err(error) => return Err(unusable(&error)),
        };
        let tls = Tls::from_pem(&pem, &pem).map_err(|error| unusable(&error))?;
        let end = "-----END CERTIFICATE-----";
        let certificate = pem.split_inclusive(end).next().unwrap_or_default();
        Ok((certificate.to_owned(), tls))
    }
}

/// Writes a file that only its owner may read; another process may have been faster, and then its file holds.
fn keep(path: &Path, text: &str) -> std::io::Result<String> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => fs::read_to_string(path),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Option<WebhookConfig>, Failure> {
        let text = |name| Ok(pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value));
        WebhookConfig::read(&text, true)
    }

    #[test]
    fn a_webhook_is_asked_for_by_one_setting() {
        let (on, off) = (("TELEGRAM_WEBHOOK", "proxy"), ("TELEGRAM_WEBHOOK", "off"));
        let signed = ("TELEGRAM_WEBHOOK", "self-signed");
        let (host, ip) =
            (("PUBLIC_BASE_URL", "https://bot.example.org"), ("PUBLIC_BASE_URL", "https://203.0.113.7:8443"));
        let addr = ("NEUROCARDS_HTTP_ADDR", "127.0.0.1:9464");
        assert!(read(&[host, addr]).unwrap().is_none() && read(&[off, host]).unwrap().is_none());
        assert_eq!(read(&[on, host, addr]).unwrap().unwrap().door, Door::Proxy);
        let door = read(&[signed, ip]).unwrap().unwrap().door;
        assert_eq!(door, Door::SelfSigned("0.0.0.0:8443".parse().unwrap()));
        for wrong in [
            &[("TELEGRAM_WEBHOOK", "yes"), host, addr][..],
            &[on, addr],
            &[on, host],
            &[on, ("PUBLIC_BASE_URL", "https://bot.example.org:8080"), addr],
            &[on, ("PUBLIC_BASE_URL", "http://bot.example.org"), addr],
            &[signed, ip, ("NEUROCARDS_TLS_ADDR", "here")],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_certificate_is_made_once_and_its_key_is_its_owners() {
        let (folder, config) = (
            tempfile::tempdir().unwrap(),
            read(&[("TELEGRAM_WEBHOOK", "self-signed"), ("PUBLIC_BASE_URL", "https://203.0.113.7")])
                .unwrap()
                .unwrap(),
        );
        let (one, _) = config.tls(folder.path()).unwrap();
        let (other, _) = config.tls(folder.path()).unwrap();
        assert_eq!(one, other);
        assert!(one.contains("BEGIN CERTIFICATE") && !one.contains("PRIVATE"), "{one}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let path = folder.path().join("webhook-203.0.113.7.pem");
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
