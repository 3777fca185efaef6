//! Requests with files in them.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::stream;
use serde_json::Value;

use crate::server::Asked;

/// What a request says: its parameters, and the files that came with it.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) params: BTreeMap<String, Value>,
    pub(super) files: BTreeMap<String, Bytes>,
}

/// Reads a body: JSON, a form with files, or none.
pub(super) async fn said(asked: &Asked) -> Said {
    let kind = asked.header("content-type").unwrap_or_default();
    let Ok(boundary) = multer::parse_boundary(kind) else {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let params = body.as_object().cloned().unwrap_or_default().into_iter().collect();
        return Said { params, ..Said::default() };
    };
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(asked.body.clone())]);
    let (mut parts, mut said) = (multer::Multipart::new(whole, boundary), Said::default());
    while let Ok(Some(part)) = parts.next_field().await {
        let name = part.name().unwrap_or_default().to_owned();
        if part.file_name().is_some() {
            said.files.insert(name, part.bytes().await.unwrap_or_default());
        } else if let Ok(text) = part.text().await {
            // Numbers, flags and keyboards are JSON; words are words.
            let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            said.params.insert(name, value);
        }
    }
    said
}

impl Said {
    pub(super) fn text(&self, key: &str) -> String {
        match self.params.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<i64> {
        let value = self.params.get(key)?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// A nested value; in forms it may be JSON within a text.
    pub(super) fn value(&self, key: &str) -> Option<Value> {
        match self.params.get(key)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            Value::Null => None,
            value => Some(value.clone()),
        }
    }

    /// A file that came with it, under its own name or attached under another.
    pub(super) fn file(&self, key: &str) -> Option<&Bytes> {
        let named = self.text(key);
        let attached = named.strip_prefix("attach://").and_then(|name| self.files.get(name));
        attached.or_else(|| self.files.get(key))
    }

    /// What the journal keeps of it.
    pub(super) fn summary(&self) -> Value {
        let files =
            self.files.iter().map(|(name, bytes)| (name.clone(), format!("{} bytes", bytes.len()).into()));
        self.params.clone().into_iter().chain(files).collect::<serde_json::Map<_, _>>().into()
    }
}
