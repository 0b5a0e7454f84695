//! Descriptors of a scan as numbers. Their baseline shows how much of a target they explain alone.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Answer, Fact};

use crate::cases::QuestionCase;

/// A corpus and one of its features.
type Told<'a> = (&'a str, &'a str);

/// The columns of the training scans' facts. They describe the whole scan, so they are not used for
/// questions about a part, which would be answered from volumes that are not shown.
#[derive(Debug, PartialEq)]
pub struct FactColumns<'a> {
    columns: Vec<(Told<'a>, Column<'a>)>,
}

#[derive(Debug, PartialEq)]
enum Column<'a> {
    /// The fact's value.
    Number,
    /// One 0/1 column per band, for a fact without a number: `female`, `male`.
    Bands(BTreeSet<&'a str>),
}

impl<'a> FactColumns<'a> {
    /// Collects the training scans' features from `corpora`, except those that equal the answer.
    pub fn collect(train: &[QuestionCase<'a>], corpora: &[&str]) -> FactColumns<'a> {
        let mut columns: BTreeMap<Told<'a>, Column<'a>> = BTreeMap::new();
        let mut gives_away: BTreeMap<Told<'a>, bool> = BTreeMap::new();
        for case in train {
            let told = case.scan.descriptors.iter().map(|said| (said.corpus.as_str(), &said.fact));
            for (corpus, fact) in told.filter(|(corpus, _)| corpora.contains(corpus)) {
                let key = (corpus, fact.feature.as_str());
                if fact.value.is_none() && fact.reason.is_some() {
                    continue;
                }
                *gives_away.entry(key).or_insert(true) &= is_answer(fact, &case.example.answer);
                let column = columns.entry(key).or_insert(Column::Bands(BTreeSet::new()));
                match column {
                    // One number is enough to make a column numeric; the remaining values are missing.
                    _ if fact.value.is_some() => *column = Column::Number,
                    Column::Bands(bands) => drop(bands.insert(&fact.band)),
                    Column::Number => {}
                }
            }
        }
        let is_asked = |key: &Told<'_>| gives_away.get(key).copied().unwrap_or(false);
        let kept = columns.into_iter().filter(|(key, _)| !is_asked(key));
        FactColumns { columns: kept.collect() }
    }

    /// Whether there are no features.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Returns the features of a scan in the order of the columns. NaN if the scan lacks the fact, the
    /// fact has no value, or no training scan has its band.
    pub fn features(&self, case: &QuestionCase<'_>) -> Vec<f32> {
        let said = case.scan.descriptors.iter();
        let facts: BTreeMap<Told<'_>, &Fact> =
            said.map(|said| ((said.corpus.as_str(), said.fact.feature.as_str()), &said.fact)).collect();
        let mut features = Vec::new();
        for (key, column) in &self.columns {
            let fact = facts.get(key);
            match column {
                Column::Number => {
                    features.push(fact.and_then(|fact| fact.value).map_or(f32::NAN, |value| value as f32));
                }
                Column::Bands(bands) => {
                    let own = fact.map(|fact| fact.band.as_str()).filter(|own| bands.contains(own));
                    let of = |band: &&str| own.map_or(f32::NAN, |own| f32::from(u8::from(own == *band)));
                    features.extend(bands.iter().map(of));
                }
            }
        }
        features
    }
}

/// Whether a fact equals the answer, so that its baseline would be trivial.
fn is_answer(fact: &Fact, answer: &Answer) -> bool {
    match answer {
        Answer::Choice { options, correct } => options.get(*correct).is_some_and(|right| {
            *right == fact.band || fact.value.is_some_and(|value| right.trim().parse() == Ok(value))
        }),
        Answer::Value { value, .. } => fact.value == Some(*value),
        Answer::Text { .. } | Answer::Series { .. } | Answer::Band { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use boldface::{Descriptor, Example, Regions, Scan, ScanId, ScanInfo, TimeSeries, Window, scores, seed};
    use rand::RngExt;
    use rand::seq::SliceRandom;

    use super::*;
    use crate::linear;

    fn number(feature: &str, value: Option<f64>) -> (&'static str, Fact) {
        let reason = value.is_none().then(|| "too many regions have no signal".to_owned());
        ("graph", Fact { feature: feature.into(), value, band: "typical".into(), reason, ..Fact::default() })
    }

    fn band(feature: &str, band: &str) -> (&'static str, Fact) {
        ("people", Fact { feature: feature.into(), band: band.into(), ..Fact::default() })
    }

    fn scan(subject: usize, facts: Vec<(&str, Fact)>) -> Scan {
        let id = ScanId {
            dataset: "d".into(),
            subject: format!("{subject:03}"),
            session: None,
            task: None,
            run: None,
            others: None,
            by_run: false,
        };
        let said = |(corpus, fact): (&str, Fact)| Descriptor {
            corpus: corpus.into(),
            ..Descriptor::new(&id, String::new(), fact)
        };
        let descriptors = facts.into_iter().map(said).collect();
        let phenotype = BTreeMap::new();
        let info = ScanInfo { id, tr: 2.0, trs: 2, rois: 1, phenotype, events: Vec::new(), cuts: Vec::new() };
        let series = TimeSeries::new(2, 1, 2.0, vec![0.0, 1.0]).unwrap();
        let regions = Arc::new(Regions { names: vec!["a".into()], networks: vec!["A".into()] });
        Scan { info: Arc::new(info), series, regions, descriptors }
    }

    fn asked(scan: &Scan, correct: usize) -> QuestionCase<'_> {
        let options = ["female", "male"].map(str::to_owned).to_vec();
        let answer = Answer::Choice { options, correct };
        QuestionCase { scan, example: Example { window: Window::first(2), question: String::new(), answer } }
    }

    #[test]
    fn numbers_and_bands_are_columns_and_what_is_missing_is_nan() {
        let scans = [
            scan(0, vec![number("modularity", Some(0.5)), number("dead", None), band("hand", "left")]),
            scan(1, vec![number("modularity", None), number("dead", None), band("hand", "right")]),
            scan(2, vec![band("hand", "both"), number("new", Some(1.0))]),
        ];
        let train: Vec<QuestionCase<'_>> = scans[..2].iter().map(|scan| asked(scan, 0)).collect();
        let facts = FactColumns::collect(&train, &["graph", "people"]);
        // `modularity`, no column of `dead`, then `left` and `right`.
        assert_eq!(facts.features(&train[0]), [0.5, 1.0, 0.0]);
        let second = facts.features(&train[1]);
        assert!(second[0].is_nan());
        assert_eq!(second[1..], [0.0, 1.0]);
        assert!(facts.features(&asked(&scans[2], 0)).iter().all(|value| value.is_nan()));
        let of_graphs = FactColumns::collect(&train, &["graph"]);
        assert_eq!(of_graphs.features(&train[0]), [0.5]);
        assert!(FactColumns::collect(&train, &[]).is_empty());
    }

    #[test]
    fn what_is_asked_for_is_no_fact_about_it() {
        let sexes = ["female", "male", "female"];
        let scans: Vec<Scan> =
            (0..3).map(|i| scan(i, vec![band("sex", sexes[i]), band("hand", "left")])).collect();
        let correct = |place: usize| usize::from(sexes[place] == "male");
        let train: Vec<QuestionCase<'_>> =
            scans.iter().enumerate().map(|(place, scan)| asked(scan, correct(place))).collect();
        let facts = FactColumns::collect(&train, &["people"]);
        assert_eq!(facts.features(&train[0]), [1.0], "`hand` alone");

        let ages: Vec<Scan> = (0..3).map(|i| scan(i, vec![number("age", Some(20.0 + i as f64))])).collect();
        let value = |place: usize| 20.0 + place as f64;
        let of_age = |(place, scan)| {
            let answer = Answer::Value { value: value(place), unit: "years".into(), edges: Vec::new() };
            QuestionCase {
                scan,
                example: Example { window: Window::first(2), question: String::new(), answer },
            }
        };
        let train: Vec<QuestionCase<'_>> = ages.iter().enumerate().map(of_age).collect();
        assert!(FactColumns::collect(&train, &["graph"]).is_empty());
    }

    /// Returns the AUROC of 40 test scans of 20 people after 80 training scans, with labels in order or
    /// shuffled.
    fn auroc(effect: f64, draw: u64, is_shuffled: bool) -> f64 {
        let mut rng = seed::stream(draw, "test");
        let planted = |place: usize| usize::from(place % 4 < 2);
        let scans: Vec<Scan> = (0..120)
            .map(|place| {
                let noise: Vec<(&str, Fact)> =
                    (0..20).map(|i| number(&format!("noise-{i}"), Some(rng.random()))).collect();
                let value = rng.random::<f64>() + effect * planted(place) as f64;
                // A tenth of the scans have no value.
                let value = (rng.random::<f64>() > 0.1).then_some(value);
                scan(place / 2, [vec![number("modularity", value)], noise].concat())
            })
            .collect();
        let mut labels: Vec<usize> = (0..120).map(planted).collect();
        if is_shuffled {
            labels.shuffle(&mut rng);
        }
        let cases: Vec<QuestionCase<'_>> =
            scans.iter().zip(&labels).map(|(scan, label)| asked(scan, *label)).collect();
        let facts = FactColumns::collect(&cases[..80], &["graph"]);
        let featured: Vec<linear::Featured<'_>> =
            cases.iter().map(|case| (case, facts.features(case))).collect();
        let predicted = linear::predict(&featured[..80], &featured[80..], 0, &mut || Ok(())).unwrap();
        let of_male = predicted.iter().map(|prediction| match prediction {
            boldface::Prediction::Choice { probabilities } => probabilities[1],
            _ => f64::NAN,
        });
        let positive: Vec<bool> = labels[80..].iter().map(|label| *label == 1).collect();
        scores::auroc(&positive, &of_male.collect::<Vec<_>>())
    }

    #[test]
    fn a_planted_effect_is_found_and_shuffled_labels_are_at_chance() {
        let found = auroc(1.0, 1, false);
        assert!(found > 0.85, "{found}");
        // The SD of an AUROC with 20 and 20 scans is sqrt(41 / 4800) = 0.092, of the mean of ten 0.029.
        let mean = (0..10).map(|draw| auroc(1.0, draw, true)).sum::<f64>() / 10.0;
        assert!((mean - 0.5).abs() < 3.0 * 0.029, "{mean}");
    }
}
