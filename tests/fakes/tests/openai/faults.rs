//! Answers that are none, and faults by script.

use std::time::Duration;

use neurocards_fakes::openai::{OpenAiFake, Say};
use neurocards_fakes::{Call, Ending, Fault, When};
use serde_json::{Value, json};

use crate::client::{chat, http, request, send};

#[tokio::test]
async fn answers_that_say_nothing() {
    let fake = OpenAiFake::builder().key("sk-1").start().await;
    let say = async |say: Say| {
        fake.script(When::chat().first(1), say);
        let (status, answer) = chat(&fake, &request("The cup.")).await;
        assert_eq!(status, 200);
        let choice = &answer["choices"][0];
        let thinking = answer["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap();
        (choice["message"].clone(), choice["finish_reason"].as_str().unwrap().to_owned(), thinking)
    };
    let message = |content: Value, refusal: Value| json!({ "role": "assistant", "content": content, "refusal": refusal, "annotations": [] });
    let refused = say(Say::refuses("I can't help with that.")).await;
    assert_eq!(refused, (message(Value::Null, json!("I can't help with that.")), "stop".to_owned(), 0));
    assert_eq!(say(Say::null()).await, (message(Value::Null, Value::Null), "stop".to_owned(), 0));
    assert_eq!(say(Say::empty()).await, (message(json!(""), Value::Null), "stop".to_owned(), 0));
    let spent = say(Say::nothing_but_thinking(800)).await;
    assert_eq!(spent, (message(json!(""), Value::Null), "length".to_owned(), 800));
    assert_eq!(
        say(Say::filtered()).await,
        (message(Value::Null, Value::Null), "content_filter".to_owned(), 0)
    );
    let (cut, finish, _) = say(Say::cut_by_length()).await;
    assert_eq!(finish, "length");
    serde_json::from_str::<Value>(cut["content"].as_str().unwrap()).unwrap_err();
}

#[tokio::test]
async fn a_small_budget_cuts_the_answer() {
    let fake = OpenAiFake::builder().key("sk-1").start().await;
    let mut body = request("The cup.");
    body["max_completion_tokens"] = json!(10);
    let (_, answer) = chat(&fake, &body).await;
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"]["completion_tokens"], 10);
}

#[tokio::test]
async fn errors_have_their_forms() {
    let fake = OpenAiFake::builder().key("sk-1").start().await;
    let error = |kind: &str, code: Value, message: &str| json!({ "error": { "message": message, "type": kind, "param": null, "code": code } });
    let quota = "You exceeded your current quota, please check your plan and billing details. For more information on this \
                 error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.";
    let cases = [
        (Fault::openai_no_quota(), 429, error("insufficient_quota", json!("insufficient_quota"), quota)),
        (
            Fault::openai_no_money("project_spend_limit_exceeded"),
            429,
            error(
                "insufficient_quota",
                json!("project_spend_limit_exceeded"),
                "Your credit balance is exhausted.",
            ),
        ),
        (
            Fault::openai_server_error(),
            500,
            error(
                "server_error",
                Value::Null,
                "The server had an error while processing your request. Sorry about that!",
            ),
        ),
        (
            Fault::openai_overloaded(),
            503,
            error(
                "service_unavailable_error",
                json!("server_is_overloaded"),
                "The engine is currently overloaded, please try again later.",
            ),
        ),
        (Fault::openai_string_error(400, "model not loaded"), 400, json!({ "error": "model not loaded" })),
        (Fault::openai_detail(422, "no such field"), 422, json!({ "detail": "no such field" })),
        (
            Fault::openai_kie_envelope(402, "The current credits are insufficient. Please top up."),
            200,
            json!({ "code": 402, "msg": "The current credits are insufficient. Please top up.", "data": null }),
        ),
    ];
    for (fault, status, body) in cases {
        fake.script(When::chat().first(1), fault);
        assert_eq!(chat(&fake, &request("The cup.")).await, (status, body));
    }
    fake.script(When::chat().first(1), Fault::openai_rate_limited().header("retry-after", "2"));
    let answer = send(&fake, "/chat/completions", &request("The cup.")).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (429, &"2".parse().unwrap()));
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], "rate_limit_exceeded");
}

#[tokio::test]
async fn it_hangs_garbles_and_closes() {
    let fake = OpenAiFake::builder().key("sk-1").start().await;
    fake.script(When::chat().says("garble"), Fault::garbles());
    fake.script(When::chat().says("html"), Fault::html(502));
    fake.script(When::chat().says("close"), Fault::closes());
    fake.script(When::chat().says("drip"), Fault::drips(4, Duration::from_millis(1)));
    fake.script(When::chat().says("hang"), Fault::hangs());
    let text =
        async |words: &str| send(&fake, "/chat/completions", &request(words)).await.text().await.unwrap();
    serde_json::from_str::<Value>(&text("Garble it.").await).unwrap_err();
    assert!(text("In HTML.").await.starts_with("<!DOCTYPE html>"));
    serde_json::from_str::<Value>(&text("Drip it.").await).unwrap();
    let url = format!("{}/chat/completions", fake.base_url());
    let post = |words: &str| http().post(&url).bearer_auth("sk-1").json(&request(words)).send();
    post("Close it.").await.unwrap_err();
    let hanging = tokio::spawn(post("Hang."));
    let last = |ending| {
        move |log: &neurocards_fakes::Journal| {
            log.of(Call::Chat).last().is_some_and(|last| last.ending == ending)
        }
    };
    fake.log().until("the request", last(Ending::UnderWay)).await;
    hanging.abort();
    fake.log().until("its end", last(Ending::Lost)).await;
}

#[tokio::test]
async fn it_can_stand_behind_the_name_of_another_host_as_a_proxy() {
    let fake = OpenAiFake::builder().key("sk-1").start().await;
    let proxy = reqwest::Proxy::all(fake.base_url().trim_end_matches("/v1")).unwrap();
    http();
    let client = reqwest::Client::builder().proxy(proxy).build().unwrap();
    let asked = client.post("http://api.openai.invalid/v1/chat/completions").bearer_auth("sk-1");
    assert_eq!(asked.json(&request("The cup.")).send().await.unwrap().status(), 200);
    assert_eq!(fake.log().of(Call::Chat)[0].host, "api.openai.invalid");
}
