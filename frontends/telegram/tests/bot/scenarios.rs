//! The four scenarios that the predecessor was checked by, from the first press to the last message.

use neurocards_fakes::When;
use neurocards_fakes::kie::{Render, words};

use crate::house::{House, Stores, order, up_to_the_card};

mod each {
    use super::super::house::on_every_store;

    on_every_store!(one_video, three_videos, not_enough_credits, a_refused_photo);
}

/// 102 credits become 101; one message says that it began, and it is the card that was confirmed.
async fn one_video(stores: Stores) {
    let house = House::open(stores).await;
    let anna = house.telegram.user(42);
    anna.says("/start");
    anna.reads("На балансе 2 кредита").await;
    house.grant(&anna, 100).await;
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    assert_eq!(house.balance(&anna).await, (101, 0));
    let chat = anna.chat();
    let videos: Vec<_> = chat.iter().filter_map(|seen| seen.video.clone()).collect();
    assert_eq!(videos.len(), 1, "{}", anna.told());
    assert!(videos[0].streams && videos[0].shape.0 > 0 && videos[0].shape.1 > 0, "{videos:?}");
    let cards: Vec<_> = chat.iter().filter(|seen| seen.text.contains("Заказ готов")).collect();
    assert_eq!(cards.len(), 1, "one card, edited in place:\n{}", anna.told());
    assert!(cards[0].edits > 0);
    assert!(
        !chat.iter().any(|seen| seen.text.contains("Генерация запущена")),
        "it moved on:\n{}",
        anna.told()
    );
    // Start, menu, photo taken, description, template … the card, the video, the last word: nothing for each step.
    anna.presses("👍");
    anna.until("thanks", |_| {
        anna.toasts().last().is_some_and(|toast| toast.as_deref() == Some("Спасибо за оценку!"))
    })
    .await;
    assert_eq!(house.kie.log().paid().len(), 1);
    house.close().await;
}

/// 101 become 98, and each video comes as it is ready.
async fn three_videos(stores: Stores) {
    let house = House::open(stores).await;
    let anna = house.telegram.user(42);
    anna.says("/start");
    anna.reads("Что снимем?").await;
    house.grant(&anna, 99).await;
    order(&anna, "3 видео").await;
    anna.reads("Готово: 3 видео. Как вам?").await;
    assert_eq!(house.balance(&anna).await, (98, 0));
    let captions: Vec<_> =
        anna.chat().iter().filter(|seen| seen.video.is_some()).map(|seen| seen.text.clone()).collect();
    assert_eq!(captions.len(), 3, "{}", anna.told());
    for number in 1..=3 {
        let caption = format!("Видео {number} из 3 готово!");
        assert!(captions.contains(&caption), "{captions:?}");
    }
    house.close().await;
}

/// Needed and available, a way to more, and the draft is kept.
async fn not_enough_credits(stores: Stores) {
    let house = House::open(stores).await;
    let anna = house.telegram.user(42);
    up_to_the_card(&anna, "5 видео").await;
    let refused = anna.reads("Недостаточно кредитов").await;
    assert!(refused.text.contains("Нужно 5 кредитов, а на балансе 2 кредита"), "{}", refused.text);
    assert!(refused.button("Пополнить баланс").is_some());
    anna.presses("Пополнить баланс");
    anna.reads("Оплата здесь пока не подключена").await;
    house.grant(&anna, 10).await;
    // Whoever has topped up goes on where they stood.
    anna.presses("Назад");
    anna.reads("Стоимость: 5 кредитов, на балансе 12 кредитов").await;
    assert_eq!(house.balance(&anna).await, (12, 0));
    assert_eq!(house.kie.log().paid().len(), 0);
    house.close().await;
}

/// The provider refuses the photo: a reason, advice, and the credit is back.
async fn a_refused_photo(stores: Stores) {
    let house = House::open(stores).await;
    house.kie.script(When::paid(), Render::fails("400", words::PERSON));
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    let refused = anna.reads("Вы нарушили правила").await;
    assert!(refused.text.contains("люди"), "{}", refused.text);
    assert!(refused.text.contains("кредит вернулся"), "{}", refused.text);
    assert!(!refused.text.contains("photorealistic"), "a provider's words are not shown: {}", refused.text);
    assert_eq!(house.balance(&anna).await, (2, 0));
    anna.until("the card says it too", |chat| {
        chat.iter().any(|seen| seen.text.contains("Видео не получилось"))
    })
    .await;
    house.close().await;
}
