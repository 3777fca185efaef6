//! What can be wrong with the rows of a store, in the words of both databases.

use neurocards_core::{
    BotId, Clock, Credits, EntryId, ManualClock, PayProvider, PaymentChange, PaymentId, PaymentNew, Payments,
    Price, Store,
};

/// What is done, and what must be found; other findings may come with it.
pub(crate) type Damage = (&'static str, &'static str);

/// How many invariants there are.
pub(crate) const INVARIANTS: usize = 27;

/// Damage to everything but the books, which each database keeps in its own way.
pub(crate) const SHARED: &[Damage] = &[
    (
        "UPDATE ledger SET debit = 'house:revenue' WHERE kind = 'release' OR kind = 'revoke'",
        "an entry moves credits between the books of its kind",
    ),
    (
        "UPDATE ledger SET credit = 'x:y/available' WHERE kind = 'topup'",
        "an entry moves credits between the books of its kind",
    ),
    (
        "UPDATE ledger SET credit = account || '/available' WHERE kind = 'capture'",
        "an entry moves credits between the books of its kind",
    ),
    ("UPDATE ledger SET amount = 9 WHERE kind = 'hold'", "an entry of a job has the job's account and price"),
    (
        "UPDATE ledger SET account = 'x:y' WHERE kind = 'capture'",
        "an entry of a job has the job's account and price",
    ),
    ("UPDATE orders SET count = 2", "an order has as many jobs as videos"),
    ("UPDATE orders SET account = 'x:y'", "a job belongs to its order's account"),
    ("DELETE FROM ledger WHERE kind = 'hold'", "every job has exactly one hold"),
    ("DELETE FROM ledger WHERE kind = 'capture'", "a final job has one capture or release, any other none"),
    (
        "UPDATE ledger SET kind = 'capture' WHERE kind = 'hold'",
        "a final job has one capture or release, any other none",
    ),
    ("UPDATE ledger SET kind = 'release' WHERE kind = 'capture'", "captured means done, with an artifact"),
    ("DELETE FROM artifacts", "captured means done, with an artifact"),
    (
        "INSERT INTO artifacts (job_id, artifact, created_at) SELECT id, '{}', created_at FROM jobs WHERE stage = 'wait'",
        "captured means done, with an artifact",
    ),
    (
        "UPDATE attempts SET state = 'intent', job_id = (SELECT id FROM jobs LIMIT 1)",
        "a job has at most one live attempt",
    ),
    (
        "UPDATE attempts SET state = 'abandoned', job_id = (SELECT id FROM jobs LIMIT 1)",
        "a job has at most one attempt that may be charged",
    ),
    ("UPDATE attempts SET state = 'unknown'", "a final job has no live attempt"),
    ("UPDATE jobs SET attempts = attempts + 1", "a job counts its attempts"),
    ("UPDATE attempts SET seq = seq + 1", "a job counts its attempts"),
    ("UPDATE jobs SET model = 'other' WHERE stage = 'wait'", "a job has the model of its latest attempt"),
    ("UPDATE attempts SET model = 'other'", "a job has the model of its latest attempt"),
    ("UPDATE attempts SET task_id = 'same'", "a task belongs to one attempt"),
    ("UPDATE jobs SET wake_at = NULL WHERE stage = 'wait'", "an unfinished job has an owner or a timer"),
    (
        "UPDATE jobs SET wake_at = created_at WHERE stage = 'done'",
        "an unfinished job has an owner or a timer",
    ),
    (
        "UPDATE jobs SET finished_at = NULL WHERE stage = 'done'",
        "a final job has its end, and nobody owns it",
    ),
    ("UPDATE jobs SET lease_owner = 'w' WHERE stage = 'done'", "a final job has its end, and nobody owns it"),
    ("UPDATE jobs SET price = 0", "a price is positive"),
    ("UPDATE jobs SET stage = 'store' WHERE stage = 'wait'", "every stage is in the history"),
    ("DELETE FROM events", "every stage is in the history"),
    ("UPDATE events SET epoch = 0 WHERE stage = 'done'", "the epochs of a history never fall"),
    ("UPDATE jobs SET lease_epoch = 0", "the epochs of a history never fall"),
    ("DELETE FROM notices WHERE kind = 'result'", "a final job has told its buyer"),
    (
        "UPDATE notices SET account = 'x:y' WHERE kind = 'result'",
        "a notice goes to the account of its subject",
    ),
    (
        "UPDATE notices SET subject_id = id WHERE kind = 'result'",
        "a notice goes to the account of its subject",
    ),
    (
        "UPDATE notices SET subject_id = id WHERE kind = 'started'",
        "a notice goes to the account of its subject",
    ),
    ("DELETE FROM ledger WHERE reference = 'stars:c1'", "a paid payment has its credits in the ledger"),
    ("UPDATE payments SET credits = 6 WHERE state = 'paid'", "a paid payment has its credits in the ledger"),
    ("DELETE FROM ledger WHERE reference = 'stars:c2/1'", "a refund took back what it says"),
    ("UPDATE payments SET taken_back = 4 WHERE state = 'refunded'", "a refund took back what it says"),
    ("DELETE FROM payments WHERE state = 'paid'", "credits that were paid for have their payment"),
    (
        "UPDATE payments SET state = 'pending' WHERE state = 'paid'",
        "credits that were paid for have their payment",
    ),
];

/// One payment that is paid, and one that was given back.
pub(crate) async fn pay<T: Store + Payments>(store: &T, clock: &ManualClock) {
    for (seed, charge) in [(1, "c1"), (2, "c2")] {
        let new = PaymentNew {
            id: PaymentId::new(clock.now(), [seed; 10]),
            account: "telegram:7".parse().unwrap(),
            bot: BotId(7),
            provider: PayProvider::Stars,
            credits: Credits(5),
            price: Price { amount: 250, currency: PayProvider::Stars.currency() },
        };
        let id = store.payment_open(&new).await.unwrap().id;
        let entry = EntryId::new(clock.now(), [seed; 10]);
        store
            .payment_apply(id, &PaymentChange::Paid { provider_id: charge.to_owned(), entry })
            .await
            .unwrap();
        if charge == "c2" {
            let (entry, actor) = (EntryId::new(clock.now(), [9; 10]), "telegram:1".to_owned());
            let refunding = PaymentChange::Refunding { entry, actor, reason: "asked".to_owned() };
            store.payment_apply(id, &refunding).await.unwrap();
            store.payment_apply(id, &PaymentChange::Refunded).await.unwrap();
        }
    }
}
