//! The form of `faults.toml`, ready to be searched.

use std::collections::HashMap;
use std::sync::LazyLock;

use neurocards_core::FaultClass;
use serde::Deserialize;

use super::Nuance;

/// The table of this crate; its tests read the same file.
pub(super) static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str::<File>(include_str!("faults.toml")).map(Table::new).unwrap_or_default());

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    text: Vec<TextRow>,
    code: Vec<CodeRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextRow {
    is: Option<String>,
    begins: Option<String>,
    ends: Option<String>,
    has: Option<String>,
    codes: Option<Vec<String>>,
    class: FaultClass,
    nuance: Option<Nuance>,
    refused: Option<bool>,
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests send each of them through the table"))]
    seen: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeRow {
    code: String,
    class: FaultClass,
    nuance: Option<Nuance>,
    refused: bool,
    #[serde(rename = "source")]
    _source: String,
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) class: FaultClass,
    pub(super) nuance: Option<Nuance>,
    pub(super) refused: bool,
}

#[derive(Debug)]
enum Phrase {
    Is(String),
    Begins(String),
    Ends(String),
    Has(String),
}

#[derive(Debug)]
pub(super) struct TextRule {
    phrase: Phrase,
    codes: Option<Vec<String>>,
    meaning: Meaning,
    #[cfg(test)]
    pub(super) seen: Vec<String>,
}

/// The rows, texts in the file's order.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) texts: Vec<TextRule>,
    pub(super) codes: HashMap<String, Meaning>,
}

impl Table {
    fn new(file: File) -> Self {
        let codes = file.code.into_iter().map(|row| {
            let meaning = Meaning { class: row.class, nuance: row.nuance, refused: row.refused };
            (row.code, meaning)
        });
        Self { texts: file.text.into_iter().filter_map(TextRule::new).collect(), codes: codes.collect() }
    }

    /// What a text means, together with the code that came with it.
    pub(super) fn text(&self, text: &str, code: Option<&str>) -> Option<(usize, Meaning)> {
        let plain = plain(text);
        if plain.is_empty() {
            return None;
        }
        let found = self.texts.iter().position(|rule| rule.fits(&plain, code))?;
        Some((found, self.texts[found].meaning))
    }
}

impl TextRule {
    /// `None` for a row without a phrase, or with two.
    fn new(row: TextRow) -> Option<Self> {
        let phrase = match (row.is, row.begins, row.ends, row.has) {
            (Some(phrase), None, None, None) => Phrase::Is(plain(&phrase)),
            (None, Some(phrase), None, None) => Phrase::Begins(plain(&phrase)),
            (None, None, Some(phrase), None) => Phrase::Ends(plain(&phrase)),
            (None, None, None, Some(phrase)) => Phrase::Has(plain(&phrase)),
            _ => return None,
        };
        let passing = matches!(row.class, FaultClass::Temporary | FaultClass::Unknown);
        let meaning =
            Meaning { class: row.class, nuance: row.nuance, refused: row.refused.unwrap_or(!passing) };
        Some(Self {
            phrase,
            codes: row.codes,
            meaning,
            #[cfg(test)]
            seen: row.seen,
        })
    }

    fn fits(&self, text: &str, code: Option<&str>) -> bool {
        let said = match &self.phrase {
            Phrase::Is(phrase) => text == phrase,
            Phrase::Begins(phrase) => text.starts_with(phrase),
            Phrase::Ends(phrase) => text.ends_with(phrase),
            Phrase::Has(phrase) => text.contains(phrase.as_str()),
        };
        said && self
            .codes
            .as_ref()
            .is_none_or(|codes| code.is_some_and(|code| codes.iter().any(|c| c == code)))
    }
}

/// A text as it is compared: without case, with plain quotes, hyphens and single spaces, underscores as spaces, and
/// without the punctuation at its end.
fn plain(text: &str) -> String {
    let letters = text.chars().flat_map(char::to_lowercase).map(|c| match c {
        '’' | '‘' | '`' | '´' => '\'',
        '“' | '”' => '"',
        '–' | '—' | '‐' | '‑' | '−' => '-',
        '_' => ' ',
        other => other,
    });
    let letters: String = letters.collect();
    let words: Vec<_> = letters.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', '~', '!', '。', ' ']).to_owned()
}
