//! Whole lives of a video: order, render at the fake, download, credit.

use neurocards_core::{AttemptState, FaultClass, JobHistory, Stage};
use neurocards_fakes::kie::{Callbacks, KieBuilder, KieFake, Render, words};
use neurocards_fakes::{Call, Fault as Trouble, When};

use crate::house::House;
use crate::world::fingerprint;

fn one_key() -> KieBuilder {
    KieFake::builder().key("key-1")
}

fn states(history: &JobHistory) -> Vec<AttemptState> {
    history.attempts.iter().map(|attempt| attempt.state).collect()
}

const DONE: (i64, i64) = (-1, 0);
const RELEASED: (i64, i64) = (0, 0);

#[tokio::test]
async fn a_video_is_made_paid_and_stored_once() {
    let house = House::alone(one_key()).await;
    let history = house.live().await;
    assert_eq!((history.record.job.stage, house.balance().await), (Stage::Done, DONE));
    let attempt = &history.attempts[0];
    assert_eq!((attempt.key.clone(), attempt.cost_milli), (Some(fingerprint("key-1")), Some(35_000)));
    assert_eq!(house.fake.log().paid().len(), 1);
    house.fake.finish();
}

/// D2, D6: the callback names the task; it is read, and nothing is asked for twice.
#[tokio::test]
async fn d2_a_lost_reply_is_made_good_by_a_callback() {
    for trouble in [Trouble::lost_reply(), Trouble::garbles(), Trouble::internal_error().after_it_was_done()]
    {
        let house = House::called_back(one_key().render(Render::succeeds().after_reads(0))).await;
        house.fake.script(When::paid(), trouble);
        let history = house.live().await;
        assert_eq!((history.record.job.stage, house.balance().await), (Stage::Done, DONE));
        assert_eq!((house.fake.log().paid().len(), house.fake.tasks().len()), (1, 1));
        house.fake.finish();
    }
}

/// D11: without callbacks nobody can know; the credit goes back, and the call is not made again.
#[tokio::test]
async fn d11_a_lost_reply_without_callbacks_gives_the_credit_back() {
    let house = House::alone(one_key()).await;
    house.fake.script(When::paid(), Trouble::lost_reply());
    let history = house.live().await;
    assert_eq!((history.record.job.stage, house.balance().await), (Stage::Failed, RELEASED));
    assert_eq!((house.fake.log().paid().len(), house.fake.tasks().len()), (1, 1));
    house.fake.finish();
}

/// E1, D6: it comes before the reply, and three times.
#[tokio::test]
async fn e1_callbacks_that_come_early_and_often_have_one_effect() {
    let callbacks = Callbacks::times(3).before_the_reply();
    let house = House::called_back(one_key().render(Render::succeeds().callbacks(callbacks))).await;
    let history = house.live().await;
    assert_eq!((history.record.job.stage, house.balance().await), (Stage::Done, DONE));
    assert_eq!(states(&history), [AttemptState::Succeeded]);
    assert_eq!(house.fake.log().paid().len(), 1);
    house.fake.finish();
}

/// S1, S3: a good signature does not cover the body, so nothing in it is believed.
#[tokio::test]
async fn e2_a_forged_callback_leads_nowhere() {
    let house = House::called_back(one_key().render(Render::stuck())).await;
    let (forger, waiting) = (house.fake.log(), house.fake.tasks());
    assert!(waiting.is_empty());
    let forge = async {
        let id = loop {
            match house.fake.tasks().into_iter().find(|task| task.reads == 0) {
                Some(task) => break task.id,
                None => tokio::task::yield_now().await,
            }
        };
        let message = house.fake.message(&id);
        let evil = |body: &mut serde_json::Value| {
            body["data"]["state"] = "success".into();
            body["data"]["resultJson"] = "{\"resultUrls\":[\"http://169.254.169.254/a.mp4\"]}".into();
        };
        message.edit(evil).send().await;
        house.fake.finish_task(&id);
    };
    let (history, ()) = tokio::join!(house.live(), forge);
    assert_eq!((history.record.job.stage, house.balance().await), (Stage::Done, DONE));
    let video = history.attempts[0].video.clone().unwrap();
    assert!(video.starts_with(&house.fake.media_url()), "{video}");
    assert_eq!(forger.count(Call::Media), 1);
}

#[tokio::test]
async fn what_the_provider_refuses_costs_nothing() {
    let house = House::alone(one_key().render(Render::fails("400", words::PERSON))).await;
    let history = house.live().await;
    assert_eq!((history.record.job.stage, house.balance().await), (Stage::Failed, RELEASED));
    assert_eq!(history.record.job.error.as_ref().map(|fault| fault.class), Some(FaultClass::UserViolation));
    assert_eq!(house.fake.log().paid().len(), 1, "the same photo is not tried again");
    house.fake.finish();
}

/// D9: the photo goes up anew, under another name.
#[tokio::test]
async fn d9_a_photo_that_could_not_be_fetched_is_uploaded_again() {
    let house = House::alone(one_key()).await;
    house.fake.script(When::paid().first(1), Render::cannot_fetch_the_photo());
    let history = house.live().await;
    assert_eq!(history.record.job.stage, Stage::Done);
    assert_eq!(states(&history), [AttemptState::Failed, AttemptState::Succeeded]);
    assert_eq!(house.fake.log().count(Call::UploadStream), 2);
    house.fake.finish();
}

/// D3: another account at once.
#[tokio::test]
async fn an_empty_account_costs_the_job_nothing_but_a_try() {
    let fake = KieFake::builder().account("a").key("key-a").credits(0).account("b").key("key-b");
    let house = House::alone(fake).await;
    for _ in 0..2 {
        assert_eq!(house.live().await.record.job.stage, Stage::Done);
    }
    let refused = house.fake.log().paid().len() - house.fake.tasks().len();
    assert_eq!(refused, 1, "once it is known, nobody asks again");
}

/// A paused model costs one attempt of one job: it goes on with the next of the chain, and others do not ask at all.
#[tokio::test]
async fn a_paused_model_is_replaced_for_everybody() {
    let house = House::alone(one_key()).await;
    let seedance = "bytedance/seedance-1.5-pro";
    house.fake.script(When::paid().model(seedance), Trouble::paused());
    let history = house.live().await;
    assert_eq!((history.record.job.stage, house.balance().await), (Stage::Done, DONE));
    assert_eq!(states(&history), [AttemptState::Rejected, AttemptState::Succeeded]);
    let models: Vec<_> = history.attempts.iter().map(|attempt| attempt.model.as_str()).collect();
    // The first of the chain that costs no more.
    assert_eq!(models, [seedance, "veo3_lite"]);
    assert_eq!(history.record.job.model, "veo3_lite");

    let history = house.live().await;
    assert_eq!((states(&history), history.record.job.stage), (vec![AttemptState::Succeeded], Stage::Done));
    assert_eq!(house.fake.log().paid().len(), 3);
    let asked = house.fake.log().of(Call::CreateTask).len();
    assert_eq!(asked, 1, "the model rests for all jobs");
}
