//! Groups persons who must stay in one part. A person's scans always do; persons who share a group do
//! on request.

use std::collections::BTreeMap;

use boldface::ScanInfo;

use super::SplitTable;

/// Groups persons into units that are never divided, in order of their names.
///
/// Persons who share a value in one of `columns` are in one unit, also if they share it through a third
/// person. A unit is named after its values in the first column, or after the person without columns.
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
    /// Returns the units that are each the test part of one fold. `None` without `leave-out`.
    pub fn left_out(&self, scans: &[ScanInfo]) -> Option<BTreeMap<String, Vec<String>>> {
        let columns: Vec<&str> = self.leave_out.iter().chain(&self.group).map(String::as_str).collect();
        self.leave_out.as_ref().map(|_| units(scans, &columns))
    }
}
