//! The machine: clock, disk, folders, photo intake.

use std::path::Path;

use neurocards::{Clock, Media, MediaError, Photo, PhotoLimits, SystemClock, Timestamp};

use super::Finding;
use crate::config::{Config, Keep, MediaPlace};
use crate::failure::Failure;
use crate::output::moment;

/// A photo that always passes.
const SELF_CHECK_PHOTO: &[u8] = include_bytes!("../../../assets/self-check.png");
/// The hash of no photo.
const NO_PHOTO: &str = "0000";
/// Less free disk than this many megabytes soon stops the work,
const DISK_LEAST_MB: u64 = 100;
/// and less than this deserves a word.
const DISK_GOOD_MB: u64 = 1_000;
/// This version was written in this year: a clock before it is wrong.
const WRITTEN_IN: &str = "2026-01-01T00:00:00Z";

pub(super) fn clock() -> Finding {
    let now = SystemClock::new().now();
    let mend = "Set the clock: timers and ids follow it.";
    match WRITTEN_IN.parse::<Timestamp>() {
        Ok(written) if now < written => {
            Finding::fail("clock", format!("{} is in the past", moment(now)), mend)
        }
        _ => Finding::ok("clock", moment(now)),
    }
}

pub(super) fn env_file(config: &Config) -> Finding {
    let Some(path) = &config.env_file else { return Finding::ok("settings", "no .env in this folder") };
    if others_may_read(path) {
        let found = "other users of this machine may read .env, and the keys in it";
        return Finding::warn("settings", found, "chmod 600 .env");
    }
    Finding::ok("settings", ".env is read")
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|facts| facts.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_path: &Path) -> bool {
    false
}

pub(super) async fn photos() -> Finding {
    let taken = tokio::task::spawn_blocking(|| Photo::intake(SELF_CHECK_PHOTO, &PhotoLimits::default()));
    match taken.await {
        Ok(Ok(photo)) => Finding::ok("photos", format!("taken in, {}x{}", photo.width(), photo.height())),
        Ok(Err(error)) => Finding::failed("photos", &Failure::from(error)),
        Err(_) => Finding::fail("photos", "the photo intake stopped", "Report this."),
    }
}

pub(super) fn data_folder(config: &Config) -> Finding {
    let folder = &config.data_dir;
    let name = folder.display().to_string();
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    match tempfile::NamedTempFile::new_in(there) {
        Ok(_) if there == folder => Finding::ok("data folder", name),
        Ok(_) => Finding::ok("data folder", format!("{name} is not there yet; the first order makes it")),
        Err(error) if there == folder => {
            Finding::fail("data folder", format!("{name}: {error}"), "Change its rights, or use --data-dir.")
        }
        Err(error) => {
            let found = format!("{name} is not there and cannot be made: {error}");
            Finding::fail("data folder", found, "Choose another one with --data-dir.")
        }
    }
}

pub(super) fn free_disk(config: &Config) -> Finding {
    let there = config.data_dir.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let Some(free_mb) = free_mb(there) else { return Finding::ok("disk", "free space cannot be read here") };
    let found = format!("{free_mb} MB free");
    match free_mb {
        0..DISK_LEAST_MB => Finding::fail("disk", found, "Free some space: videos could not be stored."),
        DISK_LEAST_MB..DISK_GOOD_MB => {
            Finding::warn("disk", found, "Free some space soon: a video takes 1 to 10 MB.")
        }
        _ => Finding::ok("disk", found),
    }
}

#[cfg(unix)]
fn free_mb(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize) / 1_000_000)
}

#[cfg(not(unix))]
fn free_mb(_folder: &Path) -> Option<u64> {
    None
}

/// What is removed by itself, and when.
pub(super) fn retention(config: &Config) -> Finding {
    let (photos, videos) = (Keep(config.retention.photos), Keep(config.retention.videos));
    Finding::ok("retention", format!("photos are kept {photos}, videos {videos}"))
}

/// Writes, reads and deletes a photo in the media folder; asks a bucket for a photo that is not there.
pub(super) async fn media(config: &Config) -> Finding {
    let place = &config.media;
    let MediaPlace::Folder(folder) = place else {
        return match place.open() {
            Ok(media) => match media.photo(NO_PHOTO).await {
                Ok(_) | Err(MediaError::Missing { .. }) => Finding::ok("media", format!("{place} answers")),
                Err(error) => Finding::failed("media", &error.into()),
            },
            Err(error) => Finding::failed("media", &error.into()),
        };
    };
    if !folder.exists() {
        return Finding::ok("media", format!("{place} is not there yet; the first order makes it"));
    }
    match media_round_trip(folder).await {
        Ok(()) => Finding::ok("media", format!("{place} can be written, read and cleared")),
        Err(failure) => Finding::failed("media", &failure),
    }
}

async fn media_round_trip(folder: &Path) -> Result<(), Failure> {
    Media::in_folder(folder)?;
    // Beside the photos, in a folder of its own: the check photo may be a customer's photo too.
    let check = tempfile::Builder::new().prefix(".doctor-").tempdir_in(folder);
    let check = check.map_err(|error| {
        let failure =
            Failure::new(crate::failure::Exit::Failed, "storage", "the media folder cannot be written");
        failure.because(&error).hint("Change the rights of the media folder.")
    })?;
    let media = Media::in_folder(check.path())?;
    let photo = Photo::intake(SELF_CHECK_PHOTO, &PhotoLimits::default())?;
    let kept = media.put_photo(&photo).await?;
    media.photo(&kept.sha256).await?;
    Ok(())
}
