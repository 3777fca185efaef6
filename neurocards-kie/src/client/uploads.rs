//! Files for KIE's models. They lie on another host than the API, under the same key, for a day.

use std::time::Duration;

use bytes::Bytes;
use neurocards_core::{Fault, FaultClass};
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use serde_json::json;

use super::{CallError, KieClient, KieKey, Reply, below, payload};

/// How long an upload can be relied on. Documents differ; this is the shortest.
pub const UPLOAD_LIFE: Duration = Duration::from_secs(24 * 3_600);

/// The folder at KIE, without slashes at its ends.
const FOLDER: &str = "neurocards";
/// A file on its way.
const UPLOAD_LIMIT: Duration = Duration::from_secs(90);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Uploaded {
    download_url: String,
}

impl KieClient {
    /// Uploads a JPEG and answers with the address that models take. Free.
    ///
    /// The same name would overwrite an older file while caches still serve that one: names must be unique.
    ///
    /// # Errors
    /// A classified fault. Nothing that was uploaded costs anything, so it may be done again.
    pub async fn upload(&self, key: &KieKey, name: &str, jpeg: Bytes) -> Result<String, Fault> {
        let unfit = |_| Fault::new(FaultClass::InvalidInput, "the file cannot be sent as a JPEG");
        let length = jpeg.len() as u64;
        let file = Part::stream_with_length(jpeg, length).file_name(name.to_owned());
        let file = file.mime_str("image/jpeg").map_err(unfit)?;
        let form =
            Form::new().text("uploadPath", FOLDER).text("fileName", name.to_owned()).part("file", file);
        let to = below(&self.uploads, "/api/file-stream-upload");
        uploaded(self.transport.post_form(key, to, form, UPLOAD_LIMIT).await)
    }

    /// The same with the file as text inside JSON: for small files.
    ///
    /// # Errors
    /// As [`KieClient::upload`].
    pub async fn upload_base64(&self, key: &KieKey, name: &str, jpeg: &[u8]) -> Result<String, Fault> {
        use base64::Engine as _;
        // Plain base64: `data:` addresses have been misread.
        let base64 = base64::engine::general_purpose::STANDARD.encode(jpeg);
        let body = json!({ "base64Data": base64, "uploadPath": FOLDER, "fileName": name }).to_string();
        let to = below(&self.uploads, "/api/file-base64-upload");
        uploaded(self.transport.post(key, to, body).await)
    }

    /// Has KIE fetch a file from a public address. **The address is shown to KIE**: it must hold no secret, so never
    /// one of Telegram's file links, which contain the bot's token.
    ///
    /// # Errors
    /// As [`KieClient::upload`].
    pub async fn upload_from_url(&self, key: &KieKey, name: &str, file: &str) -> Result<String, Fault> {
        let body = json!({ "fileUrl": file, "uploadPath": FOLDER, "fileName": name }).to_string();
        let to = below(&self.uploads, "/api/file-url-upload");
        uploaded(self.transport.post(key, to, body).await)
    }
}

fn uploaded(reply: Result<Reply, CallError>) -> Result<String, Fault> {
    let data = reply?.into_data().map_err(|verdict| {
        let mut fault = verdict.fault;
        // A free call that failed for nobody knows what: worth another try.
        if fault.class == FaultClass::Unknown {
            fault.class = FaultClass::Temporary;
        }
        fault
    })?;
    payload(data).map(|uploaded: Uploaded| uploaded.download_url)
}
