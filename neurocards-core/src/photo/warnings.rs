//! What may spoil the video although the photo was taken in. Every measure is conservative: a warning that a
//! seller learns to ignore is worse than none.

use fast_image_resize::FilterType;
use image::{GrayImage, Luma, RgbImage, imageops};
use serde::{Deserialize, Serialize};

use super::PhotoError;
use super::pixels::{resized, scale};

/// A doubt about a photo that passed. Data, not text: frontends word it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum PhotoWarning {
    /// The photo is dark all over.
    Dark {
        /// Mean luma, 0 (black) to 255 (white).
        mean_luma: u8,
    },
    /// The photo is sharp nowhere. Not said of a dark one, where there is nothing to measure.
    Blurred {
        /// Variance of the Laplacian in the sharpest part, longest side scaled to 512 pixels; a sharp photo
        /// has several hundred and more.
        sharpness: u32,
    },
    /// The product takes little of the frame.
    ProductSmall {
        /// Area of the box around everything that is not background, in percent of the frame, at least 1.
        share_percent: u8,
    },
}

/// Sharpness depends on scale, so it is measured at one: the size at which a phone shows the video.
const SHARPNESS_SIDE: u32 = 512;
/// One part in focus is enough, as with a blurred background: the frame is judged by its sharpest tile.
const TILES: u32 = 8;
/// Sharp photos measured 870 to 5,800, a Gaussian blur of 1 pixel at that size 95 to 200, of 2 pixels 12 to 32.
const SHARPNESS_LEAST: u32 = 40;

/// Dusk: details of the product are lost under it. Well-lit photos begin near 60.
const DARK_MEAN_LUMA: u64 = 40;
/// A lit product on a black background is dark on average and yet well visible: it has pixels over this luma,
const LIT_LUMA: u8 = 128;
/// at least so many, in percent.
const LIT_PERCENT: u64 = 2;

/// Small enough to average noise away, large enough for a product of 1 % of the frame.
const PRODUCT_SIDE: u32 = 128;
/// The background is judged by a rim of this many pixels of that copy,
const RIM: u32 = 6;
/// and only when at least this many percent of the rim are of one colour,
const RIM_PLAIN_PERCENT: usize = 95;
/// within this difference per channel: on a lively background nobody can say what the product is.
const RIM_DIFFERENCE: u8 = 12;
/// What differs from the background by more, in any channel, is product. Low, so that a white product on white,
/// its shadow included, counts with its whole outline.
const PRODUCT_DIFFERENCE: u8 = 20;
/// Under an eighth of the frame the video model has to invent the product's details.
const PRODUCT_LEAST_PERCENT: u32 = 12;

/// All warnings of an upright sRGB photo.
pub(super) fn measure(photo: &RgbImage) -> Result<Vec<PhotoWarning>, PhotoError> {
    let copy = smaller(photo, SHARPNESS_SIDE)?;
    let gray = imageops::grayscale(&copy);
    // Edges fade with the light, so a dark photo is not called blurred on top.
    let light = dark(&gray).or_else(|| blurred(&gray));
    let found = [light, product_small(&smaller(&copy, PRODUCT_SIDE)?)];
    Ok(found.into_iter().flatten().collect())
}

fn smaller(image: &RgbImage, side: u32) -> Result<RgbImage, PhotoError> {
    let longest = image.width().max(image.height());
    let to = side.min(longest);
    let size = (scale(image.width(), to, longest), scale(image.height(), to, longest));
    resized(image, size, None, FilterType::Bilinear)
}

fn dark(gray: &GrayImage) -> Option<PhotoWarning> {
    let count = gray.as_raw().len() as u64;
    let mean = gray.as_raw().iter().map(|&luma| u64::from(luma)).sum::<u64>() / count.max(1);
    let lit = gray.as_raw().iter().filter(|&&luma| luma > LIT_LUMA).count() as u64;
    let mean_luma = u8::try_from(mean).unwrap_or(u8::MAX);
    (mean < DARK_MEAN_LUMA && lit * 100 < count * LIT_PERCENT).then_some(PhotoWarning::Dark { mean_luma })
}

fn blurred(gray: &GrayImage) -> Option<PhotoWarning> {
    let edges = laplacian(gray);
    let sharpest = (0..TILES * TILES).map(|tile| {
        let (across, down) = (tile % TILES, tile / TILES);
        let columns = edges.width * across / TILES..edges.width * (across + 1) / TILES;
        let rows = edges.height * down / TILES..edges.height * (down + 1) / TILES;
        edges.variance(columns, rows)
    });
    let sharpness = sharpest.max().unwrap_or(0);
    (sharpness < SHARPNESS_LEAST).then_some(PhotoWarning::Blurred { sharpness })
}

/// Second derivatives of the luma, one pixel smaller on every side.
struct Edges {
    width: u32,
    height: u32,
    values: Vec<i32>,
}

fn laplacian(gray: &GrayImage) -> Edges {
    let (width, height) = (gray.width().saturating_sub(2), gray.height().saturating_sub(2));
    let at = |x, y| {
        let Luma([luma]) = *gray.get_pixel(x, y);
        i32::from(luma)
    };
    let pixels = (1..=height).flat_map(|y| (1..=width).map(move |x| (x, y)));
    let values =
        pixels.map(|(x, y)| at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y));
    Edges { width, height, values: values.collect() }
}

impl Edges {
    fn variance(&self, columns: std::ops::Range<u32>, rows: std::ops::Range<u32>) -> u32 {
        let (mut count, mut sum, mut squares) = (0_i64, 0_i64, 0_i64);
        for row in rows {
            let start = row as usize * self.width as usize;
            for value in &self.values[start + columns.start as usize..start + columns.end as usize] {
                let value = i64::from(*value);
                (count, sum, squares) = (count + 1, sum + value, squares + value * value);
            }
        }
        let variance = if count == 0 { 0 } else { (squares - sum * sum / count) / count };
        u32::try_from(variance).unwrap_or(0)
    }
}

fn product_small(copy: &RgbImage) -> Option<PhotoWarning> {
    let (width, height) = copy.dimensions();
    let in_rim = |x: u32, y: u32| x < RIM || y < RIM || x + RIM >= width || y + RIM >= height;
    let rim: Vec<[u8; 3]> =
        copy.enumerate_pixels().filter(|(x, y, _)| in_rim(*x, *y)).map(|(_, _, pixel)| pixel.0).collect();
    let background = [0, 1, 2].map(|channel| {
        let mut values: Vec<u8> = rim.iter().map(|pixel| pixel[channel]).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied().unwrap_or(0)
    });
    let difference = |pixel: [u8; 3]| {
        let channels = pixel.into_iter().zip(background);
        channels.map(|(have, plain)| have.abs_diff(plain)).max().unwrap_or(0)
    };
    let plain = rim.iter().filter(|pixel| difference(**pixel) <= RIM_DIFFERENCE).count();
    if plain * 100 < rim.len() * RIM_PLAIN_PERCENT {
        return None;
    }
    let (mut columns, mut rows) = (vec![0_u32; width as usize], vec![0_u32; height as usize]);
    for (x, y, pixel) in copy.enumerate_pixels() {
        if difference(pixel.0) > PRODUCT_DIFFERENCE {
            columns[x as usize] += 1;
            rows[y as usize] += 1;
        }
    }
    let share = extent(&columns)? * extent(&rows)? * 100 / (width * height);
    let share_percent = u8::try_from(share.max(1)).ok()?;
    (share < PRODUCT_LEAST_PERCENT).then_some(PhotoWarning::ProductSmall { share_percent })
}

/// From the first to the last line with product in it; a single pixel is a speck.
fn extent(counts: &[u32]) -> Option<u32> {
    let first = counts.iter().position(|&count| count > 1)?;
    let last = counts.iter().rposition(|&count| count > 1)?;
    u32::try_from(last - first + 1).ok()
}
