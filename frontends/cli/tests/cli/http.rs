//! Health and metrics of a worker.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::{Home, cup};

/// A worker that serves, and where; it ends with the test.
pub(crate) struct Worker {
    child: Child,
    addr: String,
}

impl Worker {
    fn start(home: &Home, args: &[&str]) -> Self {
        Self::spawn(home.command([&["worker"], args].concat()))
    }

    /// Starts this command, which is `worker`.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.env("NEUROCARDS_HTTP_ADDR", "127.0.0.1:0").stderr(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let addr = lines.find_map(|line| {
            let line = line.unwrap();
            Some(line.split_once("addr=")?.1.split_whitespace().next()?.to_owned())
        });
        // What it says later is read away, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, addr: addr.unwrap() }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn wait_for(&self, path: &str, text: &str) -> String {
        for _ in 0..600 {
            let answer = self.get(path);
            if answer.contains(text) {
                return answer;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("{path} never says {text}: {}", self.get(path));
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_worker_tells_its_health_and_counts() {
    let home = Home::new();
    assert_eq!(home.run(["generate", &cup(), "Cup", "--no-wait"]).code, Some(0));
    let worker = Worker::start(&home, &[]);
    assert!(worker.get("/healthz").starts_with("HTTP/1.1 200"));
    worker.wait_for("/readyz", "{\"ready\":true}");
    let done = "neurocards_jobs_ended_total{outcome=\"done\",fault=\"none\"} 1";
    let text = worker.wait_for("/metrics", done);
    assert!(!text.contains("cli:default") && !text.contains("Cup"), "{text}");
    home.assert_sound();
}

#[test]
fn an_address_in_use_ends_a_worker_before_it_claims() {
    let home = Home::new();
    let first = Worker::start(&home, &[]);
    let other = Home::new();
    assert_eq!(other.run(["generate", &cup(), "Cup", "--no-wait"]).code, Some(0));
    let ran = other.run(["worker", "--until-idle", "--http-addr", &first.addr]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("cannot be listened on"), "{ran:?}");
    assert_eq!(other.json(&["jobs", "list"])[0]["stage"], "prompt");
    let wrong = other.finish({
        let mut command = other.command(["worker"]);
        command.env("NEUROCARDS_HTTP_ADDR", "here");
        command
    });
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
