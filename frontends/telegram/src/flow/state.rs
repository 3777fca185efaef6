//! Where a dialogue stands. This is stored: names stay, fields are only added; what cannot be read is the menu.

use neurocards::{PhotoRef, TemplateId};
use serde::{Deserialize, Serialize};

use super::admin::AdminStep;

/// The format of stored states.
pub const STATE_FORMAT: u32 = 1;

/// Where a dialogue stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum State {
    /// Nothing is waited for; a draft may lie aside.
    #[default]
    Menu,
    /// The terms wait to be accepted.
    Consent,
    /// A photo is waited for.
    Photo,
    /// The description.
    Description(Draft),
    /// The template, by button.
    Template(Draft),
    /// The wishes.
    Wishes(Draft),
    /// The own prompt.
    OwnPrompt(Draft),
    /// A word on the own prompt.
    PromptCheck(Draft),
    /// The number of videos, by button.
    Count(Draft),
    /// The confirmation, by button.
    Confirm(Draft),
    /// Nothing is waited for, and a draft lies aside: its buttons still work.
    Aside(Draft),
    /// Something is waited for from an admin; a draft may lie aside.
    Admin {
        /// What.
        step: AdminStep,
        /// The draft.
        #[serde(default)]
        aside: Option<Draft>,
    },
}

/// The id of a draft: the order is placed under it, so that it is placed once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DraftId(String);

/// An order that is being put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its id.
    pub id: DraftId,
    /// Raised by each change.
    pub revision: u32,
    /// The photo, which lies in the media store.
    pub photo: PhotoRef,
    /// The album that the photo came in.
    #[serde(default)]
    pub album: Option<String>,
    /// What the product is; empty until it is told.
    #[serde(default)]
    pub description: String,
    /// The template.
    #[serde(default)]
    pub template: Option<TemplateId>,
    /// Wishes.
    #[serde(default)]
    pub wishes: Option<String>,
    /// The own prompt, of the template `self`.
    #[serde(default)]
    pub own_prompt: Option<String>,
    /// How many videos.
    #[serde(default)]
    pub count: Option<u32>,
}

impl DraftId {
    /// An id of random bytes.
    pub fn new(random: [u8; 10]) -> Self {
        Self(random.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The idempotency key of the order.
    pub fn order_key(&self) -> String {
        format!("draft-{}", self.0)
    }
}

impl Draft {
    /// A draft of a photo.
    pub fn new(id: DraftId, photo: PhotoRef) -> Self {
        let (template, wishes, own_prompt, count) = (None, None, None, None);
        let description = String::new();
        Self { id, revision: 0, photo, album: None, description, template, wishes, own_prompt, count }
    }

    /// The same with a change.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self.revision += 1;
        self
    }
}

impl State {
    /// The draft, wherever the dialogue stands.
    pub fn draft(&self) -> Option<&Draft> {
        match self {
            Self::Menu | Self::Consent | Self::Photo => None,
            Self::Admin { aside, .. } => aside.as_ref(),
            Self::Description(draft)
            | Self::Template(draft)
            | Self::Wishes(draft)
            | Self::OwnPrompt(draft)
            | Self::PromptCheck(draft)
            | Self::Count(draft)
            | Self::Confirm(draft)
            | Self::Aside(draft) => Some(draft),
        }
    }

    /// Nothing is waited for.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self, Self::Menu | Self::Aside(_))
    }

    /// The draft, for another state.
    pub(super) fn into_draft(self) -> Option<Draft> {
        self.draft().cloned()
    }

    /// The draft is put aside, not thrown away.
    #[must_use]
    pub fn aside(self) -> Self {
        match self {
            Self::Consent => Self::Consent,
            Self::Menu | Self::Photo => Self::Menu,
            Self::Admin { aside, .. } => aside.map_or(Self::Menu, Self::Aside),
            Self::Description(draft)
            | Self::Template(draft)
            | Self::Wishes(draft)
            | Self::OwnPrompt(draft)
            | Self::PromptCheck(draft)
            | Self::Count(draft)
            | Self::Confirm(draft)
            | Self::Aside(draft) => Self::Aside(draft),
        }
    }
}
