//! Alarms reach admins, and only them, as few words.

use neurocards::{Alarm, AlarmDetail, AlarmKind};

use crate::house::{House, Stores};

mod with {
    crate::house::on_every_store!(a_thousand_alarms_are_one_word_and_one_number, an_end_is_told_once);
}

fn unknown() -> Alarm {
    Alarm::new(AlarmKind::UnknownFault, "599", AlarmDetail::None)
}

async fn house(stores: Stores) -> House {
    let mut house = House::closed(stores).await;
    house.settings.admins = vec![1, 2];
    house.start();
    house
}

async fn a_thousand_alarms_are_one_word_and_one_number(stores: Stores) {
    let house = house(stores).await;
    let (admin, other, anna) = (house.telegram.user(1), house.telegram.user(2), house.telegram.user(42));
    for user in [&admin, &other, &anna] {
        user.says("/start");
        user.reads("Что снимем?").await;
    }
    house.engine().raise(unknown());
    admin.reads("🔴 Неизвестная ошибка провайдера (599)").await;
    for _ in 0..999 {
        house.engine().raise(unknown());
    }
    admin.reads("🔁 Неизвестная ошибка провайдера (599): и ещё 999").await;
    admin.reads("Всего было 1000").await;
    other.reads("Всего было 1000").await;
    for user in [admin, other] {
        let about = user.chat().into_iter().filter(|seen| seen.text.contains("(599)")).count();
        assert_eq!(about, 3);
    }
    assert!(anna.chat().iter().all(|seen| !seen.text.contains("599")));
    house.close().await;
}

async fn an_end_is_told_once(stores: Stores) {
    let house = house(stores).await;
    let admin = house.telegram.user(1);
    admin.speaks("en");
    admin.says("/start");
    admin.reads("What shall we make?").await;
    let detail = AlarmDetail::Balance { milli: 9_000, hours_left: Some(30) };
    house.engine().raise(Alarm::new(AlarmKind::BalanceLow, "kie account main", detail));
    admin.reads("🔴 Money is running out: kie account main\n\n9 credits at the provider are left, for about 1 d 6 h").await;
    assert!(house.stores.store.alarm_over(AlarmKind::BalanceLow, "kie account main").await.unwrap());
    admin.reads("🟢 Over: Money is running out: kie account main").await;
    let about = admin.chat().into_iter().filter(|seen| seen.text.contains("kie account main")).count();
    assert_eq!(about, 2);
    house.close().await;
}
