//! Videos from KIE, prompts from a language model: the whole binary against strict stand-ins of both.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use neurocards_fakes::kie::{Callbacks, KieFake, Render, words};
use neurocards_fakes::openai::OpenAiFake;
use neurocards_fakes::{Call, Fault, Rule, When};

use crate::support::{Home, Ran, cup};

pub(crate) const KEY: &str = "canary-kie-key-0123456789";
pub(crate) const OPENAI_KEY: &str = "canary-openai-key-0123456789";
pub(crate) const WEBHOOK_KEY: &str = "canary-webhook-key-0123456789";

pub(crate) fn kie() -> KieFake {
    KieFake::builder().account("main").key(KEY).credits(1_000).webhook_key(WEBHOOK_KEY).start_blocking()
}

/// A command that is pointed at the fake.
pub(crate) fn command(home: &Home, kie: &KieFake, args: &[&str]) -> Command {
    let mut command = home.command(args);
    command.envs(kie.env());
    command.env("NEUROCARDS_POLL_MIN", "100ms").env("NEUROCARDS_POLL_MAX", "200ms");
    command.env("NEUROCARDS_RETRY_TEMPORARY", "100ms");
    command
}

fn run(home: &Home, kie: &KieFake, args: &[&str]) -> Ran {
    home.finish(command(home, kie, args))
}

fn generate(home: &Home, kie: &KieFake) -> Ran {
    run(home, kie, &["generate", &cup(), "Coffee cup, 350 ml. Keeps warm.", "--json"])
}

/// Holds, captures and releases.
fn entries(home: &Home) -> [usize; 3] {
    home.entries("cli:default", ["hold", "capture", "release"])
}

fn assert_no_secret(ran: &Ran) {
    for secret in [KEY, OPENAI_KEY, WEBHOOK_KEY] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{ran:?}");
    }
}

#[test]
fn a_photo_becomes_a_video_of_kie_with_a_prompt_of_a_language_model() {
    let (home, kie) = (Home::new(), kie());
    let openai = OpenAiFake::builder().key(OPENAI_KEY).start_blocking();
    let ran = home.finish({
        let mut command = command(&home, &kie, &["generate", &cup(), "Coffee cup, 350 ml.", "--json", "-vv"]);
        command.envs(openai.env());
        command
    });
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_no_secret(&ran);
    let job = ran.result()["jobs"][0]["id"].as_str().unwrap().to_owned();
    let shown = run(&home, &kie, &["jobs", "show", &job, "--json"]);
    assert_no_secret(&shown);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["model"], "bytedance/seedance-1.5-pro", "{shown}");
    assert_eq!(shown["attempt_list"][0]["state"], "succeeded", "{shown}");
    assert_eq!(shown["attempt_list"][0]["cost_milli"], kie.tasks()[0].cost_milli, "{shown}");
    assert!(shown.to_string().contains("gpt-6-luna"), "{shown}");
    assert_eq!(kie.log().paid().len(), 1);
    assert_eq!(entries(&home), [1, 1, 0]);
    for file in std::fs::read_dir(home.data()).unwrap() {
        let path = file.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        for secret in [KEY, OPENAI_KEY] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a key", path.display());
        }
    }
    home.assert_sound();
    kie.finish();
    openai.finish();
}

#[test]
fn a_lost_reply_is_one_paid_request_for_ever_and_the_credit_returns() {
    let (home, kie) = (Home::new(), kie());
    kie.script(When::paid(), Fault::lost_reply());
    let ran = home.finish({
        let mut command = command(&home, &kie, &["generate", &cup(), "Cup", "--json"]);
        command.env("NEUROCARDS_UNKNOWN_GRACE", "2s");
        command
    });
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(kie.log().paid().len(), 1, "{:#?}", kie.log().lines());
    assert_eq!(entries(&home), [1, 0, 1]);
    home.assert_sound();
}

/// A worker that KIE can call.
pub(crate) struct Worker(pub(crate) Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A command of a house that KIE can call there.
pub(crate) fn public(mut command: Command, port: u16) -> Command {
    command.env("PUBLIC_BASE_URL", format!("http://127.0.0.1:{port}"));
    command.env("NEUROCARDS_HTTP_ADDR", format!("127.0.0.1:{port}"));
    command.env("KIE_WEBHOOK_HMAC_KEY", WEBHOOK_KEY);
    command
}

#[test]
fn a_callback_brings_the_task_whose_reply_was_lost() {
    let (home, kie) = (Home::new(), kie());
    kie.script(When::paid(), Fault::lost_reply());
    kie.script(When::paid(), Render::succeeds().when_told().callbacks(Callbacks::times(2)));
    // Nobody reads a task that nobody knows: its end is told.
    let port = free_port();
    let public = |command: Command| public(command, port);
    let placed =
        home.finish(public(command(&home, &kie, &["generate", &cup(), "Cup", "--no-wait", "--json"])));
    assert_eq!(placed.code, Some(0), "{placed:?}");
    let order = placed.result()["order"]["id"].as_str().unwrap().to_owned();
    let mut worker = public(command(&home, &kie, &["worker"]));
    let _worker = Worker(worker.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    wait_until(|| !kie.tasks().is_empty());
    let task = kie.tasks()[0].id.clone();
    kie.finish_task(&task);
    let waited = home.finish(public(command(&home, &kie, &["jobs", "wait", &order, "--json"])));
    assert_eq!(waited.code, Some(0), "{waited:?}");
    assert_eq!(kie.log().paid().len(), 1, "{:#?}", kie.log().lines());
    assert_eq!(entries(&home), [1, 1, 0]);
    home.assert_sound();
}

pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it never became so");
}

#[test]
fn a_refused_photo_costs_nothing_and_is_told_in_our_words() {
    let (home, kie) = (Home::new(), kie());
    kie.script(When::paid(), Render::fails("400", words::PERSON).after_reads(1));
    let ran = generate(&home, &kie);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.result()["jobs"][0]["error"]["class"], "user_violation", "{ran:?}");
    assert_eq!(entries(&home), [1, 0, 1]);
    home.assert_sound();
}

#[test]
fn a_paused_model_gives_way_to_its_fallback_for_every_process() {
    let (home, kie) = (Home::new(), kie());
    kie.script(When::paid().model("bytedance/seedance-1.5-pro"), Fault::paused());
    // Too dear ones are passed over, so the whole chain is put right here.
    let fallback = |args: &[&str]| {
        let mut command = command(&home, &kie, args);
        command.env("KIE_MODEL", "bytedance/seedance-1.5-pro");
        command.env("KIE_FALLBACK_MODELS", "bytedance/v1-pro-fast-image-to-video");
        home.finish(command)
    };
    for _ in 0..2 {
        let ran = fallback(&["generate", &cup(), "Cup", "--json"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let job = &ran.result()["jobs"][0];
        assert_eq!(job["model"], "bytedance/v1-pro-fast-image-to-video", "{job}");
    }
    let asked: Vec<_> = kie.log().paid();
    assert_eq!(asked.len(), 3, "{:#?}", kie.log().lines());
    home.assert_sound();
}

/// Each process has a key of its own of the same account: KIE counts them together, and so must we.
#[test]
fn two_processes_share_an_account_under_one_rate_limit() {
    let (home, keys) = (Home::new(), ["canary-kie-key-of-process-1", "canary-kie-key-of-process-2"]);
    let kie = KieFake::builder().account("main").key(keys[0]).key(keys[1]).credits(10_000).start_blocking();
    let makers = keys.map(|key| {
        let mut maker = command(&home, &kie, &["generate", &cup(), "Cup", "--count", "12"]);
        maker.env("KIE_API_KEY", format!("main={key}"));
        maker.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    });
    for mut maker in makers {
        assert!(maker.wait().unwrap().success());
    }
    let paid = kie.log().paid();
    let used: BTreeSet<_> = paid.iter().filter_map(|exchange| exchange.key.clone()).collect();
    assert_eq!((paid.len(), used.len()), (24, 2), "both processes paid: {:#?}", kie.log().lines());
    let peak = kie.log().peak(Duration::from_secs(10));
    assert!(peak <= 20, "{peak} paid requests in ten seconds");
    assert_eq!(entries(&home), [24, 24, 0]);
    home.assert_sound();
    kie.finish();
}

#[test]
fn keys_are_shown_by_name_and_closed_for_all_processes() {
    let (home, kie) = (Home::new(), kie());
    let list = run(&home, &kie, &["keys", "list", "--probe", "--json"]);
    assert_eq!(list.code, Some(0), "{list:?}");
    assert_no_secret(&list);
    let accounts: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(accounts[0]["name"], "main");
    assert_eq!(accounts[0]["record"]["balance"]["milli"], 1_000_000, "{accounts}");
    let closed = run(&home, &kie, &["keys", "disable", "1", "--reason", "its cap is low"]);
    assert_eq!(closed.code, Some(0), "{closed:?}");
    let listed = run(&home, &kie, &["keys", "list"]);
    assert!(listed.stdout.contains("closed") && listed.stdout.contains("its cap is low"), "{listed:?}");
    let ran = generate(&home, &kie);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert_eq!(kie.log().paid().len(), 0);
    assert_eq!(run(&home, &kie, &["keys", "enable", "1"]).code, Some(0));
    let again = run(&home, &kie, &["generate", &cup(), "Cup", "--json"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    let unknown = run(&home, &kie, &["keys", "enable", "7"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    home.assert_sound();
}

#[test]
fn a_key_that_kie_refuses_ends_with_4_and_the_credit_returns() {
    let (home, kie) = (Home::new(), kie());
    kie.revoke(KEY);
    let ran = generate(&home, &kie);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_no_secret(&ran);
    assert_eq!(entries(&home), [1, 0, 1]);
    let doctor = run(&home, &kie, &["doctor"]);
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(doctor.stdout.contains("is refused"), "{doctor:?}");
    home.assert_sound();
}

#[test]
fn the_catalogue_is_compared_with_the_live_one() {
    let (home, kie) = (Home::new(), kie());
    let ran = run(&home, &kie, &["models", "list", "--live", "--json"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let drift: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(drift["live"].as_u64().unwrap() > 0, "{drift}");
    let none = home.run(["models", "list", "--live"]);
    assert_eq!(none.code, Some(4), "{none:?}");
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_ordered() {
    let (home, kie) = (Home::new(), kie());
    let check = |name: &str, value: &str, code: i32, says: &str| {
        let mut command = command(&home, &kie, &["generate", &cup(), "Cup"]);
        command.env(name, value);
        let ran = home.finish(command);
        assert_eq!(ran.code, Some(code), "{name}={value} {ran:?}");
        assert!(ran.stderr.contains(says), "{name}={value} {ran:?}");
    };
    check("KIE_MODEL", "sora-2-image-to-video", 2, "KIE_MODEL");
    check("KIE_MODEL", "kling-3.0/vide", 2, "Did you mean kling-3.0/video?");
    check("KIE_FALLBACK_MODELS", "nothing", 2, "KIE_FALLBACK_MODELS");
    check("KIE_API_KEY", "two words", 4, "KIE_API_KEY");
    check("KIE_BASE_URL", "nowhere", 2, "KIE_BASE_URL is no address");
    check("KIE_BASE_URL", "http://api.kie.example", 2, "in clear text");
    check("KIE_UPLOAD_BASE_URL", "http://upload.kie.example", 2, "in clear text");
    check("NEUROCARDS_MODEL_FAULTS", "0", 2, "NEUROCARDS_MODEL_FAULTS");
    check("NEUROCARDS_MODEL_REST", "soon", 2, "NEUROCARDS_MODEL_REST");
    check("PUBLIC_BASE_URL", "http://cards.example", 2, "PUBLIC_BASE_URL");
    check("NEUROCARDS_SECRET", "short", 2, "NEUROCARDS_SECRET");
    check("OPENAI_BASE_URL", "nowhere", 2, "OPENAI_BASE_URL");
    let mut clear = command(&home, &kie, &["generate", &cup(), "Cup"]);
    clear.env("OPENAI_BASE_URL", "http://models.example/v1").env("OPENAI_API_KEY", OPENAI_KEY);
    let ran = home.finish(clear);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("NEUROCARDS_PLAIN_HTTP=models.example"), "{ran:?}");
    assert_no_secret(&ran);
    let mut without = home.command(["generate", &cup(), "Cup"]);
    without.env("NEUROCARDS_PROVIDER", "kie");
    let ran = home.finish(without);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_eq!(kie.log().exchanges().len(), 0);
}

/// What `doctor` finds, as `state check: found -> mend`.
fn findings(ran: &Ran) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let text = |check: &serde_json::Value, name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let line = |check: &serde_json::Value| {
        let [state, name, found, mend] = ["state", "check", "found", "mend"].map(|name| text(check, name));
        format!("{state} {name}: {found} -> {mend}")
    };
    document["checks"].as_array().unwrap().iter().map(line).collect()
}

fn assert_found(ran: &Ran, begins: &str, says: &[&str]) {
    let findings = findings(ran);
    let is_it = |line: &&String| line.starts_with(begins) && says.iter().all(|word| line.contains(word));
    assert!(findings.iter().any(|line| is_it(&line)), "{begins} {says:?}: {findings:#?}");
    assert_no_secret(ran);
}

#[test]
fn the_doctor_asks_the_services_before_anything_was_ordered() {
    let (home, kie) = (Home::new(), kie());
    let openai = OpenAiFake::builder().key(OPENAI_KEY).start_blocking();
    // People do not ask a doctor several times a second.
    kie.allow(Rule::DiscoveryRate);
    let doctor = |settings: &[(&str, &str)]| {
        let mut command = command(&home, &kie, &["doctor", "--json"]);
        command.envs(openai.env()).envs(settings.iter().copied());
        home.finish(command)
    };
    let well = doctor(&[]);
    assert_eq!(well.code, Some(0), "{well:?}");
    assert_found(&well, "ok kie: key ", &["1000.000 KIE credits"]);
    assert_found(&well, "ok models", &["all are on KIE's list"]);
    assert_found(&well, "ok prompts", &["the language model answers"]);
    assert!(!home.data().exists(), "looking makes nothing");
    assert_eq!((kie.log().paid().len(), openai.log().count(Call::Chat)), (0, 0), "and costs nothing");

    let leaving = doctor(&[("OPENAI_MODEL", "gpt-4o")]);
    assert_found(&leaving, "warn prompts", &["gpt-4o", "2027-01-14", "OPENAI_MODEL=gpt-6-luna"]);
    let gone = doctor(&[("OPENAI_MODEL", "gpt-3.5-turbo")]);
    assert_found(&gone, "warn prompts", &["does not serve gpt-3.5-turbo any more", "gpt-6-luna"]);
    assert_found(&gone, "warn prompts", &["the service does not list gpt-3.5-turbo"]);
    let refused = doctor(&[("OPENAI_API_KEY", "canary-wrong-key")]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_found(&refused, "fail prompts", &["is refused", "OPENAI_API_KEY"]);
    assert!(!refused.stdout.contains("canary-wrong-key"));
    kie.set_credits("main", 0);
    assert_found(&doctor(&[]), "warn kie", &["no KIE credits are left", "Top the account up"]);
    openai.allow(Rule::Auth);
}

#[test]
fn the_doctor_calls_our_own_address_as_kie_would() {
    let (home, kie, port) = (Home::new(), kie(), free_port());
    kie.allow(Rule::DiscoveryRate);
    let doctor = |settings: &[(&str, &str)]| {
        let mut command = public(command(&home, &kie, &["doctor", "--json"]), port);
        command.envs(settings.iter().copied());
        home.finish(command)
    };
    assert_found(&doctor(&[]), "warn callbacks", &["nobody answers there", "NEUROCARDS_HTTP_ADDR"]);
    assert!(!home.data().exists(), "looking makes nothing");
    let mut worker = public(command(&home, &kie, &["worker"]), port);
    let _worker = Worker(worker.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    wait_until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    assert_found(&doctor(&[]), "ok callbacks", &["reaches a worker"]);
    let other = doctor(&[("NEUROCARDS_SECRET", "another secret of another house")]);
    assert_found(&other, "warn callbacks", &["the answer there is 404", "the same secret"]);
    let other = doctor(&[("KIE_WEBHOOK_HMAC_KEY", "another key")]);
    assert_found(&other, "warn callbacks", &["the answer there is 404"]);
    assert_eq!(kie.log().paid().len(), 0);
}
