//! Processor time, context switches and memory, as Linux counts them.

use std::fs;
use std::time::Instant;

/// What this process and the servers that it started have used up to a moment.
pub(crate) struct Usage {
    at: Instant,
    ours: f64,
    servers: f64,
    switches: f64,
}

const TICKS_A_SECOND: f64 = 100.0;

impl Usage {
    pub(crate) fn now() -> Self {
        let own = std::process::id();
        Self { at: Instant::now(), ours: seconds(own, false), servers: servers(own), switches: switches() }
    }

    /// Mean number of cores since then: this process, PostgreSQL.
    pub(crate) fn cores(&self) -> (f64, f64) {
        let (passed, now) = (self.at.elapsed().as_secs_f64(), Self::now());
        ((now.ours - self.ours) / passed, (now.servers - self.servers) / passed)
    }

    /// What one of so many jobs cost since then.
    pub(crate) fn print_for_each(&self, jobs: usize) {
        let (jobs, now) = (jobs as f64, Self::now());
        println!(
            "  for each job: {:.2} ms of processor time here, {:.2} ms in PostgreSQL, {:.1} context switches here",
            (now.ours - self.ours) / jobs * 1e3,
            (now.servers - self.servers) / jobs * 1e3,
            (now.switches - self.switches) / jobs,
        );
    }
}

/// Of all PostgreSQL processes that descend from this one; those that have ended are in their parent's account.
fn servers(own: u32) -> f64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = processes.filter_map(|process| process.file_name().to_str()?.parse::<u32>().ok());
    let postgres = numbers.filter(|process| {
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        name.trim() == "postgres" && descends(*process, own)
    });
    postgres.map(|process| seconds(process, true)).sum()
}

fn descends(process: u32, from: u32) -> bool {
    let parents =
        std::iter::successors(Some(process), |process| field(*process, 1).map(|parent| parent as u32));
    parents.take_while(|process| *process > 1).any(|process| process == from)
}

fn seconds(process: u32, with_ended_children: bool) -> f64 {
    let last = if with_ended_children { 14 } else { 12 };
    (11..=last).filter_map(|place| field(process, place)).sum::<f64>() / TICKS_A_SECOND
}

/// A number of `/proc/PROCESS/stat`, counted from the word behind the name.
fn field(process: u32, place: usize) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, behind_the_name) = stat.rsplit_once(')')?;
    behind_the_name.split_whitespace().nth(place)?.parse().ok()
}

fn switches() -> f64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let statuses = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
    statuses
        .map(|status| {
            number(&status, "voluntary_ctxt_switches:") + number(&status, "nonvoluntary_ctxt_switches:")
        })
        .sum()
}

/// Resident memory of this process.
pub(crate) fn rss_megabytes() -> f64 {
    number(&fs::read_to_string("/proc/self/status").unwrap_or_default(), "VmRSS:") / 1024.0
}

fn number(status: &str, name: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
