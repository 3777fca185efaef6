//! Telegram as a provider of payments. It keeps nothing until it is paid, and the money comes with a message.

use async_trait::async_trait;
use neurocards::{PayProvider, Payment, Till, TillError, TillOpened, TillReading, TillRefund};

use super::person_of;
use crate::api::{Api, CallError};

/// Stars.
#[derive(Debug, Clone)]
pub(crate) struct StarsTill {
    pub(crate) api: Api,
}

#[async_trait]
impl Till for StarsTill {
    fn provider(&self) -> PayProvider {
        PayProvider::Stars
    }

    async fn open(&self, _: &Payment) -> Result<TillOpened, TillError> {
        Ok(TillOpened::Nothing)
    }

    async fn read(&self, _: &Payment) -> Result<TillReading, TillError> {
        Ok(TillReading::Waiting)
    }

    async fn refund(&self, payment: &Payment) -> Result<TillRefund, TillError> {
        let (Some(person), Some(charge)) = (person_of(&payment.account), &payment.provider_id) else {
            return Ok(TillRefund::Refused("nobody paid it".to_owned()));
        };
        match self.api.refund_stars(person.0, charge).await {
            Ok(()) => Ok(TillRefund::Done),
            Err(CallError::Refused(why)) if why.contains("CHARGE_ALREADY_REFUNDED") => Ok(TillRefund::Done),
            Err(CallError::Refused(why) | CallError::Gone(why)) => Ok(TillRefund::Refused(why)),
            Err(CallError::Token) => Err(TillError::Auth { why: CallError::Token.to_string() }),
            Err(error) => Err(TillError::Away { why: error.to_string(), after: error.again_after() }),
        }
    }
}
