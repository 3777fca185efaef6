//! Delivery when the channel has its moods. What is told here is what a person sees.

use std::time::Duration;

use neurocards::NoticeState;
use neurocards_fakes::telegram::{Seen, User};
use neurocards_fakes::{Call, Fault, When};

use crate::house::{House, Stores, memory, order};

mod with {
    crate::house::on_every_store!(an_upload_may_take_longer_than_its_lease);
}

fn videos(chat: &[Seen]) -> usize {
    chat.iter().filter(|seen| seen.video.is_some()).count()
}

/// The notices about somebody's only video.
async fn notices(house: &House, user: &User) -> Vec<neurocards::Notice> {
    let filter = neurocards::JobFilter { account: Some(house.account(user)), limit: 1, ..Default::default() };
    let job = house.stores.store.jobs_list(&filter).await.unwrap().remove(0);
    house.stores.store.job_history(job.id).await.unwrap().unwrap().notices
}

/// Two processes deliver; the answer to the upload takes four leases. Whoever does not upload must not think that nobody
/// does.
async fn an_upload_may_take_longer_than_its_lease(stores: Stores) {
    let mut house = House::closed(stores).await;
    house.start_with(false);
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Генерация запущена").await;
    house.render(&anna).await;
    house.policy.lease = Duration::from_millis(700);
    house.policy.heartbeat = Duration::from_millis(150);
    let slow = Fault::drips(4, Duration::from_millis(700));
    house.telegram.script(When::call(Call::SendVideo).first(1), slow);
    house.start_another_worker();
    house.start_another_worker();
    anna.reads("Как вам видео?").await;
    assert_eq!(videos(&anna.chat()), 1, "{}", anna.told());
    let told = notices(&house, &anna).await;
    let result = told.iter().find(|notice| notice.body.kind() == neurocards::NoticeKind::Result).unwrap();
    assert_eq!((result.state, result.sends, result.receipt.is_some()), (NoticeState::Sent, 1, true));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_whose_reply_is_lost_is_not_repeated() {
    let house = House::open(memory().await).await;
    house.telegram.script(When::call(Call::SendVideo), Fault::lost_reply());
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    let closing = anna.reads("Как вам видео?").await;
    assert_eq!(videos(&anna.chat()), 1, "{}", anna.told());
    assert!(closing.button("Прислать видео ещё раз").is_some());
    assert_eq!(house.balance(&anna).await, (1, 0));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_that_never_arrived_is_offered_again() {
    let house = House::open(memory().await).await;
    // Not carried out, and nobody can know.
    house.telegram.script(When::call(Call::SendVideo).first(1), Fault::closes());
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    assert_eq!(videos(&anna.chat()), 0, "{}", anna.told());
    anna.presses("Прислать видео ещё раз");
    anna.until("the video", |chat| videos(chat) == 1).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_channel_takes_the_upload() {
    let mut house = House::closed(memory().await).await;
    house.telegram.channel(-100_500);
    house.settings.service_channel = Some(-100_500);
    // Of the upload nobody knows whether it arrived: it is made again where nobody reads.
    house.telegram.script(When::call(Call::SendVideo).first(1), Fault::lost_reply());
    house.start();
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    assert_eq!((videos(&anna.chat()), videos(&house.telegram.posts(-100_500))), (1, 2));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_requests_are_waited_for() {
    let house = House::open(memory().await).await;
    house.telegram.script(When::call(Call::SendVideo).first(1), Fault::telegram_too_many(1));
    house.telegram.script(When::call(Call::SendMessage).nth(3), Fault::telegram_too_many(1));
    house.telegram.script(When::call(Call::EditMessage).nth(2), Fault::telegram_too_many(1));
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    assert_eq!(videos(&anna.chat()), 1, "{}", anna.told());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_blocks_the_bot_gets_everything_when_they_come_back() {
    let mut house = House::closed(memory().await).await;
    house.start_with(false);
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Генерация запущена").await;
    anna.blocks();
    house.stop().await;
    house.start();
    let blocked =
        async || notices(&house, &anna).await.iter().any(|notice| notice.state == NoticeState::Blocked);
    // The store tells nobody; the engine's own loops turn meanwhile.
    let limit = tokio::time::timeout(Duration::from_secs(30), async {
        while !blocked().await {
            tokio::task::yield_now().await;
        }
    });
    limit.await.expect("the video is parked");
    assert_eq!(videos(&anna.chat()), 0);
    anna.unblocks();
    anna.says("/start");
    anna.until("the video", |chat| videos(chat) == 1).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_ids_that_are_forgotten_cost_an_upload() {
    let house = House::open(memory().await).await;
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    anna.reads("Как вам видео?").await;
    house.telegram.forget_files();
    anna.presses("Прислать видео ещё раз");
    anna.until("the video again", |chat| videos(chat) == 2).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_was_deleted_is_missed_by_nobody() {
    let mut house = House::closed(memory().await).await;
    house.start_with(false);
    let anna = house.telegram.user(42);
    order(&anna, "1 видео").await;
    let card = anna.reads("Генерация запущена").await;
    anna.deletes(card.id);
    house.stop().await;
    house.start();
    anna.reads("Как вам видео?").await;
    assert_eq!(videos(&anna.chat()), 1);
    house.close().await;
}
