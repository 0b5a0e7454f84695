//! Ctrl-C: the first press asks the run to stop and keep what is finished, the second exits at once.

use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Starts to listen for Ctrl-C and for the signals that ask a process to end (SIGTERM, SIGHUP).
pub fn listen() {
    let handler = || {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        crate::say::aside("\nstopping after the current step; Ctrl-C again stops at once");
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!(%error, "Ctrl-C cannot be caught, so it will stop a run at once.");
    }
}

/// Returns whether the user asked to stop.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}
