//! Where a conversation stands, and how it moves.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ActionId, ActionNew, ChatRef, PersonId, PersonWrite};
use crate::clock::Timestamp;

/// Where a conversation stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dialogue {
    /// The conversation.
    pub chat: ChatRef,
    /// With whom.
    pub person: PersonId,
    /// Which version of the frontend's own format the state has.
    pub format: u32,
    /// The state, in the frontend's own format.
    pub state: Value,
    /// Raised by each write.
    pub version: i64,
    /// When it was written.
    pub updated_at: Timestamp,
}

/// A new state of a dialogue.
#[derive(Debug, Clone, PartialEq)]
pub struct DialogueWrite {
    /// The version that it was decided on; 0 when there was none.
    pub expected: i64,
    /// The format of the state.
    pub format: u32,
    /// The state.
    pub state: Value,
}

/// What an update did to the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The conversation.
    pub chat: ChatRef,
    /// With whom.
    pub person: PersonId,
    /// The update and the epoch of its claim.
    pub update: (i64, i64),
    /// The dialogue's new state, if it moved.
    pub dialogue: Option<DialogueWrite>,
    /// What became known of the person.
    pub seen: Option<PersonWrite>,
    /// Buttons of what is to be shown.
    pub actions: Vec<ActionNew>,
    /// A button that works once, and was pressed.
    pub used: Option<ActionId>,
    /// What is to be shown, in the frontend's own format. With `None` the update is over.
    pub reply: Option<Value>,
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnOutcome {
    /// It was written.
    Applied,
    /// The update is somebody else's now, or took effect before. Nothing was written.
    Lost,
    /// The dialogue has another version: read it and decide again. Nothing was written.
    Moved,
    /// The button was used before. Nothing was written.
    Used,
}
