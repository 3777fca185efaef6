//! What a file is, by its first bytes and never by its name.

use image::ImageFormat;

use super::PhotoError;

/// A format that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
    Webp,
}

impl Format {
    /// Recognises the content.
    pub(super) fn sniff(bytes: &[u8]) -> Result<Self, PhotoError> {
        if bytes.starts_with(b"\xff\xd8\xff") {
            Ok(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Ok(Self::Png)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Ok(Self::Webp)
        } else {
            Err(unsupported(bytes)
                .map_or(PhotoError::NotAnImage, |format| PhotoError::UnsupportedFormat { format }))
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
        }
    }

    pub(super) fn truncated(self) -> PhotoError {
        PhotoError::Truncated { format: self.name() }
    }

    pub(super) fn damaged(self, reason: &'static str) -> PhotoError {
        PhotoError::Damaged { format: self.name(), reason }
    }

    pub(super) fn undecodable(self, source: image::ImageError) -> PhotoError {
        PhotoError::Undecodable { format: self.name(), source }
    }
}

impl From<Format> for ImageFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Jpeg => Self::Jpeg,
            Format::Png => Self::Png,
            Format::Webp => Self::WebP,
        }
    }
}

/// Formats that sellers do send, so that the refusal can name them.
const PREFIXES: [(&[u8], &str); 13] = [
    (b"GIF8", "GIF"),
    (b"%PDF", "PDF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"8BPS", "PSD"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\0\0\x01\0", "ICO"),
    (b"\x1a\x45\xdf\xa3", "WebM"),
    (b"PK\x03\x04", "ZIP"),
    (b"Rar!", "RAR"),
    (b"OggS", "Ogg"),
];

fn unsupported(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, name)) = PREFIXES.iter().find(|(prefix, _)| bytes.starts_with(prefix)) {
        return Some(name);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Some(iso_media(bytes));
    }
    // "BM" alone begins many a text; a bitmap has four reserved zero bytes further on.
    if bytes.starts_with(b"BM") && bytes.get(6..10) == Some(&[0; 4]) {
        return Some("BMP");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"AVI ") {
        return Some("AVI");
    }
    is_svg(bytes).then_some("SVG")
}

/// The brands of an ISO media file tell the still formats from the films.
fn iso_media(bytes: &[u8]) -> &'static str {
    let brands = bytes.get(8..bytes.len().min(64)).unwrap_or_default();
    let has = |brand: &[u8; 4]| brands.chunks_exact(4).any(|given| given == brand);
    if has(b"avif") || has(b"avis") {
        "AVIF"
    } else if [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"].into_iter().any(has) {
        "HEIC"
    } else if brands.starts_with(b"qt  ") {
        "MOV"
    } else {
        "MP4"
    }
}

fn is_svg(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_lowercase();
    let head = head.trim_start_matches('\u{feff}').trim_start();
    head.starts_with("<svg") || (head.starts_with('<') && !head.starts_with("<html") && head.contains("<svg"))
}
