//! Shipped experiments whose data do not ship: where tests find them.

use std::fs;
use std::path::Path;

use crate::{is_ci, repository};

/// Paths of data as specs write them, and where they lie beside the repository.
const BESIDE: [(&str, &str); 1] = [("data/haxby25mm", "../shared/data/nifti/haxby25mm")];

/// The text of a shipped spec, its data found beside the repository; none, with a word, where they are not there.
///
/// # Panics
/// If the spec cannot be read, or in CI if its data are missing.
pub fn source(path: &Path) -> Option<String> {
    let mut source = fs::read_to_string(path).expect("the spec is there");
    for (written, beside) in BESIDE {
        let written = format!("\"{written}\"");
        if !source.contains(&written) {
            continue;
        }
        let Ok(folder) = repository(beside).canonicalize() else {
            assert!(!is_ci(), "{beside} is missing");
            println!("skipped {}: {beside} is missing", path.display());
            return None;
        };
        source = source.replace(&written, &format!("{:?}", folder.display().to_string()));
    }
    Some(source)
}
