//! Two sessions at the counter.

use neurocards_core::{Claim, ClaimScope, Credits, CreditsPost, EntryKind, JobEventBody, Placement, Posted};
use neurocards_testkit::sample;

use crate::{Arena, claim, place, race};

/// Two clicks on one button.
pub(crate) async fn a2_order_and_order_with_one_key(arena: &Arena) {
    for round in 0..arena.rounds {
        let account = arena.world.account(&format!("telegram:{round}"), 5).await;
        let first = sample::order_new(&arena.world.ids, &account, 2);
        let mut second = sample::order_new(&arena.world.ids, &account, 2);
        second.order.idempotency_key.clone_from(&first.order.idempotency_key);
        let (a, b) = arena.stores();
        match race(round, place(a, first), place(b, second)).await {
            (Placement::New(new), Placement::Existing(old))
            | (Placement::Existing(old), Placement::New(new)) => {
                assert_eq!(new.order.id, old.order.id, "round {round}");
            }
            other => panic!("round {round}: {other:?}"),
        }
        assert_eq!(arena.world.balances(&account).await, (3, 2), "round {round}");
    }
}

/// Two orders, and one credit.
pub(crate) async fn a3_order_and_order_for_the_last_credit(arena: &Arena) {
    for round in 0..arena.rounds {
        let account = arena.world.account(&format!("telegram:{round}"), 1).await;
        let order = || sample::order_new(&arena.world.ids, &account, 1);
        let (a, b) = arena.stores();
        let placed = race(round, place(a, order()), place(b, order())).await;
        assert!(
            matches!(
                placed,
                (Placement::New(_), Placement::NotEnough { .. })
                    | (Placement::NotEnough { .. }, Placement::New(_))
            ),
            "round {round}: {placed:?}"
        );
        assert_eq!(arena.world.balances(&account).await, (0, 1), "round {round}");
    }
}

/// A worker is as fast as the order: what it gets is whole.
pub(crate) async fn a8_order_and_claim(arena: &Arena) {
    let account = arena.world.account("telegram:7", i64::from(arena.rounds) * 2).await;
    for round in 0..arena.rounds {
        let order = sample::order_new(&arena.world.ids, &account, 2);
        let (id, scope) = (order.order.id, ClaimScope::Order(order.order.id));
        let (a, b) = arena.stores();
        let fast = Claim { scope, ..arena.world.claim_of("fast") };
        let (_, claimed) = race(round, place(a.clone(), order.clone()), claim(b.clone(), fast)).await;
        let rest = claim(b, Claim { scope, ..arena.world.claim_of("slow") }).await;
        assert!(claimed.jobs.is_empty() || rest.jobs.is_empty(), "round {round}: all of it, or nothing");
        for job in claimed.jobs.iter().chain(&rest.jobs) {
            assert_eq!((job.order.id, &job.order.brief), (id, &order.order.brief), "round {round}");
            let history = arena.world.history(job.state.job.id).await;
            assert_eq!(history.ledger.len(), 1, "round {round}");
            assert!(matches!(history.events[0].body, JobEventBody::Placed { .. }), "round {round}");
        }
        assert_eq!(claimed.jobs.len() + rest.jobs.len(), 2, "round {round}");
    }
}

/// One payment, or one operator's key, told twice.
pub(crate) async fn h2_post_and_post_with_one_reference(arena: &Arena) {
    for round in 0..arena.rounds {
        let account = arena.world.account(&format!("telegram:{round}"), 0).await;
        let post = || CreditsPost {
            id: arena.world.ids.entry(),
            kind: EntryKind::Adjust,
            account: account.clone(),
            amount: Credits(3),
            reference: Some(format!("ticket-{round}")),
            reason: Some("goodwill".to_owned()),
            actor: Some("cli:ops".to_owned()),
        };
        let ((a, b), first, second) = (arena.stores(), post(), post());
        let posting = async move { a.credits_post(&first).await.unwrap() };
        match race(round, posting, async move { b.credits_post(&second).await.unwrap() }).await {
            (Posted::New(new), Posted::Before(old)) | (Posted::Before(old), Posted::New(new)) => {
                assert_eq!(new, old, "round {round}");
            }
            other => panic!("round {round}: {other:?}"),
        }
        assert_eq!(arena.world.balances(&account).await, (3, 0), "round {round}");
    }
}
