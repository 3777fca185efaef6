//! Faults by script.

use std::time::Duration;

use neurocards_fakes::kie::{KieFake, Render, words};
use neurocards_fakes::{Call, Ending, Fault, When};
use serde_json::{Value, json};

use crate::client::{create, fetch, get, order, post, read, result_url, seedance};

#[tokio::test]
async fn a_reply_is_lost_and_the_task_is_there() {
    let fake = KieFake::builder().key("k1").start().await;
    fake.script(When::paid().first(1), Fault::lost_reply());
    let body = seedance(&fake, "k1", "The cup turns.").await;
    let lost = post(&fake, "k1", "/api/v1/jobs/createTask", &body).send().await.unwrap_err();
    assert!(!lost.is_connect(), "{lost:?}");
    let tasks = fake.tasks();
    assert_eq!((tasks.len(), tasks[0].prompt.as_str()), (1, "The cup turns."));
    assert_eq!(fake.credits_milli("main"), 10_000_000 - 17_500);
    let exchange = &fake.log().of(Call::CreateTask)[0];
    assert_eq!((exchange.ending, exchange.task.as_deref()), (Ending::Lost, Some(tasks[0].id.as_str())));
    assert_eq!(create(&fake, "k1", &body).await["code"], 200);
}

#[tokio::test]
async fn a_request_may_hang_before_or_after_it_is_carried_out() {
    let fake = KieFake::builder().key("k1").start().await;
    fake.script(When::paid().says("before"), Fault::hangs());
    fake.script(When::paid().says("after"), Fault::hangs().after_it_was_done());
    for prompt in ["Hang before.", "Hang after."] {
        let body = seedance(&fake, "k1", prompt).await;
        let request = post(&fake, "k1", "/api/v1/jobs/createTask", &body);
        let hanging = tokio::spawn(async move { request.send().await });
        let arrived = |exchanges: &[neurocards_fakes::Exchange], ending| {
            exchanges.last().is_some_and(|exchange| {
                exchange.ending == ending && exchange.request["input"]["prompt"] == prompt
            })
        };
        fake.log().until("the request", |log| arrived(&log.of(Call::CreateTask), Ending::UnderWay)).await;
        hanging.abort();
        fake.log().until("the end", |log| arrived(&log.of(Call::CreateTask), Ending::Lost)).await;
    }
    let prompts: Vec<String> = fake.tasks().into_iter().map(|task| task.prompt).collect();
    assert_eq!(prompts, ["Hang after."]);
}

#[tokio::test]
async fn refusals_come_in_an_http_200() {
    let fake = KieFake::builder().key("k1").start().await;
    let faults = [
        (Fault::rate_limited(), 429, "Your call frequency is too high. Please try again later."),
        (Fault::out_of_credits(), 402, words::NO_CREDITS),
        (Fault::out_of_credits_as_500(), 500, words::NO_CREDITS),
        (Fault::over_cap(), 433, words::OVER_CAP),
        (Fault::paused(), 500, words::PAUSED),
        (Fault::unknown_model(), 422, words::UNKNOWN_MODEL),
        (Fault::internal_error(), 500, "Internal Error, Please try again later."),
        (Fault::maintenance(), 455, "The server is currently being maintained, please try again later~"),
    ];
    let body = seedance(&fake, "k1", "The cup turns.").await;
    for (n, (fault, code, msg)) in faults.into_iter().enumerate() {
        fake.script(When::paid().first(1), fault);
        let answer = create(&fake, "k1", &body).await;
        assert_eq!(answer, json!({ "code": code, "msg": msg, "data": null }), "{n}");
    }
    fake.script(When::paid().first(1), Fault::rate_limited().header("retry-after", "7"));
    let answer = post(&fake, "k1", "/api/v1/jobs/createTask", &body).send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "7");
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], 429);
    assert!(fake.tasks().is_empty());
}

#[tokio::test]
async fn answers_come_disfigured() {
    let fake = KieFake::builder().key("k1").start().await;
    let id = order(&fake, "k1", "The cup turns.").await;
    let path = format!("/api/v1/jobs/recordInfo?taskId={id}");
    let ask = async |fault: Fault| {
        fake.script(When::read().first(1), fault);
        let answer = get(&fake, "k1", &path).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await)
    };
    let (status, page) = ask(Fault::html(502)).await;
    assert_eq!(status, 502);
    assert!(page.unwrap().starts_with("<!DOCTYPE html>"));
    let (status, half) = ask(Fault::garbles()).await;
    assert_eq!(status, 200);
    serde_json::from_str::<Value>(&half.unwrap()).unwrap_err();
    ask(Fault::truncates()).await.1.unwrap_err();
    fake.log().until("the end", |log| log.of(Call::RecordInfo)[2].ending == Ending::Lost).await;
    let (_, whole) = ask(Fault::drips(3, Duration::from_millis(1))).await;
    assert_eq!(serde_json::from_str::<Value>(&whole.unwrap()).unwrap()["code"], 200);
    let (status, body) = ask(Fault::status(503)).await;
    assert_eq!(
        (status, serde_json::from_str::<Value>(&body.unwrap()).unwrap()["code"].as_i64()),
        (503, Some(200))
    );
    let (_, body) = ask(Fault::without_data()).await;
    assert_eq!(body.unwrap(), r#"{"code":200,"msg":"success"}"#);
    let (status, body) = ask(Fault::forbidden_1010()).await;
    assert_eq!((status, body.unwrap().as_str()), (403, "error code: 1010"));
    let (status, _) = ask(Fault::redirects(307, "http://127.0.0.1:1/")).await;
    assert_eq!(status, 307);
    assert_eq!(fake.log().exchanges().last().unwrap().ending, Ending::Answered);
    // What was carried out counts as a reading; what was not does not.
    assert_eq!(fake.task(&id).unwrap().reads, 5);
}

#[tokio::test]
async fn a_flood_ends_when_the_client_has_enough() {
    let fake = KieFake::builder().key("k1").render(Render::succeeds().after_reads(1)).start().await;
    let id = order(&fake, "k1", "The cup turns.").await;
    fake.script(When::media().first(1), Fault::floods());
    fake.script(When::media().first(1), Fault::html(404));
    let url = result_url(&fake, "k1", &id).await;
    let mut answer = fetch(&url).await;
    let mut taken = 0;
    while taken < 3_000_000 {
        taken += answer.chunk().await.unwrap().unwrap().len();
    }
    drop(answer);
    assert_eq!(fetch(&url).await.bytes().await.unwrap(), fake.video(&id));
}

#[tokio::test]
async fn the_script_counts_and_tells_apart() {
    let fake = KieFake::builder().account("a").key("a1").account("b").key("b1").start().await;
    fake.script(When::call(Call::RecordInfo).nth(2), Fault::busy());
    fake.script(When::paid().account("b"), Fault::paused());
    fake.script(When::paid().says("TEAPOT").model("bytedance/seedance-1.5-pro"), Fault::disabled());
    let id = order(&fake, "a1", "The cup turns.").await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(read(&fake, "a1", &id).await["code"].as_i64().unwrap());
    }
    assert_eq!(codes, [200, 500, 200]);
    let body = seedance(&fake, "b1", "The cup turns.").await;
    assert_eq!(create(&fake, "b1", &body).await["msg"], words::PAUSED);
    let body = seedance(&fake, "a1", "The teapot turns.").await;
    assert_eq!(create(&fake, "a1", &body).await["code"], 505);
}
