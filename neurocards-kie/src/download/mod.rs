//! Fetching a finished video: from where KIE says that it lies, and from nowhere else.

mod hosts;
mod public;
#[cfg(test)]
mod tests;

use std::time::Duration;

use futures::StreamExt;
use neurocards_core::{Fault, FaultClass, VIDEO_MAX_BYTES, VideoStream};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Response, StatusCode};
use url::Url;

pub use hosts::{MediaHosts, MediaHostsError};

use crate::client::{TlsError, plain_client, reason};
use hosts::{Refusal, Way};
use public::PublicOnly;

/// Nothing comes for so long: the connection is dead.
const IDLE_LIMIT: Duration = Duration::from_secs(30);
/// The whole video. Shorter than the engine's limit, so that we say what happened and not it.
const TOTAL_LIMIT: Duration = Duration::from_secs(570);
/// A storage host may send us to another one, and that one once more.
const REDIRECTS_MAX: usize = 3;

/// Fetches videos.
#[derive(Debug, Clone)]
pub(crate) struct Downloader {
    hosts: MediaHosts,
    public: reqwest::Client,
    trusted: reqwest::Client,
}

/// Why a video did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FetchError {
    /// It does not lie there any more: a fresh link may help.
    Gone(Fault),
    /// Anything else.
    Failed(Fault),
}

impl Downloader {
    pub(crate) fn new(hosts: MediaHosts) -> Result<Self, TlsError> {
        Self::with(hosts, PublicOnly::of_system(), IDLE_LIMIT, TOTAL_LIMIT)
    }

    fn with(hosts: MediaHosts, names: PublicOnly, idle: Duration, total: Duration) -> Result<Self, TlsError> {
        let client = || plain_client().read_timeout(idle).timeout(total);
        let public = client().https_only(true).dns_resolver(names);
        let built = |builder: reqwest::ClientBuilder| builder.build().map_err(TlsError::from);
        Ok(Self { hosts, public: built(public)?, trusted: built(client())? })
    }

    /// The bytes of a video as they come.
    pub(crate) async fn fetch(&self, address: &str) -> Result<VideoStream, FetchError> {
        let mut url = Url::parse(address).map_err(|_| refused(&Refusal::Form))?;
        for _ in 0..=REDIRECTS_MAX {
            let client = match self.hosts.way(&url).map_err(|refusal| refused(&refusal))? {
                Way::Public => &self.public,
                Way::Trusted => &self.trusted,
            };
            let response = client.get(url.clone()).send().await.map_err(|error| broken(&error))?;
            match next_hop(&response, &url) {
                Some(Ok(next)) => url = next,
                Some(Err(refusal)) => return Err(refused(&refusal)),
                None => return stream_of(response),
            }
        }
        Err(FetchError::Failed(Fault::new(FaultClass::Temporary, "the video's host sends us in circles")))
    }
}

/// Where a redirect leads; it is checked like any other address.
fn next_hop(response: &Response, from: &Url) -> Option<Result<Url, Refusal>> {
    if !response.status().is_redirection() {
        return None;
    }
    let to = response.headers().get(LOCATION)?.to_str().ok();
    Some(to.and_then(|to| from.join(to).ok()).ok_or(Refusal::Form))
}

fn stream_of(response: Response) -> Result<VideoStream, FetchError> {
    let status = response.status();
    let failed =
        |class, message: String| Fault::new(class, message).with_code(format!("http_{}", status.as_u16()));
    if matches!(status, StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE) {
        let message = format!("the video is not where it was (HTTP {})", status.as_u16());
        return Err(FetchError::Gone(failed(FaultClass::Temporary, message)));
    }
    if status != StatusCode::OK {
        let message = format!("the video's host answered with HTTP {}", status.as_u16());
        return Err(FetchError::Failed(failed(FaultClass::Temporary, message)));
    }
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("text/") || kind.starts_with("application/json") {
        let message = "a page came instead of the video".to_owned();
        return Err(FetchError::Failed(failed(FaultClass::Temporary, message)));
    }
    if response.content_length().is_some_and(|length| length > VIDEO_MAX_BYTES as u64) {
        return Err(FetchError::Failed(too_large()));
    }
    Ok(chunks(response))
}

/// The stream ends with its first error.
fn chunks(response: Response) -> VideoStream {
    let begin = Some((response, 0_usize));
    futures::stream::unfold(begin, |state| async move {
        let (mut response, so_far) = state?;
        match response.chunk().await {
            Ok(None) => None,
            Ok(Some(chunk)) if so_far + chunk.len() > VIDEO_MAX_BYTES => Some((Err(too_large()), None)),
            Ok(Some(chunk)) => {
                let so_far = so_far + chunk.len();
                Some((Ok(chunk), Some((response, so_far))))
            }
            Err(error) => Some((Err(network(&error)), None)),
        }
    })
    .boxed()
}

fn too_large() -> Fault {
    Fault::new(FaultClass::Unknown, format!("the video has more than {VIDEO_MAX_BYTES} bytes"))
}

fn network(error: &reqwest::Error) -> Fault {
    Fault::new(FaultClass::Temporary, format!("the video did not come: {}", reason(error)))
        .with_code("network")
}

fn broken(error: &reqwest::Error) -> FetchError {
    FetchError::Failed(network(error))
}

/// The address itself is not told: it may have come from anybody.
fn refused(refusal: &Refusal) -> FetchError {
    let message = format!("the video's address is refused: {refusal}");
    FetchError::Failed(Fault::new(FaultClass::Unknown, message).with_code("address"))
}
