//! The bundled font: Montserrat ExtraBold, cut to Latin, Cyrillic, punctuation and currency signs.

use ab_glyph::{Font as _, FontRef, Glyph, Point, ScaleFont as _, point};

use crate::RenderError;
use crate::canvas::Mask;

const BYTES: &[u8] = include_bytes!("../assets/Montserrat-ExtraBold.ttf");

/// Measures and draws text.
#[derive(Debug)]
pub(crate) struct Typeface {
    font: FontRef<'static>,
}

impl Typeface {
    pub(crate) fn bundled() -> Result<Self, RenderError> {
        let font = FontRef::try_from_slice(BYTES).map_err(|source| RenderError::Font { source })?;
        Ok(Self { font })
    }

    /// Whether the font can draw the character.
    pub(crate) fn has(&self, character: char) -> bool {
        self.font.glyph_id(character).0 != 0
    }

    /// What of `text` can be drawn: lone letters with marks composed, foreign characters left out, spaces tidied.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut kept = String::with_capacity(text.len());
        for character in text.chars() {
            let character = match character {
                // macOS hands out decomposed letters.
                '\u{306}' | '\u{308}' => {
                    if let Some(composed) = kept.pop().map(|base| compose(base, character)) {
                        kept.push(composed);
                    }
                    continue;
                }
                '\u{2010}' | '\u{2011}' | '\u{2012}' => '-',
                '\u{2015}' => '\u{2014}',
                '\u{2009}' | '\u{202f}' | '\u{2007}' => '\u{a0}',
                c if c.is_whitespace() && c != '\u{a0}' => ' ',
                c => c,
            };
            let stop = matches!(character, '.' | ',' | '!' | '?' | ':' | ';');
            if character == ' ' || stop {
                while kept.ends_with(' ') {
                    kept.pop();
                }
            }
            if self.has(character) {
                kept.push(character);
            }
        }
        kept.trim_matches([' ', '\u{a0}']).to_owned()
    }

    /// Width of a line in pixels at a size of `pixels` per em.
    pub(crate) fn width(&self, line: &str, pixels: f32) -> f32 {
        self.place(line, pixels, point(0.0, 0.0)).1
    }

    /// Height of capital letters in pixels at a size of `pixels` per em.
    pub(crate) fn cap_height(&self, pixels: f32) -> f32 {
        pixels * 0.70
    }

    /// Stamps a line whose baseline starts at `origin`.
    pub(crate) fn stamp(&self, mask: &mut Mask, line: &str, pixels: f32, origin: Point) {
        for glyph in self.place(line, pixels, origin).0 {
            let Some(outline) = self.font.outline_glyph(glyph) else { continue };
            let bounds = outline.px_bounds();
            let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
            outline.draw(|x, y, coverage| {
                let (x, y) = (left + x as i32, top + y as i32);
                if x >= 0 && y >= 0 && (x as usize) < mask.width && (y as usize) < mask.height {
                    let value = &mut mask.data[y as usize * mask.width + x as usize];
                    *value = value.max(coverage.clamp(0.0, 1.0));
                }
            });
        }
    }

    fn place(&self, line: &str, pixels: f32, origin: Point) -> (Vec<Glyph>, f32) {
        let units = self.font.units_per_em().unwrap_or(1000.0);
        let scale = pixels * self.font.height_unscaled() / units;
        let scaled = self.font.as_scaled(scale);
        let mut glyphs = Vec::with_capacity(line.len());
        let mut x = origin.x;
        let mut previous = None;
        for character in line.chars() {
            let id = scaled.glyph_id(character);
            if let Some(previous) = previous {
                x += scaled.kern(previous, id);
            }
            glyphs.push(id.with_scale_and_position(scale, point(x, origin.y)));
            // Extra bold letters set large look better a little closer.
            x += scaled.h_advance(id) - pixels * 0.012;
            previous = Some(id);
        }
        (glyphs, x - origin.x)
    }
}

fn compose(base: char, mark: char) -> char {
    match (base, mark) {
        ('и', '\u{306}') => 'й',
        ('И', '\u{306}') => 'Й',
        ('е', '\u{308}') => 'ё',
        ('Е', '\u{308}') => 'Ё',
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_russian_english_and_the_rouble() {
        let face = Typeface::bundled().unwrap();
        for c in ('а'..='я').chain('А'..='Я').chain('a'..='z').chain('A'..='Z').chain('0'..='9') {
            assert!(face.has(c), "{c}");
        }
        for c in "ёЁ₽€$№%«»—–…•×!?&@#+=()/\\'\"„“”’-".chars() {
            assert!(face.has(c), "{c}");
        }
        let outline = face.font.outline_glyph(face.font.glyph_id('₽').with_scale(40.0));
        assert!(outline.is_some(), "the rouble sign has a shape");
    }

    #[test]
    fn draws_every_letter_that_a_script_may_have() {
        let face = Typeface::bundled().unwrap();
        for c in ('\0'..='\u{ffff}').filter(|c| neurocards_core::Script::draws(*c)) {
            assert!(face.has(c), "{c}");
        }
        for c in "₸₴£¥•–".chars() {
            assert!(face.has(c), "{c}");
        }
    }

    #[test]
    fn foreign_characters_leave_no_trace() {
        let face = Typeface::bundled().unwrap();
        let check = |text: &str, expect: &str| assert_eq!(face.clean(text), expect);
        check("Кофе ☕️ за 990 ₽ 🔥!", "Кофе за 990 ₽!");
        check("  два\n\nслова\t", "два слова");
        check("👨‍👩‍👧 семья", "семья");
        check("и\u{306}ога", "йога");
        check("咖啡", "");
        check("wi\u{2011}fi", "wi-fi");
    }
}
