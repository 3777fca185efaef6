//! Ctrl-C and friends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use crate::failure::Exit;

/// Watches for an interrupt: the first one asks to stop, the second one stops at once.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    stop: CancellationToken,
    seen: Arc<AtomicBool>,
}

impl Interrupt {
    /// Starts watching.
    pub(crate) fn watch() -> Self {
        let interrupt = Self { stop: CancellationToken::new(), seen: Arc::default() };
        let watcher = interrupt.clone();
        tokio::spawn(each_signal(move || {
            if watcher.seen.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            watcher.stop.cancel();
        }));
        interrupt
    }

    /// Cancelled by the first interrupt.
    pub(crate) fn token(&self) -> &CancellationToken {
        &self.stop
    }
}

#[cfg(unix)]
async fn each_signal(seen: impl Fn()) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    loop {
        tokio::select! {
            _ = interrupt.recv() => seen(),
            _ = terminate.recv() => seen(),
        }
    }
}

#[cfg(not(unix))]
async fn each_signal(seen: impl Fn()) {
    while tokio::signal::ctrl_c().await.is_ok() {
        seen();
    }
}
