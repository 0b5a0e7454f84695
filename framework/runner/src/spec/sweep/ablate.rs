//! Ablations: combinations of changes to the base.

use boldface::Problem;

use super::axes::MOST;
use super::keys::{ArmSettings, Setting, SweepBase, insert, leaves};
use super::names::{KeyLabels, join};
use super::table::{Ablate, Design};

/// One change to the base.
pub(super) struct Change {
    pub key: String,
    pub setting: Setting,
}

/// Reads the changes of an ablation: first `drop`, then `swap`.
pub(super) fn changes(ablate: &Ablate, base: &SweepBase<'_>, problems: &mut Vec<Problem>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (i, key) in ablate.drop.iter().enumerate() {
        let at = format!("ablate.drop[{i}]");
        base.check_dropped(key, &at, problems);
        changes.push(Change { key: key.clone(), setting: Setting { value: None, at } });
    }
    for (key, at, value) in leaves(&ablate.swap, "ablate.swap") {
        base.check(&key, &at, problems);
        changes.push(Change { key, setting: Setting { value: Some(value.clone()), at } });
    }
    if changes.is_empty() {
        let problem = Problem::at("ablate", "there is nothing to change");
        problems.push(problem.help("list what to leave out in `drop`, or what to set in `swap`"));
    }
    if ablate.design == Design::Factorial
        && 1_usize.checked_shl(changes.len() as u32).is_none_or(|n| n > MOST)
    {
        let message = format!("{} changes have more than {MOST} subsets", changes.len());
        problems.push(Problem::at("ablate.design", message).help("use `star` or `leave-one-out`"));
        return Vec::new();
    }
    changes
}

/// Returns the name and settings of each arm of an ablation.
pub(super) fn arms(
    design: Design,
    changes: &[Change],
    labels: &KeyLabels,
    problems: &mut Vec<Problem>,
) -> Vec<(String, ArmSettings)> {
    let all: Vec<usize> = (0..changes.len()).collect();
    let but = |left: usize| all.iter().copied().filter(|&i| i != left).collect::<Vec<_>>();
    let name = |i: usize| labels.change(&changes[i].key, changes[i].setting.value.as_ref());
    let chosen: Vec<(String, Vec<usize>)> = match design {
        _ if changes.is_empty() => Vec::new(),
        Design::Star => {
            let alone = all.iter().map(|&i| (name(i), vec![i]));
            [("base".to_owned(), vec![])].into_iter().chain(alone).collect()
        }
        Design::LeaveOneOut => {
            let others = all.iter().map(|&i| (format!("all-but-{}", name(i)), but(i)));
            [("all".to_owned(), all.clone())].into_iter().chain(others).collect()
        }
        Design::Factorial => {
            let subset = |bits: usize| {
                let chosen: Vec<usize> = all.iter().copied().filter(|&i| bits >> i & 1 == 1).collect();
                let names: Vec<String> = chosen.iter().map(|&i| name(i)).collect();
                (if names.is_empty() { "base".to_owned() } else { join(&names) }, chosen)
            };
            (0..1_usize << changes.len()).map(subset).collect()
        }
    };
    let settings = |(name, chosen): (String, Vec<usize>)| {
        let mut settings = ArmSettings::new();
        for change in chosen.into_iter().map(|i| &changes[i]) {
            insert(&mut settings, change.key.clone(), change.setting.clone(), problems);
        }
        (name, settings)
    };
    chosen.into_iter().map(settings).collect()
}
