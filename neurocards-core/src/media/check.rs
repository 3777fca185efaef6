//! Looking at what is kept, without taking it into memory.

use futures::TryStreamExt;
use object_store::{ObjectStoreExt, path};
use sha2::{Digest, Sha256};

use super::{Media, MediaError, MediaKind, failed};
use crate::artifact::Artifact;
use crate::order::hex;

impl Media {
    /// Checks that a video is there and has its size; with `hash`, also that every byte is the one that was stored.
    ///
    /// # Errors
    /// [`MediaError::Missing`], [`MediaError::Damaged`], or the store did not answer.
    pub async fn check_video(&self, video: &Artifact, hash: bool) -> Result<(), MediaError> {
        let (what, sha256) = ("video", video.sha256.as_str());
        let failed = |source| failed(what, sha256, source);
        let damaged = || MediaError::Damaged { what, sha256: sha256.to_owned() };
        let mut key = path::Path::from(Self::video_key(sha256));
        let mut found = self.objects().head(&key).await;
        if matches!(found, Err(object_store::Error::NotFound { .. }))
            && let Some(binned) = self.find_binned(MediaKind::Video, sha256).await?
        {
            (found, key) = (self.objects().head(&binned).await, binned);
        }
        if found.map_err(failed)?.size != video.bytes {
            return Err(damaged());
        }
        if !hash {
            return Ok(());
        }
        let mut chunks = self.objects().get(&key).await.map_err(failed)?.into_stream();
        let mut digest = Sha256::new();
        while let Some(chunk) = chunks.try_next().await.map_err(failed)? {
            digest.update(&chunk);
        }
        if hex(&digest.finalize()) == sha256 { Ok(()) } else { Err(damaged()) }
    }

    /// Whether any video is kept.
    ///
    /// # Errors
    /// The store did not answer.
    pub async fn has_videos(&self) -> Result<bool, MediaError> {
        let mut videos = self.objects().list(Some(&path::Path::from("videos")));
        let first = videos.try_next().await.map_err(|source| failed("video", "", source))?;
        Ok(first.is_some())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::StreamExt;

    use super::*;
    use crate::photo::{Photo, PhotoLimits};

    const VIDEO: &[u8] = include_bytes!("../../../tests/testkit/assets/tiny.mp4");

    #[tokio::test]
    async fn what_was_changed_behind_our_back_is_never_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::in_folder(folder.path()).unwrap();
        assert!(!media.has_videos().await.unwrap());
        let stream = || futures::stream::iter([Ok(Bytes::from_static(VIDEO))]).boxed();
        let video = media.put_video(stream()).await.unwrap();
        assert!(media.has_videos().await.unwrap());
        let file = folder.path().join(Media::video_key(&video.sha256));
        let checks = async || {
            let seen = [false, true].map(|hash| media.check_video(&video, hash));
            futures::future::join_all(seen).await.into_iter().map(|seen| seen.is_ok()).collect::<Vec<_>>()
        };
        assert_eq!(checks().await, [true, true]);
        let mut flipped = VIDEO.to_vec();
        flipped[VIDEO.len() / 2] ^= 1;
        for (bytes, expect) in
            [(&VIDEO[..100], [false, false]), (&flipped, [true, false]), (b"", [false, false])]
        {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(checks().await, expect);
            assert!(matches!(
                media.video(&video.sha256).await,
                Err(MediaError::Damaged { what: "video", .. })
            ));
            // Stored again, it is whole again.
            media.put_video(stream()).await.unwrap();
            assert_eq!(media.video(&video.sha256).await.unwrap(), VIDEO);
        }
        std::fs::remove_file(&file).unwrap();
        assert_eq!(checks().await, [false, false]);
        let gone = media.check_video(&video, false).await.unwrap_err();
        assert!(matches!(gone, MediaError::Missing { what: "video", .. }), "{gone:?}");
    }

    #[tokio::test]
    async fn a_photo_is_the_one_that_was_stored() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::in_folder(folder.path()).unwrap();
        let cup = include_bytes!("../../../examples/photos/coffee-cup.jpg");
        let photo = Photo::intake(cup, &PhotoLimits::default()).unwrap();
        let sha256 = media.put_photo(&photo).await.unwrap().sha256;
        let mut other = photo.jpeg().to_vec();
        other[photo.jpeg().len() / 2] ^= 1;
        std::fs::write(folder.path().join(Media::photo_key(&sha256)), other).unwrap();
        assert!(matches!(media.photo(&sha256).await, Err(MediaError::Damaged { what: "photo", .. })));
        media.put_photo(&photo).await.unwrap();
        assert_eq!(media.photo(&sha256).await.unwrap(), photo.jpeg());
    }
}
