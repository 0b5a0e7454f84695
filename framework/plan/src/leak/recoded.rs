//! Checks whether a zero-shot task asks for what another task teaches, under other names or codes.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{ScanId, scores};
use serde_json::json;

use super::asked::TaskExamples;
use super::cuts::categories;
use super::described::task;
use super::predict::{TargetLabels, tell};
use super::{Check, CheckStatus};

/// Skill from which one column counts as another recoded. A few differing cells do not make it new.
const SAME: f64 = 0.9;

/// Rank correlation from which two numbers count as one in other units.
const SAME_ORDER: f64 = 0.95;

/// Largest p of a finding.
const SURE: f64 = 0.001;

/// Fewest values that make numbers more than codes of classes.
const NUMBERS: usize = 10;

/// Compares a held-out task with a task that teaches the model, by their answers about the same windows.
/// Returns `None` if they cannot be compared.
pub fn check(held_out: &TaskExamples, taught: &TaskExamples) -> Option<Check> {
    let (a, b) = (labels(held_out)?, labels(taught)?);
    let shared: Vec<&Place> = a.keys().filter(|place| b.contains_key(place)).collect();
    let (a, b): (Vec<f64>, Vec<f64>) = shared.iter().map(|place| (a[*place], b[*place])).unzip();
    let people = categories(&shared.iter().map(|place| place.0.person()).collect::<Vec<_>>());
    let key = format!("{}.held-out", held_out.key);
    let id = format!("{}.zero-shot.{}", held_out.key, task(taught));
    let (this, other) = (&held_out.key, &taught.key);
    let how = relation(&a, &b, &people);
    let found =
        format!("the answers to `{this}` are not those to `{other}` in other words ({} answers)", a.len());
    let Some(how) = how else { return Some(Check::passed(id, key, found)) };
    let found = format!(
        "`{other}` teaches the model what `{this}` asks, in other words: {how}, over {} answers, so this is not \
         zero-shot",
        a.len()
    );
    let help = "hold both out, or ask them in two experiments";
    Some(Check::passed(id, key, found).but(CheckStatus::Failed, help).with(json!({ "answers": a.len() })))
}

/// A scan and a window of it.
type Place = (ScanId, usize, usize);

/// Returns the answer about each window, classes as numbers. Windows with two answers are left out.
fn labels(asked: &TaskExamples) -> Option<BTreeMap<Place, f64>> {
    let values: Vec<f64> = match asked.labels()? {
        TargetLabels::Classes(classes) => classes.into_iter().map(|class| class as f64).collect(),
        TargetLabels::Values(values) => values,
    };
    let mut scans: BTreeMap<&ScanId, usize> = BTreeMap::new();
    asked.examples.iter().for_each(|(info, _)| *scans.entry(&info.id).or_default() += 1);
    let mut labels: BTreeMap<Place, f64> = BTreeMap::new();
    let mut twice: BTreeSet<Place> = BTreeSet::new();
    for ((info, example), value) in asked.examples.iter().zip(values) {
        // The only question about a scan is about the scan, whatever its window.
        let (start, trs) = match scans[&info.id] {
            1 => (0, 0),
            _ => (example.window.start, example.window.trs),
        };
        let place = (info.id.clone(), start, trs);
        if labels.insert(place.clone(), value).is_some_and(|before| before != value) {
            twice.insert(place);
        }
    }
    labels.retain(|place, _| !twice.contains(place));
    Some(labels)
}

/// Returns how one column follows from the other, if it does.
fn relation(a: &[f64], b: &[f64], people: &[usize]) -> Option<&'static str> {
    let (of_a, of_b) = (distinct(a), distinct(b));
    if of_a < 2 || of_b < 2 {
        return None;
    }
    let (is_a, is_b) = (of_a >= NUMBERS, of_b >= NUMBERS);
    match (is_a, is_b) {
        (true, true) => {
            (rank_correlation(a, b).abs() >= SAME_ORDER).then_some("both put the scans in one order")
        }
        (true, false) => are_bins(b, a).then_some("each class of the one is a range of the other"),
        (false, true) => are_bins(a, b).then_some("each class of the one is a range of the other"),
        (false, false) => (predicts(a, b, people) || predicts(b, a, people))
            .then_some("each class of the one is a class or several of the other"),
    }
}

fn distinct(values: &[f64]) -> usize {
    values.iter().map(|value| value.to_bits()).collect::<BTreeSet<u64>>().len()
}

/// Whether the classes `from` tell the classes `to` of other people.
fn predicts(from: &[f64], to: &[f64], people: &[usize]) -> bool {
    let codes = |values: &[f64]| categories(&values.iter().map(|value| value.to_bits()).collect::<Vec<_>>());
    let told = tell(&[codes(from)], &TargetLabels::Classes(codes(to)), people, SAME);
    told.skill >= SAME && told.p.is_some_and(|p| p <= SURE)
}

/// Whether each class is a range of `numbers` of its own, more surely than by chance.
fn are_bins(classes: &[f64], numbers: &[f64]) -> bool {
    let mut order: Vec<usize> = (0..classes.len()).collect();
    // Equal numbers of several classes may lie on either side of a border.
    order.sort_by(|&i, &j| numbers[i].total_cmp(&numbers[j]).then(classes[i].total_cmp(&classes[j])));
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    let runs: Vec<u64> = order.iter().map(|&place| classes[place].to_bits()).collect();
    runs.iter().for_each(|&class| *sizes.entry(class).or_default() += 1);
    let is_whole = runs.chunk_by(|a, b| a == b).count() == sizes.len();
    // Of all orders, the share in which each class is whole: k! times the product of n_i!, over n!.
    let log = |n: usize| (1..=n).map(|i| (i as f64).ln()).sum::<f64>();
    let chance = log(sizes.len()) + sizes.values().map(|&size| log(size)).sum::<f64>() - log(classes.len());
    is_whole && chance <= SURE.ln()
}

/// Returns Spearman's correlation. Equal values share their mean rank.
fn rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let r = scores::pearson_r(&ranks(a), &ranks(b));
    if r.is_finite() { r } else { 0.0 }
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let rank = before as f64 + (equal.len() as f64 - 1.0) / 2.0;
        equal.iter().for_each(|&place| ranks[place] = rank);
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(a: impl Fn(usize) -> f64, b: impl Fn(usize) -> f64) -> bool {
        let people: Vec<usize> = (0..40).collect();
        let column = |of: &dyn Fn(usize) -> f64| people.iter().map(|&i| of(i)).collect::<Vec<f64>>();
        relation(&column(&a), &column(&b), &people).is_some()
    }

    /// A number of everybody's own, in an order of its own.
    fn age(i: usize) -> f64 {
        20.0 + (i * 17 % 40) as f64
    }

    #[test]
    fn a_column_in_other_codes_units_or_bins_is_the_same() {
        let sex = |i: usize| (i / 3 % 2) as f64;
        assert!(told(sex, |i| 2.0 - sex(i)));
        // Three classes, two of which the other joins, in either direction.
        let kind = |i: usize| (i % 3) as f64;
        assert!(told(kind, |i| kind(i).min(1.0)) && told(|i| kind(i).min(1.0), kind));
        assert!(told(age, |i| 12.0 * age(i)) && told(age, |i| 2000.0 - age(i).round()));
        assert!(told(|i| f64::from(age(i) >= 33.0), age) && told(age, |i| f64::from(age(i) >= 50.0)));
        // One cell that differs.
        assert!(told(sex, |i| if i == 7 { 1.0 - sex(i) } else { sex(i) }));
    }

    #[test]
    fn other_columns_are_new() {
        let sex = |i: usize| (i / 3 % 2) as f64;
        assert!(!told(sex, |i| (i % 2) as f64));
        assert!(!told(sex, age) && !told(age, sex));
        assert!(!told(age, |i| (i * 7 % 40) as f64));
        assert!(!told(sex, |_| 1.0));
        // Of four people any class is soon a range of a number.
        assert!(!are_bins(&[0.0, 0.0, 1.0, 1.0], &[1.0, 2.0, 3.0, 4.0]));
    }
}
