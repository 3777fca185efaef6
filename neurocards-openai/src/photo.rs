//! Photos as language models get them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use neurocards_core::{Fault, FaultClass, Photo, PhotoError};

/// Most pixels of the longest side: enough to read a label, at a fraction of the tokens.
const LONGEST_SIDE: u32 = 1_024;

/// The photo as a data URL, shrunk.
pub(crate) async fn data_url(photo: Photo) -> Result<String, Fault> {
    let url = move || -> Result<String, PhotoError> {
        let small = photo.shrunk_to(LONGEST_SIDE)?;
        Ok(format!("data:image/jpeg;base64,{}", BASE64_STANDARD.encode(small.jpeg())))
    };
    match tokio::task::spawn_blocking(url).await {
        Ok(url) => url.map_err(|error| unreadable(&error)),
        Err(error) => Err(Fault::new(FaultClass::Unknown, error.to_string())),
    }
}

/// Our own photo cannot be read.
pub(crate) fn unreadable(error: &PhotoError) -> Fault {
    Fault::new(FaultClass::InvalidInput, error.to_string()).with_code("storage")
}
