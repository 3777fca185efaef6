//! Processor time and memory, as Linux counts them.

use std::fs;
use std::time::Instant;

/// Processor time of this process and of all PostgreSQL processes at one moment.
pub(crate) struct Usage {
    at: Instant,
    ours: f64,
    servers: f64,
}

const TICKS_A_SECOND: f64 = 100.0;

impl Usage {
    pub(crate) fn now() -> Self {
        Self { at: Instant::now(), ours: seconds("self"), servers: servers() }
    }

    /// Mean number of cores since then: this process, PostgreSQL.
    pub(crate) fn cores(&self) -> (f64, f64) {
        let passed = self.at.elapsed().as_secs_f64();
        ((seconds("self") - self.ours) / passed, (servers() - self.servers) / passed)
    }
}

fn servers() -> f64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let postgres = processes.filter(|process| {
        fs::read_to_string(process.path().join("comm")).is_ok_and(|name| name.trim() == "postgres")
    });
    postgres.map(|process| seconds(&process.file_name().to_string_lossy())).sum()
}

fn seconds(process: &str) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut fields =
        after_name.split_whitespace().skip(11).map(|ticks| ticks.parse::<f64>().unwrap_or_default());
    (fields.next().unwrap_or_default() + fields.next().unwrap_or_default()) / TICKS_A_SECOND
}

/// Resident memory of this process.
pub(crate) fn rss_megabytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / 1024.0
}
