//! What OpenAI says when it does not answer, word for word where the words are known.

use serde_json::{Value, json};

use crate::fault::Fault;
use crate::reply::Reply;

/// The media type of every answer.
pub(crate) const JSON: &str = "application/json";

/// An error in the service's form.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) param: Option<String>,
    pub(crate) code: Option<&'static str>,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn invalid(
        param: Option<&str>,
        code: Option<&'static str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status: 400,
            kind: "invalid_request_error",
            param: param.map(str::to_owned),
            code,
            message: message.into(),
        }
    }

    pub(crate) fn reply(&self) -> Reply {
        Reply::new(self.status, JSON, self.body().to_string())
    }

    fn body(&self) -> Value {
        let Self { kind, param, code, message, .. } = self;
        json!({ "error": { "message": message, "type": kind, "param": param, "code": code } })
    }

    fn fault(&self) -> Fault {
        Fault::page(self.status, JSON, self.body().to_string())
    }
}

/// OpenAI's errors. None of the requests is carried out.
impl Fault {
    fn openai(status: u16, kind: &'static str, code: Option<&'static str>, message: &str) -> Self {
        ApiError { status, kind, param: None, code, message: message.to_owned() }.fault()
    }

    /// 429 `rate_limit_exceeded`: later it will do. Add a `retry-after` with [`Fault::header`].
    pub fn openai_rate_limited() -> Self {
        let message = "Rate limit reached for requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.";
        Self::openai(429, "requests", Some("rate_limit_exceeded"), message)
    }

    /// 429 `slow_down`.
    pub fn openai_slow_down() -> Self {
        Self::openai(429, "rate_limit_error", Some("slow_down"), "Please slow down your requests.")
    }

    /// 429 `insufficient_quota`: there is no money, and waiting does not help.
    pub fn openai_no_quota() -> Self {
        let message = "You exceeded your current quota, please check your plan and billing details. For more \
                       information on this error, read the docs: \
                       https://platform.openai.com/docs/guides/error-codes/api-errors.";
        Self::openai(429, "insufficient_quota", Some("insufficient_quota"), message)
    }

    /// 429 of type `insufficient_quota` with one of the newer codes: `credit_balance_exhausted`,
    /// `project_spend_limit_exceeded` and others.
    pub fn openai_no_money(code: &'static str) -> Self {
        Self::openai(429, "insufficient_quota", Some(code), "Your credit balance is exhausted.")
    }

    /// 500 `server_error`.
    pub fn openai_server_error() -> Self {
        let message = "The server had an error while processing your request. Sorry about that!";
        Self::openai(500, "server_error", None, message)
    }

    /// 503 `server_is_overloaded`.
    pub fn openai_overloaded() -> Self {
        let message = "The engine is currently overloaded, please try again later.";
        Self::openai(503, "service_unavailable_error", Some("server_is_overloaded"), message)
    }

    /// 401 `invalid_api_key`.
    pub fn openai_bad_key() -> Self {
        bad_key().fault()
    }

    /// 403: the country is not served.
    pub fn openai_country() -> Self {
        let message = "Country, region, or territory not supported";
        Self::openai(403, "request_forbidden", Some("unsupported_country_region_territory"), message)
    }

    /// 400 `content_policy_violation`: the request itself is refused.
    pub fn openai_policy() -> Self {
        let message = "Your request was rejected as a result of our safety system.";
        Self::openai(400, "invalid_request_error", Some("content_policy_violation"), message)
    }

    /// As compatible servers do it: `error` is a string.
    pub fn openai_string_error(status: u16, message: &str) -> Self {
        Self::page(status, JSON, json!({ "error": message }).to_string())
    }

    /// As compatible servers do it: there is a `detail` instead of an `error`.
    pub fn openai_detail(status: u16, message: &str) -> Self {
        Self::page(status, JSON, json!({ "detail": message }).to_string())
    }

    /// As KIE does it, which resells chat models: its envelope in an HTTP 200.
    pub fn openai_kie_envelope(code: i64, message: &str) -> Self {
        Self::page(200, JSON, json!({ "code": code, "msg": message, "data": null }).to_string())
    }
}

pub(crate) fn bad_key() -> ApiError {
    ApiError {
        status: 401,
        kind: "invalid_request_error",
        param: None,
        code: Some("invalid_api_key"),
        message: "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys."
            .to_owned(),
    }
}

pub(crate) fn no_model(model: &str) -> ApiError {
    ApiError {
        status: 404,
        kind: "invalid_request_error",
        param: None,
        code: Some("model_not_found"),
        message: format!("The model `{model}` does not exist or you do not have access to it."),
    }
}

pub(crate) fn no_route(method: &str, path: &str) -> ApiError {
    ApiError {
        status: 404,
        kind: "invalid_request_error",
        param: None,
        code: None,
        message: format!("Invalid URL ({method} {path})"),
    }
}
