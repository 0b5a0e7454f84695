//! Statistical power of a task's test part: the smallest effect that its subjects can distinguish from
//! chance, with 80% power in a two-sided test at 5%.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Answer, ScanId, scores};

/// An AUROC that a test part should be able to distinguish from 0.5.
const AUROC: f64 = 0.7;

/// A correlation that a test part should be able to distinguish from 0. About as large an effect as
/// [`AUROC`].
const CORRELATION: f64 = 0.35;

/// The subjects behind one task's answers on one part.
#[derive(Clone, Debug, PartialEq)]
pub struct Power {
    /// Name of the task's table in the spec.
    pub task: String,
    /// Number of subjects. Scans of one subject are not independent and count once.
    pub subjects: usize,
    /// The form of their answers, with the counts that power depends on.
    pub form: AnswerScale,
}

/// The form of a task's answers, which decides the test.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswerScale {
    /// Choices.
    Classes {
        /// Each class with the number of subjects that have a scan of it and of subjects that have a
        /// scan of another class.
        counts: Vec<(String, usize, usize)>,
        /// Accuracy of always choosing the most common class.
        majority: f64,
    },
    /// Numbers.
    Values,
    /// Texts and series, which have no chance level.
    Other,
}

impl Power {
    /// Computes the power of one task from its answers. `None` without answers.
    pub fn compute<'a>(task: &str, answers: impl Iterator<Item = (&'a ScanId, &'a Answer)>) -> Option<Power> {
        let (mut persons, mut of_class, mut examples) =
            (BTreeSet::new(), BTreeMap::<&str, BTreeSet<String>>::new(), BTreeMap::<&str, usize>::new());
        let mut classes: Vec<(String, &str)> = Vec::new();
        let mut form = None;
        for (scan, answer) in answers {
            let person = scan.person();
            form = Some(match answer {
                Answer::Choice { options, correct } => {
                    for option in options {
                        examples.entry(option).or_default();
                    }
                    if let Some(class) = options.get(*correct) {
                        of_class.entry(class).or_default().insert(person.clone());
                        *examples.entry(class).or_default() += 1;
                        classes.push((person.clone(), class));
                    }
                    AnswerScale::Classes { counts: Vec::new(), majority: 0.0 }
                }
                Answer::Value { .. } => AnswerScale::Values,
                Answer::Text { .. } | Answer::Series { .. } | Answer::Band { .. } => AnswerScale::Other,
            });
            persons.insert(person);
        }
        let mut form = form?;
        if let AnswerScale::Classes { counts, majority } = &mut form {
            for class in examples.keys() {
                let with = of_class.get(class).map_or(0, BTreeSet::len);
                let others = classes.iter().filter(|(_, other)| other != class);
                let without = others.map(|(person, _)| person).collect::<BTreeSet<_>>().len();
                counts.push(((*class).to_owned(), with, without));
            }
            let total: usize = examples.values().sum();
            *majority = examples.values().max().map_or(f64::NAN, |most| *most as f64 / total as f64);
        }
        Some(Power { task: task.to_owned(), subjects: persons.len(), form })
    }

    /// Returns the smallest detectable AUROC of the class that is hardest to tell from the rest. `None`
    /// for other forms, or if no AUROC can be distinguished from chance.
    pub fn auroc(&self) -> Option<f64> {
        let AnswerScale::Classes { counts, .. } = &self.form else { return None };
        let each = counts.iter().map(|(_, with, without)| scores::detectable_auroc(*with, *without));
        each.collect::<Option<Vec<f64>>>()?.into_iter().reduce(f64::max)
    }

    /// Returns the smallest accuracy that can be distinguished from the majority's.
    pub fn accuracy(&self) -> Option<f64> {
        let AnswerScale::Classes { majority, .. } = &self.form else { return None };
        scores::detectable_accuracy(self.subjects, *majority)
    }

    /// Returns the smallest correlation that can be distinguished from 0. `None` for other forms.
    pub fn correlation(&self) -> Option<f64> {
        (self.form == AnswerScale::Values).then(|| scores::detectable_correlation(self.subjects)).flatten()
    }

    /// Returns a warning if the subjects are too few to support a claim. It contains a placeholder that
    /// [`Unit::worded`](crate::spec::Unit) replaces by the noun.
    pub fn caution(&self) -> Option<String> {
        let (effect, found, wanted, needed) = match &self.form {
            AnswerScale::Other => return None,
            AnswerScale::Classes { .. } => {
                let each =
                    scores::subjects_for_auroc(AUROC).map(|n| format!("{n} {{subject}}s of each class"));
                ("AUROC", self.auroc(), AUROC, each.unwrap_or_default())
            }
            AnswerScale::Values => {
                let enough =
                    (4..).find(|&n| scores::detectable_correlation(n).is_some_and(|r| r <= CORRELATION));
                (
                    "correlation",
                    self.correlation(),
                    CORRELATION,
                    format!("{} {{subject}}s", enough.unwrap_or_default()),
                )
            }
        };
        if found.is_some_and(|found| found <= wanted) {
            return None;
        }
        let counts = match &self.form {
            AnswerScale::Classes { counts, .. } => {
                let each: Vec<String> =
                    counts.iter().map(|(class, with, _)| format!("{with} with `{class}`")).collect();
                format!(" ({})", each.join(", "))
            }
            _ => String::new(),
        };
        let can = match found {
            Some(found) => format!("tell {} {effect} from chance only from {found:.2} on", article(effect)),
            None => format!("tell no {effect} from chance"),
        };
        let noun = if self.subjects == 1 { "{subject}" } else { "{subject}s" };
        Some(format!(
            "{}: {} test {noun}{counts} can {can} (80% power, two-sided 5% level); {wanted:.2} needs {needed}",
            self.task, self.subjects
        ))
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with('A') { "an" } else { "a" }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn id(subject: usize, run: usize) -> ScanId {
        let run = Some(run.to_string());
        ScanId { run, ..ScanId::new("d", subject.to_string()) }
    }

    fn choice(correct: usize) -> Answer {
        Answer::Choice { options: vec!["up".into(), "down".into()], correct }
    }

    fn power(answers: &[(ScanId, Answer)]) -> Power {
        Power::compute("condition", answers.iter().map(|(id, answer)| (id, answer))).unwrap()
    }

    #[test]
    fn subjects_count_and_scans_do_not() {
        // Five subjects with two scans of each class: 5 of each, not 10.
        let within: Vec<_> = (0..20).map(|i| (id(i / 4, i % 4), choice(i % 2))).collect();
        let of_people = power(&within);
        assert_eq!(of_people.subjects, 5);
        let counts = vec![("down".to_owned(), 5, 5), ("up".to_owned(), 5, 5)];
        assert_eq!(of_people.form, AnswerScale::Classes { counts, majority: 0.5 });
        expect!["condition: 5 test {subject}s (5 with `down`, 5 with `up`) can tell an AUROC from chance only from 0.94 on (80% power, two-sided 5% level); 0.70 needs 32 {subject}s of each class"]
            .assert_eq(&of_people.caution().unwrap());
        let between: Vec<_> = (0..80).map(|i| (id(i, 0), choice(i % 2))).collect();
        assert_eq!(power(&between).caution(), None);
        let few: Vec<_> = (0..4).map(|i| (id(i, 0), choice(i % 2))).collect();
        expect!["condition: 4 test {subject}s (2 with `down`, 2 with `up`) can tell no AUROC from chance (80% power, two-sided 5% level); 0.70 needs 32 {subject}s of each class"]
            .assert_eq(&power(&few).caution().unwrap());
    }

    #[test]
    fn numbers_are_tested_by_correlation() {
        let value = Answer::Value { value: 1.0, unit: "years".into(), edges: Vec::new() };
        let answers: Vec<_> = (0..20).map(|i| (id(i, 0), value.clone())).collect();
        expect!["condition: 20 test {subject}s can tell a correlation from chance only from 0.59 on (80% power, two-sided 5% level); 0.35 needs 62 {subject}s"]
            .assert_eq(&power(&answers).caution().unwrap());
        assert_eq!(Power::compute("x", std::iter::empty()), None);
    }
}
