//! Uploads, videos, and links that end.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use neurocards_core::Media;
use neurocards_fakes::kie::{KieFake, Render, words};
use neurocards_fakes::{Call, Clock, Rule, When};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::client::{CUP, create, envelope, fetch, http, order, post, read, result_url, seedance, upload};

#[tokio::test]
async fn a_photo_goes_up_in_three_ways() {
    let clock = Clock::manual();
    let fake = KieFake::builder().key("k1").clock(clock).start().await;
    let at = |path: &str| http().post(format!("{}{path}", fake.upload_url())).bearer_auth("k1");
    let body = json!({
        "base64Data": BASE64_STANDARD.encode(CUP), "uploadPath": "images/cups", "fileName": "cup-1.jpg",
    });
    let answer = envelope(at("/api/file-base64-upload").json(&body)).await;
    assert_eq!(
        answer,
        json!({ "success": true, "code": 200, "msg": "File uploaded successfully", "data": {
        "success": true,
        "fileName": "cup-1.jpg",
        "filePath": "kieai/100001/images/cups/cup-1.jpg",
        "downloadUrl": format!("{}/kieai/100001/images/cups/cup-1.jpg", fake.media_url()),
        "fileSize": CUP.len(),
        "mimeType": "image/jpeg",
        "uploadedAt": "2026-11-22T00:00:00.000Z",
    } })
    );
    let first = answer["data"]["downloadUrl"].as_str().unwrap().to_owned();
    assert_eq!(fetch(&first).await.bytes().await.unwrap(), CUP);

    let form = Form::new()
        .text("uploadPath", "images/cups")
        .part("file", Part::bytes(CUP.to_vec()).file_name("cup.jpg").mime_str("image/jpeg").unwrap());
    let streamed = envelope(at("/api/file-stream-upload").multipart(form)).await;
    assert_eq!(streamed["data"]["fileSize"], CUP.len());
    let name = streamed["data"]["fileName"].as_str().unwrap();
    assert!(name.starts_with("1795305600000-") && name.ends_with(".jpg"), "{name}");

    let body = json!({ "fileUrl": first, "uploadPath": "images/cups" });
    let copied = envelope(at("/api/file-url-upload").json(&body)).await;
    assert_eq!(copied["data"]["fileSize"], CUP.len());
    // The journal knows the upload, and not the photo.
    let request = &fake.log().of(Call::UploadBase64)[0].request;
    assert_eq!(request["fileName"], "cup-1.jpg");
    assert!(request.to_string().len() < 200);
}

#[tokio::test]
async fn a_name_that_was_taken_shows_the_old_file() {
    let fake = KieFake::builder().key("k1").lenient().start().await;
    let up = async |data: &[u8]| {
        let body = json!({
            "base64Data": BASE64_STANDARD.encode(data), "uploadPath": "images", "fileName": "cup.jpg",
        });
        let request = http().post(format!("{}/api/file-base64-upload", fake.upload_url())).bearer_auth("k1");
        envelope(request.json(&body)).await["data"]["downloadUrl"].as_str().unwrap().to_owned()
    };
    let url = up(CUP).await;
    assert_eq!(up(b"something else").await, url);
    assert_eq!(fetch(&url).await.bytes().await.unwrap(), CUP);
    assert_eq!(fake.violations()[0].rule, Rule::NameTaken);
}

#[tokio::test]
async fn bad_uploads_are_refused() {
    let fake = KieFake::builder().key("k1").lenient().start().await;
    let cases = [
        (json!({ "uploadPath": "images" }), "base64Data is required"),
        (json!({ "base64Data": "aGVsbG8=" }), "uploadPath is required"),
        (json!({ "base64Data": "not base64!", "uploadPath": "images" }), "Invalid symbol 32, offset 3."),
    ];
    for (body, msg) in cases {
        let request = http().post(format!("{}/api/file-base64-upload", fake.upload_url())).bearer_auth("k1");
        let answer = envelope(request.json(&body)).await;
        assert_eq!(answer, json!({ "success": false, "code": 400, "msg": msg, "data": null }));
    }
}

#[tokio::test]
async fn uploads_live_a_day() {
    let clock = Clock::manual();
    let fake = KieFake::builder().key("k1").clock(clock.clone()).allow(Rule::Photo).start().await;
    let body = seedance(&fake, "k1", "The cup turns.").await;
    clock.advance(Duration::from_secs(24 * 60 * 60));
    assert_eq!(fetch(body["input"]["input_urls"][0].as_str().unwrap()).await.status(), 404);
    let answer = create(&fake, "k1", &body).await;
    let id = answer["data"]["taskId"].as_str().unwrap();
    read(&fake, "k1", id).await;
    let record = read(&fake, "k1", id).await;
    assert_eq!(record["data"]["failCode"], "400");
    assert_eq!(record["data"]["failMsg"], words::FETCH_FAILED);
}

#[tokio::test]
async fn what_is_no_picture_fails_the_task() {
    let fake = KieFake::builder().key("k1").allow(Rule::Photo).start().await;
    let mut body = seedance(&fake, "k1", "The cup turns.").await;
    let text = json!({ "base64Data": BASE64_STANDARD.encode("no picture"), "uploadPath": "images" });
    let request = http().post(format!("{}/api/file-base64-upload", fake.upload_url())).bearer_auth("k1");
    body["input"]["input_urls"] = json!([envelope(request.json(&text)).await["data"]["downloadUrl"]]);
    let id = create(&fake, "k1", &body).await["data"]["taskId"].as_str().unwrap().to_owned();
    read(&fake, "k1", &id).await;
    assert_eq!(read(&fake, "k1", &id).await["data"]["failMsg"], words::BAD_MATERIAL);
}

#[tokio::test]
async fn a_video_is_one_that_the_house_takes_and_no_two_are_the_same() {
    let fake = KieFake::builder().key("k1").render(Render::succeeds().after_reads(1)).start().await;
    let media = Media::in_memory();
    let mut hashes = Vec::new();
    for prompt in ["The cup turns.", "The cup stands."] {
        let id = order(&fake, "k1", prompt).await;
        let url = result_url(&fake, "k1", &id).await;
        assert!(url.starts_with(&format!("{}/bytedance/", fake.media_url())) && url.ends_with(".mp4"));
        let answer = fetch(&url).await;
        assert_eq!(answer.headers()["content-type"], "video/mp4");
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(bytes, fake.video(&id));
        let kept = media.put_video(futures::stream::iter([Ok(Bytes::clone(&bytes))]).boxed()).await.unwrap();
        assert!(kept.codec.starts_with("avc1") && kept.duration_ms > 0, "{kept:?}");
        hashes.push(kept.sha256);
    }
    assert_ne!(hashes[0], hashes[1]);
}

#[tokio::test]
async fn links_end_and_can_be_had_anew() {
    let clock = Clock::manual();
    let day = Duration::from_secs(24 * 60 * 60);
    let fake = KieFake::builder().key("k1").clock(clock.clone()).start().await;
    fake.script(When::paid().says("short"), Render::succeeds().after_reads(1).link_lives(day));
    fake.script(When::paid().says("dead"), Render::succeeds().after_reads(1).link_is_dead());
    fake.script(When::paid().says("renewed"), Render::succeeds().after_reads(1).link_is_renewed());

    let short = order(&fake, "k1", "A short cup.").await;
    let url = result_url(&fake, "k1", &short).await;
    assert_eq!(fetch(&url).await.status(), 200);
    clock.advance(day);
    assert_eq!(fetch(&url).await.status(), 404);

    let dead = order(&fake, "k1", "A dead cup.").await;
    let url = result_url(&fake, "k1", &dead).await;
    assert_eq!(fetch(&url).await.status(), 404);
    assert_eq!(result_url(&fake, "k1", &dead).await, url);
    let ask = async |url: &str| {
        envelope(post(&fake, "k1", "/api/v1/common/download-url", &json!({ "url": url }))).await
    };
    let fresh = ask(&url).await["data"].as_str().unwrap().to_owned();
    assert_eq!(fetch(&fresh).await.bytes().await.unwrap(), fake.video(&dead));
    clock.advance(Duration::from_secs(20 * 60));
    assert_eq!(fetch(&fresh).await.status(), 404);
    let wrong = json!({ "code": 422, "msg": "url is wrong", "data": Value::Null });
    assert_eq!(ask("https://example.com/video.mp4").await, wrong);

    let renewed = order(&fake, "k1", "A renewed cup.").await;
    let first = result_url(&fake, "k1", &renewed).await;
    assert_eq!(result_url(&fake, "k1", &renewed).await, first);
    assert_eq!(fetch(&first).await.status(), 404);
    let second = result_url(&fake, "k1", &renewed).await;
    assert_ne!(second, first);
    assert_eq!(fetch(&second).await.status(), 200);
}

#[tokio::test]
async fn something_else_may_lie_behind_the_link() {
    let fake = KieFake::builder().key("k1").render(Render::succeeds().after_reads(1)).start().await;
    fake.script(
        When::paid().says("page"),
        Render::succeeds().after_reads(1).file("text/html", "<html>sign in</html>"),
    );
    fake.script(
        When::paid().says("object"),
        Render::succeeds().after_reads(1).result_json(r#"{"resultObject":{"character_id":"c1"}}"#),
    );
    let page = order(&fake, "k1", "A page about a cup.").await;
    let answer = fetch(&result_url(&fake, "k1", &page).await).await;
    assert_eq!(answer.headers()["content-type"], "text/html");
    let object = order(&fake, "k1", "An object that is a cup.").await;
    let record = read(&fake, "k1", &object).await;
    assert_eq!(record["data"]["resultJson"], r#"{"resultObject":{"character_id":"c1"}}"#);
    // A photo is there for everybody who has its address.
    assert_eq!(fetch(&upload(&fake, "k1").await).await.status(), 200);
}
