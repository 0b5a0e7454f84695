//! The leaderboard of a sweep.

use boldface_tests::Sandbox;

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
    let rows: Vec<Vec<&str>> = csv.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|known| *known == name).unwrap();
    let found: Vec<usize> =
        rows[1..].iter().map(|row| row[column("tokenizer.codebook-size")].parse().unwrap()).collect();
    assert_eq!(found, sizes);
    for (row, &codes) in rows[1..].iter().zip(&sizes) {
        let number = |name| row[column(name)].parse::<f64>().unwrap();
        assert!((number("validation") - mean(codes, "validation")).abs() < 1e-12);
        assert!((number("test") - mean(codes, "test")).abs() < 1e-12);
        // The sample deviation of two numbers is their distance divided by the root of two.
        let sd = (value(codes, 0, "test") - value(codes, 1, "test")).abs() / 2f64.sqrt();
        assert!((number("test_sd") - sd).abs() < 1e-12);
        assert_eq!(number("runs"), 2.0);
        if codes != sizes[0] {
            let difference = mean(codes, "test") - mean(sizes[0], "test");
            assert!((number("difference") - difference).abs() < 1e-12);
            assert!(number("difference_low") <= difference && difference <= number("difference_high"));
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
    assert_eq!(latex.matches("\\begin{tabular}").count(), 3, "{latex}");
    assert_eq!(latex.matches("\\toprule").count(), latex.matches("\\end{table}").count());
    assert!(
        latex.contains("rank & codebook-size & validation & test & test minus first & runs \\\\"),
        "{latex}"
    );
    let markdown = to("markdown");
    assert!(markdown.starts_with("# Sweep codes\n"), "{markdown}");
    assert!(
        markdown.contains("| rank | codebook-size | validation | test | test minus first | runs |"),
        "{markdown}"
    );
    let out = dir.join("table.tex").display().to_string();
    said(&sandbox.boldface(&["compare", "codes", "--metric", "mse", "--to", "latex", "--out", &out]));
    assert_eq!(std::fs::read_to_string(out).unwrap(), latex);
}
