//! Cards, failures and last words, as people see them in both languages.

use neurocards::{
    Brief, Credits, FaultClass, Job, JobId, Lang, Objection, Order, OrderId, OrderRecord, PhotoRef, Stage,
    TemplateId, Timestamp,
};

use super::failed::{self, End};
use super::keeper::closing;
use crate::card::{Around, card};
use crate::deliver::too_big;
use crate::screen::{Screen, seen};
use crate::text::Text;

fn at() -> Timestamp {
    Timestamp::from_timestamp(1_767_225_600, 0).unwrap()
}

fn order(stages: &[Stage]) -> OrderRecord {
    let account: neurocards::AccountKey = "telegram:42".parse().unwrap();
    let (id, model) = (OrderId::new(at(), [3; 10]), "grok-imagine".to_owned());
    let brief = Brief {
        photo: PhotoRef { sha256: "ab".repeat(32), width: 1_000, height: 1_000 },
        description: "Чашка 350 мл".to_owned(),
        template: TemplateId::Ad,
        wishes: None,
        own_prompt: None,
        lang: Lang::Ru,
    };
    let job = |(index, stage): (u32, &Stage)| Job {
        id: JobId::new(at(), [4; 10]),
        order_id: id,
        account: account.clone(),
        index,
        provider: "kie".to_owned(),
        model: model.clone(),
        price: Credits(1),
        stage: *stage,
        prompt: None,
        attempts: 0,
        retries: 0,
        stumbles: 0,
        crashes: 0,
        error: None,
        slow_told: false,
        lease_epoch: 0,
        lease_owner: None,
        wake_at: None,
        deadline_at: at(),
        created_at: at(),
        finished_at: None,
    };
    let jobs: Vec<_> = (0..).zip(stages).map(job).collect();
    let count = u32::try_from(jobs.len()).unwrap();
    let order = Order {
        id,
        account: account.clone(),
        idempotency_key: "draft-1".to_owned(),
        fingerprint: "f".to_owned(),
        brief,
        count,
        model: model.clone(),
        created_at: at(),
    };
    OrderRecord { order, jobs }
}

/// Screens with their names, in both languages, as one snapshot.
fn snapshot(name: &str, screens: Vec<(String, Screen)>) {
    let in_lang = |lang| {
        let one = |(what, screen): &(String, Screen)| format!("--- {what}\n{}", seen(screen, lang));
        format!("=== {lang}\n{}", screens.iter().map(one).collect::<Vec<_>>().join("\n"))
    };
    let both = [Lang::Ru, Lang::En].map(in_lang).join("\n");
    insta::with_settings!({ prepend_module_to_snapshot => false, snapshot_path => "../../tests/snapshots" }, {
        insta::assert_snapshot!(name, both);
    });
}

const AROUND: Around = Around { minutes: (2, 9), ahead: None, paused: false };

#[test]
fn every_card() {
    let mut cards: Vec<_> = Stage::ALL
        .into_iter()
        .map(|stage| (stage.as_str().to_owned(), card(&order(&[stage]), &AROUND)))
        .collect();
    let mut show = |name: &str, record: &OrderRecord, around: Around| {
        cards.push((name.to_owned(), card(record, &around)))
    };
    show("first in the queue", &order(&[Stage::Prompt]), Around { ahead: Some(0), ..AROUND });
    show("in the queue", &order(&[Stage::Prompt]), Around { ahead: Some(12), ..AROUND });
    show("a pause", &order(&[Stage::Prompt]), Around { paused: true, ..AROUND });
    let mut record = order(&[Stage::Prompt]);
    record.jobs[0].lease_owner = Some("worker".to_owned());
    show("begun", &record, AROUND);
    let mut record = order(&[Stage::Wait]);
    record.jobs[0].slow_told = true;
    show("longer than usual", &record, AROUND);
    show("three on their way", &order(&[Stage::Done, Stage::Wait, Stage::Prompt]), AROUND);
    show("three with two ends", &order(&[Stage::Done, Stage::Failed, Stage::Cancelled]), AROUND);
    show("three videos", &order(&[Stage::Done; 3]), AROUND);
    snapshot("cards", cards);
}

#[test]
fn every_failure() {
    let one = order(&[Stage::Failed]);
    let support = Some("https://t.me/example");
    let screen = |record: &OrderRecord, class, objection| {
        failed::screen(&End { record, job: record.jobs.first(), class, objection }, "Grok <Imagine>", support)
    };
    let mut failures: Vec<_> = FaultClass::ALL
        .into_iter()
        .map(|class| (class.as_str().to_owned(), screen(&one, class, None)))
        .collect();
    for objection in Objection::ALL {
        failures.push((format!("{objection:?}"), screen(&one, FaultClass::UserViolation, Some(objection))));
    }
    let two = order(&[Stage::Failed, Stage::Done]);
    failures.push(("one of two".to_owned(), screen(&two, FaultClass::Temporary, None)));
    let alone = End { record: &one, job: None, class: FaultClass::Unknown, objection: None };
    failures.push(("without support".to_owned(), failed::screen(&alone, "Grok", None)));
    snapshot("failures", failures);
}

#[test]
fn every_last_word() {
    let id = OrderId::new(at(), [3; 10]);
    let mut words: Vec<_> =
        [1, 2, 5].map(|done| (format!("{done} videos"), closing(id, done))).into_iter().collect();
    let artifact = neurocards::Artifact {
        sha256: "cd".repeat(32),
        bytes: 60_000_000,
        codec: "avc1.42c01f".to_owned(),
        width: 720,
        height: 1_280,
        duration_ms: 8_000,
        sound: true,
    };
    let link: super::MediaLink = std::sync::Arc::new(|_| "https://bot.example.org/media/1".parse().ok());
    let says = |name: &str, text: Text| (name.to_owned(), Screen::new(text));
    words.push(says("a caption", Text::new("result-caption")));
    words.push(says(
        "a caption of three",
        Text::new("result-caption-of").number("number", 2).number("count", 3),
    ));
    words.push(says("a gift", Text::new("gift-caption")));
    words.push(says("a link", too_big(Some(&link), &artifact, Some(id))));
    words.push(says("too large", too_big(None, &artifact, Some(id))));
    words.push(says("too large, again", too_big(None, &artifact, None)));
    snapshot("last_words", words);
}
