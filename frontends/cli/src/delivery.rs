//! Handing videos over: whole or not at all, and never over somebody else's file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use neurocards::{Artifact, Job, JobId, Media, MediaError, OrderId, TemplateId, Timestamp};

use crate::failure::{Exit, Failure};
use crate::output::{clean_path, is_plain};

/// What the files of videos are called: `PHOTO_TEMPLATE_N.mp4`, where `N` counts the videos of an order. When nobody
/// knows the photo's name, because it came from stdin or the order was placed by another command, `video-` and the
/// last eight characters of the order's id stand for it. When a name is taken by something else, the last eight
/// characters of the job's id are added.
#[derive(Debug, Clone)]
pub(crate) struct VideoName {
    stem: Option<String>,
    template: TemplateId,
}

/// What scripts read when a video was stored and is not what was stored any more.
pub(crate) const VIDEO_LOST: &str = "video_lost";

/// Most bytes of the photo's name: the whole name then fits into any file system.
const STEM_MAX_BYTES: usize = 120;

impl VideoName {
    /// After the photo, if its path is known.
    pub(crate) fn new(photo: Option<&Path>, template: TemplateId) -> Self {
        let stem = photo.filter(|path| *path != Path::new("-")).and_then(Path::file_stem);
        let mut plain: String = stem
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
            .chars()
            .filter(|c| is_plain(*c) && *c != '\u{fffd}')
            .collect();
        while plain.len() > STEM_MAX_BYTES {
            plain.pop();
        }
        Self { stem: Some(plain).filter(|stem| !stem.trim().is_empty()), template }
    }

    /// The name, and the one that is used when that is taken by something else.
    fn candidates(&self, order: OrderId, index: u32, job: JobId) -> [String; 2] {
        let name = match &self.stem {
            Some(stem) => format!("{stem}_{}_{}", self.template, index + 1),
            None => format!("video-{}_{}_{}", tail(&order.to_string()), self.template, index + 1),
        };
        let tail = tail(&job.to_string()).to_owned();
        [format!("{name}.mp4"), format!("{name}-{tail}.mp4")]
    }

    /// The bytes of the longest name that an order may need.
    fn longest(&self) -> usize {
        let stem = self.stem.as_ref().map_or("video-12345678".len(), String::len);
        stem + self.template.as_str().len() + "__20-12345678.mp4".len()
    }
}

/// The last eight characters of an id: those that chance has made.
fn tail(id: &str) -> &str {
    id.len().checked_sub(8).and_then(|from| id.get(from..)).unwrap_or(id)
}

/// Checks that videos of these names could be written to a folder, which may have to be made. Nothing is left there.
pub(crate) fn check_folder(out: &Path, name: &VideoName) -> Result<PathBuf, Failure> {
    let folder = std::path::absolute(out).map_err(|error| unwritable(out, &error))?;
    for part in folder.ancestors() {
        match fs::metadata(part) {
            Ok(facts) if facts.is_dir() => {
                probe(part, name).map_err(|error| unwritable(part, &error))?;
                break;
            }
            Ok(_) => return Err(unwritable(part, &ErrorKind::NotADirectory.into())),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unwritable(part, &error)),
            Err(_) if part.is_symlink() => return Err(unwritable(part, &io::Error::other(LINK_TO_NOWHERE))),
            Err(_) => {}
        }
    }
    Ok(folder)
}

const LINK_TO_NOWHERE: &str = "it is a link to a place that is not there";

/// Makes the folder, before anything is ordered: a video that is paid must find it.
pub(crate) fn make_folder(folder: &Path, name: &VideoName, now: Timestamp) -> Result<(), Failure> {
    clear_leftovers(folder, now);
    let made = fs::create_dir_all(folder).and_then(|()| probe(folder, name));
    made.map_err(|error| unwritable(folder, &error))
}

/// What our unfinished files are called: this, six characters of chance, and one of the two ends.
const PART: &str = ".neurocards-";
const PART_RANDOM: usize = 6;
const PART_END: &str = ".part";
/// Younger ones may still be written, by this process or another one.
const OLD: Duration = Duration::from_secs(3_600);

/// Removes unfinished files of runs that were killed. What cannot be removed is no reason not to go on.
fn clear_leftovers(folder: &Path, now: Timestamp) {
    let before = SystemTime::from(now) - OLD;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(is_part);
        // Of a link these are the facts of the link itself.
        let facts = entry.metadata().ok().filter(|facts| is_ours && facts.is_file());
        if facts.and_then(|facts| facts.modified().ok()).is_some_and(|modified| modified < before) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_part(name: &str) -> bool {
    let Some((random, end)) = name.strip_prefix(PART).and_then(|rest| rest.split_at_checked(PART_RANDOM))
    else {
        return false;
    };
    let of_probe = !end.is_empty() && end.bytes().all(|byte| byte == b'x');
    random.bytes().all(|byte| byte.is_ascii_alphanumeric()) && (end == PART_END || of_probe)
}

/// Writes a file with the longest name that may be needed, and removes it.
fn probe(folder: &Path, name: &VideoName) -> io::Result<()> {
    let (prefix, random) = (PART, PART_RANDOM);
    let fill = "x".repeat(name.longest().saturating_sub(prefix.len() + random));
    let mut file =
        tempfile::Builder::new().prefix(prefix).rand_bytes(random).suffix(&fill).tempfile_in(folder)?;
    file.write_all(b"probe")?;
    file.close()
}

fn unwritable(folder: &Path, error: &io::Error) -> Failure {
    let what = format!("no file can be written to {}", clean_path(folder));
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
    let bytes = media.video(&artifact.sha256).await.map_err(|error| not_kept(error, job))?;
    let (folder, names) = (folder.to_owned(), name.candidates(job.order_id, job.index, job.id));
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

/// The video was made and paid, and the media store does not have it as it was.
fn not_kept(error: MediaError, job: &Job) -> Failure {
    let state = match &error {
        MediaError::Missing { .. } => "is gone from the media store",
        MediaError::Damaged { .. } => "is damaged in the media store",
        _ => return error.into(),
    };
    let what = format!("the video of the job {} was made and paid, and {state}; nothing was copied", job.id);
    Failure::new(Exit::Failed, VIDEO_LOST, what).because(&error).hint(format!(
        "Bring the media folder back from a copy, then `neurocards jobs wait {}`. Without one, order again; \
         `neurocards credits grant {} {}` gives the captured credit back.",
        job.id, job.account, job.price.0
    ))
}

/// Writes a file that is whole when it appears. The same contents may be there already.
fn write_once(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let path = folder.join(name);
    let mut builder = tempfile::Builder::new();
    builder.prefix(PART).rand_bytes(PART_RANDOM).suffix(PART_END);
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
    fn names_follow_the_photo_or_the_order() {
        let check = |photo: Option<&str>, expect: &str| {
            let name = VideoName::new(photo.map(Path::new), TemplateId::Ad);
            let now = Timestamp::default();
            let (order, job) = (OrderId::new(now, [5; 10]), JobId::new(now, [7; 10]));
            let [short, long] = name.candidates(order, 1, job);
            assert_eq!(short, expect, "{photo:?}");
            assert_eq!(long, expect.replace(".mp4", "-07070707.mp4"));
            let longest = name.candidates(order, 19, job)[1].len();
            assert_eq!(longest, name.longest());
            assert!(longest < 143, "the shortest limit that is in use: {longest}");
        };
        check(Some("photos/coffee cup.jpg"), "coffee cup_ad_2.mp4");
        check(Some("a\u{1b}[2J.png"), "a[2J_ad_2.mp4");
        check(Some(&format!("{}.jpg", "я".repeat(200))), &format!("{}_ad_2.mp4", "я".repeat(60)));
        for unknown in [None, Some("-"), Some("\u{1b}.jpg")] {
            check(unknown, "video-05050505_ad_2.mp4");
        }
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
        let name = VideoName::new(None, TemplateId::Ugc);
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("a/b");
        assert_eq!(check_folder(&missing, &name).unwrap(), missing);
        assert!(!missing.exists());
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        let refused =
            |path: &Path| assert_eq!(check_folder(path, &name).unwrap_err().exit, Exit::Usage, "{path:?}");
        refused(&file);
        refused(&file.join("in"));
        refused(&folder.path().join("x".repeat(300)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        make_folder(&missing, &name, Timestamp::default()).unwrap();
        assert_eq!(fs::read_dir(missing).unwrap().count(), 0);
    }

    #[test]
    fn old_parts_are_cleared_and_nothing_else() {
        let name = VideoName::new(None, TemplateId::Ugc);
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::UNIX_EPOCH + 1_000 * OLD;
        let files = [
            (".neurocards-vAb3dE.part", 2 * OLD, false),
            (".neurocards-vAb3dExxxxxxx", 2 * OLD, false),
            (".neurocards-vAb3dF.part", OLD / 2, true),
            (".neurocards-notes.txt", 2 * OLD, true),
            (".neurocards-vAb3dE.part.mp4", 2 * OLD, true),
            ("cup_ugc_1.mp4", 2 * OLD, true),
        ];
        for (file, age, _) in files {
            fs::write(folder.path().join(file), "x").unwrap();
            let file = File::options().write(true).open(folder.path().join(file)).unwrap();
            file.set_modified(now - age).unwrap();
        }
        make_folder(folder.path(), &name, now.into()).unwrap();
        for (file, _, stays) in files {
            assert_eq!(folder.path().join(file).exists(), stays, "{file}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nowhere_is_no_folder() {
        let name = VideoName::new(None, TemplateId::Ugc);
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
        for path in [link.join("in"), link] {
            assert_eq!(check_folder(&path, &name).unwrap_err().exit, Exit::Usage);
        }
    }
}
