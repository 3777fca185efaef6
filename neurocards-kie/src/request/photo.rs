//! The photo as the models want it.

use bytes::Bytes;
use neurocards_core::{Photo, Ratio};

use super::RequestError;
use crate::catalogue::Row;

/// The photo in the shape of the video, whole, within the model's limit. Models that follow the picture make a vertical
/// video of it; what the others do to a picture of another shape is not documented, so they get the same.
pub(crate) async fn prepare(row: &Row, jpeg: &Bytes) -> Result<Bytes, RequestError> {
    let jpeg = jpeg.clone();
    // Decoding and encoding take the better part of a second.
    let padded = tokio::task::spawn_blocking(move || {
        Photo::from_media(jpeg).and_then(|photo| photo.padded_to(Ratio::VERTICAL)).ok()
    });
    let padded = padded.await.ok().flatten().ok_or(RequestError::Photo)?;
    let (bytes, jpeg) = (padded.jpeg().len(), padded.jpeg().clone());
    match &row.image {
        Some(image) if bytes <= image.max_bytes => Ok(jpeg),
        Some(image) => Err(RequestError::PhotoSize { model: row.id.clone(), bytes, max: image.max_bytes }),
        None => Err(RequestError::Incomplete { model: row.id.clone(), field: "image" }),
    }
}
