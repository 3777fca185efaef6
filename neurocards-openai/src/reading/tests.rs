use neurocards_core::FaultClass::*;
use serde_json::json;

use super::*;
use crate::connection::Route;
use crate::wait::Asked;

fn reading(status: u16, body: Value) -> Reading {
    reading_of(&Reply { status, asked: Asked::default(), body, is_page: false })
}

fn reading_of(reply: &Reply) -> Reading {
    let key = "sk-canary".to_owned().into();
    let base_url = "https://api.openai.com/v1";
    let route = Route { base_url, key: Some(&key), organization: None, project: None, proxy: None };
    let parameters = Map::from_iter([("temperature".to_owned(), json!(0.7))]);
    read(reply, &Connection::new(&route).unwrap(), &Dialect::default(), &parameters, Timestamp::UNIX_EPOCH)
}

fn error(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": code } })
}

#[test]
fn failures_are_classified_by_code_then_by_status() {
    let check = |status: u16, body: Value, expect: (FaultClass, bool)| match reading(status, body.clone()) {
        Reading::Failed(Failure { fault, again }) => {
            assert_eq!((fault.class, again), expect, "{status} {body}")
        }
        other => panic!("{status} {body}: {other:?}"),
    };
    // OpenAI's own.
    check(
        400,
        error("invalid_request_error", Some("context_length_exceeded"), "too long"),
        (InvalidInput, false),
    );
    check(
        400,
        error("invalid_request_error", Some("content_policy_violation"), "no"),
        (UserViolation, false),
    );
    check(400, error("invalid_request_error", Some("invalid_prompt"), "flagged"), (InvalidInput, false));
    check(401, error("invalid_request_error", Some("invalid_api_key"), "Incorrect API key"), (Auth, false));
    check(403, error("request_forbidden", Some("unsupported_country_region_territory"), "no"), (Auth, false));
    check(
        403,
        error("invalid_request_error", Some("model_not_found"), "no access to model"),
        (ModelUnavailable, false),
    );
    check(403, error("", None, "Project has no access to model gpt-6"), (ModelUnavailable, false));
    check(
        404,
        error("invalid_request_error", Some("model_not_found"), "does not exist"),
        (ModelUnavailable, false),
    );
    check(429, error("requests", Some("rate_limit_exceeded"), "Rate limit reached"), (RateLimit, true));
    check(429, error("rate_limit_error", Some("slow_down"), "slower"), (RateLimit, true));
    check(429, error("insufficient_quota", Some("insufficient_quota"), "no quota"), (Billing, false));
    for code in &BILLING[1..] {
        check(429, error("insufficient_quota", Some(code), "no money"), (Billing, false));
        check(429, error("", Some(code), "no money"), (Billing, false));
    }
    check(429, error("insufficient_quota", None, "no money"), (Billing, false));
    check(500, error("server_error", None, "oops"), (Temporary, true));
    check(503, error("service_unavailable_error", Some("server_is_overloaded"), "busy"), (Temporary, true));
    for status in [408, 409, 500, 502, 503, 504, 520, 529] {
        check(status, Value::Null, (Temporary, true));
    }
    // Those that call themselves compatible.
    check(402, json!({ "error": { "code": 402, "message": "Insufficient credits" } }), (Billing, false));
    check(200, json!({ "error": { "code": 429, "message": "slow" } }), (RateLimit, true));
    check(200, json!({ "error": { "code": 502, "message": "upstream" }, "choices": [] }), (Temporary, true));
    check(401, json!({ "error": "Unauthorized" }), (Auth, false));
    check(404, json!({ "detail": "Not Found" }), (ModelUnavailable, false));
    check(
        422,
        json!({ "detail": [{ "loc": ["body", "messages"], "msg": "field required" }] }),
        (InvalidInput, false),
    );
    check(500, json!({ "message": "oops" }), (Temporary, true));
    // KIE.ai's envelope inside a 200.
    check(200, json!({ "code": 401, "msg": "Unauthorized – check your headers" }), (Auth, false));
    check(200, json!({ "code": 402, "msg": "Credits insufficient" }), (Billing, false));
    check(200, json!({ "code": 433, "msg": "Sub-key usage exceeds limit" }), (Billing, false));
    check(200, json!({ "code": 429, "msg": "too often", "data": null }), (RateLimit, true));
    check(200, json!({ "code": 455, "msg": "under maintenance" }), (Temporary, true));
    check(200, json!({ "code": 500, "msg": "Server exception" }), (Temporary, true));
    check(200, json!({ "code": 505, "msg": "feature is off" }), (ModelUnavailable, false));
    check(200, json!({ "code": 422, "msg": "messages is empty" }), (InvalidInput, false));
    // No answer at all.
    check(200, Value::Null, (Temporary, true));
    check(200, json!({}), (Temporary, true));
    check(200, json!([]), (Temporary, true));
    check(302, Value::Null, (Temporary, true));
}

#[test]
fn the_server_may_say_whether_to_try_again_except_about_money() {
    let check = |status, body: Value, say: bool, expect: bool| {
        let mut asked = Asked::default();
        asked.again = Some(say);
        match reading_of(&Reply { status, asked, body, is_page: false }) {
            Reading::Failed(Failure { again, .. }) => assert_eq!(again, expect, "{status} {say}"),
            other => panic!("{other:?}"),
        }
    };
    check(500, Value::Null, false, false);
    check(400, error("", None, "odd"), true, true);
    check(429, error("", None, "slow"), false, false);
    check(429, error("insufficient_quota", None, "no money"), true, false);
    check(401, Value::Null, true, false);
}

#[test]
fn refused_parts_are_told_from_other_complaints() {
    let check = |status, code: &str, param: Option<&str>, message: &str, expect: Option<Part>| {
        let body = json!({ "error": { "message": message, "type": "invalid_request_error", "param": param, "code": code } });
        match reading(status, body) {
            Reading::Refused(part, fault) => {
                assert_eq!(Some(part), expect, "{message}");
                assert_eq!(fault.class, if status == 404 { ModelUnavailable } else { InvalidInput });
            }
            Reading::Failed(Failure { .. }) => assert_eq!(None, expect, "{message}"),
            other => panic!("{other:?}"),
        }
    };
    let temperature = || Some(Part::Parameter("temperature".to_owned()));
    check(400, "unsupported_parameter", Some("temperature"), "Unsupported parameter", temperature());
    check(400, "unsupported_value", Some("temperature"), "Only 1 is supported", temperature());
    check(400, "unsupported_parameter", Some("max_completion_tokens"), "Use max_tokens", Some(Part::Limit));
    check(400, "", Some("response_format"), "not supported with this model", Some(Part::Form));
    check(400, "", None, "json_schema is not supported", Some(Part::Form));
    check(404, "", None, "No endpoints found that support image input", Some(Part::Photo));
    check(400, "invalid_image_format", None, "cannot be read", Some(Part::Photo));
    check(400, "content_policy_violation", None, "the image breaks our rules", None);
    check(400, "context_length_exceeded", Some("messages"), "max_tokens is 4096", None);
    check(429, "", None, "max_tokens per minute reached", None);
    let pydantic = json!({ "detail": [{ "type": "extra_forbidden", "loc": ["body", "response_format"] }] });
    assert!(matches!(reading(422, pydantic), Reading::Refused(Part::Form, _)));
}

fn completion(message: Value, finish: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-6-luna-2026-09-01",
        "choices": [{ "index": 0, "message": message, "finish_reason": finish }],
        "usage": {
            "prompt_tokens": 1200, "completion_tokens": 300, "total_tokens": 1500,
            "prompt_tokens_details": { "cached_tokens": 1024 },
        },
    })
}

fn spoke(body: Value) -> Spoken {
    match reading(200, body) {
        Reading::Spoke(spoken) => spoken,
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_are_told_from_silence() {
    let check = |message: Value, finish: &str, expect: Result<&str, NoContent>| {
        let spoken = spoke(completion(message.clone(), finish));
        assert_eq!(spoken.content, expect.map(str::to_owned), "{message} {finish}");
        assert_eq!(spoken.tokens, Tokens { input: 1_200, cached: 1_024, output: 300 });
    };
    check(json!({ "content": "{}", "refusal": null }), "stop", Ok("{}"));
    check(
        json!({ "content": [{ "type": "text", "text": "{" }, { "type": "text", "text": "}" }] }),
        "stop",
        Ok("{}"),
    );
    check(json!({ "content": "{}" }), "length", Err(NoContent::Length));
    check(json!({ "content": "" }), "length", Err(NoContent::Length));
    check(json!({ "content": "{}" }), "content_filter", Err(NoContent::Filter));
    check(
        json!({ "content": null, "refusal": "No, see https://x.example" }),
        "stop",
        Err(NoContent::Refusal("No, see [address]".to_owned())),
    );
    check(json!({ "content": null, "refusal": "" }), "stop", Err(NoContent::Empty));
    check(json!({ "content": " \n" }), "stop", Err(NoContent::Empty));
    check(json!({ "content": 7 }), "stop", Err(NoContent::Empty));
    check(Value::Null, "stop", Err(NoContent::Empty));
}

#[test]
fn kie_says_what_it_charged() {
    // As recorded from `api.kie.ai/gpt-5-2/v1/chat/completions`.
    let spoken = spoke(json!({
        "choices": [{ "finish_reason": "stop", "index": 0, "message": { "content": "pong", "role": "assistant" } }],
        "created": 1_790_852_792, "credits_consumed": 0.01, "model": "gpt-5.2", "object": "chat.completion",
        "usage": { "completion_tokens": 1, "prompt_tokens": 89, "total_tokens": 90 },
    }));
    assert_eq!((spoken.content.as_deref(), spoken.model.as_deref()), (Ok("pong"), Some("gpt-5.2")));
    assert_eq!(spoken.charged, Some(50));
    assert_eq!(spoken.tokens, Tokens { input: 89, cached: 0, output: 1 });
}

#[test]
fn a_name_that_is_none_is_not_kept() {
    for name in [json!("<b>"), json!("a b"), json!("x".repeat(101)), json!(7), json!("")] {
        let mut body = completion(json!({ "content": "{}" }), "stop");
        body["model"] = name;
        assert_eq!(spoke(body).model, None);
    }
}

#[test]
fn what_is_said_is_kept_without_secrets() {
    let check = |status, body: Value, is_page: bool, expect: &str| {
        let reply = Reply { status, asked: Asked::default(), body, is_page };
        match reading_of(&reply) {
            Reading::Failed(Failure { fault, .. }) => assert_eq!(fault.message, expect),
            other => panic!("{other:?}"),
        }
    };
    check(
        401,
        error(
            "",
            Some("invalid_api_key"),
            "Incorrect API key provided: sk-canary. See https://platform.example.",
        ),
        false,
        "HTTP 401: Incorrect API key provided: [key] See [address]",
    );
    check(404, Value::Null, true, "HTTP 404 with a page instead of an answer: is the base address right?");
    check(500, Value::Null, false, "HTTP 500 without a word");
}
