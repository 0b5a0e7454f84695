//! Finds data and weights for shipped experiments that need more than the repository contains.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use boldface_runner::spec::Layered;

use crate::{is_ci, repository};

/// Paths of data in specs, and the folders beside the repository that have these data.
const BESIDE: [(&str, &str); 2] =
    [("data/haxby25mm", "../shared/data/nifti/haxby25mm"), ("data/abide", "../shared/data/abide")];

/// Reads a shipped spec and replaces paths of data by the folders beside the repository. If data are
/// missing, prints a note and returns `None`.
///
/// # Panics
/// If the spec cannot be read, or if data are missing in CI.
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

/// Reads a shipped sweep, and names the folders beside the repository to its base. `None` as
/// [`source`].
///
/// # Panics
/// As [`source`], or if the sweep is not valid TOML.
pub fn layers(path: &Path) -> Option<Layered> {
    let text = fs::read_to_string(path).expect("the sweep is there");
    let mut sweep = Layered::read(path, &text).expect("a shipped sweep can be read");
    let base = sweep.get("base").and_then(|base| base.as_str()).expect("a sweep names its base");
    let base = path.with_file_name(base);
    source(&base)?;
    let base = fs::read_to_string(base).expect("the base is there");
    for (written, beside) in BESIDE.iter().filter(|(written, _)| base.contains(&format!("\"{written}\""))) {
        let name = written.trim_start_matches("data/");
        let folder = repository(beside).canonicalize().expect("it was found");
        sweep.set_data(name, &folder).expect("the base reads it");
    }
    Some(sweep)
}

/// Replaces missing published weights by a tiny model. In CI, SmolLM2 must not be missing.
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

/// Creates a tiny Llama with a context of 4096 tokens, long enough to plan every spec.
///
/// # Panics
/// If the model cannot be written.
pub fn stand_in() -> PathBuf {
    // Created once per process: tests run in threads and would delete each other's file.
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
        // Renamed as a whole, because other test programs may read it at the same time.
        let aside = folder.join(format!("{name}.{}", std::process::id()));
        fs::write(&aside, bytes).expect("the file can be written");
        fs::rename(aside, folder.join(name)).expect("the file can be renamed");
    }
    folder
}
