//! Checks whether harmonisation adds a task's answers to the features, or removes them.

use boldface_imaging::combat::Harmonization;
use serde_json::json;

use super::asked::TaskExamples;
use super::cuts::cuts;
use super::nuisance::{LEAKS, LIKELY, SURE, WORTH_SAYING, said};
use super::predict::tell;
use super::together::tell_together;
use super::{Check, CheckStatus};

/// Returns one check for the batch and one for each preserved column.
///
/// A preserved column is added back to the features of every scan, including the test part. If it is or
/// predicts the answer, the features contain the answer without any brain signal.
pub fn checks(asked: &TaskExamples, how: &Harmonization) -> Vec<Check> {
    let task = &asked.key;
    let mut ids = ids(task, how).into_iter();
    let id = ids.next().expect("the first is the batch's");
    let found = format!("`{task}` does not ask for `{}`", how.batch);
    let mut batch = Check::passed(id, "harmonization.batch", found);
    if asked.targets.contains(&how.batch) {
        batch.found =
            format!("`{task}` asks for `{}`, which harmonisation takes out of the features", how.batch);
        batch = batch.but(CheckStatus::Failed, "leave the section out, or do not ask for it");
    }
    let preserved = ids.zip(how.preserve.iter().enumerate());
    let preserved = preserved.map(|(id, (place, column))| preserved_check(asked, id, place, column));
    std::iter::once(batch).chain(preserved).chain(preserved_together(asked, how)).collect()
}

/// Checks whether the preserved columns predict the answers together, though none does alone.
fn preserved_together(asked: &TaskExamples, how: &Harmonization) -> Option<Check> {
    let (task, labels) = (&asked.key, asked.labels()?);
    if how.preserve.iter().any(|column| asked.targets.contains(column)) {
        return None;
    }
    let columns: Vec<Vec<Option<&str>>> = how.preserve.iter().map(|column| asked.column(column)).collect();
    let told = tell_together(&columns, &labels, &asked.people(), LEAKS)?;
    let found = format!("`{task}`: {}", said("`preserve`, all its columns together,", &labels, &told));
    let check = Check::passed(together_id(task), "harmonization.preserve", found).with(json!(told));
    let is_leak = told.skill >= LEAKS && told.p.is_some_and(|p| p <= SURE);
    Some(if is_leak { check.but(CheckStatus::Failed, "preserve fewer columns") } else { check })
}

/// Returns the name of the check of all preserved columns.
pub fn together_id(task: &str) -> String {
    format!("harmonization.preserve.{task}")
}

/// Returns the names of a task's checks: the batch's, then one for each preserved column.
pub fn ids(task: &str, how: &Harmonization) -> Vec<String> {
    let preserved = how.preserve.iter().map(|column| format!("harmonization.preserve.{column}.{task}"));
    std::iter::once(format!("harmonization.batch.{task}")).chain(preserved).collect()
}

fn preserved_check(asked: &TaskExamples, id: String, place: usize, column: &str) -> Check {
    let task = &asked.key;
    let key = format!("harmonization.preserve[{place}]");
    let help = format!("take `{column}` out of `preserve`");
    if asked.targets.contains(column) {
        let found = format!(
            "`{task}` asks for `{column}`, which harmonisation puts into the features of every scan, those of \
             the test part too"
        );
        return Check::passed(id, key, found).but(CheckStatus::Failed, help);
    }
    let Some(labels) = asked.labels() else {
        return Check::passed(
            id,
            key,
            format!("the answers of `{task}` are no label that `{column}` could tell"),
        );
    };
    let told = tell(&cuts(&asked.column(column)), &labels, &asked.people(), WORTH_SAYING);
    let what = format!("the preserved column `{column}`");
    let check =
        Check::passed(id, key, format!("`{task}`: {}", said(&what, &labels, &told))).with(json!(told));
    let p = told.p.unwrap_or(1.0);
    if told.skill >= LEAKS && p <= SURE {
        check.but(CheckStatus::Failed, help)
    } else if told.skill >= WORTH_SAYING && p <= LIKELY {
        check.but(CheckStatus::Warned, help)
    } else {
        check
    }
}
