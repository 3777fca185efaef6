//! A message to many.

use std::time::Duration;

use neurocards_core::{
    Broadcast, BroadcastNew, BroadcastOutcome, BroadcastState, Lang, Mark, PersonId, PersonWrite, Turn,
    TurnOutcome,
};
use serde_json::Value;

use super::{BOT, LEASE, World, turn};

/// People with these numbers; odd ones speak Russian.
async fn people(world: &World, ids: std::ops::RangeInclusive<i64>) {
    for id in ids {
        let update = world.update(id).await;
        let lang = if id % 2 == 1 { Lang::Ru } else { Lang::En };
        let seen = PersonWrite {
            username: None,
            lang,
            lang_chosen: true,
            source: None,
            consents: false,
            preferences: Value::Null,
        };
        let turn = Turn { person: PersonId(id), seen: Some(seen), ..turn(&update) };
        assert_eq!(world.turn(&turn).await, TurnOutcome::Applied);
    }
}

async fn put(world: &World, lang: Option<Lang>) -> Broadcast {
    let (id, text) = ("one".to_owned(), "новости <b>".to_owned());
    let new = BroadcastNew { id, bot: BOT, author: PersonId(1), text, lang };
    world.chats.broadcast_put(&new).await.unwrap()
}

async fn claim(world: &World) -> Option<Broadcast> {
    world.chats.broadcast_claim(BOT, LEASE).await.unwrap()
}

async fn next(world: &World, broadcast: &Broadcast, limit: u32) -> Option<Vec<i64>> {
    let next = world.chats.broadcast_next(&broadcast.id, broadcast.epoch, limit, LEASE).await.unwrap();
    next.map(|people| people.into_iter().map(|person| person.0).collect())
}

async fn sending(world: &World, broadcast: &Broadcast, person: i64) -> bool {
    world.chats.broadcast_sending(&broadcast.id, broadcast.epoch, PersonId(person)).await.unwrap()
}

async fn settle(world: &World, person: i64, outcome: BroadcastOutcome) {
    world.chats.broadcast_settle("one", PersonId(person), outcome).await.unwrap();
}

async fn last(world: &World) -> Broadcast {
    world.chats.broadcast_last(BOT).await.unwrap().unwrap()
}

/// Everybody once, except those who do not want to hear from us or are not served.
pub async fn everybody_who_hears_is_handed_out_once(world: &World) {
    people(world, 1..=7).await;
    world.chats.person_mark(PersonId(3), &Mark::Blocked).await.unwrap();
    let ban = Mark::Banned { actor: "telegram:1".to_owned(), reason: "спам".to_owned() };
    world.chats.person_mark(PersonId(5), &ban).await.unwrap();
    assert_eq!(world.chats.broadcast_audience(None).await.unwrap(), 5);
    assert_eq!(world.chats.broadcast_audience(Some(Lang::En)).await.unwrap(), 3);
    assert_eq!(claim(world).await, None);
    let began = put(world, None).await;
    assert_eq!((began.total, began.state), (5, BroadcastState::Sending));
    world.pass(Duration::from_secs(1));
    // Who comes later has not been meant; and the same id begins once.
    people(world, 8..=8).await;
    assert_eq!(put(world, Some(Lang::Ru)).await, began);
    let taken = claim(world).await.unwrap();
    assert_eq!(claim(world).await, None);
    assert_eq!(next(world, &taken, 2).await, Some(vec![1, 2]));
    // Until they are settled, the same.
    assert_eq!(next(world, &taken, 9).await, Some(vec![1, 2]));
    let outcomes = [BroadcastOutcome::Sent, BroadcastOutcome::Blocked];
    for (person, outcome) in [1, 2].into_iter().zip(outcomes) {
        assert!(sending(world, &taken, person).await);
        assert!(!sending(world, &taken, person).await);
        settle(world, person, outcome).await;
        settle(world, person, outcome).await;
    }
    assert!(!world.chats.broadcast_finish("one", taken.epoch + 1).await.unwrap());
    assert_eq!(next(world, &taken, 9).await, Some(vec![4, 6, 7]));
    assert!(!world.chats.broadcast_finish("one", taken.epoch).await.unwrap());
    assert!(sending(world, &taken, 4).await);
    settle(world, 4, BroadcastOutcome::Later).await;
    assert!(sending(world, &taken, 4).await);
    settle(world, 4, BroadcastOutcome::Failed).await;
    settle(world, 6, BroadcastOutcome::Unknown).await;
    settle(world, 7, BroadcastOutcome::Sent).await;
    assert_eq!(next(world, &taken, 9).await, Some(Vec::new()));
    assert!(world.chats.broadcast_finish("one", taken.epoch).await.unwrap());
    let done = last(world).await;
    assert_eq!((done.sent, done.blocked, done.failed, done.unknown), (2, 1, 1, 1));
    assert_eq!((done.state, done.text.as_str()), (BroadcastState::Done, "новости <b>"));
    world.pass(LEASE);
    assert_eq!(claim(world).await, None);
}

/// Who was being written to when the process died is not written to again; the others are.
pub async fn the_next_process_goes_on(world: &World) {
    people(world, 1..=4).await;
    put(world, None).await;
    let first = claim(world).await.unwrap();
    assert_eq!(next(world, &first, 3).await, Some(vec![1, 2, 3]));
    assert!(sending(world, &first, 1).await);
    settle(world, 1, BroadcastOutcome::Sent).await;
    assert!(sending(world, &first, 2).await);
    world.pass(LEASE);
    let second = claim(world).await.unwrap();
    assert_eq!((second.sent, second.unknown), (1, 1));
    assert_eq!(next(world, &first, 9).await, None);
    assert!(!sending(world, &first, 3).await);
    assert_eq!(next(world, &second, 9).await, Some(vec![3]));
    // What the dead one may still have to say counts no more.
    settle(world, 2, BroadcastOutcome::Sent).await;
    settle(world, 3, BroadcastOutcome::Sent).await;
    assert_eq!(next(world, &second, 9).await, Some(vec![4]));
    assert_eq!((last(world).await.sent, last(world).await.unknown), (2, 1));
}

/// Nobody is written to any more.
pub async fn a_stopped_one_hands_out_nobody(world: &World) {
    people(world, 1..=2).await;
    put(world, Some(Lang::Ru)).await;
    let taken = claim(world).await.unwrap();
    assert_eq!(next(world, &taken, 9).await, Some(vec![1]));
    assert!(world.chats.broadcast_cancel("one").await.unwrap());
    assert!(!world.chats.broadcast_cancel("one").await.unwrap());
    assert!(!sending(world, &taken, 1).await);
    assert_eq!(next(world, &taken, 9).await, None);
    assert!(!world.chats.broadcast_finish("one", taken.epoch).await.unwrap());
    world.pass(LEASE);
    assert_eq!(claim(world).await, None);
    assert_eq!(last(world).await.state, BroadcastState::Cancelled);
}
