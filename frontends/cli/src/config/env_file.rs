//! Opening `.env`: a small, regular file, or none.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::failure::Failure;

/// Most bytes of a `.env`.
const MOST_BYTES: u64 = 64 * 1024;

/// The bytes of `.env`; `None` when there is none. Whatever else has that name is refused before it is read: a pipe
/// would wait for ever, and a device would never end.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let refused = |what: &str, hint: &str| Err(Failure::usage(format!("the file .env {what}")).hint(hint));
    let regular = |is_file: bool, is_dir: bool| match (is_file, is_dir) {
        (true, _) => None,
        (_, true) => Some("is a folder"),
        _ => Some("is a pipe or a device, not a regular file"),
    };
    let rename = "Rename it, or run neurocards in another folder.";
    match std::fs::metadata(path) {
        Ok(facts) => {
            if let Some(what) = regular(facts.is_file(), facts.is_dir()) {
                return refused(what, rename);
            }
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return refused("cannot be read", "Change its rights.").map_err(|f| f.because(&error)),
    }
    let mut bytes = Vec::new();
    let done = open(path).and_then(|file| {
        // It may have been exchanged meanwhile.
        let facts = file.metadata()?;
        if !facts.is_file() {
            return Err(ErrorKind::InvalidInput.into());
        }
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes)
    });
    match done {
        Err(error) => refused("cannot be read", "Change its rights.").map_err(|f| f.because(&error)),
        Ok(_) if bytes.len() as u64 > MOST_BYTES => {
            refused("has more than 64 KiB", "Keep only settings in it: one NAME=value on each line.")
        }
        Ok(_) => Ok(Some(bytes)),
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_small_regular_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        let said = || read(&path).map(|bytes| bytes.map(|bytes| bytes.len())).map_err(|f| f.to_string());
        assert_eq!(said(), Ok(None));
        std::fs::write(&path, vec![b'#'; 64 * 1024]).unwrap();
        assert_eq!(said(), Ok(Some(64 * 1024)));
        std::fs::write(&path, vec![b'#'; 64 * 1024 + 1]).unwrap();
        assert_eq!(said(), Err("the file .env has more than 64 KiB".to_owned()));
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(said(), Err("the file .env is a folder".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_or_a_device_is_no_env_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        let expect = "the file .env is a pipe or a device, not a regular file";
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert_eq!(read(&path).unwrap_err().to_string(), expect);
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert_eq!(read(&path).unwrap_err().to_string(), expect);
    }
}
