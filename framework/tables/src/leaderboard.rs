//! Compares the arms of a sweep: pools seeds, finds axes and chooses by validation.
//!
//! Arms are ordered and chosen by validation scores only. Test scores are shown beside them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

/// One run of a sweep, with the value of one metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// The arm's name.
    pub name: String,
    /// Settings of the arm by dotted key. A missing key has the base's value.
    pub settings: BTreeMap<String, String>,
    /// Name of the division of subjects into parts. Trials with the same division have the same parts.
    pub division: String,
    /// Value on validation subjects. `None` if undefined.
    pub validation: Option<f64>,
    /// Value on test subjects. `None` if undefined.
    pub test: Option<f64>,
}

/// Trials that differ only in seeds and parts of the split.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderboardEntry {
    /// Their settings, without seeds and parts of the split.
    pub settings: BTreeMap<String, String>,
    /// Indices of the trials, in order.
    pub trials: Vec<usize>,
    /// Values on validation subjects.
    pub validation: Summary,
    /// Values on test subjects.
    pub test: Summary,
}

/// Mean and spread of several trials' values.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Number of defined values.
    pub n: usize,
    /// Number of values, with the undefined ones.
    pub total: usize,
    /// Their mean.
    pub mean: Option<f64>,
    /// Their sample standard deviation. `None` for fewer than two.
    pub sd: Option<f64>,
}

/// One axis of a sweep, or several that always change together.
#[derive(Clone, Debug, PartialEq)]
pub struct LeaderboardAxis {
    /// Its dotted keys.
    pub keys: Vec<String>,
    /// Its values. The others are compared with the first.
    pub levels: Vec<Level>,
}

/// One value of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// The value. If several keys change together, all their values.
    pub value: String,
    /// Indices of all trials at this level.
    pub trials: Vec<usize>,
    /// Pairs of a trial at the first level and a trial at this level that agree in all other settings.
    pub pairs: Vec<(usize, usize)>,
}

/// The arm that validation chose for one division of the subjects.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The division.
    pub division: String,
    /// Index of the chosen entry.
    pub entry: usize,
    /// Indices of its trials in this division.
    pub trials: Vec<usize>,
    /// Mean validation value, which decided the choice.
    pub validation: f64,
    /// Mean test value of the same trials.
    pub test: Option<f64>,
}

/// Label for a value that an arm does not set.
pub const BASE: &str = "(base)";

/// Whether a key only repeats an experiment: a seed, a fold or a repetition of the split.
pub fn repeats(key: &str) -> bool {
    key == "seed" || key.ends_with(".seed") || matches!(key, "split.fold" | "split.repeat")
}

/// Formats the settings whose keys pass `wanted` as `key=value, key=value`.
pub fn told(settings: &BTreeMap<String, String>, wanted: impl Fn(&str) -> bool) -> String {
    let one = |(key, value): (&String, &String)| format!("{key}={value}");
    settings.iter().filter(|(key, _)| wanted(key)).map(one).collect::<Vec<_>>().join(", ")
}

/// Computes mean and standard deviation of the defined values, and counts the others.
pub fn summary(values: impl Iterator<Item = Option<f64>>) -> Summary {
    let values: Vec<Option<f64>> = values.collect();
    let total = values.len();
    let known: Vec<f64> = values.into_iter().flatten().filter(|value| !value.is_nan()).collect();
    let n = known.len();
    if n == 0 {
        return Summary { total, ..Summary::default() };
    }
    let mean = known.iter().sum::<f64>() / n as f64;
    let squares = known.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    Summary { n, total, mean: Some(mean), sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()) }
}

/// Groups trials that differ only in seeds and parts of the split, and sorts the groups by validation
/// value: best first, undefined last. Without a direction, the trials' order is kept.
pub fn entries(trials: &[Trial], higher_is_better: Option<bool>) -> Vec<LeaderboardEntry> {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, trial) in trials.iter().enumerate() {
        groups.entry(told(&trial.settings, |key| !repeats(key))).or_default().push(place);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    groups.sort_by_key(|group| group[0]);
    let entry = |group: Vec<usize>| LeaderboardEntry {
        settings: kept(&trials[group[0]].settings, |key| !repeats(key)),
        validation: summary(group.iter().map(|&trial| trials[trial].validation)),
        test: summary(group.iter().map(|&trial| trials[trial].test)),
        trials: group,
    };
    let mut entries: Vec<LeaderboardEntry> = groups.into_iter().map(entry).collect();
    entries.sort_by(|a, b| better(a.validation.mean, b.validation.mean, higher_is_better));
    entries
}

/// Finds the axes: every key with more than one value, apart from seeds and parts of the split. `order`
/// lists the values of an axis in the sweep's order. Other values are sorted by number and then by name,
/// with the base first.
pub fn axes(trials: &[Trial], order: &BTreeMap<String, Vec<String>>) -> Vec<LeaderboardAxis> {
    let mut keys: Vec<&String> = trials.iter().flat_map(|trial| trial.settings.keys()).collect();
    keys.sort();
    keys.dedup();
    let mut axes: Vec<(Vec<String>, Vec<usize>, Vec<String>)> = Vec::new();
    for key in keys.into_iter().filter(|key| !repeats(key)) {
        let values = values(trials, key, order.get(key));
        if values.len() < 2 {
            continue;
        }
        let place = |trial: &Trial| {
            let value = trial.settings.get(key).map_or(BASE, String::as_str);
            values.iter().position(|known| known == value).unwrap_or_default()
        };
        let of_trials: Vec<usize> = trials.iter().map(place).collect();
        match axes.iter_mut().find(|(_, known, _)| moves_with(known, &of_trials)) {
            Some((keys, known, texts)) => {
                for (level, text) in texts.iter_mut().enumerate() {
                    let trial = known.iter().position(|&other| other == level);
                    *text += &format!(", {}", values[of_trials[trial.unwrap_or_default()]]);
                }
                keys.push(key.clone());
            }
            None => axes.push((vec![key.clone()], of_trials, values)),
        }
    }
    axes.into_iter().map(|(keys, of_trials, texts)| axis(trials, keys, &of_trials, texts)).collect()
}

/// Lists the divisions of the subjects, in order.
pub fn divisions(trials: &[Trial]) -> Vec<&String> {
    let mut divisions: Vec<&String> = trials.iter().map(|trial| &trial.division).collect();
    divisions.sort_by(|a, b| by_number(a, b));
    divisions.dedup();
    divisions
}

/// Chooses the entry with the best validation value for each division of the subjects. A division in which
/// no validation value is defined has no choice.
pub fn choices(
    trials: &[Trial],
    entries: &[LeaderboardEntry],
    higher_is_better: Option<bool>,
) -> Vec<Choice> {
    if higher_is_better.is_none() {
        return Vec::new();
    }
    let choose = |division: &String| {
        let candidate = |(place, entry): (usize, &LeaderboardEntry)| {
            let of = entry.trials.iter().filter(|&&trial| trials[trial].division == *division);
            let of: Vec<usize> = of.copied().collect();
            let validation = summary(of.iter().map(|&trial| trials[trial].validation)).mean?;
            let test = summary(of.iter().map(|&trial| trials[trial].test)).mean;
            Some(Choice { division: division.clone(), entry: place, trials: of, validation, test })
        };
        let found = entries.iter().enumerate().filter_map(candidate);
        found.min_by(|a, b| better(Some(a.validation), Some(b.validation), higher_is_better))
    };
    divisions(trials).into_iter().filter_map(choose).collect()
}

fn kept(settings: &BTreeMap<String, String>, wanted: fn(&str) -> bool) -> BTreeMap<String, String> {
    let wanted = settings.iter().filter(|(key, _)| wanted(key));
    wanted.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Sorts better values first and undefined ones last.
fn better(a: Option<f64>, b: Option<f64>, higher_is_better: Option<bool>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => match higher_is_better {
            Some(true) => b.total_cmp(&a),
            Some(false) => a.total_cmp(&b),
            None => Ordering::Equal,
        },
        (a, b) => b.is_some().cmp(&a.is_some()),
    }
}

fn values(trials: &[Trial], key: &str, order: Option<&Vec<String>>) -> Vec<String> {
    let value = |trial: &Trial| trial.settings.get(key).cloned().unwrap_or_else(|| BASE.to_owned());
    let mut values: Vec<String> = trials.iter().map(value).collect();
    let listed = |value: &String| order.and_then(|order| order.iter().position(|known| known == value));
    values.sort_by(|a, b| {
        let place = |value: &String| (value != BASE, listed(value).unwrap_or(usize::MAX));
        place(a).cmp(&place(b)).then_with(|| by_number(a, b))
    });
    values.dedup();
    values
}

fn by_number(a: &str, b: &str) -> Ordering {
    let number = |text: &str| {
        let digits = text.rsplit(['=', ',']).next().unwrap_or(text).trim();
        digits.parse::<f64>().ok().filter(|number| !number.is_nan())
    };
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (x, y) => y.is_some().cmp(&x.is_some()).then_with(|| a.cmp(b)),
    }
}

/// Whether each level of one axis always occurs with the same level of the other.
fn moves_with(a: &[usize], b: &[usize]) -> bool {
    let (mut forward, mut back) = (BTreeMap::new(), BTreeMap::new());
    a.iter().zip(b).all(|(a, b)| forward.entry(a).or_insert(b) == &b && back.entry(b).or_insert(a) == &a)
}

fn axis(trials: &[Trial], keys: Vec<String>, of_trials: &[usize], texts: Vec<String>) -> LeaderboardAxis {
    let rest = |trial: &Trial| told(&trial.settings, |key| !keys.iter().any(|known| known == key));
    let at = |level: usize| (0..trials.len()).filter(move |&trial| of_trials[trial] == level);
    let first: BTreeMap<String, usize> = at(0).map(|trial| (rest(&trials[trial]), trial)).collect();
    let level = |(level, value): (usize, String)| {
        let pair = |trial| Some((*first.get(&rest(&trials[trial]))?, trial));
        let pairs = if level == 0 { Vec::new() } else { at(level).filter_map(pair).collect() };
        Level { value, trials: at(level).collect(), pairs }
    };
    let levels = texts.into_iter().enumerate().map(level).collect();
    LeaderboardAxis { keys, levels }
}

#[cfg(test)]
#[path = "leaderboard/tests.rs"]
mod tests;
