//! Checks whether a corpus gives away a task's answers.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Descriptor, Fact, Result, ScanId};
use serde_json::{Value, json};

use super::asked::{TaskExamples, strings};
use super::cuts::cuts;
use super::nuisance::said;
use super::predict::{TargetLabels, tell};
use super::together::tell_together;
use super::words::{self, plain};
use super::{Check, CheckStatus, named};

/// Skill from which a phenotype column in the corpus is a leak.
const LEAKS: f64 = 0.7;

/// Largest p of a leak.
const SURE: f64 = 0.001;

const HELP: &str = "leave it out of the corpus, or do not ask for it";

/// Checks before a run whether a corpus describes the column that a task asks for, or one that predicts
/// the answer.
///
/// It considers the columns that the corpus reports ([`boldface::CorpusGenerator::tells`]), including
/// those its norms are adjusted for, because a z-score depends on the scan's own value. It also
/// considers all strings in the corpus's table except `words`, because a plugin may report nothing.
pub fn before(corpus: &str, config: &Value, tells: &[String], asked: &TaskExamples) -> Vec<Check> {
    let mut named_columns = tells.to_vec();
    match config {
        Value::Object(table) => {
            let keys = table.iter().filter(|(key, _)| *key != "words");
            keys.for_each(|(_, value)| strings(value, &mut named_columns));
        }
        other => strings(other, &mut named_columns),
    }
    let found: Vec<&String> = asked.targets.iter().filter(|target| named_columns.contains(target)).collect();
    let mut adjusted = Vec::new();
    strings(&config["adjust"], &mut adjusted);
    let names = if !found.is_empty() && found.iter().all(|column| adjusted.contains(column)) {
        names(corpus, asked, "its norms are adjusted for", &found)
    } else {
        names(corpus, asked, "it describes", &found)
    };
    // Report each leak once: a corpus that names the target also predicts it.
    let retells = if found.is_empty() { retells(corpus, tells, asked) } else { None };
    std::iter::once(names).chain(retells).collect()
}

fn names(corpus: &str, asked: &TaskExamples, does: &str, found: &[&String]) -> Check {
    let key = format!("corpora.{corpus}");
    let id = format!("{key}.names.{}", task(asked));
    if found.is_empty() {
        let found = format!("it describes no column that `{}` asks for", asked.key);
        return Check::passed(id, key, found);
    }
    let found = format!("{does} {}, which `{}` asks for", named(found), asked.key);
    Check::passed(id, key, found).but(CheckStatus::Failed, HELP)
}

/// Checks whether a column described by the corpus predicts the answers. Returns `None` if it describes
/// no column, or if the answers are not labels.
fn retells(corpus: &str, tells: &[String], asked: &TaskExamples) -> Option<Check> {
    let (labels, people) = (asked.labels()?, asked.people());
    let (key, last) = (format!("corpora.{corpus}"), tells.last()?);
    let id = format!("{key}.retells.{}", task(asked));
    let mut leaks = Vec::new();
    for column in tells {
        let told = tell(&cuts(&asked.column(column)), &labels, &people, LEAKS);
        let what = format!("the column `{column}`, which it describes,");
        if told.skill >= LEAKS && told.p.is_some_and(|p| p <= SURE) {
            leaks.push((column, format!("`{}`: {}", asked.key, said(&what, &labels, &told)), told));
        }
    }
    if leaks.is_empty()
        && let Some(together) = retells_together(&id, &key, tells, asked, &labels)
    {
        return Some(together);
    }
    if leaks.is_empty() {
        let more = tells.len() - 1;
        let found =
            format!("neither `{last}` nor {more} other columns that it describes predict `{}`", asked.key);
        return Some(Check::passed(id, key, found));
    }
    let found: Vec<&str> = leaks.iter().map(|(_, found, _)| found.as_str()).collect();
    let evidence = json!(leaks.iter().map(|(column, _, told)| (column, told)).collect::<BTreeMap<_, _>>());
    Some(Check::passed(id, key, found.join("; ")).but(CheckStatus::Failed, HELP).with(evidence))
}

/// Returns the leak of columns that predict the answers together, though none does alone.
fn retells_together(
    id: &str,
    key: &str,
    tells: &[String],
    asked: &TaskExamples,
    labels: &TargetLabels,
) -> Option<Check> {
    let columns: Vec<Vec<Option<&str>>> = tells.iter().map(|column| asked.column(column)).collect();
    let told = tell_together(&columns, labels, &asked.people(), LEAKS)?;
    if told.skill < LEAKS || told.p.is_none_or(|p| p > SURE) {
        return None;
    }
    let tells: Vec<&String> = tells.iter().collect();
    let what = format!("what it describes ({}), taken together,", named(&tells));
    let found = format!("`{}`: {}", asked.key, said(&what, labels, &told));
    Some(Check::passed(id, key, found).but(CheckStatus::Failed, HELP).with(json!(told)))
}

/// Checks whether the descriptors of a corpus name a task's column, contain its answers, or predict them
/// from another column.
pub fn checks(corpus: &str, descriptors: &[&Descriptor], asked: &TaskExamples) -> Vec<Check> {
    let key = format!("corpora.{corpus}");
    let features: BTreeSet<String> =
        descriptors.iter().map(|descriptor| column_of(&descriptor.fact)).collect();
    let found: Vec<&String> =
        asked.targets.iter().filter(|target| features.contains(&plain(target))).collect();
    let mut checks = vec![names(corpus, asked, "it describes", &found)];

    let mut texts: BTreeMap<ScanId, String> = BTreeMap::new();
    for descriptor in descriptors {
        *texts.entry(descriptor.scan.clone()).or_default() += &plain(&descriptor.text);
    }
    let id = format!("{key}.says.{}", task(asked));
    // Report each leak once: a corpus that names the target also contains and predicts it.
    let is_found = |checks: &[Check]| checks.iter().any(|check| check.status == CheckStatus::Failed);
    if !is_found(&checks) {
        checks.extend(words::check(id, &key, "the description", &texts, asked, HELP));
    }
    if !is_found(&checks) {
        checks.extend(retold(corpus, descriptors, asked));
    }
    checks.into_iter().map(Check::in_run).collect()
}

/// Checks features with the name of a phenotype column, such as `medication`, for predicting the
/// answers.
fn retold(corpus: &str, descriptors: &[&Descriptor], asked: &TaskExamples) -> Option<Check> {
    let labels = asked.labels()?;
    let columns: BTreeSet<String> = asked
        .examples
        .iter()
        .flat_map(|(info, _)| info.phenotype.keys())
        .map(|column| plain(column))
        .collect();
    let mut by_feature: BTreeMap<&str, BTreeMap<&ScanId, String>> = BTreeMap::new();
    for Descriptor { scan, fact, .. } in descriptors {
        if columns.contains(&column_of(fact)) {
            let said =
                format!("{} {}", fact.band, fact.value.map(|value| value.to_string()).unwrap_or_default());
            by_feature.entry(&fact.feature).or_default().insert(scan, said.trim().to_owned());
        }
    }
    let (key, people) = (format!("corpora.{corpus}"), asked.people());
    let id = format!("{key}.retells.{}", task(asked));
    let mut leaks = Vec::new();
    for (feature, said) in &by_feature {
        let values: Vec<Option<&str>> =
            asked.examples.iter().map(|(info, _)| said.get(&info.id).map(String::as_str)).collect();
        let told = tell(&cuts(&values), &labels, &people, LEAKS);
        if told.skill >= LEAKS && told.p.is_some_and(|p| p <= SURE) {
            leaks.push((*feature, told));
        }
    }
    if leaks.is_empty() {
        let found = format!("{} features of the tables, none predicts `{}`", by_feature.len(), asked.key);
        return Some(Check::passed(id, key, found));
    }
    let features: Vec<&str> = leaks.iter().map(|(feature, _)| *feature).collect();
    let found = format!("what it says about {} predicts the answer to `{}`", named(&features), asked.key);
    let evidence = json!(leaks.iter().map(|(feature, told)| (feature, told)).collect::<BTreeMap<_, _>>());
    Some(Check::passed(id, key, found).but(CheckStatus::Failed, HELP).with(evidence))
}

/// Returns the column of a feature such as `COLUMN` or `phenotype.COLUMN`, as [`plain`] words.
fn column_of(fact: &Fact) -> String {
    plain(fact.feature.strip_prefix("phenotype.").unwrap_or(&fact.feature))
}

/// Checks whether a description depends on the scans described before it. Held-out scans would then
/// influence the norms.
pub fn order(corpus: &str, scan: &ScanId, before: &[&Descriptor], alone: &[Descriptor]) -> Check {
    let key = format!("corpora.{corpus}");
    let id = format!("{key}.order");
    let differ = before.len() != alone.len()
        || before.iter().zip(alone).any(|(a, b)| (&a.text, &a.fact.feature) != (&b.text, &b.fact.feature));
    if !differ {
        let found = format!("it says the same of `{scan}` alone as after all other scans");
        return Check::passed(id, key, found).in_run();
    }
    let found = format!(
        "its description of `{scan}` depends on the scans before it: it goes on learning after training"
    );
    let help = "learn in `fit` only, and let `describe` change nothing";
    Check::passed(id, key, found).but(CheckStatus::Failed, help).in_run()
}

/// A description of a scan, and one of the same scan without the columns that a task asks for.
pub struct BlindDescription {
    /// The scan.
    pub scan: ScanId,
    /// The description with all columns.
    pub whole: Vec<Descriptor>,
    /// The description without them, or the error.
    pub blind: Result<Vec<Descriptor>>,
}

/// Checks whether a description reads the columns that a task asks for.
pub fn sees(corpus: &str, asked: &TaskExamples, described: &[BlindDescription]) -> Check {
    let key = format!("corpora.{corpus}");
    let id = format!("{key}.sees.{}", task(asked));
    let reads = |one: &&BlindDescription| one.blind.as_ref().map_or(true, |blind| one.whole != *blind);
    let columns: Vec<&String> = asked.targets.iter().collect();
    let Some(first) = described.iter().find(reads) else {
        let found = format!("it says the same of {} scans without {}", described.len(), named(&columns));
        return Check::passed(id, key, found).in_run();
    };
    let found = format!(
        "its description of `{}` changes without {}, which `{}` asks for: it reads the answer",
        first.scan,
        named(&columns),
        asked.key
    );
    Check::passed(id, key, found).but(CheckStatus::Failed, HELP).in_run()
}

/// Returns the name of a task without its section.
pub fn task(asked: &TaskExamples) -> &str {
    asked.key.strip_prefix("tasks.").unwrap_or(&asked.key)
}
