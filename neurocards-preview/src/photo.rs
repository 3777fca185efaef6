//! The photo in the sizes that the camera needs, and where its detail is.

use image::RgbImage;
use image::imageops::crop_imm;

use crate::plane::Picture;
use crate::resize::resize;

/// Longest side over shortest side that is shown; more is cropped.
const LONGEST: f32 = 3.0;

/// The photo at one size.
#[derive(Debug)]
pub(crate) struct Level {
    pub(crate) picture: Picture,
    /// Pixels of this level for each pixel of the photo.
    pub(crate) scale: f32,
}

/// The photo at several sizes, largest first.
#[derive(Debug)]
pub(crate) struct Photo {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) levels: Vec<Level>,
}

/// Cuts the middle out of a photo that is longer than 3:1.
pub(crate) fn crop_extremes(photo: &RgbImage) -> Option<RgbImage> {
    let (width, height) = photo.dimensions();
    let most = |side: u32| (side as f32 * LONGEST) as u32;
    let (w, h) = (width.min(most(height)), height.min(most(width)));
    ((w, h) != (width, height)).then(|| crop_imm(photo, (width - w) / 2, (height - h) / 2, w, h).to_image())
}

impl Photo {
    /// Prepares every size between the scales `least` and `most` (clip pixels for each photo pixel), with some
    /// reserve, so that sampling always shrinks a little and stays sharp while the camera moves.
    pub(crate) fn new(photo: &RgbImage, least: f32, most: f32) -> Self {
        let (width, height) = (photo.width() as f32, photo.height() as f32);
        let mut levels = Vec::new();
        let mut wanted = most * RESERVE;
        let mut last: Option<RgbImage> = None;
        loop {
            let even = |v: f32| ((v / 2.0).round().max(1.0) as u32) * 2;
            // A smaller level is made from the one before, unless that was blown up.
            let source = last.as_ref().filter(|last| last.width() <= photo.width()).unwrap_or(photo);
            let image = resize(source, even(width * wanted), even(height * wanted));
            levels.push(Level { picture: Picture::from_rgb(&image), scale: wanted });
            if wanted <= least * RESERVE {
                return Self { width, height, levels };
            }
            last = Some(image);
            wanted = (wanted / 1.42).max(least * RESERVE * 0.999);
        }
    }

    /// The smallest level that is still sharp at a scale.
    pub(crate) fn level(&self, scale: f32) -> &Level {
        let sharp = self.levels.iter().rev().find(|level| level.scale >= scale * RESERVE * 0.99);
        sharp.unwrap_or(&self.levels[0])
    }
}

const RESERVE: f32 = 1.12;

/// The point with most detail around it, in shares of width and height; near the middle when in doubt.
pub(crate) fn focus(small: &RgbImage) -> (f32, f32) {
    let (width, height) = small.dimensions();
    let luma = |x: u32, y: u32| {
        let [r, g, b] = small.get_pixel(x, y).0.map(f32::from);
        0.3 * r + 0.6 * g + 0.1 * b
    };
    let (mut sum, mut at_x, mut at_y) = (1e-3_f32, 0.5e-3_f32, 0.5e-3_f32);
    for y in 0..height.saturating_sub(1) {
        for x in 0..width.saturating_sub(1) {
            let (u, v) = ((x as f32 + 1.0) / width as f32, (y as f32 + 1.0) / height as f32);
            let here = luma(x, y);
            let detail = (luma(x + 1, y) - here).abs() + (luma(x, y + 1) - here).abs();
            let centred = (-((u - 0.5).powi(2) + (v - 0.5).powi(2)) / 0.09).exp();
            let weight = detail * centred;
            sum += weight;
            at_x += weight * u;
            at_y += weight * v;
        }
    }
    (at_x / sum, at_y / sum)
}
