//! Simulates scans with planted effects of known size, for tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface::{Cohort, Dataset, Problem, Regions, Result, ScanId, ScanInfo, TimeSeries, register, seed};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Simulated scans, with a class difference of known size in the coupling of networks.
///
/// Half of each region's variance is the signal of its network and half its own noise; both are
/// autocorrelated. The coupling of the first two networks depends on the scan's class (in `column`),
/// that of the third and fourth on the subject's group (`a` or `b`, in the column `group`). Classes and
/// groups are balanced.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Synthetic {
    /// Number of subjects.
    subjects: usize,
    /// Number of scans per subject; with more than one, a subject has scans of several classes.
    scans: usize,
    /// Number of regions, spread evenly over the networks.
    rois: usize,
    /// Number of networks, at least 4.
    networks: usize,
    /// Volumes per scan.
    trs: usize,
    /// Repetition time in seconds.
    tr: f64,
    /// Difference between neighbouring classes, and between the groups, in Fisher's z of the
    /// correlation between two networks' signals. 1 is easy to detect; 0 plants no effect.
    effect: f64,
    /// Amplitude, in standard deviations of the signal, of a wave of 20 volumes in all regions of the
    /// first network. Its phase depends on the class. With 0 there is no wave, so classes differ in
    /// couplings only.
    response: f64,
    /// Standard deviation of the same Fisher's z over subjects, that is, differences between people.
    between_subjects: f64,
    /// Correlation of a signal with itself one volume later, between -1 and 1.
    autocorrelation: f64,
    /// Name of the phenotype column with a scan's class.
    column: String,
    /// The classes.
    classes: Vec<String>,
    /// Whether to assign classes and groups at random, so that they are unrelated to the signal.
    permute_labels: bool,
    /// Seed of signals and labels.
    seed: u64,
}

impl Default for Synthetic {
    fn default() -> Synthetic {
        Synthetic {
            subjects: 40,
            scans: 1,
            rois: 20,
            networks: 4,
            trs: 120,
            tr: 2.0,
            effect: 1.0,
            response: 0.0,
            between_subjects: 0.2,
            autocorrelation: 0.5,
            column: "condition".to_owned(),
            classes: vec!["low".to_owned(), "high".to_owned()],
            permute_labels: false,
            seed: 0,
        }
    }
}

register!(Dataset "synthetic" => Synthetic);

/// The column of the groups, and their names.
const GROUP: &str = "group";
const GROUPS: [&str; 2] = ["a", "b"];

/// The effects planted in one scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Planted {
    class: usize,
    group: usize,
}

impl Dataset for Synthetic {
    fn files(&self, _root: &Path) -> Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    fn cohort(&self, root: &Path, name: &str) -> Result<Cohort> {
        if let Some(problem) = self.check(root).first() {
            return Err(problem.to_string().into());
        }
        let mut said = self.planted();
        if self.permute_labels {
            said = self.permuted(said);
        }
        let scans = (0..self.subjects).flat_map(|subject| (0..self.scans).map(move |scan| (subject, scan)));
        let info = |(subject, scan): (usize, usize)| {
            let planted = said[subject * self.scans + scan];
            let phenotype = [
                (self.column.clone(), self.classes[planted.class].clone()),
                (GROUP.to_owned(), GROUPS[planted.group].to_owned()),
            ];
            ScanInfo {
                id: self.id(name, subject, scan),
                tr: self.tr,
                trs: self.trs,
                rois: self.rois,
                phenotype: BTreeMap::from(phenotype),
                events: Vec::new(),
                cuts: Vec::new(),
            }
        };
        let network = |roi: usize| format!("Net{}", self.network(roi) + 1);
        let regions = Regions {
            names: (0..self.rois).map(|roi| format!("{}_{}", network(roi), roi + 1)).collect(),
            networks: (0..self.rois).map(network).collect(),
        };
        Ok(Cohort::new(scans.map(info).collect(), regions))
    }

    fn load(&self, _root: &Path, scan: &ScanInfo) -> Result<TimeSeries> {
        let places = (0..self.subjects).flat_map(|subject| (0..self.scans).map(move |run| (subject, run)));
        let mut own = places.filter(|&(subject, run)| self.id(&scan.id.dataset, subject, run) == scan.id);
        let (subject, run) =
            own.next().ok_or_else(|| format!("no synthetic scan is called `{}`", scan.id))?;
        self.signal(subject, run, self.planted()[subject * self.scans + run])
    }

    fn check(&self, _root: &Path) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut demand = |holds: bool, key: &str, message: String, help: &str| {
            if !holds {
                problems.push(Problem::at(key, message).help(help));
            }
        };
        for (key, number, least) in [
            ("subjects", self.subjects, 1),
            ("scans", self.scans, 1),
            ("networks", self.networks, 4),
            ("rois", self.rois, self.networks),
            ("trs", self.trs, 2),
        ] {
            demand(number >= least, key, format!("`{number}` is too few"), &format!("use at least {least}"));
        }
        for (key, [one, other], most) in [
            ("subjects", [self.subjects, self.scans], 1_000_000),
            ("trs", [self.trs, self.rois], 100_000_000),
        ] {
            let (all, what) =
                (one.saturating_mul(other), if key == "trs" { "numbers per scan" } else { "scans" });
            demand(all <= most, key, format!("{all} {what} are too many"), &format!("make at most {most}"));
        }
        for (key, number, holds, help) in [
            ("tr", self.tr, self.tr > 0.0 && self.tr.is_finite(), "use seconds above 0"),
            ("effect", self.effect, self.effect.is_finite(), "use a number, such as 0.5"),
            ("response", self.response, self.response.is_finite(), "use a number, such as 0.5"),
            (
                "between-subjects",
                self.between_subjects,
                self.between_subjects >= 0.0 && self.between_subjects.is_finite(),
                "use 0 or more",
            ),
            (
                "autocorrelation",
                self.autocorrelation,
                self.autocorrelation.abs() < 1.0,
                "stay between -1 and 1",
            ),
        ] {
            demand(holds, key, format!("`{number}` is out of range"), help);
        }
        let mut names = self.classes.clone();
        names.sort();
        names.dedup();
        let distinct = names.len() == self.classes.len() && names.len() >= 2;
        demand(
            distinct,
            "classes",
            "these are not two or more different names".into(),
            "name each class once",
        );
        demand(
            self.column != GROUP,
            "column",
            "`group` holds the subjects' groups".into(),
            "use another name",
        );
        problems
    }
}

impl Synthetic {
    fn id(&self, dataset: &str, subject: usize, scan: usize) -> ScanId {
        // Labels have the same number of digits, so that they sort by number.
        let label =
            |number: usize, last: usize| format!("{:0width$}", number + 1, width = last.to_string().len());
        ScanId { run: Some(label(scan, self.scans)), ..ScanId::new(dataset, label(subject, self.subjects)) }
    }

    /// Returns the network of a region. Regions of a network are consecutive.
    fn network(&self, roi: usize) -> usize {
        roi * self.networks / self.rois
    }

    /// Returns the effects planted in each scan, subject by subject, as balanced as the numbers allow.
    fn planted(&self) -> Vec<Planted> {
        let mut order: Vec<usize> = (0..self.subjects).collect();
        order.shuffle(&mut seed::stream(self.seed, "synthetic.labels"));
        let subject = |place: usize| {
            let (group, first) = (place % GROUPS.len(), place / GROUPS.len());
            (0..self.scans).map(move |scan| Planted { class: (first + scan) % self.classes.len(), group })
        };
        order.into_iter().flat_map(subject).collect()
    }

    fn permuted(&self, planted: Vec<Planted>) -> Vec<Planted> {
        let mut rng = seed::stream(self.seed, "synthetic.permutation");
        let mut classes: Vec<usize> = planted.iter().map(|planted| planted.class).collect();
        let mut groups: Vec<usize> =
            planted.iter().step_by(self.scans).map(|planted| planted.group).collect();
        classes.shuffle(&mut rng);
        groups.shuffle(&mut rng);
        let of = |(scan, class)| Planted { class, group: groups[scan / self.scans] };
        classes.into_iter().enumerate().map(of).collect()
    }

    fn signal(&self, subject: usize, scan: usize, planted: Planted) -> Result<TimeSeries> {
        let mut person = seed::stream(self.seed, &format!("synthetic.subject.{subject}"));
        let mut rng = seed::stream(self.seed, &format!("synthetic.signal.{subject}.{scan}"));
        let middle = (self.classes.len() - 1) as f64 / 2.0;
        let mut coupling = |effect: f64| (effect + self.between_subjects * normal(&mut person)).tanh();
        let by_class = coupling(self.effect * (planted.class as f64 - middle));
        let by_group = coupling(self.effect * (planted.group as f64 - 0.5));

        let mut sources: Vec<Vec<f64>> = (0..self.networks).map(|_| self.noise(&mut rng)).collect();
        couple(&mut sources[..2], by_class);
        couple(&mut sources[2..4], by_group);
        let mut values = vec![0.0; self.trs * self.rois];
        for roi in 0..self.rois {
            let own = self.noise(&mut rng);
            for (t, (own, shared)) in own.iter().zip(&sources[self.network(roi)]).enumerate() {
                let wave = if self.network(roi) == 0 { self.wave(t, planted.class) } else { 0.0 };
                values[t * self.rois + roi] = (0.5f64.sqrt() * (own + shared) + wave) as f32;
            }
        }
        TimeSeries::new(self.trs, self.rois, self.tr, values)
    }

    /// Returns the first network's response at volume `t`. The classes' phases divide the circle
    /// evenly.
    fn wave(&self, t: usize, class: usize) -> f64 {
        let turns = t as f64 / 20.0 + class as f64 / self.classes.len() as f64;
        self.response * 2.0f64.sqrt() * (std::f64::consts::TAU * turns).sin()
    }

    /// Returns autocorrelated noise of variance 1: `x[t] = a x[t-1] + sqrt(1 - a^2) e[t]`.
    fn noise(&self, rng: &mut impl Rng) -> Vec<f64> {
        let a = self.autocorrelation;
        let mut last = normal(rng);
        let mut next = || {
            let x = last;
            last = a * x + (1.0 - a * a).sqrt() * normal(rng);
            x
        };
        (0..self.trs).map(|_| next()).collect()
    }
}

fn normal(rng: &mut impl Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Gives two independent signals of variance 1 the correlation `r`.
fn couple(pair: &mut [Vec<f64>], r: f64) {
    let [first, second] = pair else { return };
    for (a, b) in first.iter().zip(second) {
        *b = r * a + (1.0 - r * r).sqrt() * *b;
    }
}

#[cfg(test)]
mod tests {
    use boldface_features::fc;

    use super::*;

    fn dataset(spec: serde_json::Value) -> Synthetic {
        boldface::registry::parse(&spec).unwrap()
    }

    /// Returns the label of each scan and its mean correlation between two networks.
    fn couplings(spec: serde_json::Value, networks: [usize; 2], column: &str) -> Vec<(String, f64)> {
        let (dataset, root) = (dataset(spec), Path::new(""));
        let cohort = dataset.cohort(root, "test").unwrap();
        let of = |network| (0..dataset.rois).filter(move |&roi| roi * 4 / 20 == network);
        let coupling = |scan: &ScanInfo| {
            let fc = fc(&dataset.load(root, scan).unwrap());
            let block: Vec<f64> = of(networks[0])
                .flat_map(|i| of(networks[1]).map(move |j| (i, j)))
                .map(|(i, j)| fc.at(i, j))
                .collect();
            (scan.phenotype[column].clone(), block.iter().sum::<f64>() / block.len() as f64)
        };
        cohort.scans.iter().map(coupling).collect()
    }

    /// Returns the difference of the class means, and the share of scans on their class's side of the
    /// midpoint.
    fn separation(found: &[(String, f64)], low: &str) -> (f64, f64) {
        let mean = |is_low: bool| {
            let of: Vec<f64> = found.iter().filter(|(l, _)| (l == low) == is_low).map(|(_, x)| *x).collect();
            of.iter().sum::<f64>() / of.len() as f64
        };
        let (low_mean, high_mean) = (mean(true), mean(false));
        let middle = (low_mean + high_mean) / 2.0;
        let right = found.iter().filter(|(l, x)| (*x < middle) == (l == low)).count();
        (high_mean - low_mean, right as f64 / found.len() as f64)
    }

    #[test]
    fn a_planted_effect_has_its_size() {
        // Fisher's z of -0.5 and 0.5 are r of -0.462 and 0.462. Half of a region's variance is its
        // network's signal, so regions differ by half of 0.924.
        for (networks, column, low) in [([0, 1], "condition", "low"), ([2, 3], "group", "a")] {
            let found = couplings(serde_json::json!({ "between-subjects": 0.0 }), networks, column);
            let (difference, accuracy) = separation(&found, low);
            assert!((difference - 0.462).abs() < 0.05, "{column}: {difference}");
            assert!(accuracy > 0.95, "{column}: {accuracy}");
        }
    }

    #[test]
    fn without_an_effect_there_is_nothing_to_find() {
        for spec in [serde_json::json!({ "effect": 0.0 }), serde_json::json!({ "permute-labels": true })] {
            for (networks, column, low) in [([0, 1], "condition", "low"), ([2, 3], "group", "a")] {
                let (difference, accuracy) = separation(&couplings(spec.clone(), networks, column), low);
                // At chance, 40 scans have a standard deviation of 0.08, and the means are fitted on
                // the same scans.
                assert!(accuracy < 0.75, "{spec} {column}: {accuracy}");
                assert!(difference.abs() < 0.2, "{spec} {column}: {difference}");
            }
        }
    }

    #[test]
    fn classes_and_groups_are_balanced_and_permuting_moves_labels_alone() {
        let classes = ["up", "down", "rest"];
        let spec = |permute| serde_json::json!({ "subjects": 12, "scans": 3, "classes": classes, "permute-labels": permute });
        let (plain, permuted) = (dataset(spec(false)), dataset(spec(true)));
        let cohorts = [&plain, &permuted].map(|dataset| dataset.cohort(Path::new(""), "test").unwrap());
        for cohort in &cohorts {
            let has = |column: &str, value: &str| {
                cohort.scans.iter().filter(|scan| scan.phenotype[column] == value).count()
            };
            assert_eq!(classes.map(|class| has("condition", class)), [12, 12, 12]);
            assert_eq!(GROUPS.map(|group| has("group", group)), [18, 18]);
            assert!(cohort.scans.windows(2).all(|pair| pair[0].id < pair[1].id));
            for scans in cohort.scans.chunks(3) {
                assert!(scans.iter().all(|scan| scan.phenotype["group"] == scans[0].phenotype["group"]));
            }
        }
        assert_ne!(cohorts[0].scans, cohorts[1].scans);
        let signal =
            |dataset: &Synthetic, cohort: &Cohort| dataset.load(Path::new(""), &cohort.scans[7]).unwrap();
        assert_eq!(signal(&plain, &cohorts[0]), signal(&permuted, &cohorts[1]));
    }

    #[test]
    fn noise_remembers_one_volume() {
        let dataset = dataset(serde_json::json!({ "trs": 20_000, "autocorrelation": 0.7 }));
        let x = dataset.noise(&mut seed::stream(1, "test"));
        let variance = x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64;
        let lagged = x.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / x.len() as f64;
        assert!((variance - 1.0).abs() < 0.05 && (lagged / variance - 0.7).abs() < 0.02);
    }

    #[test]
    fn bad_values_are_named() {
        let spec = serde_json::json!({
            "networks": 3, "rois": 2, "autocorrelation": 1.0, "classes": ["a", "a"], "column": "group", "tr": 0.0,
        });
        let keys: Vec<_> =
            dataset(spec).check(Path::new("")).into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["networks", "rois", "tr", "autocorrelation", "classes", "column"]);
        let large =
            dataset(serde_json::json!({ "subjects": 100_000, "scans": 11, "trs": 1_000_000, "rois": 101 }));
        let keys: Vec<_> = large.check(Path::new("")).into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["subjects", "trs"]);
    }
}
