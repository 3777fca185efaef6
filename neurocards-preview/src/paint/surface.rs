//! Photo, shadow and scrim: the large areas of a frame.

use crate::geometry::Window;
use crate::photo::Photo;
use crate::plane::{Picture, Plane};
use crate::resample::{Axis, Sampler};

/// Scratch memory for large areas.
#[derive(Debug, Default)]
pub(super) struct Surface {
    sampler: Sampler,
    across: Axis,
    down: Axis,
    line: Vec<u8>,
    shade_x: Vec<f32>,
    shade: Vec<u16>,
}

/// What of the photo goes where, in the pixels of one plane.
struct Cut<'a> {
    source: &'a Plane,
    window: Window,
    origin: (f32, f32),
    /// Source pixels for each output pixel.
    step: (f64, f64),
}

impl Surface {
    /// Draws the photo through a window: its top left corner at `origin`, `scale` clip pixels for each of its own.
    pub(super) fn photo(
        &mut self,
        frame: &mut Picture,
        photo: &Photo,
        window: &Window,
        origin: (f32, f32),
        scale: f32,
    ) {
        let level = photo.level(scale);
        let source = &level.picture;
        let step = (
            source.y.width as f64 / f64::from(photo.width * scale),
            source.y.height as f64 / f64::from(photo.height * scale),
        );
        let whole = Cut { source: &source.y, window: *window, origin, step };
        self.cut(&mut frame.y, &whole);
        let origin = (origin.0 / 2.0, origin.1 / 2.0);
        for (plane, source) in [(&mut frame.u, &source.u), (&mut frame.v, &source.v)] {
            self.cut(plane, &Cut { source, window: window.halved(), origin, step });
        }
    }

    fn cut(&mut self, plane: &mut Plane, cut: &Cut<'_>) {
        let rect = &cut.window.rect;
        let span = |from: f32, to: f32, limit: usize| {
            let first = (from.floor().max(0.0) as usize).min(limit);
            first..(to.ceil().max(0.0) as usize).clamp(first, limit)
        };
        let columns = span(rect.x, rect.right(), plane.width);
        let rows = span(rect.y, rect.bottom(), plane.height);
        if columns.is_empty() || rows.is_empty() {
            return;
        }
        let source = cut.source;
        self.across.aim(columns.start, columns.len(), f64::from(cut.origin.0), cut.step.0, source.width);
        self.down.aim(rows.start, rows.len(), f64::from(cut.origin.1), cut.step.1, source.height);
        self.line.resize(columns.len(), 0);
        for (row, y) in rows.enumerate() {
            self.sampler.row(source, &self.across, &self.down, row, &mut self.line);
            let out = &mut plane.row_mut(y)[columns.clone()];
            lay_line(out, &self.line, &cut.window, columns.start, y);
        }
    }

    /// Darkens around a window, as if it floated above the ground. A blurred rectangle is the product of its two
    /// blurred sides, so a row costs one multiplication a pixel.
    pub(super) fn shadow(&mut self, frame: &mut Picture, window: &Window, unit: f32) {
        let (soft, drop, strength) = (26.0 * unit, 16.0 * unit, 0.5);
        let side = |at: f32, from: f32, to: f32| logistic((at - from) / soft) * logistic((to - at) / soft);
        let rect = window.rect.moved(0.0, drop);
        self.shade_x.clear();
        self.shade_x.extend((0..frame.y.width).map(|x| side(x as f32 + 0.5, rect.x, rect.right())));
        for y in 0..frame.y.height {
            let row = side(y as f32 + 0.5, rect.y, rect.bottom()) * strength;
            if row < 0.004 {
                continue;
            }
            self.shade.clear();
            self.shade.extend(self.shade_x.iter().map(|x| 256 - (x * row * 256.0) as u16));
            darken(frame.y.row_mut(y), &self.shade, 16);
            if y % 2 == 0 {
                let mut keep = 0;
                self.shade.retain(|_| {
                    keep += 1;
                    keep % 2 == 1
                });
                darken(frame.u.row_mut(y / 2), &self.shade, 128);
                darken(frame.v.row_mut(y / 2), &self.shade, 128);
            }
        }
    }

    /// Darkens the top and the lower third of a photo that fills the clip, so that captions stand on calm ground.
    pub(super) fn scrim(&mut self, frame: &mut Picture, strength: f32) {
        if strength <= 0.0 {
            return;
        }
        let height = frame.y.height;
        for y in 0..height {
            let at = y as f32 / height as f32;
            let low = ((at - 0.45) / 0.4).clamp(0.0, 1.0);
            let high = ((0.22 - at) / 0.22).clamp(0.0, 1.0);
            let keep =
                256 - (strength * (low * low * (3.0 - 2.0 * low) * 0.2 + high * high * 0.16) * 256.0) as u16;
            if keep == 256 {
                continue;
            }
            for value in frame.y.row_mut(y) {
                *value = shade_one(*value, keep, 16);
            }
            if y % 2 == 0 {
                for value in frame.u.row_mut(y / 2).iter_mut().chain(frame.v.row_mut(y / 2)) {
                    *value = shade_one(*value, keep, 128);
                }
            }
        }
    }
}

fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + (-1.8 * x).exp())
}

fn darken(line: &mut [u8], keep: &[u16], zero: i32) {
    for (value, keep) in line.iter_mut().zip(keep) {
        *value = shade_one(*value, *keep, zero);
    }
}

fn shade_one(value: u8, keep: u16, zero: i32) -> u8 {
    (zero + (((i32::from(value) - zero) * i32::from(keep) + 128) >> 8)) as u8
}

/// Copies a line where the window is opaque, and blends it at round corners and edges.
fn lay_line(out: &mut [u8], line: &[u8], window: &Window, first: usize, y: usize) {
    let rect = &window.rect;
    let middle = y as f32 + 0.5;
    let corner = middle < rect.y + window.radius + 1.0 || middle > rect.bottom() - window.radius - 1.0;
    let edge = (if corner { window.radius as usize + 3 } else { 2 }).min(out.len() / 2);
    let cover = |i: usize| window.coverage((first + i) as f32 + 0.5, middle);
    let inner = edge..out.len() - edge;
    for i in (0..inner.start).chain(inner.end..out.len()) {
        out[i] = blend(out[i], line[i], (cover(i) * 256.0 + 0.5) as u16);
    }
    if inner.is_empty() {
        return;
    }
    let weight = (cover(out.len() / 2) * 256.0 + 0.5) as u16;
    if weight >= 256 {
        out[inner.clone()].copy_from_slice(&line[inner]);
    } else {
        for (out, line) in out[inner.clone()].iter_mut().zip(&line[inner]) {
            *out = blend(*out, *line, weight);
        }
    }
}

fn blend(below: u8, above: u8, weight: u16) -> u8 {
    ((u16::from(below) * (256 - weight) + u16::from(above) * weight + 128) >> 8) as u8
}
