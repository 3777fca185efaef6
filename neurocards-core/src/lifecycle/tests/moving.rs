//! Other accounts, other models, and waiting for one.

use super::*;

#[test]
fn an_account_or_a_model_at_fault_moves_the_job_at_once_and_counts_as_nothing() {
    for class in [FaultClass::Billing, FaultClass::Auth, FaultClass::ModelUnavailable] {
        for event in [Event::Rejected(fault(class)), Event::UploadFailed(fault(class))] {
            let mut life = Life::new(Policy::default());
            life.claim().on(built());
            if matches!(event, Event::Rejected(_)) {
                life.on(uploaded());
            }
            life.route = go("other");
            life.on(event);
            assert_eq!(life.effect, Some(Effect::Upload), "{class}: in the same turn");
            let job = &life.state.job;
            assert_eq!((job.model.as_str(), job.attempts, job.retries, job.stumbles), ("other", 2, 0, 0));
            let attempt = life.state.attempt.as_ref().unwrap();
            assert_eq!((attempt.model.as_str(), attempt.seq), ("other", 2));
            let [.., JobEventBody::Refused { fault: told }, JobEventBody::Rerouted { from, to, .. }] =
                life.history.as_slice()
            else {
                panic!("{:?}", life.history);
            };
            assert_eq!((told.class, from.as_str(), to.as_str()), (class, "memory", "other"));
        }
        // A render that fails for its model moves too.
        let mut life = Life::accepted(Policy::default());
        life.route = go("other");
        life.claim().on(Event::RenderFailed(fault(class)));
        assert_eq!((life.state.job.stage, life.effect.clone()), (Stage::Submit, Some(Effect::Upload)));
    }
}

#[test]
fn a_job_does_not_move_for_ever() {
    let policy = Policy::default();
    let mut life = Life::submitted(policy.clone());
    let mut submissions = 1;
    loop {
        life.on(Event::Rejected(fault(FaultClass::Auth)));
        if life.state.job.stage.is_final() {
            break;
        }
        life.on(uploaded());
        submissions += 1;
    }
    assert_eq!(submissions, policy.max_submissions);
    assert_eq!(life.state.job.error, Some(fault(FaultClass::Auth)));
}

#[test]
fn a_wait_that_nobody_is_at_fault_for_counts_as_nothing_and_ends_with_the_deadline() {
    let mut life = Life::new(Policy::default());
    life.claim().on(built());
    let why = fault(FaultClass::RateLimit);
    let mut waits = 0;
    while life.state.job.stage == Stage::Submit {
        life.on(Event::NotNow { wait: secs(60), why: why.clone() });
        if life.state.job.stage.is_final() {
            break;
        }
        waits += 1;
        assert_eq!((life.state.job.retries, life.state.job.stumbles), (0, 0));
        assert_eq!(life.state.job.error, Some(why.clone()), "people see why it waits");
        life.claim();
        assert_eq!((life.effect.clone(), life.attempt()), (Some(Effect::Upload), AttemptState::Intent));
    }
    assert_eq!(waits, 59, "until the deadline, and no longer");
    assert_eq!(life.state.job.error, Some(why));
    let told = life.history.iter().filter(|line| matches!(line, JobEventBody::Waiting { .. })).count();
    assert_eq!(told, 1, "the history says it once");
    assert_eq!(life.settlements, [Settlement::Release]);
}

#[test]
fn a_job_that_finds_no_model_waits_with_its_prompt_or_ends() {
    let why = fault(FaultClass::Temporary);
    let mut life = Life::new(Policy::default());
    life.route = Route::Wait { wait: secs(300), why: why.clone() };
    let route = Box::new(life.route.clone());
    life.claim().on(Event::PromptBuilt { prompt: prompt(), fault: None, route });
    assert_eq!((life.state.job.stage, life.state.job.attempts), (Stage::Submit, 0));
    assert_eq!(life.state.job.wake_at, Some(life.now + secs(300)));
    assert!(matches!(life.history.as_slice(), [JobEventBody::Prompted { .. }, JobEventBody::Waiting { .. }]));
    life.route = go("memory");
    life.claim();
    assert_eq!((life.effect.clone(), life.state.job.attempts), (Some(Effect::Upload), 1));

    let mut life = Life::new(Policy::default());
    life.claim().on(Event::Routed(Route::Nowhere(why.clone())));
    assert_eq!((life.state.job.stage, life.state.job.error), (Stage::Failed, Some(why)));
}

#[test]
fn a_new_model_may_need_a_shorter_prompt() {
    let mut life = Life::submitted(Policy::default());
    let shorter = Prompt { text: "A cup.".to_owned(), ..prompt() };
    let (model, reason) = ("other".to_owned(), "successor of memory: paused".to_owned());
    life.route = Route::Go { model, reason: reason.clone(), text: Some(shorter.text.clone()) };
    life.on(Event::Rejected(fault(FaultClass::ModelUnavailable)));
    assert_eq!(life.state.job.prompt, Some(shorter));
    life.on(Event::Uploaded { key: Some("5e884898".to_owned()), reason: Some("account B".to_owned()) });
    let attempt = life.state.attempt.as_ref().unwrap();
    assert_eq!(attempt.key.as_deref(), Some("5e884898"));
    assert_eq!(attempt.reason, Some(format!("{reason}; account B")));
    assert!(matches!(life.history.last(), Some(JobEventBody::Sent { key: Some(_), reason: Some(_), .. })));
}
