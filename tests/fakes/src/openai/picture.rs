//! Pictures in requests.

use std::io::Cursor;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::ImageFormat;
use serde_json::Value;

use super::error::ApiError;
use crate::violation::Rule;

/// A picture that was looked at: its kind and sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) kind: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: usize,
}

/// Why a picture cannot be looked at.
pub(crate) type Unseen = (Rule, ApiError);

/// Looks at the picture of an `image_url` part, whole.
pub(crate) fn look(part: &Value) -> Result<Picture, Unseen> {
    let url = part["image_url"]["url"].as_str().ok_or_else(|| {
        let message = "Invalid type for 'messages[].content[].image_url': expected an object with a 'url'.";
        (Rule::Body, ApiError::invalid(Some("messages"), Some("invalid_type"), message))
    })?;
    if let Some(detail) = part["image_url"].get("detail")
        && !["auto", "low", "high", "original"].iter().any(|known| detail == known)
    {
        let message = format!("Invalid value: {detail}. Supported values are: 'low', 'high', and 'auto'.");
        return Err((Rule::Body, ApiError::invalid(Some("messages"), Some("invalid_value"), message)));
    }
    let Some(data) = url.strip_prefix("data:") else {
        // The fake asks nobody else's host for anything.
        let rule = if url.contains("/file/bot") { Rule::Secret } else { Rule::Photo };
        let message = "Error while downloading the image.";
        return Err((rule, ApiError::invalid(None, Some("invalid_image_url"), message)));
    };
    decode(data).ok_or_else(|| {
        let message = "You uploaded an unsupported image. Please make sure your image has of one the following \
                       formats: ['png', 'jpeg', 'gif', 'webp'].";
        (Rule::Photo, ApiError::invalid(None, Some("invalid_image_format"), message))
    })
}

/// Decodes a picture: every pixel of it.
fn decode(data: &str) -> Option<Picture> {
    let (picture, format, bytes) = head(data)?;
    // The decoder makes do with half a JPEG.
    if format == ImageFormat::Jpeg && !bytes.ends_with(&[0xff, 0xd9]) {
        return None;
    }
    image::load_from_memory_with_format(&bytes, format).ok()?;
    Some(picture)
}

/// What a picture says of itself.
fn head(data: &str) -> Option<(Picture, ImageFormat, Vec<u8>)> {
    let (mime, data) = data.split_once(";base64,")?;
    let (kind, format) = match mime {
        "image/jpeg" => ("jpeg", ImageFormat::Jpeg),
        "image/png" => ("png", ImageFormat::Png),
        "image/webp" => ("webp", ImageFormat::WebP),
        _ => return None,
    };
    let bytes = BASE64_STANDARD.decode(data).ok()?;
    let reader = image::ImageReader::with_format(Cursor::new(&bytes), format);
    let (width, height) = reader.into_dimensions().ok()?;
    Some((Picture { kind, width, height, bytes: bytes.len() }, format, bytes))
}

/// A request for the journal: pictures are told, not kept.
pub(crate) fn without_pictures(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with("data:") => {
            let told = text.strip_prefix("data:").and_then(head).map_or_else(
                || format!("a picture that cannot be read, {} characters", text.len()),
                |(Picture { kind, width, height, bytes }, ..)| {
                    format!("a {kind} of {width} by {height}, {bytes} bytes")
                },
            );
            Value::String(told)
        }
        Value::Array(items) => items.iter().map(without_pictures).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), without_pictures(value))).collect()
        }
        other => other.clone(),
    }
}
