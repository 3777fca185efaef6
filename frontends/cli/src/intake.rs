//! From a path to a photo that passed.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use neurocards::{Photo, PhotoError, PhotoLimits};

use crate::failure::{Exit, Failure};
use crate::output::clean_path;

/// Reads a photo from a file, or from stdin for `-`, and takes it in.
pub(crate) async fn take_photo(path: &Path) -> Result<Photo, Failure> {
    let path = path.to_owned();
    let taken = tokio::task::spawn_blocking(move || {
        let limits = PhotoLimits::default();
        let bytes = read(&path, limits.max_bytes)?;
        Photo::intake(&bytes, &limits).map_err(Failure::from)
    });
    taken.await.unwrap_or_else(|_| {
        let failure = Failure::new(Exit::Failed, "failed", "the photo could not be decoded");
        Err(failure.hint("Try another copy of the photo, and report this."))
    })
}

/// At most one byte more than the limit, however long the file is.
fn read(path: &Path, max_bytes: usize) -> Result<Vec<u8>, Failure> {
    let limit = max_bytes as u64 + 1;
    let mut bytes = Vec::new();
    let done = if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        open(path).and_then(|file| {
            let known = file.metadata().map(|facts| facts.len());
            if let Ok(known) = known.as_ref().map(|known| usize::try_from(*known).unwrap_or(usize::MAX))
                && known > max_bytes
            {
                return Err(io::Error::other(PhotoError::TooManyBytes { bytes: known, limit: max_bytes }));
            }
            file.take(limit).read_to_end(&mut bytes)
        })
    };
    done.map_err(|error| unreadable(path, error))?;
    Ok(bytes)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe that nobody writes to would hang the command before it says a word.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, NON_BLOCKING);
    let file = options.open(path)?;
    if file.metadata()?.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

#[cfg(unix)]
const NON_BLOCKING: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

fn unreadable(path: &Path, error: io::Error) -> Failure {
    let name = clean_path(path);
    let (what, hint) = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            (format!("there is no photo {name}"), "Check the path; quote it when it has spaces.")
        }
        ErrorKind::IsADirectory => (format!("{name} is a folder"), "Name one photo in it."),
        ErrorKind::PermissionDenied => (
            format!("no permission to read {name}"),
            "Change the file's rights, or copy it to your own folder.",
        ),
        _ => match error.get_ref().and_then(|inner| inner.downcast_ref::<PhotoError>()) {
            Some(too_long) => (
                format!("the photo was not taken: {too_long}"),
                "Save a smaller copy: 2,000 pixels on the longer side are plenty.",
            ),
            None => (format!("{name} cannot be read"), "Copy the photo to this machine and try again."),
        },
    };
    let failure = Failure::new(Exit::Usage, "invalid_input", what).hint(hint);
    match error.raw_os_error() {
        Some(_) => failure.because(&error),
        None => failure,
    }
}
