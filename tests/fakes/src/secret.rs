//! Keys and tokens that a fake knows.

use std::fmt;

use crate::wire::fingerprint;

/// A key or a token, which is never shown.
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", fingerprint(&self.0))
    }
}
