//! The limits of the Bot API, and what a person sees at each of them.

use std::sync::Arc;
use std::time::Duration;

use neurocards_fakes::kie::Render;
use neurocards_fakes::telegram::Seen;
use neurocards_fakes::{Call, Fault, When};

use crate::house::{House, memory, order, photo, up_to_the_card};

/// A clip of eight seconds.
const CLIP: &[u8] = include_bytes!("../../../../tests/testkit/assets/tiny.mp4");

fn videos(chat: &[Seen]) -> usize {
    chat.iter().filter(|seen| seen.video.is_some()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_fetched_is_not_asked_for() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    anna.says("/start");
    anna.reads("Что снимем?").await;
    anna.presses("Сделать Reels");
    anna.reads("Пришлите фото").await;
    anna.sends_file(vec![0xff; 20 * 1_024 * 1_024 + 1], "image/jpeg");
    anna.reads("Файл больше 20 МБ").await;
    assert_eq!(house.telegram.log().count(Call::GetFile), 0);
    // The dialogue is where it was.
    anna.sends_photo(photo(), None);
    anna.reads("Расскажите о товаре").await;
    house.close().await;
}

/// A clip, and more than 50 MB of nothing behind it, in the form of a box that players skip.
fn large_clip() -> Vec<u8> {
    let (empty, mut clip) = (51 * 1_024 * 1_024_u32, CLIP.to_vec());
    clip.extend(empty.to_be_bytes());
    clip.extend(b"free");
    clip.resize(CLIP.len() + empty as usize, 0);
    clip
}

async fn a_large_video(link: bool) -> (House, Seen) {
    let mut house = House::closed(memory().await).await;
    house.settings.support_url = Some("https://t.me/support".to_owned());
    if link {
        house.link = Some(Arc::new(|artifact| {
            format!("https://bot.example.org/media/{}?signed", artifact.sha256).parse().ok()
        }));
    }
    house.kie.script(When::paid(), Render::succeeds().file("video/mp4", large_clip()));
    house.start();
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    assert_eq!((videos(&anna.chat()), house.balance(&anna).await), (0, (1, 0)));
    assert_eq!(house.telegram.log().count(Call::SendVideo), 0, "it is too large to be tried");
    let told = anna.chat().into_iter().find(|seen| seen.text.contains("больше 50 МБ"));
    let told = told.unwrap_or_else(|| panic!("{}", anna.told()));
    (house, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_over_50_mb_has_a_link() {
    let (house, told) = a_large_video(true).await;
    assert!(told.html.contains("<a href=\"https://bot.example.org/media/"), "{}", told.html);
    // Sent again it is a link again.
    let anna = house.telegram.user(42);
    anna.presses("Прислать видео ещё раз");
    anna.until("a second link", |chat| {
        chat.iter().filter(|seen| seen.html.contains("https://bot.example.org/media/")).count() == 2
    })
    .await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_address_of_ours_support_hands_it_over() {
    let (house, told) = a_large_video(false).await;
    assert!(told.text.contains("Напишите в поддержку"), "{}", told.text);
    house.close().await;
}

/// Gateways in front of the Bot API answer with pages: updates and edits come through all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_gateway_are_no_answers() {
    let house = House::open(memory().await).await;
    house.telegram.script(When::call(Call::GetUpdates).first(2), Fault::html(502));
    house.telegram.script(When::call(Call::EditMessage).first(2), Fault::html(504));
    house.telegram.script(When::call(Call::EditMessage).nth(5), Fault::html(502).after_it_was_done());
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    assert_eq!(videos(&anna.chat()), 1, "{}", anna.told());
    house.close().await;
}

/// Two chats are told to wait: it is meant for all, and nobody is written to before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_several_chats_must_wait_all_do() {
    let house = House::open(memory().await).await;
    let [anna, boris, vera] = [42, 43, 44].map(|id| house.telegram.user(id));
    let journal = house.telegram.log();
    house.telegram.script(When::call(Call::SendMessage).first(2), Fault::telegram_too_many(2));
    anna.says("/start");
    boris.says("/start");
    anna.until("two refusals", |_| journal.count(Call::SendMessage) >= 2).await;
    vera.says("/start");
    for person in [&anna, &boris, &vera] {
        person.reads("Что снимем?").await;
    }
    let sends: Vec<_> = journal.of(Call::SendMessage).iter().map(|sent| sent.at_ms).collect();
    let since = |at: &i64| at - sends[1];
    // What was on its way when the second refusal came is not counted.
    let early: Vec<_> = sends.iter().map(since).filter(|after| (500..2_000).contains(after)).collect();
    assert_eq!(early, [0; 0], "{sends:?}");
    house.close().await;
}

/// Nobody has pressed: some time lies between two edits of a card, however much happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_is_not_edited_all_the_time() {
    let mut house = House::closed(memory().await).await;
    house.limits.edits = Duration::from_secs(1);
    house.start();
    let anna = house.telegram.user(42);
    anna.says("/start");
    anna.reads("Что снимем?").await;
    house.grant(&anna, 3).await;
    up_to_the_card(&anna, "5 видео").await;
    let card = anna.reads("Проверим заказ").await;
    let journal = house.telegram.log();
    let edits = || {
        let of_card = |edit: &&neurocards_fakes::Exchange| edit.request["message_id"] == card.id;
        let edits = journal.of(Call::EditMessage);
        edits
            .iter()
            .filter(of_card)
            .filter(|edit| edit.status == Some(200))
            .map(|edit| edit.at_ms)
            .collect::<Vec<_>>()
    };
    let before = edits().len();
    anna.presses("🚀 Сделать");
    anna.reads("Готово: 5 видео. Как вам?").await;
    let edits = &edits()[before..];
    let close = edits.windows(2).filter(|pair| pair[1] - pair[0] < 990).count();
    // The one that was asked for comes when it comes; how many others there are depends on how fast the videos come.
    assert!(edits.len() >= 2 && close <= 1, "{edits:?}");
    house.close().await;
}

/// The service says that nothing changed: it is as it should be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_modified_is_as_it_should_be() {
    let house = House::open(memory().await).await;
    let words = "message is not modified: specified new message content and reply markup are exactly the same as a \
                 current content and reply markup of the message";
    let same = || Fault::telegram_bad_request(words).after_it_was_done();
    house.telegram.script(When::call(Call::EditMessage).nth(1), same());
    house.telegram.script(When::call(Call::EditMessage).from_nth(6), same());
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    assert_eq!(videos(&anna.chat()), 1, "{}", anna.told());
    house.close().await;
}

/// The service channel was a group, and has become a supergroup.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_moved_is_followed() {
    let mut house = House::closed(memory().await).await;
    house.telegram.channel(-500);
    house.telegram.migrate(-500, -1_000_500);
    house.settings.service_channel = Some(-500);
    house.start();
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    let posts = |chat| videos(&house.telegram.posts(chat));
    assert_eq!((videos(&anna.chat()), posts(-500), posts(-1_000_500)), (1, 0, 1), "{}", anna.told());
    house.close().await;
}
