//! When it does not go well: what is tried again, how often, how long, and what it costs.

use std::time::Duration;

use neurocards_core::FaultClass;
use serde_json::json;

use crate::service::{Say, Service};
use crate::world::{World, answer};

fn good() -> Say {
    Say::content(answer().to_string())
}

/// Lets the replies come, expects success after so many requests, and gives the waits in milliseconds.
async fn succeeds(replies: Vec<Say>) -> Vec<u128> {
    let requests = replies.len();
    let world = World::new(Service::chat(replies).await).await;
    let prompt = world.build(&world.prompts()).await.unwrap();
    assert_eq!(prompt.usage.unwrap().requests as usize, requests);
    world.clock.waits()
}

/// Lets the replies come, expects this fault after so many requests, and gives the waits in milliseconds.
async fn fails(replies: Vec<Say>, expect: FaultClass) -> Vec<u128> {
    let requests = replies.len();
    let world = World::new(Service::chat(replies).await).await;
    let error = world.build(&world.prompts()).await.unwrap_err();
    assert_eq!(
        (error.fault.class, error.usage.unwrap().requests as usize),
        (expect, requests),
        "{}",
        error.fault
    );
    world.clock.waits()
}

#[tokio::test]
async fn what_passes_is_tried_again_with_growing_waits() {
    for status in [408, 409, 429, 500, 502, 503, 504] {
        let waits = succeeds(vec![Say::status(status, "busy"), Say::status(status, "<html>"), good()]).await;
        assert!((375..=500).contains(&waits[0]) && (750..=1_000).contains(&waits[1]), "{status}: {waits:?}");
        let class = if status == 429 { FaultClass::RateLimit } else { FaultClass::Temporary };
        fails(vec![Say::status(status, ""); 3], class).await;
    }
}

#[tokio::test]
async fn the_wait_that_the_server_asks_for_is_obeyed() {
    let slow = || Say::error(429, "rate_limit_exceeded", None, "slower");
    assert_eq!(succeeds(vec![slow().with("retry-after", "7"), good()]).await, [7_000]);
    assert_eq!(succeeds(vec![slow().with("retry-after-ms", "1250"), good()]).await, [1_250]);
    let date = "Thu, 01 Jan 2026 00:00:30 GMT";
    assert_eq!(succeeds(vec![slow().with("retry-after", date), good()]).await, [30_000]);
    // More than anybody waits, and more than there is time for.
    assert!(fails(vec![slow().with("retry-after", "121")], FaultClass::RateLimit).await.is_empty());
    assert!(fails(vec![slow().with("retry-after", "110")], FaultClass::RateLimit).await.is_empty());
    let twice = vec![slow().with("retry-after", "60"), slow().with("retry-after", "60")];
    assert_eq!(fails(twice, FaultClass::RateLimit).await, [60_000]);
    // The server's word on whether it makes sense.
    fails(vec![Say::status(500, "").with("x-should-retry", "false")], FaultClass::Temporary).await;
    let odd = Say::error(400, "odd", None, "strange").with("x-should-retry", "true");
    succeeds(vec![odd, good()]).await;
}

#[tokio::test]
async fn money_and_keys_are_never_tried_again() {
    for code in ["insufficient_quota", "credit_balance_exhausted", "project_spend_limit_exceeded"] {
        let broke =
            Say::error(429, code, None, "no money").with("retry-after", "1").with("x-should-retry", "true");
        assert!(fails(vec![broke], FaultClass::Billing).await.is_empty());
    }
    fails(vec![Say::error(401, "invalid_api_key", None, "Incorrect API key")], FaultClass::Auth).await;
    fails(
        vec![Say::status(200, json!({ "code": 402, "msg": "no credits" }).to_string())],
        FaultClass::Billing,
    )
    .await;
}

#[tokio::test]
async fn a_parameter_that_is_refused_is_left_out_and_stays_out() {
    let refused = Say::error(400, "unsupported_value", Some("temperature"), "Only 1 is supported");
    let world = World::new(Service::chat([refused, good(), good()]).await).await;
    let prompts = world.prompts_with(world.settings().parameter("temperature", 0.7));
    let prompt = world.build(&prompts).await.unwrap();
    assert_eq!(prompt.usage.unwrap().requests, 2);
    world.build(&prompts).await.unwrap();
    let temperatures: Vec<_> =
        world.service.asked().iter().map(|asked| asked.body.get("temperature").cloned()).collect();
    assert_eq!(temperatures, [Some(json!(0.7)), None, None]);
    assert!(world.clock.waits().is_empty(), "a request put differently needs no wait");
}

#[tokio::test]
async fn a_server_that_knows_little_is_asked_in_simple_words() {
    let replies = [
        Say::status(400, r#"{"error":"response_format json_schema is not supported"}"#),
        Say::status(422, r#"{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"]}]}"#),
        Say::status(400, r#"{"message":"json_object is not known"}"#),
        Say::status(400, r#"{"error":{"message":"this model does not support image input"}}"#),
        Say::status(400, r#"{"error":{"message":"max_tokens is not permitted"}}"#),
        Say::content(format!("Here it is:\n```json\n{:#}\n```", answer())),
    ];
    let world = World::new(Service::chat(replies).await).await;
    let prompt = world.build(&world.prompts()).await.unwrap();
    assert_eq!(prompt.usage.unwrap().requests, 6);
    let last = &world.service.asked()[5].body;
    assert_eq!(last.as_object().unwrap().keys().collect::<Vec<_>>(), ["messages", "model", "stream"]);
    let text = last["messages"][1]["content"].as_str().unwrap();
    assert!(!text.contains("Фотография товара приложена"), "{text}");
}

#[tokio::test]
async fn a_server_that_refuses_everything_is_not_asked_for_ever() {
    let refused = || Say::status(400, r#"{"error":"response_format, max_tokens, image: all wrong"}"#);
    fails(vec![refused(); 3], FaultClass::InvalidInput).await;
}

#[tokio::test]
async fn an_answer_that_cannot_serve_is_asked_for_again_with_the_reason() {
    let mut wrong = answer();
    wrong["video_prompt"] = json!("ok");
    let world = World::new(Service::chat([Say::content(wrong.to_string()), good()]).await).await;
    world.build(&world.prompts()).await.unwrap();
    let asked = world.service.asked();
    let text = |at: usize| asked[at].body["messages"][1]["content"][0]["text"].as_str().unwrap().to_owned();
    assert!(
        text(1).starts_with(&text(0)) && text(1).contains("video_prompt почти ничего не говорит"),
        "{}",
        text(1)
    );
    assert!(!asked[1].body.to_string().contains("\"ok\""), "the answer itself does not go back");
}

#[tokio::test]
async fn an_answer_that_was_cut_off_gets_more_room() {
    let cut = || Say::message(json!({ "content": "" }), "length");
    let world = World::new(Service::chat([cut(), good()]).await).await;
    world.build(&world.prompts()).await.unwrap();
    let limits: Vec<_> = world
        .service
        .asked()
        .iter()
        .map(|asked| asked.body["max_completion_tokens"].as_u64().unwrap())
        .collect();
    assert_eq!(limits, [4_000, 8_000]);
    fails(vec![cut(), cut(), cut()], FaultClass::Unknown).await;
    fails(vec![Say::content(""), Say::content(""), Say::content("")], FaultClass::Unknown).await;
}

#[tokio::test]
async fn a_refusal_is_believed_and_ends_no_job() {
    let refusal = Say::message(json!({ "content": null, "refusal": "I cannot help" }), "stop");
    fails(vec![refusal], FaultClass::InvalidInput).await;
    fails(vec![Say::message(json!({ "content": "{" }), "content_filter")], FaultClass::InvalidInput).await;
    // Only the service's own word that the brief breaks its rules does.
    let policy = Say::error(400, "content_policy_violation", None, "not allowed");
    fails(vec![policy], FaultClass::UserViolation).await;
}

#[tokio::test]
async fn a_model_that_is_gone_is_followed_by_the_next() {
    let gone = || Say::error(404, "model_not_found", None, "does not exist");
    let world = World::new(Service::chat([gone(), good(), good()]).await).await;
    let prompts = world.prompts_with(world.settings().model("second"));
    world.build(&prompts).await.unwrap();
    world.build(&prompts).await.unwrap();
    let models: Vec<_> = world.service.asked().iter().map(|asked| asked.body["model"].clone()).collect();
    assert_eq!(models, ["test-model", "second", "second"], "the first is not asked for a while");
    fails(vec![gone()], FaultClass::ModelUnavailable).await;
}

#[tokio::test]
async fn c3_jobs_do_not_spend_their_time_on_a_key_that_is_known_to_be_refused() {
    let world = World::new(Service::chat([Say::error(401, "invalid_api_key", None, "bad key")]).await).await;
    let prompts = world.prompts();
    let first = world.build(&prompts).await.unwrap_err();
    assert_eq!(first.usage.unwrap().requests, 1);
    for _ in 0..50 {
        let error = world.build(&prompts).await.unwrap_err();
        assert_eq!((error.fault.class, error.usage), (FaultClass::Auth, None), "nothing was asked");
    }
    world.clock.advance(Duration::from_secs(600));
    world.service.also([good()]);
    world.build(&prompts).await.unwrap();
}

#[tokio::test]
async fn a_service_that_is_down_costs_few_jobs_their_time() {
    let world = World::new(Service::chat(vec![Say::status(503, ""); 9]).await).await;
    let prompts = world.prompts();
    for _ in 0..20 {
        world.build(&prompts).await.unwrap_err();
    }
    assert_eq!(world.service.asked().len(), 9, "three questions with three tries each");
}

#[tokio::test]
async fn a_reply_without_end_is_not_read() {
    let endless = Say::status(200, "x".repeat(1024 * 1024 + 1));
    fails(vec![endless.clone(), endless.clone(), endless], FaultClass::Temporary).await;
}

#[tokio::test]
async fn nobody_waits_for_a_server_that_says_nothing() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let world = World::new(Service::chat([]).await).await;
    let settings = world.settings().base_url(format!("http://{address}/v1")).tries(2);
    let limits = (Duration::from_millis(50), Duration::from_secs(100));
    let error = world.build(&world.prompts_with(settings.time_limits(limits.0, limits.1))).await.unwrap_err();
    assert_eq!((error.fault.class, error.usage.unwrap().requests), (FaultClass::Temporary, 2));
    drop(silent);
    let settings = world.settings().base_url(format!("http://{address}/v1"));
    let error = world.build(&world.prompts_with(settings)).await.unwrap_err();
    assert!(error.fault.message.starts_with("no connection"), "{}", error.fault);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Service::chat([]).await;
    let redirect = || Say::status(307, "").with("retry-after", "0");
    let world = World::new(Service::chat(vec![redirect(); 3]).await).await;
    world.build(&world.prompts()).await.unwrap_err();
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_server_that_repeats_the_key_is_not_quoted() {
    let echo = Say::error(
        401,
        "invalid_api_key",
        None,
        "Incorrect API key provided: sk-test-canary at http://x.test/a",
    );
    let world = World::new(Service::chat([echo]).await).await;
    let error = world.build(&world.prompts()).await.unwrap_err();
    assert_eq!(error.fault.message, "HTTP 401: Incorrect API key provided: [key] at [address]");
    assert!(!format!("{error:?}").contains("canary"));
}
