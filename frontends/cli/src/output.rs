//! What goes to the terminal: data on stdout, everything else on stderr.

mod clean;
mod printer;
mod progress;
mod queue;
mod usage;
mod views;
mod words;

pub(crate) use clean::{clean_line, clean_path, clean_short, is_plain};
pub(crate) use printer::Printer;
pub(crate) use progress::{Bars, Counter};
pub(crate) use queue::{PauseView, QueueView};
pub(crate) use usage::{nearest, print_usage_error};
pub(crate) use views::{
    AccountView, ErrorDocument, EventLine, JobView, ModelView, OrderView, ProgressLine, VideoFile, VideoView,
    WarningLine,
};
pub(crate) use words::{ledger_line, moment, seconds_of, spent, table, warning_words};

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Words for people.
    Text,
    /// One JSON document.
    Document,
    /// JSON lines, the last of which is the result.
    Lines,
}
