//! The bot: its token, and what an operator tells it.

use std::fmt;

use neurocards::Credits;
use neurocards_telegram::{Settings, bot_id};
use url::Url;

use super::{WebhookConfig, payments, refused};
use crate::failure::Failure;

/// The bot that is configured.
#[derive(Clone)]
pub(crate) struct TelegramConfig {
    token: String,
    /// Another server than Telegram's own.
    pub(crate) server: Option<Url>,
    /// Where updates are brought; otherwise they are asked for.
    pub(crate) webhook: Option<WebhookConfig>,
    /// What it is told.
    pub(crate) settings: Settings,
}

impl fmt::Debug for TelegramConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramConfig").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl TelegramConfig {
    /// Reads it; nothing without `BOT_TOKEN`.
    pub(super) fn read<'a>(
        text: impl Fn(&'static str) -> Result<Option<&'a str>, Failure>,
    ) -> Result<Option<Self>, Failure> {
        let Some(token) = text("BOT_TOKEN")? else { return Ok(None) };
        if bot_id(token).is_none() {
            return Err(refused(
                "BOT_TOKEN",
                "is not a bot's token",
                "One looks like 123456:ABC…, as @BotFather gives it.",
            ));
        }
        let address = |name: &'static str| -> Result<Option<Url>, Failure> {
            let Some(given) = text(name)? else { return Ok(None) };
            let url = Url::parse(given).ok().filter(|url| matches!(url.scheme(), "https" | "http" | "tg"));
            url.map(Some).ok_or_else(|| refused(name, "is no address", "Use one that begins with https://"))
        };
        let page = |name| Ok::<_, Failure>(address(name)?.map(String::from));
        let defaults = Settings::default();
        let settings = Settings {
            admins: numbers("ADMIN_IDS", text("ADMIN_IDS")?)?,
            service_channel: numbers("SERVICE_CHANNEL_ID", text("SERVICE_CHANNEL_ID")?)?.first().copied(),
            support_url: page("SUPPORT_URL")?,
            terms_url: page("TERMS_URL")?,
            privacy_url: page("PRIVACY_URL")?,
            menu_picture: files("NEUROCARDS_MENU_PICTURE", text("NEUROCARDS_MENU_PICTURE")?, 1)?.pop(),
            demo_videos: files("NEUROCARDS_DEMO_VIDEOS", text("NEUROCARDS_DEMO_VIDEOS")?, 10)?,
            free_credits: match numbers("NEUROCARDS_FREE_CREDITS", text("NEUROCARDS_FREE_CREDITS")?)?.first()
            {
                Some(credits @ 0..=1_000) => Credits(*credits),
                Some(_) => {
                    return Err(refused(
                        "NEUROCARDS_FREE_CREDITS",
                        "is not between 0 and 1000",
                        "2 are usual.",
                    ));
                }
                None => defaults.free_credits,
            },
            adjust_most: match numbers("NEUROCARDS_ADJUST_MOST", text("NEUROCARDS_ADJUST_MOST")?)?.first() {
                Some(credits @ 1..=1_000_000) => Credits(*credits),
                Some(_) => {
                    return Err(refused(
                        "NEUROCARDS_ADJUST_MOST",
                        "is not between 1 and 1000000",
                        "100 are usual.",
                    ));
                }
                None => defaults.adjust_most,
            },
            packages: payments::packages(text("NEUROCARDS_PACKAGES")?)?,
            stars: payments::stars(text("NEUROCARDS_STARS")?)?,
            ..defaults
        };
        let server = address("TELEGRAM_API_URL")?;
        let webhook = WebhookConfig::read(&text, server.is_none())?;
        Ok(Some(Self { token: token.to_owned(), server, webhook, settings }))
    }

    /// The token, for the one room that needs it.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

fn numbers(name: &str, list: Option<&str>) -> Result<Vec<i64>, Failure> {
    let parts = list.unwrap_or_default().split([',', ' ']).map(str::trim).filter(|part| !part.is_empty());
    let parsed: Result<Vec<i64>, _> = parts.map(str::parse).collect();
    parsed.map_err(|_| refused(name, "is no number", "Numbers stand there, separated by commas."))
}

/// Files of the channel's, by the ids that it gave them.
fn files(name: &str, list: Option<&str>, most: usize) -> Result<Vec<String>, Failure> {
    let parts = list.unwrap_or_default().split([',', ' ']).map(str::trim).filter(|part| !part.is_empty());
    let files: Vec<_> = parts.map(str::to_owned).collect();
    let plain = |id: &String| {
        (8..=256).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    if files.len() > most || !files.iter().all(plain) {
        let hint = "Send the file to the bot as an admin: it answers with the id.";
        return Err(refused(
            name,
            if most == 1 { "is not one file's id" } else { "is no list of files' ids" },
            hint,
        ));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "42:AAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn read(pairs: &[(&'static str, &'static str)]) -> Result<Option<TelegramConfig>, Failure> {
        TelegramConfig::read(|name| Ok(pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)))
    }

    #[test]
    fn a_bot_needs_a_token_and_nothing_else() {
        assert!(read(&[]).unwrap().is_none());
        let config = read(&[("BOT_TOKEN", TOKEN)]).unwrap().unwrap();
        assert_eq!(config.settings, Settings::default());
        assert!(!format!("{config:?}").contains("AAAA"));
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        for (name, value) in [
            ("BOT_TOKEN", "42"),
            ("ADMIN_IDS", "anna"),
            ("SERVICE_CHANNEL_ID", "@channel"),
            ("SUPPORT_URL", "support"),
            ("TELEGRAM_API_URL", "ftp://x"),
            ("NEUROCARDS_FREE_CREDITS", "-1"),
            ("NEUROCARDS_ADJUST_MOST", "0"),
            ("NEUROCARDS_MENU_PICTURE", "https://example.org/menu.jpg"),
            ("NEUROCARDS_MENU_PICTURE", "AgACAgIAAxkBAAID, AgACAgIAAxkBAAIE"),
            ("NEUROCARDS_DEMO_VIDEOS", "BAACAgIAAxkBAAID; BAACAgIAAxkBAAIE"),
            ("NEUROCARDS_STARS", "yes"),
            ("NEUROCARDS_PACKAGES", "5"),
        ] {
            let error = read(&[(name, value), ("BOT_TOKEN", TOKEN)]).map(|config| config.is_some());
            assert!(error.is_err(), "{name}={value}");
        }
        let config = read(&[("BOT_TOKEN", TOKEN), ("ADMIN_IDS", "1, 2,3"), ("SERVICE_CHANNEL_ID", "-1001")]);
        let settings = config.unwrap().unwrap().settings;
        assert_eq!((settings.admins, settings.service_channel), (vec![1, 2, 3], Some(-1001)));
    }
}
