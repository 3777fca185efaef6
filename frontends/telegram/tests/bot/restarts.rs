//! The process dies in the middle of each step; the next one goes on, and nothing happens twice.

use std::time::Duration;

use neurocards_fakes::telegram::User;
use neurocards_fakes::{Call, Fault, When};

use crate::house::{House, Stores, order, photo};

/// What a person does.
type Act = fn(&User);

mod each {
    use super::super::house::on_every_store;

    on_every_store!(every_step, updates_that_come_twice, a_renewal_does_not_wait_for_the_work);
}

/// After each step: killed, and started again. The update of the step may have been fetched, stored, decided or shown.
async fn every_step(stores: Stores) {
    let mut house = House::closed(stores).await;
    let anna = house.telegram.user(42);
    let steps: [(&str, Act); 7] = [
        ("Что снимем?", |anna| anna.says("/start")),
        ("Пришлите фото товара", |anna| anna.presses("Сделать Reels")),
        ("Расскажите о товаре", |anna| anna.sends_photo(photo(), None)),
        ("Какое видео снимем?", |anna| anna.says("Чашка для кофе 350 мл")),
        ("Есть пожелания?", |anna| anna.presses("Реклама")),
        ("Сколько видео?", |anna| anna.presses("Без пожеланий")),
        ("Проверим заказ", |anna| anna.presses("1 видео")),
    ];
    for (words, act) in steps {
        act(&anna);
        house.start();
        // What was shown just before the process died may be shown again below it.
        anna.until(words, |chat| chat.iter().any(|seen| seen.from_bot && seen.text.contains(words))).await;
        house.kill();
    }
    anna.presses("🚀 Сделать");
    house.start_with(false);
    anna.until("the order", |chat| chat.iter().any(|seen| seen.text.contains("Генерация запущена"))).await;
    house.kill();
    house.start();
    anna.reads("Как вам видео?").await;
    assert_eq!(house.balance(&anna).await, (1, 0));
    assert_eq!(house.kie.log().paid().len(), 1);
    assert_eq!(anna.chat().iter().filter(|seen| seen.video.is_some()).count(), 1, "{}", anna.told());
    house.close().await;
}

/// The answer of a poll is lost, so the service hands the same updates out again.
async fn updates_that_come_twice(stores: Stores) {
    let house = House::open(stores).await;
    house.telegram.script(When::call(Call::GetUpdates).first(6), Fault::lost_reply());
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    assert_eq!(house.balance(&anna).await, (1, 0));
    assert_eq!(house.kie.log().paid().len(), 1);
    house.close().await;
}

/// An update is renewed so often that it happens within each of its transactions: neither waits for the other for ever.
async fn a_renewal_does_not_wait_for_the_work(stores: Stores) {
    let mut house = House::closed(stores).await;
    house.lease = Duration::from_millis(60);
    house.start();
    let anna = house.telegram.user(42);
    for _ in 0..10 {
        anna.says("/start");
        anna.until("the menu", |chat| {
            chat.last().is_some_and(|seen| seen.from_bot && seen.text.contains("Что снимем?"))
        })
        .await;
    }
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    assert_eq!((house.balance(&anna).await, house.kie.log().paid().len()), ((1, 0), 1));
    house.close().await;
}
