//! The outbox.

use std::time::Duration;

use neurocards_core::{
    Credits, JobId, Notice, NoticeBody, NoticeClaim, NoticeKind, NoticeOutcome, NoticeSettle, NoticeState,
    Stage, Transition, Wake,
};

use super::{Milestone, World, bare};

async fn claim(world: &World, claim: &NoticeClaim) -> Vec<Notice> {
    world.store.notices_claim(claim).await.unwrap()
}

async fn settle(world: &World, notice: &Notice, outcome: NoticeOutcome) -> bool {
    let settle = NoticeSettle { id: notice.id, epoch: notice.lease_epoch, outcome };
    world.store.notice_settle(&settle).await.unwrap()
}

/// The order's notice, of an order of one job.
async fn started(world: &World, id: JobId) -> Notice {
    let notices = world.history(id).await.notices;
    notices.into_iter().find(|notice| notice.body.kind() == NoticeKind::Started).unwrap()
}

async fn states(world: &World, id: JobId) -> Vec<(NoticeKind, NoticeState)> {
    let notices = world.history(id).await.notices;
    notices.iter().map(|notice| (notice.body.kind(), notice.state)).collect()
}

/// The same kind twice for the same subject is one notice.
pub async fn g8_one_of_each_kind(world: &World) {
    let id = world.job().await.id;
    let mut state = world.reach(id, Milestone::Accepted).await;
    let first = world.ids.notice();
    for notice in [first, world.ids.notice()] {
        let notice = Some((notice, NoticeBody::Slow));
        let write = Transition { notice, ..bare(&state, Stage::Wait, Wake::Keep) };
        state = world.apply(state, &write).await;
    }
    let notices = world.history(id).await.notices;
    let slow: Vec<_> = notices.iter().filter(|notice| notice.body == NoticeBody::Slow).collect();
    assert_eq!((slow.len(), slow[0].id), (1, first));
}

/// What was not sent before the last word is not sent any more; other jobs' news stay.
pub async fn g9_the_last_word_silences_earlier_news(world: &World) {
    use NoticeKind::{Result, Slow, Started};
    use NoticeState::{Pending, Superseded};
    let account = world.account("telegram:7", 9).await;
    let jobs = world.place(&account, 2).await.jobs;
    let other_order = world.place(&account, 1).await.jobs[0].id;
    let mut last = None;
    for job in &jobs {
        let state = world.reach(job.id, Milestone::Rendered).await;
        let notice = Some((world.ids.notice(), NoticeBody::Slow));
        let write = Transition { notice, slow_told: true, ..bare(&state, Stage::Store, Wake::Keep) };
        last = Some(world.apply(state, &write).await);
    }
    world.pass(5);
    let state = last.unwrap();
    world.advance(state, neurocards_core::Event::Stored(crate::sample::artifact())).await;
    assert_eq!(
        states(world, jobs[1].id).await,
        [(Started, Superseded), (Slow, Superseded), (Result, Pending)]
    );
    assert_eq!(started(world, jobs[1].id).await.updated_at, world.now().await);
    assert_eq!(states(world, jobs[0].id).await, [(Started, Superseded), (Slow, Pending)]);
    assert_eq!(states(world, other_order).await, [(Started, Pending)]);
}

/// What has been sent, or is being sent, is not silenced.
pub async fn what_is_sent_stays_sent(world: &World) {
    let id = world.job().await.id;
    let notice = claim(world, &world.notice_claim()).await.remove(0);
    world.reach(id, Milestone::Done).await;
    assert_eq!(started(world, id).await.state, NoticeState::Sending);
    assert!(settle(world, &notice, NoticeOutcome::Sent { receipt: Some("m-1".to_owned()) }).await);
    let sent = started(world, id).await;
    assert_eq!((sent.state, sent.receipt.as_deref(), sent.sends), (NoticeState::Sent, Some("m-1"), 1));
}

/// The oldest first, as many as asked for, each to one sender.
pub async fn claimed_oldest_first(world: &World) {
    let account = world.account("telegram:7", 9).await;
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(world.place(&account, 1).await.order.id);
        world.pass(1);
    }
    let two = NoticeClaim { limit: 2, ..world.notice_claim() };
    let first = claim(world, &two).await;
    assert_eq!(first.iter().map(|notice| notice.order_id).collect::<Vec<_>>(), placed[..2]);
    for notice in &first {
        assert_eq!((notice.state, notice.sends, notice.lease_epoch), (NoticeState::Sending, 1, 1));
        assert_eq!(notice.updated_at, world.now().await);
        assert_eq!(notice.body, NoticeBody::Started { videos: 1, held: Credits(1) });
    }
    let rest = claim(world, &two).await;
    assert_eq!(rest.iter().map(|notice| notice.order_id).collect::<Vec<_>>(), placed[2..]);
    assert_eq!(claim(world, &two).await, []);
}

/// With another epoch, or twice, nothing is written.
pub async fn g8_settled_by_the_claimer_only(world: &World) {
    let id = world.job().await.id;
    let notice = claim(world, &world.notice_claim()).await.remove(0);
    let before = world.snapshot(id).await;
    let stranger = Notice { lease_epoch: notice.lease_epoch + 1, ..notice.clone() };
    assert!(!settle(world, &stranger, NoticeOutcome::Dead).await);
    let missing = Notice { id: world.ids.notice(), ..notice.clone() };
    assert!(!settle(world, &missing, NoticeOutcome::Dead).await);
    assert_eq!(world.snapshot(id).await, before);
    assert!(settle(world, &notice, NoticeOutcome::Sent { receipt: None }).await);
    assert!(!settle(world, &notice, NoticeOutcome::Unknown).await);
    assert_eq!(started(world, id).await.state, NoticeState::Sent);
}

/// A notice that is to be sent later can be claimed later.
pub async fn g4_later_means_later(world: &World) {
    let id = world.job().await.id;
    let notice = claim(world, &world.notice_claim()).await.remove(0);
    assert!(settle(world, &notice, NoticeOutcome::Later(Duration::from_secs(90))).await);
    assert_eq!(started(world, id).await.state, NoticeState::Pending);
    world.pass(89);
    assert_eq!(claim(world, &world.notice_claim()).await, []);
    world.pass(1);
    let again = claim(world, &world.notice_claim()).await.remove(0);
    assert_eq!((again.id, again.sends, again.lease_epoch), (notice.id, 2, 2));
    assert!(!settle(world, &notice, NoticeOutcome::Dead).await, "the first sender's epoch is over");
}

/// They are never sent again by themselves.
pub async fn g5_unknown_blocked_and_dead_are_final(world: &World) {
    let account = world.account("telegram:7", 9).await;
    for (outcome, state) in [
        (NoticeOutcome::Unknown, NoticeState::Unknown),
        (NoticeOutcome::Blocked, NoticeState::Blocked),
        (NoticeOutcome::Dead, NoticeState::Dead),
    ] {
        let id = world.place(&account, 1).await.jobs[0].id;
        let notice = claim(world, &world.notice_claim()).await.remove(0);
        assert!(settle(world, &notice, outcome).await);
        assert_eq!(started(world, id).await.state, state);
        world.pass(100_000);
        assert_eq!(claim(world, &NoticeClaim { idempotent: true, ..world.notice_claim() }).await, []);
    }
}

/// Only what was blocked, and only of that account.
pub async fn g5_who_comes_back_hears_what_waited(world: &World) {
    let (one, other) = (world.account("telegram:7", 9).await, world.account("telegram:77", 9).await);
    let outcomes = [NoticeOutcome::Blocked, NoticeOutcome::Unknown, NoticeOutcome::Dead];
    let mut orders = Vec::new();
    for (account, outcome) in [&one, &one, &one, &other].into_iter().zip(outcomes.into_iter().cycle()) {
        orders.push(world.place(account, 1).await.order.id);
        let notice = claim(world, &world.notice_claim()).await.remove(0);
        assert!(settle(world, &notice, outcome).await);
    }
    assert_eq!(world.store.notices_unblock(&one).await.unwrap(), 1);
    assert_eq!(world.store.notices_unblock(&one).await.unwrap(), 0);
    let again = claim(world, &world.notice_claim()).await;
    assert_eq!(
        again.iter().map(|notice| (notice.order_id, notice.sends)).collect::<Vec<_>>(),
        [(orders[0], 2)]
    );
    assert!(settle(world, &again[0], NoticeOutcome::Sent { receipt: None }).await);
    assert_eq!(world.store.notices_unblock(&one).await.unwrap(), 0);
}

/// Its sender is gone: it may have been sent, and is not sent again.
pub async fn g3_an_abandoned_sending_is_in_doubt(world: &World) {
    let id = world.job().await.id;
    let notice = claim(world, &world.notice_claim()).await.remove(0);
    world.pass(59);
    assert_eq!(claim(world, &world.notice_claim()).await, []);
    assert_eq!(started(world, id).await.state, NoticeState::Sending);
    world.pass(1);
    assert_eq!(claim(world, &world.notice_claim()).await, []);
    let doubtful = started(world, id).await;
    assert_eq!((doubtful.state, doubtful.sends, doubtful.lease_epoch), (NoticeState::Unknown, 1, 1));
    assert!(!settle(world, &notice, NoticeOutcome::Sent { receipt: None }).await);
}

/// A sending that takes long stays its sender's for as long as that says so; nobody else calls it abandoned.
pub async fn g3_a_sending_that_is_extended_is_not_in_doubt(world: &World) {
    let account = world.account("telegram:7", 9).await;
    for _ in 0..3 {
        world.place(&account, 1).await;
        world.pass(1);
    }
    let taken = claim(world, &world.notice_claim()).await;
    let [slow, done, other] = &taken[..] else { panic!("{taken:?}") };
    assert!(settle(world, done, NoticeOutcome::Sent { receipt: None }).await);
    world.pass(50);
    let lease = Duration::from_secs(60);
    let asked = [
        (other.id, other.lease_epoch + 1),
        (slow.id, slow.lease_epoch),
        (done.id, 1),
        (world.ids.notice(), 1),
    ];
    assert_eq!(world.store.notices_extend(&asked, lease).await.unwrap(), [slow.id]);
    assert_eq!(world.store.notices_extend(&[], lease).await.unwrap(), []);
    // The lease that was not renewed is over after ten more, the other one after sixty.
    let idempotent = NoticeClaim { idempotent: true, ..world.notice_claim() };
    world.pass(59);
    assert_eq!(
        claim(world, &idempotent).await.iter().map(|notice| notice.id).collect::<Vec<_>>(),
        [other.id]
    );
    assert!(settle(world, slow, NoticeOutcome::Sent { receipt: Some("m-1".to_owned()) }).await);
    assert_eq!(world.store.notices_extend(&[(slow.id, slow.lease_epoch)], lease).await.unwrap(), []);
}

/// Where a second sending does no harm, the notice is sent again.
pub async fn an_idempotent_channel_sends_again(world: &World) {
    world.job().await;
    let idempotent = NoticeClaim { idempotent: true, ..world.notice_claim() };
    let first = claim(world, &idempotent).await.remove(0);
    world.pass(60);
    let second = claim(world, &idempotent).await.remove(0);
    assert_eq!((second.id, second.sends, second.lease_epoch), (first.id, 2, 2));
    assert!(!settle(world, &first, NoticeOutcome::Unknown).await);
    assert!(settle(world, &second, NoticeOutcome::Sent { receipt: None }).await);
}

/// Accounts of other channels keep their notices.
pub async fn channels_are_prefixes(world: &World) {
    for key in ["cli:default", "telegram:1", "telegramx:1", "shop:telegram:1"] {
        let account = world.account(key, 1).await;
        world.place(&account, 1).await;
    }
    let accounts = async |channels: &[&str]| -> Vec<String> {
        let channels = channels.iter().map(|&channel| channel.to_owned()).collect();
        let taken = claim(world, &NoticeClaim { channels, ..world.notice_claim() }).await;
        taken.iter().map(|notice| notice.account.to_string()).collect()
    };
    assert_eq!(accounts(&[]).await, [""; 0]);
    assert_eq!(accounts(&["telegram:"]).await, ["telegram:1"]);
    assert_eq!(accounts(&["telegram:", "shop:", "shop:tele"]).await, ["shop:telegram:1"]);
    // What other channels hold, nobody here calls abandoned.
    world.pass(60);
    assert_eq!(accounts(&["cli:"]).await, ["cli:default"]);
    let idempotent = NoticeClaim { idempotent: true, channels: vec![String::new()], ..world.notice_claim() };
    assert_eq!(claim(world, &idempotent).await.len(), 3);
}
