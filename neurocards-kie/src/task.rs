//! What KIE says of a task, in each of its three dialects: `state` with a `resultJson` that is JSON inside a string,
//! Veo's `successFlag` with a `response`, Runway's `state` with a `videoInfo`.

use neurocards_core::{Fault, FaultClass, TaskState, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use crate::classify::{Nuance, classify};
use crate::client::{Reply, milli_credits};
use crate::redact::redact;

/// For so long after it ended, a task that timed out may still turn into a success.
pub(crate) const LATE_WINDOW: chrono::Duration = chrono::Duration::seconds(90);
/// Ids are hex or UUIDs today.
const TASK_ID_MAX_CHARS: usize = 128;

/// An id that may stand in an address and in the database.
pub(crate) fn is_task_id(id: &str) -> bool {
    (1..=TASK_ID_MAX_CHARS).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// The callback address that a task was made with, from its record: JSON inside a string, whose form differs.
pub(crate) fn callback_of(data: &Value) -> Option<String> {
    let param = ["param", "paramJson"].iter().find_map(|field| data.get(field))?;
    let parsed = match param {
        Value::String(json) => serde_json::from_str(json).ok()?,
        other => other.clone(),
    };
    parsed.get("callBackUrl")?.as_str().map(str::to_owned)
}

/// Reads a reply. That there is no such task says nothing either: just after a task was made KIE does not know it.
///
/// # Errors
/// The task could not be read. That says nothing about the task.
pub(crate) fn read(reply: Reply, now: Timestamp) -> Result<TaskState, Fault> {
    let unread = |message: &str| Fault::new(FaultClass::Temporary, message);
    if !reply.is_ok() {
        return Err(reply.verdict().fault);
    }
    if reply.data.is_null() {
        return Err(unread("KIE has no record of the task"));
    }
    let record: Record = serde_json::from_value(reply.data)
        .map_err(|_| unread("KIE has a record of the task in a form that we do not know"))?;
    // Whatever is not an end is under way: `waiting`, `queuing` and `generating` come and go as KIE likes.
    match (record.state.as_deref(), record.success_flag) {
        (Some("success"), _) | (None, Some(1)) => record
            .succeeded()
            // The video may have been charged: it is looked for again, and never rendered again for that.
            .ok_or_else(|| unread("KIE says that the video is ready and does not say where it is")),
        (Some("fail"), _) | (None, Some(2 | 3)) => Ok(record.failed(now)),
        _ => Ok(TaskState::Running { progress: None }),
    }
}

/// The records of all families. Times are in epoch milliseconds. Everything is optional and unknown fields are ignored: KIE adds some every month.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Record {
    state: Option<String>,
    success_flag: Option<i64>,
    result_json: Value,
    response: Value,
    result_urls: Value,
    video_info: Option<VideoInfo>,
    fail_code: Value,
    fail_msg: Option<String>,
    error_code: Value,
    error_message: Option<String>,
    complete_time: Option<f64>,
    update_time: Option<f64>,
    credits_consumed: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct VideoInfo {
    video_url: Option<String>,
}

impl Record {
    /// Videos are taken only from where results stand, never from the first thing that looks like an address: the
    /// record holds the prompt and the photo too.
    fn succeeded(self) -> Option<TaskState> {
        let places = [&self.result_json, &self.response, &self.result_urls];
        let listed = places.into_iter().find_map(first_result);
        let shown = self.video_info.and_then(|info| info.video_url).filter(|url| !url.is_empty());
        let video = listed.or(shown)?;
        Some(TaskState::Succeeded { video, cost_milli: self.credits_consumed.and_then(milli_credits) })
    }

    /// A timeout is believed only after a while: a minute later some of them are successes.
    fn failed(self, now: Timestamp) -> TaskState {
        let text = self.fail_msg.or(self.error_message).unwrap_or_default();
        let code = [&self.fail_code, &self.error_code].into_iter().find_map(word);
        let verdict = classify(&redact(&text, &[]), code.as_deref());
        let ended = self
            .complete_time
            .or(self.update_time)
            .and_then(|millis| Timestamp::from_timestamp_millis(millis as i64));
        let fresh = ended.is_some_and(|ended| now - ended < LATE_WINDOW);
        if verdict.nuance == Some(Nuance::Late) && fresh {
            return TaskState::Running { progress: None };
        }
        TaskState::Failed(verdict.fault)
    }
}

/// A code is a number in one place and a text in another.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(word) if !word.is_empty() => Some(word.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The first of `resultUrls`, in an object, in a list, or in either of them as JSON inside a string.
fn first_result(place: &Value) -> Option<String> {
    match place {
        Value::String(json) => {
            first_result(&serde_json::from_str::<Value>(json).ok().filter(|v| !v.is_string())?)
        }
        Value::Object(fields) => first_result(fields.get("resultUrls")?),
        Value::Array(urls) => {
            urls.iter().filter_map(Value::as_str).find(|url| !url.is_empty()).map(str::to_owned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
