//! What a client did that the service, or good sense, does not allow.

use std::collections::BTreeSet;
use std::fmt;

/// Rules that a strict fake holds its clients to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// The service has no such path, method or host.
    Unrouted,
    /// A header is missing that the service demands: `User-Agent`, `Content-Type`.
    Headers,
    /// No key, or one that the service does not know.
    Auth,
    /// The body is not what the endpoint takes.
    Body,
    /// The model does not exist, or is paused for ever.
    Model,
    /// A field of the model's input is missing, of the wrong type, or outside its limits.
    Input,
    /// A field that the model does not have. The service ignores it without a word.
    UnknownField,
    /// A video from a photo was ordered without a photo.
    NoPhoto,
    /// The photo's address cannot be fetched, or is no picture.
    Photo,
    /// More paid requests than an account may make in ten seconds.
    CreateRate,
    /// More reads than a task may have in a second.
    ReadRate,
    /// More than one request a second about models.
    DiscoveryRate,
    /// A second paid request with the same `callBackUrl`.
    SecondPost,
    /// An upload under a name that was taken: caches go on serving the old file.
    NameTaken,
    /// A secret in the wrong place: a key shown to the media host, a bot token in an address.
    Secret,
}

/// One thing that a client did wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Which exchange, by its place in the journal.
    pub seq: u64,
    /// Against which rule.
    pub rule: Rule,
    /// In words.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exchange {}: {:?}: {}", self.seq, self.rule, self.what)
    }
}

/// What was seen so far, less what was allowed.
#[derive(Debug, Default)]
pub(crate) struct Violations {
    seen: Vec<Violation>,
    allowed: BTreeSet<Rule>,
}

impl Violations {
    pub(crate) fn note(&mut self, seq: u64, rule: Rule, what: impl Into<String>) {
        self.seen.push(Violation { seq, rule, what: what.into() });
    }

    pub(crate) fn allow(&mut self, rule: Rule) {
        self.allowed.insert(rule);
    }

    pub(crate) fn list(&self) -> Vec<Violation> {
        self.seen.iter().filter(|violation| !self.allowed.contains(&violation.rule)).cloned().collect()
    }
}

/// Ends a test whose client broke a rule.
pub(crate) fn assert_none(fake: &str, violations: &[Violation], journal: &[String]) {
    if violations.is_empty() {
        return;
    }
    let list: Vec<String> = violations.iter().map(|violation| format!("  {violation}")).collect();
    panic!(
        "the {fake} fake saw what the service does not allow:\n{}\nits journal:\n{}",
        list.join("\n"),
        journal.join("\n")
    );
}
