//! Accounts and the ledger.

use neurocards_core::{
    AccountKey, AccountOpen, Credits, CreditsPost, EntryKind, LedgerEntry, LedgerFilter, Posted, StoreError,
};

use super::World;
use crate::sample;

fn post(world: &World, account: &AccountKey, kind: EntryKind, amount: i64) -> CreditsPost {
    CreditsPost {
        id: world.ids.entry(),
        kind,
        account: account.clone(),
        amount: Credits(amount),
        reference: None,
        reason: Some("a reason".to_owned()),
        actor: Some("operator:1".to_owned()),
    }
}

async fn entries(world: &World, filter: LedgerFilter) -> Vec<LedgerEntry> {
    world.store.ledger_list(&filter).await.unwrap()
}

/// The bonus comes once; the second opening changes nothing.
pub async fn opening_twice_gives_one_bonus(world: &World) {
    let open = |limit, bonus| AccountOpen {
        account: sample::account("telegram:1"),
        credit_limit: Credits(limit),
        bonus: Some((world.ids.entry(), Credits(bonus))),
    };
    let first = world.store.account_open(&open(3, 2)).await.unwrap();
    assert_eq!((first.available, first.held, first.credit_limit), (Credits(2), Credits(0), Credits(3)));
    assert_eq!(first.created_at, world.now().await);
    world.pass(10);
    let second = world.store.account_open(&open(9, 7)).await.unwrap();
    assert_eq!(second, first);
    assert_eq!(world.store.account_get(&first.key).await.unwrap(), Some(first.clone()));
    let all = entries(world, LedgerFilter { limit: 10, ..LedgerFilter::default() }).await;
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].kind, all[0].amount), (EntryKind::Bonus, Credits(2)));
    let poor = AccountOpen { account: sample::account("cli:poor"), credit_limit: Credits(0), bonus: None };
    assert_eq!(world.store.account_open(&poor).await.unwrap().available, Credits::ZERO);
}

/// Reading never makes an account.
pub async fn an_unknown_account_is_none(world: &World) {
    let key = sample::account("telegram:404");
    assert_eq!(world.store.account_get(&key).await.unwrap(), None);
    let error = world.store.credits_post(&post(world, &key, EntryKind::Topup, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::NoAccount { account } if account == key));
}

/// Kinds of jobs, signs, zero and limits are refused; nothing is written then.
pub async fn posts_follow_the_rules(world: &World) {
    let account = world.account("telegram:1", 2).await;
    for (kind, amount) in [
        (EntryKind::Hold, 1),
        (EntryKind::Capture, 1),
        (EntryKind::Release, 1),
        (EntryKind::Topup, 0),
        (EntryKind::Adjust, 0),
        (EntryKind::Topup, -1),
        (EntryKind::Bonus, -1),
        (EntryKind::Revoke, -1),
        (EntryKind::Revoke, 3),
        (EntryKind::Adjust, -3),
        (EntryKind::Adjust, i64::MIN),
        (EntryKind::Topup, i64::MAX),
        (EntryKind::Adjust, 1_000_000_001),
        (EntryKind::Adjust, -1_000_000_001),
    ] {
        let error = world.store.credits_post(&post(world, &account, kind, amount)).await.unwrap_err();
        assert!(matches!(error, StoreError::LedgerRule { .. }), "{kind:?} {amount}: {error:?}");
    }
    assert_eq!(world.balances(&account).await, (2, 0));
    assert_eq!(entries(world, LedgerFilter { limit: 10, ..LedgerFilter::default() }).await.len(), 1);
}

/// The same reference for the same kind answers with the entry from then.
pub async fn h2_a_reference_counts_once(world: &World) {
    let account = world.account("telegram:1", 1).await;
    let with = |kind, amount, reference: &str| CreditsPost {
        reference: Some(reference.to_owned()),
        ..post(world, &account, kind, amount)
    };
    let first = with(EntryKind::Topup, 5, "pay-1");
    let Posted::New(entry) = world.store.credits_post(&first).await.unwrap() else { panic!("new") };
    assert_eq!((entry.id, entry.reference.as_deref()), (first.id, Some("pay-1")));
    assert_eq!((entry.reason.as_deref(), entry.actor.as_deref()), (Some("a reason"), Some("operator:1")));
    world.pass(5);
    let again = world.store.credits_post(&with(EntryKind::Topup, 50, "pay-1")).await.unwrap();
    assert_eq!(again, Posted::Before(entry));
    assert_eq!(world.balances(&account).await, (6, 0));
    let other_kind = world.store.credits_post(&with(EntryKind::Adjust, 1, "pay-1")).await.unwrap();
    assert!(matches!(other_kind, Posted::New(_)));
    let none = world.store.credits_post(&post(world, &account, EntryKind::Topup, 1)).await.unwrap();
    assert!(matches!(none, Posted::New(_)));
    assert_eq!(world.balances(&account).await, (8, 0));
}

/// Adjustments go either way, revocations out, both down to the limit.
pub async fn credits_move_both_ways(world: &World) {
    let open = AccountOpen { account: sample::account("cli:shop"), credit_limit: Credits(4), bonus: None };
    let account = world.store.account_open(&open).await.unwrap().key;
    for (kind, amount, expect) in [
        (EntryKind::Topup, 10, 10),
        (EntryKind::Adjust, -3, 7),
        (EntryKind::Adjust, 1, 8),
        (EntryKind::Revoke, 10, -2),
        (EntryKind::Adjust, -2, -4),
    ] {
        world.store.credits_post(&post(world, &account, kind, amount)).await.unwrap();
        assert_eq!(world.balances(&account).await, (expect, 0), "{kind:?} {amount}");
    }
    let below = post(world, &account, EntryKind::Adjust, -1);
    assert!(matches!(world.store.credits_post(&below).await, Err(StoreError::LedgerRule { .. })));
}

/// The newest first, by account and by job, as many as asked for.
pub async fn entries_are_listed_newest_first(world: &World) {
    use EntryKind::{Bonus, Hold, Topup};
    let (one, two) = (world.account("telegram:1", 3).await, world.account("telegram:2", 3).await);
    let job = world.place(&one, 2).await.jobs[0].id;
    world.store.credits_post(&post(world, &two, Topup, 1)).await.unwrap();
    let kinds = async |filter: LedgerFilter| -> Vec<_> {
        entries(world, filter).await.into_iter().map(|entry| (entry.account, entry.kind)).collect()
    };
    let all = LedgerFilter { limit: 3, ..LedgerFilter::default() };
    assert_eq!(kinds(all.clone()).await, [(two, Topup), (one.clone(), Hold), (one.clone(), Hold)]);
    let of_account = LedgerFilter { account: Some(one.clone()), limit: 10, ..LedgerFilter::default() };
    let expect = [(one.clone(), Hold), (one.clone(), Hold), (one.clone(), Bonus)];
    assert_eq!(kinds(of_account).await, expect);
    let of_job = LedgerFilter { job: Some(job), limit: 10, ..LedgerFilter::default() };
    let of_job = entries(world, of_job).await;
    assert_eq!(of_job.len(), 1);
    assert_eq!((of_job[0].job_id, of_job[0].kind), (Some(job), Hold));
    assert_eq!(
        (of_job[0].debit.as_str(), of_job[0].credit.as_str()),
        ("telegram:1/available", "telegram:1/held")
    );
    assert_eq!(kinds(LedgerFilter { limit: 0, ..all }).await, []);
}
