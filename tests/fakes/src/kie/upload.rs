//! Taking photos in.

use std::io::Cursor;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};

use super::envelope::upload_refusal;
use super::media::File;
use super::world::{Ask, Content, World};
use crate::clock::millis;
use crate::reply::Reply;
use crate::server::Asked;
use crate::violation::Rule;
use crate::wire::{JSON, time};

/// A form of the stream upload.
#[derive(Debug, Default)]
pub(crate) struct Form {
    file: Option<Bytes>,
    upload_path: Option<String>,
    file_name: Option<String>,
}

/// What a body holds; forms are read here.
pub(crate) async fn content(asked: &Asked) -> Content {
    let kind = asked.header("content-type").unwrap_or_default();
    if asked.body.is_empty() {
        return Content::Nothing;
    }
    let read = if let Ok(boundary) = multer::parse_boundary(kind) {
        form(asked.body.clone(), boundary).await.map(Content::Form).map_err(|error| error.to_string())
    } else {
        serde_json::from_slice(&asked.body).map(Content::Json).map_err(|error| error.to_string())
    };
    read.unwrap_or_else(Content::Broken)
}

async fn form(body: Bytes, boundary: String) -> Result<Form, multer::Error> {
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await? {
        match part.name() {
            Some("file") => form.file = Some(part.bytes().await?),
            Some("uploadPath") => form.upload_path = Some(part.text().await?),
            Some("fileName") => form.file_name = Some(part.text().await?),
            _ => {}
        }
    }
    Ok(form)
}

impl Content {
    /// What the journal keeps of it: no pictures.
    pub(crate) fn summary(&self) -> Value {
        match self {
            Self::Nothing | Self::Broken(_) => Value::Null,
            Self::Json(body) => {
                let mut body = body.clone();
                if let Some(data) = body.get_mut("base64Data") {
                    *data = json!(format!("{} characters", data.as_str().map_or(0, str::len)));
                }
                body
            }
            Self::Form(form) => json!({
                "uploadPath": form.upload_path,
                "fileName": form.file_name,
                "file": format!("{} bytes", form.file.as_ref().map_or(0, Bytes::len)),
            }),
        }
    }
}

impl World {
    /// The three uploads.
    pub(crate) fn upload(&mut self, ask: Ask<'_>, key: usize) -> Reply {
        let (file, folder, name) = match self.sent(ask) {
            Ok(sent) => sent,
            Err(what) => {
                self.violations.note(ask.open.seq(), Rule::Body, what.clone());
                return upload_refusal(400, &what);
            }
        };
        if folder.starts_with('/') || folder.ends_with('/') {
            let what = "uploadPath begins or ends with a slash";
            self.violations.note(ask.open.seq(), Rule::Body, what);
        }
        let (mime, ending, picture) = look_at(&file);
        let name = name.unwrap_or_else(|| self.new_file_name(ending));
        let account = self.accounts[self.keys[key].account].number;
        let path = format!("kieai/{account}/{}/{name}", folder.trim_matches('/'));
        let now = self.clock.now_ms();
        let expires_ms = now + millis(self.upload_life);
        let size = file.len();
        let address = format!("/{path}");
        if let Some(old) = self.files.get_mut(&address) {
            // The old file is what the network in front of the host goes on serving.
            old.expires_ms = expires_ms;
            self.violations.note(ask.open.seq(), Rule::NameTaken, format!("{path} was there already"));
        } else {
            let content_type = mime.to_owned();
            let file = File { bytes: file, content_type, expires_ms, task: None, picture, tried: false };
            self.files.insert(address.clone(), file);
        }
        let body = json!({
            "success": true,
            "code": 200,
            "msg": "File uploaded successfully",
            "data": {
                "success": true,
                "fileName": name,
                "filePath": path,
                "downloadUrl": format!("{}{address}", self.media_base),
                "fileSize": size,
                "mimeType": mime,
                "uploadedAt": time(now, "%Y-%m-%dT%H:%M:%S%.3fZ"),
            },
        });
        Reply { code: Some(200), ..Reply::new(200, JSON, body.to_string()) }
    }

    /// The file, its folder, and its name if it was given one.
    fn sent(&self, ask: Ask<'_>) -> Result<(Bytes, String, Option<String>), String> {
        match ask.content {
            Content::Nothing => Err("the body is empty".to_owned()),
            Content::Broken(why) => Err(why.clone()),
            Content::Form(form) => {
                let file = form.file.clone().filter(|file| !file.is_empty());
                let folder = form.upload_path.clone().filter(|folder| !folder.is_empty());
                Ok((
                    file.ok_or("file is required")?,
                    folder.ok_or("uploadPath is required")?,
                    form.file_name.clone().filter(|name| !name.is_empty()),
                ))
            }
            Content::Json(body) => {
                let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
                let file = if let Some(url) = text("fileUrl") {
                    // The fake asks nobody else's host for anything.
                    let path = url.strip_prefix(&self.media_base);
                    let file = path.and_then(|path| self.files.get(path)).map(|file| file.bytes.clone());
                    file.ok_or("Failed to download the file")?
                } else {
                    let data = text("base64Data").ok_or("base64Data is required")?;
                    let plain = data.split_once(";base64,").map_or(data, |(_, plain)| plain);
                    BASE64_STANDARD.decode(plain).map_err(|error| error.to_string())?.into()
                };
                let folder = text("uploadPath").ok_or("uploadPath is required")?;
                Ok((file, folder.to_owned(), text("fileName").map(str::to_owned)))
            }
        }
    }
}

/// Media type, file ending, and the sides if it is a picture of a kind that models take.
fn look_at(file: &[u8]) -> (&'static str, &'static str, Option<(u32, u32)>) {
    let reader = image::ImageReader::new(Cursor::new(file)).with_guessed_format();
    let Ok(reader) = reader else { return ("application/octet-stream", "bin", None) };
    let (mime, ending) = match reader.format() {
        Some(image::ImageFormat::Jpeg) => ("image/jpeg", "jpg"),
        Some(image::ImageFormat::Png) => ("image/png", "png"),
        Some(image::ImageFormat::WebP) => ("image/webp", "webp"),
        _ => return ("application/octet-stream", "bin", None),
    };
    (mime, ending, reader.into_dimensions().ok())
}
