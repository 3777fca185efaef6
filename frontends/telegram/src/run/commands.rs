//! The commands that clients list: looked at when the bot starts, and set where they differ.

use std::time::Duration;

use neurocards::Lang;
use tokio_util::sync::CancellationToken;

use super::Parts;
use crate::api::{CallError, Listed};
use crate::flow::Command;
use crate::text::Text;

/// How often it is tried, and how long after a try that failed.
const TRIES: u32 = 5;
const BREATH: Duration = Duration::from_secs(3);

impl Parts {
    /// Lists the commands in each language; admins see theirs in their own chats. Nothing depends on it.
    pub(super) async fn list_commands(&self, stop: &CancellationToken) {
        let everywhere = std::iter::once(Listed::Everywhere);
        for listed in everywhere.chain(self.settings.admins.iter().copied().map(Listed::With)) {
            for lang in [Lang::En, Lang::Ru] {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = self.list(listed, lang) => {}
                }
            }
        }
    }

    async fn list(&self, listed: Listed, lang: Lang) {
        let wanted = commands(listed, lang);
        for tries in 1..=TRIES {
            let error = match self.list_once(listed, lang, &wanted).await {
                Ok(()) => return,
                // An admin who has never written to the bot sees theirs from its next start on.
                Err(CallError::Gone(_) | CallError::Refused(_)) if listed != Listed::Everywhere => return,
                Err(error) => error,
            };
            if tries == TRIES {
                tracing::warn!(%error, "the list of commands could not be set");
                return;
            }
            self.clock.sleep(error.again_after().unwrap_or(BREATH)).await;
        }
    }

    async fn list_once(
        &self,
        listed: Listed,
        lang: Lang,
        wanted: &[(String, String)],
    ) -> Result<(), CallError> {
        if self.api.commands(listed, lang).await? != wanted {
            self.api.set_commands(listed, lang, wanted).await?;
        }
        Ok(())
    }
}

fn commands(listed: Listed, lang: Lang) -> Vec<(String, String)> {
    let admin = (listed != Listed::Everywhere).then_some("admin");
    let all = Command::ALL.into_iter().map(|(name, _)| name).chain(admin);
    all.map(|name| (name.to_owned(), Text::new(format!("command-{name}")).plain(lang))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the Bot API takes: names of small letters and underscores, 3 to 256 characters about each.
    #[test]
    fn every_command_is_told_about_in_both_languages() {
        for lang in [Lang::En, Lang::Ru] {
            for (name, about) in commands(Listed::With(1), lang) {
                assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
                assert!((3..=256).contains(&about.chars().count()) && !about.contains("command-"), "{about}");
            }
        }
        assert!(commands(Listed::Everywhere, Lang::Ru).iter().all(|(name, _)| name != "admin"));
    }
}
