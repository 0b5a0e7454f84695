//! Distributes whole groups to parts, so that sizes and strata come close to their shares.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Persons who stay together, each with a stratum.
#[derive(Clone, Debug)]
pub struct PersonGroup {
    /// The persons.
    pub persons: Vec<String>,
    /// The stratum of each of them.
    pub strata: Vec<usize>,
}

/// Distributes `units` to parts with the given `shares` (positive, with sum 1) and returns the persons
/// of each.
///
/// The largest units come first. Each goes to the part with the smallest increase of the chi-squared
/// distance between its counts per stratum and its share of them. With at least as many units as parts,
/// no part stays empty.
pub fn deal(mut units: Vec<PersonGroup>, shares: &[f64], rng: &mut ChaCha8Rng) -> Vec<Vec<String>> {
    let strata = units.iter().flat_map(|unit| &unit.strata).max().map_or(0, |last| last + 1);
    let mut totals = vec![0.0; strata];
    units.iter().flat_map(|unit| &unit.strata).for_each(|&stratum| totals[stratum] += 1.0);
    // The sort is stable, so units of equal size stay in random order.
    units.shuffle(rng);
    units.sort_by_key(|unit| std::cmp::Reverse(unit.persons.len()));

    let mut parts: Vec<Vec<PersonGroup>> = vec![Vec::new(); shares.len()];
    let mut counts = vec![vec![0.0; strata]; shares.len()];
    for unit in units {
        let mut of_unit = vec![0.0; strata];
        unit.strata.iter().for_each(|&stratum| of_unit[stratum] += 1.0);
        let grows = |part: usize| -> f64 {
            let of_stratum = |stratum: usize| {
                let target = (shares[part] * totals[stratum]).max(f64::MIN_POSITIVE);
                let (before, more) = (counts[part][stratum] - target, of_unit[stratum]);
                more * (2.0 * before + more) / target
            };
            (0..strata).filter(|&stratum| of_unit[stratum] > 0.0).map(of_stratum).sum()
        };
        let grows: Vec<f64> = (0..shares.len()).map(grows).collect();
        let best = (0..shares.len()).min_by(|&a, &b| grows[a].total_cmp(&grows[b]));
        let Some(best) = best else { continue };
        counts[best].iter_mut().zip(&of_unit).for_each(|(count, more)| *count += more);
        parts[best].push(unit);
    }
    while let Some(empty) = parts.iter().position(Vec::is_empty) {
        // The last unit of a part is its smallest.
        let fullest = (0..parts.len()).rev().max_by_key(|&part| parts[part].len());
        let Some(moved) = fullest.filter(|&part| parts[part].len() > 1).and_then(|part| parts[part].pop())
        else {
            break;
        };
        parts[empty].push(moved);
    }
    parts.into_iter().map(|units| units.into_iter().flat_map(|unit| unit.persons).collect()).collect()
}

#[cfg(test)]
mod tests {
    use boldface::seed;

    use super::*;

    fn unit(name: &str, strata: &[usize]) -> PersonGroup {
        PersonGroup {
            persons: (0..strata.len()).map(|i| format!("{name}{i}")).collect(),
            strata: strata.to_vec(),
        }
    }

    #[test]
    fn sizes_come_near_the_shares() {
        // 5, 4, 3, 3, 3, 2 persons in two halves of ten: 5 | 4, then 3 to the 4, 3 to the 5, 3 to the 7
        // (instead of the 8), 2 to the 8.
        let sizes = [3, 5, 2, 3, 4, 3];
        let units = sizes.iter().zip('a'..).map(|(&n, name)| unit(&name.to_string(), &vec![0; n])).collect();
        let parts = deal(units, &[0.5, 0.5], &mut seed::stream(0, "test"));
        let mut sizes: Vec<usize> = parts.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [10, 10]);
    }

    #[test]
    fn strata_are_spread_over_groups() {
        // Two groups of stratum 0 and two of stratum 1: each half gets one of each.
        let units = vec![unit("a", &[0, 0]), unit("b", &[0, 0]), unit("c", &[1, 1]), unit("d", &[1, 1])];
        for seed in 0..10 {
            for part in deal(units.clone(), &[0.5, 0.5], &mut seed::stream(seed, "test")) {
                let of =
                    |names: [&str; 2]| part.iter().filter(|p| names.iter().any(|n| p.starts_with(n))).count();
                assert_eq!((of(["a", "b"]), of(["c", "d"])), (2, 2));
            }
        }
    }

    #[test]
    fn no_part_stays_empty() {
        // One huge group and two single persons, for parts of 70%, 15% and 15%.
        let units = vec![unit("a", &[0; 50]), unit("b", &[0]), unit("c", &[0])];
        let parts = deal(units, &[0.7, 0.15, 0.15], &mut seed::stream(0, "test"));
        assert!(parts.iter().all(|part| !part.is_empty()), "{parts:?}");
        assert_eq!(parts[0].len(), 50);
    }
}
