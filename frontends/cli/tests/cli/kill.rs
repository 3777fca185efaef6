//! Kill -9 at each stage: `jobs wait` finishes, the video is there once, the credit is captured once.

use crate::flow::start_until;
use crate::support::{Home, cup};

fn killed_after(event: &str) {
    let home = Home::new();
    let cup = cup();
    let mut child = start_until(&home, &["generate", &cup, "Cup", "--json"], event);
    child.kill().unwrap();
    child.wait().unwrap();
    let job = home.json(&["jobs", "list"])[0]["id"].as_str().unwrap().to_owned();
    let waited = home.run(["jobs", "wait", &job, "--json"]);
    let result = waited.result();
    assert_eq!((waited.code, &result["credits"]["captured"]), (Some(0), &1.into()), "{event}: {waited:?}");
    let videos = home.videos();
    assert_eq!(videos.iter().filter(|name| name.ends_with(".mp4")).count(), 1, "{event}: {videos:?}");
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [1, 1, 0], "{event}");
    let again = home.run(["jobs", "wait", &job]);
    assert_eq!((again.code, home.videos()), (Some(0), videos), "{event}");
    // A submission that provably never arrived may be made again; one that arrived may not.
    let shown = home.json(&["jobs", "show", &job]);
    let states: Vec<_> =
        shown["attempt_list"].as_array().unwrap().iter().map(|attempt| &attempt["state"]).collect();
    let (last, earlier) = states.split_last().unwrap();
    assert_eq!(*last, "succeeded", "{event}");
    assert!(earlier.iter().all(|state| *state == "rejected"), "{event}: {states:?}");
    home.assert_sound();
}

#[test]
fn b2_killed_when_placed() {
    killed_after("placed");
}

#[test]
fn b2_killed_when_prompted() {
    killed_after("prompted");
}

#[test]
fn b2_killed_when_sent() {
    killed_after("sent");
}

#[test]
fn b2_killed_when_accepted() {
    killed_after("accepted");
}

#[test]
fn b2_killed_while_rendering() {
    killed_after("progress");
}

#[test]
fn b2_killed_when_rendered() {
    killed_after("rendered");
}

#[test]
fn b2_killed_when_done() {
    killed_after("done");
}
