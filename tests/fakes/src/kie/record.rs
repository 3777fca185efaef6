//! Reading a task.

use serde_json::{Map, Value, json};

use super::envelope::{credits, envelope, refusal, success};
use super::models::Family;
use super::render::{Link, Result as Shown};
use super::task::{State, Task};
use super::words;
use super::world::{Ask, Content, World};
use crate::reply::Reply;
use crate::violation::Rule;

impl World {
    /// What `recordInfo`, `record-info` and `record-detail` say.
    pub(crate) fn record(&mut self, ask: Ask<'_>, key: usize, family: Family) -> Reply {
        let Some(id) = ask.asked.query("taskId").filter(|id| !id.is_empty()) else {
            self.violations.note(ask.open.seq(), Rule::Body, "no taskId");
            return refusal(400, "taskId parameter is required");
        };
        let now = self.clock.now_ms();
        let account = self.keys[key].account;
        let absent = match family {
            Family::Jobs => words::NO_RECORD.to_owned(),
            Family::Veo | Family::Runway => format!("Record not found for taskId: {id}"),
        };
        let Some(task) = self.tasks.get_mut(&id) else {
            return refusal(422, &absent);
        };
        let model = task.model.clone();
        ask.open.note(|exchange| {
            exchange.task = Some(id.clone());
            exchange.model = Some(model);
        });
        if task.account != account || task.family != family {
            return refusal(422, &absent);
        }
        if !task.rate.take(now) {
            self.violations.note(
                ask.open.seq(),
                Rule::ReadRate,
                "more than ten readings of a task in a second",
            );
            return refusal(429, words::TOO_FAST);
        }
        task.reads += 1;
        if task.is_hidden(now) {
            return refusal(422, &absent);
        }
        self.advance(&id);
        self.renew_link(&id);
        let Some(task) = self.tasks.get(&id) else { return refusal(422, &absent) };
        success(&match family {
            Family::Jobs => self.jobs_record(task),
            Family::Veo => self.veo_record(task),
            Family::Runway => self.runway_record(task),
        })
    }

    /// The record of a task of `createTask`.
    pub(crate) fn jobs_record(&self, task: &Task) -> Value {
        let (state, completed, code, msg) = match &task.state {
            State::Running => (running(task), None, None, None),
            State::Done { at_ms } => ("success", Some(*at_ms), None, None),
            State::Failed { at_ms, code, msg } => ("fail", Some(*at_ms), Some(code), Some(msg)),
        };
        let seconds = completed.map(|at| (at - task.created_ms + 500) / 1000);
        let mut record = json!({
            "taskId": task.id,
            "model": task.model,
            "state": state,
            "param": param(task),
            "resultJson": self.result_json(task),
            "failCode": code,
            "failMsg": msg,
            "costTime": seconds,
            "completeTime": completed,
            "createTime": task.created_ms,
            "creditsConsumed": consumed(task),
        });
        if self.extra_fields
            && let Some(fields) = record.as_object_mut()
        {
            fields.extend(self.extras(task));
        }
        record
    }

    /// Fields that the documents name and recordings do not have, and one that nobody knows.
    fn extras(&self, task: &Task) -> Map<String, Value> {
        let flag = match &task.state {
            State::Running => 0,
            State::Done { .. } => 1,
            State::Failed { .. } => 3,
        };
        let response = serde_json::from_str(&self.result_json(task)).unwrap_or(Value::Null);
        let extras = json!({
            "successFlag": flag,
            "response": response,
            "updateTime": self.clock.now_ms(),
            "progress": null,
            "somethingNew": { "nested": [1, 2, 3] },
        });
        if let Value::Object(extras) = extras { extras } else { Map::new() }
    }

    fn result_json(&self, task: &Task) -> String {
        match (&task.state, &task.render.result, self.video_url(task)) {
            (State::Done { .. }, Shown::Json(json), _) => json.clone(),
            (State::Done { .. }, _, Some(url)) => json!({ "resultUrls": [url] }).to_string(),
            _ => String::new(),
        }
    }

    /// The address of a finished video.
    pub(crate) fn video_url(&self, task: &Task) -> Option<String> {
        task.link.as_ref().map(|path| format!("{}{path}", self.media_base))
    }

    fn veo_record(&self, task: &Task) -> Value {
        let (flag, completed, code, msg) = match &task.state {
            State::Running => (0, None, None, None),
            State::Done { at_ms } => (1, Some(*at_ms), None, None),
            State::Failed { at_ms, code, msg } => {
                // 2: the request failed; 3: the generation did.
                let flag = if code == "400" || code == "422" { 2 } else { 3 };
                (flag, Some(*at_ms), Some(code), Some(msg))
            }
        };
        let older = task.render.result == Shown::OlderForm;
        let number = code.map(|code| code.parse::<i64>().map_or_else(|_| json!(code), |code| json!(code)));
        let mut record = json!({
            "taskId": task.id,
            "paramJson": Value::Object(task.input.clone()).to_string(),
            "completeTime": completed,
            "response": if flag == 1 && !older { self.veo_response(task) } else { Value::Null },
            "successFlag": flag,
            "fallbackFlag": false,
            "createTime": task.created_ms,
            "errorCode": number,
            "errorMessage": msg,
        });
        if older && let Some(url) = self.video_url(task) {
            record["resultUrls"] = json!(json!([url]).to_string());
        }
        record
    }

    /// Where a finished video of Veo lies.
    pub(crate) fn veo_response(&self, task: &Task) -> Value {
        let urls: Vec<String> = self.video_url(task).into_iter().collect();
        let resolution = task.input.get("resolution").cloned().unwrap_or_else(|| json!("720p"));
        json!({ "taskId": task.id, "resultUrls": urls, "originUrls": urls, "resolution": resolution })
    }

    fn runway_record(&self, task: &Task) -> Value {
        let (state, code, msg) = match &task.state {
            State::Running => (task.render.state.as_deref().unwrap_or("generating"), None, ""),
            State::Done { .. } => ("success", None, ""),
            State::Failed { code, msg, .. } => ("fail", code.parse::<i64>().ok(), msg.as_str()),
        };
        let video = self.video_url(task).map(|url| {
            json!({ "videoId": task.id, "taskId": task.id, "videoUrl": url, "imageUrl": format!("{url}.png") })
        });
        json!({
            "taskId": task.id,
            "parentTaskId": "",
            "generateParam": {
                "prompt": task.prompt,
                "imageUrl": task.input.get("imageUrl"),
                "expandPrompt": true,
            },
            "state": state,
            "generateTime": crate::wire::time(task.created_ms, "%Y-%m-%d %H:%M:%S"),
            "videoInfo": video,
            "failCode": code,
            "failMsg": msg,
            "expireFlag": 0,
        })
    }

    /// `get-1080p-video`: not ready as long as the task is not.
    pub(crate) fn veo_1080p(&mut self, ask: Ask<'_>, key: usize) -> Reply {
        let account = self.keys[key].account;
        let id = ask.asked.query("taskId").unwrap_or_default();
        let task = self.tasks.get(&id).filter(|task| task.account == account && task.family == Family::Veo);
        match task.map(|task| self.video_url(task)) {
            None => refusal(422, &format!("Record not found for taskId: {id}")),
            Some(None) => refusal(500, "1080P still processing"),
            Some(Some(url)) => success(&json!({ "resultUrl": url })),
        }
    }

    /// `get-4k-video`: accepted under a code that says the opposite.
    pub(crate) fn veo_4k(&mut self, ask: Ask<'_>, key: usize) -> Reply {
        let account = self.keys[key].account;
        let Content::Json(body) = ask.content else {
            self.violations.note(ask.open.seq(), Rule::Body, "the body is no JSON");
            return refusal(422, "taskId is required");
        };
        let id = body["taskId"].as_str().unwrap_or_default();
        let known =
            self.tasks.get(id).is_some_and(|task| task.account == account && task.family == Family::Veo);
        if known {
            envelope(422, "4k is processing", &json!({ "taskId": id }))
        } else {
            refusal(422, &format!("Record not found for taskId: {id}"))
        }
    }

    /// A link that was tried in vain becomes one that works.
    fn renew_link(&mut self, id: &str) {
        let Some(task) = self.tasks.get(id) else { return };
        let tried = task.link.as_ref().and_then(|path| self.files.get(path)).is_some_and(|file| file.tried);
        if tried && task.render.link == Link::Renewed {
            self.link(id);
        }
    }
}

fn running(task: &Task) -> &str {
    task.render.state.as_deref().unwrap_or(if task.generating { "generating" } else { "waiting" })
}

/// JSON in a string, and in it the input as JSON in a string again.
fn param(task: &Task) -> String {
    let input = Value::Object(task.input.clone()).to_string();
    json!({ "input": input, "model": task.model }).to_string()
}

/// What the service says that the task has cost so far.
pub(crate) fn consumed(task: &Task) -> Value {
    match task.state {
        State::Running if task.charges_late => credits(0),
        State::Failed { .. } => credits(0),
        State::Running | State::Done { .. } => credits(task.price_milli),
    }
}
