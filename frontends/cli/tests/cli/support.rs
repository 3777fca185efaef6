//! A home of its own for each test.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with data folder, working folder and nothing else.
#[derive(Debug)]
pub(crate) struct Home {
    folder: TempDir,
    database: Option<String>,
}

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    home: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap(), database: None };
        std::fs::create_dir(home.work()).unwrap();
        home
    }

    /// A home whose database is a server's.
    pub(crate) fn on(url: &str) -> Self {
        Self { database: Some(url.to_owned()), ..Self::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// Where commands run, and where their videos go.
    pub(crate) fn work(&self) -> PathBuf {
        self.path().join("desk")
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.work().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Everything in the working folder that looks like a video or a part of one.
    pub(crate) fn videos(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.work()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name.ends_with(".mp4") || name.starts_with('.'));
        names.sort();
        names
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neurocards"));
        command.args(args).current_dir(self.work()).env_clear();
        command.env("HOME", self.path()).env("USER", "tester").env("NEUROCARDS_DATA_DIR", self.data());
        // Killed processes leave leases behind; these are waited for.
        command.env("NEUROCARDS_LEASE", "3s").env("NEUROCARDS_HEARTBEAT", "500ms");
        if let Some(url) = &self.database {
            command.env("DATABASE_URL", url);
        }
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Ran {
        self.finish(self.command(args))
    }

    pub(crate) fn finish(&self, mut command: Command) -> Ran {
        self.ran(command.output().unwrap())
    }

    pub(crate) fn ran(&self, output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            home: self.path().to_owned(),
        }
    }

    /// The answer of a command that prints one document.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let ran = self.run(args.iter().copied().chain(["--json"]));
        assert_eq!(ran.code, Some(0), "{ran:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    }

    /// How many ledger entries of each of these kinds the account has.
    pub(crate) fn entries(&self, account: &str, kinds: [&str; 3]) -> [usize; 3] {
        let history = self.json(&["credits", "history", account]);
        let history = history.as_array().unwrap();
        kinds.map(|kind| history.iter().filter(|entry| entry["kind"] == kind).count())
    }

    /// The audit finds nothing.
    pub(crate) fn assert_sound(&self) {
        let audit = self.run(["audit"]);
        assert_eq!((audit.code, audit.stdout.as_str()), (Some(0), ""), "{audit:?}");
    }
}

impl Ran {
    /// The three outputs, with what differs from run to run taken out.
    pub(crate) fn snapshot(&self) -> String {
        let text = format!("exit {:?}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr);
        text.replace(self.home.to_str().unwrap(), "[home]")
    }

    /// The JSON lines on stdout.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The last line, which must be the only result.
    pub(crate) fn result(&self) -> Value {
        let lines = self.lines();
        let results = lines.iter().filter(|line| line["event"] == "result").count();
        assert_eq!(results, 1, "{self:?}");
        let last = lines.last().unwrap();
        assert_eq!(last["event"], "result", "{self:?}");
        assert_eq!(last["exit_code"], self.code.unwrap(), "{self:?}");
        last.clone()
    }
}

/// Snapshots without ids, times and sizes.
pub(crate) fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("../snapshots");
    settings.set_omit_expression(true);
    for (pattern, instead) in [
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[id]"),
        (r"\b[0-9a-f]{64}\b", "[sha256]"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
        (r"/[0-9a-f]{2}/\[sha256\]", "/[sha256]"),
        (r"\border-[0-9a-f]{20}\b", "[key]"),
        (r"\d+ kB", "[size] kB"),
        (r"neurocards \d+\.\d+\.\d+", "neurocards [version]"),
        // The schema grows with every migration.
        (r"\b(version|versions up to) \d{1,3}\b", "$1 [schema]"),
    ] {
        settings.add_filter(pattern, instead);
    }
    settings
}

/// The product photo of the examples.
pub(crate) fn cup() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/photos/coffee-cup.jpg").to_owned()
}
