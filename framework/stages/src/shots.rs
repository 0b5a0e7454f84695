//! Few-shot learning: an exact number of training examples per class.

use std::collections::BTreeMap;

use boldface::{Answer, Result, seed};
use rand::seq::SliceRandom;

use super::cases::QuestionCase;

/// Selects exactly `shots` of `cases` per class, in their order. For answers other than choices,
/// selects `shots` in total.
///
/// Each class takes one scan per person, in an order shuffled by `seed`, before it takes second scans.
/// So people come before scans, and a smaller selection is part of a larger one.
///
/// # Errors
/// If a class has fewer cases. The message names `task`.
pub fn choose<'a>(
    task: &str,
    cases: Vec<QuestionCase<'a>>,
    shots: usize,
    seed: u64,
) -> Result<Vec<QuestionCase<'a>>> {
    let mut persons: Vec<String> = cases.iter().map(|case| case.scan.info.id.person()).collect();
    persons.sort_unstable();
    persons.dedup();
    persons.shuffle(&mut seed::stream(seed, "shots"));
    let turn: BTreeMap<&str, usize> =
        persons.iter().enumerate().map(|(turn, person)| (&**person, turn)).collect();

    let mut classes: BTreeMap<(&[String], usize), Vec<usize>> = BTreeMap::new();
    for (place, case) in cases.iter().enumerate() {
        let (options, class) = match &case.example.answer {
            Answer::Choice { options, correct } => (&options[..], *correct),
            _ => (&[][..], 0),
        };
        // Also adds classes without a scan, which then have too few.
        for class in 0..options.len() {
            classes.entry((options, class)).or_default();
        }
        classes.entry((options, class)).or_default().push(place);
    }
    let mut chosen = Vec::new();
    for ((options, class), places) in classes {
        if places.len() < shots {
            let of = options.get(class).map_or(String::new(), |class| format!(" of class `{class}`"));
            let n = places.len();
            return Err(format!(
                "`tasks.{task}.shots` asks for {shots} training examples{of}, but there are {n}; lower it"
            )
            .into());
        }
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut order: Vec<(usize, usize, usize)> = Vec::new();
        for place in places {
            let person = cases[place].scan.info.id.person();
            let nth = seen.entry(person.clone()).or_default();
            order.push((*nth, turn[&*person], place));
            *nth += 1;
        }
        order.sort_unstable();
        chosen.extend(order.into_iter().take(shots).map(|(_, _, place)| place));
    }
    chosen.sort_unstable();
    let mut cases: Vec<Option<QuestionCase<'a>>> = cases.into_iter().map(Some).collect();
    Ok(chosen.into_iter().filter_map(|place| cases[place].take()).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use boldface::{Example, Regions, Scan, ScanId, ScanInfo, TimeSeries, Window};

    use super::*;

    /// Two scans per person of twelve people. Three in four are of class 0.
    fn scans() -> Vec<Scan> {
        let scan = |i: usize| {
            let id = ScanId {
                dataset: "d".into(),
                subject: format!("{:02}", i / 2),
                session: None,
                task: None,
                run: Some((i % 2).to_string()),
                others: None,
                by_run: false,
            };
            Scan {
                info: Arc::new(ScanInfo {
                    id,
                    tr: 2.0,
                    trs: 1,
                    rois: 1,
                    phenotype: BTreeMap::new(),
                    events: Vec::new(),
                    cuts: Vec::new(),
                }),
                series: TimeSeries::new(1, 1, 2.0, vec![0.0]).unwrap(),
                regions: Arc::new(Regions { names: vec!["a".into()], networks: vec!["b".into()] }),
                descriptors: Vec::new(),
            }
        };
        (0..24).map(scan).collect()
    }

    fn cases(scans: &[Scan]) -> Vec<QuestionCase<'_>> {
        let case = |(i, scan)| {
            let correct = usize::from(i % 8 > 5);
            let answer = Answer::Choice { options: vec!["no".into(), "yes".into()], correct };
            QuestionCase { scan, example: Example { window: Window::first(1), question: "?".into(), answer } }
        };
        scans.iter().enumerate().map(case).collect()
    }

    fn chosen(shots: usize, seed: u64) -> Vec<(String, usize)> {
        let scans = scans();
        let chosen = choose("t", cases(&scans), shots, seed).unwrap();
        let told = |case: &QuestionCase<'_>| match &case.example.answer {
            Answer::Choice { correct, .. } => (case.scan.info.id.to_string(), *correct),
            _ => unreachable!(),
        };
        chosen.iter().map(told).collect()
    }

    #[test]
    fn exactly_k_a_class_nested_and_people_first() {
        for seed in 0..20 {
            let mut before = BTreeSet::new();
            for shots in 1..=6 {
                let now = chosen(shots, seed);
                for class in 0..2 {
                    assert_eq!(now.iter().filter(|(_, of)| *of == class).count(), shots);
                }
                let now: BTreeSet<String> = now.into_iter().map(|(id, _)| id).collect();
                assert!(now.is_superset(&before), "{shots} shots");
                before = now;
            }
            // In class 1, three people have two scans each: three shots are three people.
            let people: BTreeSet<String> = chosen(3, seed)
                .into_iter()
                .filter(|(_, class)| *class == 1)
                .map(|(id, _)| id[..8].to_owned())
                .collect();
            assert_eq!(people.len(), 3, "{people:?}");
        }
        assert_ne!(chosen(2, 0), chosen(2, 1));
    }

    #[test]
    fn too_few_are_an_error_and_numbers_are_counted_in_all() {
        let scans = scans();
        let error = choose("sex", cases(&scans), 7, 0).unwrap_err().to_string();
        assert_eq!(
            error,
            "`tasks.sex.shots` asks for 7 training examples of class `yes`, but there are 6; lower it"
        );
        let number = |case: QuestionCase<'_>| {
            let answer = Answer::Value { value: 1.0, unit: String::new(), edges: Vec::new() };
            choose("age", vec![QuestionCase { example: Example { answer, ..case.example }, ..case }; 5], 3, 0)
                .unwrap()
                .len()
        };
        assert_eq!(number(cases(&scans).remove(0)), 3);
        let lacking: Vec<QuestionCase<'_>> = cases(&scans).into_iter().take(4).collect();
        assert!(
            choose("sex", lacking, 1, 0).unwrap_err().to_string().contains("class `yes`, but there are 0")
        );
    }
}
