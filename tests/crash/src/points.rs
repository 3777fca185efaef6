//! The points at which a process can die.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Counts the calls of this process by name, and ends it at one of them. A point is `before submit 1`, or `after
/// job_apply 3`: the number counts the calls of that name that did something, so that idle polls change nothing.
#[derive(Debug)]
pub(crate) struct Points {
    die_at: Option<String>,
    list: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    done: BTreeMap<&'static str, u32>,
    listed: BTreeSet<String>,
}

impl Points {
    pub(crate) fn new(folder: &Path, die_at: Option<String>) -> Self {
        Self { die_at, list: folder.join("points"), seen: Mutex::default() }
    }

    pub(crate) fn before(&self, name: &'static str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let number = seen.done.get(name).copied().unwrap_or_default() + 1;
        self.pass(&mut seen, format!("before {name} {number}"));
    }

    pub(crate) fn after(&self, name: &'static str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let done = seen.done.entry(name).or_default();
        *done += 1;
        let number = *done;
        self.pass(&mut seen, format!("after {name} {number}"));
    }

    /// The point is on the list before anything dies of it.
    fn pass(&self, seen: &mut Seen, point: String) {
        let dies = self.die_at.as_deref() == Some(point.as_str());
        if seen.listed.insert(point.clone()) {
            append(&self.list, &point);
        }
        if dies {
            std::process::abort();
        }
    }
}

/// Adds a line to a file that outlives the process.
pub(crate) fn append(file: &Path, line: &str) {
    let written = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    written.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}
