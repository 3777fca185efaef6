//! The life of one task.

use std::time::Duration;

use neurocards_core::{Fault, FaultClass, Submitted, TaskState, VideoProvider};
use neurocards_fakes::kie::{KieFake, Render, words};
use neurocards_fakes::{Call, Fault as Trouble, When};
use neurocards_kie::Callbacks;

use crate::world::{World, attempt, fingerprint, task_ref};

fn one_key() -> neurocards_fakes::kie::KieBuilder {
    KieFake::builder().key("key-1")
}

fn video(state: TaskState) -> (String, Option<i64>) {
    match state {
        TaskState::Succeeded { video, cost_milli } => (video, cost_milli),
        other => panic!("{other:?}"),
    }
}

const RUNNING: Result<TaskState, Fault> = Ok(TaskState::Running { progress: None });

#[tokio::test]
async fn a_photo_becomes_a_video() {
    let world = World::new(one_key()).await;
    let task = world.task(attempt(1)).await;
    assert_eq!(task.1, fingerprint("key-1"));
    assert_eq!(world.read(attempt(1), &task).await, RUNNING);
    let (address, cost) = video(world.read(attempt(1), &task).await.unwrap());
    assert_eq!(cost, Some(35_000));
    let bytes = world.fetch(attempt(1), &task, &address).await.unwrap();
    assert_eq!(bytes, world.fake.video(&task.0));
    assert_eq!(world.fake.log().paid().len(), 1);
    world.fake.finish();
}

/// D1, D2, D5: whatever happens to the answer, there is one POST.
#[tokio::test]
async fn d5_a_paid_call_leaves_once_whatever_comes_back() {
    let lost = [
        Trouble::lost_reply(),
        Trouble::closes(),
        Trouble::html(502),
        Trouble::html(200),
        Trouble::garbles(),
        Trouble::truncates(),
        Trouble::without_data(),
        Trouble::redirects(307, "/api/v1/jobs/createTask"),
        Trouble::internal_error(),
        Trouble::busy().after_it_was_done(),
    ];
    for trouble in lost {
        let world = World::new(one_key()).await;
        let told = format!("{trouble:?}");
        world.fake.script(When::paid(), trouble);
        let photo = world.upload(attempt(1)).await.unwrap();
        let submitted = world.submit(attempt(1), &photo).await;
        assert!(matches!(submitted, Submitted::Unknown(_)), "{told}: {submitted:?}");
        assert_eq!(world.fake.log().paid().len(), 1, "{told}");
        // What is in doubt is no proof of anything about the key.
        assert!(!world.account("main").await.is_troubled());
    }
}

#[tokio::test]
async fn d3_a_definite_refusal_is_told_as_one() {
    let check = async |trouble: Trouble, class: FaultClass| {
        let world = World::new(one_key()).await;
        world.fake.script(When::paid(), trouble);
        let photo = world.upload(attempt(1)).await.unwrap();
        match world.submit(attempt(1), &photo).await {
            Submitted::Rejected(fault) => assert_eq!(fault.class, class, "{fault}"),
            other => panic!("{other:?}"),
        }
    };
    check(Trouble::paused(), FaultClass::ModelUnavailable).await;
    check(Trouble::unknown_model(), FaultClass::ModelUnavailable).await;
    check(Trouble::maintenance(), FaultClass::ModelUnavailable).await;
    check(Trouble::disabled(), FaultClass::ModelUnavailable).await;
    check(Trouble::forbidden_1010(), FaultClass::InvalidInput).await;
    check(Trouble::out_of_credits_as_500(), FaultClass::Billing).await;
}

#[tokio::test]
async fn a_task_that_kie_does_not_know_yet_is_no_failure() {
    let world = World::new(one_key().render(Render::succeeds().after_reads(4).hidden_for_reads(2))).await;
    let task = world.task(attempt(1)).await;
    for _ in 0..2 {
        let missing = world.read(attempt(1), &task).await.unwrap_err();
        assert_eq!(missing.message, words::NO_RECORD);
    }
    assert_eq!(world.read(attempt(1), &task).await, RUNNING);
    assert!(matches!(world.read(attempt(1), &task).await, Ok(TaskState::Succeeded { .. })));
}

#[tokio::test]
async fn a_timeout_that_turns_into_a_success_is_one() {
    let flips = Render::flips().after(Duration::from_secs(60)).late_by(Duration::from_secs(60));
    let world = World::new(one_key().render(flips)).await;
    let task = world.task(attempt(1)).await;
    world.advance(70);
    assert_eq!(world.read(attempt(1), &task).await, RUNNING, "reported as failed ten seconds ago");
    world.advance(60);
    assert!(matches!(world.read(attempt(1), &task).await, Ok(TaskState::Succeeded { .. })));

    let stays = Render::fails("524", words::TASK_TIMEOUT).after(Duration::from_secs(60));
    let world = World::new(one_key().render(stays)).await;
    let task = world.task(attempt(1)).await;
    world.advance(60);
    assert_eq!(world.read(attempt(1), &task).await, RUNNING);
    world.advance(90);
    let Ok(TaskState::Failed(fault)) = world.read(attempt(1), &task).await else { panic!("it stayed so") };
    assert_eq!((fault.class, fault.code.as_deref()), (FaultClass::Temporary, Some("524")));
}

#[tokio::test]
async fn failures_have_their_class_and_cost_nothing() {
    for (code, text, class) in [
        ("400", words::PERSON, FaultClass::UserViolation),
        ("500", words::BRAND, FaultClass::UserViolation),
        ("1501", words::REVIEW_FAILED, FaultClass::UserViolation),
        ("400", words::FETCH_FAILED, FaultClass::Temporary),
        ("500", words::INTERNAL, FaultClass::Temporary),
        ("500", "an unheard-of thing at https://files.example/a", FaultClass::Unknown),
    ] {
        let world = World::new(one_key().render(Render::fails(code, text).after_reads(1))).await;
        let task = world.task(attempt(1)).await;
        let Ok(TaskState::Failed(fault)) = world.read(attempt(1), &task).await else { panic!("{text}") };
        assert_eq!(fault.class, class, "{text}");
        assert!(!fault.message.contains("://"), "{fault}");
    }
}

/// E4: only the provider's own word ends a task.
#[tokio::test]
async fn e4_a_failed_reading_says_nothing_of_the_task() {
    let world = World::new(one_key().render(Render::succeeds().after_reads(1))).await;
    let task = world.task(attempt(1)).await;
    let troubles = [
        Trouble::closes(),
        Trouble::html(503),
        Trouble::garbles(),
        Trouble::internal_error(),
        Trouble::rate_limited(),
        Trouble::refuses(200, "success").after_it_was_done(),
    ];
    for (nth, trouble) in troubles.into_iter().enumerate() {
        world.fake.script(When::read().nth(nth as u32 + 1), trouble);
    }
    for _ in 0..6 {
        assert!(world.read(attempt(1), &task).await.is_err());
    }
    assert!(matches!(world.read(attempt(1), &task).await, Ok(TaskState::Succeeded { .. })));
    world.fake.allow(neurocards_fakes::Rule::ReadRate);
}

/// F2.
#[tokio::test]
async fn f2_a_link_that_died_is_renewed_once() {
    let world = World::new(one_key().render(Render::succeeds().after_reads(1).link_is_dead())).await;
    let task = world.task(attempt(1)).await;
    let (address, _) = video(world.read(attempt(1), &task).await.unwrap());
    assert_eq!(world.fetch(attempt(1), &task, &address).await.unwrap(), world.fake.video(&task.0));
    assert_eq!(world.fake.log().count(Call::DownloadUrl), 1);

    // When there is no fresh one either, the fault says so and the engine reads the task again.
    world.fake.script(When::call(Call::DownloadUrl), Trouble::refuses(422, "url is wrong"));
    let fault = world.fetch(attempt(1), &task, &address).await.unwrap_err();
    assert_eq!(
        (fault.class, fault.message.as_str()),
        (FaultClass::Temporary, "the video is not where it was (HTTP 404)")
    );
}

/// S3: the record holds the prompt and the photo too, and a result may name any address.
#[tokio::test]
async fn e8_a_result_that_leads_elsewhere_is_never_asked() {
    for address in [
        "http://127.0.0.1:9/a.mp4",
        "https://127.0.0.1/a.mp4",
        "https://localhost/a.mp4",
        "file:///etc/passwd",
    ] {
        let result = format!("{{\"resultUrls\":[\"{address}\"]}}");
        let world =
            World::new(one_key().render(Render::succeeds().after_reads(1).result_json(&result))).await;
        let task = world.task(attempt(1)).await;
        let (found, _) = video(world.read(attempt(1), &task).await.unwrap());
        assert_eq!(found, address);
        assert!(world.fetch(attempt(1), &task, &found).await.is_err(), "{address}");
        assert_eq!(world.fake.log().count(Call::Media), 0);
    }
}

#[tokio::test]
async fn kie_is_told_where_to_call_and_reads_become_a_safety_net() {
    let secret: Vec<u8> = vec![9; 32];
    let callbacks = Callbacks::new(Some("http://127.0.0.1:9"), secret.into(), None).unwrap();
    let given = callbacks.clone();
    let world = World::with(one_key().render(Render::stuck()), |config| config.callbacks = Some(given)).await;
    assert_eq!(world.provider.capabilities().poll, Some(Duration::from_secs(120)));
    let task = world.task(attempt(1)).await;
    assert_eq!(world.fake.task(&task.0).unwrap().callback, callbacks.address(attempt(1)));

    let world = World::new(one_key().render(Render::stuck())).await;
    assert_eq!(world.provider.capabilities().poll, None);
    let task = world.task(attempt(1)).await;
    assert_eq!(world.fake.task(&task.0).unwrap().callback, None);
}

/// E2: a callback with a good token may name somebody else's task.
#[tokio::test]
async fn a_task_of_another_attempt_is_not_taken_for_ours() {
    let secret: Vec<u8> = vec![9; 32];
    let callbacks = Callbacks::new(Some("https://cards.example"), secret.into(), None).unwrap();
    let mut server = mockito::Server::new_async().await;
    let (given, base) = (callbacks.clone(), server.url());
    let world = World::with(one_key(), |config| {
        config.callbacks = Some(given);
        config.api_base = base;
    })
    .await;
    let param =
        serde_json::json!({ "callBackUrl": callbacks.address(attempt(1)), "model": "m", "input": "{}" });
    let record = serde_json::json!({ "code": 200, "data": {
        "state": "success", "param": param.to_string(), "resultJson": "{\"resultUrls\":[\"https://files.example/a.mp4\"]}",
    } });
    let _record = server
        .mock("GET", mockito::Matcher::Any)
        .with_body(record.to_string())
        .expect_at_least(2)
        .create_async()
        .await;
    let (model, task) = (world.model(None), ("t1".to_owned(), fingerprint("key-1")));
    assert!(world.provider.read(&task_ref(attempt(1), &task, &model)).await.is_ok());
    let foreign = world.provider.read(&task_ref(attempt(2), &task, &model)).await.unwrap_err();
    assert_eq!(foreign.code.as_deref(), Some("foreign_task"));
}
