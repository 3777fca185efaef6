//! The form of every answer: a code, a message, and mostly an HTTP 200 around them.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::wire::JSON;

/// An answer of the API.
pub(crate) fn envelope(code: i64, msg: &str, data: &Value) -> Reply {
    let body = json!({ "code": code, "msg": msg, "data": data }).to_string();
    Reply { code: Some(code), ..Reply::new(200, JSON, body) }
}

pub(crate) fn success(data: &Value) -> Reply {
    envelope(200, "success", data)
}

pub(crate) fn refusal(code: i64, msg: &str) -> Reply {
    envelope(code, msg, &Value::Null)
}

/// A refused key: there is no `data` at all.
pub(crate) fn unauthorized() -> Reply {
    let body = json!({ "code": 401, "msg": super::words::UNAUTHORIZED }).to_string();
    Reply { code: Some(401), ..Reply::new(200, JSON, body) }
}

/// An answer of the upload host.
pub(crate) fn upload_refusal(code: i64, msg: &str) -> Reply {
    let body = json!({ "success": false, "code": code, "msg": msg, "data": null }).to_string();
    Reply { code: Some(code), ..Reply::new(200, JSON, body) }
}

/// Credits as the wire has them.
pub(crate) fn credits(milli: i64) -> Value {
    json!(milli as f64 / 1000.0)
}
