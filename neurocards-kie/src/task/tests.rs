use chrono::TimeDelta;
use neurocards_core::FaultClass;
use serde_json::json;

use super::*;

/// 2026-06-24, when the first of these records was made.
const CREATED: i64 = 1_782_283_479_179;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(millis).unwrap()
}

fn read_body(body: &Value, now: Timestamp) -> Result<TaskState, Fault> {
    let reply = Reply::read(200, body.to_string().as_bytes(), None, str::to_owned).unwrap();
    read(reply, now)
}

fn reading(data: Value) -> Result<TaskState, Fault> {
    read_body(&json!({ "code": 200, "msg": "success", "data": data }), at(CREATED))
}

const RUNNING: Result<TaskState, Fault> = Ok(TaskState::Running { progress: None });

fn succeeded(video: &str, cost_milli: Option<i64>) -> Result<TaskState, Fault> {
    Ok(TaskState::Succeeded { video: video.to_owned(), cost_milli })
}

/// As recorded.
fn job(state: &str, more: Value) -> Value {
    let mut record = json!({
        "taskId": "40151124d89b3f17b419b1af3ce66521",
        "model": "bytedance/seedance-2-mini",
        "state": state,
        "param": "{\"input\":\"{\\\"duration\\\":4,\\\"prompt\\\":\\\"see https://prompt.example/a.mp4\\\"}\",\"model\":\"bytedance/seedance-2-mini\"}",
        "resultJson": "",
        "failCode": null,
        "failMsg": null,
        "costTime": null,
        "completeTime": null,
        "createTime": CREATED,
        "creditsConsumed": 38.0,
    });
    let fields = record.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    record
}

#[test]
fn whatever_is_no_end_is_under_way() {
    for state in ["waiting", "queuing", "queueing", "generating", "wait", "reviewing", ""] {
        assert_eq!(reading(job(state, json!({}))), RUNNING, "{state}");
    }
    assert_eq!(reading(json!({})), RUNNING);
    assert_eq!(reading(json!({ "taskId": "a", "successFlag": 0 })), RUNNING);
}

#[test]
fn a_finished_task_names_its_video_and_its_price() {
    let video = "https://tempfile.aiquickdraw.com/seedance/1782283587300-cc36ynzh1se.mp4";
    let result = json!({ "resultUrls": [video] }).to_string();
    let done =
        job("success", json!({ "resultJson": result, "costTime": 110, "completeTime": CREATED + 109_863 }));
    assert_eq!(reading(done), succeeded(video, Some(38_000)));
    // 16.24 credits have no exact float.
    let odd = job("success", json!({ "resultJson": result, "creditsConsumed": 16.24 }));
    assert_eq!(reading(odd), succeeded(video, Some(16_240)));
    let free = job("success", json!({ "resultJson": result, "creditsConsumed": null }));
    assert_eq!(reading(free), succeeded(video, None));
    // Some records have the result parsed already.
    let parsed = job("success", json!({ "response": { "resultUrls": [video] } }));
    assert_eq!(reading(parsed), succeeded(video, Some(38_000)));
}

#[test]
fn veo_and_runway_speak_their_own_dialects() {
    let video = "https://tempfile.aiquickdraw.com/v/one.mp4";
    let veo = |flag: i64, response: Value| {
        json!({ "taskId": "veo_1", "paramJson": "{}", "completeTime": CREATED, "response": response,
            "successFlag": flag, "fallbackFlag": false, "createTime": CREATED, "errorCode": null, "errorMessage": null })
    };
    assert_eq!(reading(veo(0, Value::Null)), RUNNING);
    let response = json!({ "taskId": "veo_1", "resultUrls": [video], "originUrls": ["https://x.example/o.mp4"], "resolution": "720p" });
    assert_eq!(reading(veo(1, response)), succeeded(video, None));
    // As a tutorial of 2025 shows it.
    let string = json!({ "successFlag": 1, "resultUrls": json!([video]).to_string() });
    assert_eq!(reading(string), succeeded(video, None));
    let failed = json!({ "successFlag": 3, "errorCode": 500, "errorMessage": "internal error, please try again later." });
    let fault = Fault::new(FaultClass::Temporary, "internal error, please try again later.").with_code("500");
    assert_eq!(reading(failed), Ok(TaskState::Failed(fault)));
    let minor = json!({ "successFlag": 2, "errorCode": 400, "errorMessage": "public error minor upload" });
    let fault = Fault::new(FaultClass::UserViolation, "public error minor upload").with_code("400");
    assert_eq!(reading(minor), Ok(TaskState::Failed(fault)));

    let runway = json!({ "taskId": "ee603959-debb-48d1-98c4-a6d1c717eba6", "state": "success",
        "generateParam": { "prompt": "p", "imageUrl": "https://x.example/in.jpg" },
        "videoInfo": { "videoId": "1", "videoUrl": video, "imageUrl": "https://x.example/cover.png" },
        "failCode": 0, "failMsg": "", "expireFlag": 0 });
    assert_eq!(reading(runway), succeeded(video, None));
    let runway = json!({ "state": "fail", "videoInfo": null, "failCode": 400, "failMsg": "Your prompt was caught by our AI moderator." });
    let fault =
        Fault::new(FaultClass::UserViolation, "Your prompt was caught by our AI moderator.").with_code("400");
    assert_eq!(reading(runway), Ok(TaskState::Failed(fault)));
}

#[test]
fn a_failed_task_says_why_without_addresses() {
    let failed = job(
        "fail",
        json!({ "failCode": "500", "failMsg": "no luck with https://files.example/kieai/7/a.jpg" }),
    );
    let fault = Fault::new(FaultClass::Unknown, "no luck with <address>").with_code("500");
    assert_eq!(reading(failed), Ok(TaskState::Failed(fault)));
    let silent = job("fail", json!({ "failCode": "GENERATION_FAILED", "resultJson": null }));
    let fault = Fault::new(FaultClass::Unknown, "nothing was said").with_code("GENERATION_FAILED");
    assert_eq!(reading(silent), Ok(TaskState::Failed(fault)));
}

#[test]
fn a_timeout_is_believed_only_after_a_while() {
    let body = |more: Value| json!({ "code": 200, "msg": "success", "data": job("fail", more) });
    let late = json!({ "failCode": "524", "failMsg": "generate task timeout.", "completeTime": CREATED });
    let window = LATE_WINDOW;
    let fault = Fault::new(FaultClass::Temporary, "generate task timeout.").with_code("524");
    assert_eq!(read_body(&body(late.clone()), at(CREATED)), RUNNING);
    assert_eq!(read_body(&body(late.clone()), at(CREATED) + window - TimeDelta::seconds(1)), RUNNING);
    assert_eq!(read_body(&body(late), at(CREATED) + window), Ok(TaskState::Failed(fault.clone())));
    let updated = json!({ "failCode": "524", "failMsg": "generate task timeout.", "updateTime": CREATED });
    assert_eq!(read_body(&body(updated), at(CREATED)), RUNNING);
    // Without a time nothing is waited for, and other failures never flip.
    let timeless = json!({ "failCode": "524", "failMsg": "generate task timeout." });
    assert_eq!(read_body(&body(timeless), at(CREATED)), Ok(TaskState::Failed(fault)));
    let other = json!({ "failCode": "500", "failMsg": "Internal Error", "completeTime": CREATED });
    assert!(matches!(read_body(&body(other), at(CREATED)), Ok(TaskState::Failed(_))));
}

#[test]
fn what_is_no_record_says_nothing_about_the_task() {
    let check = |body: Value| assert!(read_body(&body, at(CREATED)).is_err(), "{body}");
    check(json!({ "code": 422, "msg": "recordInfo is null", "data": null }));
    check(json!({ "code": 422, "msg": "Record not found for taskId: a", "data": null }));
    check(json!({ "code": 404, "msg": "Task not found" }));
    check(json!({ "code": 401, "msg": "You do not have access permissions" }));
    check(json!({ "code": 500, "msg": "Internal Error" }));
    check(json!({ "code": 200, "msg": "success", "data": null }));
    check(json!({ "code": 200, "msg": "success", "data": "a page" }));
    // A success that names no video may have been charged.
    check(json!({ "code": 200, "data": job("success", json!({})) }));
    check(json!({ "code": 200, "data": job("success", json!({ "resultJson": "{\"resultUrls\":[]}" })) }));
    check(
        json!({ "code": 200, "data": job("success", json!({ "resultJson": "{\"resultObject\":{\"url\":\"https://x.example/a\"}}" })) }),
    );
    check(
        json!({ "code": 200, "data": job("success", json!({ "resultJson": "\"\\\"https://x.example/a.mp4\\\"\"" })) }),
    );
}

#[test]
fn ids_are_fit_for_an_address() {
    for id in ["5fdec09dc604e83ec6eb26b40c1b64d8", "ee603959-debb-48d1-98c4-a6d1c717eba6", "veo_task_1"] {
        assert!(is_task_id(id), "{id}");
    }
    for id in ["", "a b", "a/b", "a?b", "щ", "a\n", &"x".repeat(129)] {
        assert!(!is_task_id(id), "{id}");
    }
}

#[test]
fn records_tell_where_kie_was_asked_to_call() {
    let address = "https://cards.example/callbacks/kie/token";
    let check = |data: Value, expect: Option<&str>| {
        assert_eq!(callback_of(&data).as_deref(), expect, "{data}");
    };
    let param = json!({ "model": "m", "callBackUrl": address, "input": "{}" });
    check(json!({ "param": param.to_string() }), Some(address));
    check(json!({ "param": param }), Some(address));
    check(json!({ "paramJson": param.to_string() }), Some(address));
    check(job("waiting", json!({})), None);
    check(json!({ "param": "{" }), None);
    check(json!({ "param": { "callBackUrl": 7 } }), None);
    check(Value::Null, None);
}
