//! Ctrl-C: the first press asks the run to stop and keep what is finished, the second exits at once.

use std::sync::atomic::{AtomicBool, Ordering};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Starts to listen for Ctrl-C and for the signals that ask a process to end: SIGTERM, and SIGHUP unless it is
/// ignored, as under `nohup`.
pub fn listen() {
    if let Err(error) = start() {
        tracing::warn!(%error, "Ctrl-C cannot be caught, so it will stop a run at once.");
    }
}

#[cfg(unix)]
fn start() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut caught = vec![SIGINT, SIGTERM];
    if !is_ignored(SIGHUP) {
        caught.push(SIGHUP);
    }
    let mut signals = signal_hook::iterator::Signals::new(caught)?;
    let listener = std::thread::Builder::new().name("signals".to_owned());
    listener.spawn(move || signals.forever().for_each(|_| interrupt()))?;
    Ok(())
}

#[cfg(not(unix))]
fn start() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(interrupt)
}

fn interrupt() {
    if INTERRUPTED.swap(true, Ordering::SeqCst) {
        crate::say::leave(130);
    }
    crate::say::aside("\nstopping after the current step; Ctrl-C again stops at once");
}

/// Whether the process was started with a signal ignored. Where `/proc` is missing, no signal counts as ignored.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Returns whether the user asked to stop.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}
