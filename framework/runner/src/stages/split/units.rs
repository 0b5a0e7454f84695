//! Who must stay together: a person's scans always, and persons who share a group when that is asked.

use std::collections::BTreeMap;

use boldface::ScanInfo;

use crate::spec::SplitTable;

/// Persons by the unit that is never divided, in order of its name.
///
/// Who shares a value in one of `columns` is of one unit, also by way of a third person. A unit is named
/// after its values in the first column, or after the person if there is no column.
pub fn units<'a>(
    scans: impl IntoIterator<Item = &'a ScanInfo>,
    columns: &[&str],
) -> BTreeMap<String, Vec<String>> {
    let mut persons: BTreeMap<String, usize> = BTreeMap::new();
    let mut parents: Vec<usize> = Vec::new();
    let mut first_with: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    let mut named: Vec<(usize, &str)> = Vec::new();
    for scan in scans {
        let person = *persons.entry(scan.id.person()).or_insert_with(|| {
            parents.push(parents.len());
            parents.len() - 1
        });
        for (place, column) in columns.iter().enumerate() {
            let Some(value) = scan.column(column) else { continue };
            let other = *first_with.entry((place, value)).or_insert(person);
            let (a, b) = (root(&parents, person), root(&parents, other));
            parents[a.max(b)] = a.min(b);
            if place == 0 {
                named.push((person, value));
            }
        }
    }
    let mut values: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (person, value) in named {
        values.entry(root(&parents, person)).or_default().push(value);
    }
    let mut units: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (person, index) in persons {
        let name = values.get_mut(&root(&parents, index)).map(|values| {
            values.sort_unstable();
            values.dedup();
            values.join(" + ")
        });
        units.entry(name.unwrap_or_else(|| person.clone())).or_default().push(person);
    }
    units
}

fn root(parents: &[usize], mut of: usize) -> usize {
    while parents[of] != of {
        of = parents[of];
    }
    of
}

impl SplitTable {
    /// The units of which each is the test part of one fold; none if no group is left out.
    pub(crate) fn left_out(&self, scans: &[ScanInfo]) -> Option<BTreeMap<String, Vec<String>>> {
        let columns: Vec<&str> = self.leave_out.iter().chain(&self.group).map(String::as_str).collect();
        self.leave_out.as_ref().map(|_| units(scans, &columns))
    }
}
