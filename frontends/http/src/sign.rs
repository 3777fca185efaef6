//! What goes out and must come back unforged: links to videos, and the word by which the Bot API is known.
//!
//! Both are made from the one secret of the house, each under a name of its own, so that none can stand for the other.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;

/// How links to videos begin.
pub(crate) const MEDIA_PATH: &str = "/media/";
/// Bytes of a hash, of a moment, of a signature.
const HASH: usize = 32;
const MOMENT: usize = 8;

/// Signs with the secret of the house.
#[derive(Clone)]
pub struct Signer {
    secret: SecretSlice<u8>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signer")
    }
}

impl Signer {
    /// Signs with this secret. Processes that share it know each other's links.
    pub fn new(secret: SecretSlice<u8>) -> Self {
        Self { secret }
    }

    fn mac(&self, purpose: &str) -> Hmac<Sha256> {
        let mac = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret());
        let mac = mac.unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
        mac.chain_update(purpose.as_bytes()).chain_update([0])
    }

    /// What the Bot API shows with each update of this bot: 64 hexadecimal digits.
    pub fn webhook_secret(&self, bot: i64) -> SecretString {
        let mac = self.mac("telegram webhook").chain_update(bot.to_be_bytes()).finalize();
        mac.into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
    }

    /// The path under which a video can be loaded until a moment, in seconds since 1970. `None`: this is no hash.
    pub fn media_path(&self, sha256: &str, until: i64) -> Option<String> {
        let mut token = bytes_of(sha256)?.to_vec();
        token.extend_from_slice(&until.to_be_bytes());
        let signature = self.mac("media").chain_update(&token).finalize().into_bytes();
        token.extend_from_slice(&signature);
        Some(format!("{MEDIA_PATH}{}", URL_SAFE_NO_PAD.encode(token)))
    }

    /// The hash of the video that a token is for. `None`: it is forged, or over.
    pub(crate) fn media(&self, token: &str, now: i64) -> Option<String> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (said, signature) = token.split_at_checked(HASH + MOMENT)?;
        self.mac("media").chain_update(said).verify_slice(signature).ok()?;
        let (hash, until) = said.split_at_checked(HASH)?;
        let until = i64::from_be_bytes(until.try_into().ok()?);
        (now < until).then(|| hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// The bytes of a hash in hexadecimal.
fn bytes_of(sha256: &str) -> Option<[u8; HASH]> {
    let mut bytes = [0; HASH];
    if sha256.len() != 2 * HASH || !sha256.is_ascii() {
        return None;
    }
    for (place, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *place = u8::from_str_radix(sha256.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(secret: &[u8]) -> Signer {
        Signer::new(SecretSlice::from(secret.to_vec()))
    }

    #[test]
    fn a_link_is_for_one_video_and_a_time() {
        let (ours, hash) = (signer(b"0123456789abcdef"), "ab".repeat(32));
        let path = ours.media_path(&hash, 1_000).unwrap();
        let token = path.strip_prefix(MEDIA_PATH).unwrap();
        assert_eq!(ours.media(token, 999), Some(hash.clone()));
        assert_eq!(ours.media(token, 1_000), None, "over");
        assert_eq!(signer(b"another secret..").media(token, 0), None);
        for at in 0..token.len() {
            let mut forged = token.to_owned().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(ours.media(&forged, 0), None, "{at}");
        }
        for rubbish in ["", "..", "%2e%2e", &token[..20], &format!("{token}AAAA")] {
            assert_eq!(ours.media(rubbish, 0), None, "{rubbish}");
        }
        assert_eq!(ours.media_path("../../etc/passwd", 1), None);
    }

    #[test]
    fn each_bot_has_a_word_of_its_own() {
        let word = |bot| signer(b"0123456789abcdef").webhook_secret(bot).expose_secret().to_owned();
        assert_eq!((word(7), word(7).len()), (word(7), 64));
        assert_ne!(word(7), word(8));
    }
}
