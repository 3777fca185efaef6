//! Videos out: uploaded once, kept by the id that the channel gives.

use neurocards::{Artifact, ChatStore, Media, OrderId};

use crate::api::{Api, CallError, Video, VideoBody};
use crate::notify::{LINK_HOURS, MediaLink};
use crate::text::Text;

/// Most bytes of a file that the cloud takes.
pub(crate) const UPLOAD_MAX_BYTES: u64 = 50 * 1024 * 1024;

/// Where videos lie, here and at the channel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shelf<'a> {
    pub(crate) api: &'a Api,
    pub(crate) chats: &'a dyn ChatStore,
    pub(crate) media: &'a Media,
    pub(crate) service_channel: Option<i64>,
}

/// What came of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// The chat has it, as this message.
    Sent(i64),
    /// It is too large for the channel.
    TooBig,
}

impl Shelf<'_> {
    /// Sends a video to a chat, once. An upload to the service channel may be repeated, because nobody reads there; the
    /// send to the person is made once and by the channel's own id, where there is one.
    pub(crate) async fn send(
        &self,
        chat: i64,
        artifact: &Artifact,
        caption: &str,
    ) -> Result<Delivered, CallError> {
        let bot = self.api.id();
        // A store that does not answer costs an upload, not the video.
        let known = self.chats.file_get(bot, &artifact.sha256).await.unwrap_or_default();
        if let Some(id) = known {
            match self.send_body(chat, artifact, caption, VideoBody::Id(id)).await {
                Err(CallError::NoFile) => self.keep(artifact, None).await,
                sent => return sent,
            }
        }
        if artifact.bytes > UPLOAD_MAX_BYTES {
            return Ok(Delivered::TooBig);
        }
        let _ = self.api.uploading(chat).await;
        if let Some(channel) = self.service_channel
            && let Some(id) = self.upload(channel, artifact).await
        {
            return self.send_body(chat, artifact, caption, VideoBody::Id(id)).await;
        }
        let _room = self.api.upload_room().await;
        let bytes = self.bytes(artifact).await?;
        self.send_body(chat, artifact, caption, VideoBody::Bytes(bytes)).await
    }

    /// Uploads to the service channel; nothing when that does not work, and the person gets the bytes directly.
    async fn upload(&self, mut channel: i64, artifact: &Artifact) -> Option<String> {
        for _ in 0..3 {
            let _room = self.api.upload_room().await;
            let bytes = self.bytes(artifact).await.ok()?;
            let video = video(artifact, "", VideoBody::Bytes(bytes));
            match self.api.video(channel, &video).await {
                Ok(sent) => {
                    let id = sent.file_id?;
                    self.keep(artifact, Some(&id)).await;
                    return Some(id);
                }
                // A second copy there bothers nobody.
                Err(CallError::Unknown(_)) => {}
                // It was a group, and became a supergroup.
                Err(CallError::Migrated(to)) => {
                    tracing::warn!(
                        channel,
                        to,
                        "the service channel has another number: set SERVICE_CHANNEL_ID to it"
                    );
                    channel = to;
                }
                Err(error) => {
                    tracing::warn!(%error, channel, "the service channel does not take videos");
                    return None;
                }
            }
        }
        None
    }

    async fn send_body(
        &self,
        chat: i64,
        artifact: &Artifact,
        caption: &str,
        body: VideoBody,
    ) -> Result<Delivered, CallError> {
        let uploads = matches!(body, VideoBody::Bytes(_));
        match self.api.video(chat, &video(artifact, caption, body)).await {
            Ok(sent) => {
                if uploads && let Some(id) = &sent.file_id {
                    self.keep(artifact, Some(id)).await;
                }
                Ok(Delivered::Sent(sent.message_id))
            }
            Err(CallError::TooBig) => Ok(Delivered::TooBig),
            Err(error) => Err(error),
        }
    }

    async fn bytes(&self, artifact: &Artifact) -> Result<bytes::Bytes, CallError> {
        self.media.video(&artifact.sha256).await.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a video cannot be read");
            CallError::NotSent("the video cannot be read".to_owned())
        })
    }

    async fn keep(&self, artifact: &Artifact, id: Option<&str>) {
        if let Err(error) = self.chats.file_put(self.api.id(), &artifact.sha256, id).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the id of a file could not be kept");
        }
    }
}

/// What is said of a video that is too large for the channel: where it can be loaded, or whom to ask for it.
pub(crate) fn too_big(link: Option<&MediaLink>, artifact: &Artifact, order: Option<OrderId>) -> Text {
    match (link.and_then(|link| link(artifact)), order) {
        (Some(url), _) => {
            Text::new("result-link").words("url", url.as_str()).number("hours", LINK_HOURS.into())
        }
        (None, Some(order)) => Text::new("result-too-big").words("order", order.to_string()),
        (None, None) => Text::new("video-too-big"),
    }
}

fn video(artifact: &Artifact, caption: &str, body: VideoBody) -> Video {
    Video {
        body,
        width: artifact.width,
        height: artifact.height,
        duration_ms: artifact.duration_ms,
        caption: caption.to_owned(),
    }
}
