//! Chooses one quantiser for a whole clip, so that it keeps to its bit rate.

use crate::RenderError;
use crate::encode::{SegmentEncoder, segments};
use crate::paint::Painter;
use crate::scene::ClipSpec;

/// The quantiser that the samples are encoded with.
const PROBE: u8 = 24;
/// Below the first nothing gets visibly better, above the second blocks show.
const RANGE: (f64, f64) = (17.0, 34.0);
/// Transitions move faster than the samples, which are taken between them.
const RESERVE: f64 = 1.35;

/// Encodes two neighbouring frames of every shot and foretells the size of the clip: bits halve every six steps.
pub(crate) fn quantiser(spec: &ClipSpec, painter: &mut Painter<'_>) -> Result<u8, RenderError> {
    let frames = spec.frame_count();
    let (mut key_bits, mut step_bits) = (0.0, 0.0);
    for shot in 0..3 {
        let at = (frames * (2 * shot + 1) / 6).min(frames.saturating_sub(2));
        let mut encoder = SegmentEncoder::new(spec, PROBE, at)?;
        let key = encoder.encode(painter.paint(at), at, 0)?;
        let step = encoder.encode(painter.paint((at + 1).min(frames - 1)), at, 1)?;
        key_bits += key.bytes.len() as f64 * 8.0 / 3.0;
        step_bits += step.bytes.len() as f64 * 8.0 / 3.0;
    }
    let keys = segments(spec).len() as f64;
    let foretold = (key_bits * keys + step_bits * (frames as f64 - keys)) * RESERVE;
    let allowed = f64::from(spec.bits_per_second) * spec.duration.as_secs_f64();
    let steps = 6.0 * (foretold / allowed).log2();
    Ok((f64::from(PROBE) + steps).clamp(RANGE.0, RANGE.1).round() as u8)
}
