//! Videos that were removed because they were old, and keeping house.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use neurocards::store::SqliteStore;
use neurocards::{Clock, Store, SystemClock};
use serde_json::{Value, json};

use crate::support::{Home, cup, settings};

/// Notes all videos as removed, as a worker does once they are old enough.
async fn retire(home: &Home) {
    let file = home.data().join("neurocards.db");
    let store = SqliteStore::open(file, Arc::new(SystemClock::new())).await.unwrap();
    assert_eq!(store.videos_retire(Duration::ZERO, 100).await.unwrap(), 1);
    store.close().await;
}

#[tokio::test]
async fn a_video_that_was_removed_is_told_everywhere() {
    let home = Home::new();
    let ordered = ["generate", &cup(), "Cup", "--idempotency-key", "k1"];
    let made = home.run(ordered.iter().chain(&["--json"])).result();
    let job = made["jobs"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(made["jobs"][0]["video"]["removed_at"], Value::Null);
    retire(&home).await;
    let video = made["videos"][0]["media_path"].as_str().unwrap();
    fs::remove_file(video).unwrap();

    let out = home.work().join("out");
    let waited = home.run(["jobs", "wait", &job, "--out", out.to_str().unwrap()]);
    let shown = home.run(["jobs", "show", &job]).stdout;
    let shown: Vec<_> = shown.lines().skip_while(|line| !line.starts_with("video")).take(3).collect();
    settings().bind(|| {
        insta::assert_snapshot!("video_removed", waited.snapshot());
        insta::assert_snapshot!("jobs_show_removed", shown.join("\n"));
        insta::assert_snapshot!("audit_removed", home.run(["audit", "--hashes"]).snapshot());
        insta::assert_snapshot!("generate_removed", home.run(ordered).snapshot());
    });
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    let result = home.run(["jobs", "wait", &job, "--json"]).result();
    assert_eq!(
        (&result["error"]["class"], &result["credits"]["captured"]),
        (&json!("video_removed"), &json!(1))
    );
    for document in [home.json(&["jobs", "show", &job]), home.json(&["jobs", "list"])[0].clone()] {
        let video = &document["video"];
        assert!(video["removed_at"].is_string() && video["media_path"].is_null(), "{document}");
        assert_eq!(video["sha256"], made["videos"][0]["sha256"]);
    }
    assert!(home.run(["jobs", "list"]).stdout.contains("removed on "));
    let audit = home.json(&["audit"]);
    assert_eq!(
        (&audit["ok"], &audit["videos"], &audit["videos_removed"]),
        (&json!(true), &json!(1), &json!(1))
    );
    let doctor = home.run(["doctor"]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    assert!(doctor.stdout.contains("1 made, 1 removed because they were old"), "{doctor:?}");
    // It was delivered: nothing comes back.
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [1, 1, 0]);
}

fn store_photo(home: &Home, hash: &str, days: u64) -> std::path::PathBuf {
    let file = home.data().join(format!("media/photos/{}/{hash}.jpg", &hash[..2]));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "photo").unwrap();
    let now = SystemTime::from(SystemClock::new().now());
    let stored = now - Duration::from_secs(days * 24 * 3_600);
    File::options().write(true).open(&file).unwrap().set_modified(stored).unwrap();
    file
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn what_nobody_needs_is_set_aside_by_whoever_works() {
    let home = Home::new();
    let (old, young) = (store_photo(&home, &"ab".repeat(32), 2), store_photo(&home, &"cd".repeat(32), 0));
    let ran = home.run(["generate", &cup(), "Cup", "--quiet"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!((old.exists(), young.exists()), (false, true));
    let binned = files(&home.data().join("media/bin/photos"));
    assert!(binned.len() == 1 && binned[0].starts_with(&"ab".repeat(32)), "{binned:?}");
    home.assert_sound();
}

#[test]
fn how_long_things_are_kept_can_be_set() {
    let home = Home::new();
    let told = |settings: &[(&str, &str)]| {
        let mut command = home.command(["doctor"]);
        command.envs(settings.iter().copied());
        let ran = home.finish(command);
        let line = ran.stdout.lines().find(|line| line.contains("retention")).unwrap_or_default();
        (ran.code, line.split_once("photos are kept ").map(|(_, keep)| keep.to_owned()))
    };
    let says = |keep: &str| (Some(0), Some(keep.to_owned()));
    let (photos, videos) = ("NEUROCARDS_KEEP_PHOTOS", "NEUROCARDS_KEEP_VIDEOS");
    assert_eq!(told(&[]), says("for 30 days, videos for 90 days"));
    assert_eq!(told(&[(photos, "12h"), (videos, "7d")]), says("for 12 hours, videos for 7 days"));
    assert_eq!(told(&[(photos, "forever"), (videos, "0")]), says("for ever, videos for ever"));
    for bad in ["30", "1m", "never"] {
        assert_eq!(told(&[(videos, bad)]), (Some(2), None), "{bad}");
    }
}
