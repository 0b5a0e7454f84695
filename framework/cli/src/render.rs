//! Formats a problem for people: message, place, source line, caret and help.
//!
//! Frames are drawn here in a dozen lines, because existing crates draw different ones.

use boldface_runner::plan::Located;

/// The most characters of a line that are shown.
const WIDEST: usize = 120;

/// Formats a problem of a spec, ending with a line break.
pub fn problem(located: &Located) -> String {
    let Located { problem, source, line, column, span } = located;
    let file = source.path.display();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let mut text = format!("error: {}\n{margin}--> {file}:{line}:{column}\n", problem.message);
    // A missing key has a place, but no text to point at.
    if span.end > 0 {
        let whole = source.text.lines().nth(line - 1).unwrap_or_default();
        let pointed = source.text.get(span.clone()).unwrap_or_default().lines().next().unwrap_or_default();
        let width = pointed.trim_end().chars().count().clamp(1, WIDEST);
        let (shown, before) = excerpt(whole, column - 1, width);
        let (carets, before) = ("^".repeat(width), " ".repeat(before));
        text += &format!("{margin} |\n{number} | {shown}\n{margin} | {before}{carets}\n");
    }
    if let Some(help) = &problem.help {
        text += &format!("{margin} = help: {help}\n");
    }
    text
}

/// Returns the part of a line around `width` characters after the first `before`, with as much of the line
/// as fits, and how many characters are before them in this part.
fn excerpt(line: &str, before: usize, width: usize) -> (String, usize) {
    let characters: Vec<char> = line.chars().collect();
    let start = if characters.len() <= WIDEST { 0 } else { before.saturating_sub((WIDEST - width) / 2) };
    let start = start.min(characters.len());
    let end = (start + WIDEST).min(characters.len());
    let mut shown = String::new();
    shown.push_str(if start > 0 { "…" } else { "" });
    let before = before.saturating_sub(start) + shown.chars().count();
    // A tab or a control character takes one column here, so that the carets are below what they point at.
    shown.extend(characters[start..end].iter().map(|c| if c.is_control() { ' ' } else { *c }));
    shown.push_str(if end < characters.len() { "…" } else { "" });
    (shown, before)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use boldface_runner::plan::{Build, Offer, no_libraries, resolve};
    use expect_test::{Expect, expect};

    use super::*;

    fn check(source: &str, expected: Expect) {
        let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
        let problems = resolve(Path::new("experiments/wrong.toml"), source, &build).unwrap_err();
        let text: Vec<String> = problems.iter().map(problem).collect();
        expected.assert_eq(&text.join("\n"));
    }

    #[test]
    fn a_problem_shows_its_line() {
        check(
            "seed = 0\nengine\t= 'torch'\n[tokeniser]\n[signal]\ntrs = 'many'",
            expect![[r#"
            error: missing section `datasets`
             --> experiments/wrong.toml:1:1
              = help: add a table such as `[datasets.NAME]`

            error: missing section `backbone`
             --> experiments/wrong.toml:1:1
              = help: add a table `[backbone]`

            error: missing section `tasks`
             --> experiments/wrong.toml:1:1
              = help: add a table such as `[tasks.NAME]`

            error: this build has no engine `torch`
             --> experiments/wrong.toml:2:10
              |
            2 | engine = 'torch'
              |          ^^^^^^^
              = help: set `engine = "dfdx"`, which it has

            error: unknown section `tokeniser`
             --> experiments/wrong.toml:3:2
              |
            3 | [tokeniser]
              |  ^^^^^^^^^
              = help: did you mean `tokenizer`?

            error: expected a whole number, 0 or more, found the text `many`
             --> experiments/wrong.toml:5:7
              |
            5 | trs = 'many'
              |       ^^^^^^
        "#]],
        );
    }

    #[test]
    fn a_long_line_is_shown_around_its_mistake() {
        assert_eq!(excerpt("a = 'b'", 4, 3), ("a = 'b'".to_owned(), 4));
        let line = format!("{}x{}", "a".repeat(5000), "b".repeat(5000));
        let (shown, before) = excerpt(&line, 5000, 1);
        assert_eq!((shown.chars().count(), shown.chars().nth(before)), (122, Some('x')));
        let (shown, before) = excerpt(&line, 10_000, 1);
        assert_eq!(shown.chars().nth(before), Some('b'));
    }

    #[test]
    fn broken_toml_shows_its_place() {
        check(
            "seed = 0\n\n[signal\ntrs = 3\n",
            expect![[r#"
            error: unclosed table, expected `]`
             --> experiments/wrong.toml:3:8
              |
            3 | [signal
              |        ^
        "#]],
        );
    }
}
