//! What the service tells about the end of a task, without being asked.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::models::Family;
use super::render::Result as Shown;
use super::task::{State, Task};
use super::world::World;
use crate::call::Call;
use crate::journal::{Ending, Exchange, Journal};
use crate::post::post;

/// After so many tries in vain a message is given up.
const TRIES: u32 = 3;

/// A message, ready to go out.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) task: String,
    pub(crate) copies: u32,
    pub(crate) message: Message,
}

/// A message about a task, as the service would send it, or as somebody forges it.
///
/// ```no_run
/// # async fn example(fake: neurocards_fakes::kie::KieFake) {
/// // A stranger says that the task is done and where the video lies, without a signature.
/// let status = fake
///     .message("5fdec09dc604e83ec6eb26b40c1b64d8")
///     .edit(|body| body["data"]["resultJson"] = r#"{"resultUrls":["http://169.254.169.254/"]}"#.into())
///     .unsigned()
///     .send()
///     .await;
/// assert_eq!(status, Some(200));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Message {
    url: String,
    task: String,
    body: Bytes,
    signed: Option<(String, i64)>,
    journal: Journal,
    at_ms: i64,
}

impl Message {
    /// Sends it to another address.
    #[must_use]
    pub fn to(mut self, url: &str) -> Self {
        self.url = url.to_owned();
        self
    }

    /// Changes the body. The signature does not notice: it covers only the task's id.
    ///
    /// # Panics
    /// [`raw`](Self::raw) made the body something else than JSON.
    #[must_use]
    pub fn edit(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).expect("the body is JSON");
        change(&mut body);
        self.body = body.to_string().into();
        self
    }

    /// Any bytes as the body.
    #[must_use]
    pub fn raw(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Signs it with that key, at that time in seconds since 1970.
    #[must_use]
    pub fn signed(mut self, key: &str, at_seconds: i64) -> Self {
        self.signed = Some((key.to_owned(), at_seconds));
        self
    }

    /// Without a signature.
    #[must_use]
    pub fn unsigned(mut self) -> Self {
        self.signed = None;
        self
    }

    /// Sends it; the HTTP status of the answer, or `None` when there was none.
    pub async fn send(self) -> Option<u16> {
        let (host, path) = parts(&self.url);
        let exchange = Exchange {
            method: "POST".to_owned(),
            host,
            path,
            task: Some(self.task.clone()),
            callback: Some(self.url.clone()),
            request: serde_json::from_slice(&self.body).unwrap_or(Value::Null),
            ..Exchange::new(Call::Callback, self.at_ms)
        };
        let open = self.journal.open(exchange);
        let status = post(&self.url, &self.headers(), self.body.clone()).await;
        let ending = if status.is_some() { Ending::Answered } else { Ending::Lost };
        open.end(ending, status, None);
        status
    }

    fn headers(&self) -> Vec<(String, String)> {
        let Some((key, at)) = &self.signed else { return Vec::new() };
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
        mac.update(format!("{}.{at}", self.task).as_bytes());
        let signature = BASE64_STANDARD.encode(mac.finalize().into_bytes());
        vec![
            ("x-webhook-timestamp".to_owned(), at.to_string()),
            ("x-webhook-signature".to_owned(), signature),
        ]
    }
}

impl Outgoing {
    /// Delivers every copy, each with another try or two when it is not taken.
    pub(crate) async fn deliver(self) {
        for _ in 0..self.copies {
            for _ in 0..TRIES {
                let status = self.message.clone().send().await;
                if status.is_some_and(|status| (200..300).contains(&status)) {
                    break;
                }
            }
        }
    }
}

impl World {
    /// Puts the message about a task's end into the outbox.
    pub(crate) fn announce(&mut self, id: &str) {
        let Some(task) = self.tasks.get(id) else { return };
        let (copies, task_id) = (task.render.callbacks.copies, task.id.clone());
        if copies > 0
            && let Some(message) = self.message(id)
        {
            self.outbox.push(Outgoing { task: task_id, copies, message });
        }
    }

    /// The message about a task, as it stands. `None`: nobody asked for one.
    pub(crate) fn message(&self, id: &str) -> Option<Message> {
        let task = self.tasks.get(id)?;
        let at_ms = self.clock.now_ms();
        Some(Message {
            url: task.callback.clone()?,
            task: task.id.clone(),
            body: self.told(task).to_string().into(),
            signed: self.webhook_key.clone().map(|key| (key, at_ms / 1000)),
            journal: self.journal.clone(),
            at_ms,
        })
    }

    /// Takes the messages about one task out of the outbox.
    pub(crate) fn outgoing_of(&mut self, id: &str) -> Vec<Outgoing> {
        let (of_it, others): (Vec<_>, Vec<_>) =
            self.outbox.drain(..).partition(|outgoing| outgoing.task == id);
        self.outbox = others;
        of_it
    }

    /// Takes what may go out: nothing about a task whose paid request was not answered yet.
    pub(crate) fn outgoing(&mut self) -> Vec<Outgoing> {
        let replied = |outgoing: &Outgoing| self.tasks.get(&outgoing.task).is_some_and(|task| task.replied);
        let (ready, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.outbox).into_iter().partition(replied);
        self.outbox = others;
        ready
    }

    fn told(&self, task: &Task) -> Value {
        match task.family {
            Family::Jobs => self.jobs_told(task),
            Family::Veo => self.veo_told(task),
            Family::Runway => self.runway_told(task),
        }
    }

    fn jobs_told(&self, task: &Task) -> Value {
        let mut data = self.jobs_record(task);
        data["updateTime"] = json!(self.clock.now_ms());
        if matches!(task.state, State::Failed { .. }) {
            data["resultJson"] = Value::Null;
            return json!({ "code": 501, "msg": "Playground task failed.", "data": data });
        }
        json!({ "code": 200, "msg": "Playground task completed successfully.", "data": data })
    }

    fn veo_told(&self, task: &Task) -> Value {
        let (code, msg, info) = match &task.state {
            State::Failed { code, msg, .. } => (code.parse().unwrap_or(501), msg.as_str(), Value::Null),
            _ => (200, "Veo3.1 video generated successfully.", self.veo_response(task)),
        };
        let prompt = Value::Object(task.input.clone()).to_string();
        let mut data = json!({ "taskId": task.id, "promptJson": prompt, "fallbackFlag": false });
        if info.is_object() && task.render.result == Shown::OlderForm {
            data["resultUrls"] = json!(info["resultUrls"].to_string());
        } else if info.is_object() {
            data["info"] = info;
        }
        json!({ "code": code, "msg": msg, "data": data })
    }

    fn runway_told(&self, task: &Task) -> Value {
        let url = self.video_url(task).unwrap_or_default();
        let (code, msg) = match &task.state {
            State::Failed { code, msg, .. } => (code.parse().unwrap_or(500), msg.as_str()),
            _ => (200, "All generated successfully."),
        };
        let (video, image) =
            (task.id.clone(), if url.is_empty() { String::new() } else { format!("{url}.png") });
        json!({ "code": code, "msg": msg, "data": {
            "task_id": task.id, "video_id": video, "video_url": url, "image_url": image,
        } })
    }
}

/// Host with port, and path with query.
fn parts(url: &str) -> (String, String) {
    let Ok(url) = url::Url::parse(url) else { return (String::new(), url.to_owned()) };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = format!("{}{port}", url.host_str().unwrap_or_default());
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    (host, format!("{}{query}", url.path()))
}
