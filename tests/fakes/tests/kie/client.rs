//! A client that knows nothing: it sends what a test says, and shows what came back.

use std::sync::Once;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use neurocards_fakes::kie::KieFake;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

pub(crate) const CUP: &[u8] = include_bytes!("../../../../examples/photos/coffee-cup.jpg");

/// A model, and an input for it.
pub(crate) const SEEDANCE: &str = "bytedance/seedance-1.5-pro";

pub(crate) fn http() -> Client {
    static RING: Once = Once::new();
    RING.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    Client::builder().user_agent("fakes-test").redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

pub(crate) fn get(fake: &KieFake, key: &str, path: &str) -> RequestBuilder {
    let url = format!("{}{path}", fake.api_url());
    http().get(url).bearer_auth(key).header("content-type", "application/json")
}

pub(crate) fn post(fake: &KieFake, key: &str, path: &str, body: &Value) -> RequestBuilder {
    http().post(format!("{}{path}", fake.api_url())).bearer_auth(key).json(body)
}

/// Sends, and reads the envelope out of what must be an HTTP 200.
pub(crate) async fn envelope(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json;charset=UTF-8");
    response.json().await.unwrap()
}

pub(crate) async fn upload(fake: &KieFake, key: &str) -> String {
    let body = json!({ "base64Data": BASE64_STANDARD.encode(CUP), "uploadPath": "images/test" });
    let request = http().post(format!("{}/api/file-base64-upload", fake.upload_url())).bearer_auth(key);
    let answer = envelope(request.json(&body)).await;
    answer["data"]["downloadUrl"].as_str().unwrap().to_owned()
}

pub(crate) async fn seedance(fake: &KieFake, key: &str, prompt: &str) -> Value {
    json!({ "model": SEEDANCE, "input": {
        "prompt": prompt,
        "input_urls": [upload(fake, key).await],
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "duration": 5,
    } })
}

pub(crate) async fn create(fake: &KieFake, key: &str, body: &Value) -> Value {
    envelope(post(fake, key, "/api/v1/jobs/createTask", body)).await
}

/// Orders a video; its task.
pub(crate) async fn order(fake: &KieFake, key: &str, prompt: &str) -> String {
    let body = seedance(fake, key, prompt).await;
    create(fake, key, &body).await["data"]["taskId"].as_str().unwrap().to_owned()
}

pub(crate) async fn read(fake: &KieFake, key: &str, task: &str) -> Value {
    envelope(get(fake, key, &format!("/api/v1/jobs/recordInfo?taskId={task}"))).await
}

pub(crate) async fn result_url(fake: &KieFake, key: &str, task: &str) -> String {
    let record = read(fake, key, task).await;
    let result: Value = serde_json::from_str(record["data"]["resultJson"].as_str().unwrap()).unwrap();
    result["resultUrls"][0].as_str().unwrap().to_owned()
}

pub(crate) async fn fetch(url: &str) -> Response {
    http().get(url).send().await.unwrap()
}
