//! A disk that is full, under a database in a file. The disk is a real one, and small: it is mounted in a process that has
//! its own mounts.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::process::Command;

use neurocards_fakes::When;
use neurocards_fakes::kie::Render;
use serde_json::json;

use crate::http::Worker;
use crate::kie::{command, kie, wait_until};
use crate::support::{Home, cup};

/// Set where the mounts are the process's own.
const INSIDE: &str = "NEUROCARDS_TEST_OWN_MOUNTS";

/// Runs this test once more, with mounts of its own; there it answers `false`.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by the one that began it; only CI must have mounts"
)]
fn runs_elsewhere(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return false;
    }
    let unshare = |args: &[&str]| {
        let mut command = Command::new("unshare");
        command.arg("--mount").args(args);
        command
    };
    // Whoever is not root may be it in a namespace of his own.
    let can = |args: &&[&str]| unshare(args).arg("true").output().is_ok_and(|ran| ran.status.success());
    let Some(args) = [&[][..], &["--map-root-user"]].into_iter().find(can) else {
        assert!(std::env::var_os("CI").is_none(), "CI has mount namespaces");
        eprintln!("skipped: there are no mount namespaces here");
        return true;
    };
    let mut again = unshare(args);
    again.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]).env(INSIDE, "yes");
    let ran = again.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    true
}

/// The database gets a disk of four megabytes; media lie elsewhere.
fn small_disk(home: &Home) {
    fs::create_dir(home.data()).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=4m", "none"])
        .arg(home.data())
        .status()
        .unwrap();
    assert!(mounted.success());
}

/// Takes every block that is left.
fn fill(home: &Home) {
    let mut filler = File::create(home.data().join("filler")).unwrap();
    loop {
        if let Err(error) = filler.write_all(&[0; 4_096]) {
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            return;
        }
    }
}

#[test]
fn f4_a_full_disk_charges_nothing() {
    if runs_elsewhere("disk::f4_a_full_disk_charges_nothing") {
        return;
    }
    let home = Home::new();
    small_disk(&home);
    assert_eq!(home.run(["migrate"]).code, Some(0));
    fill(&home);
    let refused = home.run(["generate", &cup(), "Cup", "--quiet"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("Nothing was spent."), "{refused:?}");
    fs::remove_file(home.data().join("filler")).unwrap();
    assert_eq!(home.json(&["credits", "history"]), json!([]));
    assert_eq!(home.json(&["jobs", "list"]), json!([]));
    home.assert_sound();
}

#[test]
fn f4_a_worker_outlives_a_full_disk() {
    if runs_elsewhere("disk::f4_a_worker_outlives_a_full_disk") {
        return;
    }
    let (home, kie) = (Home::new(), kie());
    small_disk(&home);
    kie.script(When::paid(), Render::succeeds().when_told());
    let told = |args: &[&str]| {
        let mut command = command(&home, &kie, args);
        command.env("NEUROCARDS_MEDIA_URL", format!("file://{}/media", home.path().display()));
        command
    };
    let order =
        |key: &str| told(&["generate", &cup(), "Cup", "--no-wait", "--json", "--idempotency-key", key]);
    let worker = Worker::spawn(told(&["worker"]));
    assert_eq!(home.finish(order("before")).code, Some(0));
    wait_until(|| !kie.tasks().is_empty());
    worker.wait_for("/readyz", "HTTP/1.1 200");

    fill(&home);
    let unready = worker.wait_for("/readyz", "the disk of the database is full");
    assert!(unready.starts_with("HTTP/1.1 503"), "{unready}");
    let refused = home.finish(order("meanwhile"));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    let error = &refused.result()["error"];
    assert_eq!(
        (&error["class"], &error["spent"]),
        (&json!("storage"), &json!("Nothing was spent.")),
        "{refused:?}"
    );
    kie.finish_task(&kie.tasks()[0].id);

    fs::remove_file(home.data().join("filler")).unwrap();
    worker.wait_for("/readyz", "HTTP/1.1 200");
    assert_eq!(home.finish(order("meanwhile")).code, Some(0));
    wait_until(|| kie.tasks().len() == 2);
    for task in kie.tasks().iter().filter(|task| task.succeeded.is_none()) {
        kie.finish_task(&task.id);
    }
    for key in ["before", "meanwhile"] {
        let made = home.finish(told(&["generate", &cup(), "Cup", "--json", "--idempotency-key", key]));
        assert_eq!((made.code, &made.result()["credits"]["captured"]), (Some(0), &json!(1)), "{made:?}");
    }
    assert_eq!(kie.log().paid().len(), 2);
    assert_eq!(home.entries("cli:default", ["hold", "capture", "release"]), [2, 2, 0]);
    let audit = home.finish(told(&["audit"]));
    assert_eq!((audit.code, audit.stdout.as_str()), (Some(0), ""), "{audit:?}");
    kie.finish();
}
