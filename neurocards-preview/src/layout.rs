//! Where card and caption stand.
//!
//! The safe zone keeps words out of what TikTok, Reels and Shorts draw over a video: 14 % at the top, 23 % at the
//! bottom, 12 % on either side (the buttons are on the right; the left is kept free too, so that words stay centred).
//! The photo itself may reach beyond it.

use crate::camera::Camera;
use crate::captions::Block;
use crate::ease::lerp;
use crate::geometry::{Rect, Window};
use crate::storyboard::{Framing, Move, Shot, Slot};

/// Scale above which a photo is not zoomed into any further, in clip pixels of a 720 wide clip.
const BLURRIEST: f32 = 3.4;

/// What the words may take of a clip.
pub(crate) fn safe_zone(width: f32, height: f32) -> Rect {
    Rect::new(0.12 * width, 0.14 * height, 0.76 * width, 0.63 * height)
}

/// Places for one shot: the window of the photo, and the top left corner of the caption block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Places {
    pub(crate) window: Window,
    pub(crate) caption: (f32, f32),
}

/// Places card and caption of a shot so that together they look centred.
pub(crate) fn place(shot: &Shot, block: &Block, photo: (f32, f32), width: f32, height: f32) -> Places {
    let safe = safe_zone(width, height);
    let caption_at = |y: f32| (safe.x + (safe.w - block.width) / 2.0, y);
    if shot.framing == Framing::Full {
        let y = match shot.slot {
            Slot::Above => safe.y + 0.01 * height,
            Slot::Below => safe.bottom() - block.height,
        };
        let window = Window { rect: Rect::new(0.0, 0.0, width, height), radius: 0.0 };
        return Places { window, caption: caption_at(y) };
    }
    let gap = if block.parts.is_empty() { 0.0 } else { 0.034 * height };
    let (top, bottom) = match shot.slot {
        _ if block.parts.is_empty() => (0.08 * height, 0.88 * height),
        Slot::Above => (safe.y, 0.87 * height),
        Slot::Below => (0.085 * height, safe.bottom()),
    };
    let room = bottom - top - block.height - gap;
    let (w, h) = card_size(shot.framing, photo, 0.87 * width, room);
    let slack = (room - h) * 0.45;
    let (card_y, caption_y) = match shot.slot {
        Slot::Above => (top + slack + block.height + gap, top + slack),
        Slot::Below => (top + slack, top + slack + h + gap),
    };
    let rect = Rect::new((width - w) / 2.0, card_y, w, h);
    // A block that begins above the safe zone cannot happen for `Above`; below a card it starts lower anyway.
    Places { window: Window { rect, radius: 0.052 * width }, caption: caption_at(caption_y.max(safe.y)) }
}

fn card_size(framing: Framing, photo: (f32, f32), most_wide: f32, most_high: f32) -> (f32, f32) {
    let fit = |aspect: f32| {
        let w = most_wide.min(most_high * aspect);
        (w, w / aspect)
    };
    let aspect = photo.0 / photo.1;
    match framing {
        Framing::Whole => fit(aspect.clamp(0.5, 1.7)),
        Framing::Compact => fit(aspect.clamp(0.72, 1.2)),
        Framing::Tall | Framing::Full => {
            let tallest = most_wide * if aspect > 1.2 { 1.2 } else { 1.4 };
            (most_wide, most_high.min(tallest))
        }
    }
}

/// The way of the camera through a window.
pub(crate) fn travel(
    movement: Move,
    window: &Rect,
    photo: (f32, f32),
    focus: (f32, f32),
    direction: f32,
    unit: f32,
) -> (Camera, Camera) {
    let cover = Camera { x: 0.5, y: 0.5, zoom: 1.0 }.scale(window, photo) / unit;
    let zoom_limit = (BLURRIEST / cover).max(1.14);
    let camera =
        |x: f32, y: f32, zoom: f32| Camera { x, y, zoom: zoom.min(zoom_limit) }.inside(window, photo);
    let aim = (lerp(0.5, focus.0, 0.75), lerp(0.5, focus.1, 0.75));
    // How far the view can go from one side of the photo to the other.
    let freedom = |zoom: f32| {
        let scale = Camera { x: 0.5, y: 0.5, zoom }.scale(window, photo);
        (1.0 - window.w / (photo.0 * scale), 1.0 - window.h / (photo.1 * scale))
    };
    match movement {
        Move::PushIn => (camera(0.5, 0.5, 1.01), camera(aim.0, aim.1, 1.2)),
        Move::PullOut => (camera(aim.0, aim.1, 1.34), camera(lerp(aim.0, 0.5, 0.5), 0.5, 1.02)),
        Move::Pan => {
            let (fx, fy) = freedom(1.14_f32.min(zoom_limit));
            let (dx, dy) = (fx * 0.34 * direction, fy * 0.16);
            (camera(aim.0 - dx, aim.1 + dy, 1.14), camera(aim.0 + dx, aim.1 - dy, 1.14))
        }
        Move::Detail => {
            let (fx, fy) = freedom(1.4_f32.min(zoom_limit));
            let (dx, dy) = (fx * 0.2 * direction, fy * 0.16);
            (camera(focus.0 + dx, focus.1 - dy, 1.34), camera(focus.0 - dx, focus.1 + dy, 1.5))
        }
    }
}
