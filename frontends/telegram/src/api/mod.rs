//! The Bot API as the bot uses it. Only this room knows teloxide's requests; all others see sheets, ids and
//! [`CallError`].
//!
//! No call is repeated here. A send that may have happened is [`CallError::Unknown`], and what is done then is for the
//! caller to know.

mod error;
mod pace;
mod pay;
mod send;
mod updates;
mod webhook;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use neurocards::{BotId, Clock, Lang};
use teloxide::Bot;
use teloxide::net::{Download, default_reqwest_settings};
use teloxide::payloads::SetMyCommandsSetters;
use teloxide::requests::Requester;
use teloxide::types::{BotCommand, FileId};
use url::Url;

pub use self::error::CallError;
use self::pace::Pace;
pub use self::pay::Invoice;
pub use self::send::{SentVideo, Video, VideoBody};
pub use self::webhook::{Webhook, WebhookError, WebhookInfo};
use crate::settings::bot_id;

/// How long a call may take; an upload, a download.
const CALL: Duration = Duration::from_secs(30);
const UPLOAD: Duration = Duration::from_secs(300);
/// How long a poll may take beyond what it asks the server to wait.
const POLL_SLACK: Duration = Duration::from_secs(15);
/// Most bytes of a file that the cloud hands over.
pub const FILE_MAX_BYTES: usize = 20 * 1024 * 1024;

/// Where the Bot API is, and who we are there.
#[derive(Clone)]
pub struct Api {
    bot: Bot,
    uploader: Bot,
    poller: Bot,
    id: BotId,
    pace: Arc<Pace>,
}

impl fmt::Debug for Api {
    /// A bot's own `Debug` shows its token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("bot", &self.id.0).finish_non_exhaustive()
    }
}

/// Why there is no [`Api`]. The token is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// It is not `<number>:<secret>`.
    #[error("this is not the token of a Telegram bot: one looks like 123456:ABC…, as @BotFather gives it")]
    Token,
    /// The client could not be built.
    #[error("the HTTP client could not be built")]
    Client,
}

impl Api {
    /// Speaks for the bot with this token, at Telegram or at another server (`TELEGRAM_API_URL`).
    ///
    /// # Errors
    /// See [`ApiError`]. Nothing is asked of the server yet.
    pub fn new(token: &str, server: Option<Url>, clock: Arc<dyn Clock>) -> Result<Self, ApiError> {
        let id = bot_id(token).ok_or(ApiError::Token)?;
        let bot = |timeout: Duration| {
            let client = default_reqwest_settings().timeout(timeout).build().map_err(|_| ApiError::Client)?;
            let bot = Bot::with_client(token, client);
            Ok(match &server {
                Some(server) => bot.set_api_url(server.clone()),
                None => bot,
            })
        };
        Ok(Self {
            bot: bot(CALL)?,
            uploader: bot(UPLOAD)?,
            poller: bot(Self::POLL + POLL_SLACK)?,
            id,
            pace: Arc::new(Pace::new(clock)),
        })
    }

    /// How long a poll waits for news at the server.
    pub const POLL: Duration = Duration::from_secs(50);

    /// The bot's number.
    pub fn id(&self) -> BotId {
        self.id
    }

    /// Asks who we are: the username. The first call, which finds out whether the token is right.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn username(&self) -> Result<String, CallError> {
        Ok(self.bot.get_me().await?.username().to_owned())
    }

    /// Lists the commands in a language.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again is safe.
    pub async fn set_commands(&self, lang: Lang, commands: Vec<(String, String)>) -> Result<(), CallError> {
        let commands = commands.into_iter().map(|(name, about)| BotCommand::new(name, about));
        let set = self.bot.set_my_commands(commands);
        // People with other languages read English.
        let set = if lang == Lang::Ru { set.language_code("ru") } else { set };
        set.await?;
        Ok(())
    }

    /// Fetches a file that somebody sent, at most [`FILE_MAX_BYTES`] of it.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again is safe.
    pub async fn file(&self, file_id: &str) -> Result<Bytes, CallError> {
        let file = self.bot.get_file(FileId(file_id.to_owned())).await?;
        let mut stream = self.uploader.download_file_stream(&file.path);
        let mut bytes = BytesMut::new();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|_| CallError::NotSent("the file broke off".to_owned()))?;
            if bytes.len() + piece.len() > FILE_MAX_BYTES {
                return Err(CallError::TooBig);
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }
}
