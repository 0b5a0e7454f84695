//! Output to a reader who may be gone: a closed pipe ends a listing, but never a run.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Prints a result on standard output. If the reader has gone (`| head`), the program exits quietly.
pub fn out(text: impl Display) {
    let mut stdout = std::io::stdout().lock();
    let written = write!(stdout, "{text}").and_then(|()| stdout.flush());
    if written.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe) {
        std::process::exit(0);
    }
}

/// Prints a line on standard error. If the reader has gone, the work continues.
pub fn aside(line: impl Display) {
    writeln!(std::io::stderr(), "{line}").unwrap_or_default();
}
