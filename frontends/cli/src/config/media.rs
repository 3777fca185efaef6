//! Where photos and videos lie.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use neurocards::{BucketOptions, Media, MediaError};
use url::Url;

use super::{places, refused};
use crate::failure::Failure;
use crate::output::clean_path;

/// A folder of this machine, or a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MediaPlace {
    /// A folder.
    Folder(PathBuf),
    /// `s3://bucket/prefix`; the options show their names only.
    Bucket {
        /// Its address, without a slash at its end.
        url: String,
        /// The `AWS_*` settings.
        options: BucketOptions,
    },
}

/// A bucket that does not answer must not hold up a command that only asks whether there is something.
const LOOK_LIMIT: Duration = Duration::from_secs(5);

impl MediaPlace {
    /// `file:///FOLDER`, `FOLDER` or `s3://BUCKET/PREFIX`. Addresses may hold passwords: they are not repeated.
    pub(super) fn read(given: &str, options: impl FnOnce() -> BucketOptions) -> Result<Self, Failure> {
        let name = "NEUROCARDS_MEDIA_URL";
        let use_folder =
            "Use file:///folder or s3://bucket/prefix, or leave it out for a folder in the data folder.";
        if !given.contains("://") {
            return places::absolute(Path::new(given)).map(Self::Folder);
        }
        if given.starts_with("s3://") {
            let (url, options) = (given.trim_end_matches('/').to_owned(), options());
            let place = Self::Bucket { url, options };
            return match place.open() {
                Ok(_) => Ok(place),
                Err(error) => {
                    let hint =
                        "Write s3://bucket/prefix, and keys, AWS_REGION and AWS_ENDPOINT_URL beside it.";
                    Err(refused(name, "is no bucket that can be used", hint).because(&error))
                }
            };
        }
        match Url::parse(given) {
            Ok(url) if url.scheme() == "file" => url
                .to_file_path()
                .map(Self::Folder)
                .map_err(|()| refused(name, "names no folder of this machine", use_folder)),
            _ => Err(refused(name, "is no address of a folder or a bucket", use_folder)),
        }
    }

    /// A folder is made if it is not there; of a bucket nothing is asked yet.
    pub(crate) fn open(&self) -> Result<Media, MediaError> {
        match self {
            Self::Folder(folder) => Media::in_folder(folder),
            Self::Bucket { url, options } => Media::in_bucket(url, options),
        }
    }

    /// Whether any video lies there, as far as that can be told soon. Nothing is made.
    pub(crate) async fn has_videos(&self) -> bool {
        if matches!(self, Self::Folder(folder) if !folder.is_dir()) {
            return false;
        }
        let Ok(media) = self.open() else { return false };
        let found = tokio::time::timeout(LOOK_LIMIT, media.has_videos()).await;
        found.is_ok_and(|found| found.unwrap_or_default())
    }

    /// Where an object lies, as people read it.
    pub(crate) fn path_of(&self, key: &str) -> PathBuf {
        match self {
            Self::Folder(folder) => folder.join(key),
            Self::Bucket { url, .. } => format!("{url}/{key}").into(),
        }
    }
}

impl fmt::Display for MediaPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", clean_path(folder)),
            Self::Bucket { url, .. } => f.write_str(url),
        }
    }
}
