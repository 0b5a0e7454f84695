//! Leaks that the author of a spec accepts, with reasons.

use std::collections::{BTreeMap, BTreeSet};

use boldface::Problem;

use super::{Check, CheckStatus};
use crate::spec::suggest;
use crate::store::FIT_ENDING;

/// Marks accepted findings.
pub fn settle(checks: &mut [Check], accept: &BTreeMap<String, String>) {
    for check in checks {
        let is_open = matches!(check.status, CheckStatus::Failed | CheckStatus::Warned)
            && !check.id.ends_with(FIT_ENDING);
        if let Some(reason) = accept.get(&check.id).filter(|_| is_open) {
            check.status = CheckStatus::Accepted;
            check.reason = Some(reason.clone());
        }
    }
}

/// Reports accepted leaks that were not found, and empty reasons. `later` has the names of leaks that
/// only a run can find.
pub fn stale(accept: &BTreeMap<String, String>, checks: &[Check], later: &BTreeSet<String>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, reason) in accept {
        let key = format!("leakage.accept.{id}");
        if reason.trim().is_empty() {
            let problem = Problem::at(&key, "no reason is given");
            problems.push(problem.help("say why it is not a leak; the reason is shown in the report"));
        }
        let is_found = checks.iter().any(|check| check.id == *id && check.status == CheckStatus::Accepted);
        if is_found || later.contains(id) {
            continue;
        }
        let message = format!("no leak `{id}` was found, so there is nothing to accept");
        let found = checks.iter().filter(|check| check.status == CheckStatus::Failed);
        let known = found.map(|check| check.id.as_str()).chain(later.iter().map(String::as_str));
        let near = crate::spec::closest(id, known.clone());
        let help = near.map_or("remove the line".to_owned(), |near| suggest(id, [near]));
        problems.push(Problem::at(key, message).help(help));
    }
    problems
}
