//! Two senders, one notice.

use std::sync::Arc;

use neurocards_core::{Notice, NoticeClaim, NoticeOutcome, NoticeSettle, NoticeState, Store};

use crate::{Arena, race};

async fn take(store: Arc<dyn Store>, claim: NoticeClaim) -> Vec<Notice> {
    store.notices_claim(&claim).await.unwrap()
}

/// Each notice goes to one of two senders.
pub(crate) async fn g8_sender_and_sender(arena: &Arena) {
    let account = arena.world.account("telegram:7", i64::from(arena.rounds) * 3).await;
    for round in 0..arena.rounds {
        for _ in 0..3 {
            arena.world.place(&account, 1).await;
        }
        let (a, b) = arena.stores();
        let claim = arena.world.notice_claim();
        let (one, other) = race(round, take(a, claim.clone()), take(b, claim)).await;
        let mut ids: Vec<_> = one.iter().chain(&other).map(|notice| notice.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), one.len() + other.len()), (3, 3), "round {round}");
    }
}

/// A sender's answer comes as its lease ends and the next sender looks: it is written down, or the notice is in doubt.
/// It is never sent again.
pub(crate) async fn g3_late_answer_and_next_sender(arena: &Arena) {
    let account = arena.world.account("telegram:7", i64::from(arena.rounds)).await;
    for round in 0..arena.rounds {
        let job = arena.world.place(&account, 1).await.jobs.remove(0).id;
        let claim = arena.world.notice_claim();
        let taken = take(arena.other.clone(), claim.clone()).await.remove(0);
        arena.world.clock.advance(claim.lease);
        let outcome = NoticeOutcome::Sent { receipt: None };
        let settle = NoticeSettle { id: taken.id, epoch: taken.lease_epoch, outcome };
        let (a, b) = arena.stores();
        let settling = async move { a.notice_settle(&settle).await.unwrap() };
        let (settled, again) = race(round, settling, take(b, claim)).await;
        assert_eq!(again, [], "round {round}: sent again");
        let notice = arena.world.history(job).await.notices.remove(0);
        let expect = if settled { NoticeState::Sent } else { NoticeState::Unknown };
        assert_eq!((notice.state, notice.sends), (expect, 1), "round {round}");
    }
}
