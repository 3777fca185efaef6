//! What a channel hands over.

use std::time::Duration;

use neurocards_core::{BotId, UPDATES_REMEMBERED, UpdateClaim};

use super::{BOT, LEASE, World, update};

/// The channel may say everything twice.
pub async fn known_ones_change_nothing(world: &World) {
    world.put(&[(10, 1), (11, 2)]).await;
    let taken = world.claim().await;
    assert!(world.settle(&taken[0], None).await);
    let again = [update(10, 1), update(11, 9), update(12, 3)];
    assert_eq!(world.chats.updates_put(BOT, &again).await.unwrap(), 1);
    assert_eq!(world.chats.updates_put(BOT, &[]).await.unwrap(), 0);
    let fresh = world.claim().await;
    assert_eq!(fresh.len(), 1);
    assert_eq!((fresh[0].id, fresh[0].tries, &fresh[0].body), (12, 1, &update(12, 3).body));
}

/// Polling asks for what comes behind the largest number, also when that one is over.
pub async fn polling_goes_on_behind_the_last(world: &World) {
    assert_eq!(world.chats.updates_last(BOT).await.unwrap(), None);
    world.put(&[(11, 1), (15, 1), (12, 2)]).await;
    assert_eq!(world.chats.updates_last(BOT).await.unwrap(), Some(15));
    for update in world.claim().await {
        assert!(world.settle(&update, None).await);
    }
    assert_eq!(world.chats.updates_last(BOT).await.unwrap(), Some(15));
}

/// After a week of silence a channel may begin new, smaller numbers.
pub async fn old_numbers_say_nothing(world: &World) {
    world.put(&[(900, 1)]).await;
    let taken = world.claim().await;
    assert!(world.settle(&taken[0], None).await);
    world.pass(UPDATES_REMEMBERED + Duration::from_secs(1));
    assert_eq!(world.chats.updates_last(BOT).await.unwrap(), None);
    assert_eq!(world.chats.chats_tidy(Duration::from_secs(60)).await.unwrap(), 1);
    world.put(&[(900, 1), (3, 1)]).await;
    assert_eq!(world.chats.updates_last(BOT).await.unwrap(), Some(900));
    assert_eq!(world.claim_ids().await, [3]);
}

/// Chats go on next to each other, the updates of one after each other.
pub async fn a_lane_is_dealt_with_in_order(world: &World) {
    world.put(&[(1, 7), (2, 7), (3, 8), (4, 7)]).await;
    let taken = world.claim().await;
    assert_eq!(taken.iter().map(|update| (update.id, update.lane)).collect::<Vec<_>>(), [(1, 7), (3, 8)]);
    assert_eq!(world.claim_ids().await, [0_i64; 0]);
    assert!(world.settle(&taken[1], None).await);
    assert_eq!(world.claim_ids().await, [0_i64; 0]);
    assert!(world.settle(&taken[0], None).await);
    assert_eq!(world.claim_ids().await, [2]);
    let some = UpdateClaim { bot: BOT, limit: 1, lease: LEASE };
    world.put(&[(5, 9), (6, 10)]).await;
    assert_eq!(world.chats.updates_claim(&some).await.unwrap()[0].id, 5);
    assert_eq!(world.claim_ids().await, [6]);
}

/// Whoever had it is gone.
pub async fn an_expired_lease_is_taken_again(world: &World) {
    world.put(&[(1, 7), (2, 7)]).await;
    let first = world.claim().await.remove(0);
    world.pass(LEASE);
    let second = world.claim().await.remove(0);
    assert_eq!((second.id, second.tries), (1, 2));
    assert!(second.epoch > first.epoch);
    assert!(!world.settle(&first, None).await);
    assert!(world.settle(&second, None).await);
    assert_eq!(world.claim_ids().await, [2]);
}

/// What was put off holds its lane up.
pub async fn put_off_means_later(world: &World) {
    world.put(&[(1, 7), (2, 7)]).await;
    let first = world.claim().await.remove(0);
    assert!(world.settle(&first, Some(Duration::from_secs(5))).await);
    assert_eq!(world.claim_ids().await, [0_i64; 0]);
    world.pass(Duration::from_secs(5));
    assert_eq!(world.claim_ids().await, [1]);
}

/// An epoch is a right.
pub async fn only_the_claimer_settles(world: &World) {
    world.put(&[(1, 7)]).await;
    let mut taken = world.claim().await.remove(0);
    taken.epoch += 1;
    assert!(!world.settle(&taken, None).await);
    taken.epoch -= 1;
    assert!(world.settle(&taken, None).await);
    assert!(!world.settle(&taken, None).await);
}

/// What people write is not kept longer than it is needed.
pub async fn what_ended_is_forgotten(world: &World) {
    world.put(&[(1, 7)]).await;
    let taken = world.claim().await.remove(0);
    assert!(world.settle(&taken, None).await);
    world.pass(LEASE + LEASE);
    assert_eq!(world.claim_ids().await, [0_i64; 0]);
    assert_eq!(world.chats.chats_tidy(Duration::ZERO).await.unwrap(), 0);
}

/// Of many that look at the same moment one gets each.
pub async fn two_claimers_never_share(world: &World) {
    let all: Vec<_> = (0..60).map(|id| (id, id % 20)).collect();
    world.put(&all).await;
    let claims = (0..8).map(|_| {
        let chats = world.chats.clone();
        tokio::spawn(async move {
            let claim = UpdateClaim { bot: BOT, limit: 3, lease: LEASE };
            let mut mine = Vec::new();
            for _ in 0..4 {
                mine.extend(chats.updates_claim(&claim).await.unwrap());
            }
            mine
        })
    });
    let claims: Vec<_> = claims.collect();
    let mut taken = Vec::new();
    for claim in claims {
        taken.extend(claim.await.unwrap().iter().map(|update| update.id));
    }
    taken.extend(world.claim_ids().await);
    taken.sort_unstable();
    assert_eq!(taken, (0..20).collect::<Vec<_>>());
}

/// Another bot has its own numbers.
pub async fn bots_do_not_mix(world: &World) {
    world.put(&[(1, 7)]).await;
    let other = BotId(701);
    assert_eq!(world.chats.updates_put(other, &[update(1, 7), update(2, 7)]).await.unwrap(), 2);
    assert_eq!(world.chats.updates_last(BOT).await.unwrap(), Some(1));
    assert_eq!(world.claim_ids().await, [1]);
    let claim = UpdateClaim { bot: other, limit: 9, lease: LEASE };
    assert_eq!(world.chats.updates_claim(&claim).await.unwrap().len(), 1);
}
