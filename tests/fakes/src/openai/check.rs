//! Whether a request to a language model is one.

use serde_json::{Map, Value};

use super::error::{ApiError, no_model};
use super::picture::{self, Picture};
use super::{ModelRow, schema};
use crate::violation::Rule;

/// Parameters that the endpoint knows.
const PARAMETERS: [&str; 22] = [
    "model",
    "messages",
    "max_completion_tokens",
    "max_tokens",
    "response_format",
    "temperature",
    "top_p",
    "n",
    "stop",
    "seed",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "presence_penalty",
    "frequency_penalty",
    "reasoning_effort",
    "verbosity",
    "store",
    "metadata",
    "service_tier",
    "stream",
    "logit_bias",
];

/// A request that was understood.
#[derive(Debug, Default)]
pub(crate) struct Understood {
    /// Everything that people wrote: the texts of the user's messages.
    pub(crate) user_text: String,
    /// The texts of all messages.
    pub(crate) all_text: String,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) format: Format,
    pub(crate) max_tokens: Option<u64>,
}

/// What the answer is to look like.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Format {
    #[default]
    Text,
    Object,
    Schema(Value),
}

/// Why a request is refused. `rule`: against which rule it is, unless a client may well ask so.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) rule: Option<Rule>,
    pub(crate) error: ApiError,
}

/// What the server behind the address can do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Abilities {
    pub(crate) moderations: bool,
    pub(crate) schemas: bool,
    pub(crate) pictures: bool,
}

pub(crate) fn check(body: &Value, models: &[ModelRow], abilities: Abilities) -> Result<Understood, Refused> {
    let Some(body) = body.as_object() else {
        return Err(breach("We could not parse the JSON body of your request."));
    };
    let Some(id) = body.get("model").and_then(Value::as_str) else {
        return Err(breach("you must provide a model parameter"));
    };
    let model = models.iter().find(|row| row.id == id);
    let Some(model) = model else { return Err(Refused { rule: Some(Rule::Model), error: no_model(id) }) };
    if let Some(unknown) = body.keys().find(|name| !PARAMETERS.contains(&name.as_str())) {
        let error =
            ApiError::invalid(None, None, format!("Unrecognized request argument supplied: {unknown}"));
        return Err(Refused { rule: Some(Rule::UnknownField), error });
    }
    if body.get("stream").is_some_and(|stream| stream == true) {
        return Err(breach("the fake does not stream"));
    }
    sampling(body, model)?;
    let mut understood = Understood { max_tokens: budget(body)?, ..Understood::default() };
    messages(body, abilities, &mut understood)?;
    understood.format = format(body, abilities, &understood.all_text)?;
    Ok(understood)
}

/// Newer models take no sampling parameters, and another name for the budget. A client may find out by asking.
fn sampling(body: &Map<String, Value>, model: &ModelRow) -> Result<(), Refused> {
    let refused = |name: &str, code, message: String| {
        Err(Refused { rule: None, error: ApiError::invalid(Some(name), Some(code), message) })
    };
    if !model.samples {
        if body.contains_key("max_tokens") {
            let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                           'max_completion_tokens' instead.";
            return refused("max_tokens", "unsupported_parameter", message.to_owned());
        }
        let thinks = body.get("reasoning_effort").is_none_or(|effort| effort != "none");
        if let Some(value) = body.get("temperature").filter(|value| thinks && value.as_f64() != Some(1.0)) {
            let message = format!(
                "Unsupported value: 'temperature' does not support {value} with this model. Only the default (1) \
                 value is supported."
            );
            return refused("temperature", "unsupported_value", message);
        }
        for name in ["top_p", "presence_penalty", "frequency_penalty", "logit_bias"] {
            if thinks && body.contains_key(name) {
                let message = format!("Unsupported parameter: '{name}' is not supported with this model.");
                return refused(name, "unsupported_parameter", message);
            }
        }
    } else if body.contains_key("reasoning_effort") {
        let message = "Unrecognized request argument supplied: reasoning_effort";
        return refused("reasoning_effort", "unsupported_parameter", message.to_owned());
    }
    Ok(())
}

fn budget(body: &Map<String, Value>) -> Result<Option<u64>, Refused> {
    for name in ["max_completion_tokens", "max_tokens"] {
        let Some(value) = body.get(name) else { continue };
        return match value.as_u64() {
            Some(tokens) if tokens > 0 => Ok(Some(tokens)),
            _ => Err(breach(format!("Invalid '{name}': integer below minimum value."))),
        };
    }
    Ok(None)
}

fn messages(
    body: &Map<String, Value>,
    abilities: Abilities,
    understood: &mut Understood,
) -> Result<(), Refused> {
    let messages = body.get("messages").and_then(Value::as_array).filter(|messages| !messages.is_empty());
    let Some(messages) = messages else {
        return Err(breach("Invalid 'messages': empty array. Expected an array with minimum length 1."));
    };
    for (n, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if !["system", "developer", "user", "assistant"].contains(&role) {
            return Err(breach(format!("Invalid value: '{role}' for messages[{n}].role.")));
        }
        let parts = match &message["content"] {
            Value::String(text) => vec![serde_json::json!({ "type": "text", "text": text })],
            Value::Array(parts) if !parts.is_empty() => parts.clone(),
            _ => {
                return Err(breach(format!(
                    "Invalid value for 'content' of messages[{n}]: expected text or parts."
                )));
            }
        };
        for part in &parts {
            understood.part(role, n, part, abilities)?;
        }
    }
    Ok(())
}

impl Understood {
    fn part(&mut self, role: &str, n: usize, part: &Value, abilities: Abilities) -> Result<(), Refused> {
        match part["type"].as_str() {
            Some("text") => {
                let Some(text) = part["text"].as_str() else {
                    return Err(breach(format!(
                        "Missing required parameter: 'messages[{n}].content[].text'."
                    )));
                };
                self.all_text.push_str(text);
                self.all_text.push('\n');
                if role == "user" {
                    self.user_text.push_str(text);
                    self.user_text.push('\n');
                }
                Ok(())
            }
            Some("image_url") if role != "user" => Err(breach(format!(
                "Invalid 'messages[{n}]': image URLs are only allowed for messages with role 'user'."
            ))),
            Some("image_url") if !abilities.pictures => {
                let message = "Invalid content type. image_url is only supported by certain models.";
                Err(Refused { rule: None, error: ApiError::invalid(Some("messages"), None, message) })
            }
            Some("image_url") => {
                let seen = picture::look(part);
                let seen = seen.map_err(|(rule, error)| Refused { rule: Some(rule), error })?;
                self.pictures.push(seen);
                Ok(())
            }
            kind => Err(breach(format!("Invalid value: {kind:?} for messages[{n}].content[].type."))),
        }
    }
}

fn format(body: &Map<String, Value>, abilities: Abilities, text: &str) -> Result<Format, Refused> {
    let Some(format) = body.get("response_format") else { return Ok(Format::Text) };
    let refused = |message: String| {
        let error = ApiError::invalid(Some("response_format"), None, message);
        Refused { rule: Some(Rule::Body), error }
    };
    match format["type"].as_str() {
        Some("text") => Ok(Format::Text),
        Some("json_object") if text.to_lowercase().contains("json") => Ok(Format::Object),
        Some("json_object") => {
            let message = "'messages' must contain the word 'json' in some form, to use 'response_format' of type \
                           'json_object'.";
            Err(refused(message.to_owned()))
        }
        Some("json_schema") if !abilities.schemas => {
            let message = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.";
            Err(Refused { rule: None, ..refused(message.to_owned()) })
        }
        Some("json_schema") => {
            let format = &format["json_schema"];
            let name = format["name"].as_str().unwrap_or_default();
            let fine = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || name.len() > 64 || !name.chars().all(fine) {
                return Err(refused(format!("Invalid 'response_format.json_schema.name': '{name}'.")));
            }
            if format["strict"] == true
                && let Some(problem) = schema::strict_problem(name, &format["schema"])
            {
                return Err(refused(problem));
            }
            Ok(Format::Schema(format["schema"].clone()))
        }
        kind => Err(refused(format!("Invalid value: {kind:?} for 'response_format.type'."))),
    }
}

/// A request that no client should send.
fn breach(message: impl Into<String>) -> Refused {
    Refused { rule: Some(Rule::Body), error: ApiError::invalid(None, None, message) }
}
