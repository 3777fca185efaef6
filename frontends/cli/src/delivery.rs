//! Handing videos over: whole or not at all, and never over somebody else's file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use neurocards::{Artifact, Job, JobId, Media, TemplateId};
use tempfile::NamedTempFile;

use crate::failure::{Exit, Failure};
use crate::output::clean_line;

/// What the file of a video is called.
#[derive(Debug, Clone)]
pub(crate) struct VideoName {
    stem: String,
    template: TemplateId,
}

impl VideoName {
    /// After the photo.
    pub(crate) fn after_photo(photo: &Path, template: TemplateId) -> Self {
        let stem = photo.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let mut plain: String = clean_line(&stem).chars().filter(|c| *c != '\u{fffd}' && *c != '/').collect();
        while plain.len() > 120 {
            plain.pop();
        }
        let stem = if plain.trim().is_empty() || plain == "-" { "photo".to_owned() } else { plain };
        Self { stem, template }
    }

    /// After the order, when nobody remembers the photo's name.
    pub(crate) fn after_order(order: neurocards::OrderId, template: TemplateId) -> Self {
        Self { stem: format!("video-{}", tail(&order.to_string())), template }
    }

    /// The name, and the one that is used when that is taken by something else.
    fn candidates(&self, index: u32, job: JobId) -> [String; 2] {
        let name = format!("{}_{}_{}", self.stem, self.template, index + 1);
        let tail = tail(&job.to_string()).to_owned();
        [format!("{name}.mp4"), format!("{name}-{tail}.mp4")]
    }
}

/// The last eight characters of an id: those that chance has made.
fn tail(id: &str) -> &str {
    id.len().checked_sub(8).and_then(|from| id.get(from..)).unwrap_or(id)
}

/// Checks that files can be written to a folder, or that it could be made. Nothing is left there.
pub(crate) fn check_folder(out: &Path) -> Result<PathBuf, Failure> {
    let folder = std::path::absolute(out).map_err(|error| unwritable(out, &error))?;
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    if !existing.is_dir() {
        return Err(unwritable(existing, &ErrorKind::NotADirectory.into()));
    }
    NamedTempFile::new_in(existing).map_err(|error| unwritable(existing, &error))?;
    Ok(folder)
}

fn unwritable(folder: &Path, error: &io::Error) -> Failure {
    let what = format!("no file can be written to {}", folder.display());
    Failure::new(Exit::Usage, "invalid_input", what)
        .because(error)
        .hint("Choose another folder with --out DIR.")
}

/// Copies a job's video out of the media store; answers where it lies. A second time it is the same file.
pub(crate) async fn hand_over(
    media: &Media,
    (job, artifact): (&Job, &Artifact),
    folder: &Path,
    name: &VideoName,
) -> Result<PathBuf, Failure> {
    let bytes = media.video(&artifact.sha256).await?;
    let (folder, names) = (folder.to_owned(), name.candidates(job.index, job.id));
    let written = tokio::task::spawn_blocking(move || {
        fs::create_dir_all(&folder)?;
        let mut taken = None;
        for name in names {
            match write_once(&folder, &name, &bytes) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => taken = Some(error),
                answer => return answer,
            }
        }
        Err(taken.unwrap_or_else(|| ErrorKind::AlreadyExists.into()))
    });
    let written = written.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    written.map_err(|error| {
        Failure::new(Exit::Failed, "output", format!("the video {} is ready and could not be copied", job.id))
            .because(&error)
            .hint(format!(
                "`neurocards jobs wait {} --out DIR` copies it to another folder, for nothing.",
                job.id
            ))
    })
}

/// Writes a file that is whole when it appears. The same contents may be there already.
fn write_once(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let path = folder.join(name);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".neurocards-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut part = builder.tempfile_in(folder)?;
    part.write_all(bytes)?;
    part.as_file().sync_all()?;
    match part.persist_noclobber(&path) {
        Ok(_) => {
            // A folder that cannot be synced still has the file.
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
            Ok(path)
        }
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists && fs::read(&path)? == bytes => Ok(path),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_photo() {
        let check = |photo: &str, expect: &str| {
            let name = VideoName::after_photo(Path::new(photo), TemplateId::Ad);
            let job = JobId::new(neurocards::Timestamp::default(), [7; 10]);
            assert_eq!(name.candidates(1, job)[0], expect, "{photo:?}");
            assert_eq!(name.candidates(1, job)[1], expect.replace(".mp4", "-07070707.mp4"));
        };
        check("photos/coffee cup.jpg", "coffee cup_ad_2.mp4");
        check("-", "photo_ad_2.mp4");
        check("a\u{1b}[2J.png", "a[2J_ad_2.mp4");
        check(&format!("{}.jpg", "я".repeat(200)), &format!("{}_ad_2.mp4", "я".repeat(60)));
    }

    #[test]
    fn a_file_of_somebody_else_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(write_once(folder.path(), "a.mp4", b"one").unwrap(), folder.path().join("a.mp4"));
        assert!(write_once(folder.path(), "a.mp4", b"one").is_ok());
        let taken = write_once(folder.path(), "a.mp4", b"two").unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(folder.path().join("a.mp4")).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_is_checked_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("a/b");
        assert_eq!(check_folder(&missing).unwrap(), missing);
        assert!(!missing.exists());
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        assert_eq!(check_folder(&file).unwrap_err().exit, Exit::Usage);
        assert_eq!(check_folder(&file.join("in")).unwrap_err().exit, Exit::Usage);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
