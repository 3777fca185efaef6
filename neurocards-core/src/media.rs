//! Photos and videos, kept by the hash of their bytes.
//!
//! Known weakness: a video passes through memory on its way in, at most [`VIDEO_MAX_BYTES`] of it; the engine
//! bounds how many do so at once.

mod bin;
#[cfg(feature = "s3")]
mod bucket;
mod check;
mod leftovers;
mod mp4;
mod stream;

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt, path};
use sha2::{Digest, Sha256};

#[cfg(feature = "s3")]
pub use bucket::BucketOptions;
pub use stream::VideoPieces;

use crate::artifact::Artifact;
use crate::brief::PhotoRef;
use crate::fault::{Fault, FaultClass};
use crate::order::hex;
use crate::photo::Photo;
use crate::provider::VideoStream;

/// Most bytes of a video that is taken in.
pub const VIDEO_MAX_BYTES: usize = 200 * 1024 * 1024;

/// Where photos and videos lie: a folder, a bucket, or memory.
#[derive(Clone)]
pub struct Media {
    objects: Arc<dyn ObjectStore>,
    /// Where the objects lie, when that is a folder: a crash may leave parts of files there.
    folder: Option<Arc<Path>>,
}

impl fmt::Debug for Media {
    /// The store's own `Debug` may tell more than a log should know.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Media({})", self.objects)
    }
}

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// What sellers gave.
    Photo,
    /// What was made of it.
    Video,
}

impl MediaKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Photo, Self::Video];

    /// `photo` or `video`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Video => "video",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Photo => "photos",
            Self::Video => "videos",
        }
    }

    fn key(self, sha256: &str) -> String {
        match self {
            Self::Photo => Media::photo_key(sha256),
            Self::Video => Media::video_key(sha256),
        }
    }
}

/// Why the media store did not answer. Nothing is half-written: an object is there whole, or not at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// There is no space left.
    #[error("the media store is full")]
    Full {
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no such object.
    #[error("the media store has no {what} {sha256}")]
    Missing {
        /// `photo` or `video`.
        what: &'static str,
        /// Its hash.
        sha256: String,
    },
    /// The object is there, and it is not what was stored.
    #[error("the {what} {sha256} in the media store is damaged")]
    Damaged {
        /// `photo` or `video`.
        what: &'static str,
        /// The hash that it should have.
        sha256: String,
    },
    /// It cannot be reached, or may not be written to.
    #[error("the media store is not available")]
    Unavailable {
        /// What it said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Why a video was not taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// It did not arrive, or it is no video.
    #[error(transparent)]
    Fetch(#[from] Fault),
    /// It arrived and could not be stored.
    #[error(transparent)]
    Media(#[from] MediaError),
}

impl Media {
    /// Keeps objects in any object store.
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, folder: None }
    }

    /// Keeps objects in memory: for tests and examples.
    pub fn in_memory() -> Self {
        Self::new(Arc::new(InMemory::new()))
    }

    /// Keeps objects in a folder, which is made if it is not there. A write is on the disk when it returns: the file
    /// is written under another name, flushed, renamed, and the folder flushed.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn in_folder(folder: &Path) -> Result<Self, MediaError> {
        std::fs::create_dir_all(folder)
            .map_err(|source| MediaError::Unavailable { source: source.into() })?;
        let files =
            LocalFileSystem::new_with_prefix(folder).map_err(|source| failed("folder", "", source))?;
        Ok(Self { objects: Arc::new(files.with_fsync(true)), folder: Some(folder.into()) })
    }

    /// The object store itself, for what a provider on this machine keeps beside photos and videos.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// The key of a photo.
    pub fn photo_key(sha256: &str) -> String {
        format!("photos/{}/{sha256}.jpg", sha256.get(..2).unwrap_or("00"))
    }

    /// The key of a video.
    pub fn video_key(sha256: &str) -> String {
        format!("videos/{}/{sha256}.mp4", sha256.get(..2).unwrap_or("00"))
    }

    /// Keeps a photo. The same photo twice is one object.
    ///
    /// # Errors
    /// See [`MediaError`].
    pub async fn put_photo(&self, photo: &Photo) -> Result<PhotoRef, MediaError> {
        let reference = photo.photo_ref();
        self.put(MediaKind::Photo, &reference.sha256, photo.jpeg().clone()).await?;
        Ok(reference)
    }

    /// The bytes of a photo: a JPEG without metadata. They are the ones that were stored: the hash is compared.
    ///
    /// # Errors
    /// See [`MediaError`].
    pub async fn photo(&self, sha256: &str) -> Result<Bytes, MediaError> {
        self.get(MediaKind::Photo, sha256).await
    }

    /// The same as a photo, for whoever orders, looks or describes.
    ///
    /// # Errors
    /// See [`MediaError`]; what cannot be read as a photo is damaged.
    pub async fn kept_photo(&self, sha256: &str) -> Result<Photo, MediaError> {
        let damaged = |_| MediaError::Damaged { what: MediaKind::Photo.word(), sha256: sha256.to_owned() };
        Photo::from_media(self.photo(sha256).await?).map_err(damaged)
    }

    /// Takes a video in: reads it to its end, checks that it is an MP4 with a picture, keeps it.
    ///
    /// # Errors
    /// [`IngestError::Fetch`]: it broke off, is too large, or is no video. [`IngestError::Media`]: it could not be
    /// stored. In both cases nothing is kept.
    pub async fn put_video(&self, video: VideoStream) -> Result<Artifact, IngestError> {
        let bytes = collect(video).await?;
        let size = bytes.len() as u64;
        let sha256 = hex(&Sha256::digest(&bytes));
        let parsed = tokio::task::spawn_blocking({
            let bytes = bytes.clone();
            move || mp4::facts(&bytes)
        });
        // A parser that panics on rubbish says the same as one that returns an error.
        let facts = parsed.await.unwrap_or(None).ok_or_else(not_a_video)?;
        self.put(MediaKind::Video, &sha256, bytes).await?;
        Ok(Artifact { sha256, bytes: size, ..facts })
    }

    /// The bytes of a video. They are the ones that were stored: the hash is compared.
    ///
    /// # Errors
    /// See [`MediaError`].
    pub async fn video(&self, sha256: &str) -> Result<Bytes, MediaError> {
        self.get(MediaKind::Video, sha256).await
    }

    async fn put(&self, kind: MediaKind, sha256: &str, bytes: Bytes) -> Result<(), MediaError> {
        let at = path::Path::from(kind.key(sha256));
        // The name is the hash: what is there already is the same object, if it is whole.
        let same_size = self.objects.head(&at).await.is_ok_and(|found| found.size == bytes.len() as u64);
        if same_size && self.read(kind, sha256, &at).await.is_ok() {
            return Ok(());
        }
        let put = self.objects.put(&at, bytes.into()).await;
        put.map(|_| ()).map_err(|source| match failed(kind.word(), sha256, source) {
            // Not the object is missing then, but the bucket.
            missing @ MediaError::Missing { .. } => MediaError::Unavailable { source: missing.into() },
            other => other,
        })
    }

    async fn get(&self, kind: MediaKind, sha256: &str) -> Result<Bytes, MediaError> {
        let at = path::Path::from(kind.key(sha256));
        match self.read(kind, sha256, &at).await {
            Err(missing @ MediaError::Missing { .. }) => match self.find_binned(kind, sha256).await? {
                Some(at) => self.read(kind, sha256, &at).await,
                None => Err(missing),
            },
            answer => answer,
        }
    }

    async fn read(&self, kind: MediaKind, sha256: &str, at: &path::Path) -> Result<Bytes, MediaError> {
        let what = kind.word();
        let damaged = || MediaError::Damaged { what, sha256: sha256.to_owned() };
        let found = self.objects.get(at).await.map_err(|source| failed(what, sha256, source))?;
        // Nothing so large was ever stored, and it would not fit into memory.
        if found.meta.size > VIDEO_MAX_BYTES as u64 {
            return Err(damaged());
        }
        let bytes = found.bytes().await.map_err(|source| failed(what, sha256, source))?;
        let hash = tokio::task::spawn_blocking({
            let bytes = bytes.clone();
            move || hex(&Sha256::digest(&bytes))
        });
        if hash.await.is_ok_and(|hash| hash == sha256) { Ok(bytes) } else { Err(damaged()) }
    }
}

fn failed(what: &'static str, sha256: &str, source: object_store::Error) -> MediaError {
    if matches!(source, object_store::Error::NotFound { .. }) {
        return MediaError::Missing { what, sha256: sha256.to_owned() };
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(&source);
    while let Some(error) = cause {
        let io = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(io, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)) {
            return MediaError::Full { source: Box::new(source) };
        }
        cause = error.source();
    }
    MediaError::Unavailable { source: Box::new(source) }
}

async fn collect(mut video: VideoStream) -> Result<Bytes, Fault> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = video.try_next().await? {
        if bytes.len() + chunk.len() > VIDEO_MAX_BYTES {
            let message = format!("the video has more than {VIDEO_MAX_BYTES} bytes");
            return Err(Fault::new(FaultClass::Unknown, message));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn not_a_video() -> Fault {
    Fault::new(FaultClass::Temporary, "what was fetched is not an MP4 with a picture")
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;

    fn stream(parts: Vec<Result<Bytes, Fault>>) -> VideoStream {
        futures::stream::iter(parts).boxed()
    }

    #[tokio::test]
    async fn f3_rubbish_is_refused_and_not_kept() {
        let media = Media::in_memory();
        let broken = Fault::new(FaultClass::Temporary, "connection reset");
        let cases = [
            vec![],
            vec![Ok(Bytes::from_static(b"<html>gone</html>"))],
            vec![Ok(Bytes::from_static(b"\0\0\0\x14ftypisom\0\0\0\0isom"))],
            vec![Ok(Bytes::from_static(b"\0\0\0\x14ftyp")), Err(broken)],
        ];
        for parts in cases {
            assert!(matches!(media.put_video(stream(parts)).await, Err(IngestError::Fetch(_))));
        }
        // One that does not end is cut at the limit.
        let endless = futures::stream::repeat_with(|| Ok(Bytes::from_static(&[0; 1 << 20])));
        let cut = media.put_video(endless.boxed()).await.unwrap_err();
        assert!(
            matches!(&cut, IngestError::Fetch(fault) if fault.message.contains("has more than")),
            "{cut:?}"
        );
        let kept: Vec<_> = media.objects().list(None).collect().await;
        assert!(kept.is_empty());
    }

    #[test]
    fn a_full_disk_is_recognised_however_deep_it_lies() {
        let io = io::Error::new(io::ErrorKind::StorageFull, "no space left on device");
        let source = object_store::Error::Generic { store: "test", source: Box::new(io) };
        assert!(matches!(failed("video", "", source), MediaError::Full { .. }));
        let io = io::Error::new(io::ErrorKind::PermissionDenied, "permission denied");
        let source = object_store::Error::Generic { store: "test", source: Box::new(io) };
        assert!(matches!(failed("video", "", source), MediaError::Unavailable { .. }));
    }
}
