//! Loads shared libraries with plugins, known by the hash of their content. Ambiguous names are refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use boldface::{CorpusGenerator, Dataset, PluginKind, Problem, Task};

use super::{Build, DataCache};

/// Loader for a build that cannot load libraries.
///
/// # Errors
/// Always fails.
pub fn no_libraries(_: &Path, _: &str, _: Duration) -> Result<(), String> {
    Err("this build loads no libraries".to_owned())
}

/// Loads libraries whose paths are relative to `folder`. Returns their content hashes, in order. One
/// call into a plugin may take `limit`; zero sets no limit.
///
/// # Errors
/// Returns every library that cannot be loaded, and every plugin name that occurs twice.
pub fn load_libraries(
    written: &[PathBuf],
    folder: &Path,
    limit: Duration,
    build: &Build<'_>,
    data: &DataCache,
) -> Result<Vec<String>, Vec<Problem>> {
    let (mut hashes, mut problems) = (Vec::new(), Vec::new());
    for (i, path) in written.iter().enumerate() {
        let file = folder.join(path);
        match load(&file, limit, build, data) {
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

/// Loads one library and returns the hash of its content, which identifies its plugins.
///
/// # Errors
/// Returns the reason why it cannot be loaded, with the file.
fn load(file: &Path, limit: Duration, build: &Build<'_>, data: &DataCache) -> Result<String, String> {
    if !file.is_file() {
        return Err(format!("there is no file `{}`", file.display()));
    }
    let hash = data.file(file)?;
    (build.load)(file, &hash, limit)?;
    Ok(hash)
}

/// Returns a problem for every name that two available plugins share.
fn shared_names(hashes: &[String]) -> Vec<Problem> {
    let of_kinds =
        [shared::<dyn Dataset>(hashes), shared::<dyn CorpusGenerator>(hashes), shared::<dyn Task>(hashes)];
    of_kinds.into_iter().flatten().collect()
}

fn shared<K: PluginKind + ?Sized>(hashes: &[String]) -> Vec<Problem> {
    let mut known = K::plugins();
    known.retain(|plugin| plugin.content.is_none_or(|own| hashes.iter().any(|hash| hash == own)));
    // Two built-in plugins with one name are a mistake in the build, not in the spec.
    let pairs = known.windows(2).filter(|pair| pair.iter().any(|plugin| plugin.content.is_some()));
    let pairs = pairs.filter(|pair| pair[0].name == pair[1].name);
    let problem = |pair: &[&boldface::Plugin<K>]| {
        let message = format!("two {} plugins are named `{}`", K::NAME, pair[0].name);
        let (one, other) = (pair[0].source, pair[1].source);
        let help = format!("rename one of them, or leave one out: `{one}` and `{other}`");
        Problem::at("plugins", message).help(help)
    };
    pairs.map(problem).collect()
}
