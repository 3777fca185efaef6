//! How bad a run is: each seed is rough in some ways and calm in others, so that rare faults are not drowned by
//! frequent ones.

use super::chance::Chance;

/// How often what goes wrong: once in so many chances, never for 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    /// A process dies between two of its steps.
    pub(super) crash: u64,
    /// A process stands still for longer than its lease, and goes on as if nothing had been.
    pub(super) nap: u64,
    /// The store does not answer, or loses its answer.
    pub(super) store: u64,
    /// The provider, the way to it, or the media store fails.
    pub(super) wire: u64,
    /// The same for the paid call.
    pub(super) submit: u64,
    /// The provider says that a render failed.
    pub(super) render: u64,
    /// A model is paused, or an account runs dry.
    pub(super) market: u64,
    /// A callback names another task.
    pub(super) lies: u64,
    /// An answer comes twice.
    pub(super) echo: u64,
    /// A process stops in order.
    pub(super) stop: u64,
    /// A delivery fails or loses its answer.
    pub(super) delivery: u64,
}

impl Weather {
    pub(super) const CALM: Self = Self {
        crash: 0,
        nap: 0,
        store: 0,
        wire: 0,
        submit: 0,
        render: 0,
        market: 0,
        lies: 0,
        echo: 0,
        stop: 0,
        delivery: 0,
    };

    pub(super) fn of(chance: &mut Chance) -> Self {
        let mut rate = |rates: [u64; 4]| chance.pick(&rates);
        Self {
            crash: rate([0, 200, 80, 30]),
            nap: rate([0, 150, 60, 20]),
            store: rate([0, 100, 30, 12]),
            wire: rate([0, 30, 10, 4]),
            submit: rate([0, 12, 4, 2]),
            render: rate([0, 12, 4, 2]),
            market: rate([0, 20, 6, 2]),
            lies: rate([0, 0, 12, 4]),
            echo: rate([0, 20, 8, 4]),
            stop: rate([0, 0, 100, 30]),
            delivery: rate([0, 12, 5, 3]),
        }
    }
}
