//! Checks that a word can name a plugin, a file and a struct.

use super::super::plugins;

/// Words that cannot name a module or crate, because Rust or Cargo reserves them.
const TAKEN: [&str; 45] = [
    "abstract", "as", "async", "await", "become", "boldface", "box", "break", "const", "continue", "core",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
    "let", "loop", "macro", "match", "mod", "move", "mut", "priv", "pub", "ref", "return", "self", "static",
    "std", "struct", "test", "tests", "trait", "true", "try",
];

/// More such words.
const ALSO_TAKEN: [&str; 10] =
    ["alloc", "override", "super", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where"];

/// Checks the name of a new plugin.
///
/// # Errors
/// Says why the name cannot be used, and suggests one that can.
pub fn check(kind: &str, name: &str) -> Result<(), String> {
    let is_plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if !name.split('-').all(is_plain) {
        let better = kebab(name);
        let help = match better.split('-').all(is_plain) {
            true => format!("write `{better}`"),
            false => "use lowercase letters and digits, words joined by `-`, such as `my-task`".to_owned(),
        };
        return Err(format!("`{name}` cannot be the name of a plugin: {help}"));
    }
    if TAKEN.contains(&name) || ALSO_TAKEN.contains(&name) || name == "while" || name == "yield" {
        return Err(format!("`{name}` is a reserved word; call it `{name}-{kind}`"));
    }
    if let Some(same) = plugins(Some(kind)).iter().find(|plugin| plugin.name == name) {
        return Err(format!("there is a {kind} `{name}` already, in `{}`; choose another name", same.source));
    }
    Ok(())
}

/// Converts `MyTask` and `my_task` to `my-task`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && after_small {
            kebab.push('-');
        }
        after_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        kebab.push(if c == '_' || c == ' ' { '-' } else { c.to_ascii_lowercase() });
    }
    kebab
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_cannot_be_one_comes_with_one_that_can() {
        let refused = |name: &str| check("task", name).unwrap_err();
        assert_eq!(refused("MyTask"), "`MyTask` cannot be the name of a plugin: write `my-task`");
        assert_eq!(refused("my_task 2"), {
            "`my_task 2` cannot be the name of a plugin: use lowercase letters and digits, words joined by `-`, \
             such as `my-task`"
        });
        assert_eq!(refused("match"), "`match` is a reserved word; call it `match-task`");
        for name in ["", "-a", "a-", "a--b", "2nd", "é", "../a", "a/b"] {
            assert!(refused(name).contains("cannot be the name of a plugin"), "{name}");
        }
        let taken = refused("classification");
        assert!(
            taken.starts_with("there is a task `classification` already, in `boldface_plugins::"),
            "{taken}"
        );
    }

    #[test]
    fn plain_names_are_fine() {
        for name in ["handedness", "my-task", "n2-back"] {
            assert_eq!(check("task", name), Ok(()));
        }
    }
}
