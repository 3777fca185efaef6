//! The house against stand-ins that the binary brings along.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::flow::signal;
use crate::support::{Home, cup};

/// Settings that would break any command that reads them, and lead it to real places.
fn misled(mut command: Command) -> Command {
    command.env("KIE_API_KEY", "real=canary-real-key").env("KIE_BASE_URL", "nowhere");
    command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none");
    command.env("NEUROCARDS_PROVIDER", "nobody");
    command
}

fn simulated(weather: &str, seed: &str) -> Value {
    let home = Home::new();
    let ran = home.finish(misled(home.command([
        "simulate",
        "--jobs",
        "8",
        "--weather",
        weather,
        "--seed",
        seed,
        "--json",
    ])));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!format!("{ran:?}").contains("canary"), "{ran:?}");
    assert!(!home.data().exists(), "nothing stays behind");
    let result = ran.result();
    assert_eq!(result["broken"], serde_json::json!([]), "{result}");
    assert_eq!(result["jobs"], 8, "{result}");
    assert_eq!(result["done"].as_u64().unwrap() + result["failed"].as_u64().unwrap(), 8, "{result}");
    assert_eq!(result["credits"]["held"], 0, "{result}");
    assert_eq!(result["paid_twice"], 0, "{result}");
    assert_eq!(result["credits"]["captured"], result["done"], "{result}");
    result
}

#[test]
fn in_calm_weather_every_video_is_simulated_with_one_paid_request() {
    let result = simulated("calm", "1");
    assert_eq!((&result["done"], &result["paid_requests"]), (&8.into(), &8.into()), "{result}");
    assert_eq!(result["accidents"], serde_json::json!({}), "{result}");
    assert_eq!(result["tasks"]["succeeded"], 8, "{result}");
    assert!(result["exchanges"]["Callback"].as_u64().unwrap() >= 8, "KIE calls back: {result}");
}

#[test]
fn in_rough_weather_no_promise_is_broken() {
    let result = simulated("rough", "4");
    assert!(!result["accidents"].as_object().unwrap().is_empty(), "{result}");
}

#[test]
fn a_simulation_keeps_away_from_a_database_with_jobs() {
    let home = Home::new();
    let data = home.data();
    let run =
        || home.run(["simulate", "--jobs", "2", "--weather", "calm", "--data-dir", data.to_str().unwrap()]);
    let first = run();
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stdout.contains("promises       all held"), "{first:?}");
    home.assert_sound();
    let jobs = home.json(&["jobs", "list"]);
    assert_eq!(jobs.as_array().unwrap().len(), 2, "{jobs}");
    let second = run();
    assert_eq!(second.code, Some(2), "{second:?}");
    assert!(second.stderr.contains("holds jobs already"), "{second:?}");
}

/// `simulate serve` in a process of its own, with the settings that it printed.
struct Served {
    process: Child,
    out: BufReader<std::process::ChildStdout>,
}

impl Served {
    fn begin(home: &Home) -> (Self, Vec<(String, String)>) {
        let mut command = home.command(["simulate", "serve", "--json"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        let mut served = Self { process, out };
        let first = served.line();
        assert_eq!(first["event"], "serving", "{first}");
        let env = first["env"].as_object().unwrap().iter();
        (served, env.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect())
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn generate_works_with_the_stand_ins_of_another_process() {
    let home = Home::new();
    let (mut served, env) = Served::begin(&home);
    let mut command = home.command(["generate", &cup(), "Coffee cup, 350 ml.", "--json"]);
    command.envs(env).env("NEUROCARDS_POLL_MIN", "100ms").env("NEUROCARDS_POLL_MAX", "200ms");
    let ran = home.finish(command);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(home.videos().len(), 1, "{ran:?}");
    signal(&served.process, "-INT");
    let result = served.line();
    assert_eq!((&result["event"], &result["exit_code"]), (&"result".into(), &0.into()), "{result}");
    assert_eq!(result["exchanges"]["CreateTask"], 1, "{result}");
    assert_eq!(result["exchanges"]["Chat"].as_u64().map(|asked| asked >= 1), Some(true), "{result}");
    assert_eq!(result["violations"], serde_json::json!([]), "{result}");
    assert!(served.process.wait().unwrap().success());
}
