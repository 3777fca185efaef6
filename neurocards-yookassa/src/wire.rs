//! What goes over the wire, by the service's reference. What is not used is not read.

use std::collections::BTreeMap;

use neurocards_core::{Currency, Payment, Price};
use serde::{Deserialize, Serialize};

use crate::settings::Receipts;

/// Most digits of an amount: more would be no money.
const DIGITS_MAX: usize = 12;

/// `{"value": "390.00", "currency": "RUB"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Amount {
    value: String,
    currency: String,
}

/// `POST /payments`.
#[derive(Debug, Serialize)]
pub(crate) struct NewPayment<'a> {
    pub(crate) amount: Amount,
    /// The money is taken at once: nothing is held and forgotten.
    pub(crate) capture: bool,
    pub(crate) confirmation: NewConfirmation<'a>,
    pub(crate) description: String,
    pub(crate) metadata: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receipt: Option<Receipt<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct NewConfirmation<'a> {
    pub(crate) r#type: &'static str,
    pub(crate) return_url: &'a str,
}

/// `POST /refunds`.
#[derive(Debug, Serialize)]
pub(crate) struct NewRefund<'a> {
    pub(crate) payment_id: &'a str,
    pub(crate) amount: Amount,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receipt: Option<Receipt<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Receipt<'a> {
    customer: Customer<'a>,
    items: [Item; 1],
}

#[derive(Debug, Serialize)]
struct Customer<'a> {
    email: &'a str,
}

#[derive(Debug, Serialize)]
struct Item {
    description: String,
    quantity: u32,
    amount: Amount,
    vat_code: u8,
    payment_mode: &'static str,
    payment_subject: &'static str,
}

/// A payment as the service shows it.
#[derive(Debug, Deserialize)]
pub(crate) struct PaymentShown {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) amount: Amount,
    #[serde(default)]
    pub(crate) refunded_amount: Option<Amount>,
    #[serde(default)]
    pub(crate) confirmation: Option<Confirmation>,
    #[serde(default)]
    pub(crate) cancellation_details: Option<Cancellation>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Confirmation {
    #[serde(default)]
    pub(crate) confirmation_url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Cancellation {
    #[serde(default)]
    pub(crate) reason: String,
}

/// A refund as the service shows it.
#[derive(Debug, Deserialize)]
pub(crate) struct RefundShown {
    #[serde(default)]
    pub(crate) payment_id: String,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) cancellation_details: Option<Cancellation>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RefundList {
    #[serde(default)]
    pub(crate) items: Vec<RefundShown>,
}

/// The shop of the secret.
#[derive(Debug, Deserialize)]
pub(crate) struct Shop {
    #[serde(default)]
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) test: bool,
}

/// An error.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) description: String,
    pub(crate) parameter: Option<String>,
}

/// 202: taken, and not carried out yet.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pending {
    /// Milliseconds.
    pub(crate) retry_after: Option<u64>,
}

impl Amount {
    pub(crate) fn of(price: Price) -> Self {
        let value = format!("{}.{:02}", price.amount / 100, price.amount % 100);
        Self { value, currency: price.currency.as_str().to_owned() }
    }

    /// The price, if it is in roubles and reads like one.
    pub(crate) fn price(&self) -> Option<Price> {
        let currency = self.currency.parse().ok().filter(|currency| *currency == Currency::Rub)?;
        let (whole, part) = self.value.split_once('.').unwrap_or((&self.value, ""));
        let digits = |text: &str| text.len() <= DIGITS_MAX && text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 2 {
            return None;
        }
        let amount = format!("{whole}{part:0<2}").parse().ok()?;
        Some(Price { amount, currency })
    }

    /// The amount in words that are safe to show.
    pub(crate) fn words(&self) -> String {
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let text = |text: &str| text.chars().filter(plain).take(20).collect::<String>();
        format!("{} {}", text(&self.value), text(&self.currency))
    }
}

impl PaymentShown {
    /// All of it was given back.
    pub(crate) fn is_given_back(&self) -> bool {
        self.refunded_amount.as_ref() == Some(&self.amount)
    }
}

impl<'a> Receipt<'a> {
    /// One line that adds up to the payment: a service, paid in full.
    pub(crate) fn of(payment: &Payment, receipts: &'a Receipts) -> Self {
        let item = Item {
            description: description(payment),
            quantity: 1,
            amount: Amount::of(payment.price),
            vat_code: receipts.vat_code,
            payment_mode: "full_payment",
            payment_subject: "service",
        };
        Self { customer: Customer { email: &receipts.email }, items: [item] }
    }
}

/// What is bought, as buyer and shop read it. It must not change between two requests for one payment, so it follows
/// nobody's language.
pub(crate) fn description(payment: &Payment) -> String {
    format!("Кредиты для видео: {}", payment.credits.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_and_read_without_floats() {
        let rub = |amount| Price { amount, currency: Currency::Rub };
        let check = |value: &str, currency: &str, expect: Option<i64>| {
            let amount = Amount { value: value.to_owned(), currency: currency.to_owned() };
            assert_eq!(amount.price(), expect.map(rub), "{value} {currency}");
        };
        for (text, kopecks) in [("390.00", 39_000), ("0.01", 1), ("1790.50", 179_050), ("0.00", 0)] {
            check(text, "RUB", Some(kopecks));
            assert_eq!(Amount::of(rub(kopecks)).value, text);
        }
        check("390", "RUB", Some(39_000));
        check("390.5", "RUB", Some(39_050));
        for bad in ["", ".", ".5", "-1.00", "1e3", "1.000", "1,00", "9999999999999.00", "١.00"] {
            check(bad, "RUB", None);
        }
        for currency in ["USD", "XTR", "rub", ""] {
            check("390.00", currency, None);
        }
        let odd = Amount { value: "<b>1\n".to_owned(), currency: "U\u{202e}SD".to_owned() };
        assert_eq!(odd.words(), "b1 USD");
    }
}
