//! A small drawing board for captions and buttons: premultiplied floating point colour, painted once per clip.

use crate::colour::Rgb;
use crate::geometry::Window;

/// One component with values 0 to 1: a stencil, or a channel to blur.
#[derive(Debug, Clone)]
pub(crate) struct Mask {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<f32>,
}

impl Mask {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, data: vec![0.0; width * height] }
    }

    /// Adds a shape with round corners.
    pub(crate) fn window(&mut self, window: &Window) {
        let rect = &window.rect;
        let across =
            rect.x.floor().max(0.0) as usize..(rect.right().ceil().max(0.0) as usize).min(self.width);
        let down =
            rect.y.floor().max(0.0) as usize..(rect.bottom().ceil().max(0.0) as usize).min(self.height);
        for y in down {
            for x in across.clone() {
                let value = &mut self.data[y * self.width + x];
                *value = value.max(window.coverage(x as f32 + 0.5, y as f32 + 0.5));
            }
        }
    }

    /// Three box blurs, which come close to a Gaussian of `radius` pixels. The edge continues outwards.
    pub(crate) fn blur(&mut self, radius: usize) {
        if radius == 0 {
            return;
        }
        let mut line = vec![0.0; self.width.max(self.height)];
        for _ in 0..3 {
            for y in 0..self.height {
                box_blur(&mut self.data[y * self.width..(y + 1) * self.width], &mut line, radius);
            }
            let mut column = vec![0.0; self.height];
            for x in 0..self.width {
                for (y, value) in column.iter_mut().enumerate() {
                    *value = self.data[y * self.width + x];
                }
                box_blur(&mut column, &mut line, radius);
                for (y, value) in column.iter().enumerate() {
                    self.data[y * self.width + x] = *value;
                }
            }
        }
    }

    /// Bilinear value at a point of the plane, the edge continuing outwards.
    pub(crate) fn at(&self, x: f32, y: f32) -> f32 {
        let x = (x - 0.5).clamp(0.0, (self.width - 1) as f32);
        let y = (y - 0.5).clamp(0.0, (self.height - 1) as f32);
        let (left, top) = (x as usize, y as usize);
        let (right, below) = ((left + 1).min(self.width - 1), (top + 1).min(self.height - 1));
        let (fx, fy) = (x - left as f32, y - top as f32);
        let pick = |x: usize, y: usize| self.data[y * self.width + x];
        let upper = pick(left, top) * (1.0 - fx) + pick(right, top) * fx;
        let lower = pick(left, below) * (1.0 - fx) + pick(right, below) * fx;
        upper * (1.0 - fy) + lower * fy
    }
}

fn box_blur(line: &mut [f32], scratch: &mut [f32], radius: usize) {
    let last = line.len() - 1;
    let scratch = &mut scratch[..line.len()];
    scratch.copy_from_slice(line);
    let mut sum = scratch[0] * (radius as f32 + 1.0);
    for i in 1..=radius {
        sum += scratch[i.min(last)];
    }
    let share = 1.0 / (2 * radius + 1) as f32;
    for i in 0..line.len() {
        line[i] = sum * share;
        sum += scratch[(i + radius + 1).min(last)] - scratch[i.saturating_sub(radius)];
    }
}

/// A transparent image that is painted on.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Red, green, blue, all times alpha, then alpha.
    pub(crate) pixels: Vec<[f32; 4]>,
}

impl Canvas {
    /// A transparent canvas; odd sizes are rounded up to even ones.
    pub(crate) fn new(width: f32, height: f32) -> Self {
        let even = |v: f32| (v.ceil().max(2.0) as usize).next_multiple_of(2);
        let (width, height) = (even(width), even(height));
        Self { width, height, pixels: vec![[0.0; 4]; width * height] }
    }

    /// Lays `colour` over what is there, as far as `alpha` says.
    pub(crate) fn lay(&mut self, at: usize, colour: Rgb, alpha: f32) {
        let pixel = &mut self.pixels[at];
        let keep = 1.0 - alpha;
        for (value, c) in pixel.iter_mut().zip([colour.0[0], colour.0[1], colour.0[2], 1.0]) {
            *value = *value * keep + c * alpha;
        }
    }

    /// Lays `colour` through a stencil of the same size, moved down by `drop` pixels.
    pub(crate) fn stencil(&mut self, mask: &Mask, drop: usize, colour: Rgb, strength: f32) {
        for y in drop..self.height.min(mask.height) {
            for x in 0..self.width.min(mask.width) {
                let alpha = mask.data[(y - drop) * mask.width + x] * strength;
                if alpha > 0.0 {
                    self.lay(y * self.width + x, colour, alpha.min(1.0));
                }
            }
        }
    }

    /// Fills a shape with round corners, from `top` above to `bottom` below.
    pub(crate) fn fill(&mut self, window: &Window, top: Rgb, bottom: Rgb) {
        let rect = &window.rect;
        for y in rect.y.floor().max(0.0) as usize..(rect.bottom().ceil() as usize).min(self.height) {
            let colour = top.mix(bottom, ((y as f32 + 0.5 - rect.y) / rect.h).clamp(0.0, 1.0));
            for x in rect.x.floor().max(0.0) as usize..(rect.right().ceil() as usize).min(self.width) {
                let alpha = window.coverage(x as f32 + 0.5, y as f32 + 0.5);
                self.lay(y * self.width + x, colour, alpha);
            }
        }
    }

    /// Lays a soft shadow of a shape.
    pub(crate) fn shadow(&mut self, window: &Window, blur: f32, drop: f32, strength: f32) {
        let mut mask = Mask::new(self.width, self.height);
        mask.window(window);
        mask.blur((blur / 2.0).round() as usize);
        self.stencil(&mask, drop.round() as usize, Rgb([0.0; 3]), strength);
    }
}
