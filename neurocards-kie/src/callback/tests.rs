use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use serde_json::{Value, json};

use super::*;

const TASK: &str = "5fdec09dc604e83ec6eb26b40c1b64d8";
const HMAC_KEY: &str = "webhook-key";

fn now() -> Timestamp {
    Timestamp::from_timestamp(1_767_225_600, 0).unwrap()
}

fn secret(byte: u8) -> SecretSlice<u8> {
    vec![byte; 32].into()
}

fn attempt(byte: u8) -> AttemptId {
    AttemptId::new(now(), [byte; 10])
}

fn callbacks(hmac_key: Option<&str>) -> Callbacks {
    Callbacks::new(Some("https://cards.example"), secret(7), hmac_key.map(SecretString::from)).unwrap()
}

fn token_of(callbacks: &Callbacks, attempt: AttemptId) -> String {
    let address = callbacks.address(attempt).unwrap();
    address.strip_prefix("https://cards.example/callbacks/kie/").unwrap().to_owned()
}

fn body() -> Vec<u8> {
    json!({ "code": 200, "msg": "success", "data": { "taskId": TASK, "state": "success" } })
        .to_string()
        .into()
}

fn unsigned<'a>(token: &'a str, body: &'a [u8]) -> CallbackRequest<'a> {
    CallbackRequest { token, timestamp: None, signature: None, body }
}

fn signed(key: &str, task_id: &str, seconds: i64) -> (String, String) {
    let timestamp = seconds.to_string();
    let signature = signature::mac(key.as_bytes(), &[task_id, ".", &timestamp]).finalize().into_bytes();
    (timestamp, STANDARD.encode(signature))
}

#[test]
fn a_token_is_for_one_attempt_and_for_one_secret() {
    let callbacks = callbacks(None);
    let token = token_of(&callbacks, attempt(1));
    let hint = callbacks.check(&unsigned(&token, &body()), now()).unwrap();
    assert_eq!(hint, CallbackHint { attempt: attempt(1), task_id: TASK.to_owned() });
    assert_eq!(callbacks.attempt_of(&callbacks.address(attempt(1)).unwrap()), Some(attempt(1)));

    let (id, signature) = token.split_once('.').unwrap();
    let other = attempt(2).to_string();
    let stranger = Callbacks::new(Some("https://cards.example"), secret(8), None).unwrap();
    for forged in [
        String::new(),
        id.to_owned(),
        format!("{id}."),
        format!("{id}.{}", &signature[..signature.len() - 2]),
        format!("{id}.{signature}A"),
        format!("{id}.{signature}="),
        format!("{other}.{signature}"),
        format!("{}.{signature}", id.to_uppercase()),
        format!("{}.{signature}", id.replace('-', "")),
        format!("{{{id}}}.{signature}"),
        format!("{id}.{}", "A".repeat(43)),
        format!("{token}/../x"),
        "x".repeat(100_000),
        token_of(&stranger, attempt(1)),
    ] {
        let refused = callbacks.check(&unsigned(&forged, &body()), now());
        assert_eq!(refused, Err(CallbackRefusal::Token), "{forged}");
    }
}

/// Computed with another implementation: tokens outlive releases.
#[test]
fn tokens_keep_their_form() {
    let attempt: AttemptId = "0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b".parse().unwrap();
    assert_eq!(
        token_of(&callbacks(None), attempt),
        "0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b.w6K7hfnzXWR7BRqqPJh9dHF75i3jyjX5-Q6YVTKdSTQ"
    );
}

#[test]
fn bodies_of_all_kinds_name_their_task() {
    let callbacks = callbacks(None);
    let token = token_of(&callbacks, attempt(1));
    let check = |body: Value, expect: Option<&str>| {
        let found = callbacks.check(&unsigned(&token, body.to_string().as_bytes()), now());
        let expect = expect.map(str::to_owned).ok_or(CallbackRefusal::Body);
        assert_eq!(found.map(|hint| hint.task_id), expect, "{body}");
    };
    check(
        json!({ "code": 501, "msg": "Playground task failed.", "data": { "taskId": TASK, "model": "m", "state": "fail",
            "param": "{}", "resultJson": null, "failCode": "500", "failMsg": "x", "costTime": 57, "creditsConsumed": 0 } }),
        Some(TASK),
    );
    check(
        json!({ "code": 200, "msg": "ok", "data": { "taskId": "veo_1", "promptJson": "{}", "fallbackFlag": false,
            "info": { "resultUrls": "[\"https://evil.example/a.mp4\"]" } } }),
        Some("veo_1"),
    );
    let runway = "ee603959-debb-48d1-98c4-a6d1c717eba6";
    check(
        json!({ "code": 200, "data": { "task_id": runway, "video_id": "v", "video_url": "https://evil.example/a.mp4" } }),
        Some(runway),
    );
    check(json!({ "data": { "taskId": TASK, "task_id": TASK } }), Some(TASK));
    check(json!({ "data": { "taskId": TASK, "task_id": runway } }), None);
    check(json!({ "data": { "taskId": "../../etc" } }), None);
    check(json!({ "data": { "taskId": 7 } }), None);
    check(json!({ "data": {} }), None);
    check(json!({ "data": null }), None);
    check(json!({ "taskId": TASK }), None);
    check(json!([]), None);
    check(json!({ "data": { "taskId": "x".repeat(200) } }), None);
    for broken in [&b""[..], b"{", b"<html>", b"\xff\xfe", &[b' '; CALLBACK_MAX_BYTES + 1]] {
        assert_eq!(callbacks.check(&unsigned(&token, broken), now()), Err(CallbackRefusal::Body));
    }
    // At the limit it is still read.
    let mut padded = body();
    padded.resize(CALLBACK_MAX_BYTES, b' ');
    assert!(callbacks.check(&unsigned(&token, &padded), now()).is_ok());
    padded.push(b' ');
    assert_eq!(callbacks.check(&unsigned(&token, &padded), now()), Err(CallbackRefusal::Body));
}

#[test]
fn with_a_key_of_kies_its_signature_is_wanted() {
    let callbacks = callbacks(Some(HMAC_KEY));
    let token = token_of(&callbacks, attempt(1));
    let body = body();
    let seconds = now().timestamp();
    let check = |(timestamp, signature): (String, String), expect: Result<(), CallbackRefusal>| {
        let (timestamp, signature) = (Some(timestamp.as_str()), Some(signature.as_str()));
        let request = CallbackRequest { token: &token, timestamp, signature, body: &body };
        assert_eq!(callbacks.check(&request, now()).map(|_| ()), expect, "{request:?}");
    };
    check(signed(HMAC_KEY, TASK, seconds), Ok(()));
    check(signed(HMAC_KEY, TASK, seconds - 300), Ok(()));
    check(signed(HMAC_KEY, TASK, seconds + 300), Ok(()));
    check(signed(HMAC_KEY, TASK, seconds - 301), Err(CallbackRefusal::Stale));
    check(signed(HMAC_KEY, TASK, seconds + 301), Err(CallbackRefusal::Stale));
    check(signed(HMAC_KEY, TASK, i64::MAX), Err(CallbackRefusal::Stale));
    check(signed("another-key", TASK, seconds), Err(CallbackRefusal::Signature));
    check(signed(HMAC_KEY, "another-task", seconds), Err(CallbackRefusal::Signature));
    let (_, good) = signed(HMAC_KEY, TASK, seconds);
    check(((seconds + 1).to_string(), good.clone()), Err(CallbackRefusal::Signature));
    check((seconds.to_string(), String::new()), Err(CallbackRefusal::Signature));
    check((seconds.to_string(), "not base64!".to_owned()), Err(CallbackRefusal::Signature));
    check((format!("{seconds}\n"), good), Ok(()));
    assert_eq!(callbacks.check(&unsigned(&token, &body), now()), Err(CallbackRefusal::Signature));
    // Without a good token nothing else is looked at.
    assert_eq!(callbacks.check(&unsigned("x", b""), now()), Err(CallbackRefusal::Token));
}

/// The signature does not cover the body, so of the body nothing is believed but the task's id.
#[test]
fn a_changed_body_under_a_good_signature_tells_nothing_new() {
    let callbacks = callbacks(Some(HMAC_KEY));
    let token = token_of(&callbacks, attempt(1));
    let (timestamp, signature) = signed(HMAC_KEY, TASK, now().timestamp());
    let body = json!({ "code": 200, "data": { "taskId": TASK, "state": "success",
        "resultJson": "{\"resultUrls\":[\"https://evil.example/a.mp4\"]}" } });
    let body = body.to_string();
    let request = CallbackRequest {
        token: &token,
        timestamp: Some(&timestamp),
        signature: Some(&signature),
        body: body.as_bytes(),
    };
    let hint = callbacks.check(&request, now()).unwrap();
    assert_eq!(hint, CallbackHint { attempt: attempt(1), task_id: TASK.to_owned() });
}

#[test]
fn addresses_are_safe_to_send_tokens_over() {
    let setup = |base: &str| {
        Callbacks::new(Some(base), secret(7), None).map(|callbacks| callbacks.address(attempt(1)))
    };
    for good in [
        "https://cards.example",
        "https://cards.example/",
        "https://cards.example/bot",
        "http://127.0.0.1:8080",
        "http://localhost:1",
        "http://[::1]:1",
    ] {
        let address = setup(good).unwrap().unwrap();
        assert!(address.starts_with(&format!("{}/callbacks/kie/", good.trim_end_matches('/'))), "{address}");
    }
    for bad in [
        "",
        "cards.example",
        "http://cards.example",
        "http://10.0.0.1",
        "ftp://cards.example",
        "https://user:word@cards.example",
        "https://cards.example?x=1",
    ] {
        assert_eq!(setup(bad).unwrap_err(), CallbackSetupError::PublicAddress, "{bad}");
    }
    assert_eq!(Callbacks::new(None, secret(7), None).unwrap().address(attempt(1)), None);
    let short = Callbacks::new(None, vec![1; 15].into(), None).unwrap_err();
    assert_eq!(short, CallbackSetupError::ShortSecret);
    let shown = format!("{:?}", callbacks(Some(HMAC_KEY)));
    assert!(!shown.contains(HMAC_KEY) && !shown.contains("7, 7"), "{shown}");
}
