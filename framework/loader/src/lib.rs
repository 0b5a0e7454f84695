//! Plugins from shared libraries: opens, checks and registers a library and calls it with a time limit.
//!
//! This crate is the host side of the edge. [`boldface::abi`] describes the messages.

mod call;
mod image;
mod object;
mod open;
mod register;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use boldface::abi::Request;

use call::LoadedPlugin;
use open::Opened;
pub use open::expect_end;

/// Every library of this process, and whether its plugins could be registered. Libraries are never unloaded,
/// because their code and statics may still be in use.
static OPENED: Mutex<Vec<(&'static Opened, Result<(), String>)>> = Mutex::new(Vec::new());

/// Loads the library at `path` and adds its plugins to the registry.
///
/// `content` is the hash of the file. It becomes part of the keys of the stages that the plugins serve.
/// `limit` is the longest time for one call into a plugin; zero means no limit. For a library that is
/// already loaded, only the limit is updated; one that could not be registered fails again.
///
/// # Errors
/// A message that names the file, what is wrong with it and how to fix it.
pub fn load(path: &Path, content: &str, limit: Duration) -> Result<(), String> {
    // The system would search its library folders for a name without a slash.
    let file = std::path::absolute(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, registered)) = opened.iter().find(|(known, _)| known.content == content) {
        known.set_limit(limit);
        return registered.clone();
    }
    if opened.iter().any(|(known, _)| known.file == file) {
        let message = "`{}` has changed since this program loaded it; start the program again";
        return Err(message.replace("{}", &file.display().to_string()));
    }
    image::check(&file)?;
    let called = call::Called::new(format!("the constructor of `{}`", file.display()));
    let library = open::open(&file, content, limit)?;
    drop(called);
    let listed = LoadedPlugin::whole(library).ask(Request::Plugins).map_err(|error| error.to_string());
    let registered = listed.and_then(|listed| register::register(library, listed));
    // A library that failed stays open too. It is not opened again, and a new build of it needs a new process.
    opened.push((library, registered.clone()));
    registered
}
