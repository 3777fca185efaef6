//! A shop as a till.

use std::collections::BTreeMap;

use async_trait::async_trait;
use neurocards_core::{PayProvider, Payment, Till, TillError, TillOpened, TillReading, TillRefund};
use secrecy::SecretString;

use crate::connection::{Connection, refused};
use crate::settings::{Receipts, YookassaBuilder};
use crate::wire::{
    Amount, NewConfirmation, NewPayment, NewRefund, PaymentShown, Receipt, RefundList, RefundShown, Shop,
    description,
};

/// Most characters of an id of theirs, and of the address of a page.
const ID_MAX_CHARS: usize = 64;
const PAGE_MAX_CHARS: usize = 2_048;

/// A shop at YooKassa.
#[derive(Debug)]
pub struct Yookassa {
    connection: Connection,
    return_url: String,
    receipts: Option<Receipts>,
}

impl Yookassa {
    /// The service.
    pub const BASE_URL: &str = "https://api.yookassa.ru/v3";

    /// Begins with a shop's id and its secret, as the shop's cabinet shows them.
    pub fn builder(shop: impl Into<String>, secret: impl Into<SecretString>) -> YookassaBuilder {
        YookassaBuilder::new(shop.into(), secret.into())
    }

    pub(crate) fn of(connection: Connection, return_url: String, receipts: Option<Receipts>) -> Self {
        Self { connection, return_url, receipts }
    }

    /// Asks whose secret it is; free, and nothing happens. `true`: the shop is for tests, where no money moves.
    ///
    /// # Errors
    /// [`TillError::Auth`]: shop or secret are refused, or the shop is switched off.
    pub async fn is_test_shop(&self) -> Result<bool, TillError> {
        let shop: Shop = self.connection.get("me").await?;
        if shop.status == "disabled" {
            return Err(TillError::Auth { why: "the shop is switched off".to_owned() });
        }
        Ok(shop.test)
    }

    fn receipt(&self, payment: &Payment) -> Option<Receipt<'_>> {
        self.receipts.as_ref().map(|receipts| Receipt::of(payment, receipts))
    }

    async fn shown(&self, payment: &Payment) -> Result<PaymentShown, TillError> {
        let id = theirs(payment)?;
        let shown: PaymentShown = self.connection.get(&format!("payments/{id}")).await?;
        // Somebody else's payment must not pass for ours, whoever stands between.
        if shown.id == id { Ok(shown) } else { Err(refused("another payment was shown than was asked for")) }
    }
}

/// Their id of a payment.
fn theirs(payment: &Payment) -> Result<&str, TillError> {
    payment
        .provider_id
        .as_deref()
        .filter(|id| is_id(id))
        .ok_or_else(|| refused("the payment has no id there"))
}

/// Whether it may be an id: it stands in an address of ours.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=ID_MAX_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_page(text: &str) -> bool {
    text.len() <= PAGE_MAX_CHARS && url::Url::parse(text).is_ok_and(|url| url.scheme() == "https")
}

#[async_trait]
impl Till for Yookassa {
    fn provider(&self) -> PayProvider {
        PayProvider::Yookassa
    }

    async fn open(&self, payment: &Payment) -> Result<TillOpened, TillError> {
        let key = payment.id.to_string();
        let new = NewPayment {
            amount: Amount::of(payment.price),
            capture: true,
            confirmation: NewConfirmation { r#type: "redirect", return_url: &self.return_url },
            description: description(payment),
            metadata: BTreeMap::from([("payment", key.clone())]),
            receipt: self.receipt(payment),
        };
        let made: PaymentShown = self.connection.post("payments", &key, &new).await?;
        if !is_id(&made.id) {
            return Err(refused("the payment has an id that cannot be one"));
        }
        let page = made.confirmation.and_then(|confirmation| confirmation.confirmation_url);
        // A payment that ended meanwhile has no page; reading it tells how it ended.
        Ok(TillOpened::Registered { provider_id: made.id, page: page.filter(|page| is_page(page)) })
    }

    async fn read(&self, payment: &Payment) -> Result<TillReading, TillError> {
        let shown = self.shown(payment).await?;
        Ok(match shown.status.as_str() {
            "pending" | "waiting_for_capture" => TillReading::Waiting,
            "canceled" => match shown.cancellation_details.map(|details| details.reason).as_deref() {
                Some("expired_on_confirmation") => TillReading::Expired,
                _ => TillReading::Cancelled,
            },
            "succeeded" => match (shown.amount.price(), shown.is_given_back()) {
                (Some(price), true) => TillReading::Refunded(price),
                (Some(price), false) => TillReading::Paid(price),
                (None, true) => TillReading::Cancelled,
                (None, false) => TillReading::Foreign(shown.amount.words()),
            },
            _ => return Err(refused("the payment stands in a way that nobody knows")),
        })
    }

    /// What was given back is looked for first: their memory of our keys ends after a day, and an operator may have given
    /// the money back by hand.
    async fn refund(&self, payment: &Payment) -> Result<TillRefund, TillError> {
        let shown = self.shown(payment).await?;
        if shown.is_given_back() {
            return Ok(TillRefund::Done);
        }
        if shown.status != "succeeded" {
            return Ok(TillRefund::Refused("the payment was not paid there".to_owned()));
        }
        let list: RefundList = self.connection.get(&format!("refunds?payment_id={}", shown.id)).await?;
        let ours = |refund: &&RefundShown| refund.payment_id == shown.id;
        if list.items.iter().filter(ours).any(|refund| refund.status == "pending") {
            return Ok(TillRefund::Waiting);
        }
        let new = NewRefund {
            payment_id: &shown.id,
            amount: Amount::of(payment.price),
            receipt: self.receipt(payment),
        };
        let key = format!("{}-refund-{}", payment.id, payment.refunds);
        let made: RefundShown = match self.connection.post("refunds", &key, &new).await {
            Ok(made) => made,
            Err(TillError::Refused { why }) => return Ok(TillRefund::Refused(why)),
            Err(error) => return Err(error),
        };
        Ok(match made.status.as_str() {
            "succeeded" => TillRefund::Done,
            "canceled" => {
                let reason = made.cancellation_details.map(|details| details.reason).unwrap_or_default();
                let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                TillRefund::Refused(format!(
                    "cancelled: {}",
                    reason.chars().filter(plain).take(60).collect::<String>()
                ))
            }
            _ => TillRefund::Waiting,
        })
    }
}
