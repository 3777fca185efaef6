use serde_json::json;

use super::*;

fn from() -> Value {
    json!({ "id": 42, "is_bot": false, "first_name": "Anna", "username": "anna", "language_code": "ru" })
}

fn chat() -> Value {
    json!({ "id": 42, "type": "private", "first_name": "Anna" })
}

fn message(what: Value) -> Value {
    let mut message = json!({ "message_id": 7, "date": 1_767_225_600, "from": from(), "chat": chat() });
    let object = message.as_object_mut().unwrap();
    object.extend(what.as_object().unwrap().clone());
    message
}

async fn heard(kind: &str, what: Value) -> Option<Heard> {
    read(&schema(), &json!({ "update_id": 1, kind: what })).await
}

async fn said_in(what: Value) -> Option<Input> {
    match heard("message", message(what)).await?.what {
        What::Said(input) => Some(input),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn words_and_commands() {
    let check = async |text: &str, expect: Input| {
        assert_eq!(said_in(json!({ "text": text })).await, Some(expect), "{text}");
    };
    check("привет", Input::Text("привет".to_owned())).await;
    check("/start", Input::Start { payload: None }).await;
    check("/start ref_1", Input::Start { payload: Some("ref_1".to_owned()) }).await;
    check("/start <script>", Input::Start { payload: None }).await;
    check("/Cabinet@neurocards_bot now", Input::Command(Command::Cabinet)).await;
    check("/what", Input::Command(Command::Help)).await;
    check("/", Input::Text("/".to_owned())).await;
}

#[tokio::test]
async fn pictures_and_files() {
    let size = |id: &str, width: u32| json!({ "file_id": id, "file_unique_id": id, "width": width, "height": width, "file_size": 900 });
    let sent =
        PhotoSent {
            file_id: "large".to_owned(), bytes: 900, caption: Some("чашка".to_owned()), album: None
        };
    let photo = json!({ "photo": [size("small", 90), size("large", 900)], "caption": "чашка" });
    assert_eq!(said_in(photo).await, Some(Input::Photo(sent.clone())));
    let file = |mime: &str| json!({ "document": { "file_id": "f", "file_unique_id": "f", "file_size": 9, "mime_type": mime } });
    let sent = PhotoSent { file_id: "f".to_owned(), bytes: 9, caption: None, ..sent };
    assert_eq!(said_in(file("image/png")).await, Some(Input::Photo(sent)));
    assert_eq!(said_in(file("application/pdf")).await, Some(Input::Other));
    let voice = json!({ "voice": { "file_id": "v", "file_unique_id": "v", "file_size": 9, "duration": 2 } });
    assert_eq!(said_in(voice).await, Some(Input::Other));
}

#[tokio::test]
async fn presses() {
    let query = json!({ "id": "q", "from": from(), "chat_instance": "i", "data": "d", "message": message(json!({ "text": "x" })) });
    let pressed = heard("callback_query", query).await.unwrap();
    let what =
        What::Pressed { query: "q".to_owned(), message: Some(7), picture: false, data: "d".to_owned() };
    assert_eq!((pressed.chat, pressed.what), (42, what));
    assert_eq!(
        pressed.from,
        From { id: 42, username: Some("anna".to_owned()), language: Some("ru".to_owned()) }
    );
}

#[tokio::test]
async fn blocking() {
    let bot = json!({ "id": 700, "is_bot": true, "first_name": "bot" });
    for (status, blocked) in [("kicked", true), ("member", false)] {
        let mut member = json!({ "status": status, "user": bot });
        if blocked {
            member["until_date"] = json!(0);
        }
        let update = json!({
            "chat": chat(), "from": from(), "date": 1_767_225_600, "new_chat_member": member,
            "old_chat_member": { "status": "member", "user": bot },
        });
        assert_eq!(heard("my_chat_member", update).await.unwrap().what, What::Membership { blocked });
    }
}

/// Groups, channels, bots, and whatever is new: nothing of it is for us, and nothing of it breaks anything.
#[tokio::test]
async fn what_is_not_for_us() {
    let mut in_group = message(json!({ "text": "/start" }));
    in_group["chat"] =
        json!({ "id": -5, "type": "group", "title": "g", "all_members_are_administrators": true });
    assert_eq!(heard("message", in_group).await, None);
    let mut of_bot = message(json!({ "text": "/start" }));
    of_bot["from"]["is_bot"] = json!(true);
    assert_eq!(heard("message", of_bot).await, None);
    assert_eq!(heard("edited_message", message(json!({ "text": "x" }))).await, None);
    assert_eq!(heard("something_new", json!({ "a": 1 })).await, None);
    assert_eq!(read(&schema(), &json!({})).await, None);
    assert_eq!(read(&schema(), &json!("x")).await, None);
}

#[test]
fn a_chat_is_a_lane_and_a_payment_has_its_own() {
    let check = |update: Value, expect| assert_eq!(lane(&update), expect, "{update}");
    check(json!({ "update_id": 1, "message": { "chat": { "id": 42 } } }), 42);
    check(json!({ "update_id": 1, "callback_query": { "from": { "id": 42 } } }), 42);
    check(json!({ "update_id": 1, "my_chat_member": { "chat": { "id": 42 } } }), 42);
    check(json!({ "update_id": 1, "pre_checkout_query": { "from": { "id": 42 } } }), -43);
    check(json!({ "update_id": 1 }), 0);
}
