//! The bodies of the three kinds of tasks. Only the task's id is taken from them.

use serde::Deserialize;

use super::CALLBACK_MAX_BYTES;
use crate::task::is_task_id;

#[derive(Deserialize)]
struct Body {
    data: Data,
}

/// Jobs and Veo say `taskId`, Runway and older APIs `task_id`.
#[derive(Deserialize)]
struct Data {
    #[serde(rename = "taskId")]
    task_id: Option<String>,
    #[serde(rename = "task_id")]
    older: Option<String>,
}

/// The task that a body names. A body that names two names none.
pub(super) fn task_id(body: &[u8]) -> Option<String> {
    if body.len() > CALLBACK_MAX_BYTES {
        return None;
    }
    let data = serde_json::from_slice::<Body>(body).ok()?.data;
    let id = match (data.task_id, data.older) {
        (Some(id), Some(older)) if id != older => return None,
        (id, older) => id.or(older)?,
    };
    is_task_id(&id).then_some(id)
}
