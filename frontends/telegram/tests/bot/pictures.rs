//! What operators set up: files that the channel keeps, and the lists of commands.

use neurocards_fakes::Call;
use neurocards_fakes::telegram::Seen;

use crate::house::{House, memory, photo};

const ADMIN: i64 = 1;

fn videos(chat: &[Seen]) -> usize {
    chat.iter().filter(|seen| seen.video.is_some()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_new_sees_examples_and_everybody_the_picture() {
    let mut house = House::closed(memory().await).await;
    let picture = house.telegram.keeps("photo");
    house.settings.menu_picture = Some(picture.clone());
    house.settings.demo_videos = vec![house.telegram.keeps("video"), house.telegram.keeps("video")];
    house.settings.terms_url = Some("https://example.org/terms".to_owned());
    house.start();
    let anna = house.telegram.user(42);
    anna.says("/start");
    anna.reads("Прежде чем начать").await;
    assert_eq!(videos(&anna.chat()), 0, "not before the terms");
    anna.presses("Принимаю");
    let menu = anna.reads("Что снимем?").await;
    assert_eq!((menu.picture.as_ref(), videos(&anna.chat())), (Some(&picture), 2), "{}", anna.told());
    // What is shown in place of a picture stands below it.
    anna.presses("Личный кабинет");
    let cabinet = anna.reads("Личный кабинет").await;
    assert_eq!(
        (cabinet.picture, anna.chat().iter().filter(|seen| seen.picture.is_some()).count()),
        (None, 1)
    );
    anna.presses("В меню");
    anna.reads("Что снимем?").await;
    anna.says("/start");
    anna.until("the picture again", |chat| {
        chat.last().is_some_and(|seen| seen.picture.as_ref() == Some(&picture))
    })
    .await;
    assert_eq!(videos(&anna.chat()), 2, "examples are for whoever is new");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_example_is_no_album() {
    let mut house = House::closed(memory().await).await;
    house.settings.demo_videos = vec![house.telegram.keeps("video")];
    house.start();
    let anna = house.telegram.user(42);
    anna.says("/start");
    anna.reads("Что снимем?").await;
    assert_eq!(videos(&anna.chat()), 1);
    house.close().await;
}

/// Ids of another bot: people see words, and admins hear of it once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_known_is_missed_by_admins_only() {
    let mut house = House::closed(memory().await).await;
    house.settings.admins = vec![ADMIN];
    house.settings.menu_picture = Some(house.telegram.keeps("video"));
    house.settings.demo_videos = vec!["BAACAgIAAxkBAAIDforgotten".to_owned()];
    house.start();
    let (admin, anna, boris) = (house.telegram.user(ADMIN), house.telegram.user(42), house.telegram.user(43));
    for user in [&admin, &anna, &boris] {
        user.says("/start");
        user.until("the menu", |chat| chat.iter().any(|seen| seen.text.contains("Что снимем?"))).await;
    }
    assert!(anna.chat().iter().all(|seen| seen.picture.is_none() && seen.video.is_none()), "{}", anna.told());
    for setting in ["NEUROCARDS_MENU_PICTURE", "NEUROCARDS_DEMO_VIDEOS"] {
        let words = format!("Telegram не знает файл из настройки {setting}");
        admin.until(&words, |chat| chat.iter().any(|seen| seen.text.contains(&words))).await;
        let told = admin.chat().iter().filter(|seen| seen.text.contains(&words)).count();
        assert_eq!(told, 1, "{}", admin.told());
    }
    assert!(anna.chat().iter().all(|seen| !seen.text.contains("NEUROCARDS_")));
    let asked = |method: &str| {
        house.telegram.log().of(Call::BotApi).iter().filter(|asked| asked.path.ends_with(method)).count()
    };
    assert_eq!((asked("/SendPhoto"), house.telegram.log().count(Call::SendVideo)), (1, 1));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn admins_learn_the_ids_of_files() {
    let mut house = House::closed(memory().await).await;
    house.settings.admins = vec![ADMIN];
    house.start();
    let (admin, anna) = (house.telegram.user(ADMIN), house.telegram.user(42));
    for user in [&admin, &anna] {
        user.says("/start");
        user.reads("Что снимем?").await;
    }
    admin.sends_video(&b"a video"[..]);
    let told = admin.reads("Видео, 720×1280, 8 с").await;
    let id = told.html.split("<code>").nth(1).and_then(|rest| rest.split("</code>").next()).unwrap();
    assert!(id.starts_with("VIDEO"), "{id}");
    admin.sends_photo(photo(), None);
    assert!(admin.reads("Фото, ").await.text.contains("NEUROCARDS_MENU_PICTURE"));
    // Within a step a photo is what was asked for.
    admin.presses("В меню");
    admin.reads("Что снимем?").await;
    admin.presses("Сделать Reels");
    admin.reads("Пришлите фото").await;
    admin.sends_photo(photo(), None);
    admin.reads("Расскажите о товаре").await;
    // Everybody else's photo begins a video, and their videos are nothing that is known.
    anna.sends_video(&b"a video"[..]);
    anna.reads("Что снимем?").await;
    anna.sends_photo(photo(), None);
    anna.reads("Расскажите о товаре").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_listed_and_set_again_only_when_they_changed() {
    let mut house = House::closed(memory().await).await;
    house.settings.admins = vec![ADMIN, 2];
    // The second admin has never been here.
    let (admin, anna) = (house.telegram.user(ADMIN), house.telegram.user(42));
    let journal = house.telegram.log();
    let looked =
        || journal.of(Call::BotApi).iter().filter(|asked| asked.path.ends_with("/GetMyCommands")).count();
    house.start();
    admin.until("six looks", |_| looked() == 6).await;
    house.stop().await;
    let listed = |chat, language| house.telegram.commands(chat, language);
    let everybody = [
        "menu",
        "videos",
        "cabinet",
        "lang",
        "help",
        "support",
        "terms",
        "paysupport",
        "cancel",
        "delete_me",
    ];
    for language in ["ru", "en", "de"] {
        assert_eq!(listed(anna.id(), language).0, everybody);
        assert_eq!(listed(ADMIN, language).0.last().map(String::as_str), Some("admin"));
    }
    assert_eq!(listed(ADMIN, "ru").1, 4);
    house.start();
    admin.until("six looks more", |_| looked() == 12).await;
    house.stop().await;
    assert_eq!(house.telegram.commands(ADMIN, "ru").1, 4, "nothing had changed");
    house.close().await;
}
