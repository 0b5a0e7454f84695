//! Shared libraries with plugins: hashed, loaded, and refused where a name would mean two things.

use std::path::{Path, PathBuf};
use std::time::Duration;

use boldface::{CorpusGenerator, Dataset, Kind, Problem, Task};

use super::{Build, DataCache};

/// For a build that loads no libraries.
///
/// # Errors
/// Always.
pub fn no_libraries(_: &Path, _: &str, _: Duration) -> Result<(), String> {
    Err("this build loads no libraries".to_owned())
}

/// Loads libraries, named relative to `folder`; the hashes by which their plugins are known, in order. One call
/// into a plugin may take `limit`; zero sets no limit.
///
/// # Errors
/// Every library that cannot be loaded, and every name that two plugins would share.
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

/// Loads one library; the hash of its content, by which its plugins are known.
///
/// # Errors
/// Why it cannot be loaded, with the file.
fn load(file: &Path, limit: Duration, build: &Build<'_>, data: &DataCache) -> Result<String, String> {
    if !file.is_file() {
        return Err(format!("there is no file `{}`", file.display()));
    }
    let hash = data.file(file)?;
    (build.load)(file, &hash, limit)?;
    Ok(hash)
}

/// Names that two of the plugins in reach would share.
fn shared_names(hashes: &[String]) -> Vec<Problem> {
    let of_kinds =
        [shared::<dyn Dataset>(hashes), shared::<dyn CorpusGenerator>(hashes), shared::<dyn Task>(hashes)];
    of_kinds.into_iter().flatten().collect()
}

fn shared<K: Kind + ?Sized>(hashes: &[String]) -> Vec<Problem> {
    let mut known = K::plugins();
    known.retain(|plugin| plugin.content.is_none_or(|own| hashes.iter().any(|hash| hash == own)));
    // Built-in plugins that share a name are for whoever builds them to part.
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
