//! Opens a library and reads the table it exports. This is the only `unsafe` code of the crate.
#![expect(unsafe_code, reason = "opening a library runs what its author wrote")]

use std::ffi::c_void;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use boldface::abi::{Library, Mismatch, SYMBOL, VERSION};
use tracing::level_filters::LevelFilter;

/// A library that stays loaded until the program ends.
pub(crate) struct Opened {
    /// Absolute path of the file.
    pub file: PathBuf,
    /// Hash of the file.
    pub content: String,
    /// The exported table.
    pub library: &'static Library,
    limit: AtomicU64,
}

/// Files of all loaded libraries. A library's log events refer to its file by index.
static FILES: Mutex<Vec<String>> = Mutex::new(Vec::new());

static IS_END_EXPECTED: AtomicBool = AtomicBool::new(false);

/// Says that the program is about to end by its own will. Otherwise the end counts as that of a plugin.
pub fn expect_end() {
    IS_END_EXPECTED.store(true, Ordering::SeqCst);
}

/// Turns an `exit` by a plugin, which would pass for success, into a failure of the program.
extern "C" fn refuse_end() {
    let Some(called) = crate::call::called().filter(|_| !IS_END_EXPECTED.load(Ordering::SeqCst)) else {
        return;
    };
    let message = format!("error: {called}, ended the whole program; what is finished is kept\n");
    // Whoever reads standard error may have gone.
    let _ = std::io::stderr().write_all(message.as_bytes());
    // SAFETY: it ends the process without running anything else.
    unsafe { libc::_exit(1) }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.fmt(f)
    }
}

impl Opened {
    /// Longest time for one call. `None` means no limit.
    pub fn limit(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.limit.load(Ordering::Relaxed))).filter(|limit| !limit.is_zero())
    }

    /// Sets the longest time for one call.
    pub fn set_limit(&self, limit: Duration) {
        self.limit.store(limit.as_millis() as u64, Ordering::Relaxed);
    }

    /// Forwards the library's log events to this program's log from now on.
    fn forward_logs(&self) {
        let place = {
            let mut files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
            files.push(self.file.display().to_string());
            files.len() - 1
        };
        let level = match LevelFilter::current() {
            LevelFilter::OFF | LevelFilter::ERROR => 1,
            LevelFilter::WARN => 2,
            LevelFilter::INFO => 3,
            LevelFilter::DEBUG => 4,
            _ => 5,
        };
        self.library.start(place, level, log);
    }
}

fn log(place: usize, level: u32, module: &str, words: &str) {
    let files = FILES.lock().unwrap_or_else(PoisonError::into_inner);
    let plugin = files.get(place).cloned().unwrap_or_default();
    drop(files);
    match level {
        1 => tracing::error!(plugin, module, "{words}"),
        2 => tracing::warn!(plugin, module, "{words}"),
        3 => tracing::info!(plugin, module, "{words}"),
        4 => tracing::debug!(plugin, module, "{words}"),
        _ => tracing::trace!(plugin, module, "{words}"),
    }
}

/// Opens `file`, which must be an absolute path.
///
/// # Errors
/// A message that says what is wrong with the file and how to fix it.
pub(crate) fn open(file: &Path, content: &str, limit: Duration) -> Result<&'static Opened, String> {
    let shown = file.display();
    static REFUSAL: Once = Once::new();
    // SAFETY: the function is of this program, which is never unloaded.
    REFUSAL.call_once(|| unsafe {
        // The system allows at least 32 functions.
        let _ = libc::atexit(refuse_end);
    });
    // SAFETY: this runs the library's constructors, as the spec that names the library intends.
    let library = unsafe { system_open(file) };
    let library = library.map_err(|error| format!("`{shown}` cannot be loaded: {}", with_causes(&error)))?;
    // SAFETY: only the address is taken here. The memory behind it is read below.
    let symbol =
        unsafe { library.get::<*const c_void>(SYMBOL).ok().and_then(|symbol| symbol.try_as_raw_ptr()) };
    // Never close the library: its statics and threads live on.
    std::mem::forget(library);
    let Some(symbol) = symbol.filter(|symbol| !symbol.is_null()) else {
        return Err(format!(
            "`{shown}` exports no plugins; write `boldface::export_plugins!();` at the root of its crate and \
             build it again"
        ));
    };
    // SAFETY: the symbol is a static of a library that is never closed.
    let library = unsafe { Library::at(symbol) }.map_err(|mismatch| told(&shown, mismatch))?;
    let limit = AtomicU64::new(limit.as_millis() as u64);
    let opened = Opened { file: file.to_owned(), content: content.to_owned(), library, limit };
    opened.forward_logs();
    Ok(Box::leak(Box::new(opened)))
}

/// # Safety
/// The caller must intend the constructors of `file` to run.
#[cfg(unix)]
unsafe fn system_open(file: &Path) -> Result<libloading::Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: the caller promises it. All symbols are bound now, so that none is missing later, and they
    // stay hidden from other libraries.
    unsafe { Library::open(Some(file), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

/// # Safety
/// The caller must intend the constructors of `file` to run.
#[cfg(not(unix))]
unsafe fn system_open(file: &Path) -> Result<libloading::Library, libloading::Error> {
    // SAFETY: the caller promises it.
    unsafe { libloading::Library::new(file) }
}

fn told(shown: &dyn fmt::Display, mismatch: Mismatch) -> String {
    match mismatch {
        Mismatch::Foreign => {
            format!(
                "`{shown}` has a symbol `{SYMBOL}` that is not a table of plugins; it is not a library of boldface"
            )
        }
        Mismatch::Aborts => format!(
            "`{shown}` was built with `panic = \"abort\"`, so a panic in it would end the whole run; \
             remove that line from its profile and build it again"
        ),
        Mismatch::Version { theirs, built } => format!(
            "`{shown}` uses version {theirs} of the plugin interface, but this program needs {VERSION}: it was built \
             with {built}; build it again with boldface {}",
            env!("CARGO_PKG_VERSION"),
        ),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Some errors repeat the text of their cause.
        if !text.contains(&words) {
            text += &format!(": {words}");
        }
        cause = error.source();
    }
    text
}
