//! The endpoints of Veo and Runway.

use neurocards_fakes::kie::{KieFake, Render, words};
use neurocards_fakes::{Rule, When};
use serde_json::{Value, json};

use crate::client::{envelope, fetch, get, post, upload};

#[tokio::test]
async fn a_veo_task() {
    let fake = KieFake::builder().key("k1").start().await;
    let body = json!({
        "prompt": "The cup turns.", "imageUrls": [upload(&fake, "k1").await], "model": "veo3_lite",
        "generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO", "aspect_ratio": "9:16", "duration": 8,
    });
    let made = envelope(post(&fake, "k1", "/api/v1/veo/generate", &body)).await;
    let id = made["data"]["taskId"].as_str().unwrap();
    assert_eq!(made, json!({ "code": 200, "msg": "success", "data": { "taskId": id } }));
    let read = async || envelope(get(&fake, "k1", &format!("/api/v1/veo/record-info?taskId={id}"))).await;
    let larger = async || {
        envelope(get(&fake, "k1", &format!("/api/v1/veo/get-1080p-video?taskId={id}&index=0"))).await
    };
    let running = read().await["data"].clone();
    assert_eq!(
        running,
        json!({
            "taskId": id,
            "paramJson": running["paramJson"],
            "completeTime": null,
            "response": null,
            "successFlag": 0,
            "fallbackFlag": false,
            "createTime": running["createTime"],
            "errorCode": null,
            "errorMessage": null,
        })
    );
    assert_eq!(larger().await["code"], 500);
    let done = read().await["data"].clone();
    assert_eq!(done["successFlag"], 1);
    let url = done["response"]["resultUrls"][0].as_str().unwrap();
    assert_eq!(
        done["response"],
        json!({
            "taskId": id, "resultUrls": [url], "originUrls": [url], "resolution": "720p",
        })
    );
    assert_eq!(fetch(url).await.bytes().await.unwrap(), fake.video(id));
    assert_eq!(larger().await["data"]["resultUrl"], url);
    assert_eq!(fake.credits_milli("main"), 10_000_000 - 30_000);
    // Asking for 4K is accepted under a code that says the opposite.
    let body = json!({ "taskId": id, "index": 0 });
    assert_eq!(envelope(post(&fake, "k1", "/api/v1/veo/get-4k-video", &body)).await["code"], 422);
    let unknown = envelope(get(&fake, "k1", "/api/v1/veo/record-info?taskId=abc")).await;
    assert_eq!(unknown, json!({ "code": 422, "msg": "Record not found for taskId: abc", "data": null }));
}

#[tokio::test]
async fn veo_may_speak_as_in_older_tutorials() {
    let fake =
        KieFake::builder().key("k1").render(Render::succeeds().after_reads(1).older_form()).start().await;
    let body = json!({ "prompt": "The cup turns.", "imageUrls": [upload(&fake, "k1").await] });
    let made = envelope(post(&fake, "k1", "/api/v1/veo/generate", &body)).await;
    let id = made["data"]["taskId"].as_str().unwrap();
    let record = envelope(get(&fake, "k1", &format!("/api/v1/veo/record-info?taskId={id}"))).await;
    assert_eq!((&record["data"]["successFlag"], &record["data"]["response"]), (&json!(1), &Value::Null));
    let urls: Vec<String> = serde_json::from_str(record["data"]["resultUrls"].as_str().unwrap()).unwrap();
    assert_eq!(fetch(&urls[0]).await.status(), 200);
}

#[tokio::test]
async fn veo_refuses_in_its_own_words() {
    let fake = KieFake::builder().key("k1").allow(Rule::Input).allow(Rule::Model).start().await;
    let photo = upload(&fake, "k1").await;
    let cases = [
        (json!({ "aspect_ratio": "1:1" }), 422, "Ratio error"),
        (json!({ "aspectRatio": "1:1" }), 422, "Ratio error"),
        (json!({ "duration": 5 }), 500, "duration is not within the range of allowed options"),
        (json!({ "model": "veo2" }), 422, words::UNKNOWN_MODEL),
        (
            json!({ "model": "veo3", "generationType": "REFERENCE_2_VIDEO" }),
            422,
            "Reference to video only supports the Veo Fast model and Veo Lite model.",
        ),
    ];
    for (fields, code, msg) in cases {
        let mut body = json!({ "prompt": "The cup turns.", "imageUrls": [photo] });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let answer = envelope(post(&fake, "k1", "/api/v1/veo/generate", &body)).await;
        assert_eq!(answer, json!({ "code": code, "msg": msg, "data": null }));
    }
    fake.script(
        When::paid().model("veo3_fast"),
        Render::fails("400", "public error minor upload").after_reads(1),
    );
    let body = json!({ "prompt": "The cup turns.", "imageUrls": [photo] });
    let made = envelope(post(&fake, "k1", "/api/v1/veo/generate", &body)).await;
    let id = made["data"]["taskId"].as_str().unwrap();
    let record = envelope(get(&fake, "k1", &format!("/api/v1/veo/record-info?taskId={id}"))).await;
    let data = &record["data"];
    assert_eq!((&data["successFlag"], &data["errorCode"]), (&json!(2), &json!(400)));
    assert_eq!(data["errorMessage"], "public error minor upload");
}

#[tokio::test]
async fn a_runway_task() {
    let fake = KieFake::builder().key("k1").allow(Rule::Input).start().await;
    let photo = upload(&fake, "k1").await;
    let mut body =
        json!({ "prompt": "The cup turns.", "imageUrl": photo, "duration": 10, "quality": "1080p" });
    assert_eq!(envelope(post(&fake, "k1", "/api/v1/runway/generate", &body)).await["code"], 422);
    body["duration"] = json!(5);
    body["quality"] = json!("720p");
    let made = envelope(post(&fake, "k1", "/api/v1/runway/generate", &body)).await;
    let id = made["data"]["taskId"].as_str().unwrap();
    let read =
        async || envelope(get(&fake, "k1", &format!("/api/v1/runway/record-detail?taskId={id}"))).await;
    let running = read().await["data"].clone();
    assert_eq!((&running["state"], &running["videoInfo"]), (&json!("generating"), &Value::Null));
    let done = read().await["data"].clone();
    assert_eq!((&done["state"], &done["expireFlag"]), (&json!("success"), &json!(0)));
    assert_eq!(done["generateParam"]["imageUrl"], photo);
    let url = done["videoInfo"]["videoUrl"].as_str().unwrap();
    assert_eq!(fetch(url).await.bytes().await.unwrap(), fake.video(id));
    assert_eq!(fake.credits_milli("main"), 10_000_000 - 12_000);
}
