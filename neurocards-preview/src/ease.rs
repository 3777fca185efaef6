//! Curves from 0 to 1 that make a movement look natural.

/// Slow, fast, slow: camera moves.
pub(crate) fn in_out_sine(t: f32) -> f32 {
    0.5 - 0.5 * (std::f32::consts::PI * t.clamp(0.0, 1.0)).cos()
}

/// Slow, very fast, slow: transitions between shots.
pub(crate) fn in_out_cubic(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0);
    if t < 0.5 { 4.0 * t * t * t } else { 1.0 - (2.0 - 2.0 * t).powi(3) / 2.0 }
}

/// Fast, then settling: things that arrive.
pub(crate) fn out_cubic(t: f32) -> f32 {
    1.0 - (1.0 - t.clamp(0.0, 1.0)).powi(3)
}

/// Arrives a little too far and comes back: things that pop.
pub(crate) fn out_back(t: f32) -> f32 {
    let t = t.clamp(0.0, 1.0) - 1.0;
    1.0 + t * t * (2.4 * t + 1.4)
}

/// From `a` to `b` as `t` goes from 0 to 1.
pub(crate) fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}
