//! Chat completions.

use neurocards_fakes::openai::{OpenAiFake, Say};
use neurocards_fakes::{Call, Rule, When};
use serde_json::{Value, json};

use crate::client::{chat, http, photo, request, send};

#[tokio::test]
async fn an_answer_fits_the_schema_and_the_language() {
    let fake = OpenAiFake::builder().key("sk-1").start().await;
    let answer = send(&fake, "/chat/completions", &request("Кружка держит тепло.")).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["x-request-id"].to_str().unwrap().starts_with("req_"));
    let answer: Value = answer.json().await.unwrap();
    let content = answer["choices"][0]["message"]["content"].as_str().unwrap();
    let said: Value = serde_json::from_str(content).unwrap();
    assert_eq!(
        said,
        json!({
            "hook": "Вы это уже видели?",
            "place": "a sunny kitchen",
            "video_prompt": said["video_prompt"],
            "person": false,
        })
    );
    assert!(said["video_prompt"].as_str().unwrap().len() > 100);
    let usage = &answer["usage"];
    assert_eq!(
        answer,
        json!({
            "id": answer["id"],
            "object": "chat.completion",
            "created": answer["created"],
            "model": "gpt-6-luna",
            "choices": [{
                "index": 0,
                "message": { "role": "assistant", "content": content, "refusal": null, "annotations": [] },
                "logprobs": null,
                "finish_reason": "stop",
            }],
            "usage": {
                "prompt_tokens": usage["prompt_tokens"],
                "completion_tokens": usage["completion_tokens"],
                "total_tokens": usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap(),
                "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
                "completion_tokens_details": { "reasoning_tokens": 0, "audio_tokens": 0 },
            },
            "service_tier": "default",
            "system_fingerprint": null,
        })
    );
    let (_, english) = chat(&fake, &request("The cup keeps warm.")).await;
    let content = english["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(content.contains("Have you seen this yet?"), "{content}");
    // The journal tells of the picture, and does not hold it.
    let told = &fake.log().of(Call::Chat)[0].request["messages"][1]["content"][1]["image_url"]["url"];
    assert!(told.as_str().unwrap().starts_with("a jpeg of "), "{told}");
}

#[tokio::test]
async fn newer_models_refuse_parameters_that_older_ones_take() {
    let fake = OpenAiFake::builder().key("sk-1").start().await;
    let refused = async |model: &str, name: &str, value: Value| {
        let mut body = request("The cup.");
        body["model"] = json!(model);
        if name == "max_tokens" {
            body.as_object_mut().unwrap().remove("max_completion_tokens");
        }
        body[name] = value;
        let (status, answer) = chat(&fake, &body).await;
        (status == 400).then(|| answer["error"].clone())
    };
    let error = |message: &str, param: &str, code: &str| {
        Some(json!({ "message": message, "type": "invalid_request_error", "param": param, "code": code }))
    };
    assert_eq!(
        refused("gpt-6-luna", "max_tokens", json!(800)).await,
        error(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "max_tokens",
            "unsupported_parameter"
        )
    );
    assert_eq!(
        refused("gpt-6-luna", "temperature", json!(0.7)).await,
        error(
            "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
            "temperature",
            "unsupported_value"
        )
    );
    assert_eq!(
        refused("gpt-6-luna", "top_p", json!(0.9)).await,
        error(
            "Unsupported parameter: 'top_p' is not supported with this model.",
            "top_p",
            "unsupported_parameter"
        )
    );
    assert_eq!(refused("gpt-6-luna", "temperature", json!(1)).await, None);
    for (name, value) in [("max_tokens", json!(800)), ("temperature", json!(0.7)), ("top_p", json!(0.9))] {
        assert_eq!(refused("gpt-4o-mini", name, value).await, None);
    }
    let mut settled = request("The cup.");
    settled["reasoning_effort"] = json!("none");
    settled["temperature"] = json!(0.7);
    assert_eq!(chat(&fake, &settled).await.0, 200);
    // A client may find all this out by asking.
    fake.assert_clean();
}

#[tokio::test]
async fn the_strict_mode_has_rules() {
    let fake = OpenAiFake::builder().key("sk-1").lenient().start().await;
    let schema = |change: fn(&mut Value)| {
        let mut body = request("The cup.");
        change(&mut body["response_format"]["json_schema"]);
        body
    };
    let rule = "'required' is required to be supplied and to be an array including every key in properties.";
    let cases = [
        (
            schema(|format| format["schema"]["additionalProperties"] = json!(true)),
            "Invalid schema for response_format 'script': In context=(), 'additionalProperties' is required to be supplied \
             and to be false."
                .to_owned(),
        ),
        (
            schema(|format| format["schema"]["required"] = json!(["hook", "place", "video_prompt"])),
            format!("Invalid schema for response_format 'script': In context=(), {rule} Missing 'person'."),
        ),
        (
            schema(|format| {
                format["schema"]["properties"]["place"] = json!({
                    "type": "object", "properties": { "room": { "type": "string" } }, "additionalProperties": false,
                });
            }),
            format!(
                "Invalid schema for response_format 'script': In context=('properties', 'place'), {rule} Missing 'room'."
            ),
        ),
        (
            schema(|format| format["name"] = json!("a script")),
            "Invalid 'response_format.json_schema.name': 'a script'.".to_owned(),
        ),
    ];
    for (body, message) in cases {
        let (status, answer) = chat(&fake, &body).await;
        assert_eq!((status, answer["error"]["message"].as_str()), (400, Some(message.as_str())));
        assert_eq!(answer["error"]["param"], "response_format");
    }
    let mut object = request("The cup.");
    object["response_format"] = json!({ "type": "json_object" });
    let (status, answer) = chat(&fake, &object).await;
    assert!(status == 400 && answer["error"]["message"].as_str().unwrap().contains("the word 'json'"));
    object["messages"][0]["content"] = json!("Answer in JSON.");
    assert_eq!(chat(&fake, &object).await.0, 200);
}

#[tokio::test]
async fn pictures_are_looked_at() {
    let fake = OpenAiFake::builder().key("sk-1").lenient().start().await;
    let with = |url: &str| {
        let mut body = request("The cup.");
        body["messages"][1]["content"][1]["image_url"]["url"] = json!(url);
        body
    };
    let whole = photo();
    let start = "data:image/jpeg;base64,".len();
    let cut = &whole[..start + (whole.len() - start) / 2 / 4 * 4];
    let text = "data:image/jpeg;base64,aGVsbG8=";
    let cases = [
        (cut, "invalid_image_format", Rule::Photo),
        (text, "invalid_image_format", Rule::Photo),
        ("data:image/heic;base64,aGVsbG8=", "invalid_image_format", Rule::Photo),
        ("https://example.com/cup.jpg", "invalid_image_url", Rule::Photo),
        ("https://api.telegram.org/file/bot1:a/cup.jpg", "invalid_image_url", Rule::Secret),
    ];
    for (n, (url, code, rule)) in cases.into_iter().enumerate() {
        let (status, answer) = chat(&fake, &with(url)).await;
        assert_eq!((status, answer["error"]["code"].as_str()), (400, Some(code)));
        assert_eq!(fake.violations()[n].rule, rule);
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let fake = OpenAiFake::builder().key("sk-1").lenient().start().await;
    let mut cases = Vec::new();
    let mut with = |name: &str, value: Value| {
        let mut body = request("The cup.");
        body[name] = value;
        cases.push(body);
    };
    with("model", Value::Null);
    with("messages", json!([]));
    with("messages", json!([{ "role": "people", "content": "Hello." }]));
    with("messages", json!([{ "role": "user", "content": null }]));
    with("messages", json!([{ "role": "user", "content": [{ "type": "input_text", "text": "Hello." }] }]));
    with("max_completion_tokens", json!(0));
    with("max_output_tokens", json!(800));
    with("response_format", json!({ "type": "xml" }));
    with("stream", json!(true));
    for body in &cases {
        let (status, answer) = chat(&fake, body).await;
        assert_eq!((status, &answer["error"]["type"]), (400, &json!("invalid_request_error")), "{answer}");
    }
    assert_eq!(fake.violations().len(), cases.len());
    let mut body = request("The cup.");
    body["model"] = json!("gpt-3.5-turbo");
    let (status, answer) = chat(&fake, &body).await;
    assert_eq!((status, &answer["error"]["code"]), (404, &json!("model_not_found")));
    let stranger =
        http().post(format!("{}/chat/completions", fake.base_url())).bearer_auth("sk-2").json(&body);
    assert_eq!(stranger.send().await.unwrap().status(), 401);
    assert_eq!(send(&fake, "/responses", &body).await.status(), 404);
    assert_eq!(fake.violations().last().unwrap().rule, Rule::Unrouted);
}

#[tokio::test]
async fn models_are_listed_with_their_end() {
    let fake = OpenAiFake::builder().key("sk-1").model("gpt-6-sol").start().await;
    let get = async |path: &str| -> Value {
        let request = http().get(format!("{}{path}", fake.base_url())).bearer_auth("sk-1");
        request.send().await.unwrap().json().await.unwrap()
    };
    let list = get("/models").await;
    let ids: Vec<&str> =
        list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["gpt-6-luna", "gpt-4o-mini", "gpt-6-sol"]);
    assert_eq!(get("/models/gpt-4o-mini").await["shutdown_date"], "2027-01-14");
    assert_eq!(get("/models/gpt-2").await["error"]["code"], "model_not_found");
}

#[tokio::test]
async fn compatible_servers_can_do_less() {
    let fake =
        OpenAiFake::builder().older_model("local").without_schemas().without_moderations().start().await;
    let mut body = request("The cup.");
    body["model"] = json!("local");
    let (status, answer) = chat(&fake, &body).await;
    assert_eq!((status, &answer["error"]["param"]), (400, &json!("response_format")));
    body.as_object_mut().unwrap().remove("response_format");
    let (status, answer) = chat(&fake, &body).await;
    assert_eq!(status, 200);
    let said: Value =
        serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
    assert!(said["video_prompt"].is_string());
    assert_eq!(send(&fake, "/moderations", &json!({ "input": "The cup." })).await.status(), 404);
    fake.script(When::chat(), Say::text("Sure! Here is your script: …"));
    let (_, answer) = chat(&fake, &body).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "Sure! Here is your script: …");
    fake.finish();
}
