//! The two streams.

use std::error::Error;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use miette::{GraphicalReportHandler, GraphicalTheme};
use serde::Serialize;

use super::Shape;
use super::clean::{clean, clean_json};
use super::views::ErrorDocument;
use crate::failure::{Exit, Failure, NOTHING_SPENT};

/// Writes to the two streams. A reader that went away stops the writing, not the work.
#[derive(Debug)]
pub(crate) struct Printer {
    quiet: bool,
    /// The command moves money: what goes wrong ends with a word about that.
    moves_money: bool,
    stdout: Mutex<Pipe>,
}

#[derive(Debug)]
enum Pipe {
    Open,
    /// The reader went away: nothing more is written, and that is no fault.
    Closed,
    /// The output could not be written.
    Broken(io::Error),
}

impl Printer {
    pub(crate) fn new(quiet: bool, moves_money: bool) -> Self {
        Self { quiet, moves_money, stdout: Mutex::new(Pipe::Open) }
    }

    /// Whether notes and progress are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Data: one line, or several.
    pub(crate) fn data(&self, text: &str) {
        let mut pipe = self.stdout.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*pipe, Pipe::Open) {
            return;
        }
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(clean(text).as_bytes()).and_then(|()| stdout.write_all(b"\n"));
        match written.and_then(|()| stdout.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => *pipe = Pipe::Closed,
            Err(error) => *pipe = Pipe::Broken(error),
        }
    }

    /// Data: one JSON value on one line.
    pub(crate) fn json_line(&self, value: &impl Serialize) {
        self.data(&json(value, false));
    }

    /// Data: one JSON document, laid out for people too.
    pub(crate) fn document(&self, value: &impl Serialize) {
        self.data(&json(value, true));
    }

    /// Something worth knowing.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            Self::stderr(&format!("note: {}", clean(text)));
        }
    }

    /// A question to somebody at a terminal; the answer comes on the same line.
    pub(crate) fn ask(&self, question: &str) {
        // There is nobody to answer when this fails.
        let _ = write!(io::stderr().lock(), "{}", clean(question));
    }

    /// Something that may need a hand; said even when quiet.
    pub(crate) fn warning(&self, text: &str) {
        Self::stderr(&format!("warning: {}", clean(text)));
    }

    /// What went wrong, in three parts; of a command that answers with a document, on stdout too.
    pub(crate) fn failure(&self, failure: &Failure, shape: Shape) {
        if self.moves_money {
            Self::stderr(&rendered(&failure.clone().with_spent()));
        } else {
            Self::stderr(&rendered(failure));
        }
        if shape == Shape::Document {
            self.document(&ErrorDocument::new(failure));
        }
    }

    /// A command line that was not understood, as clap says it.
    pub(crate) fn usage(&self, text: &str) {
        let spent = if self.moves_money { format!("\n\n{NOTHING_SPENT}") } else { String::new() };
        Self::stderr(&format!("{text}{spent}"));
    }

    /// The exit code, unless what was printed did not arrive.
    pub(crate) fn finish(&self, exit: Exit) -> Exit {
        let pipe = self.stdout.lock().unwrap_or_else(PoisonError::into_inner);
        match &*pipe {
            Pipe::Broken(error) if exit == Exit::Done => {
                let failure = Failure::new(Exit::Failed, "output", "the output could not be written")
                    .because(error)
                    .spent("What was ordered is kept.")
                    .hint("`neurocards jobs list` shows it.");
                Self::stderr(&rendered(&failure));
                failure.exit
            }
            _ => exit,
        }
    }

    /// What went wrong before anything could begin.
    pub(crate) fn fatal(&self, what: &str, error: &(dyn Error + 'static)) -> Exit {
        let failure = Failure::new(Exit::Failed, "failed", what).because(error);
        self.failure(&failure, Shape::Text);
        failure.exit
    }

    fn stderr(text: &str) {
        // There is nobody left to tell when this fails.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }
}

/// A failure as people read it. Every text in it was cleaned when it was made.
fn rendered(failure: &Failure) -> String {
    let theme = if io::stderr().is_terminal() { GraphicalTheme::default() } else { GraphicalTheme::none() };
    let mut text = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_wrap_lines(false);
    match handler.render_report(&mut text, failure) {
        Ok(()) => text.trim_end().to_owned(),
        Err(_) => failure.to_string(),
    }
}

fn json(value: &impl Serialize, wide: bool) -> String {
    let json = if wide { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    // Strings, numbers and maps with string keys always serialise.
    clean_json(&json.unwrap_or_default())
}
