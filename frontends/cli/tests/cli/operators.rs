//! What operators do with many jobs: find them, cancel them, order them again.

use neurocards_fakes::When;
use neurocards_fakes::kie::{Render, words};
use serde_json::{Value, json};

use crate::kie::{command, kie};
use crate::support::{Home, Ran, cup, settings};

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap()).collect()
}

fn place(home: &Home, description: &str, more: &[&str]) -> Vec<String> {
    let cup = cup();
    let ran = home.run(["generate", &cup, description, "--no-wait", "--json"].iter().chain(more));
    ids(&ran.result()["jobs"]).into_iter().map(str::to_owned).collect()
}

#[test]
fn jobs_are_found_by_filters() {
    let home = Home::new();
    let cups = place(&home, "Чашка для кофе", &["--count", "2"]);
    let lamp = place(&home, "Desk lamp", &[]);
    let list = |more: &[&str]| home.json(&["jobs", "list"].iter().chain(more).copied().collect::<Vec<_>>());
    assert_eq!(ids(&list(&["--text", "ЧАШКА"])).len(), 2);
    assert_eq!(ids(&list(&["--text", "lamp"])), [lamp[0].as_str()]);
    assert_eq!(ids(&list(&["--older", "1h"])).len(), 0);
    assert_eq!(ids(&list(&["--newer", "1h", "--model", "preview"])).len(), 3);
    assert_eq!(ids(&list(&["--class", "billing"])).len(), 0);
    let order = home.json(&["jobs", "show", &cups[0]])["order_id"].as_str().unwrap().to_owned();
    assert_eq!(ids(&list(&["--order", &order])).len(), 2);
}

#[test]
fn many_jobs_are_cancelled_after_a_look() {
    let home = Home::new();
    place(&home, "Coffee cup", &["--count", "12"]);
    let lamp = place(&home, "Desk lamp", &[]);
    let look = home.run(["jobs", "cancel", "--text", "Coffee", "--dry-run"]);
    let unasked = home.run(["jobs", "cancel", "--text", "Coffee"]);
    assert_eq!(home.entries("cli:default", ["hold", "release", "capture"]), [13, 0, 0]);
    let done = home.run(["jobs", "cancel", "--text", "Coffee", "--yes"]);
    let again = home.run(["jobs", "cancel", "--text", "Coffee", "--yes"]);
    settings().bind(|| {
        insta::assert_snapshot!("many_cancel_look", look.snapshot());
        insta::assert_snapshot!("many_cancel_unasked", unasked.snapshot());
        insta::assert_snapshot!("many_cancel", done.snapshot());
        insta::assert_snapshot!("many_cancel_again", again.snapshot());
        insta::assert_snapshot!("many_nothing_said", home.run(["jobs", "cancel"]).snapshot());
        insta::assert_snapshot!(
            "many_id_and_filter",
            home.run(["jobs", "cancel", &lamp[0], "--text", "x"]).snapshot()
        );
        insta::assert_snapshot!(
            "many_id_and_dry_run",
            home.run(["jobs", "cancel", &lamp[0], "--dry-run"]).snapshot()
        );
        insta::assert_snapshot!(
            "many_wrong_state",
            home.run(["jobs", "cancel", "--state", "done"]).snapshot()
        );
    });
    assert_eq!(home.entries("cli:default", ["hold", "release", "capture"]), [13, 12, 0]);
    assert_eq!(home.json(&["jobs", "show", &lamp[0]])["status"], "queued");
    home.assert_sound();
}

#[test]
fn a6_what_failed_is_ordered_again_once_and_renders() {
    let (home, kie) = (Home::new(), kie());
    let run = |args: &[&str]| home.finish(command(&home, &kie, args));
    let document = |ran: &Ran| -> Value { serde_json::from_str(&ran.stdout).unwrap() };
    kie.script(When::paid().first(1), Render::fails("400", words::PERSON));
    let failed = run(&["generate", &cup(), "Coffee cup", "--json"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    let job = failed.result()["jobs"][0]["id"].as_str().unwrap().to_owned();

    let filter = ["jobs", "retry", "--class", "user_violation", "--yes", "--json"];
    let many = run(&filter);
    assert_eq!(many.code, Some(0), "{many:?}");
    let summary = document(&many);
    assert_eq!(
        (&summary["jobs"], &summary["changed"], &summary["refused"]),
        (&json!(1), &json!(1), &json!(0))
    );
    let order = summary["results"][0]["order_id"].as_str().unwrap().to_owned();
    let again = document(&run(&filter));
    assert_eq!((&again["changed"], &again["results"][0]["order_id"]), (&json!(0), &json!(order)));
    let one = document(&run(&["jobs", "retry", &job, "--json"]));
    assert_eq!(one, json!({"id": job, "order_id": order, "changed": false}));
    assert_eq!(home.entries("cli:default", ["hold", "release", "capture"]), [2, 1, 0]);

    let waited = run(&["jobs", "wait", &order, "--json"]);
    assert_eq!(waited.code, Some(0), "{waited:?}");
    assert_eq!(home.entries("cli:default", ["hold", "release", "capture"]), [2, 1, 1]);
    let done = run(&["jobs", "retry", waited.result()["jobs"][0]["id"].as_str().unwrap()]);
    settings().bind(|| insta::assert_snapshot!("retry_of_a_finished_job", done.snapshot()));

    let stats = home.json(&["stats", "--since", "1h", "--credit-usd", "0.5"]);
    assert_eq!((&stats["ordered"], &stats["success_percent"]), (&json!(2), &json!(50.0)), "{stats}");
    assert_eq!((&stats["start"]["count"], &stats["whole"]["count"]), (&json!(2), &json!(1)), "{stats}");
    let cost = kie.tasks().iter().map(|task| task.cost_milli).sum::<i64>();
    assert_eq!(stats["costs"][0]["milli"], cost, "{stats}");
    assert_eq!(stats["cost_usd"], cost as f64 / 200_000.0, "{stats}");
    assert_eq!(stats["margin_usd"], 0.5 - cost as f64 / 200_000.0, "{stats}");
    let words = home.run(["stats"]);
    assert!(words.stdout.contains("1 done, 1 failed, 0 cancelled; success 50.0 %"), "{words:?}");
    assert!(words.stdout.contains("user_violation"), "{words:?}");
    home.assert_sound();
}

#[test]
fn what_was_cancelled_is_ordered_again_unless_its_photo_is_gone() {
    let home = Home::new();
    let jobs = place(&home, "Coffee cup", &["--count", "2"]);
    for job in &jobs {
        assert_eq!(home.run(["jobs", "cancel", job]).code, Some(0));
    }
    let retried = home.run(["jobs", "retry", &jobs[0]]);
    let again = home.run(["jobs", "retry", &jobs[0]]);
    std::fs::remove_dir_all(home.data().join("media/photos")).unwrap();
    let photoless = home.run(["jobs", "retry", &jobs[1]]);
    let missing = home.run(["jobs", "retry", "0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"]);
    settings().bind(|| {
        insta::assert_snapshot!("retry", retried.snapshot());
        insta::assert_snapshot!("retry_again", again.snapshot());
        insta::assert_snapshot!("retry_without_photo", photoless.snapshot());
        insta::assert_snapshot!("retry_missing", missing.snapshot());
    });
    assert_eq!(home.entries("cli:default", ["hold", "release", "capture"]), [3, 2, 0]);
    home.assert_sound();
}
