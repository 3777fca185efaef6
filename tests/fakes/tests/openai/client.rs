//! A client that knows nothing: it sends what a test says, and shows what came back.

use std::sync::Once;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use neurocards_fakes::openai::OpenAiFake;
use reqwest::{Client, Response};
use serde_json::{Value, json};

const CUP: &[u8] = include_bytes!("../../../../examples/photos/coffee-cup.jpg");

pub(crate) fn http() -> Client {
    static RING: Once = Once::new();
    RING.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    Client::builder().user_agent("fakes-test").redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

pub(crate) fn photo() -> String {
    format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(CUP))
}

/// A request for a script, as a client of today makes it.
pub(crate) fn request(text: &str) -> Value {
    let string = json!({ "type": "string" });
    json!({
        "model": "gpt-6-luna",
        "messages": [
            { "role": "system", "content": "You write scripts for short videos." },
            { "role": "user", "content": [
                { "type": "text", "text": text },
                { "type": "image_url", "image_url": { "url": photo(), "detail": "low" } },
            ] },
        ],
        "max_completion_tokens": 800,
        "response_format": { "type": "json_schema", "json_schema": { "name": "script", "strict": true, "schema": {
            "type": "object",
            "properties": { "hook": string, "place": string, "video_prompt": string, "person": { "type": "boolean" } },
            "required": ["hook", "place", "video_prompt", "person"],
            "additionalProperties": false,
        } } },
    })
}

pub(crate) async fn send(fake: &OpenAiFake, path: &str, body: &Value) -> Response {
    let url = format!("{}{path}", fake.base_url());
    http().post(url).bearer_auth("sk-1").json(body).send().await.unwrap()
}

pub(crate) async fn chat(fake: &OpenAiFake, body: &Value) -> (u16, Value) {
    let answer = send(fake, "/chat/completions", body).await;
    (answer.status().as_u16(), answer.json().await.unwrap())
}
