//! `queue`: on a file and on a server.

use neurocards_testkit::postgres;
use serde_json::{Value, json};

use crate::flow::start_until;
use crate::support::{Home, cup, settings};

fn stage(home: &Home, name: &str) -> Value {
    let status = home.json(&["queue", "status"]);
    status["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == name).unwrap().clone()
}

/// A paused queue takes orders, says so, and goes on.
fn pausing(home: &Home) {
    let cup = cup();
    let paused = home.run(["queue", "pause", "--reason", "the provider is down"]);
    assert_eq!(paused.code, Some(0), "{paused:?}");
    assert!(paused.stdout.starts_with("the queue is paused since "), "{paused:?}");
    let again = home.json(&["queue", "pause", "--reason", "another one"]);
    assert_eq!(
        (&again["changed"], &again["pauses"][0]["reason"]),
        (&json!(false), &json!("the provider is down"))
    );

    let placed = home.run(["generate", &cup, "Cup", "--no-wait", "--json"]);
    assert_eq!(placed.lines()[0]["warning"], "queue_paused", "{placed:?}");
    let order = placed.result()["order"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        stage(home, "prompt"),
        json!({"stage": "prompt", "jobs": 1, "due": 0, "leased": 0, "paused": 1})
    );
    let waited = home.run(["jobs", "wait", &order, "--timeout", "1s"]);
    assert_eq!(waited.code, Some(7), "{waited:?}");
    assert!(waited.stderr.contains("the queue is paused since"), "{waited:?}");
    assert!(waited.stderr.contains("(the provider is down); the order is kept and waits."), "{waited:?}");
    let idle = home.run(["worker", "--until-idle"]);
    assert!(idle.code == Some(0) && idle.stderr.contains("the queue is paused"), "{idle:?}");

    let model = home.json(&["queue", "pause", "--model", "preview"]);
    assert_eq!(model["pauses"][1]["model"], "preview");
    let mut texts = settings();
    texts.add_filter(r"workers     \d+", "workers     [n]");
    texts.bind(|| {
        insta::assert_snapshot!("queue_status", home.run(["queue", "status"]).snapshot());
        insta::assert_snapshot!("queue_resume", home.run(["queue", "resume"]).snapshot());
        insta::assert_snapshot!("queue_resume_again", home.run(["queue", "resume"]).snapshot());
    });
    assert_eq!(home.run(["queue", "resume", "--model", "preview"]).stdout, "resumed: model preview\n");
    let made = home.run(["jobs", "wait", &order, "--json"]);
    assert_eq!(made.result()["credits"]["captured"], 1, "{made:?}");
    assert!(!made.stdout.contains("queue_paused"), "{made:?}");
    home.assert_sound();
}

/// What is at a provider is waited for; nothing new begins.
fn draining(home: &Home) {
    let cup = cup();
    let idle = home.run(["queue", "drain", "--json"]).result();
    assert_eq!((&idle["drained"], &idle["at_provider"]), (&json!(true), &json!(0)));
    assert_eq!(home.run(["queue", "resume"]).code, Some(0));
    let mut killed = start_until(home, &["generate", &cup, "Cup", "--json"], "accepted");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let late = home.run(["queue", "drain", "--timeout", "1s"]);
    assert_eq!(late.code, Some(7), "{late:?}");
    assert!(late.stderr.contains("The queue stays paused"), "{late:?}");
    assert!(late.stderr.contains("1 at a provider"), "{late:?}");
    let waiting = home.run(["generate", &cup, "Another cup", "--no-wait"]);
    assert!(waiting.stderr.contains("the order waits"), "{waiting:?}");
    let worked = home.run(["worker", "--until-idle"]);
    assert!(worked.code == Some(0) && worked.stderr.contains("a job has ended"), "{worked:?}");
    let drained = home.run(["queue", "drain"]);
    assert_eq!(
        (drained.code, drained.stdout.as_str()),
        (Some(0), "nothing is under way; the queue stays paused\n")
    );
    assert_eq!(stage(home, "prompt")["paused"], 1);
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [2, 1, 0]);
    home.assert_sound();
}

#[test]
fn a_file_is_paused_and_resumed() {
    pausing(&Home::new());
}

#[test]
fn a_file_is_drained() {
    draining(&Home::new());
}

#[tokio::test]
async fn a_server_is_paused_and_resumed() {
    let database = postgres::empty_database().await;
    pausing(&Home::on(&database.url));
}

#[tokio::test]
async fn a_server_is_drained() {
    let database = postgres::empty_database().await;
    draining(&Home::on(&database.url));
}

#[cfg(unix)]
#[test]
fn an_interrupted_drain_leaves_the_queue_paused() {
    let home = Home::new();
    let mut killed = start_until(&home, &["generate", &cup(), "Cup", "--json"], "accepted");
    killed.kill().unwrap();
    killed.wait().unwrap();
    let drain = start_until(&home, &["queue", "drain", "--json"], "draining");
    crate::flow::signal(&drain, "-INT");
    let ran = home.ran(drain.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert_eq!(home.json(&["queue", "status"])["pauses"][0]["scope"], "everything");
}
