//! What a crash leaves in a folder of media: files under another name, that never became objects.

use std::fs::DirEntry;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Media, MediaError};
use crate::clock::Timestamp;

/// Younger ones may still be written, by this process or another one.
const OLD: Duration = Duration::from_secs(3_600);

impl Media {
    /// Removes what crashes left of writes that never ended, when it is older than an hour; answers how many files
    /// that were. Only a folder can have any.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub async fn clear_leftovers(&self, now: Timestamp) -> Result<usize, MediaError> {
        let Some(folder) = self.folder.clone() else { return Ok(0) };
        let before = SystemTime::from(now) - OLD;
        let cleared = tokio::task::spawn_blocking(move || clear(&folder, before)).await;
        let cleared = cleared.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        cleared.map_err(|source| MediaError::Unavailable { source: source.into() })
    }
}

fn clear(folder: &Path, before: SystemTime) -> std::io::Result<usize> {
    let mut cleared = 0;
    for entry in folder.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            cleared += clear(&entry.path(), before)?;
        } else if is_leftover(&entry, before) && std::fs::remove_file(entry.path()).is_ok() {
            cleared += 1;
        }
    }
    Ok(cleared)
}

/// `object_store` writes an object `name` as `name#1` first, and never shows such a file as an object.
fn is_leftover(entry: &DirEntry, before: SystemTime) -> bool {
    let name = entry.file_name();
    let staged = name.to_str().and_then(|name| name.rsplit_once('#')).is_some_and(|(object, number)| {
        !object.is_empty() && !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
    });
    let modified = entry.metadata().and_then(|facts| facts.modified());
    staged && modified.is_ok_and(|modified| modified < before)
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;
    use crate::clock::{Clock, SystemClock};
    use crate::photo::{Photo, PhotoLimits};

    #[tokio::test]
    async fn a_write_that_a_crash_cut_short_is_no_object_and_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::in_folder(folder.path()).unwrap();
        let cup = include_bytes!("../../../examples/photos/coffee-cup.jpg");
        let photo = Photo::intake(cup, &PhotoLimits::default()).unwrap();
        let sha256 = photo.photo_ref().sha256;
        let object = folder.path().join(Media::photo_key(&sha256));
        std::fs::create_dir_all(object.parent().unwrap()).unwrap();
        let staged = |number: u32| object.with_extension(format!("jpg#{number}"));
        let now = SystemClock::new().now();
        for (number, age) in [(1, 2 * OLD), (2, OLD / 2)] {
            std::fs::write(staged(number), &photo.jpeg()[..100]).unwrap();
            let file = std::fs::File::options().write(true).open(staged(number)).unwrap();
            file.set_modified(SystemTime::from(now) - age).unwrap();
        }
        assert!(matches!(media.photo(&sha256).await, Err(MediaError::Missing { .. })));
        media.put_photo(&photo).await.unwrap();
        assert_eq!(media.photo(&sha256).await.unwrap(), photo.jpeg());
        assert_eq!(media.clear_leftovers(now).await.unwrap(), 1);
        assert_eq!((staged(1).exists(), staged(2).exists(), object.exists()), (false, true, true));
        let listed: Vec<_> = media.objects().list(None).collect().await;
        assert_eq!(listed.len(), 1);
    }

    #[tokio::test]
    async fn a_half_object_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let media = Media::in_folder(folder.path()).unwrap();
        let cup = include_bytes!("../../../examples/photos/coffee-cup.jpg");
        let photo = Photo::intake(cup, &PhotoLimits::default()).unwrap();
        let sha256 = media.put_photo(&photo).await.unwrap().sha256;
        // A disk that lied about flushing.
        std::fs::write(folder.path().join(Media::photo_key(&sha256)), b"half").unwrap();
        media.put_photo(&photo).await.unwrap();
        assert_eq!(media.photo(&sha256).await.unwrap(), photo.jpeg());
    }
}
