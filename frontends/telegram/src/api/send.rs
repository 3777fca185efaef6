//! Messages out.

use std::time::Duration;

use bytes::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use teloxide::payloads::{
    AnswerCallbackQuery, AnswerCallbackQuerySetters, EditMessageCaption, EditMessageCaptionSetters,
    EditMessageText, EditMessageTextSetters, SendChatAction, SendMediaGroup, SendMessage, SendMessageSetters,
    SendPhoto, SendPhotoSetters, SendVideo, SendVideoSetters,
};
use teloxide::requests::{MultipartRequest, Payload, Request};
use teloxide::types::{
    CallbackQueryId, ChatAction, ChatId, FileId, InlineKeyboardButton, InlineKeyboardMarkup, InputFile,
    InputMedia, InputMediaVideo, LinkPreviewOptions, MessageId, ParseMode,
};
use url::Url;

use super::call::call;
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

/// What is read of a message that was sent.
#[derive(Debug, Deserialize)]
pub(super) struct Said {
    pub(super) message_id: i64,
    video: Option<Kept>,
}

/// A file that the channel keeps.
#[derive(Debug, Deserialize)]
struct Kept {
    file_id: String,
}

impl Api {
    /// Sends a message; answers with its id.
    ///
    /// # Errors
    /// See [`CallError`]. After [`CallError::Unknown`] it may be there.
    pub async fn send(&self, chat: i64, sheet: &Sheet) -> Result<i64, CallError> {
        let send = SendMessage::new(ChatId(chat), sheet.html.clone()).parse_mode(ParseMode::Html);
        let send = send.link_preview_options(no_preview());
        let send = if sheet.rows.is_empty() { send } else { send.reply_markup(keyboard(sheet)) };
        Ok(self.said(chat, &send).await?.message_id)
    }

    /// Sends a picture that the channel keeps, with a sheet below it; answers with the message's id.
    ///
    /// # Errors
    /// See [`CallError`]. After [`CallError::Unknown`] it may be there.
    pub async fn picture(&self, chat: i64, file_id: &str, sheet: &Sheet) -> Result<i64, CallError> {
        let send = SendPhoto::new(ChatId(chat), InputFile::file_id(FileId(file_id.to_owned())));
        let send = send.caption(sheet.html.clone()).parse_mode(ParseMode::Html);
        let send = if sheet.rows.is_empty() { send } else { send.reply_markup(keyboard(sheet)) };
        Ok(self.said(chat, &send).await?.message_id)
    }

    /// Sends up to ten videos that the channel keeps, as one album.
    ///
    /// # Errors
    /// See [`CallError`]. After [`CallError::Unknown`] they may be there.
    pub async fn album(&self, chat: i64, file_ids: &[String]) -> Result<(), CallError> {
        let file = |id: &String| InputFile::file_id(FileId(id.clone()));
        match file_ids {
            [] => Ok(()),
            // An album has two at least.
            [one] => self.said(chat, &SendVideo::new(ChatId(chat), file(one))).await.map(drop),
            several => {
                let media = several.iter().map(|id| InputMedia::Video(InputMediaVideo::new(file(id))));
                let send = SendMediaGroup::new(ChatId(chat), media);
                self.paced::<_, Vec<Said>>(chat, &send).await.map(drop)
            }
        }
    }

    /// Puts a sheet in place of a message, or of the words under its picture. Doing it again changes nothing.
    ///
    /// # Errors
    /// See [`CallError`]. [`CallError::NotModified`] means that it is done.
    pub async fn edit(&self, chat: i64, message: i64, picture: bool, sheet: &Sheet) -> Result<(), CallError> {
        let id = MessageId(i32::try_from(message).map_err(|_| CallError::NoMessage)?);
        let keyboard = keyboard(sheet);
        if picture {
            let edit = EditMessageCaption::new(ChatId(chat), id).caption(sheet.html.clone());
            let edit = edit.parse_mode(ParseMode::Html).reply_markup(keyboard);
            self.paced::<_, IgnoredAny>(chat, &edit).await?;
        } else {
            let edit = EditMessageText::new(ChatId(chat), id, sheet.html.clone());
            let edit = edit.parse_mode(ParseMode::Html).link_preview_options(no_preview());
            self.paced::<_, IgnoredAny>(chat, &edit.reply_markup(keyboard)).await?;
        }
        self.pace.edited(chat, message);
        Ok(())
    }

    /// Answers a press: the person's client stops waiting.
    ///
    /// # Errors
    /// See [`CallError`]. Nothing depends on it.
    pub async fn answer(&self, query: &str, text: Option<&str>) -> Result<(), CallError> {
        let answer = AnswerCallbackQuery::new(CallbackQueryId(query.to_owned()));
        let answer = if let Some(text) = text { answer.text(text) } else { answer };
        call::<_, bool>(&self.bot, &answer).await.map(drop)
    }

    /// Sends a video.
    ///
    /// # Errors
    /// See [`CallError`]. After [`CallError::Unknown`] it may be there: it is not sent again by itself.
    pub async fn video(&self, chat: i64, video: &Video) -> Result<SentVideo, CallError> {
        let file = match &video.body {
            VideoBody::Bytes(bytes) => InputFile::memory(bytes.clone()).file_name("video.mp4"),
            VideoBody::Id(id) => InputFile::file_id(FileId(id.clone())),
        };
        let seconds = u32::try_from(video.duration_ms.div_ceil(1_000)).unwrap_or_default();
        let send = SendVideo::new(ChatId(chat), file).width(video.width).height(video.height);
        let send = send.duration(seconds).supports_streaming(true);
        let send = send.caption(video.caption.clone()).parse_mode(ParseMode::Html);
        if matches!(video.body, VideoBody::Id(_)) {
            let said = self.said(chat, &send).await?;
            return Ok(SentVideo {
                message_id: said.message_id,
                file_id: said.video.map(|kept| kept.file_id),
            });
        }
        self.pace.turn(chat).await;
        let sent = MultipartRequest::new(self.uploader.clone(), send).send().await;
        let sent = self.heard(chat, sent.map_err(CallError::from))?;
        let file_id = sent.video().map(|video| video.file.id.0.clone());
        Ok(SentVideo { message_id: sent.id.0.into(), file_id })
    }

    /// Says that a video is on its way.
    ///
    /// # Errors
    /// See [`CallError`]. Nothing depends on it.
    pub async fn uploading(&self, chat: i64) -> Result<(), CallError> {
        let action = SendChatAction::new(ChatId(chat), ChatAction::UploadVideo);
        call::<_, bool>(&self.bot, &action).await.map(drop)
    }

    /// Waits for a turn of a broadcast: slower than other messages.
    pub async fn bulk_turn(&self) {
        self.pace.bulk_turn().await;
    }

    /// How long nothing may be sent to this chat, as the server said.
    pub fn closed(&self, chat: i64) -> Option<Duration> {
        self.pace.closed(chat)
    }

    /// How long a message is left as it is before it is edited unasked, if that is so.
    pub fn edit_rests(&self, chat: i64, message: i64) -> Option<Duration> {
        self.pace.edit_rests(chat, message)
    }

    /// Says something to a chat in its turn.
    pub(super) async fn said<P: Payload + Serialize>(
        &self,
        chat: i64,
        payload: &P,
    ) -> Result<Said, CallError> {
        self.paced(chat, payload).await
    }

    /// Waits for the chat's turn, and keeps what the server says of the next one.
    async fn paced<P, T>(&self, chat: i64, payload: &P) -> Result<T, CallError>
    where
        P: Payload + Serialize,
        T: DeserializeOwned,
    {
        self.pace.turn(chat).await;
        self.heard(chat, call(&self.bot, payload).await)
    }

    fn heard<T>(&self, chat: i64, answer: Result<T, CallError>) -> Result<T, CallError> {
        if let Err(CallError::Wait(wait)) = answer {
            self.pace.close(chat, wait);
        }
        answer
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
