//! Our own token: one for each attempt, and it proves itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use neurocards_core::AttemptId;
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

/// What the signature is for, so that no other signature of the same secret can be taken for it.
const PURPOSE: &str = "kie-callback|";
/// An id, a dot, a signature.
const TOKEN_MAX_BYTES: usize = 128;

pub(super) struct Tokens {
    secret: SecretSlice<u8>,
}

impl Tokens {
    pub(super) fn new(secret: SecretSlice<u8>) -> Self {
        Self { secret }
    }

    /// `<attempt id>.<base64url HMAC-SHA256 of the purpose and the id>`.
    pub(super) fn sign(&self, attempt: AttemptId) -> String {
        let signature = self.mac(attempt).finalize().into_bytes();
        format!("{attempt}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The attempt of a token of ours. Ids have one spelling: a token in another one is none of ours.
    pub(super) fn verify(&self, token: &str) -> Option<AttemptId> {
        if token.len() > TOKEN_MAX_BYTES {
            return None;
        }
        let (id, signature) = token.split_once('.')?;
        let attempt: AttemptId = id.parse().ok().filter(|attempt: &AttemptId| attempt.to_string() == id)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        // Compares in constant time.
        self.mac(attempt).verify_slice(&signature).ok()?;
        Some(attempt)
    }

    fn mac(&self, attempt: AttemptId) -> Hmac<Sha256> {
        super::signature::mac(self.secret.expose_secret(), &[PURPOSE, &attempt.to_string()])
    }
}
