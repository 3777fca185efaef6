//! The photo in the sizes that the camera needs, and where its detail is.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{
    FilterType, IntoImageView, IntoImageViewMut, PixelType, ResizeAlg, ResizeOptions, Resizer,
};
use image::RgbImage;
use image::imageops::crop_imm;

use crate::RenderError;
use crate::plane::Picture;

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

/// The picture at another size. All sides must be above 0.
pub(crate) fn resized(photo: &RgbImage, width: u32, height: u32) -> Result<RgbImage, RenderError> {
    let filter = if width < photo.width() { FilterType::Lanczos3 } else { FilterType::CatmullRom };
    let source =
        ImageRef::new(photo.width(), photo.height(), photo.as_raw(), PixelType::U8x3).map_err(scaling)?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    // One pixel type, named: the untyped call would compile all thirteen into this crate.
    let mismatch = || scaling("the pixel types differ");
    let from = source.image_view::<U8x3>().ok_or_else(mismatch)?;
    let mut into = target.image_view_mut::<U8x3>().ok_or_else(mismatch)?;
    Resizer::new().resize_typed(&from, &mut into, &options).map_err(scaling)?;
    drop(into);
    RgbImage::from_raw(width, height, target.into_vec()).ok_or_else(|| scaling("the buffer is too short"))
}

fn scaling(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RenderError {
    RenderError::Scaling { source: source.into() }
}

impl Photo {
    /// Prepares every size between the scales `least` and `most` (clip pixels for each photo pixel), with some
    /// reserve, so that sampling always shrinks a little and stays sharp while the camera moves.
    pub(crate) fn new(photo: &RgbImage, least: f32, most: f32) -> Result<Self, RenderError> {
        let (width, height) = (photo.width() as f32, photo.height() as f32);
        let mut levels = Vec::new();
        let mut wanted = most * RESERVE;
        let mut last: Option<RgbImage> = None;
        loop {
            let even = |v: f32| ((v / 2.0).round().max(1.0) as u32) * 2;
            // A smaller level is made from the one before, unless that was blown up.
            let source = last.as_ref().filter(|last| last.width() <= photo.width()).unwrap_or(photo);
            let image = resized(source, even(width * wanted), even(height * wanted))?;
            levels.push(Level { picture: Picture::from_rgb(&image), scale: wanted });
            if wanted <= least * RESERVE {
                return Ok(Self { width, height, levels });
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

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn flat_colour_stays_flat_at_every_size() {
        let photo = RgbImage::from_pixel(37, 53, Rgb([10, 128, 255]));
        for (w, h) in [(37, 53), (8, 8), (1, 1), (90, 20), (200, 300)] {
            let scaled = resized(&photo, w, h).unwrap();
            assert_eq!(scaled.dimensions(), (w, h));
            assert!(scaled.pixels().all(|p| p.0 == [10, 128, 255]), "{w}x{h}");
        }
    }

    #[test]
    fn same_size_is_the_same_photo() {
        let photo = RgbImage::from_fn(20, 30, |x, y| Rgb([(x * 12) as u8, (y * 8) as u8, (x * y) as u8]));
        assert_eq!(resized(&photo, 20, 30).unwrap(), photo);
    }
}
