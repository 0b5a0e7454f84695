//! Scans that the datasets exclude: their number and reasons, and a table that a dataset can read back.

use boldface::{Cohort, Exclusion, Problem};

/// Number of reasons shown before a run. The run's folder lists all of them.
const TOLD: usize = 3;

/// Summarises the exclusions, as in `3 of 40 scans are left out: ...`. Returns `None` if all scans are
/// used.
pub fn told(used: usize, excluded: &[Exclusion]) -> Option<String> {
    if excluded.is_empty() {
        return None;
    }
    let are = if excluded.len() == 1 { "is" } else { "are" };
    Some(format!(
        "{} of {} scans {are} left out: {}",
        excluded.len(),
        used + excluded.len(),
        reasons(excluded)
    ))
}

/// Formats `exclusions.tsv` with the columns `dataset`, `participant_id`, `session_id`, `task`, `run`
/// and `reason`. As in BIDS, a missing label is `n/a`.
pub fn tsv(excluded: &[Exclusion]) -> String {
    let labelled = |prefix: &str, label: &Option<String>| {
        label.as_ref().map_or_else(|| "n/a".to_owned(), |label| format!("{prefix}{label}"))
    };
    let mut text = "dataset\tparticipant_id\tsession_id\ttask\trun\treason\n".to_owned();
    for Exclusion { scan, reason } in excluded {
        let cells = [
            scan.dataset.clone(),
            format!("sub-{}", scan.subject),
            labelled("ses-", &scan.session),
            labelled("", &scan.task),
            labelled("", &scan.run),
            reason.clone(),
        ];
        let cells = cells.map(|cell| cell.replace(['\t', '\n', '\r'], " "));
        text += &cells.join("\t");
        text.push('\n');
    }
    text
}

/// Returns contradictions in a cohort's exclusions, or a problem if no scan remains.
pub fn check(cohort: &Cohort) -> Vec<Problem> {
    if cohort.scans.is_empty() && !cohort.excluded.is_empty() {
        let message =
            format!("none of its {} scans can be used: {}", cohort.excluded.len(), reasons(&cohort.excluded));
        return vec![Problem::at("", message).help("loosen the keys that exclude scans, or mend the scans")];
    }
    let is_used = |excluded: &&Exclusion| cohort.scans.iter().any(|scan| scan.id == excluded.scan);
    let both = cohort.excluded.iter().find(is_used);
    both.map(|Exclusion { scan, reason }| {
        Problem::at("", format!("`{scan}` is both used and left out: {reason}"))
    })
    .into_iter()
    .collect()
}

fn reasons(excluded: &[Exclusion]) -> String {
    let one = |Exclusion { scan, reason }: &Exclusion| format!("`{scan}` ({reason})");
    let first: Vec<String> = excluded.iter().take(TOLD).map(one).collect();
    let more = match excluded.len().saturating_sub(TOLD) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    first.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use boldface::{Regions, ScanId, ScanInfo};

    use super::*;

    fn exclusion(subject: &str, session: Option<&str>, reason: &str) -> Exclusion {
        let session = session.map(str::to_owned);
        let task = Some("rest".to_owned());
        let scan = ScanId { session, task, ..ScanId::new("d", subject) };
        Exclusion { scan, reason: reason.into() }
    }

    #[test]
    fn the_first_reasons_are_told_and_the_table_has_all() {
        let mut excluded = vec![
            exclusion("01", Some("2"), "96 s are left"),
            exclusion("02", None, "two\tlines\nof it"),
            exclusion("03", None, "c"),
        ];
        assert_eq!(told(5, &[]), None);
        assert_eq!(
            told(1, &excluded[..1]).unwrap(),
            "1 of 2 scans is left out: `d/sub-01_ses-2_task-rest` (96 s are left)"
        );
        excluded.push(exclusion("04", None, "d"));
        assert!(told(6, &excluded).unwrap().ends_with("`d/sub-03_task-rest` (c) and 1 more"));
        assert!(told(6, &excluded).unwrap().starts_with("4 of 10 scans are left out: "));
        assert_eq!(
            tsv(&excluded[..2]),
            "dataset\tparticipant_id\tsession_id\ttask\trun\treason\n\
             d\tsub-01\tses-2\trest\tn/a\t96 s are left\n\
             d\tsub-02\tn/a\trest\tn/a\ttwo lines of it\n"
        );
    }

    #[test]
    fn a_cohort_of_which_nothing_is_left_is_a_problem() {
        let regions = Regions { names: vec![], networks: vec![] };
        let excluded = vec![exclusion("01", None, "it moved")];
        let mut cohort = Cohort { excluded, ..Cohort::new(Vec::new(), regions) };
        let said =
            |cohort: &Cohort| check(cohort).into_iter().map(|problem| problem.message).collect::<Vec<_>>();
        assert_eq!(said(&cohort), ["none of its 1 scans can be used: `d/sub-01_task-rest` (it moved)"]);
        let (id, phenotype) = (cohort.excluded[0].scan.clone(), BTreeMap::new());
        cohort.scans.push(ScanInfo {
            id,
            tr: 2.0,
            trs: 4,
            rois: 0,
            phenotype,
            events: Vec::new(),
            cuts: Vec::new(),
        });
        assert_eq!(said(&cohort), ["`d/sub-01_task-rest` is both used and left out: it moved"]);
        cohort.excluded.clear();
        assert!(check(&cohort).is_empty());
    }
}
