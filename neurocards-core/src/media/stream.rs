//! Videos out, piece by piece: for whoever loads one over a slow line.

use std::ops::Range;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::{GetOptions, GetRange, ObjectStoreExt, path};

use super::{Media, MediaError, MediaKind, failed};

/// Pieces of a video.
pub type VideoPieces = BoxStream<'static, Result<Bytes, MediaError>>;

impl Media {
    /// How many bytes a video has.
    ///
    /// # Errors
    /// See [`MediaError`].
    pub async fn video_size(&self, sha256: &str) -> Result<u64, MediaError> {
        self.lies_at(sha256).await.map(|(_, size)| size)
    }

    /// A part of a video, in bytes, as it is read. The hash is not compared: whoever reads a part cannot.
    ///
    /// # Errors
    /// See [`MediaError`]; also later, within the pieces.
    pub async fn video_part(&self, sha256: &str, range: Range<u64>) -> Result<VideoPieces, MediaError> {
        let (at, _) = self.lies_at(sha256).await?;
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.objects.get_opts(&at, options).await;
        let found = found.map_err(|source| failed(MediaKind::Video.word(), sha256, source))?;
        let sha256 = sha256.to_owned();
        Ok(found
            .into_stream()
            .map_err(move |source| failed(MediaKind::Video.word(), &sha256, source))
            .boxed())
    }

    /// Where a video lies, the bin included, and its size.
    async fn lies_at(&self, sha256: &str) -> Result<(path::Path, u64), MediaError> {
        let kind = MediaKind::Video;
        let mut at = path::Path::from(kind.key(sha256));
        let mut found = self.objects.head(&at).await;
        if matches!(found, Err(object_store::Error::NotFound { .. }))
            && let Some(binned) = self.find_binned(kind, sha256).await?
        {
            found = self.objects.head(&binned).await;
            at = binned;
        }
        let size = found.map_err(|source| failed(kind.word(), sha256, source))?.size;
        Ok((at, size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_is_the_bytes_of_the_whole() {
        let media = Media::in_memory();
        let tiny = Bytes::from_static(include_bytes!("../../../tests/testkit/assets/tiny.mp4"));
        let whole = futures::stream::iter([Ok(tiny.clone())]).boxed();
        let sha256 = media.put_video(whole).await.unwrap().sha256;
        assert_eq!(media.video_size(&sha256).await.unwrap(), tiny.len() as u64);
        let part: Vec<Bytes> = media.video_part(&sha256, 4..8).await.unwrap().try_collect().await.unwrap();
        assert_eq!(part.concat(), b"ftyp");
        let missing = media.video_size(&"0".repeat(64)).await;
        assert!(matches!(missing, Err(MediaError::Missing { .. })), "{missing:?}");
    }
}
