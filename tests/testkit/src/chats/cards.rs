//! The messages that show how orders stand.

use std::time::Duration;

use neurocards_core::{
    AccountKey, BotId, Card, CardClaim, CardNext, CardPut, CardSettle, CardState, ChatRef, OrderId, Timestamp,
};
use serde_json::json;

use super::{BOT, CHAT, LEASE, World};

const KEY: &str = "draft-1";

fn account() -> AccountKey {
    "telegram:42".parse().unwrap()
}

fn order() -> OrderId {
    OrderId::new(Timestamp::UNIX_EPOCH, [1; 10])
}

pub(super) async fn put(
    world: &World,
    account: &AccountKey,
    key: &str,
    message_id: i64,
    order: Option<OrderId>,
) {
    let put = CardPut { account: account.clone(), key: key.to_owned(), chat: CHAT, message_id, order };
    world.chats.card_put(&put).await.unwrap();
}

async fn get(world: &World) -> Card {
    world.chats.card_get(&account(), KEY).await.unwrap().unwrap()
}

async fn claim(world: &World) -> Vec<Card> {
    world.chats.cards_claim(&CardClaim { bot: BOT, limit: 10, lease: LEASE }).await.unwrap()
}

async fn settle(world: &World, card: &Card, next: CardNext) -> bool {
    let settle = CardSettle {
        account: card.account.clone(),
        key: card.key.clone(),
        epoch: card.epoch,
        shown: Some(json!({ "text": "queued" })),
        next,
    };
    world.chats.card_settle(&settle).await.unwrap()
}

/// It is known before there is an order.
pub async fn a_card_waits_for_its_order(world: &World) {
    assert_eq!(world.chats.card_get(&account(), KEY).await.unwrap(), None);
    put(world, &account(), KEY, 5, None).await;
    let card = get(world).await;
    assert_eq!((card.chat, card.message_id, card.order, card.state), (CHAT, 5, None, CardState::Waiting));
    assert_eq!(claim(world).await, []);
    put(world, &account(), KEY, 5, Some(order())).await;
    let taken = claim(world).await;
    assert_eq!((taken[0].order, taken[0].state), (Some(order()), CardState::Live));
    // Putting it there without an order does not take the order away.
    put(world, &account(), KEY, 5, None).await;
    assert_eq!(get(world).await.order, Some(order()));
}

/// Another message shows nothing of it yet.
pub async fn a_moved_card_shows_nothing(world: &World) {
    put(world, &account(), KEY, 5, Some(order())).await;
    let card = claim(world).await.remove(0);
    assert!(settle(world, &card, CardNext::After(LEASE)).await);
    put(world, &account(), KEY, 5, Some(order())).await;
    assert_eq!(get(world).await.shown, Some(json!({ "text": "queued" })));
    put(world, &account(), KEY, 6, None).await;
    let moved = get(world).await;
    assert_eq!((moved.message_id, moved.shown, moved.state), (6, None, CardState::Live));
}

/// A lease, a timer, a bot.
pub async fn due_cards_are_claimed_by_their_bot(world: &World) {
    put(world, &account(), KEY, 5, Some(order())).await;
    let other = ChatRef { bot: BotId(701), chat: 42 };
    let put =
        CardPut { account: account(), key: "2".to_owned(), chat: other, message_id: 9, order: Some(order()) };
    world.chats.card_put(&put).await.unwrap();
    let first = claim(world).await;
    assert_eq!(first.len(), 1);
    assert_eq!(claim(world).await, []);
    world.pass(LEASE);
    let second = claim(world).await.remove(0);
    assert!(!settle(world, &first[0], CardNext::Closed).await);
    assert!(settle(world, &second, CardNext::After(Duration::from_secs(5))).await);
    assert_eq!(claim(world).await, []);
    world.pass(Duration::from_secs(5));
    assert_eq!(claim(world).await[0].shown, Some(json!({ "text": "queued" })));
}

/// News that comes while somebody looks is not settled away.
pub async fn news_wakes_a_card_and_takes_it_away(world: &World) {
    put(world, &account(), KEY, 5, Some(order())).await;
    let card = claim(world).await.remove(0);
    world.chats.card_wake(order()).await.unwrap();
    assert!(!settle(world, &card, CardNext::After(LEASE)).await);
    let again = claim(world).await.remove(0);
    assert!(settle(world, &again, CardNext::After(LEASE)).await);
    world.chats.card_wake(order()).await.unwrap();
    assert_eq!(claim(world).await.len(), 1);
}

/// Found closing, it is not said again.
pub async fn a_closing_card_is_said_once(world: &World) {
    put(world, &account(), KEY, 5, Some(order())).await;
    let card = claim(world).await.remove(0);
    assert!(settle(world, &card, CardNext::Closing).await);
    assert_eq!(claim(world).await, []);
    world.pass(LEASE);
    let found = claim(world).await.remove(0);
    assert_eq!(found.state, CardState::Closing);
    assert!(settle(world, &found, CardNext::Closed).await);
    world.pass(LEASE);
    world.chats.card_wake(order()).await.unwrap();
    assert_eq!(claim(world).await, []);
    assert_eq!(get(world).await.state, CardState::Closed);
}

/// Live ones stay, however old.
pub async fn closed_cards_are_tidied_away(world: &World) {
    let kept = Duration::from_secs(7 * 86_400);
    put(world, &account(), KEY, 5, Some(order())).await;
    put(world, &account(), "2", 6, Some(order())).await;
    put(world, &account(), "3", 7, None).await;
    for card in claim(world).await {
        let next = if card.key == KEY { CardNext::Closed } else { CardNext::After(LEASE) };
        assert!(settle(world, &card, next).await);
    }
    assert_eq!(world.chats.chats_tidy(kept).await.unwrap(), 0);
    world.pass(kept);
    assert_eq!(world.chats.chats_tidy(kept).await.unwrap(), 2);
    assert_eq!(claim(world).await[0].key, "2");
}
