//! Variables that may predict a label without any brain signal: head motion, the site, and further
//! columns that the spec names or whose names say how a scan was made.

mod spelling;

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Problem, ScanInfo};

use crate::spec::{Experiment, missing_column};

pub(crate) use spelling::{NuisanceKind, recognize};

/// Default columns for motion: mean framewise displacement in millimetres.
const MOTION: [&str; 4] =
    ["mean_fd", "fd_mean", "mean_framewise_displacement", "framewise_displacement_mean"];

/// Default columns for the site.
const SITE: [&str; 4] = ["site", "site_id", "scanner", "center"];

/// Default column for groups, besides the site. Scores are also computed for each of its values.
const SEX: &str = "sex";

/// Largest number of groups in a column. A column with more is probably a number, such as age.
const MOST_GROUPS: usize = 50;

/// Phenotype columns that are not of interest. Read them with [`ScanInfo::column`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nuisances {
    /// Head motion: one number per scan.
    pub motion: Option<String>,
    /// The site of a scan.
    pub site: Option<String>,
    /// Further columns, by their name in the spec or the column's own.
    pub others: BTreeMap<String, String>,
}

/// Names of the checks of nuisances that are no columns. A column of that name gets another one.
const TAKEN: [&str; 17] = [
    "motion",
    "site",
    "question",
    "options",
    "window",
    "position",
    "length",
    "tr",
    "dataset",
    "session",
    "run",
    "scans",
    "task",
    "amplitude",
    "level",
    "dead-regions",
    "precision",
];

/// Returns the nuisances of `scans`: columns named in the spec, and otherwise columns with well-known
/// names or with names that say how a scan was made.
pub fn columns(experiment: &Experiment, scans: &[ScanInfo]) -> Nuisances {
    let mut others = experiment.nuisances.clone();
    let found = Found::collect(scans);
    let known = |names: &[&str]| {
        let is_there = |name: &&&str| found.values.contains_key(**name);
        names.iter().find(is_there).map(|name| (*name).to_owned())
    };
    let motion = others.remove("motion").or_else(|| known(&MOTION)).or_else(|| found.motion());
    let several = experiment.datasets.len() > 1;
    let site = others.remove("site").or_else(|| known(&SITE));
    let site = site.or_else(|| found.site()).or_else(|| several.then(|| "dataset".to_owned()));
    let is_named = |column: &&str| {
        let named = [&motion, &site].into_iter().flatten().chain(others.values());
        named.into_iter().any(|named| named == column)
    };
    let more: Vec<&str> = found.others().filter(|column| !is_named(column)).collect();
    // Scanner, station and serial number may be one thing under three names, to be reported once.
    let mut seen: Vec<Vec<usize>> = site.iter().filter_map(|column| found.groups(column)).collect();
    for column in more {
        let groups = found.groups(column);
        if groups.as_ref().is_some_and(|groups| seen.contains(groups)) {
            continue;
        }
        seen.extend(groups);
        let is_taken = TAKEN.contains(&column) || others.contains_key(column);
        let name = if is_taken { format!("{column} column") } else { column.to_owned() };
        others.insert(name, column.to_owned());
    }
    Nuisances { motion, site, others }
}

/// The columns of all scans.
struct Found<'a> {
    scans: &'a [ScanInfo],
    /// The distinct values of each column.
    values: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Found<'a> {
    fn collect(scans: &'a [ScanInfo]) -> Found<'a> {
        let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (column, value) in scans.iter().flat_map(|scan| &scan.phenotype) {
            values.entry(column).or_default().insert(value);
        }
        Found { scans, values }
    }

    /// Returns the columns of a kind that vary.
    fn of_kind(&self, kind: NuisanceKind) -> impl Iterator<Item = &'a str> + '_ {
        let varies = move |column: &&str| {
            self.values[*column].len() > 1 || self.scans.iter().any(|scan| scan.column(column).is_none())
        };
        self.values.keys().copied().filter(move |column| recognize(column) == Some(kind)).filter(varies)
    }

    /// Returns the column with the mean motion, or else another one of numbers.
    fn motion(&self) -> Option<String> {
        let are_numbers = |column: &&str| self.values[*column].iter().all(|value| is_number(value));
        let by_name = |column: &&str| (!column.to_lowercase().contains("mean"), column.len());
        let found = self.of_kind(NuisanceKind::Motion).filter(are_numbers).min_by_key(by_name);
        found.map(str::to_owned)
    }

    /// Returns the column with the site, or else one with the scanner. Scores are computed for each of
    /// its values, and it must say more than the dataset does.
    fn site(&self) -> Option<String> {
        let datasets: BTreeSet<&str> = self.scans.iter().map(|scan| scan.id.dataset.as_str()).collect();
        let is_in_all = |column: &&str| {
            let has = |scan: &&ScanInfo| scan.column(column).is_some();
            let having: BTreeSet<&str> =
                self.scans.iter().filter(has).map(|scan| scan.id.dataset.as_str()).collect();
            having == datasets && (2..=MOST_GROUPS).contains(&self.values[*column].len())
        };
        let of_kind = |kind| self.of_kind(kind).filter(is_in_all).min_by_key(|column| column.len());
        of_kind(NuisanceKind::Site).or_else(|| of_kind(NuisanceKind::Scanner)).map(str::to_owned)
    }

    /// Returns the index of each scan's value among those of `column`, in order of appearance. `None` for
    /// a column with many values, such as dates.
    fn groups(&self, column: &str) -> Option<Vec<usize>> {
        let mut places: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        let place = |scan: &'a ScanInfo| {
            let next = places.len();
            *places.entry(scan.column(column)).or_insert(next)
        };
        let groups: Vec<usize> = self.scans.iter().map(place).collect();
        (2 * places.len() <= groups.len()).then_some(groups)
    }

    /// Returns all columns whose names say how a scan was made. How long scans are and their repetition
    /// time are known without a column.
    fn others(&self) -> impl Iterator<Item = &'a str> + '_ {
        use NuisanceKind::{Acquisition, Date, Motion, Scanner, Site};
        let is_tr = move |column: &&str| {
            let repeats = |scan: &ScanInfo| {
                let value = scan.column(column).and_then(|value| value.trim().parse::<f64>().ok());
                value.is_some_and(|value| (value - scan.tr).abs() <= 1e-6 * scan.tr)
            };
            self.scans.iter().all(repeats)
        };
        let kinds = [Motion, Site, Scanner, Acquisition, Date].into_iter();
        kinds.flat_map(move |kind| self.of_kind(kind)).filter(move |column| !is_tr(column))
    }
}

fn is_number(value: &str) -> bool {
    value.trim().parse::<f64>().is_ok_and(f64::is_finite)
}

/// Writes the nuisances and the groups of the evaluation into the spec, so that keys depend on them.
pub(super) fn fill_defaults(experiment: &mut Experiment, scans: &[ScanInfo]) {
    let Nuisances { motion, site, others } = columns(experiment, scans);
    let well_known = [("motion", motion), ("site", site.clone())];
    let well_known = well_known.into_iter().filter_map(|(name, column)| Some((name.to_owned(), column?)));
    experiment.nuisances = well_known.chain(others).collect();
    if experiment.evaluation.groups.is_none() {
        let sex = scans.iter().any(|scan| scan.column(SEX).is_some()).then(|| SEX.to_owned());
        let groups: Vec<String> = sex.into_iter().chain(site).collect();
        experiment.evaluation.groups = Some(groups).filter(|groups| !groups.is_empty());
    }
}

/// Reports columns of `[nuisances]` and `evaluation.groups` that no scan has.
pub(super) fn check(experiment: &Experiment, scans: &[ScanInfo], problems: &mut Vec<Problem>) {
    let nuisances = experiment.nuisances.iter().map(|(name, column)| (format!("nuisances.{name}"), column));
    let groups = experiment.evaluation.groups.iter().flatten().enumerate();
    let groups = groups.map(|(place, column)| (format!("evaluation.groups[{place}]"), column));
    for (key, column) in nuisances.chain(groups) {
        problems.extend(missing_column(&key, column, scans));
    }
    for (place, column) in experiment.evaluation.groups.iter().flatten().enumerate() {
        let values: BTreeSet<&str> = scans.iter().filter_map(|scan| scan.column(column)).collect();
        if values.len() > MOST_GROUPS {
            let key = format!("evaluation.groups[{place}]");
            let message = format!("`{column}` has {} values: too many to score each apart", values.len());
            problems.push(
                Problem::at(key, message).help(format!("name a column of at most {MOST_GROUPS} values")),
            );
        }
    }
    if let Some(column) = experiment.nuisances.get("motion") {
        let wrong = scans.iter().find_map(|scan| {
            let value = scan.column(column)?;
            (!is_number(value)).then(|| format!("`{column}` of `{}` is `{value}`, not a number", scan.id))
        });
        problems.extend(wrong.map(|message| Problem::at("nuisances.motion", message)));
    }
}

#[cfg(test)]
mod tests {
    use boldface::ScanId;
    use expect_test::expect;
    use serde_json::{Value, json};

    use super::*;

    fn scans(columns: &[&[(&str, &str)]]) -> Vec<ScanInfo> {
        let scan = |(i, columns): (usize, &&[(&str, &str)])| {
            let id = ScanId::new("d", i.to_string());
            let phenotype = columns.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            ScanInfo {
                id,
                tr: 2.0,
                trs: 10,
                rois: 1,
                phenotype: phenotype.collect(),
                events: Vec::new(),
                cuts: Vec::new(),
            }
        };
        columns.iter().enumerate().map(scan).collect()
    }

    fn experiment(more: &Value) -> Experiment {
        let mut spec = json!({
            "datasets": {"d": {}}, "signal": {"trs": 10}, "tokenizer": {}, "backbone": {},
        });
        for (key, value) in more.as_object().unwrap() {
            spec[key] = value.clone();
        }
        serde_json::from_value(spec).unwrap()
    }

    #[test]
    fn well_known_columns_are_taken_by_themselves() {
        let scans = scans(&[&[("sex", "F"), ("FD", "0.1")], &[("mean_fd", "0.2"), ("scanner", "A")]]);
        let mut found = experiment(&json!({}));
        fill_defaults(&mut found, &scans);
        let told = format!("{:?} {:?}", found.nuisances, found.evaluation.groups);
        expect![[r#"{"FD": "FD", "motion": "mean_fd", "site": "scanner"} Some(["sex", "scanner"])"#]]
            .assert_eq(&told);
        let mut named =
            experiment(&json!({"nuisances": {"motion": "FD", "age": "age"}, "evaluation": {"groups": []}}));
        fill_defaults(&mut named, &scans);
        let told = format!("{:?} {:?}", named.nuisances, named.evaluation.groups);
        expect![[r#"{"age": "age", "mean_fd": "mean_fd", "motion": "FD", "site": "scanner"} Some([])"#]]
            .assert_eq(&told);
    }

    #[test]
    fn columns_are_found_by_what_their_names_say() {
        let rows = [
            [("func_mean_fd", "0.1"), ("Site", "A"), ("Manufacturer", "X"), ("acq", "mb"), ("coil", "1")],
            [("func_mean_fd", "0.2"), ("Site", "B"), ("Manufacturer", "X"), ("acq", "se"), ("coil", "1")],
            [("func_mean_fd", "0.2"), ("Site", "A"), ("Manufacturer", "X"), ("acq", "se"), ("coil", "7")],
            [("func_mean_fd", "0.3"), ("Site", "B"), ("Manufacturer", "X"), ("acq", "mb"), ("coil", "7")],
        ];
        let scans = scans(&rows.each_ref().map(|row| &row[..]));
        let found = columns(&experiment(&json!({})), &scans);
        // The manufacturer is the same everywhere.
        let told = format!("{:?} {:?} {:?}", found.motion, found.site, found.others);
        expect![[r#"Some("func_mean_fd") Some("Site") {"acq": "acq", "coil": "coil"}"#]].assert_eq(&told);
        let named = columns(&experiment(&json!({"nuisances": {"site": "acq"}})), &scans);
        assert_eq!((named.site.as_deref(), named.others.len()), (Some("acq"), 2));
    }

    #[test]
    fn one_thing_under_two_names_is_one_nuisance() {
        let rows = [("A", "x"), ("B", "y"), ("A", "x"), ("B", "y")];
        let rows = rows.map(|(site, coil)| [("SITE_ID", site), ("ReceiveCoilName", coil)]);
        let scans = scans(&rows.each_ref().map(|row| &row[..]));
        let found = columns(&experiment(&json!({})), &scans);
        assert_eq!((found.site.as_deref(), found.others.len()), (Some("SITE_ID"), 0));
    }

    #[test]
    fn of_several_datasets_each_is_a_site() {
        let experiment = experiment(&json!({"datasets": {"d": {}, "e": {}}}));
        let found = columns(&experiment, &scans(&[&[]]));
        assert_eq!((found.motion, found.site), (None, Some("dataset".to_owned())));
    }

    #[test]
    fn what_no_scan_has_is_a_problem() {
        let many: Vec<[(&str, String); 1]> = (0..60).map(|i| [("age", i.to_string())]).collect();
        let many: Vec<Vec<(&str, &str)>> = many
            .iter()
            .map(|row| row.iter().map(|(name, value)| (*name, value.as_str())).collect())
            .collect();
        let scans = scans(&many.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let wrong = json!({"nuisances": {"motion": "agee"}, "evaluation": {"groups": ["age", "sex"]}});
        let mut problems = Vec::new();
        check(&experiment(&wrong), &scans, &mut problems);
        let said: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
        expect![[r#"
            nuisances.motion: no scan has a column `agee`; did you mean `age`?
            evaluation.groups[1]: no scan has a column `sex`; there is only `age`
            evaluation.groups[0]: `age` has 60 values: too many to score each apart; name a column of at most 50 values
        "#]].assert_eq(&said);
    }
}
