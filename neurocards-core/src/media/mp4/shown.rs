//! What the parser gets to see of a file.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// What a hidden box is called: one that says nothing.
const NOTHING: &[u8; 4] = b"free";

/// The bytes of a file in which some boxes have another name.
pub(super) struct Shown<'a> {
    bytes: Cursor<&'a [u8]>,
    /// Where the names of hidden boxes stand, in rising order.
    names: Vec<u64>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: Cursor::new(bytes), names: Vec::new() }
    }

    /// Hides the box that begins there. Boxes are hidden in the order in which they stand.
    pub(super) fn hide(&mut self, at: u64) {
        self.names.push(at + 4);
    }
}

impl Read for Shown<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let from = self.bytes.position();
        let read = self.bytes.read(into)?;
        let to = from + read as u64;
        let first = self.names.partition_point(|name| name + 4 <= from);
        for name in self.names.iter().skip(first).take_while(|name| **name < to) {
            for (place, letter) in (*name..).zip(NOTHING).filter(|(place, _)| (from..to).contains(place)) {
                if let Some(byte) = usize::try_from(place - from).ok().and_then(|at| into.get_mut(at)) {
                    *byte = *letter;
                }
            }
        }
        Ok(read)
    }
}

impl Seek for Shown<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hidden_however_they_are_read() {
        let bytes = b"0000abcd....0000efgh";
        for step in 1..=bytes.len() {
            let mut shown = Shown::new(bytes);
            shown.hide(0);
            shown.hide(12);
            let mut seen = Vec::new();
            let mut piece = vec![0; step];
            loop {
                match shown.read(&mut piece).unwrap() {
                    0 => break,
                    read => seen.extend_from_slice(&piece[..read]),
                }
            }
            assert_eq!(seen, b"0000free....0000free", "{step} bytes at once");
        }
    }
}
