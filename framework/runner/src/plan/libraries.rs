//! Shared libraries with plugins: hashed, loaded, and refused where a name would mean two things.

use std::path::{Path, PathBuf};
use std::time::Duration;

use boldface::Problem;
use boldface::registry::{Entry, entries};

use super::{Build, DataCache, content};

/// For a build that loads no libraries.
///
/// # Errors
/// Always.
pub fn no_libraries(_: &Path, _: &str, _: Duration) -> Result<(), String> {
    Err("this build loads no libraries".to_owned())
}

/// Loads one library; the hash of its content, by which its plugins are known.
///
/// # Errors
/// Why it cannot be loaded, with the file.
pub fn load_library(file: &Path, limit: Duration, build: &Build<'_>) -> Result<String, String> {
    if !file.is_file() {
        return Err(format!("there is no file `{}`", file.display()));
    }
    let hash = content::hash(file, &[file.to_owned()])?;
    (build.load)(file, &hash, limit)?;
    Ok(hash)
}

/// Loads the libraries that a spec names; their hashes, in order.
///
/// # Errors
/// Every library that cannot be loaded, and every name that two plugins would share.
pub(super) fn of_spec(
    written: &[PathBuf],
    folder: &Path,
    limit: Duration,
    build: &Build<'_>,
    data: &DataCache,
) -> Result<Vec<String>, Vec<Problem>> {
    let (mut hashes, mut problems) = (Vec::new(), Vec::new());
    for (i, path) in written.iter().enumerate() {
        let file = folder.join(path);
        match data.library(&file, || load_library(&file, limit, build)) {
            Ok(hash) if !hashes.contains(&hash) => hashes.push(hash),
            Ok(_) => {
                let message = format!("`{}` is a library that is listed before", path.display());
                problems.push(Problem::at(format!("plugins[{i}]"), message).help("list each library once"));
            }
            Err(message) => {
                let help =
                    "a path is relative to the spec; `cargo build --release` builds a plugin's library";
                let missing = Some(help).filter(|_| !file.is_file());
                let problem = Problem::at(format!("plugins[{i}]"), message);
                problems.push(Problem { help: missing.map(str::to_owned), ..problem });
            }
        }
    }
    problems.extend(shared_names(&hashes));
    if problems.is_empty() { Ok(hashes) } else { Err(problems) }
}

/// Names that two of the plugins in reach would share.
fn shared_names(hashes: &[String]) -> Vec<Problem> {
    if hashes.is_empty() {
        return Vec::new();
    }
    let mut known = entries();
    known.retain(|entry| entry.content.is_none_or(|own| hashes.iter().any(|hash| hash == own)));
    let is_shared = |pair: &&[Entry]| {
        (pair[0].kind, pair[0].name) == (pair[1].kind, pair[1].name)
            && pair.iter().any(|entry| entry.content.is_some())
    };
    let problem = |pair: &[Entry]| {
        let (one, other) = (&pair[0], &pair[1]);
        let message = format!("two {} plugins are named `{}`", one.kind, one.name);
        let help = format!("rename one of them, or leave one out: `{}` and `{}`", one.source, other.source);
        Problem::at("plugins", message).help(help)
    };
    known.windows(2).filter(is_shared).map(problem).collect()
}
