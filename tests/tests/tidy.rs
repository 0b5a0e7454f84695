//! Checks conventions that every source file follows.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Maximum lines per file, including tests. Split a file by noun before it reaches this.
const LONGEST: usize = 400;

/// Forbidden texts. The pieces are joined at run time, so that this file does not contain them.
const FORBIDDEN: &[(&[&str], &str)] = &[
    (&["TO", "DO"], "finish it, or write an issue"),
    (&["FIX", "ME"], "fix it, or write an issue"),
    (&["#[ign", "ore"], "a test that does not run is not a test"),
    (&["#[should", "_panic"], "return an error and match it"),
    (&["#[al", "low("], "use `#[expect(lint, reason = \"...\")]`"),
    (&["#![al", "low("], "use `#![expect(lint, reason = \"...\")]`"),
    (&["crates", ".io/"], "name no registry host"),
    (&["pypi", ".org"], "name no registry host"),
    (&["fn o", "f("], "name a function by what it does"),
    (&["fn o", "f<"], "name a function by what it does"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for dir in ["framework", "plugins", "tests"] {
        sources(&root().join(dir), &mut found);
    }
    assert!(found.len() > 50, "found only {} files: is the root right?", found.len());
    found
}

/// Reports one complaint per line, so that all are visible at once.
fn check(complaint: impl Fn(&Path, &str) -> Option<String>) {
    let complain = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        complaint(path, &text).map(|words| format!("{}: {words}", path.display()))
    };
    let complaints: Vec<String> = all_sources().iter().filter_map(complain).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    check(|_, text| (!text.starts_with("//! ")).then(|| "open with one `//!` sentence".to_owned()));
}

#[test]
fn no_file_is_long() {
    check(|_, text| {
        let lines = text.lines().count();
        (lines > LONGEST).then(|| format!("{lines} lines, over {LONGEST}"))
    });
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    check(|path, _| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        ["utils", "util", "common", "helpers", "misc"]
            .contains(&stem)
            .then(|| "name it by what it holds".to_owned())
    });
}

#[test]
fn nothing_forbidden_is_written() {
    check(|_, text| {
        let found = FORBIDDEN.iter().find(|(pieces, _)| text.contains(&pieces.concat()));
        found.map(|(pieces, instead)| format!("`{}`: {instead}", pieces.concat()))
    });
}

/// The name of the type that a line declares as `pub`, `pub(crate)` or the like.
fn public_type(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')')?.1,
        None => rest,
    };
    let words = rest.strip_prefix(' ')?.trim_start();
    let words = words.strip_prefix("unsafe ").unwrap_or(words);
    let (keyword, declared) = words.split_once(' ')?;
    let is_type = ["struct", "enum", "union", "trait", "type"].contains(&keyword);
    let name = declared.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (is_type && !name.is_empty()).then_some(name)
}

#[test]
fn public_types_are_recognised() {
    let declared = [
        "pub struct Scan;",
        "    pub(crate) enum Part {",
        "pub(in crate::backbones) type Span<'a> = &'a str;",
        "pub unsafe trait Edge: Send {",
    ];
    assert_eq!(declared.map(public_type), ["Scan", "Part", "Span", "Edge"].map(Some));
    let others =
        ["struct Scan;", "pub fn scan() {", "pub use scan::Scan;", "// pub struct Scan", "publish type X"];
    assert_eq!(others.map(public_type), [None; 5]);
}

/// A search for a name, or a backtrace with it, leads to one type.
#[test]
fn no_two_public_types_share_a_name() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in all_sources() {
        let text = fs::read_to_string(&path).unwrap();
        for (index, line) in text.lines().enumerate() {
            if let Some(name) = public_type(line) {
                let place = format!("{}:{}", path.display(), index + 1);
                places.entry(name.to_owned()).or_default().push(place);
            }
        }
    }
    assert!(places.len() > 500, "found only {} public types: does the search still work?", places.len());
    places.retain(|_, places| places.len() > 1);
    let complaints: Vec<String> =
        places.iter().map(|(name, places)| format!("`{name}`: {}", places.join(", "))).collect();
    assert!(complaints.is_empty(), "name each after what it is in its domain\n{}", complaints.join("\n"));
}

/// The last column of the table of kinds names tests.
#[test]
fn every_test_of_the_table_of_kinds_exists() {
    let sources: String = all_sources().iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let kinds = fs::read_to_string(root().join("tests/KINDS.md")).unwrap();
    let rows = kinds.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| kind "));
    let (mut count, mut complaints) = (0, Vec::new());
    for row in rows {
        let held_by = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        let names: Vec<&str> = held_by.split('`').skip(1).step_by(2).collect();
        let missing = names.iter().filter(|name| !sources.contains(&format!("fn {name}() {{")));
        complaints.extend(missing.map(|name| format!("`{name}` is no test")));
        complaints.extend(names.is_empty().then(|| format!("no test in: {row}")));
        count += names.len();
    }
    assert!(count > 50, "found only {count} tests: does the search still work?");
    assert!(complaints.is_empty(), "tests/KINDS.md\n{}", complaints.join("\n"));
}

#[test]
fn pages_fit_a_short_visit() {
    for (page, lines, words) in [("README.md", 200, 1_800), ("ARCHITECTURE.md", 250, 2_500)] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let found = (text.lines().count(), text.split_whitespace().count());
        assert!(
            found.0 <= lines && found.1 <= words,
            "{page}: {found:?}, at most {lines} lines, {words} words"
        );
    }
}

#[test]
fn every_plugin_file_is_declared() {
    for kind in ["datasets", "corpora", "tokenizers", "backbones", "tasks"] {
        let dir = root().join("plugins/src").join(kind);
        let declared = fs::read_to_string(dir.join("mod.rs")).unwrap();
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap().to_owned();
            let is_declared = declared.lines().any(|line| line.ends_with(&format!("mod {stem};")));
            assert!(stem == "mod" || is_declared, "{} is not declared in its `mod.rs`", path.display());
        }
    }
}

#[test]
fn the_top_level_stays_as_it_is() {
    let expected = ["experiments", "framework", "plugins", "schemas", "tests"];
    let hidden = |name: &str| name.starts_with('.') || ["target", "runs"].contains(&name);
    let mut dirs: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| !hidden(name))
        .collect();
    dirs.sort();
    dirs.retain(|name| !name.starts_with("target"));
    assert_eq!(dirs, expected);
}
