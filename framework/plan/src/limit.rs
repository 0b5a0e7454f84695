//! A dry try on a few scans: people of every part, spread over the labels that tasks ask for.
//!
//! Everyone stays in the part that the whole split gives them. Dealing a few people anew would test
//! other people than the whole run does, and could leave a part empty.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Part, Problem, ScanInfo, Split};
use serde_json::json;

use super::{Check, CheckStatus, Plan, data, harmonized, leak};

/// Name of the check that marks a limited run in its proof and report.
const CHECK: &str = "run.limit";

/// A column with more different values is spread by quarters of its numbers.
const CLASSES: usize = 6;

/// Returns the name of a run limited to `most` scans, and so its folder.
pub(super) fn limited_name(name: &str, most: usize) -> String {
    format!("{name}-limit-{most}")
}

impl Plan {
    /// Limits the plan to at most `most` scans, with stages, keys and a name of its own. All scans of a
    /// person are kept or none.
    ///
    /// # Errors
    /// A message with the least limit if a part would be empty, or if the limit leaves out nothing.
    pub fn limit(&mut self, most: usize) -> Result<(), String> {
        let total = self.scans.len();
        if most >= total {
            return Err(format!(
                "`--limit {most}` leaves nothing out of the {total} scans of `{}`; run it without `--limit`",
                self.path.display()
            ));
        }
        let split = self.split(&self.scans).map_err(|error| error.to_string())?;
        let split = split.ok_or("the spec is one of several splits; choose one before `--limit`")?;
        let people = people(&self.scans, &split, &self.asked_columns())?;
        let chosen = choose(&people, most)?;
        let scans: Vec<ScanInfo> =
            self.scans.iter().filter(|scan| chosen.contains(&scan.id.person())).cloned().collect();
        let counts = (scans.len(), chosen.len());
        self.study.content.limit = Some(scans.iter().map(|scan| scan.id.to_string()).collect());
        self.study.content.split =
            Some(split.parts.into_iter().filter(|(person, _)| chosen.contains(person)).collect());
        self.scans = scans.into();
        self.name = limited_name(&self.name, most);
        self.leakage.checks.insert(0, warning(most, counts, (total, people.len())));
        for checked in [data::check_longest(self), harmonized::check_split(self)] {
            checked.map_err(|problems| too_few(most, &problems))?;
        }
        self.make_stages();
        Ok(())
    }

    /// Whether the plan is limited to a few scans.
    pub fn is_limited(&self) -> bool {
        self.content.limit.is_some()
    }

    /// Returns the columns of the scans that a task or the split names.
    fn asked_columns(&self) -> Vec<String> {
        let mut named = self.experiment.split.stratify.clone();
        self.tasks.iter().for_each(|task| leak::strings(&task.config.resolved(), &mut named));
        named.retain(|name| self.scans.iter().any(|scan| scan.phenotype.contains_key(name)));
        named.sort();
        named.dedup();
        named
    }
}

fn too_few(most: usize, problems: &[Problem]) -> String {
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    format!("`--limit {most}` keeps too few people: {}; raise it", said.join("\n"))
}

fn warning(most: usize, (scans, people): (usize, usize), (all, everyone): (usize, usize)) -> Check {
    let found = format!(
        "limited to {most} scans: no result. The run has {scans} of {all} scans, of {people} of {everyone} people"
    );
    let evidence = json!({ "limit": most, "scans": scans, "people": people });
    Check::passed(CHECK, "", found).but(CheckStatus::Warned, "run it without `--limit`").with(evidence)
}

/// What the choice needs to know about a person.
struct Person {
    part: Part,
    scans: usize,
    /// Column and value, of all their scans.
    labels: BTreeSet<(usize, String)>,
}

fn people(scans: &[ScanInfo], split: &Split, columns: &[String]) -> Result<BTreeMap<String, Person>, String> {
    let classes: Vec<Classes> = columns.iter().map(|column| Classes::of_column(scans, column)).collect();
    let mut people: BTreeMap<String, Person> = BTreeMap::new();
    for scan in scans {
        let part = split.part(&scan.id).map_err(|error| error.to_string())?;
        let new = || Person { part, scans: 0, labels: BTreeSet::new() };
        let person = people.entry(scan.id.person()).or_insert_with(new);
        person.scans += 1;
        for (place, (column, classes)) in columns.iter().zip(&classes).enumerate() {
            let class = scan.column(column).and_then(|value| classes.class(value));
            person.labels.extend(class.map(|class| (place, class)));
        }
    }
    Ok(people)
}

/// How the values of a column are told apart.
enum Classes {
    /// By the value itself.
    Values,
    /// By these quarters of a number.
    Quarters(Vec<f64>),
}

impl Classes {
    fn of_column(scans: &[ScanInfo], column: &str) -> Classes {
        let values: BTreeSet<&str> = scans.iter().filter_map(|scan| scan.column(column)).collect();
        if values.len() <= CLASSES {
            return Classes::Values;
        }
        let mut numbers: Vec<f64> = values.iter().filter_map(|value| value.parse().ok()).collect();
        numbers.retain(|number: &f64| number.is_finite());
        numbers.sort_by(f64::total_cmp);
        Classes::Quarters((1..4).filter_map(|i| numbers.get(i * numbers.len() / 4).copied()).collect())
    }

    fn class(&self, value: &str) -> Option<String> {
        match self {
            Classes::Values => Some(value.to_owned()),
            Classes::Quarters(edges) => {
                let number: f64 = value.parse().ok()?;
                Some(edges.iter().filter(|edge| number >= **edge).count().to_string())
            }
        }
    }
}

/// Chooses people of every part until `most` scans are reached. The part that lags behind its share comes
/// next, and in it the person whose labels are rarest so far, the first by name among equals.
fn choose(people: &BTreeMap<String, Person>, most: usize) -> Result<BTreeSet<String>, String> {
    let (mut whole, mut fewest) = (BTreeMap::new(), BTreeMap::new());
    for person in people.values() {
        *whole.entry(person.part).or_insert(0) += person.scans;
        let least = fewest.entry(person.part).or_insert(person.scans);
        *least = person.scans.min(*least);
    }
    let least: usize = fewest.values().sum();
    if most < least {
        return Err(format!(
            "`--limit {most}` leaves a part of the split empty; write `--limit {least}` or more, which keeps \
             somebody in each"
        ));
    }
    let (mut chosen, mut room) = (BTreeSet::new(), most);
    let mut taken: BTreeMap<Part, usize> = BTreeMap::new();
    let mut seen: BTreeMap<(Part, &(usize, String)), usize> = BTreeMap::new();
    loop {
        let mut parts: Vec<Part> = whole.keys().copied().collect();
        let share = |part: &Part| taken.get(part).copied().unwrap_or(0) as f64 / whole[part] as f64;
        parts.sort_by(|a, b| share(a).total_cmp(&share(b)));
        let next = parts.iter().find_map(|&part| {
            let others = fewest.iter().filter(|(other, _)| **other != part && !taken.contains_key(other));
            let free = room - others.map(|(_, scans)| scans).sum::<usize>();
            let fits = people.iter().filter(|(name, person)| {
                person.part == part && person.scans <= free && !chosen.contains(*name)
            });
            fits.min_by_key(|(_, person)| {
                let known = person.labels.iter().map(|label| seen.get(&(part, label)).unwrap_or(&0));
                1_000 * known.sum::<usize>() / person.labels.len().max(1)
            })
        });
        let Some((name, person)) = next else { return Ok(chosen) };
        chosen.insert(name.clone());
        room -= person.scans;
        *taken.entry(person.part).or_default() += person.scans;
        person.labels.iter().for_each(|label| *seen.entry((person.part, label)).or_default() += 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cohort() -> BTreeMap<String, Person> {
        // 20 people of two scans: 12 for training, 3 for validation and 5 for test; odd ones are patients.
        let person = |i: usize| {
            let part =
                [Part::Train, Part::Validation, Part::Test][usize::from(i >= 12) + usize::from(i >= 15)];
            let label = if i % 2 == 1 { "patient" } else { "control" };
            (
                format!("d/sub-{i:02}"),
                Person { part, scans: 2, labels: BTreeSet::from([(0, label.to_owned())]) },
            )
        };
        (0..20).map(person).collect()
    }

    #[test]
    fn every_part_keeps_people_of_every_label() {
        let people = cohort();
        let chosen = choose(&people, 21).unwrap();
        assert_eq!(chosen, choose(&people, 21).unwrap());
        let count = |part, label: &str| {
            let is = |name: &&String| {
                people[*name].part == part && people[*name].labels.contains(&(0, label.to_owned()))
            };
            chosen.iter().filter(is).count()
        };
        let counts = Part::ALL.map(|part| (count(part, "control"), count(part, "patient")));
        assert_eq!(counts, [(3, 2), (1, 1), (1, 2)], "{chosen:?}");
    }

    #[test]
    fn a_limit_that_empties_a_part_names_the_least() {
        let people = cohort();
        let said = choose(&people, 5).unwrap_err();
        assert!(said.contains("`--limit 6`"), "{said}");
        assert_eq!(choose(&people, 6).unwrap().len(), 3);
    }
}
