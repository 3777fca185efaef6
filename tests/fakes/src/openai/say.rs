//! What a language model answers.

use serde_json::Value;

/// The answer of a model, or of a moderation.
///
/// Without one the fake writes what the requested schema asks for: spoken lines in the language of the request, prompts
/// in English, `false` for every question.
#[derive(Debug, Clone, PartialEq)]
pub struct Say {
    pub(crate) content: Option<Content>,
    pub(crate) refusal: Option<String>,
    pub(crate) finish: &'static str,
    /// Moderation: the categories that are flagged.
    pub(crate) flagged: Vec<String>,
    /// Tokens that the model spends on thinking.
    pub(crate) thinking: u64,
}

/// The text of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// Whatever fits the request.
    Fitting,
    Text(String),
}

impl Say {
    fn new(content: Option<Content>, finish: &'static str) -> Self {
        Self { content, refusal: None, finish, flagged: Vec::new(), thinking: 0 }
    }

    /// What the journal calls it.
    pub(crate) fn label(&self) -> String {
        let said = match (&self.content, &self.refusal) {
            _ if !self.flagged.is_empty() => "flagged",
            (_, Some(_)) => "refusal",
            (None, None) => "no content",
            (Some(Content::Text(text)), _) if text.is_empty() => "empty content",
            (Some(_), _) => "said",
        };
        format!("{said}, {}", self.finish)
    }

    /// Something that fits the request.
    pub fn something_fitting() -> Self {
        Self::new(Some(Content::Fitting), "stop")
    }

    /// This text, whatever was asked for.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Some(Content::Text(text.into())), "stop")
    }

    /// This JSON, whatever was asked for.
    pub fn json(value: &Value) -> Self {
        Self::text(value.to_string())
    }

    /// The model declines: `refusal` has the words, `content` is null.
    pub fn refuses(words: impl Into<String>) -> Self {
        Self { refusal: Some(words.into()), ..Self::new(None, "stop") }
    }

    /// Half of a fitting answer: the budget of tokens is used up.
    pub fn cut_by_length() -> Self {
        Self::new(Some(Content::Fitting), "length")
    }

    /// Nothing at all: the whole budget went into thinking.
    pub fn nothing_but_thinking(tokens: u64) -> Self {
        Self { thinking: tokens, ..Self::new(Some(Content::Text(String::new())), "length") }
    }

    /// `content` is null, and no reason is given.
    pub fn null() -> Self {
        Self::new(None, "stop")
    }

    /// `content` is empty.
    pub fn empty() -> Self {
        Self::text("")
    }

    /// Stopped by the service's content filter.
    pub fn filtered() -> Self {
        Self::new(None, "content_filter")
    }

    /// A moderation that flags these categories.
    ///
    /// # Panics
    /// There is no such category.
    pub fn flags(categories: &[&str]) -> Self {
        for category in categories {
            let known = super::moderation::CATEGORIES.iter().any(|(name, _)| name == category);
            assert!(known, "there is no category {category}");
        }
        let flagged = categories.iter().map(|category| (*category).to_owned()).collect();
        Self { flagged, ..Self::something_fitting() }
    }
}
