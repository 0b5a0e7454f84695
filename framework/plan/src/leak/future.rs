//! Checks whether a task that predicts later volumes of a scan is shown anything of them.
//!
//! A step of cleaning that is fitted to the whole run carries the future into the volumes before it.
//! Cleaning context and future apart would give every context length data of its own, so such settings
//! are refused instead.

use boldface::{Dataset, Problem, Task};
use serde_json::json;

use super::{Check, CheckStatus};
use crate::study::AnswerForm;
use crate::{Plan, PlannedPlugin};

/// Whether a task asks for later volumes, as far as is known before a run.
pub fn forecasts(task: &PlannedPlugin<dyn Task>) -> bool {
    task.asking.form == Some(AnswerForm::Series) || task.config.forecasts()
}

/// Returns one check for each dataset and each of the `tasks`, which forecast.
pub fn checks(plan: &Plan, tasks: &[&PlannedPlugin<dyn Task>]) -> Vec<Check> {
    let of_dataset = |dataset: &PlannedPlugin<dyn Dataset>| {
        if tasks.is_empty() {
            return Vec::new();
        }
        let ahead = dataset.config.looks_ahead(&dataset.root);
        tasks.iter().map(|task| check(&task.name, &dataset.name, &ahead)).collect()
    };
    plan.datasets.iter().flat_map(of_dataset).collect()
}

fn check(task: &str, dataset: &str, ahead: &[Problem]) -> Check {
    let id = format!("tasks.{task}.future.{dataset}");
    let key = format!("datasets.{dataset}");
    let Some(first) = ahead.first() else {
        let found = format!(
            "no setting of `{dataset}` looks ahead of a volume; how its files were cleaned before is not known"
        );
        return Check::passed(id, key, found);
    };
    let how: Vec<String> =
        ahead.iter().map(|problem| format!("`{}` {}", problem.key, problem.message)).collect();
    let instead: Vec<&str> = ahead.iter().filter_map(|problem| problem.help.as_deref()).collect();
    let found = format!(
        "`tasks.{task}` predicts later volumes of a scan, and the volumes it shows depend on them: {}",
        how.join("; ")
    );
    let help = format!("use {} in `{key}`, or leave the task out", instead.join(", "));
    let keys: Vec<&str> = ahead.iter().map(|problem| problem.key.as_str()).collect();
    Check::passed(id, format!("{key}.{}", first.key), found)
        .but(CheckStatus::Failed, help)
        .with(json!({ "settings": keys }))
}
