//! The leaderboard of a sweep.

use boldface_tests::Sandbox;

use super::beside::{number, rows};
use super::{said, score, sweep};

#[test]
fn arms_go_by_validation_and_each_division_chooses_for_itself() {
    let sandbox = Sandbox::new();
    let dir = sweep(&sandbox);
    let value = |codes: usize, split: usize, part| {
        score(&dir.join(format!("arms/codebook-size={codes},split={split}")), part, "mse").value.unwrap()
    };
    let mean = |codes, part| f64::midpoint(value(codes, 0, part), value(codes, 1, part));
    let mut sizes = [16, 8, 4];
    sizes.sort_by(|&a, &b| mean(a, "validation").total_cmp(&mean(b, "validation")));

    let csv = said(&sandbox.boldface(&["compare", "codes", "--metric", "mse", "--to", "csv"]));
    let mut rows = rows(&csv);
    rows.retain(|row| row["row"] == "mean" && row["kind"] == "model");
    let of_part = |part: &'static str| rows.iter().filter(move |row| row["split"] == part);
    let found: Vec<usize> =
        of_part("test").map(|row| row["tokenizer.codebook-size"].parse().unwrap()).collect();
    assert_eq!(found, sizes);
    for part in ["validation", "test"] {
        for (place, (row, &codes)) in of_part(part).zip(&sizes).enumerate() {
            let number = |name| number(row, name).unwrap();
            assert_eq!(number("rank"), place as f64 + 1.0);
            assert!((number("value") - mean(codes, part)).abs() < 1e-12);
            // The sample deviation of two numbers is their distance divided by the root of two.
            let sd = (value(codes, 0, part) - value(codes, 1, part)).abs() / 2f64.sqrt();
            assert!((number("sd") - sd).abs() < 1e-12);
            assert_eq!(number("runs"), 2.0);
            if codes != sizes[0] {
                let difference = mean(codes, part) - mean(sizes[0], part);
                assert!((number("difference") - difference).abs() < 1e-12);
                assert!(number("difference_low") <= difference && difference <= number("difference_high"));
                assert_eq!(row["against"], format!("tokenizer.codebook-size={}", sizes[0]));
            }
        }
    }

    let text = said(&sandbox.boldface(&["compare", "codes", "--metric", "mse"]));
    assert!(
        text.contains("6 of 7 runs in 3 arms") && text.contains("codebook-size=1,split=0 failed: too few"),
        "{text}"
    );
    let chosen = [0, 1].map(|split| {
        *sizes
            .iter()
            .min_by(|&&a, &&b| value(a, split, "validation").total_cmp(&value(b, split, "validation")))
            .unwrap()
    });
    for (split, codes) in chosen.iter().enumerate() {
        let line = format!("split.seed={split}  tokenizer.codebook-size={codes}");
        assert!(text.contains(&line), "{line}\n{text}");
    }
    let nested = f64::midpoint(value(chosen[0], 0, "test"), value(chosen[1], 1, "test"));
    assert!(text.contains(&format!("have the mean test value {nested:.3}")), "{nested}\n{text}");
    assert!(dir.join("compare.html").is_file());
}

#[test]
fn a_main_effect_is_the_mean_of_paired_differences() {
    let sandbox = Sandbox::new();
    let dir = sweep(&sandbox);
    let text =
        said(&sandbox.boldface(&["compare", &dir.display().to_string(), "--metric", "forecasting.mse"]));
    let value = |codes: usize, split: usize| {
        score(&dir.join(format!("arms/codebook-size={codes},split={split}")), "test", "mse").value.unwrap()
    };
    // The first level is the first in the sweep's list, 16, not the smallest number.
    let effects: Vec<&str> =
        text.lines().filter(|line| line.starts_with("  tokenizer.codebook-size  ")).collect();
    assert_eq!(effects.len(), 3, "{text}");
    assert!(effects[0].contains(" 16 ") && effects[0].ends_with('–'), "{text}");
    let expected = ((value(4, 0) - value(16, 0)) + (value(4, 1) - value(16, 1))) / 2.0;
    assert!(
        effects[2].contains(&format!("{expected:+.3} [")) && effects[2].ends_with('2'),
        "{expected} {text}"
    );
}

#[test]
fn a_leaderboard_is_also_latex_and_markdown() {
    let sandbox = Sandbox::new();
    let dir = sweep(&sandbox);
    let to = |format: &str| said(&sandbox.boldface(&["compare", "codes", "--metric", "mse", "--to", format]));
    let latex = to("latex");
    // The leaderboard, the first arm beside its baselines, the chosen arms, and the main effects.
    assert_eq!(latex.matches("\\begin{tabular}").count(), 4, "{latex}");
    assert_eq!(latex.matches("\\toprule").count(), latex.matches("\\end{table}").count());
    assert!(
        latex.contains(
            "rank & codebook-size & validation & test & best baseline & test minus best baseline & "
        ),
        "{latex}"
    );
    let markdown = to("markdown");
    assert!(markdown.starts_with("# Sweep codes\n"), "{markdown}");
    assert!(
        markdown.contains(
            "| rank | codebook-size | validation | test | best baseline | test minus best baseline | "
        ),
        "{markdown}"
    );
    let out = dir.join("table.tex").display().to_string();
    said(&sandbox.boldface(&["compare", "codes", "--metric", "mse", "--to", "latex", "--out", &out]));
    assert_eq!(std::fs::read_to_string(out).unwrap(), latex);
}
