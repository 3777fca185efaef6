//! The body of a request for a chat completion.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::form::Form;

#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: [Message<'a>; 2],
    /// Said, because some servers stream unless they are told not to.
    pub(crate) stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u32>,
    #[serde(flatten)]
    pub(crate) parameters: BTreeMap<&'a String, &'a Value>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Message<'a> {
    role: &'static str,
    content: Content<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Content<'a> {
    Text(Cow<'a, str>),
    Parts([Piece<'a>; 2]),
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Piece<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: Picture<'a> },
}

#[derive(Debug, Serialize)]
pub(crate) struct Picture<'a> {
    url: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Format<'a> {
    JsonSchema { json_schema: Schema<'a> },
    JsonObject,
}

#[derive(Debug, Serialize)]
pub(crate) struct Schema<'a> {
    name: &'static str,
    strict: bool,
    schema: &'a Form,
}

impl<'a> Message<'a> {
    pub(crate) fn system(text: &'a str) -> Self {
        Self { role: "system", content: Content::Text(text.into()) }
    }

    pub(crate) fn user(content: Content<'a>) -> Self {
        Self { role: "user", content }
    }
}

impl<'a> Content<'a> {
    /// A text and a picture.
    pub(crate) fn seen(text: impl Into<Cow<'a, str>>, url: &'a str) -> Self {
        Self::Parts(Piece::seen(text, url))
    }
}

impl<'a> Piece<'a> {
    /// A text and a picture.
    pub(crate) fn seen(text: impl Into<Cow<'a, str>>, url: &'a str) -> [Self; 2] {
        [Self::Text { text: text.into() }, Self::ImageUrl { image_url: Picture { url } }]
    }
}

impl<'a> Format<'a> {
    pub(crate) fn schema(form: &'a Form) -> Self {
        Self::JsonSchema { json_schema: Schema { name: form.name, strict: true, schema: form } }
    }
}
