//! Progress on a terminal: one bar for each video.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use neurocards::{JobEventBody, OrderEvent};

use super::clean_line;

/// One bar for each video of an order. Nothing is drawn when stderr is no terminal, or when quiet.
#[derive(Debug)]
pub(crate) struct Bars {
    group: MultiProgress,
    bars: Vec<ProgressBar>,
}

/// Where a bar stands when the render begins and when it ends, in thousandths.
const RENDER: std::ops::Range<u64> = 100..950;

impl Bars {
    pub(crate) fn new(quiet: bool) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { group: MultiProgress::with_draw_target(target), bars: Vec::new() }
    }

    /// Shows what happened.
    pub(crate) fn show(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::Progress(progress) => {
                let whole = (RENDER.end - RENDER.start) as f32;
                let done = (progress.done.clamp(0.0, 1.0) * whole) as u64;
                let bar = self.bar(progress.index);
                bar.set_position(RENDER.start + done);
                bar.set_message("rendering");
            }
            OrderEvent::Job { index, event, .. } => {
                let (at, words) = stage_words(&event.body);
                let bar = self.bar(*index);
                if let Some(at) = at {
                    bar.set_position(at);
                }
                if event.stage.is_final() {
                    bar.finish_with_message(words);
                } else {
                    bar.set_message(words);
                }
            }
        }
    }

    /// Takes the bars off the screen.
    pub(crate) fn clear(&self) {
        // A terminal that went away needs no clearing.
        let _ = self.group.clear();
    }

    fn bar(&mut self, index: u32) -> &ProgressBar {
        let index = index as usize;
        while self.bars.len() <= index {
            let style =
                ProgressStyle::with_template("video {prefix} {bar:24} {percent:>3} %  {msg}  {elapsed}");
            let bar = ProgressBar::new(1_000).with_prefix((self.bars.len() + 1).to_string());
            let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bars.push(self.group.add(bar));
        }
        &self.bars[index]
    }
}

/// One bar that counts. Nothing is drawn when stderr is no terminal, or when quiet.
#[derive(Debug)]
pub(crate) struct Counter(ProgressBar);

impl Counter {
    pub(crate) fn new(quiet: bool, of: u64, what: &'static str) -> Self {
        let target = if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style = ProgressStyle::with_template("{msg} {bar:24} {pos} of {len}  {elapsed}");
        let bar = ProgressBar::with_draw_target(Some(of), target).with_message(what);
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// Shows how far it is.
    pub(crate) fn show(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Takes the bar off the screen.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

fn stage_words(body: &JobEventBody) -> (Option<u64>, String) {
    let wait = |after_ms: &u64| format!("again in {} s", after_ms.div_ceil(1_000));
    match body {
        JobEventBody::Placed { .. } => (Some(0), "writing the script".to_owned()),
        JobEventBody::Prompted { .. } => (Some(30), "sending".to_owned()),
        JobEventBody::Sent { .. } => (Some(60), "sending".to_owned()),
        JobEventBody::Accepted { .. } => (Some(RENDER.start), "rendering".to_owned()),
        JobEventBody::InDoubt { .. } => (None, "asking whether it arrived".to_owned()),
        JobEventBody::Retrying { fault, after_ms } | JobEventBody::Stumbled { fault, after_ms } => {
            (None, format!("{}: {}", clean_line(&fault.message), wait(after_ms)))
        }
        JobEventBody::Refused { .. } | JobEventBody::Rerouted { .. } => {
            (None, "finding another way".to_owned())
        }
        JobEventBody::Waiting { fault, .. } => (None, format!("waiting: {}", clean_line(&fault.message))),
        JobEventBody::Rendered => (Some(RENDER.end), "storing".to_owned()),
        JobEventBody::Done { .. } => (Some(1_000), "done".to_owned()),
        JobEventBody::Failed { fault, .. } => (None, format!("failed: {}", clean_line(&fault.message))),
        JobEventBody::Gifted { .. } => (None, "came after all, at no cost".to_owned()),
        JobEventBody::Cancelled { .. } => (None, "cancelled".to_owned()),
        _ => (None, String::new()),
    }
}
