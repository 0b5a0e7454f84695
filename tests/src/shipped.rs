//! Shipped experiments whose data or weights do not ship: where tests find them, and what stands in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

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
    Some(weighed(&source))
}

/// The spec with a tiny model in the place of published weights that are not there; in CI only SmolLM2 is.
fn weighed(source: &str) -> String {
    let Some(line) = source.lines().find(|line| line.starts_with("weights ")) else {
        return source.to_owned();
    };
    let written = line.split('"').nth(1).expect("a path stands in quotes");
    if repository("experiments").join(written).exists() {
        return source.to_owned();
    }
    assert!(!is_ci() || !written.contains("smollm2"), "{written} is missing");
    source.replace(&format!("\"{written}\""), &format!("{:?}", stand_in().display().to_string()))
}

/// A tiny Llama that reads 4096 tokens: enough for every spec to be planned with.
///
/// # Panics
/// If it cannot be written.
pub fn stand_in() -> PathBuf {
    // Once a process: its tests are threads, and would take each other's file away.
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(make_stand_in);
    FOLDER.clone()
}

fn make_stand_in() -> PathBuf {
    let (golden, folder) = (repository("tests/golden/lm/small-llama"), repository("tests/runs/stand-in"));
    fs::create_dir_all(&folder).expect("the folder can be made");
    for name in ["config.json", "model.safetensors", "tokenizer.json"] {
        let mut bytes = fs::read(golden.join(name)).expect("the fixture is there");
        if name == "config.json" {
            let text = String::from_utf8(bytes).expect("JSON is text");
            let longer = text.replace("\"max_position_embeddings\": 96", "\"max_position_embeddings\": 4096");
            assert!(longer != text, "the fixture reads 96 tokens");
            bytes = longer.into_bytes();
        }
        // Renamed as a whole: other programs of tests read it at the same time.
        let aside = folder.join(format!("{name}.{}", std::process::id()));
        fs::write(&aside, bytes).expect("the file can be written");
        fs::rename(aside, folder.join(name)).expect("the file can be renamed");
    }
    folder
}
