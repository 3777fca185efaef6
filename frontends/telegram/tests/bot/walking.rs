//! Every handler, with everything real around it.

use crate::house::{House, memory, order, photo, up_to_the_card};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_answered() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    anna.says("/start ref_1");
    anna.reads("Что снимем?").await;
    for (command, words) in [
        ("/menu", "Что снимем?"),
        ("/videos", "Здесь появятся ваши видео"),
        ("/cabinet", "Личный кабинет"),
        ("/lang", "Язык бота"),
        ("/help", "Как это работает"),
        ("/support", "Контакт поддержки"),
        ("/terms", "Документы ещё не опубликованы"),
        ("/paysupport", "Контакт поддержки"),
        ("/cancel@neurocards_fake_bot", "Сейчас отменять нечего"),
        ("/unknown", "Как это работает"),
        ("/delete_me", "Удалить ваши данные?"),
    ] {
        anna.says(command);
        anna.reads(words).await;
    }
    let person = house.stores.chats.person_get(neurocards::PersonId(42)).await.unwrap().unwrap();
    assert_eq!((person.source.as_deref(), person.username.as_deref()), (Some("ref_1"), Some("user42")));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_language_is_the_clients_until_it_is_chosen() {
    let house = House::open(memory().await).await;
    let (anna, john) = (house.telegram.user(42), house.telegram.user(43));
    john.speaks("en");
    john.says("/start");
    john.reads("What shall we make?").await;
    anna.says("/start");
    anna.reads("Что снимем?").await;
    anna.presses("Личный кабинет");
    anna.reads("Баланс: 2 кредита").await;
    anna.presses("Язык");
    anna.reads("Язык бота").await;
    anna.presses("English");
    anna.reads("Done, I speak English.").await;
    anna.says("/cabinet");
    anna.reads("Balance: 2 credits").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terms_come_first() {
    let mut house = House::closed(memory().await).await;
    house.settings.terms_url = Some("https://example.org/terms".to_owned());
    house.start();
    let anna = house.telegram.user(42);
    anna.says("/start");
    let consent = anna.reads("Прежде чем начать").await;
    assert_eq!(consent.button("Условия").unwrap().url.as_deref(), Some("https://example.org/terms"));
    anna.says("привет");
    anna.until("a reminder", |chat| {
        chat.iter().filter(|seen| seen.text.contains("Прежде чем начать")).count() == 2
    })
    .await;
    anna.presses("Принимаю");
    anna.reads("Что снимем?").await;
    assert!(
        house.stores.chats.person_get(neurocards::PersonId(42)).await.unwrap().unwrap().consent_at.is_some()
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn photos_are_checked_at_once() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    anna.says("/start");
    anna.reads("Что снимем?").await;
    anna.presses("Сделать Reels");
    anna.reads("Пришлите фото").await;
    anna.says("вот");
    anna.reads("Сейчас мне нужно фото").await;
    anna.sends_voice();
    anna.until("help", |chat| {
        chat.iter().filter(|seen| seen.text.contains("Сейчас мне нужно фото")).count() == 2
    })
    .await;
    anna.sends_file(&b"%PDF-1.7 no picture"[..], "application/octet-stream");
    anna.until("help", |chat| {
        chat.iter().filter(|seen| seen.text.contains("Сейчас мне нужно фото")).count() == 3
    })
    .await;
    anna.sends_file(&b"no picture at all"[..], "image/png");
    anna.reads("Это не похоже на фото").await;
    anna.sends_file(photo(), "image/jpeg");
    anna.reads("Расскажите о товаре").await;
    // A photo with its caption is two steps at once.
    anna.says("/menu");
    anna.reads("Что снимем?").await;
    anna.sends_photo(photo(), Some("Чашка для кофе"));
    anna.reads("Какое видео снимем?").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_free_and_comes_before_the_order() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    up_to_the_card(&anna, "1 видео").await;
    anna.reads("Проверим заказ").await;
    anna.presses("Показать сценарий");
    anna.reads("Сценарий").await;
    anna.presses("Назад");
    anna.reads("Проверим заказ").await;
    anna.presses("Черновик бесплатно");
    anna.reads("Сегодня осталось ещё 2 бесплатных черновика").await;
    let draft = anna.chat().into_iter().find(|seen| seen.video.is_some()).unwrap();
    assert!(draft.text.contains("Черновик готов"));
    assert_eq!(draft.video.unwrap().shape, (720, 1_280, 8));
    assert_eq!((house.balance(&anna).await, house.kie.log().paid().len()), ((2, 0), 0));
    anna.presses("🚀 Сделать");
    anna.reads("Как вам видео?").await;
    assert_eq!(house.balance(&anna).await, (1, 0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_can_be_written_by_hand() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    up_to_the_card(&anna, "1 видео").await;
    anna.reads("Проверим заказ").await;
    anna.presses("Показать сценарий");
    anna.reads("Сценарий").await;
    anna.presses("Изменить сценарий");
    anna.reads("Ваш промпт").await;
    anna.says("Камера медленно облетает чашку <на столе> у окна, за окном идёт снег");
    anna.reads("Снимаем так?").await;
    anna.presses("Снимать так");
    let card = anna.reads("Проверим заказ").await;
    assert!(card.text.contains("Свой промпт"), "{}", card.text);
    anna.presses("🚀 Сделать");
    anna.reads("Как вам видео?").await;
    let paid = house.kie.log().paid();
    assert!(paid[0].request.to_string().contains("облетает чашку"), "{}", paid[0].request);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_free_can_be_taken_back() {
    let mut house = House::closed(memory().await).await;
    // Nobody works: the order waits in the queue.
    house.start_with(false);
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    let card = anna.reads("Генерация запущена").await;
    assert!(card.edits > 0, "the card that was confirmed");
    assert_eq!(house.balance(&anna).await, (1, 1));
    anna.presses("Отменить");
    anna.reads("Отменено, 1 кредит вернулся на баланс").await;
    assert_eq!(house.balance(&anna).await, (2, 0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn videos_are_listed_sent_again_and_repeated() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    anna.presses("Прислать видео ещё раз");
    let videos =
        |chat: &[neurocards_fakes::telegram::Seen]| chat.iter().filter(|seen| seen.video.is_some()).count();
    anna.until("the video again", |chat| videos(chat) == 2).await;
    anna.says("/videos");
    let list = anna.reads("Мои видео").await;
    assert!(list.text.contains("Чашка для кофе") && list.text.contains("готово"), "{}", list.text);
    anna.presses("📥 1");
    anna.until("the video once more", |chat| videos(chat) == 3).await;
    // One upload, and its id from then on.
    let ids: std::collections::BTreeSet<_> =
        anna.chat().into_iter().filter_map(|seen| Some(seen.video?.file_id)).collect();
    assert_eq!(ids.len(), 1);
    anna.presses("🔁 1");
    anna.reads("Какое видео снимем?").await;
    anna.presses("UGC Блогер");
    anna.reads("Есть пожелания?").await;
    anna.says("-");
    anna.reads("Сколько видео?").await;
    anna.presses("1 видео");
    anna.reads("Проверим заказ").await;
    anna.presses("🚀 Сделать");
    anna.until("the second video", |chat| videos(chat) == 4).await;
    // What closes it comes below it: only then is the chat at rest.
    anna.reads("Как вам видео?").await;
    anna.says("/cabinet");
    anna.reads("Баланс: 0 кредитов").await;
    anna.presses("История кредитов");
    let history = anna.reads("История кредитов").await;
    assert!(
        history.text.contains("+2 · подарок") && history.text.contains("-1 · заказ видео"),
        "{}",
        history.text
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_to_be_forgotten_is() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    up_to_the_card(&anna, "1 видео").await;
    anna.reads("Проверим заказ").await;
    anna.says("/delete_me");
    anna.reads("Удалить ваши данные?").await;
    anna.presses("Удалить мои данные");
    anna.reads("ваши данные удалены").await;
    let person = house.stores.chats.person_get(neurocards::PersonId(42)).await.unwrap().unwrap();
    assert_eq!(person.username, None);
    // Coming back gives no second present.
    anna.says("/start");
    anna.reads("На балансе 2 кредита").await;
    assert!(!anna.chat().iter().rev().take(3).any(|seen| seen.text.contains("Дарю")), "{}", anna.told());
    house.close().await;
}
