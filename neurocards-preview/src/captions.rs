//! Captions as blocks of sprites: big words, words on ribbons, a panel, a button.

use ab_glyph::point;

use crate::canvas::{Canvas, Mask};
use crate::colour::Rgb;
use crate::font::Typeface;
use crate::geometry::{Rect, Window};
use crate::sprite::Sprite;
use crate::wrap::{Room, Setting, set, set_whole};

/// How a caption looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Big white words with a soft shadow and an accent bar above, for calm grounds.
    Words,
    /// Every line on its own ribbon, for any ground.
    Ribbons,
    /// Dark words on a white panel, for any ground.
    Panel,
    /// A button in the accent colour.
    Button,
}

/// How a part of a caption comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// Rises a little and becomes opaque.
    Rise,
    /// Grows from the middle.
    Pop,
}

/// A part of a caption that moves as one.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) sprite: Sprite,
    /// Centre, from the top left corner of the block.
    pub(crate) x: f32,
    pub(crate) y: f32,
    /// What is seen of it, without its shadow, from the top left corner of the block.
    pub(crate) ink: Rect,
    pub(crate) entrance: Entrance,
    /// Pulses gently once it is there.
    pub(crate) pulses: bool,
}

/// A caption, ready to be placed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) parts: Vec<Part>,
}

/// Draws captions for one clip.
#[derive(Debug)]
pub(crate) struct Lettering {
    pub(crate) face: Typeface,
    pub(crate) accent: Rgb,
    /// Pixels of the clip for each of 720 columns.
    pub(crate) unit: f32,
    /// Widest block, in pixels.
    pub(crate) width: f32,
}

const LEADING: f32 = 1.16;

impl Lettering {
    pub(crate) fn block(&self, text: &str, style: Style) -> Block {
        let text = self.face.clean(text);
        if text.is_empty() {
            return Block::default();
        }
        match style {
            Style::Words => self.words(&text),
            Style::Ribbons => self.ribbons(&text),
            Style::Panel => self.panel(&text),
            Style::Button => self.button(&text),
        }
    }

    fn set(&self, text: &str, inset: f32, height: f32, largest: f32, leading: f32) -> Setting {
        set(&self.face, text, self.room(inset, height, largest, leading))
    }

    fn room(&self, inset: f32, height: f32, largest: f32, leading: f32) -> Room {
        let unit = self.unit;
        Room {
            width: self.width - 2.0 * inset,
            height: height * unit,
            largest: largest * unit,
            smallest: 20.0 * unit,
            leading,
        }
    }

    /// Words with a shadow, one sprite a line, below a short bar in the accent colour.
    fn words(&self, text: &str) -> Block {
        let unit = self.unit;
        let setting = self.set(text, 0.0, 300.0, 70.0, LEADING);
        let (size, pitch) = (setting.size, setting.size * LEADING);
        let bar = Rect::new(0.0, 0.0, 84.0 * unit, 9.0 * unit);
        let text_top = bar.h + 20.0 * unit;
        let mut block = Block { width: self.width, height: text_top, parts: Vec::new() };
        block.parts.push(self.bar(bar, block.width));
        for line in &setting.lines {
            let width = self.face.width(line, size);
            let margin = 22.0 * unit;
            let mut canvas = Canvas::new(width + 2.0 * margin, pitch + 2.0 * margin);
            let mask = self.line_mask(&canvas, line, size, margin, pitch);
            let mut glow = mask.clone();
            glow.blur((5.0 * unit).round() as usize);
            canvas.stencil(&glow, (3.0 * unit) as usize, Rgb([0.0; 3]), 0.9);
            canvas.stencil(&mask, (2.0 * unit) as usize, Rgb([0.0; 3]), 0.35);
            canvas.stencil(&mask, 0, Rgb::WHITE, 1.0);
            let ink = Rect::new((block.width - width) / 2.0, block.height, width, pitch);
            block.push(&canvas, ink, Entrance::Rise, false);
        }
        block
    }

    fn bar(&self, bar: Rect, block_width: f32) -> Part {
        let margin = 6.0 * self.unit;
        let mut canvas = Canvas::new(bar.w + 2.0 * margin, bar.h + 2.0 * margin);
        let shape = Window { rect: bar.moved(margin, margin), radius: bar.h / 2.0 };
        canvas.shadow(&shape, 4.0 * self.unit, 1.0, 0.4);
        let light = self.accent.mix(Rgb::WHITE, 0.12);
        canvas.fill(&shape, light, light);
        let ink = bar.moved((block_width - bar.w) / 2.0, 0.0);
        Part::new(&canvas, ink, Entrance::Pop, false)
    }

    /// Lines on ribbons: the first in the accent colour, the others white.
    fn ribbons(&self, text: &str) -> Block {
        let unit = self.unit;
        let inset = 24.0 * unit;
        let leading = 1.62;
        let setting = self.set(text, inset, 330.0, 60.0, leading);
        let (size, pitch) = (setting.size, setting.size * leading);
        let mut block = Block { width: self.width, height: 0.0, parts: Vec::new() };
        for (row, line) in setting.lines.iter().enumerate() {
            let width = self.face.width(line, size) + 2.0 * inset;
            let height = pitch - 6.0 * unit;
            let margin = 22.0 * unit;
            let mut canvas = Canvas::new(width + 2.0 * margin, height + 2.0 * margin);
            let shape = Window { rect: Rect::new(margin, margin, width, height), radius: size * 0.34 };
            canvas.shadow(&shape, 14.0 * unit, 5.0 * unit, 0.4);
            let (ground, ink) =
                if row == 0 { (self.accent, self.accent.readable_ink()) } else { (Rgb::WHITE, Rgb::INK) };
            canvas.fill(&shape, ground, ground);
            let mask = self.line_mask(&canvas, line, size, margin + inset, height);
            canvas.stencil(&mask, 0, ink, 1.0);
            let left = (block.width - width) / 2.0;
            block.push(&canvas, Rect::new(left, block.height, width, height), Entrance::Pop, false);
            block.height += pitch - height;
        }
        block
    }

    /// One white panel with dark words and an accent edge.
    fn panel(&self, text: &str) -> Block {
        let unit = self.unit;
        let (inset, rise) = (38.0 * unit, 30.0 * unit);
        let setting = self.set(text, inset + 10.0 * unit, 250.0, 52.0, LEADING);
        let (size, pitch) = (setting.size, setting.size * LEADING);
        let widest = setting.lines.iter().map(|line| self.face.width(line, size)).fold(0.0, f32::max);
        let width = (widest + 2.0 * inset + 20.0 * unit).min(self.width);
        let height = setting.lines.len() as f32 * pitch + 2.0 * rise;
        let margin = 36.0 * unit;
        let mut canvas = Canvas::new(width + 2.0 * margin, height + 2.0 * margin);
        let shape = Window { rect: Rect::new(margin, margin, width, height), radius: 30.0 * unit };
        canvas.shadow(&shape, 26.0 * unit, 9.0 * unit, 0.45);
        canvas.fill(&shape, Rgb::WHITE, Rgb([0.955, 0.955, 0.965]));
        let edge = Rect::new(margin + 22.0 * unit, margin + rise, 9.0 * unit, height - 2.0 * rise);
        canvas.fill(&Window { rect: edge, radius: 4.5 * unit }, self.accent, self.accent);
        for (row, line) in setting.lines.iter().enumerate() {
            let left = margin + inset + 14.0 * unit;
            let middle = margin + rise + (row as f32 + 0.5) * pitch;
            let mask = self.mask(&canvas, line, size, left, middle);
            canvas.stencil(&mask, 0, Rgb::INK, 1.0);
        }
        let mut block = Block { width: self.width, height: 0.0, parts: Vec::new() };
        let left = (block.width - width) / 2.0;
        block.push(&canvas, Rect::new(left, 0.0, width, height), Entrance::Rise, false);
        block
    }

    /// A button with a light upper half, as one presses them on a phone.
    fn button(&self, text: &str) -> Block {
        let unit = self.unit;
        let (inset, rise) = (42.0 * unit, 32.0 * unit);
        // One line looks most like a button; a long text takes more.
        let one_line = Room { smallest: 34.0 * unit, ..self.room(inset, 58.0, 50.0, LEADING) };
        let setting = set_whole(&self.face, text, one_line)
            .unwrap_or_else(|| self.set(text, inset, 170.0, 44.0, LEADING));
        let (size, pitch) = (setting.size, setting.size * LEADING);
        let widest = setting.lines.iter().map(|line| self.face.width(line, size)).fold(0.0, f32::max);
        // The pulse makes it 3 % larger, which must stay inside the safe zone.
        let most = self.width / 1.03;
        let width = (widest + 2.0 * inset).max(400.0 * unit).min(most);
        let height = setting.lines.len() as f32 * pitch + 2.0 * rise;
        let margin = 40.0 * unit;
        let mut canvas = Canvas::new(width + 2.0 * margin, height + 2.0 * margin);
        let radius = (height / 2.0).min(58.0 * unit);
        let shape = Window { rect: Rect::new(margin, margin, width, height), radius };
        canvas.shadow(&shape, 28.0 * unit, 10.0 * unit, 0.5);
        canvas.fill(&shape, self.accent.mix(Rgb::WHITE, 0.16), self.accent.mix(Rgb::INK, 0.08));
        let ink = self.accent.readable_ink();
        for (row, line) in setting.lines.iter().enumerate() {
            let left = (canvas.width as f32 - self.face.width(line, size)) / 2.0;
            let mask = self.mask(&canvas, line, size, left, margin + rise + (row as f32 + 0.5) * pitch);
            canvas.stencil(&mask, 0, ink, 1.0);
        }
        let mut block = Block { width: self.width, height: 0.0, parts: Vec::new() };
        let left = (block.width - width) / 2.0;
        block.push(&canvas, Rect::new(left, 0.0, width, height), Entrance::Pop, true);
        block
    }

    fn line_mask(&self, canvas: &Canvas, line: &str, size: f32, left: f32, height: f32) -> Mask {
        self.mask(canvas, line, size, left, (canvas.height as f32 - height) / 2.0 + height / 2.0)
    }

    /// A line whose capitals are centred on `middle`.
    fn mask(&self, canvas: &Canvas, line: &str, size: f32, left: f32, middle: f32) -> Mask {
        let mut mask = Mask::new(canvas.width, canvas.height);
        let baseline = middle + self.face.cap_height(size) / 2.0;
        self.face.stamp(&mut mask, line, size, point(left, baseline));
        mask
    }
}

impl Part {
    fn new(canvas: &Canvas, ink: Rect, entrance: Entrance, pulses: bool) -> Self {
        let sprite = Sprite::from_canvas(canvas);
        Self { sprite, x: ink.centre_x(), y: ink.centre_y(), ink, entrance, pulses }
    }
}

impl Block {
    fn push(&mut self, canvas: &Canvas, ink: Rect, entrance: Entrance, pulses: bool) {
        self.parts.push(Part::new(canvas, ink, entrance, pulses));
        self.height = self.height.max(ink.bottom());
    }
}
