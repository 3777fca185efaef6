//! The Bot API as the bot uses it. Only this room knows teloxide's requests; all others see sheets, ids and
//! [`CallError`].
//!
//! No call is repeated here. A send that may have happened is [`CallError::Unknown`], and what is done then is for the
//! caller to know.

mod call;
mod commands;
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
use neurocards::{BotId, Clock};
use teloxide::Bot;
use teloxide::net::{Download, default_reqwest_settings};
use teloxide::payloads::{GetFile, GetMe};
use teloxide::types::{File, FileId, Me};
use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use self::call::call;
pub use self::commands::Listed;
pub use self::error::CallError;
pub use self::pace::Limits;
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
/// How many videos go up at once: each lies in memory meanwhile.
const UPLOADS: usize = 8;
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
    uploads: Arc<Semaphore>,
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
            pace: Arc::new(Pace::new(clock, Limits::default())),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
        })
    }

    /// How long a poll waits for news at the server.
    pub const POLL: Duration = Duration::from_secs(50);

    /// Another pace than the one that Telegram bears.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.pace = Arc::new(self.pace.with(limits));
        self
    }

    /// The bot's number.
    pub fn id(&self) -> BotId {
        self.id
    }

    /// Asks who we are: the username. The first call, which finds out whether the token is right.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn username(&self) -> Result<String, CallError> {
        let me: Me = call(&self.bot, &GetMe::new()).await?;
        Ok(me.username().to_owned())
    }

    /// Room for one more upload; whoever has it may read a video into memory.
    pub(crate) async fn upload_room(&self) -> Option<SemaphorePermit<'_>> {
        self.uploads.acquire().await.ok()
    }

    /// Fetches a file that somebody sent, at most [`FILE_MAX_BYTES`] of it.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again is safe.
    pub async fn file(&self, file_id: &str) -> Result<Bytes, CallError> {
        let file: File = call(&self.bot, &GetFile::new(FileId(file_id.to_owned()))).await?;
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
