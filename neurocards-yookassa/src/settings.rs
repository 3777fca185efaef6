//! Which shop, and how it is asked.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;

use crate::connection::{Connection, Route};
use crate::till::Yookassa;

/// How long one request may take. Whoever pressed a button waits for it.
const REQUEST: Duration = Duration::from_secs(12);
/// Codes of value-added tax by the reference.
const VAT_CODES: std::ops::RangeInclusive<u8> = 1..=12;

/// Receipts, which the law wants of shops that let YooKassa register them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipts {
    /// Where every receipt goes: the shop's own address, because people in a chat have none.
    pub email: String,
    /// The code of value-added tax, 1 to 12; 1 is none.
    pub vat_code: u8,
}

/// Collects what a [`Yookassa`] needs.
pub struct YookassaBuilder {
    shop: String,
    secret: SecretString,
    base_url: String,
    return_url: String,
    receipts: Option<Receipts>,
    request: Duration,
}

/// Why nothing can be sold with these settings. No request was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum YookassaError {
    /// The shop's id is none. It is not repeated here: it may be the secret by mistake.
    #[error("the id of the shop has to be a number")]
    Shop,
    /// The secret is empty, or has characters that no header can carry.
    #[error("the secret of the shop is empty or has characters that cannot be sent")]
    Secret,
    /// An address is none.
    #[error("{what} cannot be used: {problem}")]
    Address {
        /// Which one.
        what: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Receipts cannot be made like this.
    #[error("receipts cannot be made: {problem}")]
    Receipts {
        /// What is wrong.
        problem: &'static str,
    },
    /// TLS could not be set up.
    #[error("no secure connections can be made")]
    Client {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

impl fmt::Debug for YookassaBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Before they are checked, the others may hold anything.
        f.debug_struct("YookassaBuilder").field("receipts", &self.receipts).finish_non_exhaustive()
    }
}

impl YookassaBuilder {
    pub(crate) fn new(shop: String, secret: SecretString) -> Self {
        Self {
            shop,
            secret,
            base_url: Yookassa::BASE_URL.to_owned(),
            return_url: "https://t.me".to_owned(),
            receipts: None,
            request: REQUEST,
        }
    }

    /// Where the service is, `/v3` included: [`Yookassa::BASE_URL`] by default.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Where a person comes back to from the page of a payment: the bot.
    #[must_use]
    pub fn return_url(mut self, url: impl Into<String>) -> Self {
        self.return_url = url.into();
        self
    }

    /// Receipts go out with payments and refunds.
    #[must_use]
    pub fn receipts(mut self, receipts: Receipts) -> Self {
        self.receipts = Some(receipts);
        self
    }

    /// How long one request may take: twelve seconds by default.
    #[must_use]
    pub fn request_limit(mut self, limit: Duration) -> Self {
        self.request = limit;
        self
    }

    /// The till.
    ///
    /// # Errors
    /// See [`YookassaError`]. Nothing was sent.
    pub fn build(self) -> Result<Yookassa, YookassaError> {
        let problem = |what, problem| Err(YookassaError::Address { what, problem });
        if self.shop.is_empty() || !self.shop.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(YookassaError::Shop);
        }
        let back = url::Url::parse(&self.return_url).ok();
        if back.is_none_or(|url| url.scheme() != "https") || self.return_url.len() > 2_048 {
            return problem("the address to come back to", "it does not begin with https://");
        }
        if let Some(receipts) = &self.receipts {
            let (name, host) = receipts.email.split_once('@').unwrap_or_default();
            let odd = receipts.email.chars().any(|c| c.is_whitespace() || c.is_control());
            if name.is_empty() || !host.contains('.') || odd || receipts.email.len() > 254 {
                return Err(YookassaError::Receipts { problem: "the email is none" });
            }
            if !VAT_CODES.contains(&receipts.vat_code) {
                return Err(YookassaError::Receipts { problem: "the code of the tax is not one of 1 to 12" });
            }
        }
        let route =
            Route { base_url: &self.base_url, shop: &self.shop, secret: self.secret, limit: self.request };
        Ok(Yookassa::of(Connection::new(route)?, self.return_url, self.receipts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_told_and_not_shown() {
        let good = || Yookassa::builder("100500", "canary-secret");
        assert!(good().build().is_ok());
        let receipts = |email: &str, vat_code| Receipts { email: email.to_owned(), vat_code };
        assert!(good().receipts(receipts("shop@example.com", 1)).build().is_ok());
        let bad = [
            Yookassa::builder("canary-shop", "canary-secret").build(),
            Yookassa::builder("", "canary-secret").build(),
            Yookassa::builder("100500", "").build(),
            Yookassa::builder("100500", "canary\nsecret").build(),
            good().base_url("canary.example").build(),
            good().base_url("https://user:canary@example.com/v3").build(),
            good().base_url("https://example.com/v3?canary=1").build(),
            good().return_url("http://example.com/canary").build(),
            good().receipts(receipts("canary", 1)).build(),
            good().receipts(receipts("shop@example.com", 0)).build(),
        ];
        for answer in bad {
            let error = answer.unwrap_err();
            assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
        }
        assert!(!format!("{:?} {:?}", good(), good().build().unwrap()).contains("canary"));
    }
}
