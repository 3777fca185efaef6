//! Whether a payment may go on: a pure check of what the person is about to pay against our own row.

use neurocards::{AccountKey, Package, PayProvider, Payment, PaymentState, Price};

/// What somebody is about to pay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checkout<'a> {
    /// The row that the invoice names, if there is one.
    pub(crate) payment: Option<&'a Payment>,
    /// Who pays.
    pub(crate) account: &'a AccountKey,
    /// How much.
    pub(crate) price: Option<Price>,
    /// What is sold today.
    pub(crate) packages: &'a [Package],
    /// The payer is not served.
    pub(crate) banned: bool,
}

/// Why it may not go on, as the key of a text; nothing when it may.
pub(crate) fn refusal(checkout: &Checkout<'_>) -> Option<&'static str> {
    let Some(payment) = checkout.payment.filter(|payment| payment.provider == PayProvider::Stars) else {
        return Some("checkout-unknown");
    };
    let sold = checkout.packages.iter().any(|package| {
        package.credits == payment.credits && package.price(payment.provider) == Some(payment.price)
    });
    if checkout.banned {
        Some("checkout-banned")
    } else if payment.account != *checkout.account {
        Some("checkout-foreign")
    } else if checkout.price != Some(payment.price) || !sold || payment.state != PaymentState::Pending {
        Some("checkout-old")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use neurocards::{BotId, Credits, Currency, PaymentId, PaymentNew, Timestamp};

    use super::*;

    #[test]
    fn only_what_our_row_says_may_be_paid() {
        let at = Timestamp::from_timestamp(1_767_225_600, 0).unwrap();
        let account: AccountKey = "telegram:42".parse().unwrap();
        let price = |amount| Price { amount, currency: Currency::Xtr };
        let new = PaymentNew {
            id: PaymentId::new(at, [1; 10]),
            account: account.clone(),
            bot: BotId(7),
            provider: PayProvider::Stars,
            credits: Credits(5),
            price: price(250),
        };
        let open = new.payment(at);
        let good = Checkout {
            payment: Some(&open),
            account: &account,
            price: Some(price(250)),
            packages: &Package::DEFAULT,
            banned: false,
        };
        assert_eq!(refusal(&good), None);
        let check = |checkout: Checkout<'_>, expect: &str| assert_eq!(refusal(&checkout), Some(expect));
        check(Checkout { payment: None, ..good }, "checkout-unknown");
        check(Checkout { account: &"telegram:43".parse().unwrap(), ..good }, "checkout-foreign");
        check(Checkout { banned: true, ..good }, "checkout-banned");
        for price in [Some(price(1)), Some(Price { amount: 250, currency: Currency::Rub }), None] {
            check(Checkout { price, ..good }, "checkout-old");
        }
        // The package is sold for another price today, or no more.
        let dearer = [Package { stars: Some(300), ..Package::DEFAULT[0] }];
        check(Checkout { packages: &dearer, ..good }, "checkout-old");
        check(Checkout { packages: &[], ..good }, "checkout-old");
        for state in PaymentState::ALL.into_iter().filter(|state| *state != PaymentState::Pending) {
            check(Checkout { payment: Some(&Payment { state, ..open.clone() }), ..good }, "checkout-old");
        }
        let roubles = Payment { provider: PayProvider::Yookassa, ..open.clone() };
        check(Checkout { payment: Some(&roubles), ..good }, "checkout-unknown");
    }
}
