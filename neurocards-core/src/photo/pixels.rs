//! From bytes to pixels and back.

use std::io::Cursor;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{
    FilterType, IntoImageView, IntoImageViewMut, PixelType, ResizeAlg, ResizeOptions, Resizer,
};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::PhotoError;
use super::format::Format;

/// Visually lossless on photos, at a third of the size of quality 100.
const JPEG_QUALITY: u8 = 92;
/// Most bytes of one decoded pixel: four channels of 16 bits.
const DECODED_BYTES_PER_PIXEL: u64 = 8;
/// What a decoder may take besides its pixels: tables, rows, a colour profile.
const DECODER_EXTRA_BYTES: u64 = 64 * 1024 * 1024;

/// The whole picture as 8-bit sRGB on white, upright, its longest side at most `longest`.
pub(super) fn decode(
    format: Format,
    whole: &[u8],
    (width, height): (u32, u32),
    longest: u32,
) -> Result<RgbImage, PhotoError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(width);
    limits.max_image_height = Some(height);
    limits.max_alloc =
        Some(u64::from(width) * u64::from(height) * DECODED_BYTES_PER_PIXEL + DECODER_EXTRA_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(whole), format.into());
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|source| format.undecodable(source))?;
    if decoder.dimensions() != (width, height) {
        return Err(format.damaged("it has two sizes"));
    }
    let orientation = orientation(&mut decoder);
    let profile = decoder.icc_profile().ok().flatten();
    let image = DynamicImage::from_decoder(decoder).map_err(|source| format.undecodable(source))?;
    // Shrinking comes first: the steps after it are cheaper on fewer pixels.
    let mut image = shrunk(flattened(image), longest)?;
    if let Some(profile) = profile {
        to_srgb(&mut image, &profile);
    }
    let mut image = DynamicImage::ImageRgb8(image);
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

/// The EXIF orientation; upright when there is none or it is broken.
fn orientation(decoder: &mut impl ImageDecoder) -> Orientation {
    let exif = decoder.exif_metadata().ok().flatten().unwrap_or_default();
    // Some writers of WebP keep the prefix that belongs to JPEG.
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif);
    Orientation::from_exif_chunk(exif).unwrap_or(Orientation::NoTransforms)
}

/// Eight bits without alpha; what was transparent is white, as marketplaces want it.
fn flattened(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [red, green, blue, alpha] = from.0.map(u32::from);
        *to = Rgb([red, green, blue].map(|channel| on_white(channel, alpha)));
    }
    rgb
}

fn on_white(channel: u32, alpha: u32) -> u8 {
    // At most 255, as both weights add up to 255.
    ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// Phones write Display P3: without its profile such a photo would look pale. A profile that is broken or not
/// for RGB changes nothing.
fn to_srgb(image: &mut RgbImage, profile: &[u8]) {
    let Ok(profile) = ColorProfile::new_from_slice(profile) else { return };
    if profile.color_space != DataColorSpace::Rgb {
        return;
    }
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let Ok(transform) = profile.create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options) else {
        return;
    };
    let mut row = vec![0; image.width() as usize * 3];
    for pixels in image.as_flat_samples_mut().samples.chunks_exact_mut(row.len()) {
        if transform.transform(pixels, &mut row).is_ok() {
            pixels.copy_from_slice(&row);
        }
    }
}

/// The picture with its longest side at most `longest`; never enlarged.
pub(super) fn shrunk(image: RgbImage, longest: u32) -> Result<RgbImage, PhotoError> {
    let (width, height) = image.dimensions();
    let side = width.max(height);
    if side <= longest {
        return Ok(image);
    }
    let scaled = |length: u32| scale(length, longest, side);
    resized(&image, (scaled(width), scaled(height)), None, FilterType::Lanczos3)
}

/// `length * to / from`, rounded, at least 1.
pub(super) fn scale(length: u32, to: u32, from: u32) -> u32 {
    let (length, to, from) = (u64::from(length), u64::from(to), u64::from(from));
    u32::try_from((length * to + from / 2) / from).unwrap_or(u32::MAX).max(1)
}

/// The picture, or the part of it at left, top, width, height, at another size in pixels.
pub(super) fn resized(
    image: &RgbImage,
    (width, height): (u32, u32),
    part: Option<(f64, f64, f64, f64)>,
    filter: FilterType,
) -> Result<RgbImage, PhotoError> {
    let source = ImageRef::new(image.width(), image.height(), image.as_raw(), PixelType::U8x3)
        .map_err(|source| processing("resized", source))?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    let mut options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    if let Some((left, top, width, height)) = part {
        options = options.crop(left, top, width, height);
    }
    // One pixel type, named: the untyped call would compile all thirteen into this crate.
    let mismatch = || processing("resized", "the pixel types differ");
    let from = source.image_view::<U8x3>().ok_or_else(mismatch)?;
    let mut into = target.image_view_mut::<U8x3>().ok_or_else(mismatch)?;
    Resizer::new()
        .resize_typed(&from, &mut into, &options)
        .map_err(|source| processing("resized", source))?;
    drop(into);
    RgbImage::from_raw(width, height, target.into_vec())
        .ok_or_else(|| processing("resized", "the buffer is too short"))
}

/// A baseline JPEG with the JFIF header and nothing else about the picture.
pub(super) fn encode(image: &RgbImage) -> Result<Vec<u8>, PhotoError> {
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY)
        .encode_image(image)
        .map_err(|source| processing("encoded", source))?;
    Ok(jpeg)
}

fn processing(step: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PhotoError {
    PhotoError::Processing { step, source: source.into() }
}
