//! The size and the end of a picture, read from the file's own structure without decoding anything.
//!
//! Decoders are lenient: a JPEG cut in half decodes to a half-grey picture. So the end is looked for here, and
//! what comes after it is not shown to the decoder.
//!
//! Known weakness: a JPEG that lost data in the middle of a scan but still has its end marker decodes with
//! whatever the decoder makes of it.

use super::PhotoError;
use super::format::Format;

/// Width and height in pixels as the header says, before orientation. Neither is 0.
pub(super) fn dimensions(format: Format, bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let (width, height) = match format {
        Format::Jpeg => jpeg_dimensions(bytes),
        Format::Png => png_dimensions(bytes),
        Format::Webp => webp_dimensions(bytes),
    }?;
    if width == 0 || height == 0 {
        return Err(format.damaged("it has no size"));
    }
    Ok((width, height))
}

/// The picture's own bytes, without what was appended to them.
pub(super) fn whole(format: Format, bytes: &[u8]) -> Result<&[u8], PhotoError> {
    let end = match format {
        Format::Jpeg => jpeg_end(bytes),
        Format::Png => png_end(bytes),
        Format::Webp => webp_end(bytes),
    }?;
    bytes.get(..end).ok_or_else(|| format.truncated())
}

fn number_be(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

fn number_le(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

/// A JPEG marker and, if it has one, its segment.
struct Segment<'a> {
    marker: u8,
    body: &'a [u8],
    /// Where the next marker may begin.
    next: usize,
}

const EOI: u8 = 0xd9;

/// The next marker at or after `from`. Entropy-coded data and stray bytes between the headers are passed over.
fn jpeg_segment(bytes: &[u8], from: usize) -> Result<Segment<'_>, PhotoError> {
    let mut at = from;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let gap = rest.iter().position(|&byte| byte == 0xff).ok_or_else(|| Format::Jpeg.truncated())?;
        at += gap + 1;
        match bytes.get(at) {
            None => return Err(Format::Jpeg.truncated()),
            Some(0xff) => {} // A fill byte; the next one may be the marker.
            Some(0x00 | 0x01 | 0xd0..=0xd8) => at += 1, // Stuffing, restarts, a second start: no segment.
            Some(&EOI) => return Ok(Segment { marker: EOI, body: &[], next: at + 1 }),
            Some(&marker) => {
                let length =
                    bytes.get(at + 1..at + 3).map(number_be).ok_or_else(|| Format::Jpeg.truncated())?;
                if length < 2 {
                    return Err(Format::Jpeg.damaged("a segment has no length"));
                }
                let next = at + 1 + length as usize;
                let body = bytes.get(at + 3..next).ok_or_else(|| Format::Jpeg.truncated())?;
                return Ok(Segment { marker, body, next });
            }
        }
    }
}

fn jpeg_dimensions(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let mut from = 2;
    loop {
        let segment = jpeg_segment(bytes, from)?;
        match segment.marker {
            EOI => return Err(Format::Jpeg.damaged("it ends before its frame header")),
            // The frame headers; 0xc4, 0xc8 and 0xcc are tables.
            0xc0..=0xcf if !matches!(segment.marker, 0xc4 | 0xc8 | 0xcc) => {
                let sides =
                    segment.body.get(1..5).ok_or_else(|| Format::Jpeg.damaged("a short frame header"))?;
                return Ok((number_be(&sides[2..]), number_be(&sides[..2])));
            }
            _ => from = segment.next,
        }
    }
}

fn jpeg_end(bytes: &[u8]) -> Result<usize, PhotoError> {
    let mut from = 2;
    loop {
        let segment = jpeg_segment(bytes, from)?;
        from = segment.next;
        if segment.marker == EOI {
            return Ok(from);
        }
    }
}

fn png_dimensions(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let header = bytes.get(8..24).ok_or_else(|| Format::Png.truncated())?;
    if &header[4..8] != b"IHDR" {
        return Err(Format::Png.damaged("it does not begin with its header"));
    }
    Ok((number_be(&header[8..12]), number_be(&header[12..])))
}

fn png_end(bytes: &[u8]) -> Result<usize, PhotoError> {
    let mut at = 8_usize;
    loop {
        let head = bytes.get(at..at.saturating_add(8)).ok_or_else(|| Format::Png.truncated())?;
        let (length, name) = head.split_at(4);
        at = at.saturating_add(number_be(length) as usize).saturating_add(12);
        if name == b"IEND" {
            return Ok(at);
        }
    }
}

fn webp_end(bytes: &[u8]) -> Result<usize, PhotoError> {
    let size = bytes.get(4..8).map(number_le).ok_or_else(|| Format::Webp.truncated())?;
    Ok((size as usize).saturating_add(8))
}

/// The canvas. Every picture chunk must agree with it, as a small canvas could else hide a huge picture.
fn webp_dimensions(bytes: &[u8]) -> Result<(u32, u32), PhotoError> {
    let mut at = 12_usize;
    let mut canvas = None;
    while let Some(head) = bytes.get(at..at.saturating_add(8)) {
        let (name, length) = head.split_at(4);
        let length = number_le(length) as usize;
        let body = bytes.get(at + 8..).unwrap_or_default();
        let sides = match name {
            b"VP8X" if body.first().is_some_and(|flags| flags & 0b10 != 0) => {
                return Err(PhotoError::UnsupportedFormat { format: "animated WebP" });
            }
            b"ANMF" => return Err(PhotoError::UnsupportedFormat { format: "animated WebP" }),
            b"VP8X" => body.get(4..10).map(|sides| (number_le(&sides[..3]) + 1, number_le(&sides[3..]) + 1)),
            b"VP8L" => body.get(1..5).map(|sides| {
                let sides = number_le(sides);
                ((sides & 0x3fff) + 1, (sides >> 14 & 0x3fff) + 1)
            }),
            b"VP8 " => body
                .get(6..10)
                .map(|sides| (number_le(&sides[..2]) & 0x3fff, number_le(&sides[2..]) & 0x3fff)),
            _ => {
                at = at.saturating_add(length).saturating_add(8 + length % 2);
                continue;
            }
        };
        let sides = sides.ok_or_else(|| Format::Webp.truncated())?;
        if *canvas.get_or_insert(sides) != sides {
            return Err(Format::Webp.damaged("the picture and its canvas differ in size"));
        }
        at = at.saturating_add(length).saturating_add(8 + length % 2);
    }
    canvas.ok_or_else(|| Format::Webp.truncated())
}
