//! Orders that nobody carries on: placing, listing, showing, cancelling.

use serde_json::{Value, json};

use crate::support::{Home, Ran, cup, settings};

fn place(home: &Home, more: &[&str]) -> Ran {
    let cup = cup();
    home.run(["generate", &cup, "Coffee cup 350 ml, 990 ₽", "--no-wait"].iter().chain(more))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn an_order_without_waiting_is_listed_shown_and_cancelled() {
    let home = Home::new();
    let placed = place(&home, &["--count", "2"]);
    settings().bind(|| insta::assert_snapshot!("no_wait", placed.snapshot()));
    let order = placed.stdout.lines().next().unwrap().split_whitespace().nth(1).unwrap().to_owned();
    let jobs = home.json(&["jobs", "list"]);
    let job = jobs[0]["id"].as_str().unwrap().to_owned();
    settings().bind(|| {
        insta::assert_snapshot!("jobs_list", home.run(["jobs", "list"]).snapshot());
        insta::assert_snapshot!("jobs_show", home.run(["jobs", "show", &job]).snapshot());
        insta::assert_snapshot!("orders_show", home.run(["orders", "show", &order]).snapshot());
        insta::assert_snapshot!("jobs_cancel", home.run(["jobs", "cancel", &job]).snapshot());
        insta::assert_snapshot!("jobs_wait_cancelled", home.run(["jobs", "wait", &job]).snapshot());
    });
    settings().bind(|| {
        insta::assert_snapshot!("jobs_cancel_again", home.run(["jobs", "cancel", &job]).snapshot());
        insta::assert_snapshot!("jobs_show_order", home.run(["jobs", "show", &order]).snapshot());
        insta::assert_snapshot!("orders_show_job", home.run(["orders", "show", &job]).snapshot());
    });
    assert_eq!(home.json(&["jobs", "cancel", &job])["changed"], false);
    assert_eq!(home.run(["jobs", "cancel", &order]).code, Some(1), "an order is no job");
    assert_eq!(home.entries("cli:default", ["hold", "release", "capture"]), [2, 1, 0]);
    assert_eq!(home.json(&["jobs", "list", "--state", "cancelled"]).as_array().unwrap().len(), 1);
    assert_eq!(
        home.json(&["jobs", "list", "--state", "queued", "--limit", "1"]).as_array().unwrap().len(),
        1
    );
    assert_eq!(home.json(&["orders", "show", &order])["jobs"].as_array().unwrap().len(), 2);
    home.assert_sound();
}

#[test]
fn a_job_as_json_has_the_fields_of_the_contract() {
    let home = Home::new();
    let result = place(&home, &["--json"]).result();
    let fields = [
        "id",
        "order_id",
        "account",
        "status",
        "stage",
        "model",
        "attempts",
        "error",
        "video",
        "created_at",
        "finished_at",
    ];
    let list = home.json(&["jobs", "list"]);
    for job in [&result["jobs"][0], &list[0]] {
        let mut have = keys(job);
        have.sort_unstable();
        let mut want = fields.to_vec();
        want.sort_unstable();
        assert_eq!(have, want);
    }
    assert_eq!((list[0]["status"].as_str(), list[0]["stage"].as_str()), (Some("queued"), Some("prompt")));
    assert_eq!((&list[0]["error"], &list[0]["video"]), (&Value::Null, &Value::Null));
    assert!(list[0]["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(result["order"]["id"], list[0]["order_id"]);
    assert_eq!(result["credits"], json!({"held": 1, "captured": 0, "released": 0}));
    let shown = home.json(&["jobs", "show", list[0]["id"].as_str().unwrap()]);
    assert_eq!(shown["events"][0]["event"], "placed");
}

#[test]
fn a2_a_key_makes_an_order_unique() {
    let home = Home::new();
    let key = ["--idempotency-key", "order-1042", "--json"];
    let (first, again) = (place(&home, &key).result(), place(&home, &key).result());
    assert_eq!(first["order"], again["order"]);
    let other = place(&home, &["--idempotency-key", "order-1042", "--template", "ad"]);
    assert_eq!(other.code, Some(2));
    settings().bind(|| insta::assert_snapshot!("refused_key_reused", other.snapshot()));
    assert_eq!(home.entries("cli:default", ["hold", "release", "capture"]), [1, 0, 0]);
}

#[test]
fn the_key_of_a_cancelled_order_says_so() {
    let home = Home::new();
    let (cup, key) = (cup(), ["--idempotency-key", "order-1042"]);
    let placed = place(&home, &["--idempotency-key", "order-1042", "--count", "2", "--json"]).result();
    for job in placed["jobs"].as_array().unwrap() {
        assert_eq!(home.run(["jobs", "cancel", job["id"].as_str().unwrap()]).code, Some(0));
    }
    let again = place(&home, &["--idempotency-key", "order-1042", "--count", "2"]);
    let words = ["generate", &cup, "Coffee cup 350 ml, 990 ₽", "--count", "2"];
    let waited = home.run(words.iter().chain(&key));
    settings().bind(|| {
        insta::assert_snapshot!("key_of_cancelled_no_wait", again.snapshot());
        insta::assert_snapshot!("key_of_cancelled", waited.snapshot());
    });
    assert_eq!(home.entries("cli:default", ["hold", "release", "capture"]), [2, 2, 0]);
    assert!(home.videos().is_empty());
}

#[test]
fn out_is_not_kept_with_an_order() {
    let home = Home::new();
    let placed = place(&home, &["--out", "videos"]);
    settings().bind(|| insta::assert_snapshot!("no_wait_out", placed.snapshot()));
    assert!(!home.work().join("videos").exists());
}

#[test]
fn a3_ten_at_once_cannot_spend_more_than_there_is() {
    let home = Home::new();
    assert_eq!(home.run(["credits", "grant", "cli:race", "3"]).code, Some(0));
    let cup = cup();
    let start = |_| {
        let mut command =
            home.command(["generate", &cup, "Cup", "--no-wait", "--account", "cli:race", "--quiet"]);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap()
    };
    let racing: Vec<_> = (0..10).map(start).collect();
    let mut codes: Vec<_> =
        racing.into_iter().map(|child| home.ran(child.wait_with_output().unwrap()).code.unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 0, 0, 5, 5, 5, 5, 5, 5, 5]);
    let balance = home.json(&["credits", "balance", "cli:race"]);
    assert_eq!((&balance["available"], &balance["held"]), (&0.into(), &3.into()));
    home.assert_sound();
}

#[test]
fn a_dry_run_orders_nothing() {
    let home = Home::new();
    let cup = cup();
    let dry = home.run(["generate", &cup, "Кофейная чашка", "--count", "3", "--dry-run"]);
    settings().bind(|| insta::assert_snapshot!("dry_run", dry.snapshot()));
    let json = home.run(["generate", &cup, "Cup", "--dry-run", "--json"]).result();
    assert_eq!((&json["credits"], &json["dry_run"]), (&1.into(), &true.into()));
    let key = ["generate", &cup, "Cup", "--dry-run", "--idempotency-key", "k1", "--json"];
    assert_eq!(home.run(key).result()["order_id"], Value::Null);
    assert_eq!((&json["account"], &json["spendable"]), (&"cli:default".into(), &10_000.into()));
    assert!(!home.data().exists(), "not even a data folder is made");
    assert!(home.json(&["jobs", "list"]).as_array().unwrap().is_empty());
    assert!(home.videos().is_empty());
}

#[test]
fn a_dry_run_looks_the_key_up() {
    let home = Home::new();
    let cup = cup();
    assert_eq!(home.run(["credits", "grant", "cli:shop", "2"]).code, Some(0));
    let run = |count: &str, more: &[&str]| {
        let words =
            ["generate", &cup, "Cup", "--account", "cli:shop", "--idempotency-key", "k1", "--count", count];
        home.run(words.iter().chain(more))
    };
    let placed = run("2", &["--no-wait", "--json"]).result();
    let dry = run("2", &["--dry-run", "--json"]).result();
    assert_eq!(
        (&dry["order_id"], &dry["credits"], &dry["spendable"]),
        (&placed["order"]["id"], &0.into(), &0.into())
    );
    settings().bind(|| {
        insta::assert_snapshot!("dry_run_same_key", run("2", &["--dry-run"]).snapshot());
        insta::assert_snapshot!("dry_run_key_reused", run("1", &["--dry-run"]).snapshot());
    });
    for job in placed["jobs"].as_array().unwrap() {
        assert_eq!(home.run(["jobs", "cancel", job["id"].as_str().unwrap()]).code, Some(0));
    }
    settings().bind(|| {
        insta::assert_snapshot!("dry_run_key_spent", run("2", &["--dry-run"]).snapshot());
    });
    assert_eq!(home.entries("cli:shop", ["hold", "capture", "release"]), [2, 0, 2]);
}

#[test]
fn a_list_goes_on_behind_its_last_job() {
    let home = Home::new();
    for count in ["2", "1"] {
        assert_eq!(home.run(["generate", &cup(), "Cup", "--no-wait", "--count", count]).code, Some(0));
    }
    let ids = |args: &[&str]| -> Vec<String> {
        let jobs = home.json(&[&["jobs", "list"], args].concat());
        jobs.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids(&[]);
    let first = ids(&["--limit", "2"]);
    assert_eq!((all.len(), &first[..]), (3, &all[..2]));
    assert_eq!(ids(&["--limit", "2", "--before", &first[1]]), all[2..]);
    let told = home.run(["jobs", "list", "--limit", "2"]).stderr;
    assert!(told.contains(&format!("--before {}", first[1])), "{told}");
    assert!(!home.run(["jobs", "list"]).stderr.contains("--before"));
    assert_eq!(home.run(["jobs", "list", "--before", "x"]).code, Some(2));
}

#[test]
fn a_dry_run_looks_at_the_credits() {
    let home = Home::new();
    let cup = cup();
    let dry = |account: &str, count: &str| {
        let words = ["generate", &cup, "Cup", "--dry-run", "--account", account, "--count", count];
        home.run(words.into_iter().chain(["--out", "videos"]))
    };
    assert_eq!(dry("cli:new", "1").code, Some(5), "nothing is there yet");
    assert!(!home.data().exists());
    assert_eq!(home.run(["credits", "grant", "cli:shop", "2"]).code, Some(0));
    assert_eq!(dry("cli:shop", "2").code, Some(0));
    let short = dry("cli:shop", "3");
    settings().bind(|| insta::assert_snapshot!("dry_run_short", short.snapshot()));
    assert_eq!(short.code, Some(5));
    assert_eq!(dry("cli:new", "1").code, Some(5));
    assert_eq!(home.run(["credits", "balance", "cli:new"]).code, Some(1), "it was not opened");
    assert_eq!(home.entries("cli:shop", ["adjust", "hold", "release"]), [1, 0, 0]);
    assert!(!home.data().join("media/photos").exists() && !home.work().join("videos").exists());
}

#[test]
fn an_account_that_is_not_open_pays_nothing_and_stays_closed() {
    let home = Home::new();
    let cup = cup();
    for words in [&["--dry-run"][..], &["--no-wait"], &[]] {
        let ran = home.run(["generate", &cup, "Cup", "--account", "cli:shpo"].iter().chain(words));
        assert_eq!(ran.code, Some(5), "{ran:?}");
        assert!(ran.stderr.contains("the account cli:shpo is not open"), "{ran:?}");
        assert!(ran.stderr.contains("`neurocards credits grant cli:shpo N` opens it"), "{ran:?}");
    }
    assert_eq!(home.run(["credits", "balance", "cli:shpo"]).code, Some(1), "nobody opened it");
    assert_eq!(home.run(["credits", "grant", "cli:shpo", "1"]).code, Some(0));
    let ran = home.run(["generate", &cup, "Cup", "--account", "cli:shpo", "--count", "2", "--no-wait"]);
    assert!(ran.stderr.contains("`neurocards credits grant cli:shpo N`"), "{ran:?}");
    home.assert_sound();
}

#[test]
fn orders_are_listed_with_what_became_of_their_jobs() {
    let home = Home::new();
    let cup = cup();
    assert_eq!(home.json(&["orders", "list"]), json!([]));
    assert_eq!(home.run(["credits", "grant", "cli:shop", "1"]).code, Some(0));
    let order = |description: &str, more: &[&str]| {
        let words = ["generate", &cup, description, "--no-wait", "--quiet", "--json"];
        let ran = home.run(words.iter().chain(more));
        let line: Value = serde_json::from_str(ran.stdout.trim()).unwrap();
        line["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
    };
    let three: Vec<String> = order("Coffee cup, 350 ml", &["--count", "3"]);
    let _: Vec<String> = order("Tea cup", &["--account", "cli:shop"]);
    assert_eq!(home.run(["jobs", "cancel", &three[1]]).code, Some(0));
    settings().bind(|| insta::assert_snapshot!("orders_list", home.run(["orders", "list"]).snapshot()));
    let list = |more: &[&str]| home.json(&[&["orders", "list"], more].concat());
    let all = list(&[]);
    assert_eq!(all[0]["jobs"], json!({"queued": 1}));
    assert_eq!(all[1]["jobs"], json!({"queued": 2, "cancelled": 1}));
    assert_eq!(list(&["--limit", "1"]), json!([all[0]]));
    assert_eq!(list(&["--account", "cli:default"]), json!([all[1]]));
}

#[test]
fn what_is_not_there_is_said() {
    let home = Home::new();
    let id = "0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b";
    settings().bind(|| {
        insta::assert_snapshot!("jobs_list_empty", home.run(["jobs", "list"]).snapshot());
        insta::assert_snapshot!("jobs_show_missing", home.run(["jobs", "show", id]).snapshot());
        insta::assert_snapshot!("jobs_wait_missing", home.run(["jobs", "wait", id]).snapshot());
        insta::assert_snapshot!("jobs_cancel_missing", home.run(["jobs", "cancel", id]).snapshot());
        insta::assert_snapshot!("jobs_show_no_id", home.run(["jobs", "show", "42"]).snapshot());
    });
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = Home::new();
    let mut command = home.command(["completions", "bash"]);
    let mut child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = home.ran(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let home = Home::new();
    let mut command = home.command(["models", "list"]);
    command.stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let ran = home.finish(command);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("the output could not be written"), "{ran:?}");
}
