//! Measures how well several columns together predict a label that none of them predicts alone, such as
//! an age from the years of birth and scan.

use boldface::seed;
use rand::seq::SliceRandom;

use super::cuts::{cuts, ordered};
use super::predict::{ColumnSkill, People, RELABELINGS, TargetLabels, tell};

/// Most columns to combine. There are 66 pairs of 12.
const MOST: usize = 12;

/// Most values of a column that is combined with another one.
const MOST_VALUES: usize = 10;

/// Number of groups of people that a linear model is tested on, each with a fit to the others.
const FOLDS: usize = 10;

/// Tells how well columns predict the labels together: as pairs of values, or as a sum of numbers.
/// `None` if there is nothing to combine. A p-value is computed if the skill is at least `ask`.
pub fn tell_together(
    columns: &[Vec<Option<&str>>],
    labels: &TargetLabels,
    people: &[usize],
    ask: f64,
) -> Option<ColumnSkill> {
    let columns = &columns[..columns.len().min(MOST)];
    if columns.len() < 2 {
        return None;
    }
    let pairs = pairs(columns);
    let of_pairs = (!pairs.is_empty()).then(|| tell(&pairs, labels, people, ask));
    let of_sum = Linear::prepare(columns, people).map(|linear| linear.tell(labels, ask));
    of_pairs.into_iter().chain(of_sum).max_by(|a, b| a.skill.total_cmp(&b.skill))
}

/// Returns every pair of columns as one column.
fn pairs(columns: &[Vec<Option<&str>>]) -> Vec<Vec<usize>> {
    let width = |cut: &[usize]| cut.iter().max().map_or(1, |last| last + 1);
    let short: Vec<Vec<Vec<usize>>> = columns
        .iter()
        .map(|column| cuts(column).into_iter().filter(|cut| width(cut) <= MOST_VALUES).collect())
        .collect();
    let mut pairs = Vec::new();
    for (place, first) in short.iter().enumerate() {
        for second in &short[..place] {
            for one in first {
                for other in second {
                    let wide = width(other);
                    pairs.push(one.iter().zip(other).map(|(a, b)| a * wide + b).collect());
                }
            }
        }
    }
    pairs
}

/// A linear model of all numeric columns, fitted once for each group of people that is left out.
struct Linear {
    people: People,
    examples: usize,
    folds: Vec<Fold>,
}

/// Examples that a model is tested on, and the weights with which the labels of all others predict them.
struct Fold {
    test: Vec<usize>,
    train: Vec<usize>,
    /// For each test example, one weight per training example.
    weights: Vec<Vec<f64>>,
}

impl Linear {
    /// Returns `None` if fewer than two columns are numbers, or if there are too few people.
    fn prepare(columns: &[Vec<Option<&str>>], people: &[usize]) -> Option<Linear> {
        let numeric: Vec<Vec<f64>> = columns.iter().filter_map(|column| standardized(column)).collect();
        let grouped = People::group(people);
        if numeric.len() < 2 || grouped.examples.len() < 2 * FOLDS {
            return None;
        }
        let rows: Vec<Vec<f64>> = (0..people.len())
            .map(|example| std::iter::once(1.0).chain(numeric.iter().map(|column| column[example])).collect())
            .collect();
        let mut order: Vec<usize> = (0..grouped.examples.len()).collect();
        order.shuffle(&mut seed::stream(0, "leakage.folds"));
        let fold = |number: usize| {
            let (mut test, mut train) = (Vec::new(), Vec::new());
            for (place, &person) in order.iter().enumerate() {
                let part = if place % FOLDS == number { &mut test } else { &mut train };
                part.extend(&grouped.examples[person]);
            }
            let weights = weights(&rows, &train, &test)?;
            Some(Fold { test, train, weights })
        };
        let folds = (0..FOLDS).map(fold).collect::<Option<Vec<Fold>>>()?;
        Some(Linear { people: grouped, examples: people.len(), folds })
    }

    fn tell(&self, labels: &TargetLabels, ask: f64) -> ColumnSkill {
        let (score, chance) = self.score(labels);
        let skill = if chance < 1.0 { (score - chance) / (1.0 - chance) } else { 0.0 };
        let p = (skill >= ask).then(|| {
            let mut rng = seed::stream(0, "leakage.relabelings");
            let as_well = |_: &usize| self.score(&self.people.relabeled(labels, &mut rng)).0 >= score - 1e-9;
            (1 + (0..RELABELINGS).filter(as_well).count()) as f64 / (1 + RELABELINGS) as f64
        });
        ColumnSkill { score, chance, skill, p, examples: self.examples, people: self.people.examples.len() }
    }

    /// Returns score and chance, as [`tell`] does for one column.
    fn score(&self, labels: &TargetLabels) -> (f64, f64) {
        match labels {
            TargetLabels::Values(values) => {
                let (mut left, mut whole) = (0.0, 0.0);
                for fold in &self.folds {
                    let known: Vec<f64> = fold.train.iter().map(|&example| values[example]).collect();
                    let mean = known.iter().sum::<f64>() / known.len() as f64;
                    for (&example, predicted) in fold.test.iter().zip(fold.predict(&known)) {
                        left += (values[example] - predicted).powi(2);
                        whole += (values[example] - mean).powi(2);
                    }
                }
                (if whole > 0.0 { 1.0 - left / whole } else { 0.0 }, 0.0)
            }
            TargetLabels::Classes(classes) => self.score_classes(classes),
        }
    }

    fn score_classes(&self, labels: &[usize]) -> (f64, f64) {
        let classes = labels.iter().max().map_or(0, |last| last + 1);
        let (mut right, mut sizes) = (vec![0.0; classes], vec![0.0; classes]);
        for fold in &self.folds {
            // Large classes must not win by their size.
            let of_class = |class: usize| {
                let is_it: Vec<f64> =
                    fold.train.iter().map(|&example| f64::from(u8::from(labels[example] == class))).collect();
                let share = is_it.iter().sum::<f64>() / is_it.len() as f64;
                fold.predict(&is_it).into_iter().map(|x| if share > 0.0 { x / share } else { -1.0 }).collect()
            };
            let scores: Vec<Vec<f64>> = (0..classes).map(of_class).collect();
            for (place, &example) in fold.test.iter().enumerate() {
                let best = (0..classes).max_by(|&a, &b| scores[a][place].total_cmp(&scores[b][place]));
                sizes[labels[example]] += 1.0;
                right[labels[example]] += f64::from(u8::from(best == Some(labels[example])));
            }
        }
        let present = sizes.iter().filter(|&&size| size > 0.0).count().max(1) as f64;
        let recalls =
            right.iter().zip(&sizes).filter(|(_, size)| **size > 0.0).map(|(right, size)| right / size);
        (recalls.sum::<f64>() / present, 1.0 / present)
    }
}

impl Fold {
    fn predict(&self, known: &[f64]) -> Vec<f64> {
        let sum = |weights: &Vec<f64>| weights.iter().zip(known).map(|(weight, x)| weight * x).sum();
        self.weights.iter().map(sum).collect()
    }
}

/// Returns a column of numbers or dates with mean 0 and standard deviation 1. Missing values become 0.
fn standardized(column: &[Option<&str>]) -> Option<Vec<f64>> {
    let numbers: Vec<Option<f64>> = column.iter().map(|value| value.and_then(ordered)).collect();
    let known: Vec<f64> = numbers.iter().flatten().copied().collect();
    let n = known.len() as f64;
    if known.is_empty() || known.len() * 10 < column.iter().flatten().count() * 9 {
        return None;
    }
    let mean = known.iter().sum::<f64>() / n;
    let sd = (known.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let scale = |x: &Option<f64>| x.map_or(0.0, |x| (x - mean) / sd);
    (sd > 0.0).then(|| numbers.iter().map(scale).collect())
}

/// Returns with which weights the labels of `train` predict those of `test` by least squares. `None` if
/// the equations cannot be solved.
fn weights(rows: &[Vec<f64>], train: &[usize], test: &[usize]) -> Option<Vec<Vec<f64>>> {
    let width = rows.first()?.len();
    let mut products = vec![vec![0.0; width]; width];
    for row in train.iter().map(|&example| &rows[example]) {
        for (of_first, a) in products.iter_mut().zip(row) {
            of_first.iter_mut().zip(row).for_each(|(sum, b)| *sum += a * b);
        }
    }
    // Two columns may be equal.
    (0..width).for_each(|i| products[i][i] += 1e-6 * train.len() as f64);
    let of_test = |&example: &usize| {
        let solved = solve(products.clone(), rows[example].clone())?;
        let weight = |&example: &usize| solved.iter().zip(&rows[example]).map(|(a, b)| a * b).sum();
        Some(train.iter().map(weight).collect())
    };
    test.iter().map(of_test).collect()
}

/// Solves a positive definite system by elimination.
fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let width = right.len();
    for i in 0..width {
        let pivot = matrix[i][i];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return None;
        }
        let (done, left) = matrix.split_at_mut(i + 1);
        let row = &done[i];
        for (below, j) in left.iter_mut().zip(i + 1..) {
            let factor = below[i] / pivot;
            below.iter_mut().zip(row).for_each(|(x, y)| *x -= factor * y);
            right[j] -= factor * right[i];
        }
    }
    for i in (0..width).rev() {
        let known: f64 = (i + 1..width).map(|j| matrix[i][j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without a pattern.
    fn scattered(i: usize, by: usize, below: usize) -> usize {
        (i * by + i * i * 7) % 101 % below
    }

    #[test]
    fn a_difference_is_told_by_both_columns_and_by_neither_alone() {
        let scan: Vec<usize> = (0..40).map(|i| 1980 + scattered(i, 37, 40)).collect();
        let age: Vec<usize> = (0..40).map(|i| 18 + scattered(i, 11, 50)).collect();
        let text = |numbers: Vec<usize>| numbers.iter().map(usize::to_string).collect::<Vec<_>>();
        let (birth, scan) = (text(scan.iter().zip(&age).map(|(a, b)| a - b).collect()), text(scan));
        let column =
            |text: &'static [String]| text.iter().map(|text| Some(text.as_str())).collect::<Vec<_>>();
        let (birth, scan) = (column(birth.leak()), column(scan.leak()));
        let labels = TargetLabels::Values(age.iter().map(|&age| age as f64).collect());
        let people: Vec<usize> = (0..40).collect();
        assert!(tell(&cuts(&birth), &labels, &people, 0.7).skill < 0.7);
        let told = tell_together(&[birth, scan.clone()], &labels, &people, 0.7).unwrap();
        assert!(told.skill > 0.999 && told.p == Some(0.001), "{told:?}");
        let told = tell_together(&[scan.clone(), scan], &labels, &people, 0.7).unwrap();
        assert!(told.skill < 0.5 && told.p.is_none(), "{told:?}");
    }

    #[test]
    fn two_letters_tell_whether_they_are_equal() {
        let people: Vec<usize> = (0..40).collect();
        let (a, b): (Vec<Option<&str>>, Vec<Option<&str>>) =
            (0..40).map(|i| (Some(["u", "v"][i / 2 % 2]), Some(["x", "y"][i % 2]))).unzip();
        let labels = TargetLabels::Classes((0..40).map(|i| (i / 2 + i) % 2).collect());
        assert!(tell(&cuts(&a), &labels, &people, 0.7).skill < 0.1);
        let told = tell_together(&[a, b], &labels, &people, 0.7).unwrap();
        assert_eq!((told.score, told.p), (1.0, Some(0.001)));
        assert!(tell_together(&[], &labels, &people, 0.7).is_none());
    }

    #[test]
    fn classes_are_told_by_a_sum_of_numbers() {
        let people: Vec<usize> = (0..60).collect();
        let (a, b): (Vec<usize>, Vec<usize>) =
            (0..60).map(|i| (scattered(i, 37, 60), scattered(i, 11, 60))).unzip();
        let labels = TargetLabels::Classes(a.iter().zip(&b).map(|(a, b)| usize::from(a > b)).collect());
        let text: Vec<[String; 2]> = a.iter().zip(&b).map(|(a, b)| [a.to_string(), b.to_string()]).collect();
        let column = |place: usize| text.iter().map(|pair| Some(pair[place].as_str())).collect::<Vec<_>>();
        let told = Linear::prepare(&[column(0), column(1)], &people).unwrap().tell(&labels, 0.5);
        assert!(told.skill > 0.6 && told.p == Some(0.001), "{told:?}");
    }
}
