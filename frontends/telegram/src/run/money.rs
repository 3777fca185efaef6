//! Money in a conversation: bills, the word before a payment, payments, and giving them back.

use std::time::Duration;

use neurocards::{
    Alarm, AlarmDetail, AlarmKind, CashierError, Package, PayProvider, PaymentFilter, PaymentId, Price,
    Receipt, Refund, StoreError,
};

use super::effects::Doing;
use super::reply::Out;
use super::turn::client_lang;
use super::{Parts, account_of};
use crate::api::CallError;
use crate::flow::Bill;
use crate::pay::{Checkout, refusal};
use crate::schema::{Heard, Money};
use crate::screen::Sheet;
use crate::text::Text;

/// How often the word before a payment is said that provably did not arrive, and how long after; there are ten seconds.
const WORDS: u32 = 3;
const SOON: Duration = Duration::from_secs(2);
/// Payments that a history may name.
const NAMED: u32 = 50;

impl Parts {
    /// Who takes money.
    pub(super) fn sold_by(&self) -> Vec<PayProvider> {
        let Some(cashier) = &self.cashier else { return Vec::new() };
        let open = |provider: &PayProvider| match provider {
            PayProvider::Stars => self.settings.stars,
            PayProvider::Yookassa => cashier.sells_by(*provider),
        };
        PayProvider::ALL.into_iter().rev().filter(open).collect()
    }

    pub(super) async fn buy(
        &self,
        doing: &Doing,
        package: &Package,
        by: PayProvider,
    ) -> Result<Bill, StoreError> {
        let Some(cashier) = &self.cashier else { return Ok(Bill::Away) };
        let opened = cashier.open(&account_of(doing.person), doing.chat.bot, by, package).await;
        self.money.notify_one();
        match opened {
            Ok(payment) => Ok(Bill::Asked(Box::new(payment))),
            Err(error) => away(error),
        }
    }

    pub(super) async fn pay_check(&self, doing: &Doing, id: PaymentId) -> Result<Bill, StoreError> {
        let Some(cashier) = &self.cashier else { return Ok(Bill::Missing) };
        let payment = cashier.payments().payment_get(id).await?;
        let own = payment.filter(|payment| payment.account == account_of(doing.person));
        let Some(payment) = own else { return Ok(Bill::Missing) };
        let seen = cashier.look(&payment).await;
        self.money.notify_one();
        match seen {
            Ok(payment) => Ok(Bill::Seen(Box::new(payment))),
            Err(error) => away(error),
        }
    }

    /// Says whether a payment may go on.
    pub(super) async fn checkout(&self, heard: &Heard, query: &str, money: &Money) -> Result<(), StoreError> {
        let Some(cashier) = &self.cashier else { return Ok(()) };
        let person = neurocards::PersonId(heard.from.id);
        let payment = match money.payload.parse() {
            Ok(id) => cashier.payments().payment_get(id).await?,
            Err(_) => None,
        };
        let known = self.chats.person_get(person).await?;
        let checkout = Checkout {
            payment: payment.as_ref(),
            account: &account_of(person),
            price: price(money),
            packages: &self.settings.packages,
            banned: known.as_ref().is_some_and(|known| known.banned_at.is_some()),
        };
        let lang = known.map_or_else(|| client_lang(heard.from.language.as_deref()), |known| known.lang);
        let why = refusal(&checkout).map(|key| Text::new(key).plain(lang));
        let mut words = 1;
        loop {
            match self.api.answer_checkout(query, why.as_deref()).await {
                Err(CallError::NotSent(_) | CallError::Wait(_)) if words < WORDS => {
                    self.clock.sleep(SOON).await
                }
                Err(error) => {
                    tracing::warn!(%error, "a payment went on without our word, so it did not happen");
                    return Ok(());
                }
                Ok(()) => return Ok(()),
            }
            words += 1;
        }
    }

    /// Credits what was paid, once for each charge. The keeper tells the person.
    pub(super) async fn paid(&self, heard: &Heard, charge: &str, money: &Money) -> Result<(), StoreError> {
        let account = account_of(neurocards::PersonId(heard.chat));
        let receipt = match (&self.cashier, price(money)) {
            (Some(cashier), Some(price)) => {
                let id = money.payload.parse().ok();
                cashier.paid(PayProvider::Stars, id, charge, &account, price).await
            }
            _ => Ok(Receipt::Foreign),
        };
        self.money.notify_one();
        match receipt {
            Ok(Receipt::Credited(_) | Receipt::Before(_)) => return Ok(()),
            Err(CashierError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    charge,
                    "a payment is not credited"
                );
            }
            Ok(Receipt::Foreign) => {
                tracing::error!(charge, %account, amount = money.amount, "a payment fits no bill of ours");
            }
        }
        let subject = format!("{} {charge}", PayProvider::Stars.as_str());
        self.engine.raise(Alarm::new(AlarmKind::PaymentAmiss, subject, AlarmDetail::None));
        let text = Text::new("paid-unknown").words("id", heard.chat.to_string());
        let lang = client_lang(heard.from.language.as_deref());
        let sheet = Sheet { html: text.html(lang), rows: Vec::new() };
        self.show(heard, &[Out::Send { sheet, picture: None }]).await
    }

    /// The channel says that it gave a charge back.
    pub(super) async fn given_back(&self, charge: &str) -> Result<(), StoreError> {
        let Some(cashier) = &self.cashier else { return Ok(()) };
        let known = cashier.refunded(PayProvider::Stars, charge).await;
        self.money.notify_one();
        match known {
            Ok(Some(_)) => Ok(()),
            Ok(None) => {
                tracing::warn!(charge, "a charge was given back that is none of ours");
                Ok(())
            }
            Err(CashierError::Store(error)) => Err(error),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    charge,
                    "a refund could not be noted"
                );
                Ok(())
            }
        }
    }

    /// Gives a payment back, for an operator.
    pub(crate) async fn refund_payment(
        &self,
        payment: PaymentId,
        actor: &str,
        reason: &str,
    ) -> Result<Refund, CashierError> {
        let refund = self.cashier.as_ref().ok_or(CashierError::Missing)?.refund(payment, actor, reason).await;
        self.money.notify_one();
        refund
    }

    /// What was paid, by the references of the ledger.
    pub(super) async fn payments_of(
        &self,
        doing: &Doing,
    ) -> Result<Vec<(String, (Price, PayProvider))>, StoreError> {
        let Some(cashier) = &self.cashier else { return Ok(Vec::new()) };
        let filter = PaymentFilter { account: Some(account_of(doing.person)), limit: NAMED };
        let payments = cashier.payments().payments_list(&filter).await?;
        let named = payments
            .iter()
            .filter_map(|payment| Some((payment.reference()?, (payment.price, payment.provider))));
        Ok(named.collect())
    }
}

fn price(money: &Money) -> Option<Price> {
    Some(Price { amount: money.amount, currency: money.currency.parse().ok()? })
}

/// A provider that does not answer is told; a store that does not is tried again.
fn away(error: CashierError) -> Result<Bill, StoreError> {
    match error {
        CashierError::Store(error) => Err(error),
        CashierError::OtherPrice { .. } | CashierError::OtherCurrency { .. } => Ok(Bill::Amiss),
        error => {
            tracing::error!(error = &error as &dyn std::error::Error, "a bill could not be made or read");
            Ok(Bill::Away)
        }
    }
}
