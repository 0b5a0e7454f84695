//! K-means clustering of points, seeded and therefore repeatable.
//!
//! It is about a page of code, so no crate is used.

use boldface::seed;
use rand::{Rng, RngExt};
use rayon::prelude::*;

/// Centres of clusters of points.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// One centre per cluster.
    pub centroids: Vec<Vec<f64>>,
    /// Share of the weight of all points in each cluster.
    pub shares: Vec<f64>,
    /// Weighted sum of the squared distances of the points to their centres.
    pub inertia: f64,
}

/// Number of starts, of which the best is kept.
const STARTS: usize = 20;

/// Maximum number of rounds per start.
const ROUNDS: usize = 300;

impl Clusters {
    /// Clusters points by Lloyd's algorithm from k-means++ seeds, and keeps the best of twenty starts:
    /// the one with the least inertia (on ties, the first). Distances are Euclidean. Clusters are sorted
    /// by share, largest first, then by the coordinates of their centres.
    ///
    /// None if there are fewer than `groups` different points of positive weight.
    pub fn fit(points: &[Vec<f64>], weights: &[f64], groups: usize, seed: u64) -> Option<Clusters> {
        let starts: Vec<Option<Clusters>> =
            (0..STARTS).into_par_iter().map(|start| once(points, weights, groups, seed, start)).collect();
        let better = |best: Clusters, next: Clusters| if next.inertia < best.inertia { next } else { best };
        let mut best = starts.into_iter().flatten().reduce(better)?;
        let mut order: Vec<usize> = (0..groups).collect();
        let centroid = |group: usize| best.centroids[group].iter();
        order.sort_by(|&a, &b| {
            let larger = best.shares[b].total_cmp(&best.shares[a]);
            larger.then_with(|| centroid(a).partial_cmp(centroid(b)).expect("centres are finite"))
        });
        best.shares = order.iter().map(|&group| best.shares[group]).collect();
        best.centroids = order.iter().map(|&group| best.centroids[group].clone()).collect();
        Some(best)
    }
}

/// Returns the nearest of `centroids` and its mean squared distance, over the coordinates that `point`
/// has (on ties, the first). None if the point lacks more than half of its coordinates, or there is no
/// centre.
pub fn nearest(centroids: &[Vec<f64>], point: &[f64]) -> Option<(usize, f64)> {
    let there = point.iter().filter(|x| !x.is_nan()).count();
    if there == 0 || 2 * there < point.len() {
        return None;
    }
    let mut best = None;
    for (group, centroid) in centroids.iter().enumerate() {
        let squares = point.iter().zip(centroid).filter(|(x, _)| !x.is_nan()).map(|(x, c)| (x - c).powi(2));
        let distance = squares.sum::<f64>() / there as f64;
        if best.is_none_or(|(_, least)| distance < least) {
            best = Some((group, distance));
        }
    }
    best
}

/// Runs one start.
fn once(points: &[Vec<f64>], weights: &[f64], groups: usize, seed: u64, start: usize) -> Option<Clusters> {
    let mut rng = seed::stream(seed, &format!("temporal.states.{start}"));
    let mut centroids = spread(points, weights, groups, &mut rng)?;
    let mut of: Vec<usize> = Vec::new();
    for _ in 0..ROUNDS {
        let now: Vec<usize> = points.iter().map(|point| closest(&centroids, point).0).collect();
        if now == of {
            break;
        }
        of = now;
        move_centres(points, weights, &of, &mut centroids);
    }
    let (mut shares, mut inertia) = (vec![0.0; groups], 0.0);
    for (point, weight) in points.iter().zip(weights) {
        let (group, distance) = closest(&centroids, point);
        shares[group] += weight;
        inertia += weight * distance;
    }
    let whole: f64 = weights.iter().sum();
    shares.iter_mut().for_each(|share| *share /= whole);
    Some(Clusters { centroids, shares, inertia })
}

/// Chooses seeds by k-means++: the chance of a point grows with its squared distance to the seeds so
/// far.
fn spread(points: &[Vec<f64>], weights: &[f64], groups: usize, rng: &mut impl Rng) -> Option<Vec<Vec<f64>>> {
    let mut centroids: Vec<Vec<f64>> = Vec::new();
    let mut chances = weights.to_vec();
    while centroids.len() < groups {
        let whole: f64 = chances.iter().sum();
        if whole <= 0.0 {
            return None;
        }
        let mut left = rng.random::<f64>() * whole;
        // Rounding may leave nothing to draw; then the last point with a chance is used.
        let mut drawn = chances.iter().rposition(|&chance| chance > 0.0)?;
        for (place, &chance) in chances.iter().enumerate().filter(|(_, chance)| **chance > 0.0) {
            if left < chance {
                drawn = place;
                break;
            }
            left -= chance;
        }
        let new = points[drawn].clone();
        for ((chance, point), weight) in chances.iter_mut().zip(points).zip(weights) {
            let to_new = weight * distance(&new, point);
            *chance = if centroids.is_empty() { to_new } else { chance.min(to_new) };
        }
        centroids.push(new);
    }
    Some(centroids)
}

/// Moves every centre to the weighted mean of its points, and a centre without points to the point that
/// is worst off.
fn move_centres(points: &[Vec<f64>], weights: &[f64], of: &[usize], centroids: &mut [Vec<f64>]) {
    let mut sums = vec![vec![0.0; points.first().map_or(0, Vec::len)]; centroids.len()];
    let mut wholes = vec![0.0; centroids.len()];
    for ((point, weight), &group) in points.iter().zip(weights).zip(of) {
        wholes[group] += weight;
        sums[group].iter_mut().zip(point).for_each(|(sum, x)| *sum += weight * x);
    }
    for (group, (sum, whole)) in sums.into_iter().zip(wholes).enumerate() {
        if whole > 0.0 {
            centroids[group] = sum.into_iter().map(|sum| sum / whole).collect();
        } else {
            let off = |place: usize| weights[place] * closest(centroids, &points[place]).1;
            let worst = (0..points.len()).map(|place| (off(place), place));
            let worst = worst.fold((0.0, 0), |worst, next| if next.0 > worst.0 { next } else { worst });
            centroids[group].clone_from(&points[worst.1]);
        }
    }
}

/// Returns the closest centre (on ties, the first) and its squared distance.
fn closest(centroids: &[Vec<f64>], point: &[f64]) -> (usize, f64) {
    let distances = centroids.iter().map(|centroid| distance(centroid, point)).enumerate();
    distances.fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three groups of points on a line, at 0, 10 and 30, of 6, 3 and 3 points.
    fn heaps() -> Vec<Vec<f64>> {
        let at = |centre: f64, count: usize| (0..count).map(move |i| vec![centre + 0.1 * i as f64, 1.0]);
        at(0.0, 6).chain(at(10.0, 3)).chain(at(30.0, 3)).collect()
    }

    #[test]
    fn heaps_are_found_and_ordered_by_weight() {
        let found = Clusters::fit(&heaps(), &[1.0; 12], 3, 7).unwrap();
        let centres: Vec<f64> = found.centroids.iter().map(|centroid| centroid[0]).collect();
        // For equal shares the smaller centre comes first. Inertia: 6 points at 0 .. 0.5: 0.175; twice
        // 0.02.
        for (centre, expected) in centres.iter().zip([0.25, 10.1, 30.1]) {
            assert!((centre - expected).abs() < 1e-12, "{centres:?}");
        }
        assert_eq!(found.shares, [0.5, 0.25, 0.25]);
        assert!((found.inertia - 0.215).abs() < 1e-12);
        // With three times the weight the last group comes first: 9 of 18.
        let mut weights = [1.0; 12];
        weights[9..].fill(3.0);
        let found = Clusters::fit(&heaps(), &weights, 3, 7).unwrap();
        assert!((found.centroids[0][0] - 30.1).abs() < 1e-12, "{found:?}");
        assert_eq!(found.shares[0], 0.5);
    }

    #[test]
    fn another_seed_finds_the_same_and_too_few_points_nothing() {
        let of = |seed| Clusters::fit(&heaps(), &[1.0; 12], 3, seed).unwrap();
        assert_eq!(of(1), of(1));
        let close = |(a, b): (&Vec<f64>, &Vec<f64>)| distance(a, b) < 1e-20;
        assert!(of(1).centroids.iter().zip(&of(2).centroids).all(close));
        assert_eq!(Clusters::fit(&[vec![1.0], vec![1.0], vec![2.0]], &[1.0; 3], 3, 0), None);
        assert_eq!(Clusters::fit(&[], &[], 1, 0), None);
        assert_eq!(Clusters::fit(&heaps(), &[1.0; 12], 1, 0).unwrap().shares, [1.0]);
    }

    #[test]
    fn the_nearest_goes_by_the_numbers_that_are_there() {
        let centroids = [vec![0.0, 0.0], vec![4.0, 0.0]];
        assert_eq!(nearest(&centroids, &[2.0, 2.0]), Some((0, 4.0)));
        assert_eq!(nearest(&centroids, &[3.0, f64::NAN]), Some((1, 1.0)));
        assert_eq!(nearest(&centroids, &[f64::NAN, f64::NAN]), None);
        assert_eq!(nearest(&[], &[1.0]), None);
    }
}
