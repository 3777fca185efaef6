//! Money: from the package to the message that says that it is there, with everything that may come twice, late or from
//! somebody else. Each ends with an audit.

use neurocards::{CashierError, Mark, PaymentFilter, PaymentState, PersonId};
use neurocards_fakes::telegram::User;
use neurocards_fakes::{Call, Fault, When};

use crate::house::{House, Stores, memory, up_to_the_card};

mod each {
    use super::super::house::on_every_store;

    on_every_store!(stars, killed_after_each_step, a_refund);
}

async fn open(stores: Stores) -> House {
    let mut house = House::closed(stores).await;
    house.settings.stars = true;
    house.start();
    house
}

/// From `/start` to an invoice.
async fn invoice(user: &User) {
    user.says("/start");
    user.reads("Что снимем?").await;
    user.says("/cabinet");
    user.reads("Личный кабинет").await;
    user.presses("Пополнить баланс");
    user.reads("Выберите пакет").await;
    user.presses("5 кредитов · 250 ⭐");
    user.until("the invoice", |chat| chat.last().is_some_and(|seen| seen.invoice.is_some())).await;
}

fn topped_up(user: &User) -> usize {
    user.chat().iter().filter(|seen| seen.text.contains("Баланс пополнен")).count()
}

async fn states(house: &House) -> Vec<PaymentState> {
    let filter = PaymentFilter { account: None, limit: 20 };
    house.stores.payments.payments_list(&filter).await.unwrap().iter().map(|payment| payment.state).collect()
}

async fn toast(user: &User, words: &str) {
    user.until(words, |_| user.toasts().iter().flatten().any(|toast| toast.contains(words))).await;
}

/// Bought, paid, told once; what comes twice changes nothing.
async fn stars(stores: Stores) {
    let house = open(stores).await;
    let anna = house.telegram.user(42);
    invoice(&anna).await;
    anna.presses("Pay 250");
    let told = anna.reads("Баланс пополнен").await;
    assert!(told.text.contains("5 кредитов за 250 ⭐. На балансе 7 кредитов"), "{}", told.text);
    anna.paid_again();
    anna.paid_again();
    anna.says("/cabinet");
    anna.reads("Баланс: 7 кредитов").await;
    anna.presses("История кредитов");
    let history = anna.reads("История кредитов").await;
    assert!(history.text.contains("+5 · пополнение: 250 ⭐ · Telegram Stars"), "{}", history.text);
    assert_eq!((topped_up(&anna), house.balance(&anna).await), (1, (7, 0)));
    assert_eq!(states(&house).await, [PaymentState::Paid]);
    // The invoice that is paid cannot be paid again.
    let payload = anna.chat().iter().find_map(|seen| seen.invoice.clone()).unwrap().0;
    anna.pays_for(&payload, 250);
    toast(&anna, "Этот счёт уже не действует").await;
    house.close().await;
}

/// The process dies after each step of the person; the money is credited once, and the person is told once.
async fn killed_after_each_step(stores: Stores) {
    let mut house = open(stores).await;
    let anna = house.telegram.user(42);
    invoice(&anna).await;
    house.kill();
    anna.presses("Pay 250");
    house.start();
    anna.until("the charge", |_| anna.charges().len() == 1).await;
    house.kill();
    house.start();
    anna.reads("Баланс пополнен").await;
    house.kill();
    anna.paid_again();
    house.start();
    anna.says("/cabinet");
    anna.reads("Баланс: 7 кредитов").await;
    assert_eq!((topped_up(&anna), house.balance(&anna).await), (1, (7, 0)));
    house.close().await;
}

/// An operator gives it back: credits first, then Stars; again it does nothing; a spent credit stays spent, and is named.
async fn a_refund(stores: Stores) {
    let house = open(stores).await;
    let anna = house.telegram.user(42);
    invoice(&anna).await;
    let payment =
        house.stores.payments.payments_list(&PaymentFilter { account: None, limit: 1 }).await.unwrap();
    let id = payment[0].id;
    let unpaid = house.bot().refund_payment(id, "telegram:1", "asked").await;
    assert!(matches!(unpaid, Err(CashierError::NotPaid)), "{unpaid:?}");
    anna.presses("Pay 250");
    anna.reads("Баланс пополнен").await;
    house.grant(&anna, -6).await;
    let refund = house.bot().refund_payment(id, "telegram:1", "asked").await.unwrap();
    assert_eq!(
        (refund.payment.state, refund.payment.taken_back.0, refund.short.0),
        (PaymentState::Refunded, 1, 4)
    );
    let told = anna.reads("Деньги возвращены").await;
    assert!(
        told.text.contains("Возвращено 250 ⭐, списано 1 кредит. На балансе 0 кредитов"),
        "{}",
        told.text
    );
    let again = house.bot().refund_payment(id, "telegram:1", "asked").await.unwrap();
    let said = |refund: &neurocards::Refund| {
        let payment = &refund.payment;
        (payment.state, payment.refunds, payment.taken_back, refund.short)
    };
    assert_eq!(said(&again), said(&refund));
    assert!(anna.charges().iter().all(|(_, back)| *back));
    anna.paid_again();
    anna.says("/cabinet");
    anna.reads("Баланс: 0 кредитов").await;
    assert_eq!(topped_up(&anna), 1);
    house.close().await;
}

/// The answer to a refund is lost: it is asked for again, and was done before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_whose_answer_is_lost_is_found_done() {
    let house = open(memory().await).await;
    let anna = house.telegram.user(42);
    invoice(&anna).await;
    anna.presses("Pay 250");
    anna.reads("Баланс пополнен").await;
    house.telegram.script(When::call(Call::BotApi).first(1), Fault::lost_reply());
    let id =
        house.stores.payments.payments_list(&PaymentFilter { account: None, limit: 1 }).await.unwrap()[0].id;
    house.bot().refund_payment(id, "telegram:1", "asked").await.unwrap();
    anna.reads("Деньги возвращены").await;
    assert_eq!(states(&house).await, [PaymentState::Refunded]);
    assert_eq!(house.balance(&anna).await, (2, 0));
    house.close().await;
}

/// Foreign, made up, out of date, banned: no payment goes on, and each payer reads why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_must_not_be_paid_is_refused_in_time() {
    let house = open(memory().await).await;
    let (anna, boris) = (house.telegram.user(42), house.telegram.user(43));
    boris.says("/start");
    boris.reads("Что снимем?").await;
    invoice(&anna).await;
    let payload = anna.chat().iter().find_map(|seen| seen.invoice.clone()).unwrap().0;
    boris.pays_for(&payload, 250);
    toast(&boris, "Этот счёт выставлен другому человеку").await;
    anna.pays_for(&payload, 1);
    toast(&anna, "Этот счёт уже не действует").await;
    for made_up in ["credits:100", "0190f1b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"] {
        let before = boris.toasts().len();
        boris.pays_for(made_up, 250);
        boris.until("a word", |_| boris.toasts().len() > before).await;
    }
    let ban = Mark::Banned { actor: "telegram:1".to_owned(), reason: "spam".to_owned() };
    assert!(house.stores.chats.person_mark(PersonId(42), &ban).await.unwrap());
    anna.pays_for(&payload, 250);
    toast(&anna, "Ваш доступ закрыт").await;
    assert_eq!((anna.charges(), boris.charges()), (Vec::new(), Vec::new()));
    assert_eq!(states(&house).await, [PaymentState::Pending]);
    house.close().await;
}

/// Pressed ten times there is one open payment, and whoever paid goes back to the order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_topped_up_goes_on_with_the_order() {
    let house = open(memory().await).await;
    let anna = house.telegram.user(42);
    up_to_the_card(&anna, "5 видео").await;
    anna.reads("Недостаточно кредитов").await;
    anna.presses("Пополнить баланс");
    anna.reads("Выберите пакет").await;
    let packages = anna.last();
    let data = packages.button("5 кредитов").unwrap().data.clone().unwrap();
    for _ in 0..3 {
        anna.presses_data(packages.id, &data);
    }
    anna.until("the invoices", |chat| chat.iter().filter(|seen| seen.invoice.is_some()).count() == 3).await;
    assert_eq!(states(&house).await, [PaymentState::Pending]);
    anna.presses("Pay 250");
    anna.reads("Баланс пополнен").await;
    anna.presses("Назад");
    anna.reads("Стоимость: 5 кредитов, на балансе 7 кредитов").await;
    house.close().await;
}
