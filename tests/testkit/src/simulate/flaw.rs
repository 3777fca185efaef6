//! Planted bugs: the simulator must find each of them, or its silence means nothing.

/// A bug that the simulated processes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A submission that got no answer is sent again.
    SubmitsAgain,
    /// A write that was not confirmed counts as written.
    TrustsLostWrites,
    /// The paid call leaves before it is written down.
    SubmitsBeforeWriting,
    /// The store takes writes of any epoch.
    IgnoresEpochs,
    /// A fetch that failed counts as stored.
    CapturesWithoutVideo,
    /// A read that failed counts as a render that failed.
    TakesReadErrorsForFailures,
    /// A lookup says "never arrived" while the request may still arrive.
    LookupGuesses,
    /// Timers are judged by the worker's wall clock.
    UsesWallClock,
    /// Notices that may have been delivered are delivered again.
    RepeatsNotices,
    /// A buyer's second try is a new order.
    ForgetsKeys,
    /// A lease lasts for a year.
    LeasesForever,
    /// A job goes back to the model that refused it.
    ForgetsRefusals,
    /// A callback is not written down.
    ForgetsHints,
    /// A task that a callback named counts as rendered.
    BelievesHints,
    /// A task that a callback named is adopted before it is read.
    AdoptsUnread,
    /// A task is read without asking whose it is.
    ReadsAnybodysTask,
    /// A late video is given away before it is there.
    GiftsUnseen,
    /// A late video is charged for.
    GiftsCost,
}

impl Flaw {
    /// Every flaw.
    pub const ALL: [Self; 18] = [
        Self::SubmitsAgain,
        Self::TrustsLostWrites,
        Self::SubmitsBeforeWriting,
        Self::IgnoresEpochs,
        Self::CapturesWithoutVideo,
        Self::TakesReadErrorsForFailures,
        Self::LookupGuesses,
        Self::UsesWallClock,
        Self::RepeatsNotices,
        Self::ForgetsKeys,
        Self::LeasesForever,
        Self::ForgetsRefusals,
        Self::ForgetsHints,
        Self::BelievesHints,
        Self::AdoptsUnread,
        Self::ReadsAnybodysTask,
        Self::GiftsUnseen,
        Self::GiftsCost,
    ];
}
