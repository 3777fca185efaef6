//! How a question is put to a server: what one of them refuses is left out from then on.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::body::{Body, Content, Format, Message};
use crate::form::Form;

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) system: String,
    /// The user's message when the photo goes along.
    pub(crate) with_photo: String,
    /// The same when it cannot; without one, only models that see are asked.
    pub(crate) without_photo: Option<String>,
    /// A data URL.
    pub(crate) photo: Option<String>,
    /// What the answer looks like.
    pub(crate) form: Form,
}

/// A part of a request that a server may refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// `response_format`.
    Form,
    /// `max_completion_tokens`, or `max_tokens`.
    Limit,
    /// The photo.
    Photo,
    /// A parameter that was configured.
    Parameter(String),
}

/// The form in which an answer is asked for, the strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Schema,
    Object,
    Plain,
}

/// The name under which the number of tokens is limited: the new one, the old one, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Limit {
    MaxCompletionTokens,
    MaxTokens,
    Unlimited,
}

/// What a server takes for one model, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dialect {
    form: Strictness,
    limit: Limit,
    photo: bool,
    left_out: BTreeSet<String>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            form: Strictness::Schema,
            limit: Limit::MaxCompletionTokens,
            photo: true,
            left_out: BTreeSet::new(),
        }
    }
}

impl Dialect {
    /// The dialect without a part, or with an older form of it; `None` when that part is not in it.
    pub(crate) fn without(&self, part: &Part) -> Option<Self> {
        let mut next = self.clone();
        match (part, self.form, self.limit) {
            (Part::Form, Strictness::Schema, _) => next.form = Strictness::Object,
            (Part::Form, Strictness::Object, _) => next.form = Strictness::Plain,
            (Part::Limit, _, Limit::MaxCompletionTokens) => next.limit = Limit::MaxTokens,
            (Part::Limit, _, Limit::MaxTokens) => next.limit = Limit::Unlimited,
            (Part::Photo, ..) if self.photo => next.photo = false,
            (Part::Parameter(name), ..) if !self.left_out.contains(name) => {
                next.left_out.insert(name.clone());
            }
            _ => return None,
        }
        Some(next)
    }

    /// Which part of a request a complaint is about, by the parameter that it names or else by its words. Empty words
    /// name nothing.
    pub(crate) fn refused(
        &self,
        named: Option<&str>,
        words: &str,
        parameters: &Map<String, Value>,
    ) -> Option<Part> {
        let root = named.map(|name| name.split(['.', '[', ':']).next().unwrap_or_default());
        let words = words.to_lowercase();
        let any = |marks: &[&str]| marks.iter().any(|mark| words.contains(mark));
        let configured = |matches: &dyn Fn(&str) -> bool| {
            let mut names = parameters.keys().filter(|name| !self.left_out.contains(*name));
            names.find(|name| matches(name)).map(|name| Part::Parameter(name.clone()))
        };
        let by_name = match root {
            Some("response_format") => Some(Part::Form),
            Some("max_completion_tokens" | "max_tokens") => Some(Part::Limit),
            Some(root) => configured(&|name| name == root),
            None => None,
        };
        let part = by_name.or_else(|| {
            if any(&["response_format", "json_schema", "json_object", "structured output"]) {
                Some(Part::Form)
            } else if any(&["max_completion_tokens", "max_tokens"]) {
                Some(Part::Limit)
            } else if let Some(part) = configured(&|name| words.contains(name)) {
                Some(part)
            } else {
                any(&["image", "vision", "multimodal"]).then_some(Part::Photo)
            }
        })?;
        self.without(&part).map(|_| part)
    }

    /// Whether this can be asked at all.
    pub(crate) fn can_ask(&self, question: &Question) -> bool {
        self.photo || question.without_photo.is_some()
    }

    /// The request's body. `correction` says what was wrong with the last answer.
    pub(crate) fn body<'a>(
        &self,
        model: &'a str,
        question: &'a Question,
        correction: Option<&str>,
        tokens: u32,
        parameters: &'a Map<String, Value>,
    ) -> Body<'a> {
        let photo = question.photo.as_deref().filter(|_| self.photo);
        let blind = question.without_photo.as_ref().filter(|_| photo.is_none());
        let text = blind.unwrap_or(&question.with_photo);
        let text = correction.map_or_else(|| text.clone(), |correction| format!("{text}\n\n{correction}"));
        let user = match photo {
            Some(url) => Content::seen(text, url),
            // Servers without eyes know only this form.
            None => Content::Text(text.into()),
        };
        Body {
            model,
            messages: [Message::system(&question.system), Message::user(user)],
            stream: false,
            response_format: match self.form {
                Strictness::Schema => Some(Format::schema(&question.form)),
                Strictness::Object => Some(Format::JsonObject),
                Strictness::Plain => None,
            },
            max_completion_tokens: (self.limit == Limit::MaxCompletionTokens).then_some(tokens),
            max_tokens: (self.limit == Limit::MaxTokens).then_some(tokens),
            parameters: parameters.iter().filter(|(name, _)| !self.left_out.contains(*name)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::form::Kind;

    fn parameters() -> Map<String, Value> {
        Map::from_iter([
            ("temperature".to_owned(), json!(0.7)),
            ("reasoning_effort".to_owned(), json!("low")),
        ])
    }

    #[test]
    fn complaints_are_understood() {
        let check = |named: Option<&str>, words: &str, expect: Option<Part>| {
            assert_eq!(Dialect::default().refused(named, words, &parameters()), expect, "{named:?} {words}");
        };
        let temperature = Some(Part::Parameter("temperature".to_owned()));
        check(Some("temperature"), "Unsupported value", temperature.clone());
        check(Some("reasoning_effort"), "", Some(Part::Parameter("reasoning_effort".to_owned())));
        check(Some("response_format"), "Invalid parameter", Some(Part::Form));
        check(Some("response_format.json_schema"), "", Some(Part::Form));
        check(Some("max_completion_tokens"), "Unsupported parameter", Some(Part::Limit));
        check(None, "Unrecognized request argument supplied: max_completion_tokens", Some(Part::Limit));
        check(None, "This response_format type is unavailable now", Some(Part::Form));
        check(None, "'temperature' does not support 0.7", temperature);
        check(None, "this model does not support image input", Some(Part::Photo));
        check(Some("messages.[1].content"), "Only text is allowed; image_url is not", Some(Part::Photo));
        check(Some("top_p"), "we never sent that", None);
        check(None, "Your prompt breaks our rules", None);
        check(None, "", None);
    }

    #[test]
    fn what_is_refused_comes_in_an_older_form_and_then_not_at_all() {
        let question = Question {
            system: "rules".to_owned(),
            with_photo: "see".to_owned(),
            without_photo: Some("read".to_owned()),
            photo: Some("data:".to_owned()),
            form: Form { name: "answer", fields: vec![("text", Kind::Text)] },
        };
        let mut dialect = Dialect::default();
        let body = |dialect: &Dialect| json!(dialect.body("m", &question, None, 900, &parameters()));
        assert_eq!(body(&dialect)["response_format"]["json_schema"]["strict"], true);
        for part in [Part::Form, Part::Limit, Part::Photo, Part::Parameter("temperature".to_owned())] {
            dialect = dialect.without(&part).unwrap();
        }
        let older = body(&dialect);
        assert_eq!(older["response_format"], json!({ "type": "json_object" }));
        assert_eq!((&older["max_tokens"], &older["max_completion_tokens"]), (&json!(900), &Value::Null));
        assert_eq!(older["messages"][1]["content"], "read");
        assert_eq!((&older["temperature"], &older["reasoning_effort"]), (&Value::Null, &json!("low")));
        for part in [Part::Photo, Part::Parameter("temperature".to_owned())] {
            assert_eq!(dialect.without(&part), None, "it is not there any more");
        }
        let last = dialect.without(&Part::Form).and_then(|dialect| dialect.without(&Part::Limit)).unwrap();
        let plain = body(&last);
        assert!(plain.get("response_format").is_none() && plain.get("max_tokens").is_none());
        assert!(last.without(&Part::Form).or(last.without(&Part::Limit)).is_none());
    }
}
