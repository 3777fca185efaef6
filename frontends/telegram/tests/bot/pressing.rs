//! Presses that are double, foreign, old or made up: each is answered, none does anything.

use neurocards_fakes::telegram::User;

use crate::house::{House, memory, up_to_the_card};

async fn told(user: &User, words: &str) {
    user.until(words, |_| user.toasts().last().is_some_and(|toast| toast.as_deref() == Some(words))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_press_orders_nothing() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    up_to_the_card(&anna, "1 видео").await;
    let card = anna.reads("Проверим заказ").await;
    let data = card.button("Сделать").unwrap().data.clone().unwrap();
    for _ in 0..5 {
        anna.presses_data(card.id, &data);
    }
    anna.reads("Как вам видео?").await;
    anna.until("five answers", |_| {
        anna.toasts().iter().filter(|toast| toast.as_deref() == Some("Уже сделано.")).count() == 4
    })
    .await;
    assert_eq!(house.balance(&anna).await, (1, 0));
    assert_eq!(house.kie.log().paid().len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_button_does_nothing() {
    let house = House::open(memory().await).await;
    let (anna, boris) = (house.telegram.user(42), house.telegram.user(43));
    boris.says("/start");
    boris.reads("Что снимем?").await;
    up_to_the_card(&anna, "1 видео").await;
    let card = anna.reads("Проверим заказ").await;
    let data = card.button("Сделать").unwrap().data.clone().unwrap();
    boris.presses_data(1, &data);
    told(&boris, "Эта кнопка не для вас.").await;
    for made_up in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "confirm:100", "{\"do\":\"confirm\"}"] {
        let before = boris.toasts().len();
        boris.presses_data(1, made_up);
        boris.until("an answer", |_| boris.toasts().len() > before).await;
    }
    assert_eq!((house.balance(&anna).await, house.balance(&boris).await), ((2, 0), (2, 0)));
    assert_eq!(house.kie.log().paid().len(), 0);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_button_of_an_earlier_draft_is_old() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    up_to_the_card(&anna, "1 видео").await;
    let old = anna.reads("Проверим заказ").await;
    anna.presses("В меню");
    anna.reads("Что снимем?").await;
    // The draft lies aside, and its card still works; a new one ends that.
    anna.presses("Сделать Reels");
    anna.reads("Пришлите фото").await;
    let data = old.button("Сделать").unwrap().data.clone().unwrap();
    anna.presses_data(old.id, &data);
    told(&anna, "Эта кнопка уже не работает.").await;
    assert_eq!(house.balance(&anna).await, (2, 0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_with_another_number_orders_what_it_shows() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    up_to_the_card(&anna, "1 видео").await;
    let first = anna.reads("Проверим заказ").await;
    house.grant(&anna, 10).await;
    anna.presses("Другое количество");
    anna.reads("Сколько видео?").await;
    anna.presses("3 видео");
    anna.reads("Видео: 3 видео").await;
    // The button of the card for one video, pressed late.
    let data = first.button("Сделать").unwrap().data.clone().unwrap();
    anna.presses_data(first.id, &data);
    anna.until("the card is shown again", |_| anna.toasts().len() >= 7).await;
    assert_eq!(house.balance(&anna).await, (12, 0));
    anna.presses("🚀 Сделать");
    anna.reads("Готово: 3 видео").await;
    assert_eq!(house.balance(&anna).await, (9, 0));
    house.close().await;
}
