//! Colours: RGB to BT.709 limited range, and an accent colour that suits the photo.

use image::RgbImage;

/// A colour as the eye of the designer sees it, components 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rgb(pub(crate) [f32; 3]);

impl Rgb {
    pub(crate) const WHITE: Self = Self([1.0, 1.0, 1.0]);
    pub(crate) const INK: Self = Self([0.07, 0.07, 0.09]);

    /// `hue` in turns, 0 to 1.
    pub(crate) fn from_hsv(hue: f32, saturation: f32, value: f32) -> Self {
        let channel = |shift: f32| {
            let k = (shift + hue.rem_euclid(1.0) * 6.0).rem_euclid(6.0);
            value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0)
        };
        Self([channel(5.0), channel(3.0), channel(1.0)])
    }

    pub(crate) fn luminance(self) -> f32 {
        let [r, g, b] = self.0.map(|c| c.powf(2.2));
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// White or near-black, whichever is read better on this colour.
    pub(crate) fn readable_ink(self) -> Self {
        // The contrast formula of WCAG; white is preferred where both can be read.
        let on_white = 1.05 / (self.luminance() + 0.05);
        if on_white >= 2.6 { Self::WHITE } else { Self::INK }
    }

    pub(crate) fn mix(self, other: Self, share: f32) -> Self {
        let mut mixed = self.0;
        for (a, b) in mixed.iter_mut().zip(other.0) {
            *a += (b - *a) * share;
        }
        Self(mixed)
    }
}

/// Conversion to the bytes of the video.
#[derive(Debug)]
pub(crate) struct Yuv;

impl Yuv {
    pub(crate) fn luma(r: i32, g: i32, b: i32) -> u8 {
        (16 + ((11_966 * r + 40_254 * g + 4_064 * b + 32_768) >> 16)) as u8
    }

    pub(crate) fn chroma(r: i32, g: i32, b: i32) -> (u8, u8) {
        let u = 128 + ((-6_596 * r - 22_189 * g + 28_784 * b + 32_768) >> 16);
        let v = 128 + ((28_784 * r - 26_145 * g - 2_639 * b + 32_768) >> 16);
        (u as u8, v as u8)
    }
}

/// The hues that a photo is made of.
#[derive(Debug, Clone)]
pub(crate) struct Palette {
    hues: Vec<f32>,
    /// Mean saturation of the photo, 0 to 1.
    pub(crate) saturation: f32,
}

/// Hues that suit goods without a colour of their own: violet, coral, emerald, azure.
const NEUTRAL_HUES: [f32; 4] = [0.72, 0.99, 0.45, 0.58];
const BINS: usize = 36;

impl Palette {
    /// Looks at a small version of the photo.
    pub(crate) fn of(small: &RgbImage) -> Self {
        let mut bins = [0.0_f32; BINS];
        let mut total_saturation = 0.0;
        for pixel in small.pixels() {
            let (hue, saturation, value) = hsv(pixel.0);
            total_saturation += saturation * value;
            bins[((hue * BINS as f32) as usize).min(BINS - 1)] += saturation * saturation * value;
        }
        let saturation = total_saturation / (small.width() * small.height()).max(1) as f32;
        if saturation < 0.06 {
            return Self { hues: NEUTRAL_HUES.to_vec(), saturation };
        }
        let weight = |i: usize| bins[(i + BINS - 1) % BINS] + 2.0 * bins[i] + bins[(i + 1) % BINS];
        let best = (0..BINS).max_by(|&a, &b| weight(a).total_cmp(&weight(b))).unwrap_or(0);
        let main = (best as f32 + 0.5) / BINS as f32;
        Self { hues: vec![main, main + 0.5, main + 0.08, main + 0.42], saturation }
    }

    /// The accent of one variant: neighbours get different hues.
    pub(crate) fn accent(&self, variant: usize) -> Rgb {
        let hue = self.hues[variant % self.hues.len()];
        // Yellow and green look loud at full strength, blue looks dull below it.
        let green = (1.0 - ((hue.rem_euclid(1.0) - 0.3).abs() / 0.2)).clamp(0.0, 1.0);
        Rgb::from_hsv(hue, 0.86 - 0.08 * green, 0.96 - 0.2 * green)
    }

    /// A dark tone of the hue of the photo, for the backdrop.
    pub(crate) fn deep(&self, variant: usize) -> Rgb {
        let hue = if self.saturation < 0.06 { self.hues[variant % self.hues.len()] } else { self.hues[0] };
        Rgb::from_hsv(hue, 0.72, 0.4)
    }
}

fn hsv(rgb: [u8; 3]) -> (f32, f32, f32) {
    let [r, g, b] = rgb.map(|c| f32::from(c) / 255.0);
    let (high, low) = (r.max(g).max(b), r.min(g).min(b));
    let span = high - low;
    if span < 1e-4 {
        return (0.0, 0.0, high);
    }
    let sixth = if high == r {
        ((g - b) / span).rem_euclid(6.0)
    } else if high == g {
        (b - r) / span + 2.0
    } else {
        (r - g) / span + 4.0
    };
    (sixth / 6.0, span / high, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_white_and_red_have_their_bt709_codes() {
        assert_eq!((Yuv::luma(0, 0, 0), Yuv::chroma(0, 0, 0)), (16, (128, 128)));
        assert_eq!((Yuv::luma(255, 255, 255), Yuv::chroma(255, 255, 255)), (235, (128, 128)));
        assert_eq!((Yuv::luma(255, 0, 0), Yuv::chroma(255, 0, 0)), (63, (102, 240)));
    }

    #[test]
    fn hsv_goes_both_ways() {
        for rgb in [[230, 40, 40], [20, 200, 90], [10, 60, 220], [200, 200, 10]] {
            let (h, s, v) = hsv(rgb);
            let back = Rgb::from_hsv(h, s, v).0.map(|c| (c * 255.0).round() as u8);
            assert_eq!(back, rgb);
        }
    }
}
