//! Controls: the same questions with something other than the scan, which show what a score is based
//! on.

use std::collections::BTreeMap;

use boldface::{Prediction, Result, ScanId, Window, seed};
use rand::RngExt;
use rand::seq::SliceRandom;

use super::super::cases::QuestionCase;
use super::super::packing::extent;
use super::super::windows::ScanWindow;
use crate::score::{SHUFFLED, SURROGATE, SWAP, TEXT_ONLY, VALUES};

/// The input shown with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ShownInput {
    /// The question's own window.
    Scan,
    /// The window with its volumes in random order, which keeps connectivity and destroys temporal
    /// order.
    Shuffled,
    /// The window with random phases, which keeps each region's spectrum and destroys connectivity.
    Surrogate,
    /// The same window of other people's scans.
    Swap,
    /// The question alone.
    Nothing,
    /// The scan's facts as numbers.
    Values,
}

/// The controls and their inputs, hardest to beat first.
pub(super) const CONTROLS: [(&str, ShownInput); 5] = [
    (VALUES, ShownInput::Values),
    (SHUFFLED, ShownInput::Shuffled),
    (SURROGATE, ShownInput::Surrogate),
    (SWAP, ShownInput::Swap),
    (TEXT_ONLY, ShownInput::Nothing),
];

/// Number of stand-ins per person. A single other scan would be a coin toss; three cost three passes
/// over the questions.
const STAND_INS: usize = 3;

/// For each question's window, the windows of other people that replace it.
#[derive(Debug, Default)]
pub(super) struct StandIns(BTreeMap<(ScanId, Window), Vec<ScanWindow>>);

impl StandIns {
    /// Chooses stand-ins for each window among the other people in the same part, at most three. Takes
    /// one random scan per person that is long enough. Its window starts at the same volume, or earlier
    /// if the scan is too short for that.
    pub fn add(&mut self, cases: &[QuestionCase<'_>], patch: usize, seed: u64) -> Result<()> {
        let mut people: BTreeMap<String, BTreeMap<&ScanId, usize>> = BTreeMap::new();
        for case in cases {
            let id = &case.scan.info.id;
            people.entry(id.person()).or_default().insert(id, case.scan.series.trs());
        }
        for case in cases {
            let id = &case.scan.info.id;
            let (window, _) = extent(&case.example, patch)?;
            let mut rng = seed::stream(seed, &format!("swap.{id}.{}", window.start));
            let mut others: Vec<Vec<(&ScanId, usize)>> = Vec::new();
            for (_, scans) in people.iter().filter(|(person, _)| **person != id.person()) {
                let long = scans.iter().filter(|(_, trs)| **trs >= window.trs);
                let long: Vec<(&ScanId, usize)> = long.map(|(id, trs)| (*id, *trs)).collect();
                others.extend((!long.is_empty()).then_some(long));
            }
            others.shuffle(&mut rng);
            let mut places = Vec::new();
            for scans in others.iter().take(STAND_INS) {
                let (other, trs) = scans[rng.random_range(0..scans.len())];
                let start = window.start.min(trs - window.trs);
                places.push((other.clone(), Window { start, ..window }, 0));
            }
            self.0.insert((id.clone(), window), places);
        }
        Ok(())
    }

    /// Returns the stand-ins of a window. Empty if nobody has a scan that is long enough.
    pub fn windows_for(&self, id: &ScanId, window: Window) -> &[ScanWindow] {
        self.0.get(&(id.clone(), window)).map_or(&[], Vec::as_slice)
    }

    /// Whether every question's window has a stand-in.
    pub fn are_complete(&self, cases: &[QuestionCase<'_>], patch: usize) -> Result<bool> {
        for case in cases {
            if self.windows_for(&case.scan.info.id, extent(&case.example, patch)?.0).is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Averages the answers to one question for several scans: probabilities, numbers or volumes.
///
/// # Errors
/// If there are no answers, or several texts, which have no mean.
pub(super) fn mean(mut answers: Vec<Prediction>) -> Result<Prediction> {
    let n = answers.len();
    let first = if n == 0 { return Err("there is no answer to average".into()) } else { answers.remove(0) };
    if n == 1 {
        return Ok(first);
    }
    match first {
        Prediction::Choice { mut probabilities } => {
            for answer in answers {
                let Prediction::Choice { probabilities: others } = answer else { return Err(mixed()) };
                probabilities.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
            }
            probabilities.iter_mut().for_each(|share| *share /= n as f64);
            Ok(Prediction::Choice { probabilities })
        }
        Prediction::Value { mut value } => {
            for answer in answers {
                let Prediction::Value { value: other } = answer else { return Err(mixed()) };
                value += other;
            }
            Ok(Prediction::Value { value: value / n as f64 })
        }
        Prediction::Series { predicted, actual } => {
            let mut sums: Vec<f64> = predicted.values().iter().copied().map(f64::from).collect();
            for answer in answers {
                let Prediction::Series { predicted, .. } = answer else { return Err(mixed()) };
                sums.iter_mut().zip(predicted.values()).for_each(|(sum, &other)| *sum += f64::from(other));
            }
            let means = sums.into_iter().map(|sum| (sum / n as f64) as f32).collect();
            Ok(Prediction::Series { predicted: predicted.with_values(means)?, actual })
        }
        Prediction::Text { .. } | Prediction::Open { .. } => Err(mixed()),
    }
}

fn mixed() -> boldface::Error {
    "texts, or answers of several kinds, have no mean".into()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use boldface::{Answer, Example, Scan, ScanInfo, TimeSeries, testing};

    use super::*;

    fn scan(subject: &str, run: &str, trs: usize) -> Scan {
        let made = testing::scan(subject, &[]);
        let id = ScanId { run: Some(run.into()), ..made.info.id.clone() };
        let series = TimeSeries::new(trs, 1, 2.0, vec![0.0; trs]).unwrap();
        Scan { info: Arc::new(ScanInfo { id, trs, ..(*made.info).clone() }), series, ..made }
    }

    fn case(scan: &Scan, start: usize) -> QuestionCase<'_> {
        let answer = Answer::Choice { options: vec!["no".into(), "yes".into()], correct: 0 };
        let window = Window { start, trs: 20 };
        QuestionCase { scan, example: Example { window, question: "?".into(), answer } }
    }

    fn chosen(scans: &[Scan], start: usize, seed: u64) -> StandIns {
        let cases: Vec<QuestionCase<'_>> = scans.iter().map(|scan| case(scan, start)).collect();
        let mut stand_ins = StandIns::default();
        stand_ins.add(&cases, 10, seed).unwrap();
        stand_ins
    }

    #[test]
    fn three_others_stand_in_for_each_and_never_oneself() {
        let mut scans = Vec::new();
        for subject in ["1", "2", "3", "4", "5"] {
            scans.extend([scan(subject, "1", 60), scan(subject, "2", 60)]);
        }
        let window = Window { start: 30, trs: 20 };
        let (one, same, other) = (chosen(&scans, 30, 1), chosen(&scans, 30, 1), chosen(&scans, 30, 2));
        for scan in &scans {
            let id = &scan.info.id;
            let people: std::collections::BTreeSet<String> =
                one.windows_for(id, window).iter().map(|(other, ..)| other.person()).collect();
            assert_eq!(people.len(), 3, "three people, each once");
            assert!(!people.contains(&id.person()));
            assert!(
                one.windows_for(id, window)
                    .iter()
                    .all(|(_, shown, horizon)| (*shown, *horizon) == (window, 0))
            );
            assert_eq!(one.windows_for(id, window), same.windows_for(id, window));
        }
        assert!(scans.iter().any(|scan| {
            one.windows_for(&scan.info.id, window) != other.windows_for(&scan.info.id, window)
        }));
    }

    #[test]
    fn a_shorter_scan_ends_with_the_window_and_one_that_is_too_short_is_no_stand_in() {
        // Volumes 30 to 50 of a scan of 60. Of a scan of 45 the last 20 volumes; a scan of 15 is too
        // short.
        let scans = [scan("1", "1", 60), scan("2", "1", 45), scan("3", "1", 15)];
        let cases = [case(&scans[0], 30)];
        let mut stand_ins = StandIns::default();
        let mut all: Vec<QuestionCase<'_>> = scans[1..].iter().map(|scan| case(scan, 0)).collect();
        all.push(cases[0].clone());
        stand_ins.add(&all, 10, 0).unwrap();
        let window = Window { start: 30, trs: 20 };
        let expected = [(scans[1].info.id.clone(), Window { start: 25, trs: 20 }, 0)];
        assert_eq!(stand_ins.windows_for(&scans[0].info.id, window), expected);
        assert!(stand_ins.are_complete(&cases, 10).unwrap());
    }

    #[test]
    fn a_lone_person_has_no_stand_in() {
        let scans = [scan("1", "1", 60), scan("1", "2", 60)];
        let cases: Vec<QuestionCase<'_>> = scans.iter().map(|scan| case(scan, 0)).collect();
        assert!(!chosen(&scans, 0, 0).are_complete(&cases, 10).unwrap());
    }

    #[test]
    fn answers_are_averaged_by_hand() {
        let choice = |yes: f64| Prediction::Choice { probabilities: vec![1.0 - yes, yes] };
        // (0.75 + 0.25 + 0.5) / 3
        assert_eq!(mean(vec![choice(0.75), choice(0.25), choice(0.5)]).unwrap(), choice(0.5));
        let value = |value: f64| Prediction::Value { value };
        assert_eq!(mean(vec![value(20.0), value(50.0)]).unwrap(), value(35.0));
        let series = |predicted: f32, actual: f32| {
            let of = |value: f32| TimeSeries::new(1, 2, 2.0, vec![value, 0.0]).unwrap();
            Prediction::Series { predicted: of(predicted), actual: of(actual) }
        };
        assert_eq!(mean(vec![series(1.0, 9.0), series(4.0, 9.0)]).unwrap(), series(2.5, 9.0));
        let text = || Prediction::Open { text: "yes".into(), named: Some(1) };
        assert_eq!(mean(vec![text()]).unwrap(), text());
        assert!(mean(vec![text(), text()]).is_err() && mean(Vec::new()).is_err());
        assert!(mean(vec![choice(0.5), value(1.0)]).is_err());
    }
}
