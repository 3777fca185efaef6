//! When and how captions come and go.

use crate::captions::{Entrance, Part};
use crate::ease::{in_out_sine, lerp, out_back, out_cubic};
use crate::paint::HALF_JOIN;
use crate::plane::Picture;
use crate::sprite::{Blitter, Pose};

/// Times in shots.
const ENTER: f32 = 0.2;
const LEAVE: f32 = 0.1;
const STAGGER: f32 = 0.04;
const PULSE: f32 = 0.42;

/// Lays the caption of a shot over the frame.
pub(super) fn lay(
    blitter: &mut Blitter,
    frame: &mut Picture,
    parts: &[Part],
    shot: usize,
    time: f32,
    unit: f32,
) {
    for (i, part) in parts.iter().enumerate() {
        blitter.blit(frame, &part.sprite, pose(part, i, shot, time, unit));
    }
}

fn pose(part: &Part, order: usize, shot: usize, time: f32, unit: f32) -> Pose {
    let local = time - shot as f32;
    // The first frame is the thumbnail in many apps, so the hook is on its way before it.
    let start = if shot == 0 { -0.13 } else { HALF_JOIN };
    let enter = ((local - start - order as f32 * STAGGER) / ENTER).clamp(0.0, 1.0);
    // The last caption stays: a frozen last frame still says what to do.
    let leave = if shot == 2 { 0.0 } else { ((local - (1.0 - HALF_JOIN - LEAVE)) / LEAVE).clamp(0.0, 1.0) };
    let opacity = (enter * 1.8).min(1.0) * (1.0 - in_out_sine(leave));
    let mut pose = Pose { x: part.x, y: part.y - 18.0 * unit * in_out_sine(leave), scale: 1.0, opacity };
    match part.entrance {
        Entrance::Rise => pose.y += 44.0 * unit * (1.0 - out_cubic(enter)),
        Entrance::Pop => pose.scale = lerp(0.72, 1.0, out_back(enter)),
    }
    let since = local - start - ENTER * 1.6;
    if part.pulses && since > 0.0 {
        pose.scale *= 1.0 + 0.014 * (1.0 - (std::f32::consts::TAU * since / PULSE).cos());
    }
    pose
}
