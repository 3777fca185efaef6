//! Messages out.

use std::time::Duration;

use bytes::Bytes;
use teloxide::RequestError;
use teloxide::payloads::{
    AnswerCallbackQuerySetters, EditMessageCaptionSetters, EditMessageTextSetters, SendMessageSetters,
    SendVideoSetters,
};
use teloxide::requests::Requester;
use teloxide::types::{
    CallbackQueryId, ChatAction, ChatId, FileId, InlineKeyboardButton, InlineKeyboardMarkup, InputFile,
    LinkPreviewOptions, MessageId, ParseMode,
};
use url::Url;

use super::{Api, CallError};
use crate::screen::{Key, Sheet};

/// A video to send.
#[derive(Debug, Clone)]
pub struct Video {
    /// Its bytes, or what the channel knows it by.
    pub body: VideoBody,
    /// Width in pixels: without it some clients show a vertical clip as a square.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// What stands under it, as HTML.
    pub caption: String,
}

/// What of a video goes over the wire.
#[derive(Debug, Clone)]
pub enum VideoBody {
    /// The MP4.
    Bytes(Bytes),
    /// The channel's id of a file that this bot has uploaded.
    Id(String),
}

/// A video that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentVideo {
    /// The message.
    pub message_id: i64,
    /// What the channel knows the file by from now on.
    pub file_id: Option<String>,
}

impl Api {
    /// Sends a message; answers with its id.
    ///
    /// # Errors
    /// See [`CallError`]. After [`CallError::Unknown`] it may be there.
    pub async fn send(&self, chat: i64, sheet: &Sheet) -> Result<i64, CallError> {
        let send = self.bot.send_message(ChatId(chat), sheet.html.clone()).parse_mode(ParseMode::Html);
        let send = send.link_preview_options(no_preview());
        let send = if sheet.rows.is_empty() { send } else { send.reply_markup(keyboard(sheet)) };
        Ok(self.paced(chat, send).await?.id.0.into())
    }

    /// Puts a sheet in place of a message, or of the words under its picture. Doing it again changes nothing.
    ///
    /// # Errors
    /// See [`CallError`]. [`CallError::NotModified`] means that it is done.
    pub async fn edit(&self, chat: i64, message: i64, picture: bool, sheet: &Sheet) -> Result<(), CallError> {
        let message = MessageId(i32::try_from(message).map_err(|_| CallError::NoMessage)?);
        let keyboard = keyboard(sheet);
        if picture {
            let edit = self.bot.edit_message_caption(ChatId(chat), message).caption(sheet.html.clone());
            self.paced(chat, edit.parse_mode(ParseMode::Html).reply_markup(keyboard)).await?;
        } else {
            let edit = self.bot.edit_message_text(ChatId(chat), message, sheet.html.clone());
            let edit = edit.parse_mode(ParseMode::Html).link_preview_options(no_preview());
            self.paced(chat, edit.reply_markup(keyboard)).await?;
        }
        Ok(())
    }

    /// Answers a press: the person's client stops waiting.
    ///
    /// # Errors
    /// See [`CallError`]. Nothing depends on it.
    pub async fn answer(&self, query: &str, text: Option<&str>) -> Result<(), CallError> {
        let answer = self.bot.answer_callback_query(CallbackQueryId(query.to_owned()));
        let answer = if let Some(text) = text { answer.text(text) } else { answer };
        answer.await?;
        Ok(())
    }

    /// Sends a video.
    ///
    /// # Errors
    /// See [`CallError`]. After [`CallError::Unknown`] it may be there: it is not sent again by itself.
    pub async fn video(&self, chat: i64, video: &Video) -> Result<SentVideo, CallError> {
        let (bot, file) = match &video.body {
            VideoBody::Bytes(bytes) => {
                (&self.uploader, InputFile::memory(bytes.clone()).file_name("video.mp4"))
            }
            VideoBody::Id(id) => (&self.bot, InputFile::file_id(FileId(id.clone()))),
        };
        let seconds = u32::try_from(video.duration_ms.div_ceil(1_000)).unwrap_or_default();
        let send = bot.send_video(ChatId(chat), file).width(video.width).height(video.height);
        let send = send.duration(seconds).supports_streaming(true);
        let send = send.caption(video.caption.clone()).parse_mode(ParseMode::Html);
        let sent = self.paced(chat, send).await?;
        let file_id = sent.video().map(|video| video.file.id.0.clone());
        Ok(SentVideo { message_id: sent.id.0.into(), file_id })
    }

    /// Says that a video is on its way.
    ///
    /// # Errors
    /// See [`CallError`]. Nothing depends on it.
    pub async fn uploading(&self, chat: i64) -> Result<(), CallError> {
        self.bot.send_chat_action(ChatId(chat), ChatAction::UploadVideo).await?;
        Ok(())
    }

    /// Waits for a turn of a broadcast: slower than other messages.
    pub async fn bulk_turn(&self) {
        self.pace.bulk_turn().await;
    }

    /// How long nothing may be sent to this chat, as the server said.
    pub fn closed(&self, chat: i64) -> Option<Duration> {
        self.pace.closed(chat)
    }

    /// Waits for the chat's turn, and keeps what the server says of the next one.
    pub(super) async fn paced<T>(
        &self,
        chat: i64,
        request: impl IntoFuture<Output = Result<T, RequestError>>,
    ) -> Result<T, CallError> {
        self.pace.turn(chat).await;
        request.into_future().await.map_err(|error| {
            let error = CallError::from(error);
            if let CallError::Wait(wait) = error {
                self.pace.close(chat, wait);
            }
            error
        })
    }
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

fn keyboard(sheet: &Sheet) -> InlineKeyboardMarkup {
    let button = |key: &Key| match (&key.action, &key.open) {
        (Some(action), _) => Some(InlineKeyboardButton::callback(key.label.clone(), action.to_string())),
        (None, Some(open)) => Some(InlineKeyboardButton::url(key.label.clone(), Url::parse(open).ok()?)),
        (None, None) => None,
    };
    let row = |keys: &Vec<Key>| keys.iter().filter_map(button).collect::<Vec<_>>();
    InlineKeyboardMarkup::new(sheet.rows.iter().map(row))
}
