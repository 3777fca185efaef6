//! How many jobs a worker carries on at once, by what they are about to do.

use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::job::Stage;
use crate::store::{ClaimedJob, Room};

#[derive(Debug)]
pub(super) struct Lanes {
    submit: Arc<Semaphore>,
    read: Arc<Semaphore>,
    store: Arc<Semaphore>,
    /// A turn went over from one lane to another one.
    changed: Notify,
}

/// More turns at once serve nobody.
const MOST_AT_ONCE: u32 = 65_536;

impl Lanes {
    pub(super) fn new(room: Room) -> Self {
        let lane = |jobs: u32| Arc::new(Semaphore::new(jobs.min(MOST_AT_ONCE) as usize));
        let (submit, read, store) = (lane(room.submit), lane(room.read), lane(room.store));
        Self { submit, read, store, changed: Notify::new() }
    }

    pub(super) fn room(&self) -> Room {
        let free = |lane: &Semaphore| u32::try_from(lane.available_permits()).unwrap_or(u32::MAX);
        Room { submit: free(&self.submit), read: free(&self.read), store: free(&self.store) }
    }

    /// A place for a job in this stage, if there is one.
    pub(super) fn enter(self: &Arc<Self>, stage: Stage) -> Option<Place> {
        let permit = self.lane(stage).clone().try_acquire_owned().ok()?;
        Some(Place { lanes: self.clone(), permit })
    }

    /// Until a turn goes over from one lane to another one. A turn that ends is not told here.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn lane(&self, stage: Stage) -> &Arc<Semaphore> {
        match stage {
            Stage::Prompt | Stage::Submit => &self.submit,
            Stage::Wait => &self.read,
            Stage::Store | Stage::Done | Stage::Failed | Stage::Cancelled => &self.store,
        }
    }
}

/// The lanes for which a claim with this room may have left jobs behind that are due, as stages.
pub(super) fn filled(room: Room, claimed: &[ClaimedJob]) -> Vec<Stage> {
    let lane_of = |stage| if stage == Stage::Prompt { Stage::Submit } else { stage };
    let taken = |lane: Stage| claimed.iter().filter(|job| lane_of(job.state.job.stage) == lane).count();
    let mut lanes = vec![Stage::Submit, Stage::Wait, Stage::Store];
    lanes.retain(|lane| taken(*lane) >= room.of(*lane) as usize);
    lanes
}

/// A turn's place in a lane.
#[derive(Debug)]
pub(super) struct Place {
    lanes: Arc<Lanes>,
    permit: OwnedSemaphorePermit,
}

impl Place {
    /// Changes over to the lane of this stage; `false` when that is full.
    pub(super) fn change_to(&mut self, stage: Stage) -> bool {
        if Arc::ptr_eq(self.permit.semaphore(), self.lanes.lane(stage)) {
            return true;
        }
        match self.lanes.lane(stage).clone().try_acquire_owned() {
            Ok(permit) => {
                self.permit = permit;
                self.lanes.changed.notify_one();
                true
            }
            Err(_) => false,
        }
    }
}
