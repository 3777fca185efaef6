//! What is inside an MP4, told of bytes that anybody may have made.
//!
//! The parser believes what boxes say of themselves: a box of no length makes it turn for ever, and a number of samples
//! makes it ask for memory that no machine has. So the boxes are walked first: their lengths must add up, their numbers
//! have limits, and of boxes that say nothing about picture and sound the parser sees only that something is there.

mod shown;

use crate::artifact::Artifact;
use shown::Shown;

/// Most samples of all tracks together: hours of compressed picture and sound, or 40 seconds of plain sound.
const SAMPLES_MAX: u64 = 2_000_000;
/// Most tracks, and most words about what tracks have in common.
const TRACKS_MAX: u64 = 64;

type Name = [u8; 4];

/// What a box is to us.
#[derive(Clone, Copy)]
enum Role {
    /// It holds no boxes.
    Leaf,
    /// It holds boxes, after so many bytes of its own.
    Holds(usize, &'static [(Name, Role)]),
    /// It holds descriptions of samples.
    Descriptions,
    /// It says at this place how many samples there are.
    Samples(usize),
    /// The same as `Holds` without bytes of its own, and there are few.
    Track(&'static [(Name, Role)]),
}

use Role::{Descriptions, Holds, Leaf, Samples, Track};

const FILE: &[(Name, Role)] = &[
    (*b"ftyp", Leaf),
    (*b"free", Leaf),
    (*b"mdat", Leaf),
    (*b"moov", Holds(0, &[(*b"mvhd", Leaf), (*b"mvex", Holds(0, EXTENSION)), (*b"trak", Track(TRACK))])),
    (*b"moof", Holds(0, &[(*b"mfhd", Leaf), (*b"traf", Holds(0, FRAGMENT))])),
];
const EXTENSION: &[(Name, Role)] = &[(*b"mehd", Leaf), (*b"trex", Track(&[]))];
const FRAGMENT: &[(Name, Role)] = &[(*b"tfhd", Leaf), (*b"tfdt", Leaf), (*b"trun", Samples(4))];
const TRACK: &[(Name, Role)] = &[(*b"tkhd", Leaf), (*b"mdia", Holds(0, MEDIA))];
const MEDIA: &[(Name, Role)] = &[(*b"mdhd", Leaf), (*b"hdlr", Leaf), (*b"minf", Holds(0, INFORMATION))];
const INFORMATION: &[(Name, Role)] = &[
    (*b"vmhd", Leaf),
    (*b"smhd", Leaf),
    (*b"dinf", Holds(0, &[(*b"dref", Holds(8, &[(*b"url ", Leaf)]))])),
    (*b"stbl", Holds(0, TABLE)),
];
const TABLE: &[(Name, Role)] = &[
    (*b"stsd", Descriptions),
    (*b"stts", Leaf),
    (*b"ctts", Leaf),
    (*b"stss", Leaf),
    (*b"stsc", Leaf),
    (*b"stsz", Samples(8)),
    (*b"stco", Leaf),
    (*b"co64", Leaf),
];

/// The facts of an MP4 with a picture whose samples are all there, without hash and size; `None` when it is none.
///
/// The parser below may still panic on rubbish.
pub(super) fn facts(bytes: &[u8]) -> Option<Artifact> {
    if bytes.get(4..8)? != b"ftyp" {
        return None;
    }
    let mut walk = Walk { shown: Shown::new(bytes), samples: 0, tracks: 0 };
    walk.file(bytes)?;
    let mp4 = re_mp4::Mp4::read(walk.shown, bytes.len() as u64).ok()?;
    let of_kind = |kind| mp4.tracks().values().find(|track| track.kind == Some(kind));
    let picture = of_kind(re_mp4::TrackKind::Video)?;
    let is_there = |sample: &re_mp4::Sample| {
        sample.offset.checked_add(sample.size).is_some_and(|end| end <= bytes.len() as u64)
    };
    if picture.samples.is_empty() || !picture.samples.iter().all(is_there) || picture.timescale == 0 {
        return None;
    }
    Some(Artifact {
        sha256: String::new(),
        bytes: 0,
        codec: picture.codec_string(&mp4)?,
        width: picture.width.into(),
        height: picture.height.into(),
        duration_ms: picture.duration.saturating_mul(1_000) / picture.timescale,
        sound: of_kind(re_mp4::TrackKind::Audio).is_some(),
    })
}

struct Walk<'a> {
    shown: Shown<'a>,
    samples: u64,
    tracks: u64,
}

impl Walk<'_> {
    /// Walks a whole file. Its last box may be open: without a length, it goes on to the end. The parser stops there.
    fn file(&mut self, bytes: &[u8]) -> Option<()> {
        let mut at = 0;
        while at < bytes.len() && number(bytes, at)? != 0 {
            at += self.next(bytes.get(at..)?, at as u64, FILE)?;
        }
        Some(())
    }

    /// Walks boxes that stand one after the other; `from` is where the first begins in the file. `None`: they do not
    /// add up, or there is too much in them.
    fn boxes(&mut self, bytes: &[u8], from: u64, known: &[(Name, Role)]) -> Option<()> {
        let mut at = 0;
        while at < bytes.len() {
            at += self.next(bytes.get(at..)?, from + at as u64, known)?;
        }
        Some(())
    }

    /// Walks the first of these boxes; answers how long it is.
    fn next(&mut self, bytes: &[u8], at: u64, known: &[(Name, Role)]) -> Option<usize> {
        let found = BoxHead::read(bytes)?;
        let inside = bytes.get(found.head..found.length)?;
        match known.iter().find(|(name, _)| *name == found.name) {
            Some((_, role)) => self.one(*role, inside, at + found.head as u64)?,
            None => self.shown.hide(at),
        }
        Some(found.length)
    }

    fn one(&mut self, role: Role, inside: &[u8], at: u64) -> Option<()> {
        match role {
            Leaf => Some(()),
            Holds(own, known) => self.boxes(inside.get(own..)?, at + own as u64, known),
            Track(known) => {
                self.tracks += 1;
                (self.tracks <= TRACKS_MAX).then_some(())?;
                if known.is_empty() { Some(()) } else { self.boxes(inside, at, known) }
            }
            Samples(place) => {
                self.samples += u64::from(number(inside, place)?);
                (self.samples <= SAMPLES_MAX).then_some(())
            }
            Descriptions => described(inside.get(8..)?),
        }
    }
}

/// Whether the first description of samples, the one that counts, holds boxes whose lengths add up.
fn described(bytes: &[u8]) -> Option<()> {
    let found = BoxHead::read(bytes)?;
    let inside = bytes.get(found.head..found.length)?;
    let own = match &found.name {
        b"avc1" | b"avc3" | b"hvc1" | b"hev1" | b"av01" | b"vp08" | b"vp09" => 78,
        // Sounds of QuickTime have a longer form.
        b"mp4a" if inside.get(8..10)? == [0, 1] => 44,
        b"mp4a" => 28,
        _ => return Some(()),
    };
    let mut inside = inside.get(own..)?;
    while !inside.is_empty() {
        let found = BoxHead::read(inside)?;
        match &found.name {
            // What is looked for; nobody reads on.
            b"avcC" | b"hvcC" | b"av1C" | b"vpcC" | b"esds" => return inside.get(..found.length).map(|_| ()),
            b"wave" => inside = inside.get(found.head..)?,
            _ => inside = inside.get(found.length..)?,
        }
    }
    Some(())
}

struct BoxHead {
    name: Name,
    /// How many bytes length and name take.
    head: usize,
    /// How many bytes the whole box has.
    length: usize,
}

impl BoxHead {
    fn read(bytes: &[u8]) -> Option<Self> {
        let name = bytes.get(4..8)?.try_into().ok()?;
        let (head, length) = match number(bytes, 0)? {
            1 => (16, usize::try_from(u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?)).ok()?),
            length => (8, usize::try_from(length).ok()?),
        };
        (length >= head).then_some(Self { name, head, length })
    }
}

fn number(bytes: &[u8], place: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(place..place.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests;
