//! What the fake tells by itself.

use std::time::Duration;

use neurocards_fakes::kie::{Callbacks, KieFake, Render, words};
use neurocards_fakes::{Call, Clock, Ending, Fault, When};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::client::{SEEDANCE, create, get, post, read, seedance};

/// Somebody who takes messages, and answers each with the next of the statuses, at last always with 200.
struct Taker {
    url: String,
    messages: mpsc::UnboundedReceiver<(String, Value)>,
}

impl Taker {
    async fn open(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/callbacks/kie/t1", listener.local_addr().unwrap());
        let (send, messages) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut statuses = statuses.iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut text = String::new();
                let (head, body) = loop {
                    let mut chunk = [0; 4096];
                    let read = stream.read(&mut chunk).await.unwrap();
                    text.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
                    let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                    if body.len() >= length.parse::<usize>().unwrap() {
                        break (head.to_owned(), serde_json::from_str(body).unwrap());
                    }
                };
                let status = statuses.next().unwrap_or(&200);
                let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                let _ = send.send((head, body));
            }
        });
        Self { url, messages }
    }

    async fn next(&mut self) -> (String, Value) {
        tokio::time::timeout(Duration::from_secs(30), self.messages.recv()).await.unwrap().unwrap()
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn a_success_is_told_and_signed() {
    let mut taker = Taker::open(&[]).await;
    let clock = Clock::manual();
    let fake = KieFake::builder()
        .key("k1")
        .clock(clock.clone())
        .webhook_key("hook")
        .render(Render::succeeds().after(Duration::from_secs(57)))
        .start()
        .await;
    let mut body = seedance(&fake, "k1", "The cup turns.").await;
    body["callBackUrl"] = json!(taker.url);
    let created = clock.now_ms();
    let id = create(&fake, "k1", &body).await["data"]["taskId"].as_str().unwrap().to_owned();
    clock.advance(Duration::from_secs(57));
    let (head, told) = taker.next().await;
    assert!(head.starts_with("POST /callbacks/kie/t1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(told["code"], 200);
    assert_eq!(told["msg"], "Playground task completed successfully.");
    let data = &told["data"];
    assert_eq!((&data["taskId"], &data["model"]), (&json!(id), &json!(SEEDANCE)));
    assert_eq!((&data["state"], &data["costTime"]), (&json!("success"), &json!(57)));
    assert_eq!(data["updateTime"], created + 57_000);
    assert!(data["resultJson"].as_str().unwrap().contains(&fake.media_url()));
    let stamp = header(&head, "x-webhook-timestamp").unwrap();
    assert_eq!(stamp, ((created + 57_000) / 1000).to_string());
    use base64::Engine;
    use hmac::{KeyInit, Mac};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(b"hook").unwrap();
    mac.update(format!("{id}.{stamp}").as_bytes());
    let expect = base64::prelude::BASE64_STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(header(&head, "x-webhook-signature"), Some(expect.as_str()));
}

#[tokio::test]
async fn a_failure_is_told_again_until_it_is_taken() {
    let mut taker = Taker::open(&[500, 503]).await;
    let fake = KieFake::builder().key("k1").start().await;
    fake.script(When::paid(), Render::fails("500", words::INTERNAL).after_reads(0));
    let mut body = seedance(&fake, "k1", "The cup turns.").await;
    body["callBackUrl"] = json!(taker.url);
    create(&fake, "k1", &body).await;
    for _ in 0..3 {
        let (head, told) = taker.next().await;
        assert_eq!(header(&head, "x-webhook-signature"), None);
        assert_eq!((&told["code"], &told["msg"]), (&json!(501), &json!("Playground task failed.")));
        assert_eq!((&told["data"]["state"], &told["data"]["failCode"]), (&json!("fail"), &json!("500")));
        assert_eq!(told["data"]["resultJson"], Value::Null);
    }
    fake.log()
        .until("the third try's end", |log| {
            let ended = log.of(Call::Callback).into_iter().filter(|try_| try_.ending == Ending::Answered);
            ended.map(|try_| try_.status.unwrap()).eq([500, 503, 200])
        })
        .await;
}

#[tokio::test]
async fn a_message_may_come_before_the_reply_and_more_than_once() {
    let mut taker = Taker::open(&[]).await;
    let fake = KieFake::builder().key("k1").start().await;
    fake.script(When::paid(), Render::succeeds().callbacks(Callbacks::times(2).before_the_reply()));
    let mut body = seedance(&fake, "k1", "The cup turns.").await;
    body["callBackUrl"] = json!(taker.url);
    let id = create(&fake, "k1", &body).await["data"]["taskId"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        assert_eq!(taker.next().await.1["data"]["taskId"], id);
    }
    let (created, told) = (fake.log().paid(), fake.log().of(Call::Callback));
    assert!(told.iter().all(|told| told.ended.unwrap() < created[0].ended.unwrap()));
    // And once more, much later.
    assert_eq!(fake.message(&id).send().await, Some(200));
    assert_eq!(taker.next().await.1["data"]["taskId"], id);
}

#[tokio::test]
async fn otherwise_a_message_waits_for_the_reply() {
    let mut taker = Taker::open(&[]).await;
    let fake = KieFake::builder().key("k1").render(Render::succeeds().after_reads(0)).start().await;
    fake.script(When::paid(), Fault::drips(3, Duration::from_millis(60)));
    let mut body = seedance(&fake, "k1", "The cup turns.").await;
    body["callBackUrl"] = json!(taker.url);
    let request = post(&fake, "k1", "/api/v1/jobs/createTask", &body);
    let other = get(&fake, "k1", "/api/v1/chat/credit");
    let answer = tokio::spawn(async move { request.send().await.unwrap().bytes().await });
    fake.log().until("the task", |log| log.paid().iter().any(|paid| paid.task.is_some())).await;
    // Something else happens meanwhile, and ends.
    other.send().await.unwrap();
    answer.await.unwrap().unwrap();
    taker.next().await;
    assert!(fake.log().paid()[0].ended.unwrap() < fake.log().of(Call::Callback)[0].seq);
}

#[tokio::test]
async fn a_message_comes_although_the_reply_was_lost() {
    for fault in [Fault::lost_reply(), Fault::hangs().after_it_was_done()] {
        let mut taker = Taker::open(&[]).await;
        let fake = KieFake::builder().key("k1").render(Render::succeeds().after_reads(0)).start().await;
        fake.script(When::paid(), fault);
        let mut body = seedance(&fake, "k1", "The cup turns.").await;
        body["callBackUrl"] = json!(taker.url);
        let request = post(&fake, "k1", "/api/v1/jobs/createTask", &body);
        let lost = tokio::spawn(async move { request.send().await });
        let id = taker.next().await.1["data"]["taskId"].as_str().unwrap().to_owned();
        assert_eq!(read(&fake, "k1", &id).await["data"]["state"], "success");
        lost.abort();
    }
}

#[tokio::test]
async fn messages_can_be_kept_back_and_forged() {
    let mut taker = Taker::open(&[]).await;
    let fake = KieFake::builder().key("k1").webhook_key("hook").start().await;
    fake.script(When::paid(), Render::succeeds().after_reads(1).callbacks(Callbacks::none()));
    let mut body = seedance(&fake, "k1", "The cup turns.").await;
    body["callBackUrl"] = json!(taker.url);
    let id = create(&fake, "k1", &body).await["data"]["taskId"].as_str().unwrap().to_owned();
    assert_eq!(read(&fake, "k1", &id).await["data"]["state"], "success");
    assert_eq!(fake.log().count(Call::Callback), 0);
    let forged = fake.message(&id).edit(|body| body["data"]["taskId"] = json!("another")).signed("guess", 1);
    assert_eq!(forged.send().await, Some(200));
    let (head, told) = taker.next().await;
    assert_eq!(
        (header(&head, "x-webhook-timestamp"), &told["data"]["taskId"]),
        (Some("1"), &json!("another"))
    );
    let unsigned = fake.message(&id).unsigned().to(&taker.url.replace("t1", "t2"));
    unsigned.send().await;
    let (head, _) = taker.next().await;
    assert!(head.starts_with("POST /callbacks/kie/t2") && !head.contains("x-webhook"), "{head}");
    // Nobody is asked who is not on this machine; this address leads here, and yet it is not one of its own.
    assert_eq!(fake.message(&id).to(&taker.url.replace("127.0.0.1", "0.0.0.0")).send().await, None);
    assert_eq!(fake.message(&id).to("http://192.0.2.1/callbacks").send().await, None);
    assert_eq!(fake.message(&id).to("https://127.0.0.1/callbacks").send().await, None);
}

#[tokio::test]
async fn veo_and_runway_tell_in_their_own_way() {
    let mut taker = Taker::open(&[]).await;
    let fake = KieFake::builder().key("k1").render(Render::succeeds().after_reads(0)).start().await;
    let photo = crate::client::upload(&fake, "k1").await;
    let body = json!({ "prompt": "The cup.", "imageUrls": [photo], "callBackUrl": taker.url });
    post(&fake, "k1", "/api/v1/veo/generate", &body).send().await.unwrap();
    let (_, veo) = taker.next().await;
    assert_eq!((&veo["code"], &veo["data"]["fallbackFlag"]), (&json!(200), &json!(false)));
    assert!(veo["data"]["info"]["resultUrls"][0].is_string() && veo["data"]["promptJson"].is_string());
    let body = json!({
        "prompt": "The cup.", "imageUrl": photo, "duration": 5, "quality": "720p",
        "callBackUrl": format!("{}2", taker.url),
    });
    post(&fake, "k1", "/api/v1/runway/generate", &body).send().await.unwrap();
    let (_, runway) = taker.next().await;
    assert!(runway["data"]["video_url"].as_str().unwrap().starts_with(&fake.media_url()));
    assert!(runway["data"]["task_id"].is_string() && runway["data"].get("taskId").is_none());
}
