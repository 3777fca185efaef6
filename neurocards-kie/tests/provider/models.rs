//! Every model of the catalogue, asked for at a service that checks each field.

use neurocards_core::{ModelStatus, Submitted, VideoProvider};
use neurocards_fakes::kie::KieFake;

use crate::world::{World, attempt};

#[tokio::test]
async fn every_model_is_asked_for_as_kie_wants_it_and_costs_what_we_say() {
    let world = World::new(KieFake::builder().key("key-1").credits(100_000)).await;
    let models = world.provider.catalogue().models().to_vec();
    let mut asked = 0;
    for (at, model) in models.iter().filter(|model| model.status == ModelStatus::Active).enumerate() {
        let attempt = attempt(at as u8);
        let photo = world.upload_by(&world.provider, attempt, model).await.unwrap();
        let submitted = world.submit_by(&world.provider, attempt, &photo, model).await;
        let Submitted::Accepted { task_id } = submitted else { panic!("{}: {submitted:?}", model.id) };
        let task = world.fake.task(&task_id).unwrap();
        assert_eq!(task.model, model.id);
        if let Some(price) = model.price_milli_usd {
            // A credit is half a cent; half a thousandth of a dollar counts as one.
            assert_eq!((task.cost_milli * 5 + 500) / 1_000, i64::from(price), "{}", model.id);
        }
        asked += 1;
    }
    assert!(asked >= 30, "{asked}");
    world.fake.finish();
}

#[tokio::test]
async fn a_model_that_is_gone_is_refused_before_anything_leaves() {
    let world = World::new(KieFake::builder().key("key-1")).await;
    let sora = world.provider.catalogue().get("sora-2-image-to-video").unwrap().clone();
    let refused = world.upload_by(&world.provider, attempt(1), &sora).await.unwrap_err();
    assert_eq!(refused.to_string(), "model_unavailable: the model sora-2-image-to-video is retired");
    assert!(world.fake.log().exchanges().is_empty());
}

#[tokio::test]
async fn the_catalogue_is_compared_with_kies() {
    let world = World::new(KieFake::builder().key("key-1")).await;
    let drift = world.provider.drift().await.unwrap();
    assert!(drift.live >= 30);
    assert_eq!((drift.gone.as_slice(), drift.back.as_slice()), (&[][..], &[][..]), "{drift:?}");
    assert!(drift.prices.iter().any(|price| price.model == "kling-3.0/video"));
}
