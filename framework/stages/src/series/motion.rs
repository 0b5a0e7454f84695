//! Correlates connectivity with motion: for every pair of regions, FC with mean framewise displacement
//! over people (QC-FC; Power 2012, Ciric 2017).
//!
//! It is computed here, because a report computes nothing.

use boldface::TimeSeries;
use boldface_features::{fc, fisher_z};
use rayon::prelude::*;

use super::checked::StoredScan;
use crate::store::MotionFc;

/// Fewest people. With fewer, any correlation is noise.
const FEWEST: usize = 10;

/// Number of people whose connectivity is in memory at once.
const AT_ONCE: usize = 32;

/// Number of bins of r from -1 to 1.
const BINS: usize = 40;

/// Correlations are clamped to this. Beyond it, two regions are copies and Fisher's z tends to
/// infinity.
const LARGEST: f64 = 0.999_999;

/// Computes the correlations for every dataset with enough people whose motion is known. `kept` must be
/// sorted by scan. Scans of one person are not independent and are averaged.
pub fn correlate(kept: &[&StoredScan]) -> Vec<MotionFc> {
    let moved: Vec<(&StoredScan, f64)> =
        kept.iter().filter_map(|kept| Some((*kept, kept.measured.quality.mean_fd()?))).collect();
    let datasets = moved.chunk_by(|(a, _), (b, _)| a.measured.scan.dataset == b.measured.scan.dataset);
    datasets.filter_map(of_dataset).collect()
}

fn of_dataset(scans: &[(&StoredScan, f64)]) -> Option<MotionFc> {
    let people: Vec<&[(&StoredScan, f64)]> =
        scans.chunk_by(|(a, _), (b, _)| a.measured.scan.subject == b.measured.scan.subject).collect();
    if people.len() < FEWEST {
        return None;
    }
    let mut sums: Vec<Sums> = Vec::new();
    for some in people.chunks(AT_ONCE) {
        let connected: Vec<(f64, Vec<f64>)> = some.par_iter().map(|scans| averaged(scans)).collect();
        for (fd, edges) in connected {
            sums.resize(edges.len(), Sums::default());
            sums.iter_mut().zip(edges).for_each(|(sums, z)| sums.add(fd, z));
        }
    }
    let mut found: Vec<f64> = sums.iter().filter_map(Sums::correlation).collect();
    if found.is_empty() {
        return None;
    }
    let mut bins = vec![0; BINS];
    for r in &found {
        bins[(((r + 1.0) / 2.0 * BINS as f64) as usize).min(BINS - 1)] += 1;
    }
    let chance = Chance::for_people(people.len());
    let beyond = chance.quantile(0.95);
    let significant = found.iter().filter(|r| r.abs() > beyond).count() as f64 / found.len() as f64;
    found.iter_mut().for_each(|r| *r = r.abs());
    found.sort_by(f64::total_cmp);
    let middle = found.len() / 2;
    let median =
        if found.len() % 2 == 1 { found[middle] } else { f64::midpoint(found[middle - 1], found[middle]) };
    Some(MotionFc {
        dataset: scans.first()?.0.measured.scan.dataset.clone(),
        people: people.len(),
        scans: scans.len(),
        edges: found.len(),
        median,
        by_chance: chance.quantile(0.5),
        significant,
        expected: chance.in_bins(BINS).into_iter().map(|share| share * found.len() as f64).collect(),
        bins,
    })
}

/// Averages FD and Fisher's z of every pair of regions over the scans of a person. NaN for a pair that
/// no scan has.
fn averaged(scans: &[(&StoredScan, f64)]) -> (f64, Vec<f64>) {
    let fd = scans.iter().map(|(_, fd)| fd).sum::<f64>() / scans.len() as f64;
    let of = |series: &TimeSeries| -> Vec<f64> {
        fc(series).upper().map(|r| fisher_z(r.clamp(-LARGEST, LARGEST))).collect()
    };
    let mut sums: Vec<(f64, f64)> = Vec::new();
    for (kept, _) in scans {
        let edges = of(&kept.series);
        sums.resize(edges.len(), (0.0, 0.0));
        for ((sum, count), z) in sums.iter_mut().zip(edges).filter(|(_, z)| z.is_finite()) {
            *sum += z;
            *count += 1.0;
        }
    }
    (fd, sums.into_iter().map(|(sum, count)| sum / count).collect())
}

/// Sums that give the correlation of one pair of regions with motion.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    yy: f64,
    xy: f64,
}

impl Sums {
    fn add(&mut self, x: f64, y: f64) {
        if y.is_finite() {
            self.count += 1.0;
            self.x += x;
            self.y += y;
            self.xx += x * x;
            self.yy += y * y;
            self.xy += x * y;
        }
    }

    /// Returns the correlation. `None` if too few people have the pair, or FC or motion does not vary.
    fn correlation(&self) -> Option<f64> {
        let n = self.count;
        let (of_x, of_y) = (self.xx - self.x * self.x / n, self.yy - self.y * self.y / n);
        let r = (self.xy - self.x * self.y / n) / (of_x * of_y).sqrt();
        (n >= FEWEST as f64 && of_x > 0.0 && of_y > 0.0 && r.is_finite()).then(|| r.clamp(-1.0, 1.0))
    }
}

/// Distribution of |r| between two unrelated normal quantities. For `n` people its density is
/// proportional to `(1 - r^2)^((n - 4) / 2)`.
struct Chance {
    /// The distribution function at equal steps of |r| from 0 to 1.
    below: Vec<f64>,
}

/// Number of steps of |r|.
const STEPS: usize = 4_000;

impl Chance {
    fn for_people(people: usize) -> Chance {
        let power = (people as f64 - 4.0) / 2.0;
        let density = |r: f64| (1.0 - r * r).powf(power);
        let mut below = vec![0.0];
        let mut sum = 0.0;
        for step in 0..STEPS {
            sum += density((step as f64 + 0.5) / STEPS as f64);
            below.push(sum);
        }
        below.iter_mut().for_each(|share| *share /= sum);
        Chance { below }
    }

    /// Returns the |r| below which the given share of pairs is.
    fn quantile(&self, share: f64) -> f64 {
        let after = self.below.partition_point(|&below| below < share).clamp(1, STEPS);
        let (low, high) = (self.below[after - 1], self.below[after]);
        (after as f64 - 1.0 + (share - low) / (high - low)) / STEPS as f64
    }

    /// Returns the expected share of pairs in each of `bins` equal bins of r from -1 to 1.
    fn in_bins(&self, bins: usize) -> Vec<f64> {
        let below = |r: f64| {
            let half = self.below[((r.abs() * STEPS as f64).round() as usize).min(STEPS)] / 2.0;
            if r < 0.0 { 0.5 - half } else { 0.5 + half }
        };
        let edge = |bin: usize| 2.0 * bin as f64 / bins as f64 - 1.0;
        (0..bins).map(|bin| below(edge(bin + 1)) - below(edge(bin))).collect()
    }
}

#[cfg(test)]
mod tests {
    use boldface::{Quality, ScanId};

    use super::*;
    use crate::store::ScanQuality;

    #[test]
    fn chance_is_that_of_the_tables() {
        // Critical values of |r|, two-sided 5%: 0.632 for 10 people, 0.444 for 20, 0.197 for 100.
        for (people, critical) in [(10, 0.632), (20, 0.444), (100, 0.197)] {
            let found = Chance::for_people(people).quantile(0.95);
            assert!((found - critical).abs() < 5e-4, "{people}: {found}");
        }
        // For 4 people r is uniform: half of all |r| are below 0.5, and all bins are equally likely.
        let uniform = Chance::for_people(4);
        assert!((uniform.quantile(0.5) - 0.5).abs() < 1e-6);
        assert!(uniform.in_bins(40).iter().all(|share| (share - 0.025).abs() < 1e-9));
    }

    fn kept(subject: usize, run: usize, fd: f32, coupling: f32) -> StoredScan {
        // Regions a and b share a sine by `coupling`. Their own parts are orthogonal to it and to each
        // other.
        let wave = |t: usize, k: f32| (std::f32::consts::TAU * k * t as f32 / 40.0).sin();
        let values = (0..40).flat_map(|t| {
            let own = (1.0 - coupling * coupling).sqrt();
            [wave(t, 2.0), coupling * wave(t, 2.0) + own * wave(t, 3.0), 0.0]
        });
        let series = TimeSeries::new(40, 3, 2.0, values.collect()).unwrap();
        let scan = ScanId {
            dataset: "d".into(),
            subject: format!("{subject:02}"),
            session: None,
            task: None,
            run: Some(run.to_string()),
            others: None,
            by_run: false,
        };
        let quality = Quality { fd: vec![0.0, fd, fd], ..Quality::default() };
        StoredScan { series, trs: 40, measured: ScanQuality { scan, missing: Vec::new(), quality } }
    }

    #[test]
    fn connectivity_that_follows_motion_is_found() {
        // atanh of the coupling is exactly 2 x FD, so r is 1. The third region has no signal, so one
        // pair is left.
        let fds: Vec<f32> = (0..12).map(|i| 0.05 + 0.03 * (i * 5 % 12) as f32).collect();
        let all: Vec<StoredScan> =
            fds.iter().enumerate().map(|(i, &fd)| kept(i, 1, fd, (2.0 * fd).tanh())).collect();
        let found = correlate(&all.iter().collect::<Vec<_>>());
        assert_eq!((found.len(), found[0].people, found[0].edges), (1, 12, 1));
        assert!(found[0].median > 0.9999 && found[0].significant == 1.0, "{found:?}");
        assert_eq!(found[0].bins[39], 1);
        assert!((found[0].expected.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(correlate(&all.iter().take(9).collect::<Vec<_>>()).is_empty());
    }

    #[test]
    fn a_person_counts_once() {
        let all: Vec<StoredScan> =
            (0..20).map(|i| kept(i / 2, i % 2, 0.1 + 0.01 * i as f32, 0.3 + 0.01 * i as f32)).collect();
        let found = correlate(&all.iter().collect::<Vec<_>>());
        assert_eq!((found[0].people, found[0].scans), (10, 20));
    }
}
