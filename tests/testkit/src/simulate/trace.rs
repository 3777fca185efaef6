//! What happened last, for the report of a failure.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

const KEPT: usize = 100;

/// The last actions of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    lines: VecDeque<String>,
}

impl Trace {
    pub(super) fn note(&mut self, at: Duration, line: fmt::Arguments<'_>) {
        if self.lines.len() == KEPT {
            self.lines.pop_front();
        }
        let (seconds, millis) = (at.as_secs(), at.subsec_millis());
        let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        self.lines.push_back(format!("{hours}:{minutes:02}:{seconds:02}.{millis:03}  {line}"));
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}
