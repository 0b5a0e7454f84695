//! The form of a task's answers, from scan labels alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{Answer, Band, Cohort, Descriptor, Example, Fact, FactQuestion, Scan, ScanId, Task, guard};
use serde_json::Value;

use crate::leak::strings;
use crate::silent::silent;
use crate::spec::Crop;
use crate::study::AnswerForm;

/// Answers that a task's scan labels give, before any volume is read.
pub(super) struct LabelAnswers {
    pub(super) form: Option<AnswerForm>,
    /// The first example of the longest scan.
    pub(super) example: Option<Example>,
    /// Number of scans of the rarest class, and its name.
    pub(super) rarest: Option<(usize, String)>,
    /// Options of the first choice.
    pub(super) options: Vec<String>,
    /// The most regions that a dataset has.
    pub(super) rois: usize,
}

impl LabelAnswers {
    /// Asks a task for its examples of scans without signal. One scan shows the form of the answers; all
    /// scans are needed to count shots. `asked` says whether facts have questions.
    pub(super) fn collect(
        task: &dyn Task,
        shots: Option<usize>,
        asked: bool,
        crop: Crop,
        cohorts: &[Arc<Cohort>],
    ) -> LabelAnswers {
        let features = features(&task.resolved());
        let (mut form, mut first_example) = (None, None);
        let mut classes = BTreeMap::<String, usize>::new();
        let mut first = Vec::new();
        let regions: Vec<_> = cohorts.iter().map(|cohort| Arc::new(cohort.regions.clone())).collect();
        let scans = cohorts.iter().zip(&regions);
        let mut scans: Vec<_> = scans
            .flat_map(|(cohort, regions)| cohort.scans.iter().map(move |info| (info, regions)))
            .collect();
        // The longest scan first: its questions show most.
        scans.sort_by_key(|(info, _)| std::cmp::Reverse(crop.kept(info.trs)));
        for (info, regions) in scans {
            let Ok(scan) = silent(info, regions, crop.kept(info.trs)) else { continue };
            let descriptors =
                features.iter().map(|feature| something_said(&info.id, feature, asked)).collect();
            let scan = Scan { descriptors, ..scan };
            // The task itself reports bad labels elsewhere.
            for example in guard(|| task.examples(&scan)).unwrap_or_default() {
                form.get_or_insert_with(|| AnswerForm::from_answer(&example.answer));
                first_example.get_or_insert_with(|| example.clone());
                if let Answer::Choice { options, correct } = &example.answer {
                    if first.is_empty() {
                        first.clone_from(options);
                    }
                    for option in options {
                        classes.entry(option.clone()).or_default();
                    }
                    if let Some(option) = options.get(*correct) {
                        *classes.entry(option.clone()).or_default() += 1;
                    }
                }
            }
            if form.is_some() && shots.is_none() {
                break;
            }
        }
        let rarest = classes.into_iter().map(|(class, n)| (n, class)).min();
        let rois = cohorts.iter().map(|cohort| cohort.regions.names.len()).max().unwrap_or_default();
        LabelAnswers { form, example: first_example, rarest, options: first, rois }
    }

    /// Returns the first answer.
    pub(super) fn answer(&self) -> Option<&Answer> {
        self.example.as_ref().map(|example| &example.answer)
    }
}

/// Returns names of features such that every pattern in a task's table matches one: only a fitted corpus
/// knows the real ones.
fn features(table: &Value) -> Vec<String> {
    let mut patterns = vec!["*".to_owned()];
    strings(table, &mut patterns);
    patterns.iter().map(|pattern| pattern.replace('*', "any")).collect()
}

/// Returns a description without words, so that a task about descriptions shows the form of its answers.
fn something_said(scan: &ScanId, feature: &str, asked: bool) -> Descriptor {
    let band = |name: &str, z: f64| Band { name: name.to_owned(), z };
    let bands = vec![band("lower", -1.0), band("typical", 0.0), band("higher", 1.0)];
    let feature = feature.to_owned();
    let wordings = vec![format!("How is {feature}?")];
    let question = FactQuestion { feature: feature.clone(), wordings, bands };
    let fact = Fact { feature, z: Some(0.0), band: "typical".to_owned(), ..Fact::default() };
    Descriptor { question: asked.then(|| Arc::new(question)), ..Descriptor::new(scan, String::new(), fact) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn something_is_said_of_every_feature_that_a_task_asks_for() {
        let table = json!({ "features": ["coupling.*", "*.Vis-*", "strength.Vis"], "facts": 3 });
        let names = features(&table);
        for pattern in ["*", "coupling.*", "*.Vis-*", "strength.Vis"] {
            assert!(names.iter().any(|name| FactQuestion::is_named(pattern, name)), "{pattern}: {names:?}");
        }
        assert_eq!(features(&json!({ "features": [] })), ["any"]);
    }

    #[test]
    fn what_is_said_is_asked_for_where_there_is_a_corpus() {
        let scan = ScanId::new("d", "1");
        let said = something_said(&scan, "coupling.any", true);
        let question = said.question.expect("a corpus asks for its facts");
        assert_eq!(question.feature, said.fact.feature);
        assert!(said.fact.z.is_some() && said.fact.band_index(&question.bands).is_ok());
        assert!(!question.wordings.is_empty());
        assert_eq!(something_said(&scan, "coupling.any", false).question, None);
    }
}
