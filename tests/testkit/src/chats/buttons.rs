//! What buttons do, and for whom.

use std::time::Duration;

use neurocards_core::{BotId, ChatRef, PersonId, Press, Pressed, Turn, TurnOutcome};
use serde_json::json;

use super::{BOT, CHAT, PERSON, World, turn};

/// The id alone opens nothing.
pub async fn they_belong_to_a_person_in_a_chat(world: &World) {
    let button = world.button(json!({ "job": "тест" }), false);
    world.chats.actions_put(std::slice::from_ref(&button)).await.unwrap();
    let check = async |chat, person, expect: Pressed| {
        let press = Press { id: button.id, chat, person };
        assert_eq!(world.chats.action_find(&press).await.unwrap(), expect, "{press:?}");
    };
    check(CHAT, PERSON, Pressed::Good { body: json!({ "job": "тест" }), once: false }).await;
    check(CHAT, PersonId(43), Pressed::Unknown).await;
    check(ChatRef { bot: BOT, chat: 43 }, PERSON, Pressed::Unknown).await;
    check(ChatRef { bot: BotId(701), chat: 42 }, PERSON, Pressed::Unknown).await;
    let press = Press { id: world.button(json!(0), false).id, chat: CHAT, person: PERSON };
    assert_eq!(world.chats.action_find(&press).await.unwrap(), Pressed::Unknown);
}

/// Nothing works for ever.
pub async fn they_end(world: &World) {
    let button = world.button(json!("menu"), false);
    world.chats.actions_put(std::slice::from_ref(&button)).await.unwrap();
    let press = Press { id: button.id, chat: CHAT, person: PERSON };
    world.pass(button.ttl - Duration::from_micros(1));
    assert!(matches!(world.chats.action_find(&press).await.unwrap(), Pressed::Good { .. }));
    world.pass(Duration::from_micros(1));
    assert_eq!(world.chats.action_find(&press).await.unwrap(), Pressed::Expired);
}

/// Looking does not use it up; the turn does.
pub async fn once_is_once(world: &World) {
    let button = world.button(json!("confirm"), true);
    world.chats.actions_put(std::slice::from_ref(&button)).await.unwrap();
    // A second time changes nothing.
    world.chats.actions_put(std::slice::from_ref(&button)).await.unwrap();
    let press = Press { id: button.id, chat: CHAT, person: PERSON };
    for _ in 0..2 {
        let expect = Pressed::Good { body: json!("confirm"), once: true };
        assert_eq!(world.chats.action_find(&press).await.unwrap(), expect);
    }
    let update = world.update(1).await;
    assert_eq!(world.turn(&Turn { used: Some(button.id), ..turn(&update) }).await, TurnOutcome::Applied);
    assert_eq!(world.chats.action_find(&press).await.unwrap(), Pressed::Used);
    world.chats.actions_put(std::slice::from_ref(&button)).await.unwrap();
    assert_eq!(world.chats.action_find(&press).await.unwrap(), Pressed::Used);
}

/// They are kept a while, so that an old button is told from a foreign one.
pub async fn old_ones_are_tidied_away(world: &World) {
    let button = world.button(json!("menu"), false);
    world.chats.actions_put(std::slice::from_ref(&button)).await.unwrap();
    let (press, kept) =
        (Press { id: button.id, chat: CHAT, person: PERSON }, Duration::from_secs(7 * 86_400));
    world.pass(button.ttl);
    assert_eq!(world.chats.chats_tidy(kept).await.unwrap(), 0);
    assert_eq!(world.chats.action_find(&press).await.unwrap(), Pressed::Expired);
    world.pass(kept);
    assert_eq!(world.chats.chats_tidy(kept).await.unwrap(), 1);
    assert_eq!(world.chats.action_find(&press).await.unwrap(), Pressed::Unknown);
}
