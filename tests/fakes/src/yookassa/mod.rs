//! The fake YooKassa: payments, refunds, and the notifications about them.

mod books;
mod check;
mod error;
mod hint;
mod host;

use std::sync::Arc;

use serde_json::{Value, json};

pub use hint::Hint;

use crate::clock::Clock;
use crate::fault::Fault;
use crate::journal::Journal;
use crate::script::{Script, When};
use crate::secret::Secret;
use crate::server::House;
use crate::violation::{Rule, Violation, Violations, assert_none};
use books::{Books, Status};
use host::{Desk, YookassaHost};

/// YooKassa on this machine: a shop, and the people who pay.
///
/// It checks requests by the service's reference: basic auth, the key of idempotence (24 hours by the fake's clock; the
/// same key for something else is refused), decimal amounts, fields that exist. What a person does on the page of a
/// payment, a test says with [`pays`](Self::pays) and its neighbours.
///
/// ```
/// use neurocards_fakes::yookassa::YookassaFake;
/// use neurocards_fakes::{Call, Fault, When};
///
/// let fake = YookassaFake::builder().start();
/// // The payment is made, and nobody hears of it.
/// fake.script(When::call(Call::PaymentCreate).first(1), Fault::lost_reply());
/// // By the documents a 500 may mean the same.
/// fake.script(When::call(Call::RefundCreate), Fault::yookassa_server_error().after_it_was_done());
/// assert!(fake.payments().is_empty());
/// ```
#[derive(Debug)]
pub struct YookassaFake {
    host: Arc<YookassaHost>,
    house: House,
}

/// Sets up a [`YookassaFake`].
#[derive(Debug)]
pub struct YookassaBuilder {
    clock: Clock,
    journal: Journal,
    receipts: bool,
    paid_when_read: bool,
    seed: u64,
}

impl YookassaBuilder {
    /// The time that it lives in; the machine's unless said otherwise.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// A journal that other fakes write too.
    #[must_use]
    pub fn journal(mut self, journal: Journal) -> Self {
        self.journal = journal;
        self
    }

    /// The shop must send receipts, as the law wants of some.
    #[must_use]
    pub fn receipts(mut self) -> Self {
        self.receipts = true;
        self
    }

    /// People pay when their payment is read: for a test that cannot say when.
    #[must_use]
    pub fn paid_when_read(mut self) -> Self {
        self.paid_when_read = true;
        self
    }

    /// Where its ids and the script's chances come from.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Starts it. It listens and answers when this returns.
    ///
    /// # Panics
    /// This machine gives no port.
    pub fn start(self) -> YookassaFake {
        let Self { clock, journal, receipts, paid_when_read, seed } = self;
        let desk = Desk {
            books: Books::new(YookassaFake::SHOP.to_owned(), receipts, clock, seed),
            paid_when_read,
            secret: Secret(YookassaFake::SECRET.to_owned()),
            faults: Script::new(seed),
            violations: Violations::default(),
        };
        let (house, host) = House::open(1, |_| Arc::new(YookassaHost::new(desk, journal)));
        YookassaFake { host, house }
    }
}

impl YookassaFake {
    /// The shop's number.
    pub const SHOP: &str = "100500";
    /// The shop's secret.
    pub const SECRET: &str = "test_canary-of-the-shop";

    /// Begins to set one up.
    pub fn builder() -> YookassaBuilder {
        YookassaBuilder {
            clock: Clock::system(),
            journal: Journal::new(),
            receipts: false,
            paid_when_read: false,
            seed: 1,
        }
    }

    /// The address, with `/v3`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v3", self.house.addr(0))
    }

    /// The settings that point neurocards at this fake.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        vec![
            ("YOOKASSA_SHOP_ID", Self::SHOP.to_owned()),
            ("YOOKASSA_SECRET_KEY", Self::SECRET.to_owned()),
            ("YOOKASSA_BASE_URL", self.base_url()),
        ]
    }

    /// Adds a line to the script. Earlier lines win.
    pub fn script(&self, when: When, fault: Fault) {
        self.host.desk().faults.add(when, fault);
    }

    /// Every payment as `GET /v3/payments/{id}` shows it, the oldest first.
    pub fn payments(&self) -> Vec<Value> {
        let desk = self.host.desk();
        desk.books.payments.iter().map(|payment| payment.shown(&desk.books.shop)).collect()
    }

    /// The ids of the payments, the oldest first.
    pub fn ids(&self) -> Vec<String> {
        self.host.desk().books.payments.iter().map(|payment| payment.id.clone()).collect()
    }

    /// What was asked for when this payment was made.
    ///
    /// # Panics
    /// There is no such payment.
    pub fn asked(&self, id: &str) -> Value {
        self.host.desk().books.payment(id).expect("a payment").asked().clone()
    }

    /// Every refund as `GET /v3/refunds/{id}` shows it, the oldest first.
    pub fn refunds(&self) -> Vec<Value> {
        self.host.desk().books.refunds.iter().map(books::Refund::shown).collect()
    }

    /// The person pays on the page.
    ///
    /// # Panics
    /// There is no such payment, or it cannot be paid.
    pub fn pays(&self, id: &str) {
        self.host.desk().books.pays(id, None);
        self.host.journal.stir();
    }

    /// Another amount is paid than was asked for.
    ///
    /// # Panics
    /// As [`pays`](Self::pays).
    pub fn pays_other(&self, id: &str, value: &str, currency: &str) {
        self.host.desk().books.pays(id, Some(json!({ "value": value, "currency": currency })));
        self.host.journal.stir();
    }

    /// The money is authorized, and not taken yet.
    ///
    /// # Panics
    /// There is no such payment.
    pub fn holds(&self, id: &str) {
        self.host.desk().books.payment(id).expect("a payment").status = Status::WaitingForCapture;
    }

    /// It ends unpaid: the bank said no.
    ///
    /// # Panics
    /// There is no such payment.
    pub fn cancels(&self, id: &str) {
        self.ends(id, "payment_network", "insufficient_funds");
    }

    /// Nobody paid in time.
    ///
    /// # Panics
    /// There is no such payment.
    pub fn expires(&self, id: &str) {
        self.ends(id, "yoo_money", "expired_on_confirmation");
    }

    fn ends(&self, id: &str, party: &'static str, reason: &str) {
        let mut desk = self.host.desk();
        let payment = desk.books.payment(id).expect("a payment");
        (payment.status, payment.cancelled) = (Status::Canceled, Some((party, reason.to_owned())));
    }

    /// The shop gives so many kopecks back by hand, in its own cabinet.
    ///
    /// # Panics
    /// There is no such payment.
    pub fn gives_back(&self, id: &str, kopecks: i64) {
        self.host.desk().books.payment(id).expect("a payment").refunded += kopecks;
    }

    /// Refunds from now on end like this: `succeeded`, `pending`, `canceled`; those under way do too.
    pub fn refunds_end(&self, status: &'static str) {
        self.host.desk().books.end_refunds(status);
    }

    /// The notification about a payment as it stands.
    ///
    /// # Panics
    /// There is no such payment.
    pub fn hint(&self, id: &str) -> Hint {
        let mut desk = self.host.desk();
        let shop = desk.books.shop.clone();
        let object = desk.books.payment(id).expect("a payment").shown(&shop);
        let event = format!("payment.{}", object["status"].as_str().unwrap_or_default());
        Hint {
            body: json!({ "type": "notification", "event": event, "object": object }),
            raw: None,
            journal: self.host.journal.clone(),
            at_ms: self.host.clock.now_ms(),
        }
    }

    /// What was asked, and what was answered.
    pub fn log(&self) -> Journal {
        self.host.journal.clone()
    }

    /// Does not count a breach of this rule as a violation, before or after.
    pub fn allow(&self, rule: Rule) {
        self.host.desk().violations.allow(rule);
    }

    /// What clients did that the service does not allow.
    pub fn violations(&self) -> Vec<Violation> {
        self.host.desk().violations.list()
    }

    /// Ends the test if a client did what the service does not allow.
    ///
    /// # Panics
    /// One did; the message lists what, and the journal.
    pub fn assert_clean(&self) {
        assert_none("YooKassa", &self.violations(), &self.log().lines());
    }
}

impl Drop for YookassaFake {
    fn drop(&mut self) {
        // A test that fails already says more by itself.
        if !std::thread::panicking() {
            self.assert_clean();
        }
    }
}
