//! The Telegram bot in the binary, against a strict Bot API.

use std::process::{Child, Stdio};

use neurocards_fakes::Rule;
use neurocards_fakes::telegram::TelegramFake;
use neurocards_fakes::yookassa::YookassaFake;

use crate::support::{Home, cup};

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(home: &Home, telegram: &TelegramFake, command: &str) -> Running {
    let mut command = home.command([command]);
    command.env("BOT_TOKEN", TelegramFake::TOKEN).env("TELEGRAM_API_URL", telegram.url());
    command.env("NEUROCARDS_FREE_CREDITS", "3").env("NEUROCARDS_POLL_MIN", "100ms");
    Running(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_video_by_pressing_buttons() {
    let (home, telegram) = (Home::new(), TelegramFake::builder().start());
    let serving = start(&home, &telegram, "serve");
    let anna = telegram.user(42);
    anna.says("/start");
    anna.reads("На балансе 3 кредита").await;
    anna.presses("Сделать Reels");
    anna.reads("Пришлите фото товара").await;
    anna.sends_photo(std::fs::read(cup()).unwrap(), Some("Чашка для кофе 350 мл. Держит тепло два часа."));
    anna.reads("Какое видео снимем?").await;
    anna.presses("Реклама");
    anna.reads("Есть пожелания?").await;
    anna.presses("Без пожеланий");
    anna.reads("Сколько видео?").await;
    anna.presses("1 видео");
    anna.reads("Проверим заказ").await;
    anna.presses("🚀 Сделать");
    anna.reads("Как вам видео?").await;
    assert_eq!(anna.chat().iter().filter(|seen| seen.video.is_some()).count(), 1, "{}", anna.told());
    drop(serving);
    let balance = home.run(["credits", "balance", "telegram:42", "--json"]);
    let balance: serde_json::Value = serde_json::from_str(&balance.stdout).unwrap();
    assert_eq!((balance["available"].as_i64(), balance["held"].as_i64()), (Some(2), Some(0)), "{balance}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bot_and_worker_can_be_two_processes() {
    let (home, telegram) = (Home::new(), TelegramFake::builder().start());
    let bot = start(&home, &telegram, "bot");
    let anna = telegram.user(42);
    anna.says("/start");
    anna.reads("Что снимем?").await;
    anna.sends_photo(std::fs::read(cup()).unwrap(), Some("Чашка для кофе"));
    anna.reads("Какое видео снимем?").await;
    anna.presses("UGC Блогер");
    anna.reads("Есть пожелания?").await;
    anna.says("-");
    anna.reads("Сколько видео?").await;
    anna.presses("1 видео");
    anna.reads("Проверим заказ").await;
    anna.presses("🚀 Сделать");
    anna.reads("Генерация запущена").await;
    let _worker = start(&home, &telegram, "worker");
    anna.reads("Как вам видео?").await;
    drop(bot);
}

#[test]
fn a_token_is_needed_and_never_shown() {
    let home = Home::new();
    for command in ["bot", "serve"] {
        let ran = home.run([command]);
        assert_eq!(ran.code, Some(4), "{ran:?}");
        assert!(ran.stderr.contains("BOT_TOKEN is not set"), "{ran:?}");
    }
    let mut wrong = home.command(["bot"]);
    wrong.env("BOT_TOKEN", "not-a-token-but-secret");
    let ran = home.finish(wrong);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(!ran.stderr.contains("but-secret"), "{ran:?}");
    let telegram = TelegramFake::builder().lenient().start();
    let mut revoked = home.command(["bot"]);
    revoked.env("BOT_TOKEN", "701:AAAAAAAAAAAAAAAAAAAAAAAAAAAAA").env("TELEGRAM_API_URL", telegram.url());
    let ran = home.finish(revoked);
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert!(!ran.stderr.contains("AAAAA"), "{ran:?}");
}

/// A port that was free a moment ago.
fn port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The same as [`start`], with updates that are brought.
fn start_webhook(home: &Home, telegram: &TelegramFake, what: &str, settings: &[(&str, String)]) -> Running {
    let mut command = home.command([what]);
    command.env("BOT_TOKEN", TelegramFake::TOKEN).env("TELEGRAM_API_URL", telegram.url());
    command.envs(settings.iter().map(|(name, value)| (name, value)));
    Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn updates_are_brought_through_a_proxy_and_modes_change_by_themselves() {
    let (home, telegram) = (Home::new(), TelegramFake::builder().start());
    let anna = telegram.user(42);
    anna.says("/start");
    let at = format!("127.0.0.1:{}", port());
    let settings = [
        ("TELEGRAM_WEBHOOK", "proxy".to_owned()),
        ("PUBLIC_BASE_URL", format!("http://{at}")),
        ("NEUROCARDS_HTTP_ADDR", at),
    ];
    for command in ["serve", "bot"] {
        let running = start_webhook(&home, &telegram, command, &settings);
        let before = anna.chat().len();
        anna.says("/menu");
        anna.until("an answer", |chat| {
            chat.len() > before + 1 && chat.last().is_some_and(|seen| seen.from_bot)
        })
        .await;
        drop(running);
        // The next process finds it as it should be: it is neither taken away nor set again.
        assert_eq!(telegram.webhook_changes(), (1, 0));
        assert!(telegram.webhook().unwrap().contains("/telegram/webhook?v="));
    }
    // Back to polling: the webhook is taken away, and what waits is not lost.
    anna.says("/cabinet");
    let _polls = start(&home, &telegram, "bot");
    anna.reads("Личный кабинет").await;
    assert_eq!((telegram.webhook(), telegram.webhook_changes()), (None, (1, 1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_our_own_is_uploaded_and_served() {
    let (home, telegram) = (Home::new(), TelegramFake::builder().start());
    let anna = telegram.user(42);
    let at = format!("127.0.0.1:{}", port());
    let settings = [
        ("TELEGRAM_WEBHOOK", "self-signed".to_owned()),
        ("PUBLIC_BASE_URL", format!("https://{at}")),
        ("NEUROCARDS_TLS_ADDR", at),
    ];
    for _ in 0..2 {
        let running = start_webhook(&home, &telegram, "serve", &settings);
        anna.says("/help");
        let answers = anna.chat().iter().filter(|seen| seen.from_bot).count();
        anna.until("help", |chat| chat.iter().filter(|seen| seen.from_bot).count() > answers).await;
        drop(running);
    }
    assert_eq!(telegram.webhook_changes(), (1, 0), "one certificate, uploaded once");
}

#[test]
fn a_webhook_that_telegram_could_not_call_is_refused_at_the_start() {
    let home = Home::new();
    for (base, words) in
        [("https://bot.example.org:8080", "port 8080"), ("http://127.0.0.1:9000", "https:// only")]
    {
        let mut command = home.command(["bot"]);
        command.env("BOT_TOKEN", TelegramFake::TOKEN).env("TELEGRAM_WEBHOOK", "proxy");
        command.env("PUBLIC_BASE_URL", base).env("NEUROCARDS_HTTP_ADDR", "127.0.0.1:0");
        let ran = home.finish(command);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(words), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_says_how_updates_come_and_why_they_do_not() {
    let (home, telegram) = (Home::new(), TelegramFake::builder().start());
    let doctor = |settings: &[(&str, String)]| {
        let mut command = home.command(["doctor"]);
        command.env("BOT_TOKEN", TelegramFake::TOKEN).env("TELEGRAM_API_URL", telegram.url());
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        home.finish(command).stdout
    };
    assert!(doctor(&[]).contains("the bot asks for updates"));
    let at = format!("127.0.0.1:{}", port());
    let settings = [
        ("TELEGRAM_WEBHOOK", "proxy".to_owned()),
        ("PUBLIC_BASE_URL", format!("http://{at}")),
        ("NEUROCARDS_HTTP_ADDR", at),
    ];
    assert!(doctor(&settings).contains("the webhook is not set"));
    let anna = telegram.user(42);
    let running = start_webhook(&home, &telegram, "bot", &settings);
    anna.says("/start");
    anna.reads("Что снимем?").await;
    assert!(doctor(&settings).contains("updates are brought to"));
    drop(running);
    // Nobody listens there any more.
    anna.says("/help");
    let told = async {
        while !doctor(&settings).contains("could not bring updates: Connection refused; 1 updates wait") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), told).await.unwrap();
    assert!(doctor(&[]).contains("a webhook is set"));
}

/// Two settings, and no public address: a bill, a page, a look, credits. The secret is in no output.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credits_are_sold_for_roubles() {
    let (home, telegram, yookassa) =
        (Home::new(), TelegramFake::builder().start(), YookassaFake::builder().start());
    let mut command = home.command(["serve", "-vv"]);
    command.env("BOT_TOKEN", TelegramFake::TOKEN).env("TELEGRAM_API_URL", telegram.url());
    let log = home.path().join("serve.log");
    command.envs(yookassa.env()).stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
    let serving = Running(command.spawn().unwrap());
    let anna = telegram.user(42);
    anna.says("/start");
    anna.reads("Что снимем?").await;
    anna.says("/cabinet");
    anna.reads("Личный кабинет").await;
    anna.presses("Пополнить баланс");
    anna.reads("Выберите пакет").await;
    anna.presses("5 кредитов · 390 ₽");
    anna.reads("Счёт: 5 кредитов за 390 ₽").await;
    let id = yookassa.ids()[0].clone();
    let back = yookassa.asked(&id)["confirmation"]["return_url"].as_str().unwrap().to_owned();
    assert!(back.starts_with("https://t.me/") && back.len() > "https://t.me/".len(), "{back}");
    yookassa.pays(&id);
    anna.presses("Проверить оплату");
    anna.reads("На балансе 7 кредитов").await;
    drop(serving);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(!log.is_empty() && !log.contains(YookassaFake::SECRET), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_asks_whether_the_shop_takes_payments() {
    let (home, telegram, yookassa) =
        (Home::new(), TelegramFake::builder().start(), YookassaFake::builder().start());
    let doctor = |settings: &[(&str, &str)]| {
        let mut command = home.command(["doctor"]);
        command.env("BOT_TOKEN", TelegramFake::TOKEN).env("TELEGRAM_API_URL", telegram.url());
        command.envs(yookassa.env()).envs(settings.iter().copied());
        let ran = home.finish(command);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(!said.contains("canary"), "{said}");
        said
    };
    let said = doctor(&[]);
    for words in ["4 packages for roubles by YooKassa", "no receipts are sent", "the shop is one for tests"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let public =
        [("PUBLIC_BASE_URL", "https://cards.example"), ("YOOKASSA_RECEIPT_EMAIL", "shop@example.com")];
    let said = doctor(&public);
    assert!(said.contains("receipts go to shop@example.com"), "{said}");
    assert!(said.contains("https://cards.example/callbacks/yookassa"), "{said}");
    assert!(doctor(&[("NEUROCARDS_PACKAGES", "5=/250")]).contains("none has a price in roubles"));
    yookassa.allow(Rule::Auth);
    assert!(doctor(&[("YOOKASSA_SECRET_KEY", "live_canary")]).contains("the shop is refused"));
    assert!(doctor(&[("YOOKASSA_SECRET_KEY", "")]).contains("YOOKASSA_SHOP_ID is set"));
}
