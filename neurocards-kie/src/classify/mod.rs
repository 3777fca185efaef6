//! What a text or a code of KIE means: the text first, the code second, the HTTP status last.
//!
//! The table is data, `faults.toml`. Neither codes alone nor loose words are safe: 500 carries refused parameters,
//! and "content" stands in the text about a wrong key.

mod table;
#[cfg(test)]
mod tests;

use neurocards_core::{Fault, FaultClass};
use serde::Deserialize;

use table::{Meaning, TABLE};

/// What is known of a fault beyond its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Nuance {
    /// There is a person in the photo, or a minor.
    Person,
    /// It looks like somebody else's work or brand.
    Brand,
    /// It is, or seems, erotic.
    Sexual,
    /// A key's own cap, not the account's balance.
    SubKey,
    /// A failure that may yet turn into a success.
    Late,
    /// There is no such task, or not yet.
    Missing,
}

/// What something that went wrong means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The fault, its message without addresses and secrets.
    pub fault: Fault,
    /// What else is known.
    pub nuance: Option<Nuance>,
    /// As the answer to a paid call it proves that no task was made.
    pub refused: bool,
    /// The text was in the table. Unknown texts are worth a row.
    pub known: bool,
}

/// Classifies what KIE said. `text` must be without secrets already; `code` is the envelope's, or a task's failCode.
pub fn classify(text: &str, code: Option<&str>) -> Verdict {
    let code = code.map(str::trim).filter(|code| !code.is_empty());
    let by_text = TABLE.text(text, code);
    let by_code = code.and_then(|code| TABLE.codes.get(code)).copied();
    let refused_by_code = by_code.is_some_and(|meaning| meaning.refused);
    let known = by_text.is_some();
    // A definite code stays definite whatever the text: 429 was never queued.
    let meaning = match by_text {
        Some((_, meaning)) => Meaning { refused: meaning.refused || refused_by_code, ..meaning },
        None => by_code.unwrap_or(Meaning { class: FaultClass::Unknown, nuance: None, refused: false }),
    };
    let message = if text.trim().is_empty() { "nothing was said" } else { text };
    let mut fault = Fault::new(meaning.class, message);
    fault.code = code.map(|code| code.chars().take(CODE_MAX_CHARS).collect());
    if !known {
        // The message is kept with the attempt; the log finds it without a database.
        tracing::warn!(code, text = fault.message, "KIE says something that is not in the table of faults");
    }
    Verdict { fault, nuance: meaning.nuance, refused: meaning.refused, known }
}

/// Codes are numbers, sometimes a word.
const CODE_MAX_CHARS: usize = 32;
