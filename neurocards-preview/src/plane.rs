//! Pictures as the encoder wants them: planes of bytes, chroma at half size (4:2:0).

use image::RgbImage;

use crate::colour::Yuv;

/// One component of a picture.
#[derive(Debug, Clone)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) data: Vec<u8>,
}

impl Plane {
    pub(crate) fn new(width: usize, height: usize, fill: u8) -> Self {
        Self { width, height, data: vec![fill; width * height] }
    }

    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.width..(y + 1) * self.width]
    }

    pub(crate) fn row_mut(&mut self, y: usize) -> &mut [u8] {
        &mut self.data[y * self.width..(y + 1) * self.width]
    }
}

/// A BT.709 limited-range picture with even width and height.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) y: Plane,
    pub(crate) u: Plane,
    pub(crate) v: Plane,
}

impl Picture {
    /// A black picture. Width and height must be even.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self {
            y: Plane::new(width, height, 16),
            u: Plane::new(width / 2, height / 2, 128),
            v: Plane::new(width / 2, height / 2, 128),
        }
    }

    /// Converts an image of even width and height.
    pub(crate) fn from_rgb(image: &RgbImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let mut picture = Self::new(width, height);
        for (pair, lines) in image.as_raw().chunks_exact(width * 6).enumerate() {
            let (upper, lower) = lines.split_at(width * 3);
            for (line, source) in [upper, lower].into_iter().enumerate() {
                let luma = picture.y.row_mut(pair * 2 + line);
                for (out, rgb) in luma.iter_mut().zip(source.chunks_exact(3)) {
                    *out = Yuv::luma(i32::from(rgb[0]), i32::from(rgb[1]), i32::from(rgb[2]));
                }
            }
            let chroma = picture.u.row_mut(pair).iter_mut().zip(picture.v.row_mut(pair));
            for ((u, v), (a, b)) in chroma.zip(upper.chunks_exact(6).zip(lower.chunks_exact(6))) {
                let mean = |c: usize| {
                    (i32::from(a[c]) + i32::from(a[c + 3]) + i32::from(b[c]) + i32::from(b[c + 3])) / 4
                };
                (*u, *v) = Yuv::chroma(mean(0), mean(1), mean(2));
            }
        }
        picture
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.y.data.copy_from_slice(&other.y.data);
        self.u.data.copy_from_slice(&other.u.data);
        self.v.data.copy_from_slice(&other.v.data);
    }
}
