//! Scaling of photos, once per clip: separable, Lanczos when shrinking, Catmull-Rom when growing.
//!
//! Hand-written because the SIMD crates for this are generic over every pixel format and make this crate compile for
//! minutes, while the scaling is a few percent of a clip.

use image::RgbImage;

/// The pixels that make one output pixel: the first of them and their weights, which sum to 1.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// Scales a photo. All sides must be above 0.
pub(crate) fn resize(photo: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (from_w, from_h) = (photo.width() as usize, photo.height() as usize);
    let (to_w, to_h) = (width as usize, height as usize);
    let (across, down) = (taps(from_w, to_w), taps(from_h, to_h));
    let source = photo.as_raw();
    let mut bytes = Vec::with_capacity(to_w * to_h * 3);
    let mut line = vec![0.0_f32; from_w * 3];
    for taps in &down {
        line.fill(0.0);
        for (i, weight) in taps.weights.iter().enumerate() {
            let row = &source[(taps.first + i) * from_w * 3..][..from_w * 3];
            for (sum, value) in line.iter_mut().zip(row) {
                *sum += f32::from(*value) * weight;
            }
        }
        for taps in &across {
            let mut sum = [0.5_f32; 3];
            for (pixel, weight) in line[taps.first * 3..].chunks_exact(3).zip(&taps.weights) {
                sum[0] += pixel[0] * weight;
                sum[1] += pixel[1] * weight;
                sum[2] += pixel[2] * weight;
            }
            // The cast saturates, which clips the overshoot of the filters.
            bytes.extend(sum.map(|value| value as u8));
        }
    }
    RgbImage::from_raw(width, height, bytes).unwrap_or_default()
}

fn taps(from: usize, to: usize) -> Vec<Taps> {
    let step = from as f32 / to as f32;
    let (filter, reach): (fn(f32) -> f32, f32) = if step > 1.0 { (lanczos, 3.0) } else { (catmull_rom, 2.0) };
    let stretch = step.max(1.0);
    let one = |i: usize| {
        let centre = (i as f32 + 0.5) * step;
        let first = (centre - reach * stretch).floor().max(0.0) as usize;
        let end = ((centre + reach * stretch).ceil() as usize).clamp(first + 1, from);
        let first = first.min(end - 1);
        let mut weights: Vec<f32> =
            (first..end).map(|at| filter((at as f32 + 0.5 - centre) / stretch)).collect();
        let sum: f32 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= sum);
        Taps { first, weights }
    };
    (0..to).map(one).collect()
}

fn lanczos(x: f32) -> f32 {
    let sinc =
        |x: f32| if x == 0.0 { 1.0 } else { (std::f32::consts::PI * x).sin() / (std::f32::consts::PI * x) };
    if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

fn catmull_rom(x: f32) -> f32 {
    let x = x.abs();
    if x < 1.0 {
        1.5 * x * x * x - 2.5 * x * x + 1.0
    } else if x < 2.0 {
        -0.5 * x * x * x + 2.5 * x * x - 4.0 * x + 2.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn flat_colour_stays_flat_at_every_size() {
        let photo = RgbImage::from_pixel(37, 53, Rgb([10, 128, 255]));
        for (w, h) in [(37, 53), (8, 8), (1, 1), (90, 20), (200, 300)] {
            let scaled = resize(&photo, w, h);
            assert_eq!(scaled.dimensions(), (w, h));
            assert!(scaled.pixels().all(|p| p.0 == [10, 128, 255]), "{w}x{h}");
        }
    }

    #[test]
    fn same_size_is_the_same_photo() {
        let photo = RgbImage::from_fn(20, 30, |x, y| Rgb([(x * 12) as u8, (y * 8) as u8, (x * y) as u8]));
        assert_eq!(resize(&photo, 20, 30), photo);
    }
}
