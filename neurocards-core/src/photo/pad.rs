//! Another shape for a photo, without losing any of it.

use fast_image_resize::FilterType;
use image::{RgbImage, imageops};

use super::pixels::{resized, scale};
use super::{LONGEST_SIDE, Photo, PhotoError};

/// How many times the shorter side the longer one may be in a [`Ratio`]: more is no shape for a picture.
const RATIO_MOST: u32 = 4;
/// A fill made from so few pixels has no detail that would draw the eye from the product.
const FILL_SIDE: u32 = 24;
/// The fill keeps this share of its light, in percent, so that the photo stands out from it.
const FILL_LIGHT: u32 = 75;

/// A shape: width to height, without a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    width: u32,
    height: u32,
}

impl Ratio {
    /// 9:16, the shape of the videos.
    pub const VERTICAL: Self = Self { width: 9, height: 16 };

    /// `None` when a side is 0 or over 10,000, or one side is more than 4 times the other.
    pub const fn new(width: u32, height: u32) -> Option<Self> {
        let (longer, shorter) = if width > height { (width, height) } else { (height, width) };
        if shorter == 0 || longer > 10_000 || longer > shorter * RATIO_MOST {
            return None;
        }
        Some(Self { width, height })
    }

    /// The width, as given.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// The height, as given.
    pub const fn height(self) -> u32 {
        self.height
    }
}

impl Photo {
    /// The photo in the wanted shape, exact to one pixel: the whole photo in the middle, the free space filled
    /// with the photo itself, blurred beyond recognition and a little darker. Never cropped, never black bars.
    /// The longest side stays at most 4,096 pixels; the photo shrinks if it must. The warnings go along: they
    /// are about the photo.
    ///
    /// A photo within 1 % of the shape comes back as it is, with the same bytes.
    ///
    /// # Errors
    /// As [`Photo::decode`], and [`PhotoError::Processing`].
    pub fn padded_to(&self, ratio: Ratio) -> Result<Self, PhotoError> {
        let (width, height) = (self.width(), self.height());
        let (have, want) =
            (u64::from(width) * u64::from(ratio.height), u64::from(height) * u64::from(ratio.width));
        if have.abs_diff(want) * 100 <= want {
            return Ok(self.clone());
        }
        let photo = self.decode()?;
        let (canvas, inner) = if have > want {
            let longest = width.max(scale(width, ratio.height, ratio.width));
            let across = scale(width, longest.min(LONGEST_SIDE), longest);
            ((across, scale(across, ratio.height, ratio.width)), (across, scale(height, across, width)))
        } else {
            let longest = height.max(scale(height, ratio.width, ratio.height));
            let down = scale(height, longest.min(LONGEST_SIDE), longest);
            ((scale(down, ratio.width, ratio.height), down), (scale(width, down, height), down))
        };
        let mut padded = fill(&photo, canvas)?;
        let inner = if inner == photo.dimensions() {
            photo
        } else {
            resized(&photo, inner, None, FilterType::Lanczos3)?
        };
        let left = canvas.0.saturating_sub(inner.width()) / 2;
        let top = canvas.1.saturating_sub(inner.height()) / 2;
        imageops::replace(&mut padded, &inner, left.into(), top.into());
        Self::from_pixels(&padded, self.warnings().to_vec())
    }
}

/// The middle of the photo that covers the canvas, through the eye of a needle.
fn fill(photo: &RgbImage, (width, height): (u32, u32)) -> Result<RgbImage, PhotoError> {
    let longest = width.max(height);
    let tiny = (scale(width, FILL_SIDE, longest), scale(height, FILL_SIDE, longest));
    let (across, down) = (f64::from(photo.width()), f64::from(photo.height()));
    let shape = f64::from(width) / f64::from(height);
    let (part_across, part_down) = (across.min(down * shape), down.min(across / shape));
    let part = ((across - part_across) / 2.0, (down - part_down) / 2.0, part_across, part_down);
    let mut tiny = imageops::blur(&resized(photo, tiny, Some(part), FilterType::Box)?, 1.5);
    // Half of it is the photo's mean colour: a dark corner alone would still make a black bar.
    let mean = resized(photo, (1, 1), None, FilterType::Box)?.get_pixel(0, 0).0;
    for pixel in tiny.pixels_mut() {
        for (channel, mean) in pixel.0.iter_mut().zip(mean) {
            *channel = ((u32::from(*channel) + u32::from(mean)) * FILL_LIGHT / 200) as u8;
        }
    }
    resized(&tiny, (width, height), None, FilterType::Mitchell)
}
