//! The commands that a client lists beside the field for words.

use neurocards::Lang;
use teloxide::payloads::{GetMyCommands, GetMyCommandsSetters, SetMyCommands, SetMyCommandsSetters};
use teloxide::types::{BotCommand, BotCommandScope, ChatId, Recipient};

use super::call::call;
use super::{Api, CallError};

/// Where commands are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Everywhere.
    Everywhere,
    /// Only in the chat with this person.
    With(i64),
}

impl Listed {
    fn scope(self) -> BotCommandScope {
        match self {
            Self::Everywhere => BotCommandScope::Default,
            Self::With(person) => BotCommandScope::Chat { chat_id: Recipient::Id(ChatId(person)) },
        }
    }
}

/// The language of a list. People with other languages read English.
fn code(lang: Lang) -> Option<&'static str> {
    (lang == Lang::Ru).then_some("ru")
}

impl Api {
    /// The commands that are listed: names and what they do.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again is safe.
    pub async fn commands(&self, listed: Listed, lang: Lang) -> Result<Vec<(String, String)>, CallError> {
        let get = GetMyCommands::new().scope(listed.scope());
        let get = if let Some(code) = code(lang) { get.language_code(code) } else { get };
        let commands: Vec<BotCommand> = call(&self.bot, &get).await?;
        Ok(commands.into_iter().map(|command| (command.command, command.description)).collect())
    }

    /// Lists commands.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again is safe.
    pub async fn set_commands(
        &self,
        listed: Listed,
        lang: Lang,
        commands: &[(String, String)],
    ) -> Result<(), CallError> {
        let commands = commands.iter().map(|(name, about)| BotCommand::new(name.clone(), about.clone()));
        let set = SetMyCommands::new(commands).scope(listed.scope());
        let set = if let Some(code) = code(lang) { set.language_code(code) } else { set };
        call::<_, bool>(&self.bot, &set).await.map(drop)
    }
}
