//! A call: its payload goes out as JSON, and its answer is read here.
//!
//! The library's own sending rests for ten seconds after an answer of the kind 5xx before it says so, and the polling for
//! updates with it; here the caller decides. Uploads still go its way: they are forms, and nobody waits behind one.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::ser::Serialize;
use teloxide::requests::Payload;
use teloxide::types::{ChatId, Seconds};
use teloxide::{ApiError, Bot, RequestError};

use super::CallError;

/// Most bytes of an answer: a hundred updates have room in it.
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// How long a server is left alone that had too many requests and does not say how long.
const TOO_MANY: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
struct Answer<T> {
    ok: bool,
    result: Option<T>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Debug, Default, Deserialize)]
struct Parameters {
    retry_after: Option<u32>,
    migrate_to_chat_id: Option<i64>,
}

/// Makes a call, once.
///
/// # Errors
/// See [`CallError`].
pub(super) async fn call<P, T>(bot: &Bot, payload: &P) -> Result<T, CallError>
where
    P: Payload + Serialize,
    T: DeserializeOwned,
{
    let refused = |why: &str| CallError::Refused(why.to_owned());
    let body = serde_json::to_vec(payload).map_err(|_| refused("the request cannot be written"))?;
    let mut url = bot.api_url();
    let path = url.path_segments_mut().map(|mut path| {
        path.push(&format!("bot{}", bot.token())).push(P::NAME);
    });
    path.map_err(|()| refused("the address of the server cannot be used"))?;
    let asked = bot.client().post(url).header("content-type", "application/json").body(body);
    let network = |error| CallError::from(RequestError::Network(Arc::new(error)));
    let mut response = asked.send().await.map_err(network)?;
    let status = response.status().as_u16();
    let mut text = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(network)? {
        if text.len() + piece.len() > ANSWER_MAX_BYTES {
            return Err(CallError::Unknown("an answer that does not end".to_owned()));
        }
        text.extend_from_slice(&piece);
    }
    answered(status, &text)
}

/// What an answer says. Behind a status of 5xx it is not known what happened, whatever stands in it; a page in place of an
/// answer is a gateway's.
fn answered<T: DeserializeOwned>(status: u16, text: &[u8]) -> Result<T, CallError> {
    let answer = serde_json::from_slice::<Answer<T>>(text);
    match (status, answer) {
        (_, Ok(Answer { ok: true, result: Some(result), .. })) => Ok(result),
        (500.., _) => Err(CallError::Unknown(format!("status {status}"))),
        (_, Ok(Answer { ok: false, description, parameters, .. })) => {
            Err(match (parameters.migrate_to_chat_id, parameters.retry_after) {
                (Some(chat), _) => RequestError::MigrateToChatId(ChatId(chat)).into(),
                (None, Some(seconds)) => RequestError::RetryAfter(Seconds::from_seconds(seconds)).into(),
                (None, None) if status == 429 => CallError::Wait(TOO_MANY),
                (None, None) => said(description),
            })
        }
        (429, _) => Err(CallError::Wait(TOO_MANY)),
        _ => Err(CallError::Unknown(format!("an answer that cannot be read, status {status}"))),
    }
}

fn said(description: String) -> CallError {
    let error = serde_json::from_value(description.clone().into());
    CallError::from(RequestError::Api(error.unwrap_or(ApiError::Unknown(description))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_it_happened() {
        let check = |status, text: &str, expect: Result<bool, CallError>| {
            assert_eq!(answered::<bool>(status, text.as_bytes()), expect, "{status} {text}");
        };
        let unknown = |why: &str| Err(CallError::Unknown(why.to_owned()));
        check(200, r#"{"ok":true,"result":true}"#, Ok(true));
        check(200, r#"{"ok":true,"result":"soon"}"#, unknown("an answer that cannot be read, status 200"));
        check(200, r#"{"ok":true"#, unknown("an answer that cannot be read, status 200"));
        check(502, "<html>", unknown("status 502"));
        check(502, r#"{"ok":false,"error_code":502,"description":"Bad Gateway"}"#, unknown("status 502"));
        check(
            400,
            r#"{"ok":false,"error_code":400,"description":"Bad Request: message to edit not found"}"#,
            Err(CallError::NoMessage),
        );
        let migrated = r#"{"ok":false,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}"#;
        check(400, migrated, Err(CallError::Migrated(-1_009)));
        let slower =
            r#"{"ok":false,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}"#;
        check(429, slower, Err(CallError::Wait(Duration::from_secs(7))));
        check(429, "slow down", Err(CallError::Wait(TOO_MANY)));
        check(404, r#"{"ok":false,"error_code":404,"description":"Not Found"}"#, Err(CallError::Token));
        check(401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#, Err(CallError::Token));
    }
}
