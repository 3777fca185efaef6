//! `GET /media/{signed}`: a video, for whoever was given the link.
//!
//! A link names a video by its hash and says until when; whatever is wrong with one, the answer is that of an unknown
//! path. Parts can be asked for, so that a download goes on where it broke off.

use std::ops::Range;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::TryStreamExt;
use http_range_header::parse_range_header;
use neurocards::{Clock, Media, MediaError};
use tokio::sync::Semaphore;

use crate::sign::{MEDIA_PATH, Signer};

/// Most downloads at once: slow readers must not take the places of those who call.
const DOWNLOADS_MAX: usize = 64;

/// What the route needs.
#[derive(Debug, Clone)]
pub(crate) struct MediaState {
    signer: Signer,
    media: Media,
    clock: Arc<dyn Clock>,
    places: Arc<Semaphore>,
}

impl MediaState {
    pub(crate) fn new(signer: Signer, media: Media, clock: Arc<dyn Clock>) -> Self {
        Self { signer, media, clock, places: Arc::new(Semaphore::new(DOWNLOADS_MAX)) }
    }
}

pub(crate) fn routes(state: MediaState) -> Router {
    Router::new().route(&format!("{MEDIA_PATH}{{signed}}"), get(loaded)).with_state(state)
}

async fn loaded(State(state): State<MediaState>, Path(signed): Path<String>, headers: HeaderMap) -> Response {
    let Some(sha256) = state.signer.media(&signed, state.clock.now().timestamp()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Ok(place) = state.places.clone().try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")]).into_response();
    };
    let size = match state.media.video_size(&sha256).await {
        Ok(size) => size,
        Err(error) => return missing(&error),
    };
    let Some(part) = part(&headers, size) else {
        let whole = format!("bytes */{size}");
        return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, whole)]).into_response();
    };
    let range = part.clone().unwrap_or(0..size);
    let pieces = match state.media.video_part(&sha256, range.clone()).await {
        Ok(pieces) => pieces,
        Err(error) => return missing(&error),
    };
    // The place is taken for as long as somebody reads.
    let body = Body::from_stream(pieces.inspect_ok(move |_| {
        let _ = &place;
    }));
    let plain = [
        (header::CONTENT_TYPE, "video/mp4".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"video.mp4\"".to_owned()),
        (header::CONTENT_LENGTH, (range.end - range.start).to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::ETAG, format!("\"{sha256}\"")),
        (header::CACHE_CONTROL, "private, no-transform".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
    ];
    if part.is_none() {
        return (plain, body).into_response();
    }
    let which = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    (StatusCode::PARTIAL_CONTENT, plain, [(header::CONTENT_RANGE, which)], body).into_response()
}

/// Which part is asked for: `Some(None)` is the whole, `None` one that the video does not have. Several at once, or one
/// of another version, is the whole.
fn part(headers: &HeaderMap, size: u64) -> Option<Option<Range<u64>>> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let Some(asked) = text(header::RANGE).and_then(|asked| parse_range_header(asked).ok()) else {
        return Some(None);
    };
    match asked.validate(size).ok()?.as_slice() {
        [one] => Some(Some(*one.start()..*one.end() + 1)),
        _ => Some(None),
    }
}

/// A video that is not kept any more is as unknown as any.
fn missing(error: &MediaError) -> Response {
    if matches!(error, MediaError::Missing { .. }) {
        return StatusCode::NOT_FOUND.into_response();
    }
    tracing::warn!(error = error as &dyn std::error::Error, "a video could not be read");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
