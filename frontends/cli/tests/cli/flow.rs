//! The main job, with real renders: few, because each takes seconds.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::support::{Home, cup, settings};

#[test]
fn a_photo_becomes_a_video_once() {
    let home = Home::new();
    let photo = home.write("coffee-cup.jpg", std::fs::read(cup()).unwrap());
    home.write("coffee-cup_ugc_1.mp4", "somebody else's file");
    let args = ["generate", &photo, "Coffee cup 350 ml", "--idempotency-key", "k1"];
    let made = home.run(args);
    assert_eq!(made.code, Some(0), "{made:?}");
    let path = made.stdout.trim_end();
    assert_eq!(home.videos().len(), 2, "{:?}", home.videos());
    assert!(path.starts_with(home.work().join("coffee-cup_ugc_1-").to_str().unwrap()), "{path}");
    let video = std::fs::read(path).unwrap();
    assert_eq!(&video[4..8], b"ftyp");
    settings().bind(|| insta::assert_snapshot!("generate_notes", made.stderr));

    let again = home.run(args);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), made.stdout.as_str()));
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [1, 1, 0]);

    let json = home.run(args.into_iter().chain(["--json", "--out", "more/videos"]));
    let names: Vec<Value> = json.lines().iter().map(|line| line["event"].clone()).collect();
    assert_eq!(names, ["placed", "prompted", "sent", "accepted", "rendered", "done", "result"]);
    let result = json.result();
    let copy = result["videos"][0]["path"].as_str().unwrap();
    assert_eq!(copy, home.work().join("more/videos/coffee-cup_ugc_1.mp4").to_str().unwrap());
    assert_eq!(std::fs::read(copy).unwrap(), video);
    assert_eq!(result["credits"], serde_json::json!({"held": 0, "captured": 1, "released": 0}));
    let job = &result["jobs"][0];
    assert_eq!((job["status"].as_str(), &job["error"]), (Some("done"), &Value::Null));
    assert_eq!(job["video"]["bytes"], video.len());

    let id = job["id"].as_str().unwrap();
    settings().bind(|| {
        let shown = home.run(["jobs", "show", id]);
        let mut shown_settings = settings();
        shown_settings.add_filter(r"(?m)^prompt     .*", "prompt     [prompt]");
        shown_settings.add_filter(r"script     .*\n {11}.*\n {11}.*", "script     [script]");
        shown_settings.add_filter(r"avc1\.\w+", "[codec]");
        shown_settings.bind(|| insta::assert_snapshot!("jobs_show_done", shown.snapshot()));
        insta::assert_snapshot!("jobs_cancel_done", home.run(["jobs", "cancel", id]).snapshot());
    });
    let listed = &home.json(&["jobs", "list"])[0]["video"];
    assert_eq!(listed["path"], Value::Null, "a list copies nothing");
    assert_eq!(std::fs::read(listed["media_path"].as_str().unwrap()).unwrap(), video);
    for place in [&job["video"], &result["videos"][0]] {
        assert_eq!((&place["path"], &place["media_path"]), (&copy.into(), &listed["media_path"]));
    }
    home.assert_sound();
}

#[test]
fn a6_one_of_two_is_some() {
    let home = Home::new();
    let placed = home.run(["generate", &cup(), "Cup", "--count", "2", "--no-wait", "--json"]).result();
    let id = |index: usize| placed["jobs"][index]["id"].as_str().unwrap().to_owned();
    assert_eq!(home.run(["jobs", "cancel", &id(1)]).code, Some(0));
    let waited = home.run(["jobs", "wait", placed["order"]["id"].as_str().unwrap(), "--out", "new/videos"]);
    let mut names = settings();
    names.add_filter(r"video-[0-9a-f]{8}_", "video-[order]_");
    names.bind(|| insta::assert_snapshot!("jobs_wait_some", waited.snapshot()));
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [2, 1, 1]);
    assert_eq!(home.run(["jobs", "wait", &id(0), "--quiet"]).code, Some(0), "the other one is there");
    home.assert_sound();
}

/// Starts a command that prints JSON lines, and reads them until one of this event.
#[expect(clippy::zombie_processes, reason = "the caller waits for it")]
pub(crate) fn start_until(home: &Home, args: &[&str], event: &str) -> Child {
    let mut command = home.command(args);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    loop {
        let line: Value = serde_json::from_str(&lines.next().expect("the event comes").unwrap()).unwrap();
        if line["event"] == event {
            return child;
        }
    }
}

pub(crate) fn signal(child: &Child, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_the_order() {
    let home = Home::new();
    let cup = cup();
    let child = start_until(&home, &["generate", &cup, "Cup", "--json"], "accepted");
    signal(&child, "-INT");
    let code = child.wait_with_output().unwrap().status.code();
    assert_eq!(code, Some(130));
    let job = home.json(&["jobs", "list"])[0].clone();
    assert_eq!(job["status"], "processing");
    let timed_out = home.run(["jobs", "wait", job["id"].as_str().unwrap(), "--timeout", "1ms"]);
    settings().bind(|| insta::assert_snapshot!("jobs_wait_timeout", timed_out.snapshot()));
    let waited = home.run(["jobs", "wait", job["order_id"].as_str().unwrap(), "--json"]);
    assert_eq!(waited.result()["credits"]["captured"], 1, "{waited:?}");
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [1, 1, 0]);
    home.assert_sound();
}

#[cfg(unix)]
#[test]
fn a_worker_and_a_watcher_share_a_folder() {
    let home = Home::new();
    let cup = cup();
    let worker = home.command(["worker"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let made = home.run(["generate", &cup, "Cup", "--json"]);
    assert_eq!(made.result()["videos"].as_array().unwrap().len(), 1, "{made:?}");
    signal(&worker, "-TERM");
    let stopped = home.ran(worker.wait_with_output().unwrap());
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [1, 1, 0]);
    let idle = home.run(["worker", "--until-idle"]);
    assert_eq!(idle.code, Some(0), "{idle:?}");
    home.assert_sound();
}

/// A worker that is told to stop gives its jobs back: with leases of an hour nobody could go on otherwise.
#[cfg(unix)]
#[test]
fn b9_a_worker_that_is_told_to_stop_leaves_nothing_behind() {
    let home = Home::new();
    let command = |args: &[&str]| {
        let mut command = home.command(args);
        command.env("NEUROCARDS_LEASE", "1h").env("NEUROCARDS_HEARTBEAT", "1m");
        command
    };
    let placed = home.run(["generate", &cup(), "Cup", "--count", "3", "--no-wait", "--json"]).result();
    let order = placed["order"]["id"].as_str().unwrap();
    let worker = command(&["worker"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = || {
        let jobs = home.json(&["jobs", "list"]);
        jobs.as_array().unwrap().iter().any(|job| job["status"] == "processing")
    };
    while !begun() {
        std::thread::yield_now();
    }
    signal(&worker, "-TERM");
    let stopped = home.ran(worker.wait_with_output().unwrap());
    assert_eq!(stopped.code, Some(0), "{stopped:?}");
    assert_eq!(home.json(&["workers", "list"]), serde_json::json!([]));
    let waited = home.finish(command(&["jobs", "wait", order, "--json"]));
    assert_eq!(waited.result()["credits"]["captured"], 3, "{waited:?}");
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [3, 3, 0]);
    home.assert_sound();
}

#[test]
fn f4_a_video_that_cannot_be_stored_is_kept_for_later() {
    let home = Home::new();
    let cup = cup();
    let in_the_way = home.data().join("media/videos");
    std::fs::create_dir_all(home.data().join("media")).unwrap();
    std::fs::write(&in_the_way, "a file where a folder should be").unwrap();
    let with_short_timer = |args: &[&str]| {
        let mut command = home.command(args);
        command.env("NEUROCARDS_STORAGE_RETRY", "1s");
        home.finish(command)
    };
    let stuck = with_short_timer(&["generate", &cup, "Cup"]);
    assert_eq!((stuck.code, stuck.stdout.as_str()), (Some(7), ""), "{stuck:?}");
    settings().bind(|| insta::assert_snapshot!("storage_stuck", stuck.snapshot()));
    std::fs::remove_file(&in_the_way).unwrap();
    let job = home.json(&["jobs", "list"])[0]["id"].as_str().unwrap().to_owned();
    let waited = with_short_timer(&["jobs", "wait", &job]);
    assert_eq!(waited.code, Some(0), "{waited:?}");
    assert_eq!(home.videos().len(), 1);
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [1, 1, 0]);
    home.assert_sound();
}
