//! Folds and sweeps keep what a single run has: baselines, controls and paired differences.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use boldface::MetricRow;
use boldface_tests::Sandbox;

use super::{complained, said, spec, sweep};

/// The rows of a CSV file, by column. No field of these tests contains a comma in quotes but the arm.
pub fn rows(csv: &str) -> Vec<BTreeMap<String, String>> {
    let fields = |line: &str| -> Vec<String> {
        let (mut fields, mut is_quoted) = (vec![String::new()], false);
        for character in line.chars() {
            match character {
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => fields.push(String::new()),
                other => fields.last_mut().unwrap().push(other),
            }
        }
        fields
    };
    let mut lines = csv.lines();
    let names = fields(lines.next().unwrap());
    lines.map(|line| names.iter().cloned().zip(fields(line)).collect()).collect()
}

pub fn number(row: &BTreeMap<String, String>, column: &str) -> Option<f64> {
    let text = row.get(column).unwrap_or_else(|| panic!("no column `{column}`: {row:?}"));
    (!text.is_empty()).then(|| text.parse().unwrap())
}

/// The stored row of the model minus `against`, or of `plugin` itself.
fn stored(dir: &Path, plugin: &str, part: &str, metric: &str, against: Option<&str>) -> Option<MetricRow> {
    let rows = boldface_tables::metrics::read(&dir.join("metrics.parquet")).unwrap();
    rows.into_iter().find(|row| {
        let is_final = row.step.is_none() && row.group.is_none() && row.stage.ends_with(".forecasting");
        let is_it = row.plugin == plugin && row.split == part && row.metric == metric;
        is_final && is_it && row.against.as_deref() == against
    })
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-12 * b.abs().max(1.0),
        (a, b) => a == b,
    }
}

#[test]
fn folds_show_every_baseline_and_control_and_the_table_has_them() {
    let sandbox = Sandbox::new();
    let folds = spec(0, 0, 8).replace("test = 0.3\n", "folds = 3\n");
    sandbox.write("folds.toml", &folds);
    let text = said(&sandbox.boldface(&["run", "folds.toml"]));
    let dir = fs::canonicalize(sandbox.path("runs/latest")).unwrap();
    let arms = [0, 1, 2].map(|fold| dir.join(format!("arms/fold={fold}")));

    let mean = |value: &dyn Fn(&Path) -> f64| arms.iter().map(|arm| value(arm)).sum::<f64>() / 3.0;
    let value = |arm: &Path, plugin: &str| stored(arm, plugin, "test", "mse", None).unwrap().value.unwrap();
    let minus = |arm: &Path, against: &str| {
        stored(arm, "bigram", "test", "mse", Some(against)).unwrap().value.unwrap()
    };
    // A counted bigram is no match for a regression on the last values, and the page says it in words.
    let (ours, ar) = (mean(&|arm| value(arm, "bigram")), mean(&|arm| value(arm, "ar")));
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = format!("folds loses to its best baseline, ar: {ours:.3} against {ar:.3} on test");
    assert!(words.contains(&expected), "{expected}\n{text}");
    assert!(words.contains("mean of 3 folds") && text.contains("3 of 3 runs;"), "{text}");
    for line in ["ar (best baseline)", "persistence", "swap (control)", "fold=2"] {
        assert!(text.lines().any(|found| found.trim_start().starts_with(line)), "{line}\n{text}");
    }
    let page = fs::read_to_string(dir.join("compare.html")).unwrap();
    assert!(page.contains("loses to its best baseline, ar") && page.contains("swap (control)"));

    let rows = rows(&said(&sandbox.boldface(&["compare", "folds", "--to", "csv"])));
    let find = |kind: &str, fold: &str, name: &str, split: &str| {
        let is_it = |row: &&BTreeMap<String, String>| {
            row["row"] == kind
                && row["split.fold"] == fold
                && row["name"] == name
                && row["split"] == split
                && row["metric"] == "mse"
        };
        let found: Vec<_> = rows.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{kind} {fold} {name} {split}");
        found[0]
    };
    for name in ["bigram", "ar", "persistence", "swap"] {
        let row = find("mean", "", name, "test");
        assert!(close(number(row, "value"), Some(mean(&|arm| value(arm, name)))), "{row:?}");
        assert_eq!((number(row, "runs"), number(row, "runs_scored")), (Some(3.0), Some(3.0)));
        if name == "bigram" {
            assert_eq!(number(row, "model_minus"), None);
            continue;
        }
        let difference = mean(&|arm| minus(arm, name));
        assert!(close(number(row, "model_minus"), Some(difference)), "{row:?}");
        assert_eq!(number(row, "model_minus_runs"), Some(3.0));
        let (low, high) = (number(row, "model_minus_low").unwrap(), number(row, "model_minus_high").unwrap());
        assert!(low <= difference && difference <= high, "{row:?}");
    }
    assert_eq!(find("mean", "", "ar", "test")["best_baseline"], "yes");
    // Every arm has its own rows, with all that its own table has.
    for (fold, arm) in arms.iter().enumerate() {
        for split in ["validation", "test"] {
            for (name, kind) in
                [("bigram", "model"), ("ar", "baseline"), ("persistence", "baseline"), ("swap", "control")]
            {
                let row = find("arm", &fold.to_string(), name, split);
                let known = stored(arm, name, split, "mse", None).unwrap();
                assert_eq!((row["kind"].as_str(), number(row, "n")), (kind, known.n.map(|n| n as f64)));
                assert_eq!(row["arm"], format!("fold={fold}"));
                for (column, value) in [("value", known.value), ("low", known.low), ("high", known.high)] {
                    assert!(close(number(row, column), value), "{column}: {row:?}");
                }
                let difference = stored(arm, "bigram", split, "mse", Some(name));
                let [value, low, high] = difference.map_or([None; 3], |row| [row.value, row.low, row.high]);
                assert!(close(number(row, "model_minus"), value), "{row:?}");
                assert!(
                    close(number(row, "model_minus_low"), low)
                        && close(number(row, "model_minus_high"), high)
                );
            }
        }
    }
}

#[test]
fn a_leaderboard_has_the_best_baseline_and_the_controls_of_every_arm() {
    let sandbox = Sandbox::new();
    let dir = sweep(&sandbox);
    let text = said(&sandbox.boldface(&["compare", "codes"]));
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("best baseline") && words.contains("loses to its best baseline, ar"), "{text}");
    assert!(words.contains("They lose to their best baselines: the mean difference is +"), "{text}");
    let rows = rows(&said(&sandbox.boldface(&["compare", "codes", "--metric", "mse", "--to", "csv"])));
    // Three arms of two runs: a mean and two rows of their own each, on two parts.
    let answerers: usize = {
        let metrics =
            boldface_tables::metrics::read(&dir.join("arms/codebook-size=8,split=0/metrics.parquet"));
        let metrics = metrics.unwrap();
        let is_it = |row: &&MetricRow| {
            row.metric == "mse"
                && row.split == "test"
                && row.against.is_none()
                && row.group.is_none()
                && row.step.is_none()
                && (row.stage.starts_with("evaluation.") || row.stage.starts_with("baseline."))
        };
        metrics.iter().filter(is_it).count()
    };
    assert!(answerers > 4, "{answerers}");
    assert_eq!(rows.len(), 3 * 3 * 2 * answerers);
    let settings =
        |row: &BTreeMap<String, String>| (row["tokenizer.codebook-size"].clone(), row["split.seed"].clone());
    let arm = rows.iter().find(|row| row["arm"] == "codebook-size=8,split=1").unwrap();
    assert_eq!(settings(arm), ("8".to_owned(), "1".to_owned()));
    assert!(rows.iter().any(|row| row["row"] == "mean" && settings(row) == ("16".to_owned(), String::new())));
}

#[test]
fn a_comparison_overwrites_nothing() {
    let sandbox = Sandbox::new();
    let dir = sweep(&sandbox);
    let out = sandbox.write("mine.csv", "my notes\n");
    for (format, name) in
        [("csv", "mine.csv"), ("parquet", "mine.csv"), ("html", "mine.csv"), ("latex", "runs")]
    {
        let output = sandbox.boldface(&["compare", "codes", "--to", format, "--out", name]);
        let (code, text) = complained(&output);
        assert_eq!(code, Some(2), "{text}");
        let expected = format!(
            "error: `{name}` exists already, and a comparison overwrites nothing; name another file with `--out`, or remove this one\n"
        );
        assert_eq!(text, expected);
    }
    assert_eq!(fs::read_to_string(out).unwrap(), "my notes\n");

    let page = |name: &str| fs::read_to_string(dir.join(name));
    let compare = |metric: &str| said(&sandbox.boldface(&["compare", "codes", "--metric", metric]));
    compare("mse");
    let first = page("compare.html").unwrap();
    let text = compare("mae");
    assert!(text.contains("compare-2.html"), "{text}");
    assert_eq!(page("compare.html").unwrap(), first);
    assert!(page("compare-2.html").unwrap() != first);
    // The same pages again are not written again.
    compare("mse");
    compare("mae");
    assert!(page("compare-3.html").is_err());
}
