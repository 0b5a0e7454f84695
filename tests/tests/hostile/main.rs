//! Files and hours that nobody would wish for: planted libraries and links, data that change during a run, full
//! disks, closed terminals, huge specs, and exports that would tell too much.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod amounts;
mod changing;
mod libraries;
mod links;
mod output;
mod private;
mod signals;
mod trust;
mod weights;

use std::process::Output;

/// Returns the exit code, the output and the error messages.
fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}
