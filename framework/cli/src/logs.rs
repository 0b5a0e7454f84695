//! Log events: sentences on stderr, and JSON lines in the run's folder.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::{progress, say};

/// File for JSON lines; none until a run has a folder.
static RUN: Mutex<Option<File>> = Mutex::new(None);

/// Starts both logs. `verbose` counts the `-v` flags; the variable `BOLDFACE_LOG` overrides it.
pub fn start(verbose: u8) {
    let default = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let chosen = EnvFilter::try_from_env("BOLDFACE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let people = tracing_subscriber::fmt::layer()
        .log_internal_errors(false)
        .with_target(false)
        .without_time()
        .with_writer(|| Screen);
    let programs = tracing_subscriber::fmt::layer().log_internal_errors(false).json().with_writer(|| RunLog);
    // The name of a target is the start of others, so this is each of our crates.
    let everything = EnvFilter::new("info,boldface=debug");
    let layers = people.with_ansi(false).with_filter(chosen).and_then(programs.with_filter(everything));
    tracing_subscriber::registry().with(layers).init();
}

/// Also writes events to `log.jsonl` in the run's folder from now on.
///
/// # Errors
/// If the file cannot be created.
pub fn write_into(run: &Path) -> io::Result<()> {
    let file = OpenOptions::new().create(true).append(true).open(run.join("log.jsonl"))?;
    *RUN.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(file);
    Ok(())
}

/// Stderr, written while the progress bar is hidden.
struct Screen;

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        progress::aside(|| io::stderr().write_all(say::shown(&text).as_bytes()))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The run's `log.jsonl`. Each line is one unbuffered write, so a crash loses no line.
struct RunLog;

impl Write for RunLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *RUN.lock().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(file) => file.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
