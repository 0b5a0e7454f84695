//! Assigns persons to parts: by share or by fold, stratified, without dividing groups.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Part, Problem, ScanInfo, Split, seed};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::deal::{PersonGroup, deal};
use crate::spec::{SplitTable, units};

/// Assigns the persons of `scans` to parts by share or by fold. The order of the scans does not matter.
///
/// A person's stratum is the sorted list of their scans' values in the columns of `stratify`.
///
/// # Errors
/// If a part would be empty, or the fold does not exist. The problem has the full key.
pub fn divide(scans: &[&ScanInfo], table: &SplitTable, seed: u64) -> Result<Split, Problem> {
    divided(scans, table, seed).map_err(|problem| Problem {
        message: table.unit.worded(&problem.message),
        help: problem.help.map(|help| table.unit.worded(&help)),
        ..problem
    })
}

fn divided(scans: &[&ScanInfo], table: &SplitTable, seed: u64) -> Result<Split, Problem> {
    let people = People { strata: strata(scans, table), table, scans };
    let stream = |purpose: &str| match table.repeat {
        None | Some(0) => seed::stream(seed, purpose),
        Some(repeat) => seed::stream(seed, &format!("{purpose}.repeat-{repeat}")),
    };
    let everyone: BTreeSet<String> = people.strata.keys().cloned().collect();
    let folds = match (&table.leave_out, table.folds) {
        (Some(_), _) => people.left_out(),
        (None, Some(count)) => people.folds(count, &mut stream("split.folds"))?,
        (None, None) => {
            let (validation, test) = table.sizes(everyone.len());
            people.enough(everyone.len(), validation, test)?;
            let sizes = [(Part::Test, test), (Part::Validation, validation)];
            return Ok(Split { parts: people.shared(everyone, &sizes, &mut stream("split"))? });
        }
    };
    let fold = table.fold.unwrap_or(0);
    let Some(test) = folds.get(fold) else {
        let message = format!("there is no fold {fold}: the {} folds are counted from 0", folds.len());
        return Err(
            Problem::at("split.fold", message).help(format!("choose 0 to {}", folds.len().saturating_sub(1)))
        );
    };
    let rest: BTreeSet<String> = everyone.difference(&test.iter().cloned().collect()).cloned().collect();
    let validation = table.sizes(everyone.len()).0;
    people.enough(everyone.len(), validation, test.len())?;
    let sizes = [(Part::Validation, validation)];
    let mut parts = people.shared(rest, &sizes, &mut stream(&format!("split.fold-{fold}")))?;
    parts.extend(test.iter().map(|person| (person.clone(), Part::Test)));
    Ok(Split { parts })
}

/// The persons of a cohort with their strata, and the split's settings.
struct People<'a> {
    /// The stratum of each person.
    strata: BTreeMap<String, usize>,
    table: &'a SplitTable,
    scans: &'a [&'a ScanInfo],
}

impl People<'_> {
    fn enough(&self, persons: usize, validation: usize, test: usize) -> Result<(), Problem> {
        if validation + test < persons {
            return Ok(());
        }
        let message = format!(
            "{persons} {{subject}}s cannot be split: {validation} for validation and {test} for test leave nobody \
             to learn from"
        );
        let help = match self.table.folds.is_some() || self.table.leave_out.is_some() {
            true => "add {subject}s, make more folds or lower `validation`",
            false => "add {subject}s or lower the shares",
        };
        Err(Problem::at("split", message).help(help))
    }

    /// Groups the persons of `among` into units that are never divided.
    fn units(&self, among: &BTreeSet<String>) -> Vec<PersonGroup> {
        let columns: Vec<&str> = self.table.group.iter().map(String::as_str).collect();
        let scans = self.scans.iter().filter(|scan| among.contains(&scan.id.person()));
        let strata = |persons: &[String]| persons.iter().map(|person| self.strata[person]).collect();
        let units = units(scans.copied(), &columns).into_values();
        units.map(|persons| PersonGroup { strata: strata(&persons), persons }).collect()
    }

    /// Returns the persons of each group to leave out, in order of the groups' names.
    fn left_out(&self) -> Vec<Vec<String>> {
        let columns: Vec<&str> =
            self.table.leave_out.iter().chain(&self.table.group).map(String::as_str).collect();
        units(self.scans.iter().copied(), &columns).into_values().collect()
    }

    /// Divides everyone into `count` folds of about equal size.
    fn folds(&self, count: usize, rng: &mut ChaCha8Rng) -> Result<Vec<Vec<String>>, Problem> {
        let everyone = self.strata.keys().cloned().collect();
        let units = self.units(&everyone);
        if units.len() < count {
            let of = match &self.table.group {
                Some(column) => format!("groups by `{column}`"),
                None => "{subject}s".to_owned(),
            };
            let problem =
                Problem::at("split.folds", format!("{count} folds need more than the {} {of}", units.len()));
            return Err(problem.help(format!("at most `folds = {}`", units.len())));
        }
        if self.table.group.is_some() {
            return Ok(deal(units, &vec![1.0 / count as f64; count], rng));
        }
        let mut folds = vec![Vec::new(); count];
        // Distributed one by one across all strata, so that sizes differ by at most one.
        let dealt = self.shuffled(everyone, rng).into_iter().flatten().enumerate();
        dealt.for_each(|(place, person)| folds[place % count].push(person));
        Ok(folds)
    }

    /// Gives each part its number of `persons`, as closely as whole groups allow. The rest is for
    /// training.
    fn shared(
        &self,
        persons: BTreeSet<String>,
        sizes: &[(Part, usize)],
        rng: &mut ChaCha8Rng,
    ) -> Result<BTreeMap<String, Part>, Problem> {
        let of = |part: Part, persons: Vec<String>| persons.into_iter().map(move |person| (person, part));
        if let Some(column) = &self.table.group {
            let units = self.units(&persons);
            if units.len() <= sizes.len() {
                let groups = units.len();
                let message =
                    format!("the {groups} groups by `{column}` are too few for {} parts", sizes.len() + 1);
                let problem = Problem::at("split.group", message);
                return Err(problem.help("group by another column, or leave `group` out"));
            }
            let train = persons.len() - sizes.iter().map(|(_, size)| size).sum::<usize>();
            let sizes = std::iter::once((Part::Train, train)).chain(sizes.iter().copied());
            let share = |(part, size): (Part, usize)| (part, size as f64 / persons.len() as f64);
            let (parts, shares): (Vec<Part>, Vec<f64>) = sizes.map(share).unzip();
            let dealt = deal(units, &shares, rng);
            return Ok(parts.into_iter().zip(dealt).flat_map(|(part, persons)| of(part, persons)).collect());
        }
        let mut strata = self.shuffled(persons, rng);
        let mut parts = BTreeMap::new();
        for &(part, size) in sizes {
            let quotas = quotas(&strata.iter().map(Vec::len).collect::<Vec<_>>(), size);
            for (stratum, take) in strata.iter_mut().zip(quotas) {
                parts.extend(of(part, stratum.drain(..take).collect()));
            }
        }
        parts.extend(strata.into_iter().flat_map(|persons| of(Part::Train, persons)));
        Ok(parts)
    }

    /// Returns the persons of each stratum in random order. Strata are in random order too, because
    /// ties between remainders go to the first.
    fn shuffled(&self, persons: BTreeSet<String>, rng: &mut ChaCha8Rng) -> Vec<Vec<String>> {
        let mut strata: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for person in persons {
            strata.entry(self.strata[&person]).or_default().push(person);
        }
        let mut strata: Vec<Vec<String>> = strata.into_values().collect();
        strata.iter_mut().for_each(|persons| persons.shuffle(rng));
        strata.shuffle(rng);
        strata
    }
}

/// Returns the stratum of every person, numbered by its values in sorted order.
fn strata(scans: &[&ScanInfo], table: &SplitTable) -> BTreeMap<String, usize> {
    let mut values: BTreeMap<String, Vec<Vec<&str>>> = BTreeMap::new();
    for scan in scans {
        let of_scan = table.stratify.iter().map(|column| scan.column(column).unwrap_or_default()).collect();
        values.entry(scan.id.person()).or_default().push(of_scan);
    }
    values.values_mut().for_each(|of_person| of_person.sort_unstable());
    let known: BTreeSet<&Vec<Vec<&str>>> = values.values().collect();
    let places: BTreeMap<_, usize> = known.into_iter().zip(0..).collect();
    values.iter().map(|(person, of_person)| (person.clone(), places[of_person])).collect()
}

/// Distributes `total`, at most the sum of `strata`, to the strata in proportion to their sizes. Rounds
/// down, then adds one for each of the largest remainders (the first of equals).
fn quotas(strata: &[usize], total: usize) -> Vec<usize> {
    let all: usize = strata.iter().sum();
    if all == 0 {
        return vec![0; strata.len()];
    }
    let mut quotas: Vec<usize> = strata.iter().map(|&size| total * size / all).collect();
    let mut order: Vec<usize> = (0..strata.len()).collect();
    order.sort_by_key(|&stratum| std::cmp::Reverse(total * strata[stratum] % all));
    // There are more strata with a remainder than are left to distribute, and such a stratum is never
    // used up.
    let left = total - quotas.iter().sum::<usize>();
    order.into_iter().take(left).for_each(|stratum| quotas[stratum] += 1);
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_remainders_get_the_rest() {
        // 3 of 10 over 5, 4 and 1: 1.5, 1.2 and 0.3, rounded down to 1, 1 and 0. The one left goes to
        // the first.
        assert_eq!(quotas(&[5, 4, 1], 3), [2, 1, 0]);
        // 2 of 5 over five strata of one: 0.4 each, so the first two get one.
        assert_eq!(quotas(&[1; 5], 2), [1, 1, 0, 0, 0]);
        assert_eq!(quotas(&[2, 3], 5), [2, 3]);
        assert_eq!(quotas(&[], 0), [0; 0]);
    }
}
