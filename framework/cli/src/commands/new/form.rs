//! Code of a new plugin: that of `plugins/example-dynamic` under another name, so it is known to work.

/// Kinds of plugins that can be written.
pub const KINDS: [&str; 3] = ["task", "corpus", "dataset"];

/// Returns the code of a plugin of `kind` called `name`, including its test.
pub fn code(kind: &str, name: &str) -> String {
    let (example, from, to) = example(kind);
    let own = own_name(example, &camel(name), kind);
    example.replace(to, &own).replace(from, name)
}

/// Converts a plugin's name to a file's: `my_task`.
pub fn snake(name: &str) -> String {
    name.replace('-', "_")
}

/// Returns an example, with its name in specs and in code.
fn example(kind: &str) -> (&'static str, &'static str, &'static str) {
    match kind {
        "corpus" => (
            include_str!("../../../../../plugins/example-dynamic/src/corpus.rs"),
            "example-corpus",
            "ExampleCorpus",
        ),
        "dataset" => (
            include_str!("../../../../../plugins/example-dynamic/src/dataset.rs"),
            "example-dataset",
            "ExampleDataset",
        ),
        _ => (
            include_str!("../../../../../plugins/example-dynamic/src/task.rs"),
            "example-task",
            "ExampleTask",
        ),
    }
}

/// Converts `my-task` to `MyTask`.
fn camel(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    name.split('-').filter_map(word).collect()
}

/// Returns the struct's name, with the kind appended if the code already uses that name, as for `Scan`.
fn own_name(example: &str, name: &str, kind: &str) -> String {
    let is_meant = example.split(|c: char| !c.is_alphanumeric()).any(|word| word == name);
    let is_known = ["Box", "Err", "None", "Ok", "Option", "Self", "Some", "String", "Vec"].contains(&name);
    if is_meant || is_known { format!("{name}{}", camel(kind)) } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_gets_its_name_everywhere() {
        for kind in KINDS {
            let code = code(kind, "my-own");
            assert!(!code.to_lowercase().contains("example-"), "{kind}");
            assert!(!code.contains(&format!("Example{}", camel(kind))), "{kind}");
            assert!(code.contains("\"my-own\" => MyOwn);") && code.contains("struct MyOwn {"), "{kind}");
        }
    }

    #[test]
    fn a_struct_is_not_called_what_is_imported() {
        assert!(code("task", "scan").contains("register!(Task \"scan\" => ScanTask);"));
        assert!(code("task", "vec").contains("=> VecTask);"));
    }

    #[test]
    fn a_task_is_about_thirty_lines() {
        let code = code("task", "handedness");
        let task = code.split("#[cfg(test)]").next().unwrap();
        let lines = task.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= 35, "{lines}");
        assert!(!code.contains("unsafe"));
    }
}
