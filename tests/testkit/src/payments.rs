//! The cases that every store of payments passes. One list, [`payment_conformance!`](crate::payment_conformance),
//! expands to one test for each case; each ends with an audit. No backend picks its cases.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use neurocards_core::{
    AccountKey, AccountOpen, BotId, Clock, Credits, CreditsPost, Currency, Entropy, EntryId, EntryKind,
    LedgerFilter, ManualClock, PayProvider, Payment, PaymentChange, PaymentClaim, PaymentFilter, PaymentHint,
    PaymentId, PaymentNew, PaymentOutcome, PaymentSettle, PaymentState, Payments, Price, Span, Store,
    StoreError, Taken, Timestamp,
};

/// A fresh store for one case.
pub struct Fixture {
    /// The ledger, empty.
    pub store: Arc<dyn Store>,
    /// The payments of the same store.
    pub payments: Arc<dyn Payments>,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// What must live as long as the store.
    pub keep: Box<dyn Any + Send + Sync>,
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fixture").field("payments", &self.payments).finish_non_exhaustive()
    }
}

/// What a case stands in: one account, without credits.
#[derive(Debug)]
pub struct World {
    /// The ledger.
    pub store: Arc<dyn Store>,
    /// The payments.
    pub payments: Arc<dyn Payments>,
    clock: Arc<ManualClock>,
    entropy: Entropy,
    account: AccountKey,
}

const BOT: BotId = BotId(700);
const LEASE: Duration = Duration::from_secs(60);

/// Runs one case on a fresh store. The books are right at its end.
pub async fn run(fixture: Fixture, case: impl AsyncFnOnce(&World)) {
    let Fixture { store, payments, clock, keep } = fixture;
    let account: AccountKey = "telegram:42".parse().unwrap();
    let world = World { store, payments, clock, entropy: Entropy::seeded(7), account };
    let open = AccountOpen { account: world.account.clone(), credit_limit: Credits::ZERO, bonus: None };
    world.store.account_open(&open).await.unwrap();
    case(&world).await;
    assert_eq!(world.store.audit().await.unwrap(), []);
    drop(keep);
}

impl World {
    fn entry(&self) -> EntryId {
        EntryId::new(self.clock.now(), self.entropy.id_bytes())
    }

    /// Five credits for 250 Stars.
    pub fn new_payment(&self, provider: PayProvider) -> PaymentNew {
        PaymentNew {
            id: PaymentId::new(self.clock.now(), self.entropy.id_bytes()),
            account: self.account.clone(),
            bot: BOT,
            provider,
            credits: Credits(5),
            price: Price { amount: 250, currency: provider.currency() },
        }
    }

    /// Opens one in Stars.
    pub async fn open(&self) -> Payment {
        self.payments.payment_open(&self.new_payment(PayProvider::Stars)).await.unwrap()
    }

    /// Says that it is paid.
    pub fn money(&self, charge: &str) -> PaymentChange {
        PaymentChange::Paid { provider_id: charge.to_owned(), entry: self.entry() }
    }

    fn refunding(&self) -> PaymentChange {
        PaymentChange::Refunding { entry: self.entry(), actor: "telegram:1".into(), reason: "asked".into() }
    }

    async fn apply(&self, id: PaymentId, change: PaymentChange) -> PaymentOutcome {
        self.payments.payment_apply(id, &change).await.unwrap()
    }

    async fn applied(&self, id: PaymentId, change: PaymentChange) -> Payment {
        let outcome = self.apply(id, change).await;
        let PaymentOutcome::Applied(payment) = outcome else { panic!("{outcome:?}") };
        assert_eq!(self.payments.payment_get(id).await.unwrap().as_ref(), Some(&payment));
        payment
    }

    async fn balance(&self) -> i64 {
        self.store.account_get(&self.account).await.unwrap().unwrap().available.0
    }

    async fn spend(&self, credits: i64) {
        let post = CreditsPost {
            id: self.entry(),
            kind: EntryKind::Adjust,
            account: self.account.clone(),
            amount: Credits(-credits),
            reference: None,
            reason: None,
            actor: None,
        };
        self.store.credits_post(&post).await.unwrap();
    }

    async fn entries(&self) -> Vec<(EntryKind, i64, Option<String>)> {
        let filter =
            LedgerFilter { account: Some(self.account.clone()), limit: 20, ..LedgerFilter::default() };
        let entries = self.store.ledger_list(&filter).await.unwrap();
        entries.into_iter().rev().map(|entry| (entry.kind, entry.amount.0, entry.reference)).collect()
    }

    async fn claim(&self) -> Vec<Payment> {
        let claim = PaymentClaim { bot: BOT, limit: 10, lease: LEASE };
        self.payments.payments_claim(&claim).await.unwrap()
    }

    async fn settle(&self, payment: &Payment, told: Option<PaymentState>, next: Option<Duration>) -> bool {
        let settle = PaymentSettle { id: payment.id, epoch: payment.epoch, told, next };
        self.payments.payment_settle(&settle).await.unwrap()
    }
}

/// Our row is there before anything else, and pressing twice finds it.
pub async fn pressing_twice_is_one_payment(world: &World) {
    let first = world.open().await;
    assert_eq!(
        (first.state, first.told, first.provider_id.as_deref()),
        (PaymentState::Pending, PaymentState::Pending, None)
    );
    assert_eq!(world.payments.payment_get(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(world.open().await, first);
    let other = PaymentNew { credits: Credits(10), ..world.new_payment(PayProvider::Stars) };
    let other = world.payments.payment_open(&other).await.unwrap();
    let dearer = PaymentNew {
        price: Price { amount: 251, currency: Currency::Xtr },
        ..world.new_payment(PayProvider::Stars)
    };
    let dearer = world.payments.payment_open(&dearer).await.unwrap();
    let roubles = world.payments.payment_open(&world.new_payment(PayProvider::Yookassa)).await.unwrap();
    let ids = std::collections::BTreeSet::from([first.id, other.id, dearer.id, roubles.id]);
    assert_eq!(ids.len(), 4);
    let filter = PaymentFilter { account: Some(world.account.clone()), limit: 3 };
    let listed = world.payments.payments_list(&filter).await.unwrap();
    assert!(listed.len() == 3 && listed.is_sorted_by(|a, b| a.id > b.id));
    // Once it is over, a new one is another one.
    world.applied(first.id, PaymentChange::Expired).await;
    assert_ne!(world.open().await.id, first.id);
    assert_eq!(world.entries().await, []);
}

/// Nobody, nothing, and other currencies are refused.
pub async fn what_cannot_be_paid_is_not_opened(world: &World) {
    let good = world.new_payment(PayProvider::Stars);
    let nobody = PaymentNew { account: "telegram:43".parse().unwrap(), ..good.clone() };
    assert!(matches!(world.payments.payment_open(&nobody).await, Err(StoreError::NoAccount { .. })));
    let rub = Price { amount: 250, currency: Currency::Rub };
    let free = Price { amount: 0, currency: Currency::Xtr };
    for bad in [
        PaymentNew { credits: Credits(0), ..good.clone() },
        PaymentNew { credits: Credits(-5), ..good.clone() },
        PaymentNew { price: rub, ..good.clone() },
        PaymentNew { price: free, ..good },
    ] {
        assert!(matches!(world.payments.payment_open(&bad).await, Err(StoreError::LedgerRule { .. })));
    }
}

/// Row and credits in one transaction; said again, nothing happens.
pub async fn money_is_credited_once(world: &World) {
    let payment = world.open().await;
    world.clock.advance(Duration::from_secs(5));
    let paid = world.applied(payment.id, world.money("c1")).await;
    assert_eq!((paid.state, paid.provider_id.as_deref()), (PaymentState::Paid, Some("c1")));
    assert_eq!((paid.paid_at, paid.wake_at), (Some(world.clock.now()), Some(world.clock.now())));
    assert!(paid.is_to_be_told());
    for _ in 0..3 {
        assert_eq!(world.apply(payment.id, world.money("c1")).await, PaymentOutcome::Before(paid.clone()));
    }
    assert_eq!(world.balance().await, 5);
    assert_eq!(world.entries().await, [(EntryKind::Topup, 5, Some("stars:c1".to_owned()))]);
    let found = world.payments.payment_known_as(PayProvider::Stars, "c1").await.unwrap();
    assert_eq!(found, Some(paid));
    assert_eq!(world.payments.payment_known_as(PayProvider::Yookassa, "c1").await.unwrap(), None);
}

/// Many at once, each with an entry of its own.
pub async fn money_that_comes_ten_times_at_once_is_credited_once(world: &World) {
    let payment = world.open().await;
    let says: Vec<_> = (0..10)
        .map(|_| {
            let (payments, change) = (world.payments.clone(), world.money("c1"));
            tokio::spawn(async move { payments.payment_apply(payment.id, &change).await.unwrap() })
        })
        .collect();
    let mut applied = 0;
    for said in says {
        applied += usize::from(matches!(said.await.unwrap(), PaymentOutcome::Applied(_)));
    }
    assert_eq!((applied, world.balance().await), (1, 5));
}

/// A charge belongs to one payment, and a payment to one charge.
pub async fn a_charge_pays_for_one_payment(world: &World) {
    let first = world.open().await;
    let paid = world.applied(first.id, world.money("c1")).await;
    assert_eq!(world.apply(first.id, world.money("c2")).await, PaymentOutcome::Refused(paid));
    let second = world.open().await;
    assert_ne!(second.id, first.id);
    assert_eq!(world.apply(second.id, world.money("c1")).await, PaymentOutcome::Taken(first.id));
    assert_eq!(world.balance().await, 5);
    let missing = world.new_payment(PayProvider::Stars).id;
    assert_eq!(world.apply(missing, world.money("c3")).await, PaymentOutcome::Missing);
}

/// A provider's own id is there before the money, and cannot be changed.
pub async fn a_registered_payment_keeps_its_id(world: &World) {
    let payment = world.payments.payment_open(&world.new_payment(PayProvider::Yookassa)).await.unwrap();
    let register = |id: &str| PaymentChange::Registered {
        provider_id: id.to_owned(),
        page: Some("https://pay.example/1".to_owned()),
    };
    let registered = world.applied(payment.id, register("y1")).await;
    assert_eq!(registered.page.as_deref(), Some("https://pay.example/1"));
    assert_eq!(world.apply(payment.id, register("y1")).await, PaymentOutcome::Before(registered.clone()));
    assert_eq!(world.apply(payment.id, register("y2")).await, PaymentOutcome::Refused(registered.clone()));
    assert_eq!(world.apply(payment.id, world.money("y2")).await, PaymentOutcome::Refused(registered));
    world.applied(payment.id, world.money("y1")).await;
    assert_eq!(world.balance().await, 5);
}

/// What ended unpaid credits nothing; money that comes all the same is not lost.
pub async fn money_after_the_end_is_credited(world: &World) {
    for (end, state, charge) in [
        (PaymentChange::Cancelled, PaymentState::Cancelled, "c1"),
        (PaymentChange::Expired, PaymentState::Expired, "c2"),
    ] {
        let payment = world.open().await;
        let ended = world.applied(payment.id, end.clone()).await;
        assert_eq!(ended.state, state);
        assert_eq!(world.apply(payment.id, end).await, PaymentOutcome::Before(ended));
        world.applied(payment.id, world.money(charge)).await;
        let late = world.apply(payment.id, PaymentChange::Cancelled).await;
        assert!(matches!(late, PaymentOutcome::Refused(_)), "{late:?}");
    }
    assert_eq!(world.balance().await, 10);
}

/// Credits go first, then the money; said again, nothing happens.
pub async fn a_refund_takes_the_credits_once(world: &World) {
    let payment = world.open().await;
    let refused = world.apply(payment.id, world.refunding()).await;
    assert!(matches!(refused, PaymentOutcome::Refused(_)), "nothing was paid: {refused:?}");
    world.applied(payment.id, world.money("c1")).await;
    let refunding = world.applied(payment.id, world.refunding()).await;
    assert_eq!((refunding.state, refunding.taken_back), (PaymentState::Refunding, Credits(5)));
    assert_eq!(refunding.refunded_by, Some(("telegram:1".to_owned(), "asked".to_owned())));
    assert_eq!(world.balance().await, 0);
    assert_eq!(world.apply(payment.id, world.refunding()).await, PaymentOutcome::Before(refunding));
    let refunded = world.applied(payment.id, PaymentChange::Refunded).await;
    assert!(refunded.is_to_be_told());
    let again = world.apply(payment.id, PaymentChange::Refunded).await;
    assert_eq!(again, PaymentOutcome::Before(refunded.clone()));
    assert_eq!(world.apply(payment.id, world.money("c1")).await, PaymentOutcome::Before(refunded));
    assert_eq!(
        world.entries().await,
        [
            (EntryKind::Topup, 5, Some("stars:c1".to_owned())),
            (EntryKind::Revoke, 5, Some("stars:c1/1".to_owned())),
        ]
    );
}

/// Nobody falls below zero: what is spent stays spent, and the row says how much was taken.
pub async fn a_refund_takes_what_is_left(world: &World) {
    for (spent, charge) in [(3, "c1"), (5, "c2")] {
        let payment = world.open().await;
        world.applied(payment.id, world.money(charge)).await;
        world.spend(spent).await;
        let refunding = world.applied(payment.id, world.refunding()).await;
        assert_eq!(refunding.taken_back, Credits(5 - spent));
        world.applied(payment.id, PaymentChange::Refunded).await;
        assert_eq!(world.balance().await, 0);
    }
}

/// What buyers paid is told beside what of it went back.
pub async fn a_span_tells_what_was_paid(world: &World) {
    for (charge, refunded) in [("c1", false), ("c2", true)] {
        let payment = world.open().await;
        world.applied(payment.id, world.money(charge)).await;
        if refunded {
            world.applied(payment.id, world.refunding()).await;
        }
    }
    world.open().await;
    let now = world.store.now().await.unwrap();
    let until = now + Duration::from_secs(1);
    let told = world.store.stats(&Span { since: Timestamp::UNIX_EPOCH, until }).await.unwrap();
    let paid = Price { amount: 500, currency: Currency::Xtr };
    let taken = Taken { provider: PayProvider::Stars, payments: 2, paid, refunded: 250 };
    assert_eq!(told.payments, [taken]);
    let later = Span { since: until, until: until + Duration::from_secs(1) };
    assert_eq!(world.store.stats(&later).await.unwrap().payments, []);
}

/// The provider keeps the money: the credits return, and it may be tried again.
pub async fn a_refused_refund_returns_the_credits(world: &World) {
    let payment = world.open().await;
    world.applied(payment.id, world.money("c1")).await;
    for balance in [5, 5] {
        world.applied(payment.id, world.refunding()).await;
        assert_eq!(world.balance().await, 0);
        let returned = PaymentChange::RefundRefused { entry: world.entry() };
        let paid = world.applied(payment.id, returned.clone()).await;
        assert_eq!((paid.state, paid.taken_back, &paid.refunded_by), (PaymentState::Paid, Credits(0), &None));
        assert_eq!(world.apply(payment.id, returned).await, PaymentOutcome::Before(paid));
        assert_eq!(world.balance().await, balance);
        assert_eq!(world.store.audit().await.unwrap(), []);
    }
    world.applied(payment.id, world.refunding()).await;
    assert_eq!(world.applied(payment.id, PaymentChange::Refunded).await.refunds, 3);
}

/// Due payments are taken by one keeper of their bot, and again when its lease is over.
pub async fn due_payments_are_claimed(world: &World) {
    let payment = world.open().await;
    assert_eq!(world.claim().await, [], "whoever opened it has a headstart");
    world.clock.advance(Duration::from_secs(20));
    let other = PaymentClaim { bot: BotId(701), limit: 10, lease: LEASE };
    assert_eq!(world.payments.payments_claim(&other).await.unwrap(), []);
    let [taken] = world.claim().await.try_into().unwrap();
    assert_eq!((taken.id, taken.epoch), (payment.id, payment.epoch + 1));
    assert_eq!(world.claim().await, []);
    world.clock.advance(LEASE);
    let [again] = world.claim().await.try_into().unwrap();
    assert!(!world.settle(&taken, None, None).await, "somebody else has it");
    assert!(world.settle(&again, None, Some(Duration::from_secs(5))).await);
    assert_eq!(world.claim().await, []);
    world.clock.advance(Duration::from_secs(5));
    let [last] = world.claim().await.try_into().unwrap();
    assert!(world.settle(&last, None, None).await);
    world.clock.advance(Duration::from_secs(1_000));
    assert_eq!(world.claim().await, []);
}

/// What changed meanwhile is not settled away, and a person is told once.
pub async fn news_is_not_settled_away(world: &World) {
    let payment = world.open().await;
    world.clock.advance(Duration::from_secs(20));
    let [taken] = world.claim().await.try_into().unwrap();
    world.applied(payment.id, world.money("c1")).await;
    assert!(!world.settle(&taken, None, None).await);
    let [paid] = world.claim().await.try_into().unwrap();
    assert!(paid.is_to_be_told());
    assert!(world.settle(&paid, Some(PaymentState::Paid), None).await);
    let told = world.payments.payment_get(payment.id).await.unwrap().unwrap();
    assert!(!told.is_to_be_told() && told.wake_at.is_none());
    assert_eq!(world.claim().await, []);
}

/// A hint by either id makes a payment due; one that names another id, or what is over, wakes nothing.
pub async fn a_hint_wakes_what_can_change(world: &World) {
    let payment = world.payments.payment_open(&world.new_payment(PayProvider::Yookassa)).await.unwrap();
    let wake = async |id: Option<PaymentId>, provider_id: Option<&str>| {
        let hint = PaymentHint { id, provider_id: provider_id.map(str::to_owned) };
        world.payments.payment_wake(PayProvider::Yookassa, &hint).await.unwrap()
    };
    assert!(!wake(None, None).await);
    assert!(!wake(None, Some("y1")).await);
    assert!(wake(Some(payment.id), Some("y1")).await, "it came before the answer of the provider");
    let [taken] = world.claim().await.try_into().unwrap();
    assert!(wake(Some(payment.id), None).await);
    assert!(!world.settle(&taken, None, None).await, "the news is not settled away");
    let register = PaymentChange::Registered { provider_id: "y1".to_owned(), page: None };
    world.applied(payment.id, register).await;
    assert!(!wake(Some(payment.id), Some("y2")).await);
    assert!(wake(None, Some("y1")).await);
    let hint = PaymentHint { id: None, provider_id: Some("y1".to_owned()) };
    assert!(!world.payments.payment_wake(PayProvider::Stars, &hint).await.unwrap());
    world.applied(payment.id, PaymentChange::Cancelled).await;
    assert!(!wake(None, Some("y1")).await);
}

/// Expands to one `#[tokio::test]` for each case. The argument names an async function without arguments that gives a
/// [`Fixture`]; the crate needs `tokio` with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! payment_conformance {
    ($fresh:ident) => {
        $crate::payment_conformance! { @cases $fresh;
            pressing_twice_is_one_payment, what_cannot_be_paid_is_not_opened, money_is_credited_once,
            money_that_comes_ten_times_at_once_is_credited_once, a_charge_pays_for_one_payment,
            a_registered_payment_keeps_its_id, money_after_the_end_is_credited, a_refund_takes_the_credits_once,
            a_refund_takes_what_is_left, a_span_tells_what_was_paid, a_refused_refund_returns_the_credits, due_payments_are_claimed,
            news_is_not_settled_away, a_hint_wakes_what_can_change
        }
    };
    (@cases $fresh:ident; $($case:ident),+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            $crate::payments::run($fresh().await, $crate::payments::$case).await;
        })+
    };
}
