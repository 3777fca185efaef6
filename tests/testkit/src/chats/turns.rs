//! The transaction of an update's effect.

use neurocards_core::{DialogueWrite, Lang, PersonWrite, Press, Pressed, Turn, TurnOutcome};
use serde_json::{Value, json};

use super::{CHAT, LEASE, PERSON, World, turn};

fn dialogue(expected: i64, step: &str) -> Option<DialogueWrite> {
    Some(DialogueWrite {
        expected, format: 1, state: json!({ "step": step, "text": "Чашка «Утро» \u{0}" })
    })
}

fn seen() -> Option<PersonWrite> {
    Some(PersonWrite {
        username: Some("anna".to_owned()),
        lang: Lang::Ru,
        lang_chosen: false,
        source: Some("promo_1".to_owned()),
        consents: false,
        preferences: json!({ "count": 3 }),
    })
}

/// One transaction.
pub async fn everything_of_a_turn_is_written(world: &World) {
    assert_eq!(world.chats.dialogue_get(CHAT).await.unwrap(), None);
    let (update, button) = (world.update(1).await, world.button(json!("menu"), false));
    let turn =
        Turn { dialogue: dialogue(0, "photo"), seen: seen(), actions: vec![button.clone()], ..turn(&update) };
    assert_eq!(world.turn(&turn).await, TurnOutcome::Applied);
    let stored = world.chats.dialogue_get(CHAT).await.unwrap().unwrap();
    assert_eq!((stored.chat, stored.person, stored.format, stored.version), (CHAT, PERSON, 1, 1));
    assert_eq!(stored.state, dialogue(0, "photo").unwrap().state);
    let person = world.chats.person_get(PERSON).await.unwrap().unwrap();
    assert_eq!((person.username.as_deref(), person.source.as_deref()), (Some("anna"), Some("promo_1")));
    assert_eq!(person.preferences, json!({ "count": 3 }));
    let press = Press { id: button.id, chat: CHAT, person: PERSON };
    let expect = Pressed::Good { body: json!("menu"), once: false };
    assert_eq!(world.chats.action_find(&press).await.unwrap(), expect);
    assert_eq!(world.claim_ids().await, [0_i64; 0]);
}

/// The update is over; whoever comes with it again is too late.
pub async fn a_turn_takes_effect_once(world: &World) {
    let update = world.update(1).await;
    let turn = Turn { dialogue: dialogue(0, "photo"), ..turn(&update) };
    assert_eq!(world.turn(&turn).await, TurnOutcome::Applied);
    let again = Turn { dialogue: dialogue(1, "menu"), ..turn };
    assert_eq!(world.turn(&again).await, TurnOutcome::Lost);
    world.pass(LEASE);
    assert_eq!(world.claim_ids().await, [0_i64; 0]);
    assert_eq!(world.chats.dialogue_get(CHAT).await.unwrap().unwrap().version, 1);
}

/// What is to be shown outlives its process, and is not decided again.
pub async fn a_reply_keeps_the_update_open(world: &World) {
    let update = world.update(1).await;
    world.put(&[(2, CHAT.chat)]).await;
    let reply = json!([{ "screen": "menu \u{0}" }]);
    let turn = Turn { dialogue: dialogue(0, "menu"), reply: Some(reply.clone()), ..turn(&update) };
    assert_eq!(world.turn(&turn).await, TurnOutcome::Applied);
    assert_eq!(world.turn(&turn).await, TurnOutcome::Lost);
    assert_eq!(world.claim_ids().await, [0_i64; 0]);
    world.pass(LEASE);
    let again = world.claim().await.remove(0);
    assert_eq!((again.id, again.reply.as_ref()), (1, Some(&reply)));
    let anew = Turn { update: (again.id, again.epoch), ..turn };
    assert_eq!(world.turn(&anew).await, TurnOutcome::Lost);
    assert!(world.settle(&again, None).await);
    assert_eq!(world.claim_ids().await, [2]);
}

/// Compare and swap.
pub async fn a_moved_dialogue_writes_nothing(world: &World) {
    let update = world.update(1).await;
    let applied = Turn { dialogue: dialogue(0, "photo"), reply: Some(Value::from(1)), ..turn(&update) };
    assert_eq!(world.turn(&applied).await, TurnOutcome::Applied);
    assert!(world.settle(&update, None).await);
    let update = world.update(2).await;
    for expected in [0, 2, 7] {
        let button = world.button(json!("x"), false);
        let turn = Turn {
            dialogue: dialogue(expected, "x"),
            seen: seen(),
            actions: vec![button.clone()],
            ..turn(&update)
        };
        assert_eq!(world.turn(&turn).await, TurnOutcome::Moved, "{expected}");
        let press = Press { id: button.id, chat: CHAT, person: PERSON };
        assert_eq!(world.chats.action_find(&press).await.unwrap(), Pressed::Unknown);
    }
    assert_eq!(world.chats.person_get(PERSON).await.unwrap(), None);
    assert_eq!(
        world.turn(&Turn { dialogue: dialogue(1, "text"), ..turn(&update) }).await,
        TurnOutcome::Applied
    );
    assert_eq!(world.chats.dialogue_get(CHAT).await.unwrap().unwrap().version, 2);
}

/// Two presses of a button that works once.
pub async fn a_used_button_writes_nothing(world: &World) {
    let button = world.button(json!("confirm"), true);
    world.chats.actions_put(std::slice::from_ref(&button)).await.unwrap();
    let first = world.update(1).await;
    assert_eq!(world.turn(&Turn { used: Some(button.id), ..turn(&first) }).await, TurnOutcome::Applied);
    let second = world.update(2).await;
    let turn = Turn { used: Some(button.id), dialogue: dialogue(0, "x"), ..turn(&second) };
    assert_eq!(world.turn(&turn).await, TurnOutcome::Used);
    assert_eq!(world.chats.dialogue_get(CHAT).await.unwrap(), None);
    assert!(world.settle(&second, None).await);
}

/// Somebody else has the update.
pub async fn a_lost_update_writes_nothing(world: &World) {
    let first = world.update(1).await;
    world.pass(LEASE);
    let second = world.claim().await.remove(0);
    let late = Turn { dialogue: dialogue(0, "x"), ..turn(&first) };
    assert_eq!(world.turn(&late).await, TurnOutcome::Lost);
    assert_eq!(world.chats.dialogue_get(CHAT).await.unwrap(), None);
    assert_eq!(world.turn(&Turn { dialogue: dialogue(0, "y"), ..turn(&second) }).await, TurnOutcome::Applied);
    let missing = Turn { update: (99, 1), ..turn(&first) };
    assert_eq!(world.turn(&missing).await, TurnOutcome::Lost);
}
