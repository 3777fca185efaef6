//! Payments and refunds, as the service keeps and shows them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::check::{self, Kopecks};
use super::error::{Refused, not_found};
use crate::clock::Clock;
use crate::violation::Rule;
use crate::wire::{dice, hex, time};

/// For how long a key is remembered.
const KEY_REMEMBERED_MS: i64 = 24 * 3_600_000;
const STAMP: &str = "%Y-%m-%dT%H:%M:%S%.3fZ";

/// How a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    WaitingForCapture,
    Succeeded,
    Canceled,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::WaitingForCapture => "waiting_for_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) amount: Value,
    pub(crate) refunded: Kopecks,
    /// Who ended it, and why.
    pub(crate) cancelled: Option<(&'static str, String)>,
    asked: Value,
    created_ms: i64,
    captured_ms: Option<i64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Refund {
    id: String,
    payment: String,
    pub(crate) status: &'static str,
    amount: Value,
    created_ms: i64,
    asked: Value,
}

/// What was asked under a key.
#[derive(Debug)]
struct Asked {
    body: Value,
    at_ms: i64,
    made: String,
}

#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) shop: String,
    pub(crate) receipts: bool,
    pub(crate) payments: Vec<Payment>,
    pub(crate) refunds: Vec<Refund>,
    /// What becomes of refunds that are asked for from now on.
    pub(crate) refund_status: &'static str,
    pub(crate) clock: Clock,
    pub(crate) seed: u64,
    keys: BTreeMap<(&'static str, String), Asked>,
}

/// Kopecks as the service writes them.
pub(crate) fn roubles(kopecks: Kopecks) -> Value {
    json!({ "value": format!("{}.{:02}", kopecks / 100, kopecks % 100), "currency": "RUB" })
}

impl Payment {
    pub(crate) fn shown(&self, shop: &str) -> Value {
        let paid = matches!(self.status, Status::Succeeded | Status::WaitingForCapture);
        let kopecks = check::amount(&self.amount, "amount").unwrap_or(0);
        let mut shown = json!({
            "id": self.id, "status": self.status.as_str(), "amount": self.amount,
            "recipient": { "account_id": shop, "gateway_id": "100700" },
            "created_at": time(self.created_ms, STAMP), "test": true, "paid": paid,
            "refundable": self.status == Status::Succeeded && self.refunded < kopecks,
            "metadata": self.asked.get("metadata").cloned().unwrap_or_else(|| json!({})),
        });
        if let Some(description) = self.asked.get("description") {
            shown["description"] = description.clone();
        }
        if self.status == Status::Pending {
            shown["confirmation"] = json!({
                "type": "redirect",
                "return_url": self.asked["confirmation"]["return_url"],
                "confirmation_url": self.page(),
            });
        }
        if paid {
            shown["payment_method"] = json!({
                "type": "bank_card", "id": self.id, "saved": false, "status": "active", "title": "Bank card *4444",
                "card": { "first6": "555555", "last4": "4444", "expiry_month": "07", "expiry_year": "2030",
                          "card_type": "Mastercard" },
            });
        }
        if self.status == Status::Succeeded {
            shown["captured_at"] = json!(time(self.captured_ms.unwrap_or(self.created_ms), STAMP));
            shown["income_amount"] = roubles(kopecks * 965 / 1_000);
            shown["refunded_amount"] = match self.refunded {
                0 => json!({ "value": "0.00", "currency": "RUB" }),
                kopecks => roubles(kopecks),
            };
        }
        if let Some((party, reason)) = &self.cancelled {
            shown["cancellation_details"] = json!({ "party": party, "reason": reason });
        }
        shown
    }

    /// Where a person pays.
    pub(crate) fn page(&self) -> String {
        format!("https://yoomoney.ru/checkout/payments/v2/contract?orderId={}", self.id)
    }

    pub(crate) fn asked(&self) -> &Value {
        &self.asked
    }
}

impl Refund {
    pub(crate) fn shown(&self) -> Value {
        let mut shown = json!({
            "id": self.id, "payment_id": self.payment, "status": self.status, "amount": self.amount,
            "created_at": time(self.created_ms, STAMP),
            "metadata": self.asked.get("metadata").cloned().unwrap_or_else(|| json!({})),
        });
        if self.status == "canceled" {
            shown["cancellation_details"] = json!({ "party": "yoo_money", "reason": "insufficient_funds" });
        }
        shown
    }
}

impl Books {
    pub(crate) fn new(shop: String, receipts: bool, clock: Clock, seed: u64) -> Self {
        Self {
            shop,
            receipts,
            payments: Vec::new(),
            refunds: Vec::new(),
            refund_status: "succeeded",
            clock,
            seed,
            keys: BTreeMap::new(),
        }
    }

    /// Ids look like those of the service: a version-less UUID.
    fn id(&self, kind: &str, count: usize) -> String {
        let text = hex(&dice(self.seed, kind, count as u64)[..10]);
        format!("{}-000f-5000-8{}-{}", &text[..8], &text[8..11], &text[8..20])
    }

    pub(crate) fn payment(&mut self, id: &str) -> Option<&mut Payment> {
        self.payments.iter_mut().find(|payment| payment.id == id)
    }

    /// `POST /v3/payments`: under a key that is known it is the payment that was made then, as it stands now.
    pub(crate) fn open(&mut self, key: String, body: &Value) -> Result<Value, Refused> {
        if let Some(made) = self.made("payments", &key, body)? {
            let shop = self.shop.clone();
            return self.payment(&made).map(|known| known.shown(&shop)).ok_or_else(|| not_found("Payment"));
        }
        check::payment(body, self.receipts)?;
        let payment = Payment {
            id: self.id("payment", self.payments.len()),
            status: Status::Pending,
            amount: body["amount"].clone(),
            refunded: 0,
            cancelled: None,
            asked: body.clone(),
            created_ms: self.clock.now_ms(),
            captured_ms: None,
        };
        let shown = payment.shown(&self.shop);
        self.remember("payments", key, body, &payment.id);
        self.payments.push(payment);
        Ok(shown)
    }

    /// `POST /v3/refunds`.
    pub(crate) fn give_back(&mut self, key: String, body: &Value) -> Result<Value, Refused> {
        if let Some(made) = self.made("refunds", &key, body)? {
            let known = self.refunds.iter().find(|refund| refund.id == made);
            return known.map(Refund::shown).ok_or_else(|| not_found("Refund"));
        }
        let (of, kopecks) = check::refund(body, self.receipts)?;
        let status = self.refund_status;
        let Some(payment) = self.payment(&of) else { return Err(not_found("Payment")) };
        let paid = check::amount(&payment.amount, "amount").unwrap_or(0);
        if payment.status != Status::Succeeded {
            return Err(Refused::invalid(Rule::Body, "payment_id", "The payment is not succeeded"));
        }
        if payment.refunded + kopecks > paid {
            let words = "The refund amount exceeds the payment amount";
            return Err(Refused::known(400, "invalid_request", words, Some("amount.value")));
        }
        if status == "succeeded" {
            payment.refunded += kopecks;
        }
        let refund = Refund {
            id: self.id("refund", self.refunds.len()),
            payment: of,
            status,
            amount: body["amount"].clone(),
            created_ms: self.clock.now_ms(),
            asked: body.clone(),
        };
        let shown = refund.shown();
        self.remember("refunds", key, body, &refund.id);
        self.refunds.push(refund);
        Ok(shown)
    }

    /// Refunds that are under way come to their end.
    pub(crate) fn end_refunds(&mut self, status: &'static str) {
        for refund in self.refunds.iter_mut().filter(|refund| refund.status == "pending") {
            refund.status = status;
            let kopecks = check::amount(&refund.amount, "amount").unwrap_or(0);
            let payment = self.payments.iter_mut().find(|payment| payment.id == refund.payment);
            if let Some(payment) = payment.filter(|_| status == "succeeded") {
                payment.refunded += kopecks;
            }
        }
        self.refund_status = status;
    }

    pub(crate) fn pays(&mut self, id: &str, amount: Option<Value>) {
        let now = self.clock.now_ms();
        let payment = self.payment(id).expect("a payment that was asked for");
        assert_eq!(payment.status, Status::Pending, "it can be paid");
        (payment.status, payment.captured_ms) = (Status::Succeeded, Some(now));
        if let Some(amount) = amount {
            payment.amount = amount;
        }
    }

    pub(crate) fn refunds_of(&self, payment: Option<&str>) -> Value {
        let of = |refund: &&Refund| payment.is_none_or(|payment| refund.payment == payment);
        let items: Vec<Value> = self.refunds.iter().rev().filter(of).map(Refund::shown).collect();
        json!({ "type": "list", "items": items })
    }

    pub(crate) fn refund(&self, id: &str) -> Option<Value> {
        self.refunds.iter().find(|refund| refund.id == id).map(Refund::shown)
    }

    /// What was made under this key before. The same key for something else is refused.
    fn made(&self, what: &'static str, key: &str, body: &Value) -> Result<Option<String>, Refused> {
        let known = self.keys.get(&(what, key.to_owned()));
        let known = known.filter(|known| known.at_ms + KEY_REMEMBERED_MS > self.clock.now_ms());
        match known {
            None => Ok(None),
            Some(known) if known.body == *body => Ok(Some(known.made.clone())),
            Some(_) => Err(Refused::invalid(Rule::Body, "Idempotence-Key", "Idempotence key duplicated")),
        }
    }

    fn remember(&mut self, what: &'static str, key: String, body: &Value, made: &str) {
        let asked = Asked { body: body.clone(), at_ms: self.clock.now_ms(), made: made.to_owned() };
        self.keys.insert((what, key), asked);
    }
}
