//! Differences computed by hand, for shares of correct answers.

use boldface::seed;
use rand::RngExt;
use serde_json::json;

use super::*;

const TASK: &str = "sex";

/// Makes a run in which subject `i` answers correctly if `right[i]`. All runs share the same draws.
fn run(
    bench: &mut BTreeMap<(usize, String, &'static str), Result<Scored, String>>,
    place: usize,
    seed: u64,
    scans: &str,
    right: &[bool],
) -> Run {
    let share = |of: &[usize]| of.iter().filter(|&&subject| right[subject]).count() as f64 / of.len() as f64;
    let all: Vec<usize> = (0..right.len()).collect();
    let mut rng = seed::stream(0, "test");
    let draws =
        (0..2000).map(|_| (0..right.len()).map(|_| rng.random_range(0..right.len())).collect::<Vec<_>>());
    let resampled = draws.map(|draw| share(&draw)).collect();
    let scans = (0..right.len()).map(|subject| format!("{scans}{subject:03}")).collect();
    let metrics = BTreeMap::from([("share".to_owned(), (share(&all), resampled))]);
    bench.insert(
        (place, TASK.to_owned(), "test"),
        Ok(Scored { scans, subjects: right.len(), truth: String::new(), metrics }),
    );
    let row = json!({ "stage": format!("evaluation.{TASK}"), "key": "", "plugin": "gpt", "split": "test", "seed": 0,
        "step": null, "metric": "share", "value": share(&all), "low": 0.0, "high": 1.0, "n": 20, "against": null,
        "higher_is_better": true, "group": null });
    Run::made(
        json!({ "seed": seed, "backbone": { "type": "gpt" } }),
        vec![serde_json::from_value(row).unwrap()],
    )
}

fn right(count: usize) -> Vec<bool> {
    (0..20).map(|subject| subject < count).collect()
}

fn group(label: &str, runs: &[usize]) -> RunGroup {
    RunGroup { label: label.into(), runs: runs.to_vec() }
}

/// A difference and its interval.
type Difference = (f64, Option<(f64, f64)>);

/// Computes the difference of two groups of runs. Each run is given by its seed, its scans and its
/// number of correct answers.
fn difference(runs: &[(u64, &str, usize)], a: &[usize], b: &[usize]) -> (Option<Difference>, Vec<String>) {
    let mut scored = BTreeMap::new();
    let made = runs.iter().enumerate();
    let runs: Vec<Run> = made
        .map(|(place, (seed, scans, count))| run(&mut scored, place, *seed, scans, &right(*count)))
        .collect();
    let mut bench = Bench { runs: &runs, scored, beside: BTreeMap::new(), notes: Vec::new() };
    let found = bench.difference(&group("a", a), &group("b", b), TASK, Part::Test, "share");
    (found, bench.notes)
}

#[test]
fn two_runs_are_paired_by_subject() {
    // b is correct wherever a is, and on six more subjects. The difference is binomial(20, 0.3) / 20,
    // whose 2.5% and 97.5% points are 2 / 20 and 10 / 20 (scipy.stats.binom.ppf). Unpaired, the
    // interval would include zero.
    let (found, notes) = difference(&[(0, "s", 10), (0, "s", 16)], &[0], &[1]);
    let (value, interval) = found.unwrap();
    let (low, high) = interval.unwrap();
    assert!(
        (value - 0.3).abs() < 1e-12 && (low - 0.1).abs() < 1e-9 && (high - 0.5).abs() < 1e-9,
        "{low} {high}"
    );
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn seeds_are_paired_with_themselves() {
    // Seed 0: 10 and 16 correct; seed 1: 4 and 10. Both differ by the same share, regardless of the
    // seed.
    let runs = [(0, "s", 10), (1, "s", 4), (0, "s", 16), (1, "s", 10)];
    let (found, _) = difference(&runs, &[0, 1], &[2, 3]);
    let (value, interval) = found.unwrap();
    let (low, high) = interval.unwrap();
    assert!((value - 0.3).abs() < 1e-12 && low > 0.05 && high < 0.55, "{value} {low} {high}");
    // A seed of only one side is left out.
    let (found, _) = difference(&runs, &[0], &[2, 3]);
    assert!((found.unwrap().0 - 0.3).abs() < 1e-12);
    // Without a common seed, means are subtracted and seeds are drawn separately: 0.5 from 0.65.
    let runs = [(0, "s", 10), (7, "s", 16), (8, "s", 10)];
    let (found, notes) = difference(&runs, &[0], &[1, 2]);
    let (value, interval) = found.unwrap();
    assert!((value - 0.15).abs() < 1e-12 && interval.is_some() && notes.is_empty());
}

#[test]
fn other_people_are_never_subtracted() {
    let (found, notes) = difference(&[(0, "s", 10), (0, "t", 16)], &[0], &[1]);
    assert_eq!(found, None);
    assert!(notes[0].contains("(20 and 20 questions, 0 of them about the same scan)"), "{notes:?}");
}

#[test]
fn more_runs_than_are_scored_again_say_so() {
    let runs: Vec<Run> = (0..=MOST_RUNS).map(|_| Run::made(json!({}), Vec::new())).collect();
    let mut bench = Bench::new(&runs);
    assert!(bench.notes[0].starts_with("There are more than 100 runs"), "{:?}", bench.notes);
    assert!(bench.resampled(&[0], TASK, Part::Test, "share").is_empty());
}
