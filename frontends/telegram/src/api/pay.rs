//! Money: invoices in Stars, the word before a payment, and giving back.

use teloxide::payloads::{
    AnswerPreCheckoutQuery, AnswerPreCheckoutQuerySetters, RefundStarPayment, SendInvoice, SendInvoiceSetters,
};
use teloxide::types::{ChatId, LabeledPrice, PreCheckoutQueryId, TelegramTransactionId, UserId};

use super::call::call;
use super::{Api, CallError};

/// A message that can be paid in Stars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// What is sold: 1 to 32 characters.
    pub title: String,
    /// In other words: 1 to 255 characters.
    pub description: String,
    /// The id of our row; it comes back with the money, and nobody sees it.
    pub payload: String,
    /// The price in whole Stars.
    pub stars: i64,
}

impl Api {
    /// Sends an invoice. A forwarded copy of it leads to the bot instead of being paid.
    ///
    /// # Errors
    /// See [`CallError`]. After [`CallError::Unknown`] it may be there.
    pub async fn invoice(&self, chat: i64, invoice: &Invoice) -> Result<i64, CallError> {
        let stars = u32::try_from(invoice.stars).map_err(|_| CallError::Refused("the price".to_owned()))?;
        let prices = [LabeledPrice::new(invoice.title.clone(), stars)];
        let (title, description) = (invoice.title.clone(), invoice.description.clone());
        let send = SendInvoice::new(ChatId(chat), title, description, invoice.payload.clone(), "XTR", prices);
        let send = send.provider_token("").start_parameter("topup");
        Ok(self.said(chat, &send).await?.message_id)
    }

    /// Says whether a payment may go on; without a word within ten seconds it does not.
    ///
    /// # Errors
    /// See [`CallError`]. [`CallError::TooLate`]: the payment did not happen.
    pub async fn answer_checkout(&self, query: &str, refusal: Option<&str>) -> Result<(), CallError> {
        let query = PreCheckoutQueryId(query.to_owned());
        let answer = AnswerPreCheckoutQuery::new(query, refusal.is_none());
        let answer = if let Some(why) = refusal { answer.error_message(why) } else { answer };
        call::<_, bool>(&self.bot, &answer).await.map(drop)
    }

    /// Gives a payment in Stars back.
    ///
    /// # Errors
    /// See [`CallError`]. Asking again gives nothing back twice.
    pub async fn refund_stars(&self, person: i64, charge: &str) -> Result<(), CallError> {
        let person = u64::try_from(person).map_err(|_| CallError::Refused("the person".to_owned()))?;
        let charge = TelegramTransactionId(charge.to_owned());
        call::<_, bool>(&self.bot, &RefundStarPayment::new(UserId(person), charge)).await.map(drop)
    }
}
