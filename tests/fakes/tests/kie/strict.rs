//! What a strict fake does not let pass.

use neurocards_fakes::kie::KieFake;
use neurocards_fakes::{Journal, Rule};
use serde_json::json;

use crate::client::{create, envelope, fetch, get, http, order, seedance, upload};

fn rules(fake: &KieFake) -> Vec<Rule> {
    fake.violations().into_iter().map(|violation| violation.rule).collect()
}

#[tokio::test]
async fn every_breach_is_noted() {
    let fake = KieFake::builder().key("k1").lenient().start().await;
    let dead = get(&fake, "k1", "/api/v1/account/balance").send().await.unwrap();
    assert_eq!(dead.status(), 404);
    assert_eq!(rules(&fake), [Rule::Unrouted]);
    // A GET without Content-Type.
    let url = format!("{}/api/v1/chat/credit", fake.api_url());
    assert_eq!(envelope(http().get(url).bearer_auth("k1")).await["code"], 200);
    assert_eq!(rules(&fake)[1..], [Rule::Headers]);

    let mut body = seedance(&fake, "k1", "The cup turns.").await;
    body["callBackUrl"] = json!("http://127.0.0.1:9/callbacks/kie/t1");
    body["input"]["sparkle"] = json!(true);
    create(&fake, "k1", &body).await;
    assert_eq!(rules(&fake)[2..], [Rule::UnknownField]);
    create(&fake, "k1", &body).await;
    assert_eq!(rules(&fake)[3..], [Rule::SecondPost, Rule::UnknownField]);

    let bare = json!({ "model": "wan/2-7-image-to-video", "input": { "prompt": "The cup turns." } });
    create(&fake, "k1", &bare).await;
    assert_eq!(rules(&fake)[5..], [Rule::NoPhoto]);
    let mut telegram = bare.clone();
    telegram["input"]["first_frame_url"] = json!("https://api.telegram.org/file/bot1:secret/photos/1.jpg");
    create(&fake, "k1", &telegram).await;
    assert_eq!(rules(&fake)[6..], [Rule::Secret, Rule::Photo]);
    http().get(upload(&fake, "k1").await).bearer_auth("k1").send().await.unwrap();
    assert_eq!(rules(&fake)[8..], [Rule::Secret]);
    fetch(&format!("{}/nothing/here.mp4", fake.media_url())).await;
    assert_eq!(rules(&fake)[9..], [Rule::Unrouted]);
    fake.allow(Rule::Unrouted);
    assert!(!rules(&fake).contains(&Rule::Unrouted));
}

#[tokio::test]
async fn a_breach_fails_the_test() {
    let fake = KieFake::builder().key("k1").start().await;
    get(&fake, "k1", "/api/v1/jobs/create").send().await.unwrap();
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(fake))).unwrap_err();
    let message = ended.downcast::<String>().unwrap();
    assert!(message.contains("Unrouted: GET /api/v1/jobs/create at the Api host"), "{message}");
    assert!(message.contains("1 Unrouted GET /api/v1/jobs/create -> 404, code 404"), "{message}");
}

#[tokio::test]
async fn the_journal_has_an_order_and_no_keys() {
    let journal = Journal::new();
    let fake = KieFake::builder().key("a-secret-key").journal(journal.clone()).start().await;
    let before = journal.mark("sent is committed");
    let id = order(&fake, "a-secret-key", "The cup turns.").await;
    let paid = &journal.paid()[0];
    assert!(before < paid.seq && paid.seq < paid.ended.unwrap());
    assert_eq!(paid.task.as_deref(), Some(id.as_str()));
    assert_eq!(paid.account.as_deref(), Some("main"));
    assert_eq!(paid.key.as_ref().unwrap().len(), 8);
    assert_eq!(journal.hosts().len(), 2);
    assert!(!format!("{journal:?}{fake:?}").contains("a-secret-key"));
    fake.finish();
}

#[tokio::test]
async fn the_same_seed_gives_the_same_names() {
    let mut ids = Vec::new();
    for seed in [1, 1, 2] {
        let fake = KieFake::builder().key("k1").seed(seed).start().await;
        ids.push(order(&fake, "k1", "The cup turns.").await);
    }
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}

#[test]
fn it_answers_while_its_user_blocks() {
    use std::io::{Read, Write};
    let fake = KieFake::builder().key("k1").start_blocking();
    let mut stream = std::net::TcpStream::connect(&fake.api_url()["http://".len()..]).unwrap();
    let request = "GET /api/v1/chat/credit HTTP/1.1\r\nhost: x\r\nuser-agent: t\r\nauthorization: Bearer k1\r\n\
                   content-type: application/json\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with(r#"{"code":200,"data":10000.0,"msg":"success"}"#), "{answer}");
}
