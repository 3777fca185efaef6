//! S7: what is secret stays where it was set.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use neurocards_fakes::When;
use neurocards_fakes::kie::Render;
use neurocards_fakes::openai::OpenAiFake;

use crate::kie::{KEY, OPENAI_KEY, WEBHOOK_KEY, Worker, command, free_port, kie, public, wait_until};
use crate::support::{Home, cup};

const SECRET: &str = "canary-signing-secret-0123456789";

fn assert_none(what: &str, bytes: &[u8]) {
    for secret in [KEY, OPENAI_KEY, WEBHOOK_KEY, SECRET] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{what} holds {secret}");
    }
}

fn assert_none_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_none_below(&path);
        } else {
            assert_none(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
}

fn metrics(port: u16) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// A worker that says everything, from the order to the stored video: nothing of it names a key.
#[test]
fn s7_no_secret_is_in_logs_metrics_database_or_media() {
    let (home, kie, port) = (Home::new(), kie(), free_port());
    // Else its end would be read, two minutes later.
    kie.script(When::paid(), Render::succeeds().after_between(Duration::ZERO, Duration::from_millis(20)));
    let openai = OpenAiFake::builder().key(OPENAI_KEY).start_blocking();
    let log = home.path().join("worker.log");
    let with_all = |args: &[&str]| {
        let mut command = public(command(&home, &kie, args), port);
        command.envs(openai.env()).env("NEUROCARDS_SECRET", SECRET);
        command
    };
    let mut worker = with_all(&["worker", "-vv"]);
    let worker = worker.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
    let worker = Worker(worker);
    wait_until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
    let ran = home.finish(with_all(&["generate", &cup(), "Coffee cup, 350 ml.", "-vv", "--json"]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_none("generate", format!("{}{}", ran.stdout, ran.stderr).as_bytes());
    let metrics = metrics(port);
    assert!(String::from_utf8_lossy(&metrics).contains("neurocards_"), "there are metrics");
    assert_none("the metrics", &metrics);
    for args in [["keys", "list"], ["doctor", "--json"], ["jobs", "list"]] {
        let ran = home.finish(with_all(&args));
        assert_none(args[0], format!("{}{}", ran.stdout, ran.stderr).as_bytes());
    }
    drop(worker);
    let log = std::fs::read(log).unwrap();
    assert!(log.len() > 10_000, "it has said everything: {} bytes", log.len());
    assert_none("the log", &log);
    assert_none_below(&home.data());
    kie.finish();
    openai.finish();
}
