//! What lies behind the photo: its own colours, far out of focus, darkened so that white words stay legible.

use image::RgbImage;

use crate::canvas::Mask;
use crate::colour::{Palette, Yuv};
use crate::plane::Picture;

/// Mean brightness that the backdrop may have, 0 to 1.
const BRIGHTEST: f32 = 0.40;

/// Paints the backdrop from a small version of the photo.
pub(crate) fn paint(
    small: &RgbImage,
    palette: &Palette,
    variant: usize,
    width: usize,
    height: usize,
) -> Picture {
    let mut channels = cover(small, width, height);
    for channel in &mut channels {
        channel.blur(COARSE_WIDTH / 11);
    }
    grade(&mut channels, palette, variant);
    let mut picture = Picture::new(width, height);
    let (sx, sy) = (channels[0].width as f32 / width as f32, channels[0].height as f32 / height as f32);
    let sample = |x: f32, y: f32| channels.each_ref().map(|channel| channel.at(x * sx, y * sy));
    for y in 0..height {
        for x in 0..width {
            let [r, g, b] = sample(x as f32 + 0.5, y as f32 + 0.5);
            let luma = 16.0 + 219.0 * (0.2126 * r + 0.7152 * g + 0.0722 * b);
            // Grain of one step hides the steps of a slow gradient.
            picture.y.row_mut(y)[x] = (luma + grain(x, y)) as u8;
        }
    }
    for y in 0..height / 2 {
        for x in 0..width / 2 {
            let rgb = sample(2.0 * x as f32 + 1.0, 2.0 * y as f32 + 1.0).map(|c| (c * 255.0) as i32);
            let (u, v) = Yuv::chroma(rgb[0], rgb[1], rgb[2]);
            picture.u.row_mut(y)[x] = u;
            picture.v.row_mut(y)[x] = v;
        }
    }
    picture
}

const COARSE_WIDTH: usize = 90;

/// The middle of the photo that fills a coarse portrait, as red, green and blue.
fn cover(small: &RgbImage, width: usize, height: usize) -> [Mask; 3] {
    let coarse_height = COARSE_WIDTH * height / width;
    let (w, h) = (small.width() as f32, small.height() as f32);
    let scale = (w / COARSE_WIDTH as f32).min(h / coarse_height as f32);
    let (left, top) = ((w - scale * COARSE_WIDTH as f32) / 2.0, (h - scale * coarse_height as f32) / 2.0);
    let channel = |c: usize| {
        let mut mask = Mask::new(COARSE_WIDTH, coarse_height);
        for y in 0..coarse_height {
            for x in 0..COARSE_WIDTH {
                let sx = (left + (x as f32 + 0.5) * scale).clamp(0.0, w - 1.0) as u32;
                let sy = (top + (y as f32 + 0.5) * scale).clamp(0.0, h - 1.0) as u32;
                mask.data[y * COARSE_WIDTH + x] = f32::from(small.get_pixel(sx, sy).0[c]) / 255.0;
            }
        }
        mask
    };
    [channel(0), channel(1), channel(2)]
}

/// More colour, less light, a hint of the accent, darker towards top and bottom.
fn grade(channels: &mut [Mask; 3], palette: &Palette, variant: usize) {
    let (width, height) = (channels[0].width, channels[0].height);
    let luma = |rgb: [f32; 3]| 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
    let count = (width * height) as f32;
    let mean = (0..width * height).map(|i| luma(channels.each_ref().map(|c| c.data[i]))).sum::<f32>() / count;
    let light = (BRIGHTEST / mean.max(0.05)).min(0.85);
    let deep = palette.deep(variant).0;
    // Pale photos give a grey backdrop; those borrow more of the tone.
    let share = (0.72 - palette.saturation * 2.2).clamp(0.16, 0.7);
    for i in 0..width * height {
        let rgb = channels.each_ref().map(|c| c.data[i] * light);
        let grey = luma(rgb);
        let down = (i / width) as f32 / height as f32;
        let vignette = 1.0 - 0.2 * (2.0 * down - 1.0).powi(2);
        for (c, channel) in channels.iter_mut().enumerate() {
            let vivid = grey + (rgb[c] - grey) * 1.3;
            // The tone follows the light of the photo, so that the shapes remain.
            let toned = deep[c] * (0.55 + 1.5 * grey);
            channel.data[i] = ((vivid * (1.0 - share) + toned * share) * vignette).clamp(0.0, 0.6);
        }
    }
}

/// A fixed noise between 0 and 1, different for every pixel.
fn grain(x: usize, y: usize) -> f32 {
    let mut h = (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
    h ^= h >> 15;
    h = h.wrapping_mul(0x2C1B_3C6D);
    h ^= h >> 12;
    (h & 0xFFFF) as f32 / 65_536.0
}
