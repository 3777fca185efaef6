//! Words: keys of the Fluent files, their arguments, and the one function that escapes.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid, static_loader};
use neurocards::{Credits, Lang};
use serde::{Deserialize, Serialize};

static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "ru",
        // Marks around arguments would be sent to people.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// What is said, as data: a key and its arguments. Words come in when it is known to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    key: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    args: BTreeMap<String, Arg>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Arg {
    /// Chooses the plural form.
    Number(i64),
    /// Words from outside: escaped.
    Words(String),
    /// Words of ours.
    Text(Text),
}

impl Text {
    /// A text without arguments.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), args: BTreeMap::new() }
    }

    /// So many credits, in words.
    pub fn credits(credits: Credits) -> Self {
        Self::new("credits").number("count", credits.0)
    }

    /// So many videos, in words.
    pub fn videos(count: u32) -> Self {
        Self::new("videos-count").number("count", i64::from(count))
    }

    /// With a number.
    #[must_use]
    pub fn number(self, name: &str, number: i64) -> Self {
        self.arg(name, Arg::Number(number))
    }

    /// With words from outside.
    #[must_use]
    pub fn words(self, name: &str, words: impl Into<String>) -> Self {
        self.arg(name, Arg::Words(words.into()))
    }

    /// With another text.
    #[must_use]
    pub fn text(self, name: &str, text: Self) -> Self {
        self.arg(name, Arg::Text(text))
    }

    fn arg(mut self, name: &str, arg: Arg) -> Self {
        self.args.insert(name.to_owned(), arg);
        self
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// For a message: HTML, in which arguments are only words.
    pub fn html(&self, lang: Lang) -> String {
        self.written(lang, escape)
    }

    /// For a button or a short answer: no HTML.
    pub fn plain(&self, lang: Lang) -> String {
        self.written(lang, |words| visible(words).collect())
    }

    fn written(&self, lang: Lang, write: fn(&str) -> String) -> String {
        let value = |arg: &Arg| match arg {
            Arg::Number(number) => FluentValue::from(*number),
            Arg::Words(words) => FluentValue::from(write(words)),
            Arg::Text(text) => FluentValue::from(text.written(lang, write)),
        };
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            self.args.iter().map(|(name, arg)| (Cow::from(name.clone()), value(arg))).collect();
        LOCALES.lookup_with_args(language(lang), &self.key, &args)
    }
}

static RUSSIAN: LanguageIdentifier = langid!("ru");
static ENGLISH: LanguageIdentifier = langid!("en");

fn language(lang: Lang) -> &'static LanguageIdentifier {
    match lang {
        Lang::Ru => &RUSSIAN,
        Lang::En => &ENGLISH,
    }
}

/// Makes words from outside harmless in a message: no tags, no entities, and nothing that turns the line around.
pub fn escape(words: &str) -> String {
    let mut html = String::with_capacity(words.len());
    for c in visible(words) {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(c),
        }
    }
    html
}

/// Without control characters and marks that change the direction of writing.
fn visible(words: &str) -> impl Iterator<Item = char> {
    let hidden = |c: &char| {
        (c.is_control() && *c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    words.chars().filter(move |c| !hidden(c))
}

/// The beginning of a text, with a sign when there was more.
pub fn clip(words: &str, most: usize) -> String {
    let words = words.trim();
    if words.chars().count() <= most {
        return words.to_owned();
    }
    let front: String = words.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", front.trim_end())
}

#[cfg(test)]
mod tests;
