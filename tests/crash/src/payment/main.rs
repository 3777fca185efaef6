//! Carries one payment from its bill to the word that it was given back, in a process of its own, and dies where it is
//! told to: `one-payment FOLDER STORE YOOKASSA LATER [POINT]`. `STORE` is a file or a `postgres:` url, `YOOKASSA` the address of
//! a stand-in whose people pay when their payment is read, `LATER` by how many seconds the clock is ahead.

#[path = "../later.rs"]
mod later;
mod mortal;
#[path = "../points.rs"]
mod points;

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    AccountKey, AccountOpen, BotId, Cashier, CashierError, Clock, Credits, Entropy, Package, PayProvider,
    Payment, PaymentClaim, PaymentDue, PaymentFilter, PaymentHint, PaymentSettle, PaymentState, Payments,
    Store, StoreError, SystemClock,
};
use neurocards_store::{PostgresStore, SqliteStore};
use neurocards_yookassa::Yookassa;

use self::later::LaterClock;
use self::mortal::{MortalPayments, MortalTill};
use self::points::{Points, append};

const BOT: BotId = BotId(7);
/// For how long a claim belongs to its process: shorter than the next one comes later.
const LEASE: Duration = Duration::from_secs(30);

type Rows = (Arc<dyn Store>, Arc<dyn Payments>);

async fn open(store: &str, clock: Arc<dyn Clock>) -> Result<Rows, Box<dyn Error>> {
    if store.starts_with("postgres:") {
        let store = Arc::new(PostgresStore::open_with_clock(store, clock).await?);
        return Ok((store.clone(), store));
    }
    let store = Arc::new(SqliteStore::open(store, clock).await?);
    Ok((store.clone(), store))
}

/// What a bot's keeper does, without a bot: people are lines of a file.
struct Keeper {
    cashier: Cashier,
    payments: Arc<dyn Payments>,
    inner: Arc<dyn Payments>,
    points: Arc<Points>,
    told: PathBuf,
}

impl Keeper {
    /// The payment of this life: the one that a dead process left, or a new one.
    async fn bill(&self, account: &AccountKey) -> Result<Payment, CashierError> {
        let filter = PaymentFilter { account: Some(account.clone()), limit: 1 };
        if let Some(known) = self.payments.payments_list(&filter).await?.pop() {
            return Ok(known);
        }
        self.cashier.open(account, BOT, PayProvider::Yookassa, &Package::DEFAULT[0]).await
    }

    /// One look at whatever is due; `false`: nothing was.
    async fn keep(&self) -> Result<bool, StoreError> {
        let claim = PaymentClaim { bot: BOT, limit: 4, lease: LEASE };
        let taken = self.payments.payments_claim(&claim).await?;
        for payment in &taken {
            let (told, next) = match self.cashier.tend(payment).await {
                PaymentDue::Tell => (Some(payment.state), None),
                PaymentDue::Later(next) => (None, next),
                PaymentDue::Amiss(alarm, _) => panic!("{alarm:?}"),
            };
            let settle = PaymentSettle { id: payment.id, epoch: payment.epoch, told, next };
            if self.payments.payment_settle(&settle).await? && told.is_some() {
                self.points.before("tell");
                append(&self.told, payment.state.as_str());
                self.points.after("tell");
            }
        }
        Ok(!taken.is_empty())
    }

    /// Goes on until the person was told that the money is back. What is paid is given back by an operator.
    async fn live(&self, payment: &Payment, clock: &SystemClock) -> Result<(), CashierError> {
        let provider_id = payment.provider_id.clone();
        let hint = PaymentHint { id: Some(payment.id), provider_id };
        loop {
            let row = self.payments.payment_get(payment.id).await?.ok_or(CashierError::Missing)?;
            match (row.state, row.told) {
                (PaymentState::Refunded, PaymentState::Refunded) => return Ok(()),
                (PaymentState::Paid, PaymentState::Paid) => {
                    self.cashier.refund(row.id, "ops:crash", "asked").await?;
                }
                _ => {}
            }
            if !self.keep().await? {
                // Somebody says all the time that there is news.
                self.inner.payment_wake(PayProvider::Yookassa, &hint).await?;
                clock.sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name: &'static str| arguments.next().ok_or(name);
    let (folder, store) = (PathBuf::from(argument("FOLDER")?), argument("STORE")?);
    let (yookassa, later) = (argument("YOOKASSA")?, argument("LATER")?);
    let points = Arc::new(Points::new(&folder, argument("POINT").ok()));
    let clock: Arc<dyn Clock> = Arc::new(LaterClock::by(&later)?);
    let (store, inner) = open(&store, clock.clone()).await?;
    let account: AccountKey = "telegram:42".parse()?;
    let open = AccountOpen { account: account.clone(), credit_limit: Credits::ZERO, bonus: None };
    store.account_open(&open).await?;
    let payments = Arc::new(MortalPayments { inner: inner.clone(), points: points.clone() });
    let till = Yookassa::builder("100500", "test_canary-of-the-shop").base_url(yookassa).build()?;
    let till = MortalTill { inner: till, points: points.clone() };
    let cashier = Cashier::new(payments.clone(), clock, Entropy::from_os()).with(Arc::new(till));
    let keeper = Keeper { cashier, payments, inner, points, told: folder.join("told") };
    let payment = keeper.bill(&account).await?;
    Ok(keeper.live(&payment, &SystemClock::new()).await?)
}
