//! What buttons do. This is stored: names stay, fields are only added.

use neurocards::{Credits, JobId, Lang, OrderId, PayProvider, PaymentId, TemplateId};
use serde::{Deserialize, Serialize};

use super::admin::AdminAction;
use super::state::DraftId;

/// What a button does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Shows the menu; a draft is kept.
    Menu,
    /// Agrees to the terms.
    Consent,
    /// Begins a new video.
    Make,
    /// Shows a page of the person's videos.
    Videos {
        /// Those that come behind this one.
        after: Option<JobId>,
    },
    /// Shows the account.
    Cabinet,
    /// Shows what credits came and went.
    History,
    /// Shows how to get more credits.
    Topup,
    /// Asks for a package; its price is looked up.
    Buy {
        /// Which one: that of so many credits.
        package: Credits,
        /// Who takes the money.
        by: PayProvider,
    },
    /// Asks how a bill stands.
    PayCheck {
        /// Which one.
        payment: PaymentId,
    },
    /// Shows where to ask.
    Support,
    /// Offers the languages.
    Language,
    /// Chooses one.
    SetLanguage {
        /// Which.
        lang: Lang,
    },
    /// Chooses a template.
    Template {
        /// Of which draft.
        draft: DraftId,
        /// Which.
        template: TemplateId,
    },
    /// There are no wishes.
    NoWishes {
        /// Of which draft.
        draft: DraftId,
    },
    /// The own prompt is to be used as it is.
    UsePrompt {
        /// Of which draft.
        draft: DraftId,
    },
    /// The own prompt, or a script as such, is to be written.
    EditPrompt {
        /// Of which draft.
        draft: DraftId,
    },
    /// Chooses how many videos.
    Count {
        /// Of which draft.
        draft: DraftId,
        /// How many.
        count: u32,
    },
    /// Goes back to the number of videos.
    Recount {
        /// Of which draft.
        draft: DraftId,
    },
    /// Goes back to the wishes.
    Rewish {
        /// Of which draft.
        draft: DraftId,
    },
    /// Goes back to the check of the order.
    Review {
        /// Of which draft.
        draft: DraftId,
    },
    /// Shows what will be said.
    Script {
        /// Of which draft.
        draft: DraftId,
    },
    /// Makes a video for free on this machine.
    Preview {
        /// Of which draft.
        draft: DraftId,
    },
    /// Orders.
    Confirm {
        /// Of which draft.
        draft: DraftId,
        /// In which version: what stood on the card is what is ordered.
        revision: u32,
    },
    /// Takes back what can be taken back.
    Cancel {
        /// Of which order.
        order: OrderId,
    },
    /// Begins a draft with the product of an order.
    Again {
        /// Which order.
        order: OrderId,
    },
    /// Sends the videos of an order again.
    Resend {
        /// Which order.
        order: OrderId,
    },
    /// Sends one video again.
    ResendOne {
        /// Which.
        job: JobId,
    },
    /// Says whether it was good.
    Opinion {
        /// On which order.
        order: OrderId,
        /// It was.
        good: bool,
    },
    /// Deletes what is known of the person.
    Forget,
    /// Only admins have these.
    Admin {
        /// What it does.
        admin: AdminAction,
    },
}

impl Action {
    /// Works once: a second press is told so.
    pub fn is_once(&self) -> bool {
        match self {
            Self::Confirm { .. } | Self::Forget => true,
            Self::Admin { admin } => admin.is_once(),
            _ => false,
        }
    }

    /// The draft that it belongs to.
    pub fn draft(&self) -> Option<&DraftId> {
        match self {
            Self::Template { draft, .. }
            | Self::NoWishes { draft }
            | Self::UsePrompt { draft }
            | Self::EditPrompt { draft }
            | Self::Count { draft, .. }
            | Self::Recount { draft }
            | Self::Rewish { draft }
            | Self::Review { draft }
            | Self::Script { draft }
            | Self::Preview { draft }
            | Self::Confirm { draft, .. } => Some(draft),
            _ => None,
        }
    }
}
