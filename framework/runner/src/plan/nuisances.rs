//! Variables that may predict a label without any brain signal: head motion, the site, and further
//! columns in the spec.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Problem, ScanInfo};

use crate::spec::{Experiment, missing_column};

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
    /// Further columns, by their name in the spec.
    pub others: BTreeMap<String, String>,
}

/// Returns the nuisances of `scans`: columns named in the spec, and otherwise columns with well-known
/// names.
pub fn columns(experiment: &Experiment, scans: &[ScanInfo]) -> Nuisances {
    let mut named = experiment.nuisances.clone();
    let known = |names: &[&str]| {
        let is_there = |name: &&&str| scans.iter().any(|scan| scan.column(name).is_some());
        names.iter().find(is_there).map(|name| (*name).to_owned())
    };
    let motion = named.remove("motion").or_else(|| known(&MOTION));
    let several = experiment.datasets.len() > 1;
    let site =
        named.remove("site").or_else(|| known(&SITE)).or_else(|| several.then(|| "dataset".to_owned()));
    Nuisances { motion, site, others: named }
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
            let is_number = value.parse::<f64>().is_ok_and(f64::is_finite);
            (!is_number).then(|| format!("`{column}` of `{}` is `{value}`, not a number", scan.id))
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
        expect![[r#"{"motion": "mean_fd", "site": "scanner"} Some(["sex", "scanner"])"#]].assert_eq(&told);
        let mut named =
            experiment(&json!({"nuisances": {"motion": "FD", "age": "age"}, "evaluation": {"groups": []}}));
        fill_defaults(&mut named, &scans);
        let told = format!("{:?} {:?}", named.nuisances, named.evaluation.groups);
        expect![[r#"{"age": "age", "motion": "FD", "site": "scanner"} Some([])"#]].assert_eq(&told);
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
