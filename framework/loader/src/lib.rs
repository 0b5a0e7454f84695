//! Plugins from shared libraries: opened, checked, registered, called with a time limit, never unloaded.
//!
//! What crosses the edge and how is in [`boldface::abi`]; this crate is the host's side of it.

mod call;
mod image;
mod object;
mod open;
mod register;

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use boldface::abi::Request;

use call::Plugin;
use open::Opened;

/// Every library of this process. None is ever unloaded: its code and its statics may still be in use.
static OPENED: Mutex<Vec<&'static Opened>> = Mutex::new(Vec::new());

/// Loads the library at `path` and adds its plugins to the registry. `content` is the hash of the file and
/// becomes part of the keys of the stages that its plugins serve. One call into a plugin may take `limit`; zero
/// sets no limit. A library that is loaded already only gets the limit.
///
/// # Errors
/// What is wrong with the library and what to do, with its file.
pub fn load(path: &Path, content: &str, limit: Duration) -> Result<(), String> {
    // A name without a slash would be searched for in the system's folders.
    let file = std::path::absolute(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = opened.iter().find(|known| known.content == content) {
        known.set_limit(limit);
        return Ok(());
    }
    if opened.iter().any(|known| known.file == file) {
        let message = "`{}` has changed since this program loaded it; start the program again";
        return Err(message.replace("{}", &file.display().to_string()));
    }
    image::check(&file)?;
    let library = open::open(&file, content, limit)?;
    let listed = Plugin::whole(library).ask(Request::Plugins).map_err(|error| error.to_string())?;
    register::register(library, listed)?;
    opened.push(library);
    Ok(())
}
