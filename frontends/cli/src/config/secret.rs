//! The secret that signs what goes out and must come back: addresses for callbacks.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use neurocards::Entropy;
use secrecy::SecretSlice;

use super::{Settings, refused};
use crate::failure::Failure;

/// A shorter one could be guessed.
const LEAST_CHARS: usize = 16;
/// The file in the data folder.
const FILE: &str = "secret";

/// `NEUROCARDS_SECRET`, which processes with different data folders must share.
pub(super) fn read(settings: &Settings) -> Result<Option<SecretSlice<u8>>, Failure> {
    let Some(text) = settings.text("NEUROCARDS_SECRET")? else { return Ok(None) };
    if text.chars().count() < LEAST_CHARS {
        let why = format!("has fewer than {LEAST_CHARS} characters");
        return Err(refused("NEUROCARDS_SECRET", &why, "Set a long random one: openssl rand -hex 32."));
    }
    Ok(Some(SecretSlice::from(text.as_bytes().to_vec())))
}

/// A secret that nobody keeps.
pub(crate) fn passing(entropy: &Entropy) -> SecretSlice<u8> {
    SecretSlice::from(random(entropy).into_bytes())
}

fn random(entropy: &Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The secret of the data folder; made when it is not there yet.
pub(crate) fn of_folder(folder: &Path, entropy: &Entropy) -> Result<SecretSlice<u8>, Failure> {
    let path = folder.join(FILE);
    let failed = |error: std::io::Error| {
        refused("the secret in the data folder", "cannot be read or made", "Check the folder's rights.")
            .because(&error)
    };
    match fs::read(&path) {
        Ok(bytes) if bytes.trim_ascii().len() >= LEAST_CHARS => {
            return Ok(SecretSlice::from(bytes.trim_ascii().to_vec()));
        }
        Ok(_) => {
            let hint = "Remove the file `secret`: a new one is made, and callbacks under way are not known any more.";
            return Err(refused("the secret in the data folder", "is too short", hint));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let text = random(entropy);
    // Only its owner may read such a file, and it appears whole.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(SecretSlice::from(text.into_bytes())),
        // Another process was faster: its secret holds.
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            fs::read(&path).map(|bytes| SecretSlice::from(bytes.trim_ascii().to_vec())).map_err(failed)
        }
        Err(error) => Err(failed(error.error)),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn a_folder_keeps_one_secret_for_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let one = of_folder(folder.path(), &Entropy::from_os()).unwrap();
        let other = of_folder(folder.path(), &Entropy::from_os()).unwrap();
        assert_eq!(one.expose_secret(), other.expose_secret());
        assert_eq!(one.expose_secret().len(), 64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(folder.path().join(FILE), "short").unwrap();
        assert!(of_folder(folder.path(), &Entropy::from_os()).is_err());
    }
}
