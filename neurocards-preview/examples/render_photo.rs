//! Renders a photo to an MP4 file: `render_photo PHOTO OUT.mp4 [VARIANT] [HOOK] [BENEFIT] [CALL TO ACTION]`.

use std::error::Error;
use std::ops::ControlFlow;

use neurocards_preview::{Captions, ClipSpec, Scene, render};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(photo), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("render_photo PHOTO OUT.mp4 [VARIANT] [HOOK] [BENEFIT] [CALL TO ACTION]".into());
    };
    let variant = arguments.next().map_or(Ok(0), |text| text.parse())?;
    let mut text = |sample: &str| arguments.next().unwrap_or_else(|| sample.to_owned());
    let captions = Captions {
        hook: text("Утро начинается с хорошего кофе"),
        benefit: text("Держит тепло до 6 часов и не проливается"),
        call_to_action: text("Заказать за 990 ₽"),
    };
    let photo = image::open(photo)?.to_rgb8();
    let scene = Scene { photo: &photo, captions, seed: 2, variant, spec: ClipSpec::default() };
    let mp4 = render(&scene, &|_share| ControlFlow::Continue(()))?;
    std::fs::write(out, mp4)?;
    Ok(())
}
