//! What YooKassa says when it refuses, word for word where the words are known.

use serde_json::{Value, json};

use crate::fault::Fault;
use crate::reply::Reply;
use crate::violation::Rule;

/// The media type of every answer.
pub(crate) const JSON: &str = "application/json;charset=UTF-8";
/// The id of every error: it names a request in the service's own logs.
const ERROR_ID: &str = "ab5a11cd-13cc-4e33-af8b-75a74e18dd09";

/// A refusal, and the rule that the client broke by asking.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) description: String,
    pub(crate) parameter: Option<String>,
    pub(crate) rule: Option<Rule>,
}

impl Refused {
    /// 400 `invalid_request`: a client that keeps to the documents never sees it.
    pub(crate) fn invalid(rule: Rule, parameter: &str, description: impl Into<String>) -> Self {
        Self { rule: Some(rule), ..Self::known(400, "invalid_request", description, Some(parameter)) }
    }

    /// A refusal that a client may meet through no fault of its own.
    pub(crate) fn known(
        status: u16,
        code: &'static str,
        description: impl Into<String>,
        parameter: Option<&str>,
    ) -> Self {
        let (description, parameter) = (description.into(), parameter.map(str::to_owned));
        Self { status, code, description, parameter, rule: None }
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply::new(self.status, JSON, self.body().to_string())
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "type": "error", "id": ERROR_ID, "code": self.code, "description": self.description,
        });
        if let Some(parameter) = &self.parameter {
            body["parameter"] = json!(parameter);
        }
        body
    }

    fn fault(&self) -> Fault {
        Fault::page(self.status, JSON, self.body().to_string())
    }
}

/// The shop or its secret is not known.
pub(crate) fn no_credentials() -> Refused {
    let description =
        "Error in shopId or secret key. Check their validity. You can find the key in the Merchant Profile";
    Refused::known(401, "invalid_credentials", description, Some("Authorization"))
}

pub(crate) fn not_found(what: &str) -> Refused {
    Refused::known(404, "not_found", format!("{what} doesn't exist"), Some("id"))
}

/// YooKassa's errors. None of the requests is carried out unless [`Fault::after_it_was_done`] says so.
impl Fault {
    /// 429 `too_many_requests`.
    pub fn yookassa_rate_limited() -> Self {
        Refused::known(429, "too_many_requests", "Too many requests", None).fault()
    }

    /// 500 `internal_server_error`: by the documents nobody knows whether the request was carried out.
    pub fn yookassa_server_error() -> Self {
        Refused::known(500, "internal_server_error", "Internal server error", None).fault()
    }

    /// 401 `invalid_credentials`.
    pub fn yookassa_bad_secret() -> Self {
        no_credentials().fault()
    }

    /// 202: the request was taken and is not carried out yet; ask again in so many milliseconds.
    pub fn yookassa_processing(retry_after_ms: u64) -> Self {
        let body = json!({
            "type": "processing", "description": "Request accepted, but not processed yet",
            "retry_after": retry_after_ms,
        });
        Self::page(202, JSON, body.to_string())
    }
}
