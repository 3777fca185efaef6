//! KIE calling us back: who may, and what may be learnt from it.
//!
//! KIE's own signature covers the task's id and a moment, not the body. So a callback is a hint and never data: it
//! says "look at this task for this attempt", and whoever is told reads the task from KIE. The token in the address is
//! ours and proves that somebody has it to whom we gave it, for this one attempt.
//!
//! Pure functions, but for one that calls ourselves; the server stands elsewhere. All refusals look the same from outside.

mod body;
mod reach;
mod signature;
#[cfg(test)]
mod tests;
mod token;

use std::fmt;
use std::sync::Arc;

use neurocards_core::{AttemptId, Timestamp};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use url::Url;

pub use reach::CallbackUnreached;
use token::Tokens;

/// The path below which callbacks come in; the token follows.
pub const CALLBACK_PATH: &str = "/callbacks/kie/";
/// Most bytes of a callback's body.
pub const CALLBACK_MAX_BYTES: usize = 64 * 1024;
/// A shorter secret could be guessed.
const SECRET_MIN_BYTES: usize = 16;

/// Makes the addresses that KIE calls, and checks the calls.
#[derive(Clone)]
pub struct Callbacks(Arc<Shared>);

struct Shared {
    /// Without a slash at its end; `None` checks calls and gives out no addresses.
    public_base: Option<String>,
    tokens: Tokens,
    /// KIE's own key, when one was made in its settings.
    hmac_key: Option<SecretString>,
}

/// A callback as it came in.
#[derive(Debug, Clone, Copy)]
pub struct CallbackRequest<'a> {
    /// What follows [`CALLBACK_PATH`].
    pub token: &'a str,
    /// The header `X-Webhook-Timestamp`.
    pub timestamp: Option<&'a str>,
    /// The header `X-Webhook-Signature`.
    pub signature: Option<&'a str>,
    /// The body. It may be longer than [`CALLBACK_MAX_BYTES`] by mistake; then it is refused.
    pub body: &'a [u8],
}

/// What a callback that passed says: look at this task for this attempt. Nothing else of it is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackHint {
    /// The attempt whose address was called.
    pub attempt: AttemptId,
    /// The task that it names.
    pub task_id: String,
}

/// Why a callback was refused: for our log, never for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackRefusal {
    /// The token is none of ours.
    #[error("the token is none of ours")]
    Token,
    /// The body is too long, no JSON, or names no task.
    #[error("the body names no task")]
    Body,
    /// KIE's signature is missing or wrong.
    #[error("the signature is missing or wrong")]
    Signature,
    /// KIE's signature is older, or newer, than five minutes.
    #[error("the signature is not of now")]
    Stale,
}

/// Why callbacks cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallbackSetupError {
    /// Anybody could guess it.
    #[error("the secret has fewer than {SECRET_MIN_BYTES} bytes")]
    ShortSecret,
    /// KIE must be able to call it, and nobody to listen.
    #[error("the public address is not of the form https://host; http is taken for this machine only")]
    PublicAddress,
}

impl Callbacks {
    /// Callbacks under a public address, with the secret that signs the tokens and, when one was made at KIE, the key
    /// that KIE signs with. Without an address none are asked for, but late ones can still be checked.
    ///
    /// # Errors
    /// The secret is too short, or the address cannot be used.
    pub fn new(
        public_base: Option<&str>,
        secret: SecretSlice<u8>,
        hmac_key: Option<SecretString>,
    ) -> Result<Self, CallbackSetupError> {
        if secret.expose_secret().len() < SECRET_MIN_BYTES {
            return Err(CallbackSetupError::ShortSecret);
        }
        let public_base = public_base.map(|base| checked(base).ok_or(CallbackSetupError::PublicAddress));
        let public_base = public_base.transpose()?;
        let hmac_key = hmac_key.filter(|key| !key.expose_secret().is_empty());
        Ok(Self(Arc::new(Shared { public_base, tokens: Tokens::new(secret), hmac_key })))
    }

    /// Whether KIE can call at all: there is a public address.
    pub fn is_public(&self) -> bool {
        self.0.public_base.is_some()
    }

    /// The address that KIE calls when the attempt's task ends; `None` without a public address.
    pub fn address(&self, attempt: AttemptId) -> Option<String> {
        let base = self.0.public_base.as_ref()?;
        Some(format!("{base}{CALLBACK_PATH}{}", self.0.tokens.sign(attempt)))
    }

    /// Checks a callback. Free of side effects; takes well under a millisecond.
    ///
    /// # Errors
    /// See [`CallbackRefusal`]. Answer all of them alike, and like an unknown path.
    pub fn check(
        &self,
        request: &CallbackRequest<'_>,
        now: Timestamp,
    ) -> Result<CallbackHint, CallbackRefusal> {
        let attempt = self.0.tokens.verify(request.token).ok_or(CallbackRefusal::Token)?;
        let task_id = body::task_id(request.body).ok_or(CallbackRefusal::Body)?;
        if let Some(key) = &self.0.hmac_key {
            signature::check(key.expose_secret(), &task_id, request.timestamp, request.signature, now)?;
        }
        Ok(CallbackHint { attempt, task_id })
    }

    /// The attempt in whose name a task was made, from the address in its record; `None` when the address is none of
    /// ours.
    pub(crate) fn attempt_of(&self, address: &str) -> Option<AttemptId> {
        let (_, token) = address.rsplit_once(CALLBACK_PATH)?;
        self.0.tokens.verify(token)
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callbacks")
            .field("public_base", &self.0.public_base)
            .field("signed_by_kie", &self.0.hmac_key.is_some())
            .finish_non_exhaustive()
    }
}

/// An address that tokens may be sent over.
fn checked(base: &str) -> Option<String> {
    let url = Url::parse(base.trim()).ok()?;
    let local = match url.host()? {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let safe = url.scheme() == "https" || (url.scheme() == "http" && local);
    (plain && safe).then(|| url.as_str().trim_end_matches('/').to_owned())
}
