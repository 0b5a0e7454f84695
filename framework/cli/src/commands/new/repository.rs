//! A built-in plugin: one file of the repository, and the line that declares it.

use std::fs;
use std::path::{Path, PathBuf};

use super::Draft;
use super::form::{code, snake};

/// Drafts the files of a built-in plugin in the checkout that contains `dir`.
///
/// # Errors
/// If no checkout contains `dir`, or the module exists already.
pub fn draft(kind: &str, name: &str, dir: &Path) -> Result<Draft, String> {
    let folder = folder(kind, dir)?;
    let list = folder.join("mod.rs");
    let text =
        fs::read_to_string(&list).map_err(|error| format!("cannot read `{}`: {error}", list.display()))?;
    let module = snake(name);
    let declared = declare(&text, &module)
        .ok_or_else(|| format!("`{}` declares `mod {module};` already", list.display()))?;
    let file = folder.join(format!("{module}.rs"));
    if folder.join(&module).exists() {
        return Err(format!("`{}` already exists; choose another name", folder.join(&module).display()));
    }
    let plural = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let next = vec![
        format!("cargo test --release -p boldface-plugins {plural}::{module}"),
        format!("cargo run --release -- explain {kind} {name}"),
        "UPDATE=1 cargo test --release -p boldface-tests --test generated".to_owned(),
    ];
    Ok(Draft { files: vec![(file, code(kind, name)), (list.clone(), declared)], changes: Some(list), next })
}

/// Returns the folder of the plugins of a kind.
fn folder(kind: &str, dir: &Path) -> Result<PathBuf, String> {
    let plural = match kind {
        "corpus" => "corpora",
        "dataset" => "datasets",
        _ => "tasks",
    };
    let from = std::path::absolute(dir).map_err(|error| format!("`{}`: {error}", dir.display()))?;
    let mut above = from.ancestors().map(|root| root.join("plugins/src").join(plural));
    let found = above.find(|folder| folder.join("mod.rs").is_file());
    found.ok_or_else(|| {
        format!(
            "`{}` is not in a checkout of boldface, where built-in plugins are kept; change to one, or write \
             a separate crate with `--dynamic`",
            from.display()
        )
    })
}

/// Adds a module to a list in alphabetical order; returns none if it is there already.
fn declare(list: &str, module: &str) -> Option<String> {
    let line = format!("mod {module};");
    if list.lines().any(|known| known.trim_end().ends_with(&line)) {
        return None;
    }
    let mut lines: Vec<&str> = list.lines().collect();
    let is_plain = |(at, known): &(usize, &&str)| {
        known.starts_with("mod ") && !at.checked_sub(1).is_some_and(|above| lines[above].starts_with("#["))
    };
    let plain: Vec<(usize, &&str)> = lines.iter().enumerate().filter(is_plain).collect();
    let later = plain.iter().find(|(_, known)| ***known > *line).map(|(at, _)| *at);
    let at = later.or_else(|| plain.last().map(|(at, _)| at + 1)).unwrap_or(lines.len());
    lines.insert(at, &line);
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    const LIST: &str =
        "//! What is asked.\n\nmod captioning;\nmod forecasting;\n\n#[cfg(test)]\nmod tests;\n";

    #[test]
    fn a_module_is_declared_in_its_place_and_once() {
        let with = |module: &str| declare(LIST, module).unwrap();
        expect![[r#"
            //! What is asked.

            mod captioning;
            mod classification;
            mod forecasting;

            #[cfg(test)]
            mod tests;
        "#]]
        .assert_eq(&with("classification"));
        assert!(with("age").contains("\n\nmod age;\nmod captioning;"), "{}", with("age"));
        assert!(with("sex").contains("mod forecasting;\nmod sex;\n\n#[cfg(test)]"), "{}", with("sex"));
        assert_eq!(declare(LIST, "forecasting"), None);
    }

    #[test]
    fn a_folder_outside_of_a_checkout_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let error = draft("task", "sex", dir.path()).map(|_| ()).unwrap_err();
        assert!(error.contains("is not in a checkout of boldface") && error.contains("--dynamic"), "{error}");
    }
}
