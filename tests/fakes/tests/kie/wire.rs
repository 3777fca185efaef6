//! The shapes of the jobs API.

use std::time::Duration;

use neurocards_fakes::kie::{KieFake, Render, words};
use neurocards_fakes::{Clock, Rule, When};
use serde_json::{Value, json};

use crate::client::{SEEDANCE, create, envelope, get, http, order, post, read, seedance};

#[tokio::test]
async fn a_task_from_order_to_video() {
    let clock = Clock::manual();
    let fake = KieFake::builder()
        .key("k1")
        .clock(clock.clone())
        .render(Render::succeeds().after(Duration::from_secs(110)))
        .start()
        .await;
    let body = seedance(&fake, "k1", "The cup turns.").await;
    let answer = create(&fake, "k1", &body).await;
    let id = answer["data"]["taskId"].as_str().unwrap().to_owned();
    assert_eq!(answer, json!({ "code": 200, "msg": "success", "data": { "taskId": id, "recordId": id } }));
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)));

    let created = clock.now_ms();
    let waiting = read(&fake, "k1", &id).await;
    let param: Value = serde_json::from_str(waiting["data"]["param"].as_str().unwrap()).unwrap();
    let input: Value = serde_json::from_str(param["input"].as_str().unwrap()).unwrap();
    assert_eq!((&param["model"], &input["duration"]), (&json!(SEEDANCE), &json!(5)));
    assert_eq!(
        waiting,
        json!({ "code": 200, "msg": "success", "data": {
            "taskId": id,
            "model": SEEDANCE,
            "state": "waiting",
            "param": waiting["data"]["param"],
            "resultJson": "",
            "failCode": null,
            "failMsg": null,
            "costTime": null,
            "completeTime": null,
            "createTime": created,
            "creditsConsumed": 17.5,
        } })
    );

    clock.advance(Duration::from_millis(109_900));
    assert_eq!(read(&fake, "k1", &id).await["data"]["state"], "waiting");
    clock.advance(Duration::from_millis(100));
    let done = read(&fake, "k1", &id).await;
    let result: Value = serde_json::from_str(done["data"]["resultJson"].as_str().unwrap()).unwrap();
    assert!(result["resultUrls"][0].as_str().unwrap().starts_with(&fake.media_url()));
    assert_eq!(done["data"]["state"], "success");
    assert_eq!(done["data"]["costTime"], 110);
    assert_eq!(done["data"]["completeTime"], created + 110_000);
    assert_eq!(done["data"]["creditsConsumed"], 17.5);
}

#[tokio::test]
async fn a_failure_costs_nothing() {
    let fake = KieFake::builder().key("k1").credits(100).start().await;
    fake.script(When::paid(), Render::fails("400", words::FLAGGED).after_reads(1));
    let id = order(&fake, "k1", "The cup turns.").await;
    assert_eq!(fake.credits_milli("main"), 82_500);
    let record = read(&fake, "k1", &id).await;
    assert_eq!(record["code"], 200);
    let data = &record["data"];
    assert_eq!((&data["state"], &data["failCode"]), (&json!("fail"), &json!("400")));
    assert_eq!((&data["failMsg"], &data["resultJson"]), (&json!(words::FLAGGED), &json!("")));
    assert_eq!(data["creditsConsumed"], 0.0);
    assert_eq!(fake.credits_milli("main"), 100_000);
    assert_eq!(fake.task(&id).unwrap().cost_milli, 0);
}

#[tokio::test]
async fn a_timeout_may_turn_out_to_be_a_success() {
    let fake = KieFake::builder().key("k1").credits(100).start().await;
    fake.script(When::paid(), Render::flips().late_by_reads(2));
    let id = order(&fake, "k1", "The cup turns.").await;
    let mut states = Vec::new();
    for _ in 0..4 {
        let record = read(&fake, "k1", &id).await;
        states.push((record["data"]["state"].clone(), record["data"]["failCode"].clone()));
    }
    let failed = (json!("fail"), json!("524"));
    assert_eq!(
        states,
        [(json!("waiting"), Value::Null), failed.clone(), failed, (json!("success"), Value::Null),]
    );
    assert_eq!(fake.credits_milli("main"), 82_500);
}

#[tokio::test]
async fn some_tasks_are_not_there_at_first_and_some_never_end() {
    let fake = KieFake::builder().account("a").key("k1").account("b").key("k2").start().await;
    fake.script(When::paid().says("hidden"), Render::succeeds().hidden_for_reads(2).after_reads(3));
    fake.script(When::paid().says("stuck"), Render::stuck().state("queuing"));
    let absent = json!({ "code": 422, "msg": "recordInfo is null", "data": null });
    let hidden = order(&fake, "k1", "A hidden cup.").await;
    assert_eq!(read(&fake, "k1", &hidden).await, absent);
    assert_eq!(read(&fake, "k1", &hidden).await, absent);
    assert_eq!(read(&fake, "k1", &hidden).await["data"]["state"], "success");
    // Another account's task is as good as none.
    assert_eq!(read(&fake, "k2", &hidden).await, absent);
    assert_eq!(read(&fake, "k2", "5fdec09dc604e83ec6eb26b40c1b64d8").await, absent);

    let stuck = order(&fake, "k1", "A stuck cup.").await;
    for _ in 0..5 {
        assert_eq!(read(&fake, "k1", &stuck).await["data"]["state"], "queuing");
    }
    fake.finish_task(&stuck);
    assert_eq!(read(&fake, "k1", &stuck).await["data"]["state"], "success");
}

#[tokio::test]
async fn models_differ_in_what_they_show_on_the_way() {
    let fake = KieFake::builder().key("k1").start().await;
    let photo = crate::client::upload(&fake, "k1").await;
    let late = json!({ "model": "bytedance/seedance-2-5", "input": {
        "prompt": "The cup turns.", "first_frame_url": photo, "duration": 4, "resolution": "480p",
    } });
    let generating = json!({ "model": "kling-3.0/video", "input": {
        "prompt": "The cup turns.", "image_urls": [photo], "duration": "5", "mode": "std",
        "aspect_ratio": "9:16", "sound": false, "multi_shots": false,
    } });
    let omni = json!({ "model": "kling-3.0-omni/image-to-video", "input": {
        "prompt": "The cup turns.", "image_urls": [photo], "duration": 5, "resolution": "720p",
        "customize_multi_shots": false,
    } });
    for (body, state, credits, done) in
        [(late, "waiting", 0.0, 112.0), (generating, "generating", 70.0, 70.0), (omni, "waiting", 70.0, 70.0)]
    {
        let answer = create(&fake, "k1", &body).await;
        let id = answer["data"]["taskId"].as_str().unwrap();
        let first = read(&fake, "k1", id).await;
        assert_eq!(
            (&first["data"]["state"], &first["data"]["creditsConsumed"]),
            (&json!(state), &json!(credits))
        );
        let last = read(&fake, "k1", id).await;
        assert_eq!(
            (&last["data"]["state"], &last["data"]["creditsConsumed"]),
            (&json!("success"), &json!(done))
        );
    }
    let omni = fake.tasks().into_iter().find(|task| task.model.contains("omni")).unwrap();
    assert_eq!((&omni.input["aspect_ratio"], &omni.input["elements"]), (&json!("auto"), &json!([])));
}

#[tokio::test]
async fn extra_fields_come_on_request() {
    let fake = KieFake::builder().key("k1").extra_fields().start().await;
    let id = order(&fake, "k1", "The cup turns.").await;
    read(&fake, "k1", &id).await;
    let record = read(&fake, "k1", &id).await;
    assert_eq!(record["data"]["successFlag"], 1);
    assert!(record["data"]["response"]["resultUrls"][0].is_string());
    assert!(record["data"]["somethingNew"].is_object());
}

#[tokio::test]
async fn keys_are_asked_for() {
    let fake = KieFake::builder().key("k1").allow(Rule::Auth).allow(Rule::Headers).start().await;
    let unauthorized = json!({ "code": 401, "msg": words::UNAUTHORIZED });
    let url = format!("{}/api/v1/chat/credit", fake.api_url());
    let bare = http().get(&url).header("content-type", "application/json");
    assert_eq!(envelope(bare.try_clone().unwrap()).await, unauthorized);
    assert_eq!(envelope(bare.header("apikey", "k1")).await, unauthorized);
    assert_eq!(envelope(get(&fake, "k9", "/api/v1/chat/credit")).await, unauthorized);
    fake.revoke("k1");
    assert_eq!(envelope(get(&fake, "k1", "/api/v1/chat/credit")).await, unauthorized);
    fake.restore("k1");
    let credit = envelope(get(&fake, "k1", "/api/v1/chat/credit")).await;
    assert_eq!(credit, json!({ "code": 200, "msg": "success", "data": 10_000.0 }));

    let nameless = get(&fake, "k1", "/api/v1/chat/credit").header("user-agent", "").send().await.unwrap();
    assert_eq!(nameless.status(), 403);
    assert_eq!(nameless.text().await.unwrap(), "error code: 1010");
}

#[tokio::test]
async fn errors_may_have_their_http_status_too() {
    let fake = KieFake::builder().key("k1").credits(1).http_errors().allow(Rule::Auth).start().await;
    let body = seedance(&fake, "k1", "The cup turns.").await;
    let poor = post(&fake, "k1", "/api/v1/jobs/createTask", &body).send().await.unwrap();
    assert_eq!(poor.status(), 402);
    assert_eq!(poor.json::<Value>().await.unwrap()["msg"], words::NO_CREDITS);
    let stranger = get(&fake, "k9", "/api/v1/chat/credit").send().await.unwrap();
    assert_eq!(stranger.status(), 401);
}
