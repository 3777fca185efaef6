//! S7: what is secret stays where it was set.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use neurocards_fakes::kie::{KieFake, Render};
use neurocards_fakes::openai::OpenAiFake;
use neurocards_fakes::telegram::TelegramFake;
use neurocards_fakes::{Call, Fault, When};

use crate::kie::{KEY, OPENAI_KEY, WEBHOOK_KEY, Worker, command, free_port, kie, public, wait_until};
use crate::support::{Home, cup};

const SECRET: &str = "canary-signing-secret-0123456789";

/// What stands behind the number of a bot in its token.
const BOT_SECRET: &str = "canary-bot-token-0123456789";

fn assert_none(what: &str, bytes: &[u8]) {
    for secret in [KEY, OPENAI_KEY, WEBHOOK_KEY, SECRET, BOT_SECRET] {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{what} holds {secret}");
    }
}

fn assert_none_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_none_below(&path);
        } else {
            assert_none(&path.display().to_string(), &std::fs::read(&path).unwrap());
        }
    }
}

fn metrics(port: u16) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// A worker that says everything, from the order to the stored video: nothing of it names a key.
#[test]
fn s7_no_secret_is_in_logs_metrics_database_or_media() {
    let (home, kie, port) = (Home::new(), kie(), free_port());
    // Else its end would be read, two minutes later.
    kie.script(When::paid(), Render::succeeds().after_between(Duration::ZERO, Duration::from_millis(20)));
    let openai = OpenAiFake::builder().key(OPENAI_KEY).start_blocking();
    let log = home.path().join("worker.log");
    let with_all = |args: &[&str]| {
        let mut command = public(command(&home, &kie, args), port);
        command.envs(openai.env()).env("NEUROCARDS_SECRET", SECRET);
        command
    };
    let mut worker = with_all(&["worker", "-vv"]);
    let worker = worker.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
    let worker = Worker(worker);
    wait_until(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
    let ran = home.finish(with_all(&["generate", &cup(), "Coffee cup, 350 ml.", "-vv", "--json"]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_none("generate", format!("{}{}", ran.stdout, ran.stderr).as_bytes());
    let metrics = metrics(port);
    assert!(String::from_utf8_lossy(&metrics).contains("neurocards_"), "there are metrics");
    assert_none("the metrics", &metrics);
    for args in [["keys", "list"], ["doctor", "--json"], ["jobs", "list"]] {
        let ran = home.finish(with_all(&args));
        assert_none(args[0], format!("{}{}", ran.stdout, ran.stderr).as_bytes());
    }
    drop(worker);
    let log = std::fs::read(log).unwrap();
    assert!(log.len() > 10_000, "it has said everything: {} bytes", log.len());
    assert_none("the log", &log);
    assert_none_below(&home.data());
    kie.finish();
    openai.finish();
}

/// A bot that says everything, in good weather and in bad: from the first word to the video, and a start for which there
/// is no server. Nothing that a person sees, that is logged or that is stored holds a key.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s7_no_secret_is_in_what_the_bot_says_logs_or_stores() {
    let (home, kie) = (Home::new(), KieFake::builder().account("main").key(KEY).credits(1_000).start().await);
    kie.script(When::paid(), Render::succeeds().after_between(Duration::ZERO, Duration::from_millis(20)));
    let openai = OpenAiFake::builder().key(OPENAI_KEY).start().await;
    let token = format!("701:{BOT_SECRET}");
    let telegram = TelegramFake::builder().token(&token).start();
    telegram.script(When::call(Call::GetUpdates).nth(2), Fault::html(502));
    telegram.script(When::call(Call::SendMessage).nth(2), Fault::telegram_too_many(1));
    telegram.script(When::call(Call::EditMessage).nth(2), Fault::lost_reply());
    telegram.script(When::call(Call::GetFile).nth(1), Fault::closes());
    telegram.script(When::call(Call::TelegramFile).nth(1), Fault::truncates());
    telegram.script(When::call(Call::SendVideo).nth(1), Fault::garbles());
    let with_all = |args: &[&str], server: &str| {
        let mut command = command(&home, &kie, args);
        command.envs(openai.env()).env("NEUROCARDS_SECRET", SECRET).env("ADMIN_IDS", "1");
        command.env("BOT_TOKEN", &token).env("TELEGRAM_API_URL", server);
        command
    };
    let log = home.path().join("serve.log");
    let mut serving = with_all(&["serve", "-vv"], &telegram.url());
    let serving = serving.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
    let serving = Worker(serving);
    let (admin, anna) = (telegram.user(1), telegram.user(42));
    admin.says("/start");
    admin.reads("Что снимем?").await;
    admin.says("/admin");
    admin.reads("Администрирование").await;
    anna.says("/start");
    anna.reads("Что снимем?").await;
    // It breaks off twice.
    for _ in 0..3 {
        let before = anna.chat().len();
        anna.sends_photo(
            std::fs::read(cup()).unwrap(),
            Some("Чашка для кофе 350 мл. Держит тепло два часа."),
        );
        anna.until("an answer", |chat| chat.iter().skip(before).any(|seen| seen.from_bot)).await;
    }
    anna.reads("Какое видео снимем?").await;
    anna.presses("Реклама");
    anna.reads("Есть пожелания?").await;
    anna.presses("Без пожеланий");
    anna.reads("Сколько видео?").await;
    anna.presses("1 видео");
    anna.reads("Проверим заказ").await;
    anna.presses("🚀 Сделать");
    anna.reads("Как вам видео?").await;
    anna.presses("Прислать видео ещё раз");
    anna.until("the video again", |chat| chat.iter().filter(|seen| seen.video.is_some()).count() == 2).await;
    drop(serving);
    let log = std::fs::read(log).unwrap();
    assert!(log.len() > 10_000, "it has said everything: {} bytes", log.len());
    assert_none("the log", &log);
    for person in [&admin, &anna] {
        assert_none("a chat", format!("{:?}", person.chat()).as_bytes());
    }
    for exchange in telegram.log().exchanges() {
        assert_none("a request", exchange.request.to_string().as_bytes());
    }
    let nowhere = format!("http://127.0.0.1:{}", free_port());
    for args in [&["bot", "-vv"][..], &["doctor", "--json"], &["jobs", "list", "--json"]] {
        let ran = home.finish(with_all(args, &nowhere));
        assert_none(args[0], format!("{}{}", ran.stdout, ran.stderr).as_bytes());
    }
    assert_none_below(&home.data());
}
