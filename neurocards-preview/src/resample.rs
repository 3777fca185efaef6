//! Sub-pixel sampling of planes: separable bilinear in fixed point, written so that the compiler vectorises it.

use crate::plane::Plane;

/// Where each output pixel of one direction reads: the left neighbour and the weight of the right one.
#[derive(Debug, Default, Clone)]
pub(crate) struct Axis {
    taps: Vec<(u32, u32)>,
}

impl Axis {
    /// Output pixel `first + i` reads the source around `(first + i + 0.5 - origin) * step`, in a source that is
    /// `length` long. Positions outside read the edge.
    pub(crate) fn aim(&mut self, first: usize, count: usize, origin: f64, step: f64, length: usize) {
        self.taps.clear();
        let last = (length - 1) as f64;
        let start = (first as f64 + 0.5 - origin) * step - 0.5;
        self.taps.extend((0..count).map(|i| {
            let at = (start + i as f64 * step).clamp(0.0, last);
            let fixed = (at * 256.0 + 0.5) as u32;
            let left = (fixed >> 8).min(length.saturating_sub(2) as u32);
            (left, fixed - (left << 8))
        }));
    }

    pub(crate) fn len(&self) -> usize {
        self.taps.len()
    }
}

/// Samples rows of a plane; keeps its scratch line between calls.
#[derive(Debug, Default)]
pub(crate) struct Sampler {
    line: Vec<u16>,
}

impl Sampler {
    /// Fills `out` (as long as `across`) with output row `row` of `down`.
    pub(crate) fn row(&mut self, plane: &Plane, across: &Axis, down: &Axis, row: usize, out: &mut [u8]) {
        let (Some(&(first, _)), Some(&(last, _))) = (across.taps.first(), across.taps.last()) else { return };
        let (top, weight) = down.taps[row];
        let (first, end) = (first as usize, (last as usize + 2).min(plane.width));
        let upper = &plane.row(top as usize)[first..end];
        let lower = &plane.row((top as usize + 1).min(plane.height - 1))[first..end];
        let (lower_weight, upper_weight) = (weight as u16, 256 - weight as u16);
        self.line.clear();
        self.line.extend(upper.iter().zip(lower).map(|(&a, &b)| {
            // 255 * 256 fits 16 bits exactly.
            u16::from(a) * upper_weight + u16::from(b) * lower_weight
        }));
        self.line.push(self.line.last().copied().unwrap_or(0));
        for (out, &(left, weight)) in out.iter_mut().zip(&across.taps) {
            let at = left as usize - first;
            let (a, b) = (u32::from(self.line[at]), u32::from(self.line[at + 1]));
            *out = ((a * (256 - weight) + b * weight + 0x8000) >> 16) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_keeps_every_byte_and_half_a_pixel_averages() {
        let plane = Plane { width: 4, height: 2, data: vec![0, 100, 200, 255, 0, 100, 200, 255] };
        let check = |origin: f64, expect: [u8; 4]| {
            let (mut across, mut down) = (Axis::default(), Axis::default());
            across.aim(0, 4, origin, 1.0, 4);
            down.aim(0, 2, 0.0, 1.0, 2);
            let mut out = [0; 4];
            Sampler::default().row(&plane, &across, &down, 1, &mut out);
            assert_eq!(out, expect, "origin {origin}");
        };
        check(0.0, [0, 100, 200, 255]);
        check(-0.5, [50, 150, 228, 255]);
        check(1.0, [0, 0, 100, 200]);
    }
}
