//! Why a call failed, in the only words that matter here: did it happen, and may it be made again.

use std::time::Duration;

use teloxide::{ApiError, RequestError};

/// Why a call failed. None of them shows the token: the client's own errors are turned into words without addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// It provably did not happen: no connection.
    #[error("the Bot API was not reached: {0}")]
    NotSent(String),
    /// It did not happen: too many. Not before this time.
    #[error("the Bot API asks to wait {0:?}")]
    Wait(Duration),
    /// It did not happen: the person does not want to hear from us, or is gone.
    #[error("the person cannot be written to: {0}")]
    Gone(String),
    /// It did not happen: the chat has another number now.
    #[error("the chat has another number")]
    Migrated(i64),
    /// The message is as it should be already.
    #[error("the message is not modified")]
    NotModified,
    /// It did not happen: there is no such message, or it cannot be edited any more.
    #[error("the message cannot be edited")]
    NoMessage,
    /// It did not happen: the file's id is another bot's, or forgotten.
    #[error("the file's id is not known")]
    NoFile,
    /// It did not happen: the file is too large.
    #[error("the file is too large")]
    TooBig,
    /// It did not happen: the press is too old to be answered.
    #[error("the press is too old")]
    TooLate,
    /// It did not happen: the token is wrong, or was taken back.
    #[error("the Bot API does not know the token")]
    Token,
    /// It did not happen: somebody else polls, or a webhook is set.
    #[error("somebody else receives the updates: {0}")]
    Conflict(String),
    /// It did not happen, and never will.
    #[error("the Bot API refused: {0}")]
    Refused(String),
    /// **It may have happened**: a timeout, a broken connection, an answer that cannot be read.
    #[error("the Bot API may have done it: {0}")]
    Unknown(String),
}

impl CallError {
    /// The same call may be made again, after this time, because nothing happened and it may work then.
    pub fn again_after(&self) -> Option<Duration> {
        match self {
            Self::Wait(wait) => Some(*wait),
            Self::NotSent(_) | Self::Conflict(_) => Some(Duration::from_secs(5)),
            _ => None,
        }
    }
}

impl From<RequestError> for CallError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::RetryAfter(wait) => Self::Wait(wait.duration()),
            RequestError::MigrateToChatId(chat) => Self::Migrated(chat.0),
            RequestError::Api(error) => refused(error),
            RequestError::Network(error) if error.is_connect() => Self::NotSent("no connection".to_owned()),
            RequestError::Network(error) if error.is_timeout() => Self::Unknown("timeout".to_owned()),
            RequestError::Network(_) => Self::Unknown("the connection broke".to_owned()),
            RequestError::InvalidJson { .. } => Self::Unknown("an answer that cannot be read".to_owned()),
            RequestError::Io(_) => Self::NotSent("the file could not be read".to_owned()),
        }
    }
}

fn refused(error: ApiError) -> CallError {
    let text = match &error {
        ApiError::Unknown(text) => text.clone(),
        other => other.to_string(),
    };
    match error {
        ApiError::BotBlocked
        | ApiError::UserDeactivated
        | ApiError::ChatNotFound
        | ApiError::BotKicked
        | ApiError::BotKickedFromSupergroup
        | ApiError::BotKickedFromChannel
        | ApiError::CantInitiateConversation
        | ApiError::CantTalkWithBots => CallError::Gone(text),
        ApiError::MessageNotModified => CallError::NotModified,
        ApiError::MessageToEditNotFound | ApiError::MessageCantBeEdited | ApiError::MessageIdInvalid => {
            CallError::NoMessage
        }
        ApiError::WrongFileId | ApiError::WrongFileIdOrUrl | ApiError::FileIdInvalid => CallError::NoFile,
        ApiError::RequestEntityTooLarge => CallError::TooBig,
        ApiError::InvalidQueryId => CallError::TooLate,
        ApiError::InvalidToken => CallError::Token,
        ApiError::TerminatedByOtherGetUpdates | ApiError::CantGetUpdates => CallError::Conflict(text),
        ApiError::Unknown(_) => by_words(text),
        _ => CallError::Refused(text),
    }
}

/// Texts that the library does not tell apart. The words before the colon are the code's.
fn by_words(text: String) -> CallError {
    let has = |words: &str| text.to_lowercase().contains(words);
    if has("forbidden:") {
        CallError::Gone(text)
    } else if has("conflict:") || has("while webhook is active") {
        CallError::Conflict(text)
    } else if has("message is not modified") {
        CallError::NotModified
    } else if has("there is no text in the message") || has("there is no caption in the message") {
        CallError::NoMessage
    } else if has("query is too old") {
        CallError::TooLate
    } else if has("wrong file identifier") || has("wrong remote file") || has("invalid file") {
        CallError::NoFile
    } else if has("file is too big") || has("entity too large") {
        CallError::TooBig
    } else if has("bad gateway")
        || has("internal server error")
        || has("gateway timeout")
        || has("service unavailable")
    {
        CallError::Unknown(text)
    } else {
        CallError::Refused(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_say_what_happened() {
        let check = |text: &str, expect: fn(&CallError) -> bool| {
            let error: ApiError = serde_json::from_value(text.into()).unwrap();
            let error = CallError::from(RequestError::Api(error));
            assert!(expect(&error), "{text}: {error:?}");
        };
        check("Forbidden: bot was blocked by the user", |e| matches!(e, CallError::Gone(_)));
        check("Forbidden: user is deactivated", |e| matches!(e, CallError::Gone(_)));
        check("Forbidden: bot can't initiate conversation with a user", |e| matches!(e, CallError::Gone(_)));
        check("Bad Request: chat not found", |e| matches!(e, CallError::Gone(_)));
        check(
            "Bad Request: message is not modified: specified new message content and reply markup are exactly the \
             same as a current content and reply markup of the message",
            |e| *e == CallError::NotModified,
        );
        check("Bad Request: message to edit not found", |e| *e == CallError::NoMessage);
        check("Bad Request: message can't be edited", |e| *e == CallError::NoMessage);
        check("Bad Request: there is no text in the message to edit", |e| *e == CallError::NoMessage);
        check("Bad Request: query is too old and response timeout expired or query ID is invalid", |e| {
            *e == CallError::TooLate
        });
        check("Bad Request: wrong file identifier/HTTP URL specified", |e| *e == CallError::NoFile);
        check("Bad Request: wrong remote file identifier specified: Wrong string length", |e| {
            *e == CallError::NoFile
        });
        check("Bad Request: file is too big", |e| *e == CallError::TooBig);
        check("Request Entity Too Large", |e| *e == CallError::TooBig);
        check("Unauthorized", |e| *e == CallError::Token);
        check("Not Found", |e| *e == CallError::Token);
        check(
            "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            |e| matches!(e, CallError::Conflict(_)),
        );
        check(
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            |e| matches!(e, CallError::Conflict(_)),
        );
        check("Bad Gateway", |e| matches!(e, CallError::Unknown(_)));
        check("Internal Server Error: restart", |e| matches!(e, CallError::Unknown(_)));
        check("Bad Request: BUTTON_DATA_INVALID", |e| matches!(e, CallError::Refused(_)));
    }
}
