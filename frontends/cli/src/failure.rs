//! How a command ends: its exit code, and what a person reads when it did not go well.

use std::error::Error;
use std::fmt;
use std::iter::successors;
use std::process::ExitCode;

use miette::Diagnostic;
use serde::Serialize;

use crate::output::clean_short;

/// What a command says that moved no money.
pub(crate) const NOTHING_SPENT: &str = "Nothing was spent.";

/// The exit codes that scripts rely on (DESIGN section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything was done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// Some of several failed.
    Partly = 3,
    /// A key or an authorisation is missing or refused.
    Auth = 4,
    /// Not enough credits, or over budget.
    Credits = 5,
    /// The provider does not serve now.
    Provider = 6,
    /// Still running: resume later.
    Running = 7,
    /// Interrupted.
    Interrupted = 130,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What went wrong, in three parts: what happened, whether money was spent, what to do next.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// One word for scripts.
    pub(crate) class: &'static str,
    what: Box<str>,
    /// Whether money was spent; when nobody said it, nothing was.
    spent: Option<Box<str>>,
    hint: Box<str>,
    #[source]
    cause: Option<Box<Cause>>,
}

/// An error's chain as text that may be shown.
#[derive(Debug, Clone)]
struct Cause {
    text: String,
    source: Option<Box<Cause>>,
}

/// What scripts read of a failure.
#[derive(Debug, Serialize)]
pub(crate) struct FailureView<'a> {
    class: &'a str,
    message: String,
    spent: &'a str,
    hint: &'a str,
}

impl Failure {
    pub(crate) fn new(exit: Exit, class: &'static str, what: impl AsRef<str>) -> Self {
        let hint = "Run it again with --verbose to see more.".into();
        Self { exit, class, what: clean_short(what.as_ref()).into(), spent: None, hint, cause: None }
    }

    /// Wrong usage.
    pub(crate) fn usage(what: impl AsRef<str>) -> Self {
        Self::new(Exit::Usage, "usage", what)
    }

    /// The same failure under another exit code.
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// What to do next.
    pub(crate) fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = clean_short(hint.as_ref()).into();
        self
    }

    /// What to do next, behind what was said already.
    pub(crate) fn and_hint(self, more: &str) -> Self {
        let hint = format!("{} {more}", self.hint);
        self.hint(hint)
    }

    /// The same in other words.
    pub(crate) fn told_as(mut self, what: impl AsRef<str>) -> Self {
        self.what = clean_short(what.as_ref()).into();
        self
    }

    /// Whether money was spent.
    pub(crate) fn spent(mut self, spent: impl AsRef<str>) -> Self {
        self.spent = Some(clean_short(spent.as_ref()).into());
        self
    }

    /// The same with a word about money in any case: for commands that move some.
    pub(crate) fn with_spent(mut self) -> Self {
        self.spent.get_or_insert_with(|| NOTHING_SPENT.into());
        self
    }

    /// Why it happened.
    pub(crate) fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        self.cause = Some(Box::new(Cause::of(error)));
        self
    }

    pub(crate) fn view(&self) -> FailureView<'_> {
        let mut message = self.what.to_string();
        let mut cause = self.cause.as_deref();
        while let Some(next) = cause {
            message = format!("{message}: {}", next.text);
            cause = next.source.as_deref();
        }
        let spent = self.spent.as_deref().unwrap_or(NOTHING_SPENT);
        FailureView { class: self.class, message, spent, hint: &self.hint }
    }
}

impl FailureView<'_> {
    pub(crate) fn hint_text(&self) -> &str {
        self.hint
    }

    pub(crate) fn message_text(&self) -> &str {
        &self.message
    }
}

impl Diagnostic for Failure {
    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        match &self.spent {
            Some(spent) => Some(Box::new(format!("{spent}\n{}", self.hint))),
            None => Some(Box::new(&self.hint)),
        }
    }
}

impl Cause {
    fn of(error: &(dyn Error + 'static)) -> Self {
        let text = clean_short(&error.to_string());
        // Some libraries repeat their sources: once is enough.
        let sources = successors(error.source(), |source| (*source).source());
        let source = sources.into_iter().find(|source| !text.contains(&clean_short(&source.to_string())));
        Self { source: source.map(|source| Box::new(Self::of(source))), text }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_its_error_repeats_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("no answer: {0}")]
        struct Repeating(#[source] fmt::Error);
        let cause = fmt::Error;
        let failure = Failure::usage("it failed").because(&Repeating(cause));
        assert_eq!(failure.view().message, format!("it failed: no answer: {cause}"));
    }
}
