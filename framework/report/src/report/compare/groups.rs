//! Groups runs that repeat each other, and labels the groups.

use std::collections::BTreeMap;

use super::run::Run;
use super::settings::asked;

/// Runs that differ only in seeds and in parts of the split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunGroup {
    /// Its label.
    pub label: String,
    /// Its runs, in order.
    pub runs: Vec<usize>,
}

/// Returns the groups, in the order of their first runs. A run that is listed again gets a group of its
/// own. If all runs repeat each other, every run gets one, so that they appear side by side.
pub fn groups(runs: &[Run]) -> Vec<RunGroup> {
    let data = |run: &Run| run.key("series").map(|key| key.0.clone());
    let mut found: Vec<Vec<usize>> = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        let repeats = |group: &&mut Vec<usize>| {
            let first = &runs[group[0]];
            let is_same = asked(&first.settings) == asked(&run.settings) && data(first) == data(run);
            let is_new = group.iter().all(|&other| runs[other].repeated != run.repeated);
            is_same && is_new
        };
        match found.iter_mut().find(repeats) {
            Some(group) => group.push(place),
            None => found.push(vec![place]),
        }
    }
    if found.len() == 1 {
        found = (0..runs.len()).map(|place| vec![place]).collect();
    }
    let labels = labels(runs, &found);
    found.into_iter().zip(labels).map(|(runs, label)| RunGroup { label, runs }).collect()
}

/// Labels each group by its arm or experiment, with the time if the name is ambiguous.
fn labels(runs: &[Run], groups: &[Vec<usize>]) -> Vec<String> {
    let parts = |run: &Run| {
        let own = run.dir.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if run.is_arm() { (own, run.name.clone()) } else { (run.name.clone(), own) }
    };
    let firsts: Vec<(String, String)> = groups.iter().map(|group| parts(&runs[group[0]])).collect();
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    firsts.iter().for_each(|(name, _)| *times.entry(name).or_default() += 1);
    let label = |((name, more), group): (&(String, String), &Vec<usize>)| {
        let name = if times[name] == 1 { name.clone() } else { format!("{name}/{more}") };
        if group.len() == 1 { name } else { format!("{name} ({} runs)", group.len()) }
    };
    let mut labels: Vec<String> = firsts.iter().zip(groups).map(label).collect();
    // A run that is listed twice has the same time too.
    for place in 1..labels.len() {
        let twins = labels[..place].iter().filter(|label| **label == labels[place]).count();
        if twins > 0 {
            labels[place] = format!("{} [{}]", labels[place], twins + 1);
        }
    }
    labels
}
