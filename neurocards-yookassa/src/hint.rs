//! What YooKassa's notifications are good for: which payment is to be read again.

use neurocards_core::PaymentHint;
use serde::Deserialize;

use crate::till::is_id;

/// Most bytes of a notification that are looked at; one has two kilobytes.
pub const HINT_MAX_BYTES: usize = 32 * 1024;

#[derive(Debug, Deserialize)]
struct Notification {
    event: String,
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Object {
    id: String,
    #[serde(default)]
    payment_id: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

/// What we sent along with the payment.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    payment: Option<String>,
}

/// Which payment a notification is about. Anybody may write one: nothing of it is believed but that there may be news of
/// that payment, and a made-up id is nobody's.
pub fn hint(body: &[u8]) -> Option<PaymentHint> {
    if body.len() > HINT_MAX_BYTES {
        return None;
    }
    let said: Notification = serde_json::from_slice(body).ok()?;
    let (theirs, ours) = match said.event.split_once('.')?.0 {
        // It may come before the answer to our request, while only our own id is known here.
        "payment" => (Some(said.object.id), said.object.metadata.payment),
        "refund" => (said.object.payment_id, None),
        _ => return None,
    };
    let provider_id = theirs.filter(|id| is_id(id))?;
    Some(PaymentHint { id: ours.and_then(|id| id.parse().ok()), provider_id: Some(provider_id) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_but_the_id_of_a_payment() {
        let check = |body: &str, expect: Option<&str>| {
            let found = hint(body.as_bytes());
            assert_eq!(found.as_ref().and_then(|hint| hint.provider_id.as_deref()), expect, "{body}");
        };
        let id = "23d93cac-000f-5000-8000-126628f15141";
        let paid = format!(
            r#"{{"type":"notification","event":"payment.succeeded","object":{{"id":"{id}","metadata":{{"payment":"x"}}}}}}"#
        );
        check(&paid, Some(id));
        assert_eq!(hint(paid.as_bytes()).unwrap().id, None, "what is no id of ours");
        let ours = "019b76da-a800-7101-8101-010101010101";
        let early = paid.replace("\"x\"", &format!("\"{ours}\""));
        assert_eq!(hint(early.as_bytes()).unwrap().id.map(|id| id.to_string()).as_deref(), Some(ours));
        check(
            &format!(r#"{{"event":"refund.succeeded","object":{{"id":"r-1","payment_id":"{id}"}}}}"#),
            Some(id),
        );
        check(r#"{"event":"refund.succeeded","object":{"id":"r-1"}}"#, None);
        check(&format!(r#"{{"event":"payout.succeeded","object":{{"id":"{id}"}}}}"#), None);
        check(r#"{"event":"payment.succeeded","object":{"id":"../../me"}}"#, None);
        check(r#"{"event":"payment.succeeded","object":{"id":""}}"#, None);
        check(r#"{"event":"payment.succeeded","object":{"id":7}}"#, None);
        check(r#"{"event":"payment.succeeded"}"#, None);
        check("[]", None);
        check("", None);
        check(&format!("{paid}{}", " ".repeat(HINT_MAX_BYTES)), None);
    }
}
