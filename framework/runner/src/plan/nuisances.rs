//! What may predict a label without any brain in it: head motion, the site, and what the spec names.

use std::collections::BTreeMap;

use boldface::{Problem, ScanInfo};

use crate::spec::{Experiment, suggest};

/// Columns that are taken as motion by themselves: mean framewise displacement in millimetres.
const MOTION: [&str; 4] =
    ["mean_fd", "fd_mean", "mean_framewise_displacement", "framewise_displacement_mean"];

/// Columns that are taken as site by themselves.
const SITE: [&str; 4] = ["site", "site_id", "scanner", "center"];

/// Columns whose subjects are scored apart if the spec names none: these, and the site.
const SEX: &str = "sex";

/// Columns of the phenotype that are no signal of interest. A column is read with [`ScanInfo::column`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nuisances {
    /// Head motion, a number for each scan.
    pub motion: Option<String>,
    /// Where the scan was made.
    pub site: Option<String>,
    /// Further ones, by the name in the spec.
    pub others: BTreeMap<String, String>,
}

/// The nuisances of `scans`: those of the spec, and well-known columns for what it does not name.
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

/// Writes the nuisances and the groups that scores are split by into the spec, so that they are in keys.
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

/// Finds columns of `[nuisances]` and `evaluation.groups` that no scan has.
pub(super) fn check(experiment: &Experiment, scans: &[ScanInfo], problems: &mut Vec<Problem>) {
    let nuisances = experiment.nuisances.iter().map(|(name, column)| (format!("nuisances.{name}"), column));
    let groups = experiment.evaluation.groups.iter().flatten().enumerate();
    let groups = groups.map(|(place, column)| (format!("evaluation.groups[{place}]"), column));
    for (key, column) in nuisances.chain(groups) {
        problems.extend(missing(&key, column, scans));
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

/// A problem at `key` if no scan has a value in `column`.
pub(crate) fn missing(key: &str, column: &str, scans: &[ScanInfo]) -> Option<Problem> {
    if scans.iter().any(|scan| scan.column(column).is_some()) {
        return None;
    }
    let mut known: Vec<&str> =
        scans.iter().flat_map(|scan| scan.phenotype.keys().map(String::as_str)).collect();
    known.sort_unstable();
    known.dedup();
    let problem = Problem::at(key, format!("no scan has a column `{column}`"));
    Some(problem.help(suggest(column, known.iter().copied())))
}
