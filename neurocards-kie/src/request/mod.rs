//! The body of a paid call, built from the model's row and from nothing else: field names, types and even the case of
//! `720p` differ from model to model, and KIE ignores what it does not know.

mod photo;
#[cfg(test)]
mod tests;

use neurocards_core::{Fault, FaultClass, ModelStatus};
use serde_json::{Map, Value, json};

pub(crate) use photo::prepare;

use crate::catalogue::{DurationKind, Family, RatioMode, Row, Shape};
use crate::client::PaidCall;

/// The shape of our videos, in KIE's words.
const VERTICAL: &str = "9:16";

/// Why no paid call is made. Nothing was spent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("the model {model} is {}", status.as_str())]
    NotServing { model: String, status: ModelStatus },
    #[error("the prompt has {chars} characters and the model {model} takes {min} to {max}")]
    PromptLength { model: String, chars: usize, min: usize, max: usize },
    #[error("the model {model} has no {field} in its row of the catalogue")]
    Incomplete { model: String, field: &'static str },
    #[error("the photo has {bytes} bytes and the model {model} takes {max}")]
    PhotoSize { model: String, bytes: usize, max: usize },
    #[error("the photo cannot be read")]
    Photo,
}

impl From<RequestError> for Fault {
    fn from(error: RequestError) -> Self {
        let class = match &error {
            RequestError::NotServing { .. } => FaultClass::ModelUnavailable,
            _ => FaultClass::InvalidInput,
        };
        Self::new(class, error.to_string())
    }
}

/// The paid call for a photo at this address, with the model's own picks of length, size and sound.
pub(crate) fn build(
    row: &Row,
    prompt: &str,
    photo: &str,
    callback: Option<&str>,
) -> Result<PaidCall, RequestError> {
    check_serving(row)?;
    check_prompt(row, prompt)?;
    let input = input(row, prompt, photo)?;
    let mut body = match row.family {
        Family::Jobs => {
            Map::from_iter([("model".to_owned(), json!(row.id)), ("input".to_owned(), input.into())])
        }
        Family::Veo => {
            let mut body = input;
            body.insert("model".to_owned(), json!(row.id));
            body
        }
        // One model, and no field for it.
        Family::Runway => input,
    };
    if let Some(callback) = callback {
        body.insert("callBackUrl".to_owned(), json!(callback));
    }
    Ok(PaidCall { family: row.family, body: body.into() })
}

/// Refuses a model that does not serve.
pub(crate) fn check_serving(row: &Row) -> Result<(), RequestError> {
    match row.status {
        ModelStatus::Active | ModelStatus::Sunset => Ok(()),
        status => Err(RequestError::NotServing { model: row.id.clone(), status }),
    }
}

fn check_prompt(row: &Row, prompt: &str) -> Result<(), RequestError> {
    let (chars, min, max) = (prompt.chars().count(), row.prompt.min_chars, row.prompt.max_chars);
    if (min..=max).contains(&chars) {
        return Ok(());
    }
    Err(RequestError::PromptLength { model: row.id.clone(), chars, min, max })
}

fn input(row: &Row, prompt: &str, photo: &str) -> Result<Map<String, Value>, RequestError> {
    let incomplete = |field| RequestError::Incomplete { model: row.id.clone(), field };
    let image = row.image.as_ref().ok_or(incomplete("image"))?;
    let duration = row.duration.as_ref().ok_or(incomplete("duration"))?;
    let mut input = Map::new();
    // First, so that no constant of a row can take the place of what was asked for.
    for (field, value) in &row.extra {
        input.insert(field.clone(), json!(value));
    }
    input.insert("prompt".to_owned(), json!(prompt));
    let photo = match image.shape {
        Shape::String => json!(photo),
        Shape::Array => json!([photo]),
    };
    input.insert(image.field.clone(), photo);
    match duration.kind {
        DurationKind::Integer => _ = input.insert("duration".to_owned(), json!(duration.pick)),
        DurationKind::String => _ = input.insert("duration".to_owned(), json!(duration.pick.to_string())),
        DurationKind::Fixed => {}
    }
    if let Some(resolution) = &row.resolution {
        input.insert(resolution.field.clone(), json!(resolution.pick));
    }
    if row.ratio == Some(RatioMode::Explicit) {
        let field = row.ratio_field.as_ref().ok_or(incomplete("ratio_field"))?;
        input.insert(field.clone(), json!(VERTICAL));
    }
    if let Some(sound) = &row.sound {
        input.insert(sound.field.clone(), json!(sound.pick));
    }
    Ok(input)
}
