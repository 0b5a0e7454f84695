//! Logistic regression on functional connectivity: the standard baseline for a model to beat.

use std::collections::BTreeMap;

use boldface::{Result, TimeSeries, scores, seed};
use boldface_features::{fc, fisher_z};
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::logistic::Logistic;
use super::span::TrainingSpan;

/// Strengths to try, strongest penalty first.
const STRENGTHS: [f64; 6] = [0.01, 0.1, 1.0, 10.0, 100.0, 1000.0];

/// Folds of the training subjects for choosing the penalty.
pub const FOLDS: usize = 5;

/// Called after every fold and after the last fit, at most [`FOLDS`] + 1 times. An error stops the fit.
pub type FitProgress<'a> = &'a mut dyn FnMut() -> Result<()>;

/// One training scan.
#[derive(Clone, Debug)]
pub struct ClassificationExample {
    /// Its features.
    pub features: Vec<f32>,
    /// Its class.
    pub class: usize,
    /// The person scanned.
    pub person: String,
}

/// Returns Fisher's z of the correlation of every pair of regions. NaN if a region is constant.
pub fn features(series: &TimeSeries) -> Vec<f32> {
    // The z of 0.999999 is 7.25, so two identical regions do not outweigh all others.
    fc(series).upper().map(|r| fisher_z(r.clamp(-0.999_999, 0.999_999)) as f32).collect()
}

/// Returns the probabilities of `classes` classes for new points. The penalty has the lowest log loss
/// on held-out folds of the training subjects. Only `known` is used for fitting.
pub fn predict(
    known: &[ClassificationExample],
    points: &[Vec<f32>],
    classes: usize,
    seed: u64,
    progress: FitProgress<'_>,
) -> Result<Vec<Vec<f64>>> {
    let strength = choose(known, classes, seed, progress)?;
    let probabilities = of_strengths(known, points, classes, &[strength]).remove(0);
    progress()?;
    Ok(probabilities)
}

fn choose(
    known: &[ClassificationExample],
    classes: usize,
    seed: u64,
    progress: FitProgress<'_>,
) -> Result<f64> {
    let folds = folds(known.iter().map(|scan| &scan.person), seed);
    let mut answers: Vec<usize> = Vec::new();
    let mut predicted: Vec<Vec<Vec<f64>>> = vec![Vec::new(); STRENGTHS.len()];
    for fold in 0..folds.values().max().map_or(0, |last| last + 1) {
        let is_out = |scan: &&ClassificationExample| folds[&scan.person] == fold;
        let (out, rest): (Vec<&ClassificationExample>, Vec<&ClassificationExample>) =
            known.iter().partition(is_out);
        let rest: Vec<ClassificationExample> = rest.into_iter().cloned().collect();
        let points: Vec<Vec<f32>> = out.iter().map(|scan| scan.features.clone()).collect();
        answers.extend(out.iter().map(|scan| scan.class));
        for (all, of_fold) in predicted.iter_mut().zip(of_strengths(&rest, &points, classes, &STRENGTHS)) {
            all.extend(of_fold);
        }
        progress()?;
    }
    let log_loss = |predicted: &Vec<Vec<f64>>| {
        let predicted: Vec<&[f64]> = predicted.iter().map(Vec::as_slice).collect();
        scores::log_loss(&answers, &predicted)
    };
    // Without folds all losses are NaN, and ties go to the strongest penalty.
    let losses: Vec<f64> = predicted.iter().map(log_loss).collect();
    let best = (0..STRENGTHS.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b]));
    Ok(STRENGTHS[best.unwrap_or(0)])
}

/// Fits a model per strength and returns its probabilities.
fn of_strengths(
    known: &[ClassificationExample],
    points: &[Vec<f32>],
    classes: usize,
    strengths: &[f64],
) -> Vec<Vec<Vec<f64>>> {
    let features: Vec<Vec<f32>> = known.iter().map(|scan| scan.features.clone()).collect();
    let answers: Vec<usize> = known.iter().map(|scan| scan.class).collect();
    let span = TrainingSpan::compute(&features);
    let (train, points) = (span.train(), span.coordinates(points));
    let of_one = |&strength: &f64| {
        let model = Logistic::fit(train, &answers, classes, strength);
        points.iter().map(|point| model.probabilities(point)).collect()
    };
    strengths.par_iter().map(of_one).collect()
}

/// Assigns every person to a fold. Empty with fewer than two people.
pub(super) fn folds<'a>(persons: impl Iterator<Item = &'a String>, seed: u64) -> BTreeMap<String, usize> {
    let mut persons: Vec<String> = persons.cloned().collect();
    persons.sort_unstable();
    persons.dedup();
    persons.shuffle(&mut seed::stream(seed, "fc-logistic.folds"));
    let folds = if persons.len() < 2 { 0 } else { persons.len().min(FOLDS) };
    persons
        .into_iter()
        .enumerate()
        .map(|(i, person)| (person, i % folds.max(1)))
        .filter(|_| folds > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use boldface::Window;
    use rand::RngExt;

    use super::*;

    /// Scans of two classes, two per person, whose first features differ by `effect`.
    fn scans(persons: usize, effect: f32, seed: u64) -> Vec<ClassificationExample> {
        let mut rng = seed::stream(seed, "test");
        let mut scan = |i: usize| {
            let class = i % 2;
            let mut features: Vec<f32> = (0..60).map(|_| rng.random::<f32>() - 0.5).collect();
            features[..5].iter_mut().for_each(|feature| *feature += effect * class as f32);
            ClassificationExample { features, class, person: format!("sub-{:02}", i / 2) }
        };
        (0..persons * 2).map(&mut scan).collect()
    }

    fn auroc(train: &[ClassificationExample], test: &[ClassificationExample]) -> f64 {
        let points: Vec<Vec<f32>> = test.iter().map(|scan| scan.features.clone()).collect();
        let predicted = predict(train, &points, 2, 0, &mut || Ok(())).unwrap();
        let positive: Vec<bool> = test.iter().map(|scan| scan.class == 1).collect();
        scores::auroc(&positive, &predicted.iter().map(|p| p[1]).collect::<Vec<_>>())
    }

    #[test]
    fn a_planted_effect_is_found() {
        let scans = scans(60, 0.5, 1);
        let found = auroc(&scans[..80], &scans[80..]);
        assert!(found > 0.85, "{found}");
    }

    #[test]
    fn permuted_labels_score_at_chance() {
        // Over 20 seeds of 40 test scans. The SD of an AUROC with 20 and 20 scans is sqrt(41 / 4800) =
        // 0.092, of the mean 0.021.
        let mean = (0..20)
            .map(|seed| {
                let mut scans = scans(60, 0.5, seed);
                let mut classes: Vec<usize> = scans.iter().map(|scan| scan.class).collect();
                classes.shuffle(&mut seed::stream(seed, "permuted"));
                scans.iter_mut().zip(classes).for_each(|(scan, class)| scan.class = class);
                auroc(&scans[..80], &scans[80..])
            })
            .sum::<f64>()
            / 20.0;
        assert!((mean - 0.5).abs() < 3.0 * 0.021, "{mean}");
    }

    #[test]
    fn a_person_is_in_one_fold_and_a_lone_person_in_none() {
        let scans = scans(12, 0.0, 0);
        let folds = folds(scans.iter().map(|scan| &scan.person), 3);
        assert_eq!(folds.len(), 12);
        assert!((0..FOLDS).all(|fold| folds.values().any(|&of| of == fold)));
        assert!(super::folds(scans[..2].iter().map(|scan| &scan.person), 3).is_empty());
    }

    #[test]
    fn without_training_scans_all_classes_are_equal() {
        assert_eq!(predict(&[], &[vec![0.5; 3]], 4, 0, &mut || Ok(())).unwrap(), [[0.25; 4]]);
    }

    #[test]
    fn a_dead_region_is_missing_and_twins_are_bounded() {
        // Regions: a rising one, the same again, a constant one.
        let values = (0..6).flat_map(|t| [t as f32, t as f32, 1.0]).collect();
        let features = features(&TimeSeries::new(6, 3, 2.0, values).unwrap());
        assert!((features[0] - 7.254_329).abs() < 1e-3, "{features:?}");
        assert!(features[1].is_nan() && features[2].is_nan());
    }

    /// Reads the scans of `experiments/data/pain`: features of the first 160 volumes, condition,
    /// subject.
    fn pain() -> Vec<ClassificationExample> {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/data/pain"));
        let table = std::fs::read_to_string(folder.join("scans.tsv")).unwrap();
        let scan = |line: &str| {
            let cells: Vec<&str> = line.split('\t').collect();
            let (person, run) = (cells[0].to_owned(), format!("run-{}_", cells[1]));
            let mut files = std::fs::read_dir(folder.join(&person).join("func"))
                .unwrap()
                .map(|file| file.unwrap().path());
            let file = files.find(|file| {
                file.extension().is_some_and(|end| end == "npy") && file.to_string_lossy().contains(&run)
            });
            let (_, values) = boldface_imaging::npy::read(&file.unwrap()).unwrap();
            let series = TimeSeries::new(values.len() / 122, 122, 2.0, values).unwrap();
            let class =
                ["passive", "regulate-down", "regulate-up"].iter().position(|class| *class == cells[4]);
            let features = features(&series.window(Window::first(160)).unwrap());
            ClassificationExample { features, class: class.unwrap(), person }
        };
        table.lines().skip(1).map(scan).collect()
    }

    #[test]
    fn pain_in_six_folds_scores_as_with_scikit_learn() {
        // Computed in Python: StandardScaler and LogisticRegression on the same features,
        // GroupKFold(6), pooled: AUROC 0.678, 0.699 and 0.705 for C = 1e-4, 1e-3 and 1e-2, accuracy
        // 0.51 to 0.52.
        let scans = pain();
        let persons: std::collections::BTreeSet<String> =
            scans.iter().map(|scan| scan.person.clone()).collect();
        let fold: BTreeMap<String, usize> =
            persons.into_iter().enumerate().map(|(i, person)| (person, i % 6)).collect();
        let (mut answers, mut predicted) = (Vec::new(), Vec::new());
        for out in 0..6 {
            let (test, train): (Vec<ClassificationExample>, Vec<ClassificationExample>) =
                scans.iter().cloned().partition(|scan| fold[&scan.person] == out);
            let points: Vec<Vec<f32>> = test.iter().map(|scan| scan.features.clone()).collect();
            answers.extend(test.iter().map(|scan| scan.class));
            predicted.extend(predict(&train, &points, 3, 0, &mut || Ok(())).unwrap());
        }
        let predicted: Vec<&[f64]> = predicted.iter().map(Vec::as_slice).collect();
        let auroc = scores::auroc_one_vs_rest(&answers, &predicted);
        let chosen: Vec<usize> = predicted.iter().map(|p| scores::most_likely(p)).collect();
        let (accuracy, loss) = (scores::accuracy(&answers, &chosen), scores::log_loss(&answers, &predicted));
        println!("AUROC {auroc:.3}, accuracy {accuracy:.3}, log loss {loss:.3}");
        // Better than predicting the class shares, whose log loss is ln 3 = 1.0986 at best.
        assert!(loss < 3f64.ln(), "{loss}");
        assert!((auroc - 0.70).abs() < 0.04, "{auroc}");
    }
}
