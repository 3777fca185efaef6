//! What models take and refuse, and what there is to know about them.

use std::time::Duration;

use neurocards_fakes::kie::{KieFake, words};
use neurocards_fakes::{Clock, Rule};
use serde_json::{Value, json};

use crate::client::{create, envelope, get, upload};

fn lenient() -> neurocards_fakes::kie::KieBuilder {
    KieFake::builder().key("k1").create_limit(1000, Duration::from_secs(10)).lenient()
}

#[tokio::test]
async fn an_empty_input_tells_whether_a_model_exists() {
    let fake = lenient().start().await;
    let cases = [
        ("no/such-model", 422, words::UNKNOWN_MODEL),
        ("veo3_fast", 422, words::UNKNOWN_MODEL),
        ("runway", 422, words::UNKNOWN_MODEL),
        ("sora-2-image-to-video", 500, words::PAUSED),
        ("bytedance/seedance-1.5-pro", 500, "prompt is required"),
        ("kling-3.0-omni/image-to-video", 500, "image_urls is required"),
    ];
    for (model, code, msg) in cases {
        let answer = create(&fake, "k1", &json!({ "model": model, "input": {} })).await;
        assert_eq!(answer, json!({ "code": code, "msg": msg, "data": null }), "{model}");
    }
    assert!(fake.tasks().is_empty());
    assert_eq!(fake.credits_milli("main"), 10_000_000);
}

#[tokio::test]
async fn inputs_are_held_to_their_types_and_limits() {
    let fake = lenient().start().await;
    let photo = upload(&fake, "k1").await;
    let good = |model: &str| match model {
        "bytedance/seedance-1.5-pro" => json!({
            "prompt": "The cup turns.", "input_urls": [photo], "aspect_ratio": "9:16", "duration": 5,
        }),
        "bytedance/v1-lite-image-to-video" | "wan/2-5-image-to-video" => json!({
            "prompt": "The cup turns.", "image_url": photo, "duration": "5",
        }),
        "bytedance/seedance-2-5" => json!({ "prompt": "The cup turns.", "first_frame_url": photo }),
        "hailuo/2-3-image-to-video-pro" => json!({
            "prompt": "The cup turns.", "image_url": photo, "duration": "10",
        }),
        "wan/3-0-video" => json!({ "prompt": "The cup turns.", "first_frame_url": photo, "duration": -1 }),
        other => panic!("{other} is not in this test"),
    };
    let range = |field: &str| (500, format!("{field} is not within the range of allowed options"));
    let cases = [
        ("bytedance/seedance-1.5-pro", "duration", json!("5"), Some(range("duration"))),
        ("bytedance/seedance-1.5-pro", "duration", json!(13), Some(range("duration"))),
        ("bytedance/seedance-1.5-pro", "duration", json!(4.5), Some(range("duration"))),
        ("bytedance/seedance-1.5-pro", "duration", json!(12), None),
        (
            "bytedance/seedance-1.5-pro",
            "duration",
            Value::Null,
            Some((500, "duration is required".to_owned())),
        ),
        ("bytedance/seedance-1.5-pro", "resolution", json!("720P"), Some(range("resolution"))),
        ("bytedance/seedance-1.5-pro", "input_urls", json!("https://a.b/c.jpg"), Some(range("input_urls"))),
        ("bytedance/seedance-1.5-pro", "prompt", json!("ab"), Some(range("prompt"))),
        ("bytedance/seedance-1.5-pro", "prompt", json!("я".repeat(20_000)), None),
        (
            "bytedance/seedance-1.5-pro",
            "prompt",
            json!("я".repeat(20_001)),
            Some((500, words::TOO_LONG.to_owned())),
        ),
        ("bytedance/seedance-1.5-pro", "generate_audio", json!("true"), Some(range("generate_audio"))),
        ("bytedance/seedance-1.5-pro", "nobody_knows", json!(1), None),
        ("bytedance/v1-lite-image-to-video", "duration", json!(5), Some(range("duration"))),
        (
            "bytedance/v1-lite-image-to-video",
            "image_url",
            json!(""),
            Some((500, "image_url is required".to_owned())),
        ),
        ("wan/2-5-image-to-video", "prompt", json!("x".repeat(801)), Some((500, words::TOO_LONG.to_owned()))),
        ("bytedance/seedance-2-5", "aspect_ratio", json!("adaptive"), None),
        (
            "bytedance/seedance-2-5",
            "aspect_ratio",
            json!("9:16"),
            Some((422, "only support adaptive aspect ratio".to_owned())),
        ),
        (
            "hailuo/2-3-image-to-video-pro",
            "resolution",
            json!("1080P"),
            Some((422, "10 seconds videos are not supported for 1080p resolution".to_owned())),
        ),
        ("wan/3-0-video", "resolution", json!("720p"), Some(range("resolution"))),
        ("wan/3-0-video", "resolution", json!("720P"), None),
    ];
    for (model, field, value, refused) in cases {
        let mut input = good(model);
        input[field] = value.clone();
        let answer = create(&fake, "k1", &json!({ "model": model, "input": input })).await;
        let found = (answer["code"] != 200)
            .then(|| (answer["code"].as_i64().unwrap(), answer["msg"].as_str().unwrap().to_owned()));
        assert_eq!(
            found,
            refused,
            "{model} {field} {}",
            value.to_string().chars().take(40).collect::<String>()
        );
    }
}

#[tokio::test]
async fn prices_are_those_of_the_list() {
    let fake = lenient().start().await;
    let photo = upload(&fake, "k1").await;
    let cases = [
        (
            json!({ "model": "bytedance/seedance-2-mini", "input": {
            "prompt": "The cup.", "first_frame_url": photo, "duration": 4, "resolution": "480p" } }),
            38.0,
        ),
        (
            json!({ "model": "bytedance/seedance-1.5-pro", "input": {
            "prompt": "The cup.", "input_urls": [photo], "aspect_ratio": "9:16", "duration": 5,
            "resolution": "720p", "generate_audio": true } }),
            35.0,
        ),
        (
            json!({ "model": "kling-2.6/image-to-video", "input": {
            "prompt": "The cup.", "image_urls": [photo], "duration": "10", "sound": false } }),
            110.0,
        ),
        (
            json!({ "model": "minimax-h3/image-to-video", "input": {
            "prompt": "The cup.", "first_frame_url": photo, "duration": 5, "resolution": "768P" } }),
            40.0,
        ),
        (
            json!({ "model": "grok-imagine/image-to-video", "input": {
            "image_urls": [photo], "duration": "6", "resolution": "720p" } }),
            27.0,
        ),
        (
            json!({ "model": "wan/2-6-image-to-video", "input": {
            "prompt": "The cup.", "image_urls": [photo] } }),
            104.5,
        ),
    ];
    for (body, credits) in cases {
        let before = fake.credits_milli("main");
        assert_eq!(create(&fake, "k1", &body).await["code"], 200, "{body}");
        let spent = before - fake.credits_milli("main");
        assert_eq!(spent as f64, credits * 1000.0, "{body}");
    }
}

#[tokio::test]
async fn the_catalogue_can_be_read_once_a_second() {
    let clock = Clock::manual();
    let fake = KieFake::builder().key("k1").clock(clock.clone()).allow(Rule::DiscoveryRate).start().await;
    let ask = async |path: &str| envelope(get(&fake, "k1", path)).await;
    let all = ask("/api/v1/models").await;
    let models = all["data"]["models"].as_array().unwrap();
    assert_eq!(all["data"]["total"], models.len());
    assert!(models.len() >= 30 && models.iter().all(|row| !row["model"].as_str().unwrap().contains("sora")));
    assert_eq!(
        ask("/api/v1/models/bytedance/seedance-2/price").await,
        json!({ "code": 429, "msg": words::TOO_FAST, "data": null })
    );
    let later = async |path: &str| {
        clock.advance(Duration::from_secs(1));
        ask(path).await
    };
    let price = later("/api/v1/models/kling/v2-1-standard/price").await;
    assert_eq!(
        price["data"],
        json!({
            "model": "kling/v2-1-standard",
            "pricingDesc": "duration 5: 25 credits per video; 50 credits per video",
        })
    );
    let schema = later("/api/v1/models/bytedance/seedance-2/schema").await;
    assert_eq!(schema["data"]["model"], "bytedance/seedance-2");
    assert!(schema["data"]["openapi"].to_string().contains("first_frame_url"));
    let rate = later("/api/v1/models/veo3_fast/success-rate").await;
    assert_eq!(rate["data"]["points"].as_array().unwrap().len(), 6);
    let unknown = later("/api/v1/models/no/such/schema").await;
    assert_eq!(unknown, json!({ "code": 404, "msg": words::UNKNOWN_MODEL, "data": null }));
    let some = later("/api/v1/models?provider=kling&q=omni").await;
    assert_eq!(some["data"]["total"], 1);
}
