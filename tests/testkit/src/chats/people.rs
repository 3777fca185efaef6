//! People, and what belongs to them.

use std::time::Duration;

use neurocards_core::{
    Allowance, AllowanceTake, BotId, DialogueWrite, Feedback, Lang, Mark, OrderId, Person, PersonId,
    PersonWrite, Press, Pressed, Timestamp, Turn, TurnOutcome,
};
use serde_json::{Value, json};

use super::{BOT, CHAT, PERSON, World, turn};

fn seen() -> PersonWrite {
    PersonWrite {
        username: Some("anna".to_owned()),
        lang: Lang::Ru,
        lang_chosen: false,
        source: Some("promo".to_owned()),
        consents: false,
        preferences: Value::Null,
    }
}

async fn speak(world: &World, update: i64, seen: PersonWrite) -> Person {
    let update = world.update(update).await;
    assert_eq!(world.turn(&Turn { seen: Some(seen), ..turn(&update) }).await, TurnOutcome::Applied);
    world.chats.person_get(PERSON).await.unwrap().unwrap()
}

/// What was known first stays known.
pub async fn the_first_visit_stays(world: &World) {
    let first = speak(world, 1, PersonWrite { consents: true, ..seen() }).await;
    assert_eq!(first.consent_at, Some(first.first_seen_at));
    world.pass(Duration::from_secs(60));
    let other = PersonWrite {
        username: None,
        lang: Lang::En,
        lang_chosen: true,
        source: Some("other".to_owned()),
        consents: true,
        preferences: json!({ "count": 5 }),
    };
    let second = speak(world, 2, other).await;
    let expect = Person {
        username: None,
        lang: Lang::En,
        lang_chosen: true,
        preferences: json!({ "count": 5 }),
        last_seen_at: first.first_seen_at + Duration::from_secs(60),
        ..first
    };
    assert_eq!(second, expect);
}

/// Marks.
pub async fn marks_are_set_and_taken_away(world: &World) {
    assert!(!world.chats.person_mark(PERSON, &Mark::Blocked).await.unwrap());
    assert_eq!(world.chats.person_get(PERSON).await.unwrap(), None);
    let person = speak(world, 1, seen()).await;
    let at = Some(person.first_seen_at);
    let check = async |mark: Mark, blocked, banned: Option<(&str, &str)>| {
        assert!(world.chats.person_mark(PERSON, &mark).await.unwrap());
        let person = world.chats.person_get(PERSON).await.unwrap().unwrap();
        let by = banned.map(|(actor, reason)| (actor.to_owned(), reason.to_owned()));
        assert_eq!(
            (person.blocked_at, person.banned_at.is_some(), person.banned_by),
            (blocked, by.is_some(), by)
        );
    };
    check(Mark::Blocked, at, None).await;
    world.pass(Duration::from_secs(9));
    check(Mark::Blocked, at, None).await;
    let ban = Mark::Banned { actor: "telegram:1".to_owned(), reason: "спам".to_owned() };
    check(ban, at, Some(("telegram:1", "спам"))).await;
    check(Mark::Unblocked, None, Some(("telegram:1", "спам"))).await;
    check(Mark::Unbanned, None, None).await;
}

/// A message is the best proof.
pub async fn who_speaks_is_not_blocking(world: &World) {
    speak(world, 1, seen()).await;
    assert!(world.chats.person_mark(PERSON, &Mark::Blocked).await.unwrap());
    assert_eq!(speak(world, 2, seen()).await.blocked_at, None);
}

/// Nothing of a person's own is left.
pub async fn forgetting_leaves_the_ban(world: &World) {
    let update = world.update(1).await;
    let (button, order) = (world.button(json!("menu"), false), order());
    let full = Turn {
        dialogue: Some(DialogueWrite { expected: 0, format: 1, state: json!("draft") }),
        seen: Some(PersonWrite { consents: true, lang_chosen: true, preferences: json!(1), ..seen() }),
        actions: vec![button.clone()],
        ..turn(&update)
    };
    assert_eq!(world.turn(&full).await, TurnOutcome::Applied);
    world.chats.feedback_put(&Feedback { person: PERSON, order, good: true }).await.unwrap();
    let account: neurocards_core::AccountKey = "telegram:42".parse().unwrap();
    super::cards::put(world, &account, "draft-1", 5, None).await;
    let ban = Mark::Banned { actor: "telegram:1".to_owned(), reason: "спам".to_owned() };
    assert!(world.chats.person_mark(PERSON, &ban).await.unwrap());
    world.chats.person_forget(PERSON).await.unwrap();
    let person = world.chats.person_get(PERSON).await.unwrap().unwrap();
    assert_eq!((person.username, person.source, person.consent_at), (None, None, None));
    assert_eq!((person.preferences, person.lang_chosen), (Value::Null, false));
    assert!(person.banned_at.is_some());
    assert_eq!(world.chats.dialogue_get(CHAT).await.unwrap(), None);
    assert_eq!(world.chats.feedback_of(order).await.unwrap(), []);
    assert_eq!(world.chats.card_get(&account, "draft-1").await.unwrap(), None);
    let press = Press { id: button.id, chat: CHAT, person: PERSON };
    assert_eq!(world.chats.action_find(&press).await.unwrap(), Pressed::Unknown);
    // Somebody who was never there is forgotten easily.
    world.chats.person_forget(PersonId(1)).await.unwrap();
}

fn order() -> OrderId {
    OrderId::new(Timestamp::UNIX_EPOCH, [1; 10])
}

/// In whatever case; who spoke last when a name moved on.
pub async fn a_person_is_found_by_name(world: &World) {
    let see = async |id: i64, update: i64, name: &str| {
        let update = world.update(update).await;
        let seen = PersonWrite { username: Some(name.to_owned()), ..seen() };
        let turn = Turn { person: PersonId(id), seen: Some(seen), ..turn(&update) };
        assert_eq!(world.turn(&turn).await, TurnOutcome::Applied);
        world.pass(Duration::from_secs(1));
    };
    see(42, 1, "Anna_K").await;
    let find = async |name| world.chats.person_find(name).await.unwrap().map(|person| person.id.0);
    assert_eq!((find("anna_k").await, find("ANNA_K").await, find("anna").await), (Some(42), Some(42), None));
    see(43, 2, "anna_k").await;
    assert_eq!(find("Anna_K").await, Some(43));
    see(42, 3, "other").await;
    assert_eq!((find("Anna_K").await, find("other").await), (Some(43), Some(42)));
    assert_eq!(find("").await, None);
}

/// The first who closes it is the one who is named.
pub async fn the_house_closes_and_opens(world: &World) {
    assert_eq!(world.chats.maintenance_get().await.unwrap(), None);
    world.chats.maintenance_set(Some(("telegram:1", true))).await.unwrap();
    world.pass(Duration::from_secs(5));
    world.chats.maintenance_set(Some(("telegram:2", false))).await.unwrap();
    let closed = world.chats.maintenance_get().await.unwrap().unwrap();
    assert_eq!((closed.actor.as_str(), closed.paused), ("telegram:1", true));
    for _ in 0..2 {
        world.chats.maintenance_set(None).await.unwrap();
        assert_eq!(world.chats.maintenance_get().await.unwrap(), None);
    }
}

/// The last word counts.
pub async fn opinions_are_replaced(world: &World) {
    let order = order();
    assert_eq!(world.chats.feedback_of(order).await.unwrap(), []);
    let first = Feedback { person: PERSON, order, good: true };
    world.chats.feedback_put(&first).await.unwrap();
    let second = Feedback { good: false, ..first };
    world.chats.feedback_put(&second).await.unwrap();
    assert_eq!(world.chats.feedback_of(order).await.unwrap(), [second]);
}

/// Another bot cannot use them.
pub async fn file_ids_belong_to_a_bot(world: &World) {
    let get = async |bot| world.chats.file_get(bot, "abc").await.unwrap();
    assert_eq!(get(BOT).await, None);
    world.chats.file_put(BOT, "abc", Some("one")).await.unwrap();
    world.chats.file_put(BOT, "abc", Some("two")).await.unwrap();
    assert_eq!(get(BOT).await.as_deref(), Some("two"));
    assert_eq!(get(BotId(701)).await, None);
    world.chats.file_put(BOT, "abc", None).await.unwrap();
    assert_eq!(get(BOT).await, None);
}

async fn take(world: &World, key: &str) -> Allowance {
    let take = AllowanceTake {
        person: PERSON,
        what: "draft".to_owned(),
        key: key.to_owned(),
        most: 2,
        within: Duration::from_secs(86_400),
    };
    world.chats.allowance_take(&take).await.unwrap()
}

/// So many within a time.
pub async fn allowances_end_and_come_back(world: &World) {
    assert_eq!(take(world, "a").await, Allowance::Granted { left: 1 });
    world.pass(Duration::from_secs(3_600));
    assert_eq!(take(world, "b").await, Allowance::Granted { left: 0 });
    let Allowance::Spent { until } = take(world, "c").await else { panic!("the third of two") };
    world.pass(Duration::from_secs(23 * 3_600 - 1));
    assert_eq!(take(world, "c").await, Allowance::Spent { until });
    world.pass(Duration::from_secs(1));
    assert_eq!(take(world, "c").await, Allowance::Granted { left: 0 });
}

/// An update that is dealt with again costs nothing more.
pub async fn the_same_takes_once(world: &World) {
    assert_eq!(take(world, "a").await, Allowance::Granted { left: 1 });
    assert_eq!(take(world, "a").await, Allowance::Granted { left: 1 });
    assert_eq!(take(world, "b").await, Allowance::Granted { left: 0 });
    assert_eq!(take(world, "a").await, Allowance::Granted { left: 0 });
}
