//! All services at once, with accidents by a seed.

#![expect(clippy::unwrap_used, reason = "in a test, what fails may end it")]

use std::collections::BTreeMap;
use std::time::Duration;

use neurocards_fakes::{Clock, Report, Scenario, ScenarioOptions, Weather};
use reqwest::Client;
use serde_json::{Value, json};

const ORDERS: usize = 60;

/// Sends the same requests, one after another, whatever comes back.
async fn run(seed: u64, weather: Weather) -> Report {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = Clock::manual();
    let mut options = ScenarioOptions::default();
    (options.seed, options.weather, options.clock) = (seed, weather, clock.clone());
    let scenario = Scenario::begin(options);
    let env: BTreeMap<&str, String> = scenario.env().into_iter().collect();
    let client = Client::builder()
        .user_agent("fakes-test")
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let key = env["KIE_API_KEY"].split(',').next().unwrap().strip_prefix("account-1=").unwrap();
    let chat = format!("{}/chat/completions", env["OPENAI_BASE_URL"]);
    let create = format!("{}/api/v1/jobs/createTask", env["KIE_BASE_URL"]);
    // In a storm some exchanges hang, and whoever asked gives up.
    let patience = Duration::from_millis(if weather == Weather::Storm { 300 } else { 30_000 });
    for n in 0..ORDERS {
        clock.advance(Duration::from_secs(1));
        let words = json!({ "model": "gpt-6-luna", "messages": [{ "role": "user", "content": "The cup." }] });
        let asked = client.post(&chat).bearer_auth(&env["OPENAI_API_KEY"]).json(&words).send();
        let _ = tokio::time::timeout(patience, asked).await;
        let order = json!({ "model": "bytedance/seedance-2-mini", "input": {
            "prompt": format!("Cup {n}."), "duration": 5,
        } });
        let asked = client.post(&create).bearer_auth(key).json(&order).send();
        let _ = tokio::time::timeout(patience, asked).await;
    }
    clock.advance(Duration::from_secs(3));
    let all_over = |_: &_| scenario.kie().tasks().iter().all(|task| task.succeeded.is_some());
    scenario.log().until("the end of all tasks", all_over).await;
    scenario.report()
}

#[tokio::test]
async fn the_seed_decides_about_every_accident() {
    let first = run(7, Weather::Mixed).await;
    assert_eq!(run(7, Weather::Mixed).await, first);
    let other = run(8, Weather::Mixed).await;
    assert_ne!(other.accidents, first.accidents);
}

#[tokio::test]
async fn the_weather_decides_how_many_there_are() {
    let calm = run(3, Weather::Calm).await;
    assert_eq!((calm.accidents.len(), calm.tasks.succeeded), (0, ORDERS));
    assert_eq!((calm.exchanges["Chat"], calm.exchanges["CreateTask"]), (ORDERS, ORDERS));
    // 5 s at 20.5 credits each.
    assert_eq!(calm.cost_milli, 102_500 * i64::try_from(ORDERS).unwrap());
    let count = |report: &Report| report.accidents.values().sum::<usize>();
    let (mixed, storm) = (run(3, Weather::Mixed).await, run(3, Weather::Storm).await);
    assert!(count(&mixed) > 5 && count(&storm) > 2 * count(&mixed), "{mixed}{storm}");
    assert!(storm.tasks.failed > 0 && storm.tasks.succeeded > 0, "{storm}");
}

#[tokio::test]
async fn the_report_says_what_was_wrong() {
    let report = run(1, Weather::Calm).await;
    // These orders have no photo.
    assert_eq!(report.violations.len(), ORDERS);
    let first = "NoPhoto: bytedance/seedance-2-mini was asked without a picture";
    assert!(report.violations[0].ends_with(first), "{}", report.violations[0]);
    let text = report.to_string();
    assert!(
        text.starts_with("seed 1, weather Calm\ntasks: 60 succeeded, 0 failed, 0 running; 6150.0 credits\n")
    );
    let json: Value = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["weather"], &json["tasks"]["succeeded"]), (&json!("calm"), &json!(ORDERS)));
}
