//! Formats a problem for people: message, place, source line, caret and help.
//!
//! Frames are drawn here in a dozen lines, because existing crates draw different ones.

use boldface_runner::plan::Located;

/// Formats a problem of a spec, ending with a line break.
pub fn problem(located: &Located) -> String {
    let Located { problem, source, line, column, span } = located;
    let file = source.path.display();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let mut text = format!("error: {}\n{margin}--> {file}:{line}:{column}\n", problem.message);
    // A missing key has a place, but no text to point at.
    if span.end > 0 {
        let shown = source.text.lines().nth(line - 1).unwrap_or_default().replace('\t', " ");
        let pointed = source.text.get(span.clone()).unwrap_or_default().lines().next().unwrap_or_default();
        let carets = "^".repeat(pointed.trim_end().chars().count().max(1));
        let before = " ".repeat(column - 1);
        text += &format!("{margin} |\n{number} | {shown}\n{margin} | {before}{carets}\n");
    }
    if let Some(help) = &problem.help {
        text += &format!("{margin} = help: {help}\n");
    }
    text
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
