//! The endpoint that flags what should not be there.

use serde_json::{Map, Value, json};

use super::error::{ApiError, JSON};
use super::picture;
use super::say::Say;
use crate::reply::Reply;
use crate::violation::Rule;

/// The categories, and whether they look at pictures too.
pub(crate) const CATEGORIES: [(&str, bool); 13] = [
    ("harassment", false),
    ("harassment/threatening", false),
    ("hate", false),
    ("hate/threatening", false),
    ("illicit", false),
    ("illicit/violent", false),
    ("self-harm", true),
    ("self-harm/instructions", true),
    ("self-harm/intent", true),
    ("sexual", true),
    ("sexual/minors", false),
    ("violence", true),
    ("violence/graphic", true),
];

/// The text of a request, and how many pictures it has.
pub(crate) fn check(body: &Value) -> Result<(String, usize), (Rule, ApiError)> {
    let wrong = |message: &str| (Rule::Body, ApiError::invalid(Some("input"), None, message));
    let model = body.get("model").map(|model| model.as_str().unwrap_or_default());
    if let Some(model) = model.filter(|model| !model.starts_with("omni-moderation")) {
        return Err((Rule::Model, super::error::no_model(model)));
    }
    match &body["input"] {
        Value::String(text) => Ok((text.clone(), 0)),
        Value::Array(items) if !items.is_empty() => {
            let (mut texts, mut pictures) = (Vec::new(), 0);
            for item in items {
                match (item, item["type"].as_str()) {
                    (Value::String(text), _) => texts.push(text.clone()),
                    (_, Some("text")) => texts.push(item["text"].as_str().unwrap_or_default().to_owned()),
                    (_, Some("image_url")) => {
                        picture::look(item)?;
                        pictures += 1;
                    }
                    _ => return Err(wrong("Invalid type for 'input'.")),
                }
            }
            Ok((texts.join("\n"), pictures))
        }
        _ => Err(wrong("Missing required parameter: 'input'.")),
    }
}

pub(crate) fn answer(id: &str, say: Option<&Say>, pictures: usize) -> Reply {
    let flagged = |name: &str| say.is_some_and(|say| say.flagged.iter().any(|flagged| flagged == name));
    let each = |value: &dyn Fn(&str, bool) -> Value| -> Map<String, Value> {
        CATEGORIES.iter().map(|(name, sees)| ((*name).to_owned(), value(name, *sees))).collect()
    };
    let result = json!({
        "flagged": CATEGORIES.iter().any(|(name, _)| flagged(name)),
        "categories": each(&|name, _| json!(flagged(name))),
        "category_scores": each(&|name, _| json!(if flagged(name) { 0.93 } else { 0.0001 })),
        "category_applied_input_types": each(&|_, sees| {
            if sees && pictures > 0 { json!(["text", "image"]) } else { json!(["text"]) }
        }),
    });
    let body = json!({ "id": format!("modr-{id}"), "model": "omni-moderation-latest", "results": [result] });
    Reply::new(200, JSON, body.to_string())
}
