//! Follows CONTRIBUTING.md's five-minute path to a new task word by word.

use std::fs;
use std::time::{Duration, Instant};

use boldface_tests::{Sandbox, repository};

use super::made::{cargo, share_builds};
use super::told;

/// Returns the section of CONTRIBUTING.md with this heading.
fn section(heading: &str) -> String {
    let text = fs::read_to_string(repository("CONTRIBUTING.md")).unwrap();
    let after = text.split(&format!("\n## {heading}\n")).nth(1).unwrap_or_else(|| panic!("no `{heading}`"));
    after.split("\n## ").next().unwrap().to_owned()
}

/// Returns a section's code blocks of one language, in order.
fn blocks(section: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    section.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_path_to_a_new_task_is_as_short_as_it_says() {
    let section = section("A new task in five minutes");
    let sandbox = Sandbox::new();
    let mut here = sandbox.path("");
    let begun = Instant::now();
    let (mut printed, mut commands) = (String::new(), 0);
    for line in blocks(&section, "sh").iter().flat_map(|block| block.lines()) {
        let words: Vec<&str> = line.split(" #").next().unwrap().split_whitespace().collect();
        match words.as_slice() {
            [] => continue,
            ["cd", folder] => {
                here = here.join(folder);
                share_builds(&here);
            }
            ["cargo", arguments @ ..] => printed += &cargo(&here, arguments),
            ["boldface", arguments @ ..] => {
                let (code, shown, errors) =
                    told(&sandbox.command(arguments).current_dir(&here).output().unwrap());
                assert_eq!(code, Some(0), "`{line}`: {errors}");
                printed += &(shown + &errors);
            }
            _ => panic!("the test cannot follow `{line}`"),
        }
        commands += 1;
    }
    assert!(commands >= 5 && begun.elapsed() < Duration::from_secs(300), "{commands}, {:?}", begun.elapsed());

    // Every line that the section shows as output is printed.
    for said in
        blocks(&section, "text").iter().flat_map(|block| block.lines()).filter(|line| !line.is_empty())
    {
        let is_there = printed.lines().any(|line| line.trim_end().ends_with(said.trim()));
        assert!(is_there, "`{said}` is not printed:\n{printed}");
    }
    // The task in the section is the generated one without its test.
    let written = fs::read_to_string(here.join("src/lib.rs")).unwrap();
    let shown = blocks(&section, "rust").remove(0);
    assert_eq!(shown.trim_end(), written.split("#[cfg(test)]").next().unwrap().trim_end());
    let lines = shown.lines().filter(|line| !line.trim().is_empty()).count();
    assert!(lines <= 36 && !shown.contains("unsafe"), "{lines} lines");
}
