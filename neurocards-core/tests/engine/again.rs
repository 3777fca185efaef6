//! Ordering once more what ended without a video.

use futures::future::join_all;
use neurocards_core::{Again, AgainError, Cancellation};

use crate::world::{World, request};

/// Whoever asks, and however many at once: one new order, one hold, and only one of them is told that it is new.
#[tokio::test]
async fn a2_ten_who_order_again_at_once_make_one_order() {
    let world = World::new().await;
    let engine = world.engine();
    let first = engine.order(request(1)).await.unwrap();
    let job = first.record().await.unwrap().unwrap().jobs[0].id;
    let early = engine.order_again(job, None, None).await;
    assert!(matches!(early, Err(AgainError::NotEnded { .. })), "{early:?}");
    assert_eq!(engine.cancel(job).await.unwrap(), Cancellation::Cancelled);
    let (available, held) = world.balance().await;
    assert_eq!(held, 0);

    let answers = join_all((0..10).map(|_| engine.order_again(job, None, None))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|again| matches!(again, Again::New(_))).count(), 1);
    assert!(answers.iter().all(|again| again.order().id() == answers[0].order().id()));
    assert_eq!(world.balance().await, (available - 1, 1));
    assert_eq!(
        engine.cancel(answers[0].order().record().await.unwrap().unwrap().jobs[0].id).await.unwrap(),
        Cancellation::Cancelled
    );
}
