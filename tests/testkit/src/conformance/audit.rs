//! The audit finds what a faulty lifecycle could write.

use std::collections::BTreeSet;

use neurocards_core::{Event, Settlement, Stage, Transition, Wake};

use super::{Milestone, World, bare};
use crate::sample;

async fn finds(world: &World, expect: &[&str]) {
    let violations = world.store.audit().await.unwrap();
    let found: BTreeSet<_> = violations.iter().map(|violation| violation.invariant).collect();
    assert_eq!(found, expect.iter().copied().collect(), "{violations:?}");
}

/// A credit that nobody gave back, nor took, and a buyer who waits.
pub async fn finds_an_end_without_a_settlement(world: &World) {
    world.plants();
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Prompt).await;
    finds(world, &[]).await;
    world.apply(state.clone(), &bare(&state, Stage::Failed, Wake::Never)).await;
    let expect = [
        "a final job has one capture or release, any other none",
        "a final job has told its buyer",
        "every stage is in the history",
        "held credits equal the prices of unfinished jobs",
    ];
    finds(world, &expect).await;
    let violations = world.store.audit().await.unwrap();
    let keys: BTreeSet<_> = violations.into_iter().map(|violation| violation.key).collect();
    assert_eq!(keys, BTreeSet::from([id.to_string(), "telegram:7/held".to_owned()]));
}

/// A video for nothing.
pub async fn finds_a_release_of_a_finished_video(world: &World) {
    world.plants();
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Rendered).await;
    let write = world.decide(&state, Event::Stored(sample::artifact())).await.0.unwrap();
    let settlement = Some((world.ids.entry(), Settlement::Release));
    world.apply(state, &Transition { settlement, ..write }).await;
    finds(world, &["captured means done, with an artifact"]).await;
}

/// A video that nobody paid for yet.
pub async fn finds_a_stray_artifact(world: &World) {
    world.plants();
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Accepted).await;
    let write = Transition { artifact: Some(sample::artifact()), ..bare(&state, Stage::Wait, Wake::Keep) };
    world.apply(state, &write).await;
    finds(world, &["captured means done, with an artifact"]).await;
}

/// A submission that nobody would ever look after.
pub async fn finds_an_attempt_that_outlives_its_job(world: &World) {
    world.plants();
    let id = world.job().await.id;
    let state = world.reach(id, Milestone::Intent).await;
    let write = world.decide(&state, Event::CancelRequested).await.0.unwrap();
    world.apply(state, &Transition { attempt: None, ..write }).await;
    finds(world, &["a final job has no live attempt"]).await;
}
