//! Which shots a clip has: four storyboards, turned by the seed, so that the videos of one order differ.

use crate::captions::Style;

/// How much of the clip the photo takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// The whole photo on a card.
    Whole,
    /// A card as tall as there is room.
    Tall,
    /// A card between portrait and landscape, near the shape of the photo.
    Compact,
    /// All of the clip.
    Full,
}

/// Where the caption stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// Above the card, or at the top of the safe zone.
    Above,
    /// Below the card, or at the bottom of the safe zone.
    Below,
}

/// How the camera moves within a shot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    /// From all of it towards the detail.
    PushIn,
    /// From the detail back to all of it.
    PullOut,
    /// Sideways.
    Pan,
    /// Close, drifting.
    Detail,
}

/// How a shot becomes the next one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Join {
    /// The card grows or shrinks into the next one.
    Morph,
    /// The next one pushes this one out, along (x, y).
    Push(f32, f32),
}

/// One third of the clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shot {
    pub(crate) framing: Framing,
    pub(crate) slot: Slot,
    pub(crate) style: Style,
    pub(crate) movement: Move,
}

/// The plan of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Storyboard {
    pub(crate) shots: [Shot; 3],
    pub(crate) joins: [Join; 2],
    /// 1 or -1: which way sideways moves go.
    pub(crate) direction: f32,
    /// Which accent colour is taken.
    pub(crate) colour: usize,
}

const fn shot(framing: Framing, slot: Slot, style: Style, movement: Move) -> Shot {
    Shot { framing, slot, style, movement }
}

impl Storyboard {
    /// The plan of one variant. Four neighbouring variants have four storyboards and four colours; beyond that
    /// the same storyboard goes the other way with another colour.
    pub(crate) fn of(seed: u64, variant: u32) -> Self {
        use Framing::{Compact, Full, Tall, Whole};
        use Slot::{Above, Below};
        let dice = scramble(seed);
        let turn = (dice & 3) as usize + variant as usize;
        let round = variant as usize / 4;
        let direction =
            if ((dice >> 2) as usize + variant as usize + round).is_multiple_of(2) { 1.0 } else { -1.0 };
        let (shots, joins) = match turn % 4 {
            0 => (
                [
                    shot(Whole, Above, Style::Words, Move::PushIn),
                    shot(Full, Below, Style::Panel, Move::Pan),
                    shot(Compact, Below, Style::Button, Move::PullOut),
                ],
                [Join::Morph, Join::Morph],
            ),
            1 => (
                [
                    shot(Full, Above, Style::Ribbons, Move::PullOut),
                    shot(Tall, Below, Style::Words, Move::PushIn),
                    shot(Whole, Below, Style::Button, Move::Pan),
                ],
                [Join::Push(direction, 0.0), Join::Push(direction, 0.0)],
            ),
            2 => (
                [
                    shot(Tall, Below, Style::Panel, Move::PushIn),
                    shot(Compact, Above, Style::Words, Move::Detail),
                    shot(Full, Below, Style::Button, Move::PullOut),
                ],
                [Join::Push(0.0, 1.0), Join::Morph],
            ),
            _ => (
                [
                    shot(Compact, Below, Style::Words, Move::PullOut),
                    shot(Full, Below, Style::Ribbons, Move::Detail),
                    shot(Tall, Below, Style::Button, Move::PushIn),
                ],
                [Join::Morph, Join::Push(0.0, 1.0)],
            ),
        };
        let colour = (dice >> 8) as usize % 4 + variant as usize + round;
        Self { shots, joins, direction, colour }
    }
}

/// splitmix64: neighbouring seeds give unlike numbers.
fn scramble(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_variants_of_an_order_are_five_plans() {
        for seed in 0..50 {
            let plans: Vec<Storyboard> = (0..5).map(|variant| Storyboard::of(seed, variant)).collect();
            for (i, a) in plans.iter().enumerate() {
                for b in &plans[..i] {
                    assert_ne!(a, b, "seed {seed}");
                }
                assert!(i == 0 || i == 4 || a.shots != plans[0].shots, "seed {seed}");
            }
        }
    }
}
