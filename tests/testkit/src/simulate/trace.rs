//! What happened last, for the report of a failure.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

const KEPT: usize = 100;

/// The last actions of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    lines: VecDeque<String>,
    /// How long nothing happened but time, if the last line says that.
    passing: Duration,
}

impl Trace {
    pub(super) fn note(&mut self, at: Duration, line: fmt::Arguments<'_>) {
        self.passing = Duration::ZERO;
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        let (seconds, millis) = (at.as_secs(), at.subsec_millis());
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        self.lines.push_back(format!("{hours}:{minutes:02}:{seconds:02}.{millis:03}  {line}"));
    }

    /// Time passes: one line, however often it does so in a row.
    pub(super) fn pass(&mut self, at: Duration, wait: Duration) {
        let passed = self.passing + wait;
        if self.passing > Duration::ZERO {
            self.lines.pop_back();
        }
        self.note(at, format_args!("{} ms pass", passed.as_millis()));
        self.passing = passed;
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}
