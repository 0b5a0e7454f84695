//! Settings from the command line: where the data are, where and how fast to run. They cannot change results.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::Layered;
use super::document::SpecDocument;
use super::origin::{Origin, SpecSource};

/// The only section that a command line may set.
const SECTION: &str = "runtime";

impl Layered {
    /// Applies settings such as `runtime.workers=1` on top of the spec. A value that is not valid TOML
    /// is text.
    ///
    /// # Errors
    /// Returns an error for a malformed setting or a key that changes results, with advice.
    pub fn set_runtime(&mut self, settings: &[String]) -> Result<(), String> {
        let lines = settings.iter().map(|setting| line(setting)).collect::<Result<Vec<_>, _>>()?;
        let source = SpecSource::new(PathBuf::from("the command line"), lines.join("\n"));
        let document = SpecDocument::read(&Arc::new(source)).map_err(|problems| {
            let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
            messages.join("\n")
        })?;
        self.merge("", document.table, &document.origins);
        Ok(())
    }
}

impl Layered {
    /// Reads the dataset `name` from `path`, an absolute path. Paths are in no key, so equal files give
    /// equal stages. A sweep hands it to its base, when that is read.
    ///
    /// # Errors
    /// Returns an error if the spec has no such dataset, with the names it has.
    pub fn set_data(&mut self, name: &str, path: &Path) -> Result<(), String> {
        if self.get("base").is_some() {
            self.data.push((name.to_owned(), path.to_owned()));
            return Ok(());
        }
        let known: Vec<String> = match self.get("datasets") {
            Some(Value::Object(datasets)) => datasets.keys().cloned().collect(),
            _ => Vec::new(),
        };
        if !known.iter().any(|known| known == name) {
            let known =
                if known.is_empty() { "none".to_owned() } else { format!("`{}`", known.join("`, `")) };
            return Err(format!("`--data {name}=...` names no dataset of the spec; its datasets: {known}"));
        }
        let (option, path) = (format!("--data {name}="), path.to_string_lossy());
        let value = option.len()..option.len() + path.len();
        let source = SpecSource::new(PathBuf::from("the command line"), format!("{option}{path}"));
        let origin = Origin { source: Arc::new(source), key: value.clone(), value };
        self.set(&format!("datasets.{name}.path"), Value::from(path), &origin);
        Ok(())
    }
}

/// Formats a setting as a line of TOML.
fn line(setting: &str) -> Result<String, String> {
    let (key, value) =
        setting.split_once('=').map(|(key, value)| (key.trim(), value.trim())).ok_or_else(|| {
            format!(
                "`--set {setting}` sets nothing; write `--set KEY=VALUE`, such as `--set {SECTION}.workers=1`"
            )
        })?;
    let is_plain =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let parts: Vec<&str> = key.split('.').collect();
    if parts.first() != Some(&SECTION) || parts.len() < 2 || !parts.iter().all(|part| is_plain(part)) {
        return Err(format!(
            "`{key}` cannot be set on the command line: only keys of `[{SECTION}]` can, such as \
             `{SECTION}.workers`, because every other key changes results; write `{key} = {value}` into the spec, \
             or into a new spec that extends it"
        ));
    }
    let as_toml = format!("{key} = {value}");
    // A value with a line break could smuggle in a second setting.
    let is_one = |table: &toml::Table| table.len() == 1 && !value.contains('\n');
    match as_toml.parse::<toml::Table>() {
        Ok(table) if is_one(&table) => Ok(as_toml),
        _ => Ok(format!("{key} = {}", Value::from(value))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(settings: &[&str]) -> Result<Layered, String> {
        let mut spec = Layered::read(Path::new("spec.toml"), "seed = 3\n[runtime]\nworkers = 2\n").unwrap();
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        spec.set_runtime(&settings).map(|()| spec)
    }

    #[test]
    fn runtime_keys_are_set_and_the_rest_of_the_section_stays() {
        let spec = set(&["runtime.device=cpu", "runtime.runs = /tmp/my runs"]).unwrap();
        let expected = json!({ "workers": 2, "device": "cpu", "runs": "/tmp/my runs" });
        assert_eq!(spec.get("runtime"), Some(&expected));
        assert_eq!(spec.origin("runtime.runs").unwrap().to_string(), "the command line:2");
        assert_eq!(spec.origin("runtime.workers").unwrap().to_string(), "spec.toml:3");
        assert_eq!(spec.get("seed"), Some(&json!(3)));
        assert_eq!(set(&["runtime.workers=1"]).unwrap().get("runtime.workers"), Some(&json!(1)));
        // A second line is part of the text, not a key of its own.
        let spec = set(&["runtime.runs=1\nseed = 4"]).unwrap();
        assert_eq!(
            (spec.get("seed"), spec.get("runtime.runs")),
            (Some(&json!(3)), Some(&json!("1\nseed = 4")))
        );
    }

    #[test]
    fn data_may_be_anywhere_but_not_under_an_unknown_name() {
        let text = "[datasets.pain]\ntype = \"series\"\npath = \"data/pain\"\n";
        let mut spec = Layered::read(Path::new("spec.toml"), text).unwrap();
        spec.set_data("pain", Path::new("/my data/\"pain\"")).unwrap();
        assert_eq!(spec.get("datasets.pain.path"), Some(&json!("/my data/\"pain\"")));
        assert_eq!(spec.get("datasets.pain.type"), Some(&json!("series")));
        let located = spec.locate(boldface::Problem::at("datasets.pain.path", "there is no folder"));
        assert_eq!(located.to_string(), "the command line:1:13: there is no folder");
        assert_eq!(&located.source.text[located.span], "/my data/\"pain\"");
        let origin = spec.origin("datasets.pain.type").expect("it is written in the spec");
        assert_eq!(origin.to_string(), "spec.toml:2");
        assert_eq!(
            spec.set_data("abide", Path::new("/data")).unwrap_err(),
            "`--data abide=...` names no dataset of the spec; its datasets: `pain`"
        );
    }

    #[test]
    fn nothing_that_changes_results_can_be_set() {
        assert_eq!(
            set(&["tokenizer.codebook-size=256"]).unwrap_err(),
            "`tokenizer.codebook-size` cannot be set on the command line: only keys of `[runtime]` can, such as \
             `runtime.workers`, because every other key changes results; \
             write `tokenizer.codebook-size = 256` into the spec, or into a new spec that extends it"
        );
        assert!(set(&["seed=1"]).unwrap_err().starts_with("`seed` cannot be set"));
        assert!(set(&["runtime=1"]).unwrap_err().starts_with("`runtime` cannot be set"));
        assert_eq!(
            set(&["runtime.workers"]).unwrap_err(),
            "`--set runtime.workers` sets nothing; write `--set KEY=VALUE`, such as `--set runtime.workers=1`"
        );
        assert!(set(&["runtime.workers=1", "runtime.workers=2"]).unwrap_err().contains("duplicate key"));
    }
}
