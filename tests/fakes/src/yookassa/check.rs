//! What the service takes, by its reference.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use url::Url;

use super::error::Refused;
use crate::violation::Rule;

/// Most characters of an idempotence key.
const KEY_MAX_CHARS: usize = 64;
/// Most characters of a payment's description.
const DESCRIPTION_MAX_CHARS: usize = 128;
/// Most characters of a refund's description.
const REFUND_DESCRIPTION_MAX_CHARS: usize = 250;
/// Most characters of the page that a person comes back to.
const RETURN_MAX_CHARS: usize = 2_048;
/// Most entries of the metadata, and characters of a name and of a value.
const METADATA_MAX: (usize, usize, usize) = (16, 32, 512);

/// An amount that was read: kopecks.
pub(crate) type Kopecks = i64;

fn invalid(parameter: &str, description: impl Into<String>) -> Refused {
    Refused::invalid(Rule::Body, parameter, description)
}

/// The key of a POST.
pub(crate) fn key(shown: Option<&str>) -> Result<String, Refused> {
    let bad = |description: &str| Err(Refused::invalid(Rule::Headers, "Idempotence-Key", description));
    match shown.map(str::trim).unwrap_or_default() {
        "" => bad("Idempotence key not defined"),
        key if key.chars().count() > KEY_MAX_CHARS => bad("Idempotence key is too long"),
        key => Ok(key.to_owned()),
    }
}

/// `{"value": "100.00", "currency": "RUB"}`.
pub(crate) fn amount(value: &Value, at: &str) -> Result<Kopecks, Refused> {
    let object = fields(value, at, &["value", "currency"])?;
    if object.get("currency").and_then(Value::as_str) != Some("RUB") {
        return Err(invalid(&format!("{at}.currency"), "The shop takes roubles only"));
    }
    let text = object.get("value").and_then(Value::as_str).unwrap_or_default();
    let kopecks = text.split_once('.').and_then(|(whole, part)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits(whole) && digits(part) && part.len() == 2;
        let plain = plain && (whole == "0" || !whole.starts_with('0'));
        plain.then(|| format!("{whole}{part}").parse::<Kopecks>().ok()).flatten()
    });
    match kopecks {
        Some(kopecks) if kopecks > 0 => Ok(kopecks),
        _ => Err(invalid(&format!("{at}.value"), "Incorrect value of the amount")),
    }
}

/// A payment that is asked for: its amount.
pub(crate) fn payment(body: &Value, receipts: bool) -> Result<Kopecks, Refused> {
    let known = ["amount", "capture", "confirmation", "description", "metadata", "receipt"];
    let object = fields(body, "body", &known)?;
    let kopecks = amount(&body["amount"], "amount")?;
    if body["capture"] != true {
        // The service allows it; a shop that forgets to capture gets no money.
        return Err(invalid("capture", "The payment would never be captured"));
    }
    let confirmation = fields(&body["confirmation"], "confirmation", &["type", "return_url"])?;
    if confirmation.get("type").and_then(Value::as_str) != Some("redirect") {
        return Err(invalid("confirmation.type", "Unknown type of confirmation"));
    }
    let back = confirmation.get("return_url").and_then(Value::as_str).unwrap_or_default();
    let web = Url::parse(back).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !web || back.chars().count() > RETURN_MAX_CHARS {
        return Err(invalid("confirmation.return_url", "Incorrect value of return_url"));
    }
    description(object, DESCRIPTION_MAX_CHARS)?;
    metadata(object.get("metadata"))?;
    match object.get("receipt") {
        Some(receipt) => self::receipt(receipt, kopecks)?,
        None if receipts => {
            let words = "Receipt is missing or illegal";
            return Err(Refused::known(400, "invalid_request", words, Some("receipt")));
        }
        None => {}
    }
    Ok(kopecks)
}

/// A refund that is asked for: of which payment, how much.
pub(crate) fn refund(body: &Value, receipts: bool) -> Result<(String, Kopecks), Refused> {
    let object = fields(body, "body", &["payment_id", "amount", "description", "metadata", "receipt"])?;
    let kopecks = amount(&body["amount"], "amount")?;
    description(object, REFUND_DESCRIPTION_MAX_CHARS)?;
    metadata(object.get("metadata"))?;
    match object.get("receipt") {
        Some(receipt) => self::receipt(receipt, kopecks)?,
        None if receipts => {
            let words = "Receipt is missing or illegal";
            return Err(Refused::known(400, "invalid_request", words, Some("receipt")));
        }
        None => {}
    }
    match object.get("payment_id").and_then(Value::as_str) {
        Some(payment) => Ok((payment.to_owned(), kopecks)),
        None => Err(invalid("payment_id", "There is no payment_id")),
    }
}

fn description(object: &Map<String, Value>, most: usize) -> Result<(), Refused> {
    match object.get("description") {
        None => Ok(()),
        Some(Value::String(text)) if (1..=most).contains(&text.chars().count()) => Ok(()),
        Some(_) => Err(invalid("description", "Incorrect description")),
    }
}

fn metadata(value: Option<&Value>) -> Result<(), Refused> {
    let Some(value) = value else { return Ok(()) };
    let (most, name_chars, value_chars) = METADATA_MAX;
    let fits = value.as_object().is_some_and(|object| {
        object.len() <= most
            && object.iter().all(|(name, value)| {
                name.chars().count() <= name_chars
                    && value.as_str().is_some_and(|value| value.chars().count() <= value_chars)
            })
    });
    if fits { Ok(()) } else { Err(invalid("metadata", "Incorrect metadata")) }
}

/// A receipt as the law wants it: to whom it goes, and for what, adding up to the payment.
fn receipt(value: &Value, kopecks: Kopecks) -> Result<(), Refused> {
    let object = fields(value, "receipt", &["customer", "items"])?;
    let customer = fields(&value["customer"], "receipt.customer", &["email", "phone"])?;
    let given = |name: &str| customer.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    if !given("email") && !given("phone") {
        return Err(invalid("receipt.customer", "Neither email nor phone"));
    }
    let items = object.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut sum = 0;
    for item in items {
        let known = ["description", "quantity", "amount", "vat_code", "payment_mode", "payment_subject"];
        let object = fields(item, "receipt.items", &known)?;
        description(object, DESCRIPTION_MAX_CHARS)?;
        if item["quantity"].as_f64() != Some(1.0)
            || !item["vat_code"].as_i64().is_some_and(|code| (1..=12).contains(&code))
        {
            return Err(invalid("receipt.items", "Incorrect quantity or vat_code"));
        }
        sum += amount(&item["amount"], "receipt.items.amount")?;
    }
    if items.is_empty() || sum != kopecks {
        return Err(invalid("receipt.items", "The items do not add up to the amount"));
    }
    Ok(())
}

/// An object with no other fields than these. The service passes over what it does not know; here that is a mistake.
fn fields<'a>(value: &'a Value, at: &str, known: &[&str]) -> Result<&'a Map<String, Value>, Refused> {
    let Some(object) = value.as_object() else { return Err(invalid(at, format!("{at} is no object"))) };
    let known: BTreeSet<&str> = known.iter().copied().collect();
    match object.keys().find(|name| !known.contains(name.as_str())) {
        Some(name) => Err(Refused::invalid(Rule::UnknownField, name, format!("there is no {at}.{name}"))),
        None => Ok(object),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_amount_is_a_decimal_string() {
        let check = |value: Value, expect: Option<Kopecks>| {
            assert_eq!(
                amount(&json!({ "value": value, "currency": "RUB" }), "amount").ok(),
                expect,
                "{value}"
            );
        };
        check(json!("390.00"), Some(39_000));
        check(json!("0.01"), Some(1));
        for bad in ["390", "390.0", "390,00", "0.00", "-1.00", "0390.00", "1e2", ""] {
            check(json!(bad), None);
        }
        check(json!(390.0), None);
        amount(&json!({ "value": "1.00", "currency": "USD" }), "amount").unwrap_err();
    }
}
