//! The key ring, over two accounts of which the first one has two keys.

use std::time::Duration;

use neurocards_core::{
    Clock, Fault, FaultClass, Opening, Openness, Pace, ResourceChange, Store, Submitted, TaskState,
    UploadError, VideoProvider,
};
use neurocards_fakes::kie::{KieFake, Render};
use neurocards_fakes::{Call, Fault as Trouble, Rule, When};
use neurocards_kie::KeyCommand;

use crate::world::{World, attempt, fingerprint, two_accounts};

/// The names of the keys of so many paid calls in a row.
async fn made_with(world: &World, attempts: std::ops::Range<u8>) -> Vec<String> {
    let mut keys = Vec::new();
    for number in attempts {
        keys.push(world.task(attempt(number)).await.1);
    }
    keys
}

fn rejected(submitted: Submitted) -> Fault {
    match submitted {
        Submitted::Rejected(fault) => fault,
        other => panic!("{other:?}"),
    }
}

fn not_now(error: UploadError) -> (Duration, FaultClass) {
    match error {
        UploadError::NotNow { wait, why } => (wait, why.class),
        UploadError::Fault(fault) => panic!("{fault}"),
    }
}

#[tokio::test]
async fn healthy_keys_take_turns() {
    let world = World::new(two_accounts()).await;
    let keys = made_with(&world, 0..6).await;
    for key in ["key-a1", "key-a2", "key-b"] {
        assert_eq!(keys.iter().filter(|name| **name == fingerprint(key)).count(), 2, "{keys:?}");
    }
    assert!(world.store.resources_list("kie").await.unwrap().is_empty(), "nothing happened worth a row");
}

/// D3: an account without credits rests, the other one goes on at once, and a top-up is seen without a paid call.
#[tokio::test]
async fn an_empty_account_rests_until_it_is_filled() {
    let fake =
        KieFake::builder().account("a").key("key-a1").key("key-a2").credits(1).account("b").key("key-b");
    let world = World::new(fake).await;
    let mut refused = None;
    for number in 0..3 {
        let photo = world.upload(attempt(number)).await.unwrap();
        if let Submitted::Rejected(fault) = world.submit(attempt(number), &photo).await {
            refused = Some((fault, photo));
            break;
        }
    }
    let (fault, photo) = refused.unwrap();
    assert_eq!(fault.class, FaultClass::Billing);
    assert_ne!(photo.key, Some(fingerprint("key-b")));
    assert_eq!(world.rests(&world.account("a").await), Some(15 * 60));
    assert_eq!(world.provider.opening(&world.model(None)).await, Opening::Now, "account b is open");

    // Neither of the two keys is asked again, in this process or in another.
    let another = world.another();
    for number in 10..14 {
        let photo = world.upload_by(&another, attempt(number), &world.model(None)).await.unwrap();
        assert_eq!(photo.key, Some(fingerprint("key-b")));
        assert_eq!(photo.reason.as_deref(), Some("account b: account a has too few credits"));
    }

    // One credit is not enough: no paid call finds that out after its rest.
    let paid = world.fake.log().paid().len();
    world.advance(15 * 60);
    assert_eq!(world.upload(attempt(20)).await.unwrap().key, Some(fingerprint("key-b")));
    assert_eq!(world.rests(&world.account("a").await), Some(30 * 60), "twice as long");

    world.fake.set_credits("a", 1_000);
    world.advance(30 * 60);
    let keys: Vec<_> = made_with(&world, 30..36).await;
    assert!(keys.contains(&fingerprint("key-a1")) && keys.contains(&fingerprint("key-a2")), "{keys:?}");
    assert_eq!(world.account("a").await.openness(world.store.now().await.unwrap()), Openness::Open);
    assert_eq!(world.fake.log().paid().len(), paid + 6);
}

#[tokio::test]
async fn when_all_accounts_are_empty_the_job_waits_for_the_first_to_come_back() {
    let fake = KieFake::builder().account("a").key("key-a").credits(0).account("b").key("key-b").credits(0);
    let world = World::new(fake).await;
    for number in 0..2 {
        let photo = world.upload(attempt(number)).await.unwrap();
        assert_eq!(rejected(world.submit(attempt(number), &photo).await).class, FaultClass::Billing);
        world.advance(60);
    }
    let Opening::After { wait, why } = world.provider.opening(&world.model(None)).await else {
        panic!("open")
    };
    assert_eq!((wait, why.class), (Duration::from_secs(13 * 60), FaultClass::Billing));
    assert_eq!(not_now(world.upload(attempt(5)).await.unwrap_err()), (wait, FaultClass::Billing));
    assert_eq!(world.fake.log().paid().len(), 2);
}

/// D10: a key that is refused rests; what it made stays readable with a sibling; it comes back by a free question.
#[tokio::test]
async fn d10_a_refused_key_rests_and_its_siblings_go_on() {
    let world = World::with(two_accounts().allow(Rule::Auth).render(Render::stuck()), |_| {}).await;
    let mut tasks = Vec::new();
    for number in 0..3 {
        tasks.push((attempt(number), world.task(attempt(number)).await));
    }
    let (attempt_a1, task) = tasks.iter().find(|(_, task)| task.1 == fingerprint("key-a1")).cloned().unwrap();
    world.fake.revoke("key-a1");
    let running = Ok(TaskState::Running { progress: None });
    assert_eq!(world.read(attempt_a1, &task).await, running);
    assert_eq!(world.rests(&world.key("key-a1").await), Some(60 * 60));
    let keys = made_with(&world, 10..14).await;
    assert!(!keys.contains(&fingerprint("key-a1")), "{keys:?}");
    assert!(keys.contains(&fingerprint("key-a2")), "the account is well: {keys:?}");

    world.fake.restore("key-a1");
    world.advance(60 * 60);
    let keys = made_with(&world, 20..23).await;
    assert!(keys.contains(&fingerprint("key-a1")), "{keys:?}");
    assert_eq!(world.fake.log().count(Call::Credit), 1);
}

#[tokio::test]
async fn a_key_that_the_upload_host_refuses_is_passed_over() {
    let world =
        World::new(KieFake::builder().account("a").key("key-a").account("b").key("key-b").allow(Rule::Auth))
            .await;
    world.fake.revoke("key-a");
    for number in 0..4 {
        assert_eq!(world.task(attempt(number)).await.1, fingerprint("key-b"));
    }
    assert_eq!(world.rests(&world.key("key-a").await), Some(60 * 60));
    world.fake.revoke("key-b");
    let (_, why) = not_now(world.upload(attempt(5)).await.unwrap_err());
    assert_eq!(why, FaultClass::Auth);
}

#[tokio::test]
async fn a_keys_own_cap_says_nothing_about_its_account() {
    let fake = KieFake::builder().account("a").key("key-a1").cap(1).key("key-a2");
    let world = World::new(fake).await;
    let mut refused = 0;
    for number in 0..6 {
        let photo = world.upload(attempt(number)).await.unwrap();
        match world.submit(attempt(number), &photo).await {
            Submitted::Accepted { .. } => assert_eq!(photo.key, Some(fingerprint("key-a2"))),
            submitted => {
                assert_eq!(rejected(submitted).code.as_deref(), Some("433"));
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1);
    assert!(!world.account("a").await.is_troubled());
    let reason = world.upload(attempt(9)).await.unwrap().reason.unwrap();
    assert_eq!(reason, format!("account a: key {} has reached its own cap", fingerprint("key-a1")));
}

/// A limit of KIE's is an account's: its other keys are not tried, other accounts are.
#[tokio::test]
async fn an_account_that_was_asked_too_much_rests_with_all_its_keys() {
    let world = World::new(two_accounts()).await;
    world
        .fake
        .script(When::paid().account("a").first(1), Trouble::rate_limited().header("retry-after", "90"));
    let mut number = 0;
    let fault = loop {
        let photo = world.upload(attempt(number)).await.unwrap();
        match world.submit(attempt(number), &photo).await {
            Submitted::Rejected(fault) => break fault,
            _ => number += 1,
        }
    };
    assert_eq!((fault.class, fault.retry_after), (FaultClass::RateLimit, Some(Duration::from_secs(90))));
    assert_eq!(world.rests(&world.account("a").await), Some(90));
    assert!(made_with(&world, 10..14).await.iter().all(|key| *key == fingerprint("key-b")));
    // One tries after the rest; when that works, all go on.
    world.advance(90);
    let keys = made_with(&world, 20..26).await;
    assert!(keys.contains(&fingerprint("key-a1")) && keys.contains(&fingerprint("key-a2")), "{keys:?}");
}

/// Two processes, one account: together they stay below KIE's limit, and what must wait uploads its photo once.
#[tokio::test]
async fn processes_share_one_rate_limit() {
    let world = World::new(KieFake::builder().account("a").key("key-a1").key("key-a2")).await;
    let (model, another) = (world.model(None), world.another());
    let began = world.clock.monotonic();
    for number in 0..60 {
        let provider = if number % 2 == 0 { &world.provider } else { &another };
        let photo = world.upload_by(provider, attempt(number), &model).await.unwrap();
        let submitted = world.submit_by(provider, attempt(number), &photo, &model).await;
        assert!(matches!(submitted, Submitted::Accepted { .. }), "{number}: {submitted:?}");
    }
    assert!(world.fake.log().peak(Duration::from_secs(10)) <= 20);
    let took = world.clock.monotonic() - began;
    assert!(took >= Duration::from_secs(30) && took <= Duration::from_secs(40), "{took:?}");
    world.fake.finish();
}

/// A disk was slow between the slot and the call: the slot is of a window that has passed, and the next window's calls
/// are about to leave.
#[tokio::test]
async fn a_call_that_is_late_waits_for_another_slot() {
    let world = World::new(KieFake::builder().account("a").key("key-a")).await;
    let mut photos = Vec::new();
    for number in 0..19 {
        photos.push(world.upload(attempt(number)).await.unwrap());
    }
    world.advance(10);
    for (number, photo) in (0..).zip(&photos) {
        let submitted = world.submit(attempt(number), photo).await;
        assert!(matches!(submitted, Submitted::Accepted { .. }), "{number}: {submitted:?}");
    }
    for number in 19..40 {
        world.task(attempt(number)).await;
    }
    let peak = world.fake.log().peak(Duration::from_secs(10));
    assert!(peak <= 20, "{peak}");
    world.fake.finish();
}

#[tokio::test]
async fn an_account_with_a_free_slot_goes_before_one_to_wait_for() {
    let world = World::new(KieFake::builder().account("a").key("key-a").account("b").key("key-b")).await;
    let pace = Pace {
        bucket: "kie/paid/a".to_owned(),
        limit: 19,
        window: Duration::from_secs(11),
        patience: Duration::ZERO,
    };
    for _ in 0..19 {
        world.store.pace(&pace).await.unwrap();
    }
    let began = world.clock.monotonic();
    for number in 0..4 {
        assert_eq!(world.task(attempt(number)).await.1, fingerprint("key-b"));
    }
    assert_eq!(world.clock.monotonic(), began, "nobody waited");
}

#[tokio::test]
async fn a_slot_that_lies_far_ahead_sends_the_job_away_and_keeps_its_upload() {
    let world = World::new(KieFake::builder().account("a").key("key-a")).await;
    // Others have taken the slots of the next minute.
    let (limit, window) = (19, Duration::from_secs(11));
    let pace = Pace { bucket: "kie/paid/a".to_owned(), limit, window, patience: Duration::from_secs(600) };
    for _ in 0..limit * 6 {
        world.store.pace(&pace).await.unwrap();
    }
    let (wait, why) = not_now(world.upload(attempt(1)).await.unwrap_err());
    assert_eq!((wait, why), (Duration::from_secs(66), FaultClass::RateLimit));
    world.advance(66);
    world.task(attempt(1)).await;
    assert_eq!(world.fake.log().count(Call::UploadStream), 1);
}

#[tokio::test]
async fn reads_keep_to_a_keys_limit() {
    let world = World::new(two_accounts().render(Render::stuck())).await;
    let (owner, mut task) = (attempt(1), world.task(attempt(1)).await);
    task.1 = fingerprint("key-a1");
    // Others have taken the slots of both keys of the account.
    for key in ["key-a1", "key-a2"] {
        let (limit, window) = (10, Duration::from_secs(1));
        let bucket = format!("kie/read/{}", fingerprint(key));
        let pace = Pace { bucket, limit, window, patience: Duration::from_secs(60) };
        for _ in 0..limit * 5 {
            world.store.pace(&pace).await.unwrap();
        }
    }
    let reads = world.fake.log().count(Call::RecordInfo);
    let fault = world.read(owner, &task).await.unwrap_err();
    assert_eq!((fault.class, fault.retry_after), (FaultClass::RateLimit, Some(Duration::from_secs(5))));
    assert_eq!(world.fake.log().count(Call::RecordInfo), reads, "nobody was asked");
    world.advance(3);
    assert!(world.read(owner, &task).await.is_ok(), "two seconds are waited for in place");
}

#[tokio::test]
async fn an_operator_closes_and_opens_keys_for_all_processes() {
    let world = World::new(two_accounts()).await;
    let command = |key: &'static str, change| KeyCommand {
        key,
        change,
        actor: "cli:ops".to_owned(),
        reason: Some("leaked".to_owned()),
    };
    // By its place, and by its name.
    world.provider.key_command(command("3", ResourceChange::Close(None))).await.unwrap();
    let name = fingerprint("key-a1");
    assert_eq!(world.provider.key_name("1").unwrap(), name);
    assert_eq!(world.provider.key_name(&name).unwrap(), name);
    for wrong in ["0", "4", "key-a1", ""] {
        assert!(world.provider.key_name(wrong).is_err(), "{wrong}");
    }
    let another = world.another();
    for number in 0..4 {
        let photo = world.upload_by(&another, attempt(number), &world.model(None)).await.unwrap();
        assert_ne!(photo.key, Some(fingerprint("key-b")));
        let reason = format!("account a: key {} closed by cli:ops: leaked", fingerprint("key-b"));
        assert_eq!(photo.reason, Some(reason));
    }
    for key in ["1", "2"] {
        world.provider.key_command(command(key, ResourceChange::Close(None))).await.unwrap();
    }
    assert_eq!(world.provider.opening(&world.model(None)).await, Opening::Never);
    let views = world.provider.keys().await.unwrap();
    let shape: Vec<_> = views
        .iter()
        .flat_map(|account| account.keys.iter().map(move |key| (account.name.as_str(), key.index, key.open)))
        .collect();
    assert_eq!(shape, [("a", 1, false), ("a", 2, false), ("b", 3, false)]);
    world.provider.key_command(command("2", ResourceChange::Open)).await.unwrap();
    assert_eq!(world.task(attempt(9)).await.1, fingerprint("key-a2"));
}

#[tokio::test]
async fn balances_are_asked_noted_and_forecast() {
    let world = World::new(two_accounts().allow(Rule::Auth)).await;
    world.fake.set_credits("a", 1_000);
    world.fake.revoke("key-b");
    let balances = world.provider.probe_balances().await;
    assert_eq!(balances[0], ("a".to_owned(), Ok(1_000_000)));
    assert_eq!(balances[1].1.as_ref().unwrap_err().class, FaultClass::Auth);
    world.advance(24 * 3_600);
    world.fake.set_credits("a", 800);
    world.provider.probe_balances().await;
    let views = world.provider.keys().await.unwrap();
    assert_eq!(views[0].record.balance.unwrap().milli, 800_000);
    assert_eq!(views[0].days_left, Some(4.0));
    assert_eq!(views[1].days_left, None);
    let checks = world.provider.check_keys().await;
    let good: Vec<_> =
        checks.iter().map(|check| (check.account.as_str(), check.balance_milli.is_ok())).collect();
    assert_eq!(good, [("a", true), ("a", true), ("b", false)]);
}

#[tokio::test]
async fn a_filled_account_is_open_as_soon_as_its_balance_is_asked() {
    let world = World::new(KieFake::builder().account("a").key("key-a").credits(0)).await;
    let photo = world.upload(attempt(1)).await.unwrap();
    rejected(world.submit(attempt(1), &photo).await);
    world.provider.probe_balances().await;
    assert!(matches!(world.provider.opening(&world.model(None)).await, Opening::After { .. }));
    world.fake.set_credits("a", 500);
    world.provider.probe_balances().await;
    assert_eq!(world.provider.opening(&world.model(None)).await, Opening::Now);
}

/// S7: a key stands in the header of a request and nowhere else.
#[tokio::test]
async fn keys_are_not_kept_and_not_shown() {
    let world = World::new(two_accounts().allow(Rule::Auth)).await;
    world.fake.script(When::paid().first(1), Trouble::refuses(500, "no luck with key-a1, key-a2, key-b"));
    let photo = world.upload(attempt(1)).await.unwrap();
    let submitted = world.submit(attempt(1), &photo).await;
    world.fake.revoke("key-a1");
    world.provider.probe_balances().await;
    let known = world.store.resources_list("kie").await.unwrap();
    assert!(!known.is_empty());
    let views = world.provider.keys().await.unwrap();
    let used = ["key-a1", "key-a2", "key-b"].into_iter().find(|key| photo.key == Some(fingerprint(key)));
    let told = format!("{submitted:?}");
    assert!(!told.contains(used.unwrap()), "{told}");
    let shown =
        format!("{:?} {known:?} {views:?} {}", world.provider, serde_json::to_string(&views).unwrap());
    for key in ["key-a1", "key-a2", "key-b"] {
        assert!(!shown.contains(key), "{shown}");
    }
}
