//! Measures how well one column alone predicts a label, with a permutation test against small samples.

use std::collections::BTreeMap;

use boldface::seed;
use rand::Rng;
use rand::seq::SliceRandom;
use serde::Serialize;

/// Number of relabelings for a p-value. The smallest p is 1 / (`RELABELINGS` + 1).
pub const RELABELINGS: usize = 999;

/// Labels to predict, one per example.
#[derive(Clone, Debug)]
pub enum TargetLabels {
    /// Class indices, from 0.
    Classes(Vec<usize>),
    /// Numbers.
    Values(Vec<f64>),
}

/// How well a column predicts the labels of people it was not learned from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ColumnSkill {
    /// Balanced accuracy for classes, R² for numbers. Each person is predicted from all others.
    pub score: f64,
    /// Score of guessing.
    pub chance: f64,
    /// Share of the way from guessing to a perfect score.
    pub skill: f64,
    /// Share of random relabelings that score as well, or `None` if the skill is too small to test.
    pub p: Option<f64>,
    /// Number of examples.
    pub examples: usize,
    /// Number of people.
    pub people: usize,
}

/// Predicts the labels from a column, each person's from all other people's. The best of the column's
/// `cuts` is used, in the relabelings too.
///
/// `people` has the index of each example's person. A p-value is computed if the skill is at least
/// `ask`. Relabelings exchange labels between people with equally many examples, and shuffle them within
/// a person.
pub fn tell(cuts: &[Vec<usize>], labels: &TargetLabels, people: &[usize], ask: f64) -> ColumnSkill {
    let (examples, people) = (people.len(), People::group(people));
    let best = |labels: &TargetLabels| {
        let scores = cuts.iter().map(|column| scored(column, labels, &people));
        scores.fold((f64::NEG_INFINITY, 0.0), |best, next| if next.0 > best.0 { next } else { best })
    };
    let (score, chance) = best(labels);
    let skill = |score: f64| if chance < 1.0 { (score - chance) / (1.0 - chance) } else { 0.0 };
    let p = (skill(score) >= ask).then(|| {
        let mut rng = seed::stream(0, "leakage.relabelings");
        // Sums in another order differ in the last digits.
        let as_well = |_: &usize| best(&people.relabeled(labels, &mut rng)).0 >= score - 1e-9;
        (1 + (0..RELABELINGS).filter(as_well).count()) as f64 / (1 + RELABELINGS) as f64
    });
    ColumnSkill { score, chance, skill: skill(score), p, examples, people: people.examples.len() }
}

/// The examples of each person.
pub struct People {
    /// Their indices, by person.
    pub examples: Vec<Vec<usize>>,
}

impl People {
    /// Groups examples by person.
    pub fn group(people: &[usize]) -> People {
        let mut examples: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (example, &person) in people.iter().enumerate() {
            examples.entry(person).or_default().push(example);
        }
        People { examples: examples.into_values().collect() }
    }

    /// Returns the labels in random order, as under the null hypothesis.
    pub fn relabeled(&self, labels: &TargetLabels, rng: &mut impl Rng) -> TargetLabels {
        match labels {
            TargetLabels::Classes(labels) => TargetLabels::Classes(self.dealt(labels, rng)),
            TargetLabels::Values(labels) => TargetLabels::Values(self.dealt(labels, rng)),
        }
    }

    /// Exchanges labels between people with equally many examples, and shuffles them within a person.
    pub fn dealt<T: Copy>(&self, labels: &[T], rng: &mut impl Rng) -> Vec<T> {
        let mut by_size: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (person, examples) in self.examples.iter().enumerate() {
            by_size.entry(examples.len()).or_default().push(person);
        }
        let mut dealt = labels.to_vec();
        for takers in by_size.into_values() {
            let mut givers = takers.clone();
            givers.shuffle(rng);
            for (taker, giver) in takers.into_iter().zip(givers) {
                let mut given: Vec<T> = self.examples[giver].iter().map(|&example| labels[example]).collect();
                given.shuffle(rng);
                self.examples[taker].iter().zip(given).for_each(|(&example, label)| dealt[example] = label);
            }
        }
        dealt
    }
}

/// Returns score and chance.
fn scored(column: &[usize], labels: &TargetLabels, people: &People) -> (f64, f64) {
    match labels {
        TargetLabels::Classes(labels) => classified(column, labels, people),
        TargetLabels::Values(labels) => (explained(column, labels, people), 0.0),
    }
}

/// Returns balanced accuracy and chance. The prediction is the class that is relatively most frequent
/// among other people with the same value. Classes with equal frequency share the point.
fn classified(column: &[usize], labels: &[usize], people: &People) -> (f64, f64) {
    let width = column.iter().max().map_or(0, |last| last + 1);
    let classes = labels.iter().max().map_or(0, |last| last + 1);
    let mut seen = Seen { classes, counts: vec![0.0; width * classes], totals: vec![0.0; classes] };
    column.iter().zip(labels).for_each(|(&x, &y)| seen.add(x, y, 1.0));
    let sizes = seen.totals.clone();
    let mut right = vec![0.0f64; classes];
    for examples in &people.examples {
        examples.iter().for_each(|&example| seen.add(column[example], labels[example], -1.0));
        for &example in examples {
            right[labels[example]] += seen.point(column[example], labels[example]);
        }
        examples.iter().for_each(|&example| seen.add(column[example], labels[example], 1.0));
    }
    let present = sizes.iter().filter(|&&size| size > 0.0).count().max(1) as f64;
    let recalls = right.iter().zip(&sizes).filter(|(_, size)| **size > 0.0).map(|(right, size)| right / size);
    (recalls.sum::<f64>() / present, 1.0 / present)
}

/// Counts of each class with each value.
struct Seen {
    classes: usize,
    counts: Vec<f64>,
    totals: Vec<f64>,
}

impl Seen {
    fn add(&mut self, x: usize, y: usize, by: f64) {
        self.counts[x * self.classes + y] += by;
        self.totals[y] += by;
    }

    /// Returns the point for predicting from value `x` if `y` is right. If no one else has the value,
    /// all classes are equally frequent.
    fn point(&self, x: usize, y: usize) -> f64 {
        let rate = |class: usize| self.counts[x * self.classes + class] / self.totals[class].max(1.0);
        let best = (0..self.classes).map(rate).fold(0.0, f64::max);
        let is_best = |class: &usize| rate(*class) >= best - 1e-12;
        if is_best(&y) { 1.0 / (0..self.classes).filter(is_best).count() as f64 } else { 0.0 }
    }
}

/// Returns the R² of predicting the mean of other people with the same value.
fn explained(column: &[usize], labels: &[f64], people: &People) -> f64 {
    let width = column.iter().max().map_or(0, |last| last + 1);
    let (mut sums, mut counts) = (vec![0.0; width], vec![0.0; width]);
    for (&x, &y) in column.iter().zip(labels) {
        sums[x] += y;
        counts[x] += 1.0;
    }
    let (sum, count) = (labels.iter().sum::<f64>(), labels.len() as f64);
    let (mut left, mut whole) = (0.0, 0.0);
    for examples in &people.examples {
        let own: f64 = examples.iter().map(|&example| labels[example]).sum();
        let others = count - examples.len() as f64;
        let mean = if others > 0.0 { (sum - own) / others } else { 0.0 };
        for &example in examples {
            let (mut of_value, mut known) = (sums[column[example]], counts[column[example]]);
            for &other in examples.iter().filter(|&&other| column[other] == column[example]) {
                of_value -= labels[other];
                known -= 1.0;
            }
            let guess = if known > 0.5 { of_value / known } else { mean };
            left += (labels[example] - guess).powi(2);
            whole += (labels[example] - mean).powi(2);
        }
    }
    if whole > 0.0 { 1.0 - left / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(labels: &[usize]) -> TargetLabels {
        TargetLabels::Classes(labels.to_vec())
    }

    #[test]
    fn a_column_that_is_the_label_tells_it_and_six_people_are_too_few_to_be_sure() {
        let people: Vec<usize> = (0..6).collect();
        let told = tell(&[vec![0, 0, 0, 1, 1, 1]], &classes(&[0, 0, 0, 1, 1, 1]), &people, 0.5);
        assert_eq!((told.score, told.chance, told.skill), (1.0, 0.5, 1.0));
        // Two of the 20 ways to choose three of six are as good: p is about .1.
        assert!((told.p.unwrap() - 0.1).abs() < 0.03, "{told:?}");

        let labels: Vec<usize> = (0..30).map(|person| person % 2).collect();
        let told = tell(std::slice::from_ref(&labels), &classes(&labels), &(0..30).collect::<Vec<_>>(), 0.5);
        assert_eq!(told.p, Some(0.001));
    }

    #[test]
    fn a_person_is_not_told_from_itself() {
        // Every person has a value of their own, which predicts nothing about others, so all classes
        // tie.
        let people = [0, 0, 1, 1, 2, 2, 3, 3];
        let told = tell(&[people.to_vec()], &classes(&[0, 0, 1, 1, 0, 0, 1, 1]), &people, 0.5);
        assert_eq!((told.score, told.skill, told.p), (0.5, 0.0, None));
    }

    #[test]
    fn runs_of_the_pain_study_tell_one_of_three_conditions() {
        // Run 1 is always passive; runs 3 and 7 are up or down, balanced. Recalls would be 1, .5, .5.
        // But leaving a person out tips the balance against their own label, which gives 1, 0, 0.
        let (mut column, mut labels, mut people) = (Vec::new(), Vec::new(), Vec::new());
        for person in 0..20 {
            column.extend([0, 1, 2]);
            labels.extend(if person % 2 == 0 { [0, 1, 2] } else { [0, 2, 1] });
            people.extend([person; 3]);
        }
        let told = tell(&[column], &classes(&labels), &people, 2.0);
        assert!((told.score - 1.0 / 3.0).abs() < 1e-12, "{told:?}");
    }

    #[test]
    fn numbers_are_told_from_the_mean_of_others() {
        // Two sites with means 10 and 20; each person is 1 off. For a person at 9 the mean of the others
        // is (11 + 9 + 11) / 3 = 10.333, an error of 1.333. The same applies to all eight.
        let site = vec![0, 0, 0, 0, 1, 1, 1, 1];
        let ages = TargetLabels::Values(vec![9.0, 11.0, 9.0, 11.0, 19.0, 21.0, 19.0, 21.0]);
        let told = tell(&[site], &ages, &(0..8).collect::<Vec<_>>(), 2.0);
        let left = 8.0 * (4.0f64 / 3.0).powi(2);
        let whole: f64 =
            [9.0, 11.0, 19.0, 21.0].map(|x: f64| 2.0 * ((x - 15.0) * 8.0 / 7.0).powi(2)).iter().sum();
        assert!((told.score - (1.0 - left / whole)).abs() < 1e-12, "{told:?}");
    }
}
