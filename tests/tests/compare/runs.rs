//! Compares runs with runs.

use std::fs;

use boldface_tests::Sandbox;

use super::beside::{number, rows};
use super::{run, said, score, spec};

#[test]
fn two_runs_show_what_differs_and_what_moved() {
    let sandbox = Sandbox::new();
    let four = run(&sandbox, "four", &spec(0, 0, 4));
    let eight = run(&sandbox, "eight", &spec(0, 0, 8));
    let text = said(&sandbox.boldface(&["compare", "four", "eight"]));
    let line = |start: &str| {
        let found = text.lines().find(|line| line.trim_start().starts_with(start));
        found
            .unwrap_or_else(|| panic!("no line begins with `{start}`:\n{text}"))
            .split_whitespace()
            .collect::<Vec<_>>()
    };
    assert_eq!(line("tokenizer.codebook-size"), ["tokenizer.codebook-size", "4", "8"]);
    assert_eq!(text.matches("tokenizer.").count(), 1, "{text}");
    assert!(text.contains("Shared stages: `series, split, text-space"), "{text}");
    assert!(text.contains("Stages that differ: `tokenizer, codes"), "{text}");
    let [a, b] = [&four, &eight].map(|dir| score(dir, "test", "mse").value.unwrap());
    let mse = line("MSE");
    assert_eq!([mse[2], mse[5]], [&*format!("{a:.3}"), &format!("{b:.3}")]);
    assert_eq!(mse[8], format!("{:+.3}", b - a));

    // In the opposite direction every difference changes its sign, and its interval is mirrored.
    let there = said(&sandbox.boldface(&["compare", "four", "eight", "--metric", "mse", "--to", "csv"]));
    let back = said(&sandbox.boldface(&["compare", "eight", "four", "--metric", "mse", "--to", "csv"]));
    let numbers = |text: &str| -> Vec<f64> {
        let rows = rows(text);
        let row = rows.iter().find(|row| !row["difference"].is_empty()).unwrap();
        ["difference", "difference_low", "difference_high"].map(|name| number(row, name).unwrap()).to_vec()
    };
    let (there, back) = (numbers(&there), numbers(&back));
    assert!((there[0] - (b - a)).abs() < 1e-12 && there[1] < there[0] && there[0] < there[2], "{there:?}");
    let turned = [-back[0], -back[2], -back[1]];
    assert!(there.iter().zip(turned).all(|(a, b)| (a - b).abs() < 1e-12), "{there:?} {back:?}");
}

#[test]
fn runs_of_other_subjects_are_shown_and_not_subtracted() {
    let sandbox = Sandbox::new();
    run(&sandbox, "one", &spec(0, 0, 4));
    run(&sandbox, "two", &spec(0, 1, 8));
    let text = said(&sandbox.boldface(&["compare", "one", "two"]));
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "No difference of `forecasting` on test between `one` and `two`: they were asked about different scans (12 and 12 questions,";
    assert!(words.contains(expected), "{text}");
    assert!(words.contains("set `[split] seed` to ask both about the same subjects"), "{text}");
    let mse = text.lines().find(|line| line.trim_start().starts_with("MSE")).unwrap();
    assert!(mse.ends_with('–'), "{mse}");
}

#[test]
fn runs_of_other_data_are_shown_and_not_subtracted() {
    let sandbox = Sandbox::new();
    run(&sandbox, "one", &spec(0, 0, 4));
    run(&sandbox, "two", &spec(0, 0, 4).replace("subjects = 40", "subjects = 30"));
    let text = said(&sandbox.boldface(&["compare", "one", "two"]));
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("two groups of people differ for many reasons; their data are not the same."),
        "{text}"
    );
}

#[test]
fn answers_that_are_gone_leave_the_difference_without_an_interval() {
    let sandbox = Sandbox::new();
    run(&sandbox, "one", &spec(0, 0, 4));
    run(&sandbox, "two", &spec(0, 0, 8));
    fs::remove_dir_all(sandbox.path("runs/cache")).unwrap();
    let text = said(&sandbox.boldface(&["compare", "one", "two", "--metric", "forecasting.mse"]));
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("the answers to `forecasting` are no longer in the store"), "{text}");
    let mse: Vec<&str> =
        text.lines().find(|line| line.trim_start().starts_with("MSE")).unwrap().split_whitespace().collect();
    // Name, arrow, two values with intervals of two words each, and the difference without an interval.
    assert_eq!(mse.len(), 2 + 3 + 3 + 1, "{mse:?}");
}
