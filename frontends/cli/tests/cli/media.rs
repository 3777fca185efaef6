//! Videos that were changed behind our back, and a database that was lost beside them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{Home, cup, settings};

/// A home with one finished order: the job, and its video in the media folder.
fn with_a_video() -> (Home, String, PathBuf) {
    let home = Home::new();
    let made = home.run(["generate", &cup(), "Cup", "--json"]).result();
    let job = made["jobs"][0]["id"].as_str().unwrap().to_owned();
    let video = PathBuf::from(made["videos"][0]["media_path"].as_str().unwrap());
    (home, job, video)
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).map(Iterator::count).unwrap_or_default()
}

#[test]
fn f6_a_broken_video_is_not_handed_over_and_the_audit_finds_it() {
    let (home, job, video) = with_a_video();
    let whole = fs::read(&video).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let out = home.work().join("out");
    let wait = || home.run(["jobs", "wait", &job, "--out", out.to_str().unwrap()]);
    for (name, bytes) in [("truncated", Some(&whole[..500])), ("overwritten", Some(&flipped)), ("gone", None)]
    {
        match bytes {
            Some(bytes) => fs::write(&video, bytes).unwrap(),
            None => fs::remove_file(&video).unwrap(),
        }
        let waited = wait();
        assert_eq!(
            (waited.code, waited.stdout.as_str(), files(&out)),
            (Some(1), "", 0),
            "{name}: {waited:?}"
        );
        settings().bind(|| insta::assert_snapshot!(format!("video_{name}"), waited.snapshot()));
        let json = home.run(["jobs", "wait", &job, "--json"]).result();
        assert_eq!(
            (&json["error"]["class"], &json["credits"]["captured"]),
            (&json!("video_lost"), &json!(1))
        );
        let (quick, read) = (home.run(["audit"]), home.run(["audit", "--hashes"]));
        // The size of the flipped one is right: only reading it tells.
        assert_eq!((quick.code, read.code), (Some(i32::from(name != "overwritten")), Some(1)), "{name}");
        assert!(read.stdout.starts_with(&format!("{job}: the video of a done job is ")), "{read:?}");
        let doctor = home.run(["doctor"]);
        assert_eq!(doctor.code, quick.code, "{doctor:?}");
        let words = "FAIL  videos       1 of 1 are missing or damaged";
        assert_eq!(doctor.stdout.contains(words), name != "overwritten", "{doctor:?}");
    }
    let audit = home.run(["audit", "--json"]);
    let audit: serde_json::Value = serde_json::from_str(&audit.stdout).unwrap();
    assert_eq!((&audit["ok"], &audit["violations"][0]["key"]), (&json!(false), &json!(job)));
    fs::write(&video, &whole).unwrap();
    assert_eq!((wait().code, files(&out)), (Some(0), 1));
    assert_eq!(home.run(["audit", "--hashes"]).code, Some(0));
    home.assert_sound();
}

#[test]
fn looking_makes_no_database() {
    let home = Home::new();
    let id = "0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b";
    for (args, code) in [
        (vec!["audit"], 0),
        (vec!["jobs", "list"], 0),
        (vec!["jobs", "show", id], 1),
        (vec!["jobs", "wait", id], 1),
        (vec!["jobs", "cancel", id], 1),
        (vec!["orders", "show", id], 1),
        (vec!["credits", "balance"], 0),
        (vec!["credits", "history"], 0),
        (vec!["queue", "status"], 0),
        (vec!["queue", "resume"], 0),
        (vec!["workers", "list"], 0),
    ] {
        let ran = home.run(&args);
        assert_eq!(ran.code, Some(code), "{ran:?}");
        assert!(ran.stderr.contains("there is no database yet at "), "{ran:?}");
        assert!(!home.data().exists(), "{args:?}");
    }
    assert_eq!(home.json(&["jobs", "list"]), json!([]));
    assert_eq!(home.json(&["credits", "balance"])["available"], 0);
}

#[test]
fn a_database_that_was_lost_beside_videos_is_told() {
    let (home, ..) = with_a_video();
    let database = home.data().join("neurocards.db");
    let told = |what: &str| {
        for args in [vec!["jobs", "list"], vec!["credits", "balance"], vec!["audit"]] {
            let ran = home.run(&args);
            assert_eq!(ran.code, Some(i32::from(args == ["audit"])), "{what}: {ran:?}");
            assert!(ran.stderr.contains("it was lost or emptied"), "{what}: {ran:?}");
        }
        let doctor = home.run(["doctor"]);
        assert!(doctor.code == Some(1) && doctor.stdout.contains("FAIL  videos"), "{what}: {doctor:?}");
    };
    for end in ["", "-wal", "-shm"] {
        // The journal may have been taken into the file already.
        let _ = fs::remove_file(home.data().join(format!("neurocards.db{end}")));
    }
    told("lost");
    assert!(!database.exists(), "looking makes none");
    fs::write(&database, "").unwrap();
    told("emptied");
    assert_eq!(fs::metadata(&database).unwrap().len(), 0, "looking writes nothing");
    assert_eq!(home.run(["migrate"]).code, Some(0));
    told("made anew");
    let placed = home.run(["generate", &cup(), "Cup", "--no-wait"]);
    assert!(placed.code == Some(0) && placed.stderr.contains("it was lost or emptied"), "{placed:?}");
}

#[test]
fn d9_a_damaged_photo_ends_the_job_and_its_credit_returns() {
    let home = Home::new();
    let placed = home.run(["generate", &cup(), "Cup", "--no-wait", "--json"]).result();
    let folder = home.data().join("media/photos");
    let inner = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let photo = fs::read_dir(inner).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&photo).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&photo, bytes).unwrap();
    let waited = home.run(["jobs", "wait", placed["jobs"][0]["id"].as_str().unwrap()]);
    settings().bind(|| insta::assert_snapshot!("photo_damaged", waited.snapshot()));
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [1, 0, 1]);
    home.assert_sound();
}
