//! What comes in, what is to be found out or done, and what is known then.

use neurocards::{
    Artifact, Brief, Credits, EntryKind, JobId, OrderId, OrderRecord, Package, PayProvider, Payment,
    PaymentId, PhotoRef, PhotoWarning, Price, Script, Status, Timestamp,
};

use super::action::Action;
use super::admin::{AdminCommand, AdminEffect, AdminKnown};
use super::state::Draft;

/// What a person did.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// `/start`, perhaps with the word of a link.
    Start {
        /// The word.
        payload: Option<String>,
    },
    /// Another command.
    Command(Command),
    /// A command of admins; everybody else gets what they get for a word that nobody knows.
    Admin(AdminCommand),
    /// A text.
    Text(String),
    /// A photo, or an image as a file.
    Photo(PhotoSent),
    /// A video: only admins have a use for one.
    Video(VideoSent),
    /// Something that we cannot read: a voice, a sticker.
    Other,
    /// A button.
    Press(Result<Action, Stale>),
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `/menu`
    Menu,
    /// `/cabinet`
    Cabinet,
    /// `/videos`
    Videos,
    /// `/cancel`
    Cancel,
    /// `/lang`
    Lang,
    /// `/help`
    Help,
    /// `/terms`
    Terms,
    /// `/paysupport`
    Paysupport,
    /// `/support`
    Support,
    /// `/delete_me`
    DeleteMe,
}

impl Command {
    /// Every command, by its name, in the order in which they are listed.
    pub const ALL: [(&str, Self); 10] = [
        ("menu", Self::Menu),
        ("videos", Self::Videos),
        ("cabinet", Self::Cabinet),
        ("lang", Self::Lang),
        ("help", Self::Help),
        ("support", Self::Support),
        ("terms", Self::Terms),
        ("paysupport", Self::Paysupport),
        ("cancel", Self::Cancel),
        ("delete_me", Self::DeleteMe),
    ];
}

/// Why a button does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// Its time is over.
    Old,
    /// It worked once.
    Used,
    /// It is somebody else's, or never was.
    Foreign,
}

/// A photo that lies at the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhotoSent {
    /// The channel's id.
    pub file_id: String,
    /// Bytes, as the channel says.
    pub bytes: u64,
    /// What stands under it.
    pub caption: Option<String>,
    /// The album that it came in.
    pub album: Option<String>,
}

/// A video that lies at the channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoSent {
    /// The channel's id.
    pub file_id: String,
    /// Bytes, as the channel says.
    pub bytes: u64,
    /// Width and height in pixels.
    pub shape: (u32, u32),
    /// Length in seconds.
    pub seconds: u32,
}

/// What is to be found out or done before the answer. Each may happen again: it changes nothing the second time.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Fetches, checks and keeps a photo.
    TakePhoto(PhotoSent),
    /// Orders, under the draft's id.
    Place(Draft),
    /// Takes back what nothing was sent of yet.
    Cancel(OrderId),
    /// Reads what was ordered.
    Recall(OrderId),
    /// Reads a page of the person's videos.
    Videos {
        /// Those that come behind this one.
        after: Option<JobId>,
    },
    /// Asks for a payment; one that is open is that one.
    Buy {
        /// Of what.
        package: Package,
        /// Who takes the money.
        by: PayProvider,
    },
    /// Looks at a payment.
    PayCheck(PaymentId),
    /// Reads what credits came and went.
    History,
    /// Finds the videos of an order.
    Resend(OrderId),
    /// Finds one video.
    ResendOne(JobId),
    /// Makes a video for free.
    Preview(Draft),
    /// Writes what will be said.
    Script(Draft),
    /// Keeps an opinion.
    Opinion {
        /// On which order.
        order: OrderId,
        /// It was good.
        good: bool,
    },
    /// Deletes what is known of the person.
    Forget,
    /// Something for an admin.
    Admin(AdminEffect),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    /// Of a photo.
    Photo(PhotoSent, Result<Taken, PhotoFault>),
    /// Of an order.
    Placed(Placed),
    /// Of a wish to cancel.
    Cancelled {
        /// How many videos.
        videos: u32,
        /// What went back.
        released: Credits,
        /// How many could not be.
        late: u32,
    },
    /// What was ordered; nothing when the person ordered no such thing.
    Recalled(Option<Brief>),
    /// A page.
    Videos(VideosPage),
    /// What came and went, the newest first.
    History(Vec<HistoryItem>),
    /// Videos to be sent.
    Resend(Vec<Artifact>),
    /// Of a free video.
    Preview(Preview),
    /// What will be said.
    Script(Script),
    /// Of a payment.
    Bill(Bill),
    /// It is done.
    Done,
    /// For an admin.
    Admin(AdminKnown),
}

/// What is known of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bill {
    /// It can be paid.
    Asked(Box<Payment>),
    /// It was looked at.
    Seen(Box<Payment>),
    /// The provider of payments does not answer.
    Away,
    /// Something else was paid than was asked for.
    Amiss,
    /// There is no such payment of this person.
    Missing,
}

/// A photo that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Where it lies.
    pub photo: PhotoRef,
    /// What may spoil the video.
    pub warnings: Vec<PhotoWarning>,
}

/// Why a photo was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhotoFault {
    /// Too many bytes.
    TooBig,
    /// Too many pixels.
    TooManyPixels(u32, u32),
    /// Too few.
    TooSmall(u32, u32, u32),
    /// A strip.
    Strip,
    /// No picture that we know.
    NotAnImage,
    /// It moves.
    Animated,
    /// It cannot be decoded.
    Broken,
    /// The channel did not hand it over.
    Away,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq)]
pub enum Placed {
    /// It is there.
    Order(Box<OrderRecord>),
    /// It is not: too few credits.
    NotEnough {
        /// What it would hold.
        needed: Credits,
        /// What can be spent.
        available: Credits,
    },
    /// It is not: so many videos are in the making.
    Busy {
        /// How many.
        count: u32,
    },
    /// It is not: the photo is not kept any more.
    NoPhoto,
    /// It is not: the model cannot be ordered.
    NoModel,
    /// It is not: a text does not do.
    TooLong {
        /// How long it is.
        chars: usize,
        /// How long it may be.
        limit: usize,
    },
}

/// A video of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoItem {
    /// Its job.
    pub job: JobId,
    /// Its order.
    pub order: OrderId,
    /// The product.
    pub title: String,
    /// How it stands.
    pub status: Status,
    /// When it was ordered.
    pub at: Timestamp,
}

/// A page of videos.
#[derive(Debug, Clone, PartialEq)]
pub struct VideosPage {
    /// The newest first.
    pub items: Vec<VideoItem>,
    /// It is not the first page.
    pub behind: bool,
    /// There is more behind the last one.
    pub more: bool,
}

/// A movement of credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    /// When.
    pub at: Timestamp,
    /// What it did to the balance.
    pub change: Credits,
    /// Why.
    pub kind: EntryKind,
    /// What was paid for it, and how.
    pub paid: Option<(Price, PayProvider)>,
}

/// What came of a free video.
#[derive(Debug, Clone, PartialEq)]
pub enum Preview {
    /// It is made.
    Made {
        /// The video.
        artifact: Artifact,
        /// How many more.
        left: u32,
    },
    /// None is left.
    Spent {
        /// Until then.
        until: Timestamp,
    },
    /// It did not work out.
    Failed,
}
