//! The Telegram bot in the binary, against a strict Bot API.

use std::process::{Child, Stdio};

use neurocards_fakes::telegram::TelegramFake;

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
