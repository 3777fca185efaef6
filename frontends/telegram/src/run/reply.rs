//! What an update shows: stored with its effect, then shown.

use std::sync::PoisonError;
use std::time::Duration;

use neurocards::{Alarm, AlarmDetail, AlarmKind, Artifact, Mark, StoreError};
use serde::{Deserialize, Serialize};

use super::Parts;
use crate::api::{CallError, Invoice};
use crate::deliver::{Delivered, Shelf};
use crate::schema::Heard;
use crate::screen::Sheet;

/// One thing to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "show", rename_all = "snake_case")]
pub(super) enum Out {
    /// Answers a press.
    Answer { query: String, text: Option<String> },
    /// A new message.
    Send {
        sheet: Sheet,
        /// A picture over it, which the channel keeps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<String>,
    },
    /// Videos that the channel keeps.
    Demos { files: Vec<String> },
    /// In place of a message.
    Edit { message: i64, picture: bool, sheet: Sheet },
    /// Something to pay in Stars.
    Invoice { title: String, description: String, payload: String, stars: i64 },
    Video {
        artifact: Artifact,
        /// HTML.
        caption: String,
        /// HTML: what is said when it is too large for the channel.
        #[serde(default)]
        instead: String,
    },
}

/// The settings that name files of the channel.
const MENU_PICTURE: &str = "NEUROCARDS_MENU_PICTURE";
const DEMO_VIDEOS: &str = "NEUROCARDS_DEMO_VIDEOS";
/// How often a call is made that provably did not happen, and how long it may be waited for.
const TRIES: u32 = 5;
/// How long after the first edit that may not have happened.
const BREATH: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(90);

impl Parts {
    /// Shows everything, one after the other. Edits may be repeated; a message that may have been sent is not sent again
    /// by this process.
    pub(super) async fn show(&self, heard: &Heard, reply: &[Out]) -> Result<(), StoreError> {
        for out in reply {
            match self.show_one(heard.chat, out).await {
                Err(CallError::Gone(_)) => {
                    self.chats.person_mark(neurocards::PersonId(heard.from.id), &Mark::Blocked).await?;
                    return Ok(());
                }
                Err(error) => tracing::warn!(%error, chat = heard.chat, "something could not be shown"),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    async fn show_one(&self, chat: i64, out: &Out) -> Result<(), CallError> {
        match (self.patiently(chat, out).await, out) {
            (Err(CallError::NotModified), _) => Ok(()),
            // Nobody waits for it any more.
            (Err(CallError::TooLate | CallError::Unknown(_)), Out::Answer { .. }) => Ok(()),
            (Err(CallError::NoMessage), Out::Edit { sheet, .. }) => {
                self.patiently(chat, &Out::Send { sheet: sheet.clone(), picture: None }).await
            }
            (shown, _) => shown,
        }
    }

    /// Makes a call until it happens, or is refused, or may have happened. An edit is made until it did: twice is once.
    async fn patiently(&self, chat: i64, out: &Out) -> Result<(), CallError> {
        let mut tries = 1;
        loop {
            let answer = self.call(chat, out).await;
            let wait = answer.as_ref().err().and_then(|error| match (error, out) {
                (CallError::Unknown(_), Out::Edit { .. }) => Some(BREATH * tries),
                (error, _) => error.again_after(),
            });
            match wait.filter(|wait| tries < TRIES && *wait <= LONGEST_WAIT) {
                None => return answer,
                Some(wait) => self.clock.sleep(wait).await,
            }
            tries += 1;
        }
    }

    async fn call(&self, chat: i64, out: &Out) -> Result<(), CallError> {
        match out {
            Out::Answer { query, text } => self.api.answer(query, text.as_deref()).await,
            Out::Send { sheet, picture: None } => self.api.send(chat, sheet).await.map(drop),
            Out::Send { sheet, picture: Some(picture) } => self.send_picture(chat, picture, sheet).await,
            Out::Demos { files } => self.send_demos(chat, files).await,
            Out::Edit { message, picture, sheet } => self.api.edit(chat, *message, *picture, sheet).await,
            Out::Video { artifact, caption, instead } => {
                match self.shelf().send(chat, artifact, caption).await? {
                    Delivered::Sent(_) => Ok(()),
                    Delivered::TooBig => {
                        let sheet = Sheet { html: instead.clone(), rows: Vec::new() };
                        self.api.send(chat, &sheet).await.map(drop)
                    }
                }
            }
            Out::Invoice { title, description, payload, stars } => {
                let (title, description, payload) = (title.clone(), description.clone(), payload.clone());
                let invoice = Invoice { title, description, payload, stars: *stars };
                self.api.invoice(chat, &invoice).await.map(drop)
            }
        }
    }

    /// A sheet with a picture over it; without one where the channel does not take it.
    async fn send_picture(&self, chat: i64, picture: &str, sheet: &Sheet) -> Result<(), CallError> {
        if self.is_known(MENU_PICTURE) {
            match self.api.picture(chat, picture, sheet).await {
                Err(error @ (CallError::NoFile | CallError::Refused(_))) => self.miss(MENU_PICTURE, &error),
                sent => return sent.map(drop),
            }
        }
        self.api.send(chat, sheet).await.map(drop)
    }

    async fn send_demos(&self, chat: i64, files: &[String]) -> Result<(), CallError> {
        if !self.is_known(DEMO_VIDEOS) {
            return Ok(());
        }
        match self.api.album(chat, files).await {
            Err(error @ (CallError::NoFile | CallError::Refused(_))) => {
                self.miss(DEMO_VIDEOS, &error);
                Ok(())
            }
            sent => sent,
        }
    }

    /// The channel has not yet refused the files of this setting.
    fn is_known(&self, setting: &str) -> bool {
        !self.unknown_files.lock().unwrap_or_else(PoisonError::into_inner).contains(setting)
    }

    /// The files of a setting are of no use: operators hear of it once, and they are not sent any more.
    fn miss(&self, setting: &'static str, error: &CallError) {
        if self.unknown_files.lock().unwrap_or_else(PoisonError::into_inner).insert(setting) {
            tracing::error!(%error, setting, "Telegram does not take the file that is configured");
            self.engine.raise(Alarm::new(AlarmKind::FileUnknown, setting, AlarmDetail::None));
        }
    }

    pub(super) fn shelf(&self) -> Shelf<'_> {
        Shelf {
            api: &self.api,
            chats: self.chats.as_ref(),
            media: self.engine.media(),
            service_channel: self.settings.service_channel,
        }
    }
}
