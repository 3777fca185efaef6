//! Paints and encodes the segments of a clip on all cores.

use std::ops::{ControlFlow, Range};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::RenderError;
use crate::budget::quantiser;
use crate::encode::{AccessUnit, SegmentEncoder, segments};
use crate::mp4::mux;
use crate::paint::Painter;
use crate::scene::{ClipSpec, Scene};
use crate::stage::Stage;

/// Renders a clip and gives the bytes of a whole MP4 file.
///
/// `progress` is told the finished share, growing from above 0 to 1, from any of the render threads; when it answers
/// [`ControlFlow::Break`], rendering stops within a frame. The call blocks for seconds and uses every core: give it
/// a thread of its own in an async program.
///
/// # Errors
///
/// [`RenderError::Cancelled`] after a `Break`; [`RenderError::PhotoTooSmall`] and [`RenderError::Spec`] before any
/// work is done; the others mean that this build or machine cannot render.
pub fn render(
    scene: &Scene<'_>,
    progress: &(dyn Fn(f32) -> ControlFlow<()> + Sync),
) -> Result<Vec<u8>, RenderError> {
    scene.validate()?;
    let stage = Stage::new(scene)?;
    let job = Job {
        spec: &scene.spec,
        stage: &stage,
        quantiser: quantiser(&scene.spec, &mut Painter::new(&stage))?,
        segments: segments(&scene.spec),
        next: AtomicUsize::new(0),
        stopped: AtomicBool::new(false),
        finished: Mutex::new(0),
        progress,
    };
    let frames = job.run()?;
    mux(&scene.spec, &frames)
}

struct Job<'a> {
    spec: &'a ClipSpec,
    stage: &'a Stage,
    quantiser: u8,
    segments: Vec<Range<usize>>,
    next: AtomicUsize,
    stopped: AtomicBool,
    /// Frames done; the lock also keeps the reports in order.
    finished: Mutex<usize>,
    progress: &'a (dyn Fn(f32) -> ControlFlow<()> + Sync),
}

type Encoded = Vec<(usize, Vec<AccessUnit>)>;

impl Job<'_> {
    fn run(&self) -> Result<Vec<AccessUnit>, RenderError> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let workers = cores.min(self.segments.len());
        let results: Vec<Result<Encoded, RenderError>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(|| self.work())).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or(Err(RenderError::Thread))).collect()
        });
        let mut encoded = Vec::with_capacity(self.segments.len());
        let mut failure = None;
        for result in results {
            match result {
                Ok(segments) => encoded.extend(segments),
                // The first thread to fail stops the others, which then report a cancellation.
                Err(error) if matches!(failure, None | Some(RenderError::Cancelled)) => failure = Some(error),
                Err(_) => {}
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        encoded.sort_by_key(|(segment, _)| *segment);
        Ok(encoded.into_iter().flat_map(|(_, frames)| frames).collect())
    }

    /// Takes segments until none is left.
    fn work(&self) -> Result<Encoded, RenderError> {
        let mut painter = Painter::new(self.stage);
        let mut encoded = Vec::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(range) = self.segments.get(number) else { return Ok(encoded) };
            let frames = self.segment(&mut painter, range.clone());
            if frames.is_err() {
                self.stopped.store(true, Ordering::Relaxed);
            }
            encoded.push((number, frames?));
        }
    }

    fn segment(
        &self,
        painter: &mut Painter<'_>,
        range: Range<usize>,
    ) -> Result<Vec<AccessUnit>, RenderError> {
        let mut encoder = SegmentEncoder::new(self.spec, self.quantiser, range.start)?;
        let mut frames = Vec::with_capacity(range.len());
        for (nth, index) in range.enumerate() {
            if self.stopped.load(Ordering::Relaxed) {
                return Err(RenderError::Cancelled);
            }
            frames.push(encoder.encode(painter.paint(index), index, nth)?);
            self.report()?;
        }
        Ok(frames)
    }

    fn report(&self) -> Result<(), RenderError> {
        let mut finished = self.finished.lock().map_err(|_| RenderError::Thread)?;
        *finished += 1;
        match (self.progress)(*finished as f32 / self.stage.frames as f32) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(RenderError::Cancelled),
        }
    }
}
