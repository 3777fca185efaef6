//! A task's life, without anything around it.

use serde_json::{Map, Value};

use super::account::Window;
use super::models::Family;
use super::render::{Ending, Render, Wait};
use crate::clock::millis;

/// One video that was ordered.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) family: Family,
    pub(crate) model: String,
    pub(crate) generating: bool,
    pub(crate) charges_late: bool,
    pub(crate) input: Map<String, Value>,
    pub(crate) prompt: String,
    pub(crate) callback: Option<String>,
    pub(crate) account: usize,
    pub(crate) key: usize,
    pub(crate) created_ms: i64,
    pub(crate) price_milli: i64,
    pub(crate) render: Render,
    pub(crate) reads: u32,
    pub(crate) state: State,
    /// Readings when it was reported as failed.
    pub(crate) reads_at_end: u32,
    /// The paid request was answered, or will never be.
    pub(crate) replied: bool,
    /// The path of its video.
    pub(crate) link: Option<String>,
    pub(crate) rate: Window,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum State {
    Running,
    Done { at_ms: i64 },
    Failed { at_ms: i64, code: String, msg: String },
}

impl Task {
    /// Moves on if it is time; says whether the task ended, or ended anew.
    pub(crate) fn advance(&mut self, now_ms: i64) -> bool {
        let next = match &self.state {
            State::Running if met(self.render.finish, self.reads, now_ms - self.created_ms) => {
                self.end(now_ms)
            }
            State::Failed { at_ms, .. } if matches!(self.render.ending, Ending::Flip { .. }) => {
                let reads = self.reads - self.reads_at_end;
                met(self.render.late, reads, now_ms - at_ms).then_some(State::Done { at_ms: now_ms })
            }
            _ => None,
        };
        let moved = next.is_some();
        if let Some(next) = next {
            self.state = next;
            self.reads_at_end = self.reads;
        }
        moved
    }

    fn end(&self, at_ms: i64) -> Option<State> {
        Some(match &self.render.ending {
            Ending::Success => State::Done { at_ms },
            Ending::Fail { code, msg } | Ending::Flip { code, msg } => {
                State::Failed { at_ms, code: code.clone(), msg: msg.clone() }
            }
        })
    }

    /// When time alone moves it on next.
    pub(crate) fn due_ms(&self) -> Option<i64> {
        match (&self.state, self.render.finish, self.render.late) {
            (State::Running, Wait::Time(time), _) => Some(self.created_ms + millis(time)),
            (State::Failed { at_ms, .. }, _, Wait::Time(time))
                if matches!(self.render.ending, Ending::Flip { .. }) =>
            {
                Some(at_ms + millis(time))
            }
            _ => None,
        }
    }

    /// It is as if it were not there.
    pub(crate) fn is_hidden(&self, now_ms: i64) -> bool {
        match self.render.hidden {
            Wait::Reads(n) => self.reads <= n,
            Wait::Time(time) => now_ms < self.created_ms + millis(time),
            Wait::Between(..) | Wait::Told => true,
        }
    }
}

fn met(wait: Wait, reads: u32, passed_ms: i64) -> bool {
    match wait {
        Wait::Reads(n) => reads >= n,
        Wait::Time(time) => passed_ms >= millis(time),
        Wait::Between(..) | Wait::Told => false,
    }
}
