//! Roubles: a bill, a page, and whatever may come twice, late, forged or not at all. Each ends with an audit.

use std::sync::Arc;
use std::time::Duration;

use neurocards::yookassa::Yookassa;
use neurocards::{EntryKind, FastClock, LedgerFilter, PaymentFilter, PaymentState};
use neurocards_fakes::telegram::{Seen, User};
use neurocards_fakes::yookassa::YookassaFake;
use neurocards_fakes::{Call, Fault, When};
use neurocards_http::{HttpState, Server};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::house::{House, Stores, memory, memory_by};

mod each {
    use super::super::house::on_every_store;

    on_every_store!(bought_with_a_hint, given_back_by_an_admin, killed_between_the_calls);
}

const ADMIN: i64 = 1;
/// How much faster than the machine's time a house lives where somebody waits for the next look.
const SPEED: u32 = 20;

/// A house with a shop.
struct Shop {
    house: House,
    yookassa: YookassaFake,
    hints: String,
    stop: CancellationToken,
}

impl Shop {
    async fn open(stores: Stores) -> Self {
        Self::of(House::closed(stores).await).await
    }

    /// One whose clock runs fast: only polling is waited for.
    async fn fast() -> Self {
        let clock = Arc::new(FastClock::new(SPEED));
        let mut house = House::closed(memory_by(clock.clone())).await;
        (house.clock, house.lease) = (clock, house.lease * SPEED);
        Self::of(house).await
    }

    async fn of(mut house: House) -> Self {
        let yookassa = YookassaFake::builder().start();
        let till = Yookassa::builder(YookassaFake::SHOP, YookassaFake::SECRET)
            .base_url(yookassa.base_url())
            .return_url("https://t.me/example_bot")
            .request_limit(Duration::from_secs(2));
        house.tills.push(Arc::new(till.build().unwrap()));
        house.settings.admins = vec![ADMIN];
        house.start();
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (hints, stop) =
            (format!("http://{}/callbacks/yookassa", server.addr()), CancellationToken::new());
        let state = HttpState::new(house.stores.store.clone()).with_payments(house.stores.payments.clone());
        tokio::spawn(server.serve(state, stop.clone()));
        Self { house, yookassa, hints, stop }
    }

    /// The one payment at the provider.
    fn id(&self) -> String {
        let ids = self.yookassa.ids();
        assert_eq!(ids.len(), 1, "{ids:?}");
        ids[0].clone()
    }

    async fn states(&self) -> Vec<PaymentState> {
        let filter = PaymentFilter { account: None, limit: 20 };
        let payments = self.house.stores.payments.payments_list(&filter).await.unwrap();
        payments.iter().map(|payment| payment.state).collect()
    }

    /// Waits until the newest payment stands like this.
    async fn stands(&self, state: PaymentState) {
        let deadline = tokio::time::timeout(Duration::from_secs(30), async {
            while self.states().await.first() != Some(&state) {
                self.house.clock.sleep(Duration::from_millis(100)).await;
            }
        });
        assert!(deadline.await.is_ok(), "it never came to {state:?}: {:?}", self.states().await);
    }

    async fn topups(&self, user: &User) -> usize {
        let account = Some(self.house.account(user));
        let filter = LedgerFilter { account, limit: 50, ..LedgerFilter::default() };
        let entries = self.house.stores.store.ledger_list(&filter).await.unwrap();
        entries.iter().filter(|entry| entry.kind == EntryKind::Topup).count()
    }

    async fn close(self) {
        self.stop.cancel();
        self.house.close().await;
        self.yookassa.assert_clean();
    }
}

fn count(user: &User, words: &str) -> usize {
    user.chat().iter().filter(|seen| seen.text.contains(words)).count()
}

async fn packages(user: &User) {
    user.says("/start");
    user.reads("Что снимем?").await;
    user.says("/cabinet");
    user.reads("Личный кабинет").await;
    user.presses("Пополнить баланс");
    user.reads("Выберите пакет").await;
}

/// From `/start` to a bill.
async fn bill(user: &User) -> Seen {
    packages(user).await;
    user.presses("5 кредитов · 390 ₽");
    user.reads("Счёт: 5 кредитов за 390 ₽").await
}

async fn bought_with_a_hint(stores: Stores) {
    let shop = Shop::open(stores).await;
    let anna = shop.house.telegram.user(42);
    let bill = bill(&anna).await;
    let page = bill.button("Перейти к оплате").unwrap().url.clone().unwrap();
    assert!(page.ends_with(&shop.id()), "{page}");
    // Whoever presses again gets the same bill.
    anna.presses("Проверить оплату");
    anna.until("a word", |_| anna.toasts().iter().flatten().any(|toast| toast.contains("ещё не дошла")))
        .await;
    shop.yookassa.pays(&shop.id());
    let hint = shop.yookassa.hint(&shop.id());
    for _ in 0..3 {
        assert_eq!(hint.send(&shop.hints).await, Some(200));
    }
    let told = anna.reads("Баланс пополнен").await;
    assert!(told.text.contains("5 кредитов за 390 ₽. На балансе 7 кредитов"), "{}", told.text);
    anna.presses("Проверить оплату");
    anna.until("a word", |_| anna.toasts().iter().flatten().any(|toast| toast.contains("Оплачено"))).await;
    assert!(hint.send(&shop.hints).await.is_some());
    anna.says("/cabinet");
    anna.reads("Баланс: 7 кредитов").await;
    anna.presses("История кредитов");
    let history = anna.reads("История кредитов").await;
    assert!(history.text.contains("+5 · пополнение: 390 ₽ · ЮKassa"), "{}", history.text);
    assert_eq!((count(&anna, "Баланс пополнен"), shop.topups(&anna).await), (1, 1));
    assert_eq!(shop.states().await, [PaymentState::Paid]);
    shop.close().await;
}

/// The admin sees the payment on the card of its person, says why, reads what it takes, and gives it back once.
async fn given_back_by_an_admin(stores: Stores) {
    let shop = Shop::open(stores).await;
    let (admin, anna) = (shop.house.telegram.user(ADMIN), shop.house.telegram.user(42));
    admin.says("/start");
    admin.reads("Что снимем?").await;
    bill(&anna).await;
    shop.yookassa.pays(&shop.id());
    anna.presses("Проверить оплату");
    anna.reads("Баланс пополнен").await;
    shop.house.grant(&anna, -3).await;
    admin.says("/user 42");
    let card = admin.reads("👤 42").await;
    assert!(card.text.contains("390 ₽ · 5 кредитов · yookassa · paid"), "{}", card.text);
    admin.presses("Вернуть 390 ₽ за 5 кредитов");
    admin.reads("Причина останется в журнале").await;
    admin.says("передумала");
    let sure = admin.reads("Вернуть 390 ₽ за 5 кредитов человеку 42? С баланса спишется 4 кредита").await;
    assert!(sure.text.contains("Уже потрачено или удержано 1 кредит"), "{}", sure.text);
    assert!(shop.yookassa.refunds().is_empty(), "nothing before it is confirmed");
    let button = sure.button("✅ Да").unwrap().data.clone().unwrap();
    for _ in 0..3 {
        admin.presses_data(sure.id, &button);
    }
    admin.reads("Деньги возвращены. Списано 4 кредита, потрачено раньше 1 кредит").await;
    anna.reads("Возвращено 390 ₽, списано 4 кредита. На балансе 0 кредитов").await;
    assert_eq!(shop.yookassa.refunds().len(), 1);
    assert_eq!(shop.states().await, [PaymentState::Refunded]);
    let account = Some(shop.house.account(&anna));
    let filter = LedgerFilter { account, limit: 10, ..LedgerFilter::default() };
    let entries = shop.house.stores.store.ledger_list(&filter).await.unwrap();
    let revoked = entries.iter().find(|entry| entry.kind == EntryKind::Revoke).unwrap();
    assert_eq!(
        (revoked.actor.as_deref(), revoked.reason.as_deref()),
        (Some("telegram:1"), Some("передумала"))
    );
    // There is nothing left to press.
    let card = admin.last();
    assert!(card.button("Вернуть").is_none(), "{}", card.text);
    assert_eq!(count(&anna, "Деньги возвращены"), 1);
    shop.close().await;
}

/// The process dies after each call of the payment's life; there is one payment, one credit and one word.
async fn killed_between_the_calls(stores: Stores) {
    let mut shop = Shop::open(stores).await;
    let anna = shop.house.telegram.user(42);
    packages(&anna).await;
    // The payment is made there, and the process dies while it waits for the answer.
    shop.yookassa.script(When::call(Call::PaymentCreate).first(1), Fault::hangs().after_it_was_done());
    anna.presses("5 кредитов · 390 ₽");
    shop.yookassa.log().until("the payment", |log| log.count(Call::PaymentCreate) == 1).await;
    shop.house.kill();
    shop.house.start();
    anna.reads("Счёт: 5 кредитов за 390 ₽").await;
    let id = shop.id();
    shop.yookassa.pays(&id);
    // It is paid, and the process dies while it reads that.
    shop.yookassa.script(When::call(Call::PaymentRead).first(1), Fault::hangs());
    assert_eq!(shop.yookassa.hint(&id).send(&shop.hints).await, Some(200));
    shop.yookassa.log().until("a look", |log| log.count(Call::PaymentRead) >= 1).await;
    shop.house.kill();
    shop.house.start();
    assert_eq!(shop.yookassa.hint(&id).send(&shop.hints).await, Some(200));
    anna.reads("Баланс пополнен").await;
    shop.house.kill();
    shop.house.start();
    anna.presses("Проверить оплату");
    anna.until("a word", |_| anna.toasts().iter().flatten().any(|toast| toast.contains("Оплачено"))).await;
    assert_eq!((shop.id(), shop.topups(&anna).await), (id, 1));
    assert_eq!((count(&anna, "Баланс пополнен"), shop.house.balance(&anna).await), (1, (7, 0)));
    shop.close().await;
}

/// No public address: payments are read by themselves until they come to their end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bought_with_polling_only() {
    let shop = Shop::fast().await;
    let anna = shop.house.telegram.user(42);
    bill(&anna).await;
    shop.yookassa.pays(&shop.id());
    anna.reads("На балансе 7 кредитов").await;
    let looks = shop.yookassa.log().count(Call::PaymentRead);
    // Paid is an end: nobody looks any more, and the next bill is another payment.
    packages(&anna).await;
    anna.presses("10 кредитов · 690 ₽");
    anna.reads("Счёт: 10 кредитов за 690 ₽").await;
    let ids = shop.yookassa.ids();
    assert_eq!(ids.len(), 2);
    shop.yookassa.pays(&ids[1]);
    anna.reads("На балансе 17 кредитов").await;
    let of_first = |log: &neurocards_fakes::Journal| {
        log.of(Call::PaymentRead).iter().filter(|exchange| exchange.path.ends_with(&ids[0])).count()
    };
    assert_eq!(of_first(&shop.yookassa.log()), looks);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_one_is_told_and_an_expired_one_is_not() {
    let shop = Shop::fast().await;
    let anna = shop.house.telegram.user(42);
    bill(&anna).await;
    shop.yookassa.cancels(&shop.id());
    anna.reads("Платёж не прошёл").await;
    assert_eq!(shop.states().await, [PaymentState::Cancelled]);
    // The same package again is another payment; nobody pays that one in time.
    packages(&anna).await;
    anna.presses("5 кредитов · 390 ₽");
    shop.yookassa.log().until("another payment", |_| shop.yookassa.ids().len() == 2).await;
    shop.yookassa.expires(&shop.yookassa.ids()[1]);
    shop.stands(PaymentState::Expired).await;
    assert_eq!(count(&anna, "Платёж не прошёл"), 1);
    assert_eq!((shop.topups(&anna).await, shop.house.balance(&anna).await), (0, (2, 0)));
    shop.close().await;
}

/// Anybody may say that something was paid: it is read, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_hint_brings_nothing() {
    let shop = Shop::open(memory().await).await;
    let anna = shop.house.telegram.user(42);
    bill(&anna).await;
    let id = shop.id();
    let forged = shop.yookassa.hint(&id).edit(|body| {
        body["event"] = json!("payment.succeeded");
        body["object"]["status"] = json!("succeeded");
        body["object"]["paid"] = json!(true);
        body["object"]["amount"]["value"] = json!("100000.00");
    });
    assert_eq!(forged.send(&shop.hints).await, Some(200));
    shop.yookassa.log().until("a look", |log| log.count(Call::PaymentRead) >= 1).await;
    let made_up = forged.clone().edit(|body| {
        body["object"]["id"] = json!("00000000-000f-5000-8000-000000000000");
        body["object"]["metadata"] = json!({});
    });
    assert_eq!(made_up.send(&shop.hints).await, Some(200), "the answer tells nothing");
    assert_eq!(forged.clone().raw("no json").send(&shop.hints).await, Some(200));
    assert_eq!(forged.clone().raw(vec![b' '; 70_000]).send(&shop.hints).await, Some(413));
    // The real one still works after all that.
    assert_eq!(shop.states().await, [PaymentState::Pending]);
    assert_eq!(shop.topups(&anna).await, 0);
    shop.yookassa.pays(&id);
    anna.presses("Проверить оплату");
    anna.reads("На балансе 7 кредитов").await;
    shop.close().await;
}

/// The notification is faster than the answer to our own request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hint_before_the_answer_finds_the_payment() {
    let shop = Shop::fast().await;
    let anna = shop.house.telegram.user(42);
    packages(&anna).await;
    shop.yookassa.script(When::call(Call::PaymentCreate).first(1), Fault::hangs().after_it_was_done());
    anna.presses("5 кредитов · 390 ₽");
    shop.yookassa.log().until("the payment", |_| shop.yookassa.ids().len() == 1).await;
    shop.yookassa.pays(&shop.id());
    assert_eq!(shop.yookassa.hint(&shop.id()).send(&shop.hints).await, Some(200));
    anna.reads("На балансе 7 кредитов").await;
    assert_eq!((shop.id(), shop.topups(&anna).await), (shop.yookassa.ids()[0].clone(), 1));
    shop.close().await;
}

/// Another sum, another currency: nothing is credited, admins and the person hear of it, and given back it is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_amount_is_never_credited() {
    for (value, currency) in [("1.00", "RUB"), ("390.00", "USD")] {
        let shop = Shop::open(memory().await).await;
        let (admin, anna) = (shop.house.telegram.user(ADMIN), shop.house.telegram.user(42));
        admin.says("/start");
        admin.reads("Что снимем?").await;
        bill(&anna).await;
        shop.yookassa.pays_other(&shop.id(), value, currency);
        assert_eq!(shop.yookassa.hint(&shop.id()).send(&shop.hints).await, Some(200));
        let alert = admin.reads("Деньги пришли, но не зачислены").await;
        assert!(alert.text.contains("was paid instead of 390 ₽"), "{}", alert.text);
        anna.presses("Проверить оплату");
        anna.reads("Пришла другая сумма").await;
        assert_eq!((shop.topups(&anna).await, shop.house.balance(&anna).await), (0, (2, 0)));
        assert_eq!(shop.states().await, [PaymentState::Pending]);
        let kopecks = if currency == "RUB" { 100 } else { 39_000 };
        shop.yookassa.gives_back(&shop.id(), kopecks);
        if currency == "RUB" {
            anna.says("/cabinet");
            anna.reads("Личный кабинет").await;
            assert_eq!(shop.yookassa.hint(&shop.id()).send(&shop.hints).await, Some(200));
            shop.stands(PaymentState::Cancelled).await;
        }
        shop.close().await;
    }
}

/// A shop with a wrong secret sells nothing, and says so to admins; the secret is nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_is_refused_is_an_alarm() {
    let shop = Shop::fast().await;
    let (admin, anna) = (shop.house.telegram.user(ADMIN), shop.house.telegram.user(42));
    admin.says("/start");
    admin.reads("Что снимем?").await;
    shop.yookassa.script(When::call(Call::PaymentCreate), Fault::yookassa_bad_secret());
    packages(&anna).await;
    anna.presses("5 кредитов · 390 ₽");
    anna.reads("Оплата сейчас не отвечает").await;
    let alert = admin.reads("магазин не принят: yookassa").await;
    assert!(!alert.text.contains("canary"), "{}", alert.text);
    assert!(shop.yookassa.ids().is_empty());
    shop.close().await;
}

/// A refund whose answer is lost is asked for again under the same key, and one that is declined brings the credits back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_one_refund_or_none() {
    let shop = Shop::fast().await;
    let anna = shop.house.telegram.user(42);
    bill(&anna).await;
    shop.yookassa.pays(&shop.id());
    anna.reads("На балансе 7 кредитов").await;
    let filter = PaymentFilter { account: None, limit: 1 };
    let payment = shop.house.stores.payments.payments_list(&filter).await.unwrap()[0].id;
    shop.yookassa.refunds_end("canceled");
    let refused = shop.house.bot().refund_payment(payment, "telegram:1", "asked").await;
    assert!(refused.is_err_and(|error| error.to_string().contains("insufficient_funds")));
    assert_eq!((shop.states().await, shop.house.balance(&anna).await), (vec![PaymentState::Paid], (7, 0)));
    shop.yookassa.refunds_end("succeeded");
    shop.yookassa.script(When::call(Call::RefundCreate).first(1), Fault::lost_reply());
    let going = shop.house.bot().refund_payment(payment, "telegram:1", "asked").await.unwrap();
    assert_eq!(going.payment.state, PaymentState::Refunding);
    anna.reads("Возвращено 390 ₽, списано 5 кредитов. На балансе 2 кредита").await;
    let given = shop.yookassa.refunds();
    assert_eq!(given.iter().filter(|refund| refund["status"] == "succeeded").count(), 1);
    assert_eq!(count(&anna, "Деньги возвращены"), 1);
    shop.close().await;
}

/// Where both are sold, each package has both buttons.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ways_stand_beside_each_other() {
    let mut house = House::closed(memory().await).await;
    house.settings.stars = true;
    let shop = Shop::of(house).await;
    let anna = shop.house.telegram.user(42);
    packages(&anna).await;
    let seen = anna.last();
    assert!(seen.button("5 кредитов · 390 ₽").is_some() && seen.button("5 кредитов · 250 ⭐").is_some());
    shop.close().await;
}
