//! The bin: what nobody needs lies there for a while before it is deleted.
//!
//! Nobody can ask an object store to delete an object unless it was needed again a moment ago: a video that is just
//! being stored may find the same bytes under their hash, leave them there, and rely on them in the next commit. So
//! nothing is deleted where it is looked for. It is moved here first, found here as long as it is needed after all, and
//! deleted when it was not needed a day later: no write under way lasts as long.

use std::future::ready;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStoreExt, path};

use super::{Media, MediaError, MediaKind, failed};
use crate::clock::Timestamp;

/// Where the bin is.
const BIN: &str = "bin";

/// An object under its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptObject {
    pub(crate) sha256: String,
    /// By the object store's clock.
    pub(crate) stored_at: Timestamp,
}

/// An object in the bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BinnedObject {
    pub(crate) kind: MediaKind,
    pub(crate) sha256: String,
    /// In whole seconds, by the clock of the store that knew that nobody needs it.
    pub(crate) binned_at: Timestamp,
    at: path::Path,
}

impl Media {
    /// The photos, or the videos, that are under their hashes. What has another name is nobody's business here.
    pub(crate) fn kept(&self, kind: MediaKind) -> BoxStream<'static, Result<KeptObject, MediaError>> {
        let objects = self.objects.list(Some(&path::Path::from(kind.folder())));
        let named = move |found: ObjectMeta| {
            let sha256 = hash_of(kind, found.location.as_ref())?.to_owned();
            Some(KeptObject { sha256, stored_at: found.last_modified })
        };
        let unreadable = move |source| failed(kind.word(), "", source);
        objects.map_err(unreadable).try_filter_map(move |found| ready(Ok(named(found)))).boxed()
    }

    /// Moves an object into the bin; one that is gone already is no error.
    pub(crate) async fn set_aside(
        &self,
        kind: MediaKind,
        sha256: &str,
        now: Timestamp,
    ) -> Result<(), MediaError> {
        let to = path::Path::from(format!("{BIN}/{}/{sha256}.{}", kind.folder(), now.timestamp()));
        gone_is_fine(self.objects.rename(&kind.key(sha256).into(), &to).await, kind, sha256)
    }

    /// The photos, or the videos, that lie in the bin.
    pub(crate) fn binned(&self, kind: MediaKind) -> BoxStream<'static, Result<BinnedObject, MediaError>> {
        let objects = self.objects.list(Some(&path::Path::from(format!("{BIN}/{}", kind.folder()))));
        let unreadable = move |source| failed(kind.word(), "", source);
        let named = move |found: ObjectMeta| ready(Ok(BinnedObject::read(kind, found.location)));
        objects.map_err(unreadable).try_filter_map(named).boxed()
    }

    /// Puts an object back under its hash, unless it was stored again meanwhile.
    pub(crate) async fn take_back(&self, binned: &BinnedObject) -> Result<(), MediaError> {
        let key = path::Path::from(binned.kind.key(&binned.sha256));
        match self.objects.head(&key).await {
            Ok(_) => self.delete_binned(binned).await,
            Err(object_store::Error::NotFound { .. }) => {
                gone_is_fine(self.objects.rename(&binned.at, &key).await, binned.kind, &binned.sha256)
            }
            Err(source) => Err(failed(binned.kind.word(), &binned.sha256, source)),
        }
    }

    /// Deletes an object in the bin; one that is gone already is no error.
    pub(crate) async fn delete_binned(&self, binned: &BinnedObject) -> Result<(), MediaError> {
        gone_is_fine(self.objects.delete(&binned.at).await, binned.kind, &binned.sha256)
    }

    /// Where an object lies in the bin, if it does: it was needed again after it was set aside.
    pub(super) async fn find_binned(
        &self,
        kind: MediaKind,
        sha256: &str,
    ) -> Result<Option<path::Path>, MediaError> {
        let mut binned = self.binned(kind);
        while let Some(found) = binned.try_next().await? {
            if found.sha256 == sha256 {
                return Ok(Some(found.at));
            }
        }
        Ok(None)
    }
}

impl BinnedObject {
    fn read(kind: MediaKind, at: path::Path) -> Option<Self> {
        let (sha256, seconds) = at.filename()?.split_once('.')?;
        let binned_at = Timestamp::from_timestamp(seconds.parse().ok()?, 0)?;
        is_hash(sha256).then(|| Self { kind, sha256: sha256.to_owned(), binned_at, at: at.clone() })
    }

    /// For how long it has lain there.
    pub(crate) fn age(&self, now: Timestamp) -> Duration {
        (now - self.binned_at).to_std().unwrap_or_default()
    }
}

impl KeptObject {
    /// For how long it has been stored.
    pub(crate) fn age(&self, now: Timestamp) -> Duration {
        (now - self.stored_at).to_std().unwrap_or_default()
    }
}

/// The hash in a key, if it is one of ours.
fn hash_of(kind: MediaKind, key: &str) -> Option<&str> {
    let (sha256, _) = key.rsplit_once('/')?.1.split_once('.')?;
    (is_hash(sha256) && kind.key(sha256) == key).then_some(sha256)
}

fn is_hash(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

fn gone_is_fine(
    done: Result<(), object_store::Error>,
    kind: MediaKind,
    sha256: &str,
) -> Result<(), MediaError> {
    match done {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(source) => Err(failed(kind.word(), sha256, source)),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::clock::{Clock, ManualClock};
    use crate::photo::{Photo, PhotoLimits};

    const VIDEO: &[u8] = include_bytes!("../../../tests/testkit/assets/tiny.mp4");

    async fn names(media: &Media) -> Vec<String> {
        let found: Vec<_> = media.objects().list(None).try_collect().await.unwrap();
        let mut names: Vec<_> = found.into_iter().map(|found| found.location.to_string()).collect();
        names.sort();
        names
    }

    async fn put(media: &Media) -> String {
        let video = futures::stream::iter([Ok(Bytes::from_static(VIDEO))]).boxed();
        media.put_video(video).await.unwrap().sha256
    }

    #[tokio::test]
    async fn what_is_set_aside_is_found_until_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let now = ManualClock::new().now();
        for media in [Media::in_memory(), Media::in_folder(folder.path()).unwrap()] {
            let sha256 = put(&media).await;
            let key = Media::video_key(&sha256);
            media.set_aside(MediaKind::Video, &sha256, now).await.unwrap();
            media.set_aside(MediaKind::Video, &sha256, now).await.unwrap();
            assert_eq!(names(&media).await, [format!("bin/videos/{sha256}.{}", now.timestamp())]);
            assert_eq!(media.video(&sha256).await.unwrap(), VIDEO);
            assert!(media.kept(MediaKind::Video).next().await.is_none());

            let binned: Vec<_> = media.binned(MediaKind::Video).try_collect().await.unwrap();
            assert!(media.binned(MediaKind::Photo).next().await.is_none());
            let [binned] = binned.as_slice() else { panic!("{binned:?}") };
            assert_eq!((binned.kind, &binned.sha256, binned.binned_at), (MediaKind::Video, &sha256, now));
            assert_eq!(binned.age(now + Duration::from_secs(7)), Duration::from_secs(7));
            media.take_back(binned).await.unwrap();
            assert_eq!(names(&media).await, std::slice::from_ref(&key));

            // Stored again while a copy lies in the bin.
            media.set_aside(MediaKind::Video, &sha256, now).await.unwrap();
            put(&media).await;
            media.take_back(binned).await.unwrap();
            assert_eq!(names(&media).await, [key]);

            media.set_aside(MediaKind::Video, &sha256, now).await.unwrap();
            for _ in 0..2 {
                media.delete_binned(binned).await.unwrap();
            }
            assert_eq!(names(&media).await, Vec::<String>::new());
            assert!(matches!(media.video(&sha256).await, Err(MediaError::Missing { what: "video", .. })));
        }
    }

    #[tokio::test]
    async fn what_has_another_name_is_left_alone() {
        let media = Media::in_memory();
        let cup = include_bytes!("../../../examples/photos/coffee-cup.jpg");
        let photo = Photo::intake(cup, &PhotoLimits::default()).unwrap();
        let sha256 = media.put_photo(&photo).await.unwrap().sha256;
        let short = &sha256[..63];
        for stranger in [
            "photos/readme.txt".to_owned(),
            format!("photos/{sha256}.jpg"),
            format!("photos/{}/{short}.jpg", &sha256[..2]),
            format!("photos/{}/{}.jpg", &sha256[..2], sha256.to_uppercase()),
            format!("photos/{}/{sha256}.mp4", &sha256[..2]),
            format!("bin/photos/{sha256}.soon"),
            format!("bin/photos/{short}.5"),
            format!("bin/{sha256}.5"),
        ] {
            media.objects().put(&stranger.into(), "x".into()).await.unwrap();
        }
        let kept: Vec<_> = media.kept(MediaKind::Photo).try_collect().await.unwrap();
        assert_eq!(kept.into_iter().map(|kept| kept.sha256).collect::<Vec<_>>(), [sha256]);
        assert!(media.binned(MediaKind::Photo).next().await.is_none());
    }
}
