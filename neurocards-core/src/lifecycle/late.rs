//! Tasks whose jobs ended without them: what is paid for may still come, and is given away then.

use std::time::Duration;

use super::Policy;
use crate::artifact::Artifact;
use crate::attempt::AttemptState;
use crate::fault::Fault;
use crate::ids::NoticeId;
use crate::store::{LateAttempt, LateOutcome};

/// What came of looking at a late task.
#[derive(Debug, Clone, PartialEq)]
pub enum LateEvent {
    /// It is under way, or could not be read.
    Waiting,
    /// The provider says that it failed.
    Failed(Fault),
    /// Its video could not be fetched or stored.
    NotStored(Fault),
    /// Its video is durable.
    Stored {
        /// The video.
        artifact: Artifact,
        /// Where the provider kept it.
        video: String,
        /// What the provider charged, in thousandths of its own credits.
        cost_milli: Option<i64>,
    },
}

/// Decides what becomes of a late task. Pure, like [`step`](super::step).
pub fn late(late: &LateAttempt, event: LateEvent, policy: &Policy, notice: NoticeId) -> LateOutcome {
    let ended = late.job.finished_at.unwrap_or(late.job.created_at);
    let since = (late.claimed_at - ended).to_std().unwrap_or(Duration::ZERO);
    let state = late.attempt.state;
    match event {
        LateEvent::Stored { artifact, video, cost_milli } => {
            LateOutcome::Gift { artifact, video, cost_milli, notice }
        }
        LateEvent::Failed(fault) => LateOutcome::Over { state: AttemptState::Failed, fault: Some(fault) },
        LateEvent::Waiting if since >= policy.late_window => LateOutcome::Over { state, fault: None },
        LateEvent::NotStored(fault) if since >= policy.late_window => {
            LateOutcome::Over { state, fault: Some(fault) }
        }
        LateEvent::Waiting | LateEvent::NotStored(_) => LateOutcome::Again(policy.late_poll),
    }
}
