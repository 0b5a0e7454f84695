//! Cautions about too few test subjects, from the scans and the split of a plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use boldface::{Part, Regions, ScanInfo, Task, guard};

use super::silent::silent;
use super::{Plan, PlannedPlugin};
use crate::score::power::Power;

/// Warns before a run about tasks with too few test subjects. If all folds will run, every subject is a
/// test subject.
pub fn power_cautions(plan: &Plan) -> Vec<String> {
    let Ok(split) = plan.split(&plan.scans) else { return Vec::new() };
    let is_test = |scan: &&ScanInfo| {
        split.as_ref().is_none_or(|split| split.part(&scan.id).is_ok_and(|part| part == Part::Test))
    };
    let tested: Vec<&ScanInfo> = plan.scans.iter().filter(is_test).collect();
    let tested_persons = tested.iter().map(|scan| scan.id.person()).collect::<BTreeSet<_>>().len();
    let everyone: Vec<&ScanInfo> = plan.scans.iter().collect();
    let table = &plan.experiment.split;
    let is_folded = table.folds.is_some() || table.leave_out.is_some();
    let one = |task: &PlannedPlugin<dyn Task>| {
        let said = power(plan, task, &tested)?.caution()?;
        // The smallest effect if every subject were tested, which folds achieve.
        let of_all = power(plan, task, &everyone)?;
        let all = of_all.auroc().or(of_all.correlation());
        let by = if is_folded { "all folds together test" } else { "`[split] folds = 5` tests" };
        let more = all
            .filter(|_| of_all.subjects > tested_persons)
            .map(|effect| format!("; {by} all {} {{subject}}s, who can show {effect:.2}", of_all.subjects));
        Some(said + &more.unwrap_or_else(|| "; add {subject}s".to_owned()))
    };
    plan.tasks.iter().filter_map(one).map(|said| table.unit.worded(&said)).collect()
}

/// Computes the power of a task from the examples it makes of scans with a silent signal. `None` if the
/// task fails without a signal or comes from a library, because library code only ever gets real scans.
fn power(plan: &Plan, task: &PlannedPlugin<dyn Task>, scans: &[&ScanInfo]) -> Option<Power> {
    if task.library.is_some() {
        return None;
    }
    let crop = plan.crop();
    let regions = Arc::new(Regions { names: Vec::new(), networks: Vec::new() });
    let mut answers = Vec::new();
    for info in scans {
        let scan = silent(info, &regions, crop.kept(info.trs)).ok()?;
        let examples = guard(|| task.config.examples(&scan)).ok()?;
        answers.extend(examples.into_iter().map(|example| (&info.id, example.answer)));
    }
    Power::compute(&task.name, answers.iter().map(|(id, answer)| (*id, answer)))
}
