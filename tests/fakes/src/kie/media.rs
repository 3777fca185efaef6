//! What lies on the media host: uploaded photos and finished videos.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use serde_json::json;

use super::envelope::{refusal, success};
use super::render::{Link, Result as Shown};
use super::world::{Ask, Content, World};
use crate::clock::millis;
use crate::reply::Reply;
use crate::violation::Rule;

/// A real video: H.264 in an MP4, 64 by 112.
const VIDEO: &[u8] = include_bytes!("../../../testkit/assets/tiny.mp4");
/// How long a link from `download-url` works.
const DOWNLOAD_LINK: Duration = Duration::from_secs(20 * 60);
/// How long videos are kept at all.
const RETENTION: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// A file under a path.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) bytes: Bytes,
    pub(crate) content_type: String,
    pub(crate) expires_ms: i64,
    /// The task whose video it is.
    pub(crate) task: Option<String>,
    /// Width and height, if it is a picture.
    pub(crate) picture: Option<(u32, u32)>,
    /// Somebody asked for it.
    pub(crate) tried: bool,
}

impl File {
    pub(crate) fn is_alive(&self, now_ms: i64) -> bool {
        now_ms < self.expires_ms
    }
}

impl World {
    pub(crate) fn media(&mut self, ask: Ask<'_>) -> Reply {
        if ask.asked.header("authorization").is_some() {
            let what = "the media host was shown a key; it needs none";
            self.violations.note(ask.open.seq(), Rule::Secret, what);
        }
        let now = self.clock.now_ms();
        let gone = || Reply::new(404, "text/html", "<html><body>404 Not Found</body></html>");
        let Some(file) = self.files.get_mut(ask.asked.path()) else {
            self.violations.note(ask.open.seq(), Rule::Unrouted, format!("no file {}", ask.asked.path()));
            return gone();
        };
        file.tried = true;
        let task = file.task.clone();
        ask.open.note(|exchange| exchange.task = task);
        if !file.is_alive(now) {
            return gone();
        }
        Reply::new(200, &file.content_type, file.bytes.clone())
    }

    /// Puts the video of a finished task under a new path.
    pub(crate) fn link(&mut self, id: &str) {
        let Some(task) = self.tasks.get(id) else { return };
        let folder = task.model.split('/').next().unwrap_or("video").to_owned();
        let (renewed, now) = (task.link.is_some(), self.clock.now_ms());
        let life = match task.render.link {
            Link::Lives(life) => life,
            Link::Renewed if renewed => RETENTION,
            Link::Dead | Link::Renewed => Duration::ZERO,
        };
        let (content_type, bytes) = match &task.render.result {
            Shown::File { content_type, bytes } => (content_type.clone(), Bytes::from(bytes.clone())),
            Shown::Video | Shown::OlderForm | Shown::Json(_) => ("video/mp4".to_owned(), video_of(id)),
        };
        let path = format!("/{folder}/{}", self.new_file_name("mp4"));
        let (expires_ms, task) = (now + millis(life), Some(id.to_owned()));
        let file = File { bytes, content_type, expires_ms, task, picture: None, tried: false };
        self.files.insert(path.clone(), file);
        if let Some(task) = self.tasks.get_mut(id) {
            task.link = Some(path);
        }
    }

    /// `download-url`: another link to the same video, for twenty minutes.
    pub(crate) fn download_url(&mut self, ask: Ask<'_>) -> Reply {
        let Content::Json(body) = ask.content else {
            self.violations.note(ask.open.seq(), Rule::Body, "the body is no JSON");
            return refusal(422, "url is wrong");
        };
        let url = body["url"].as_str().unwrap_or_default();
        let known = url.strip_prefix(&self.media_base).and_then(|path| self.files.get(path)).cloned();
        let Some(file) = known.filter(|file| file.task.is_some()) else {
            return refusal(422, "url is wrong");
        };
        let path = format!("/download/{}", self.new_file_name("mp4"));
        let expires_ms = self.clock.now_ms() + millis(DOWNLOAD_LINK);
        self.files.insert(path.clone(), File { expires_ms, tried: false, ..file });
        success(&json!(format!("{}{path}", self.media_base)))
    }
}

/// The bytes of a task's video: the same picture for all, and yet no two files are the same.
pub(crate) fn video_of(task: &str) -> Bytes {
    let mut bytes = BytesMut::from(VIDEO);
    // A box that players skip.
    bytes.put_u32(8 + u32::try_from(task.len()).unwrap_or(0));
    bytes.put_slice(b"free");
    bytes.put_slice(task.as_bytes());
    bytes.freeze()
}
