//! Media in a bucket of any service that speaks S3.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, RetryConfig, path};

use super::{Media, MediaError};

/// How to reach a bucket, by the usual names: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
/// `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`, `AWS_VIRTUAL_HOSTED_STYLE_REQUEST` and the others of
/// `object_store`. They hold secrets, so only names are ever shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BucketOptions(BTreeMap<String, String>);

impl fmt::Debug for BucketOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl FromIterator<(String, String)> for BucketOptions {
    /// Keeps the options that a bucket knows; environments have others too.
    fn from_iter<I: IntoIterator<Item = (String, String)>>(options: I) -> Self {
        let named = options.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        Self(named.filter(|(name, _)| name.parse::<AmazonS3ConfigKey>().is_ok()).collect())
    }
}

/// A connection that is not made by then is tried again.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// One request, a whole video included.
const REQUEST_LIMIT: Duration = Duration::from_secs(120);
/// All tries of one request together. The engine tries again later, by its own clock.
const RETRY_LIMIT: Duration = Duration::from_secs(20);
const RETRIES_MAX: usize = 3;

impl Media {
    /// Keeps objects in the bucket of `s3://bucket/prefix`, below the prefix. Nothing is asked of the bucket yet.
    ///
    /// # Errors
    /// The address names no bucket, or the options cannot be used together.
    pub fn in_bucket(url: &str, options: &BucketOptions) -> Result<Self, MediaError> {
        // Whoever embeds us may have chosen a provider already; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (bucket, prefix) = bucket_of(url).ok_or_else(|| MediaError::Unavailable {
            source: "the address of a bucket is s3://bucket or s3://bucket/prefix".into(),
        })?;
        let client = ClientOptions::new().with_connect_timeout(CONNECT_LIMIT).with_timeout(REQUEST_LIMIT);
        let retries =
            RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_LIMIT, ..RetryConfig::default() };
        let mut builder =
            AmazonS3Builder::new().with_client_options(client).with_retry(retries).with_bucket_name(bucket);
        for (name, value) in &options.0 {
            if let Ok(key) = name.parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value);
            }
        }
        let bucket = builder.build().map_err(|source| MediaError::Unavailable { source: source.into() })?;
        let objects: Arc<dyn ObjectStore> = match path::Path::from(prefix) {
            root if root.as_ref().is_empty() => Arc::new(bucket),
            prefix => Arc::new(PrefixStore::new(bucket, prefix)),
        };
        Ok(Self::new(objects))
    }
}

/// Bucket and prefix.
fn bucket_of(url: &str) -> Option<(&str, &str)> {
    let place = url.strip_prefix("s3://")?;
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let named = !bucket.is_empty() && bucket.chars().all(plain);
    (named && !prefix.contains(['?', '#'])).then_some((bucket, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_bucket_and_maybe_a_prefix() {
        let check = |url, expect| assert_eq!(bucket_of(url), expect, "{url}");
        check("s3://cards", Some(("cards", "")));
        check("s3://cards/a/b/", Some(("cards", "a/b/")));
        for bad in ["s3://", "s3:///a", "https://cards/a", "s3://key:secret@cards/a", "s3://cards/a?b"] {
            check(bad, None);
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        let options = [("AWS_SECRET_ACCESS_KEY", "hush"), ("AWS_ACCESS_KEY_ID", "who"), ("AWS_PROFILE", "p")];
        let options: BucketOptions =
            options.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(format!("{options:?}"), r#"{"aws_access_key_id", "aws_secret_access_key"}"#);
        let media = Media::in_bucket("s3://cards/x", &options).unwrap();
        let shown = format!("{media:?}");
        assert!(!shown.contains("hush") && !shown.contains("who"), "{shown}");
    }
}
