//! A key and its name.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A key of KIE. It is shown, logged and stored only by its name.
#[derive(Clone)]
pub struct KieKey {
    secret: SecretString,
    name: String,
}

impl KieKey {
    /// A key, without the spaces around it; `None` when nothing is left, or when it could not stand in a header.
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let hash = Sha256::digest(key.as_bytes());
        let name = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Some(Self { secret: SecretString::from(key), name })
    }

    /// Its name: the first eight hex digits of the SHA-256 of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}

impl fmt::Debug for KieKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KieKey({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_shows_only_its_name() {
        let key = KieKey::new(" not-a-real-key\n").unwrap();
        assert_eq!(key.expose(), "not-a-real-key");
        assert_eq!(key.name().len(), 8);
        assert_eq!(format!("{key:?}"), format!("KieKey({})", key.name()));
        assert_ne!(key.name(), KieKey::new("another-key").unwrap().name());
        for none in ["", "  ", "two words", "clé", "line\nbreak"] {
            assert!(KieKey::new(none).is_none(), "{none:?}");
        }
    }
}
