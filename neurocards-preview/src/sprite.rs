//! Captions as the painter lays them over a frame: premultiplied 4:2:0 with alpha, at any place, size and opacity.

use crate::canvas::Canvas;
use crate::plane::{Picture, Plane};
use crate::resample::{Axis, Sampler};

/// A picture with transparency. All planes are multiplied by alpha.
#[derive(Debug, Clone)]
pub(crate) struct Sprite {
    luma: Plane,
    luma_alpha: Plane,
    u: Plane,
    v: Plane,
    chroma_alpha: Plane,
}

/// Where and how a sprite appears in one frame: its centre in pixels of the clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pose {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) scale: f32,
    pub(crate) opacity: f32,
}

/// Scratch memory for blitting.
#[derive(Debug, Default)]
pub(crate) struct Blitter {
    sampler: Sampler,
    across: Axis,
    down: Axis,
    colour: Vec<u8>,
    alpha: Vec<u8>,
}

impl Sprite {
    pub(crate) fn from_canvas(canvas: &Canvas) -> Self {
        let (width, height) = (canvas.width, canvas.height);
        let half = || Plane::new(width / 2, height / 2, 0);
        let mut sprite = Self {
            luma: Plane::new(width, height, 0),
            luma_alpha: Plane::new(width, height, 0),
            u: half(),
            v: half(),
            chroma_alpha: half(),
        };
        let byte = |v: f32| (v * 255.0 + 0.5) as u8;
        for (i, [r, g, b, a]) in canvas.pixels.iter().copied().enumerate() {
            let luma = 16.0 * a + 219.0 * (0.2126 * r + 0.7152 * g + 0.0722 * b);
            sprite.luma.data[i] = (luma + 0.5) as u8;
            sprite.luma_alpha.data[i] = byte(a);
        }
        for y in 0..height / 2 {
            for x in 0..width / 2 {
                let mut mean = [0.0_f32; 4];
                for at in [2 * y * width + 2 * x, (2 * y + 1) * width + 2 * x] {
                    for pixel in &canvas.pixels[at..at + 2] {
                        for (sum, value) in mean.iter_mut().zip(pixel) {
                            *sum += value / 4.0;
                        }
                    }
                }
                let [r, g, b, a] = mean;
                let luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
                let at = y * (width / 2) + x;
                sprite.u.data[at] = (128.0 * a + 224.0 * (b - luma) / 1.8556 + 0.5) as u8;
                sprite.v.data[at] = (128.0 * a + 224.0 * (r - luma) / 1.5748 + 0.5) as u8;
                sprite.chroma_alpha.data[at] = byte(a);
            }
        }
        sprite
    }
}

impl Blitter {
    /// Lays the sprite over the frame.
    pub(crate) fn blit(&mut self, frame: &mut Picture, sprite: &Sprite, pose: Pose) {
        let opacity = (pose.opacity.clamp(0.0, 1.0) * 256.0 + 0.5) as u32;
        if opacity == 0 || pose.scale <= 0.01 {
            return;
        }
        let half = Pose { x: pose.x / 2.0, y: pose.y / 2.0, ..pose };
        self.plane(&mut frame.y, &sprite.luma, &sprite.luma_alpha, pose, opacity);
        self.plane(&mut frame.u, &sprite.u, &sprite.chroma_alpha, half, opacity);
        self.plane(&mut frame.v, &sprite.v, &sprite.chroma_alpha, half, opacity);
    }

    fn plane(&mut self, frame: &mut Plane, colour: &Plane, alpha: &Plane, pose: Pose, opacity: u32) {
        let (left, width) =
            (pose.x - colour.width as f32 * pose.scale / 2.0, colour.width as f32 * pose.scale);
        let (top, height) =
            (pose.y - colour.height as f32 * pose.scale / 2.0, colour.height as f32 * pose.scale);
        let span = |from: f32, length: f32, limit: usize| {
            let first = (from.floor().max(0.0) as usize).min(limit);
            first..((from + length).ceil().max(0.0) as usize).clamp(first, limit)
        };
        let (columns, rows) = (span(left, width, frame.width), span(top, height, frame.height));
        let step = 1.0 / f64::from(pose.scale);
        self.across.aim(columns.start, columns.len(), f64::from(left), step, colour.width);
        self.down.aim(rows.start, rows.len(), f64::from(top), step, colour.height);
        self.colour.resize(columns.len(), 0);
        self.alpha.resize(columns.len(), 0);
        for row in 0..self.down.len() {
            self.sampler.row(colour, &self.across, &self.down, row, &mut self.colour);
            self.sampler.row(alpha, &self.across, &self.down, row, &mut self.alpha);
            let line = &mut frame.row_mut(rows.start + row)[columns.clone()];
            for ((out, &colour), &alpha) in line.iter_mut().zip(&self.colour).zip(&self.alpha) {
                let alpha = (u32::from(alpha) * opacity) >> 8;
                let below = u32::from(*out) * (255 - alpha) + 127;
                *out = ((below + (below >> 8) + 1) >> 8) as u8 + ((u32::from(colour) * opacity) >> 8) as u8;
            }
        }
    }
}
