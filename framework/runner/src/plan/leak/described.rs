//! Whether the corpus says what a task asks.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Descriptor, Fact, ScanId};
use serde_json::{Value, json};

use super::asked::{Asked, strings};
use super::nuisance::said;
use super::predict::{cuts, tell};
use super::words::{self, plain};
use super::{Check, Status, named};

/// Skill from which a column of the tables, told as a feature, gives the answer away.
const LEAKS: f64 = 0.7;

/// Largest p of a leak.
const SURE: f64 = 0.001;

const HELP: &str = "leave it out of the corpus, or do not ask for it";

/// Whether a corpus tells the column that a task asks for, or one that tells the answer: before anything runs.
///
/// It tells what it says it does ([`boldface::CorpusGenerator::tells`]), and what its table names: a plugin may say
/// nothing. The words of a table are no columns.
pub fn before(corpus: &str, config: &Value, tells: &[String], asked: &Asked) -> Vec<Check> {
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
    // One finding a leak: who names the target also retells it.
    let retells = if found.is_empty() { retells(corpus, tells, asked) } else { None };
    std::iter::once(names).chain(retells).collect()
}

fn names(corpus: &str, asked: &Asked, does: &str, found: &[&String]) -> Check {
    let key = format!("corpora.{corpus}");
    let id = format!("{key}.names.{}", task(asked));
    if found.is_empty() {
        let found = format!("it describes no column that `{}` asks for", asked.key);
        return Check::passed(id, key, found);
    }
    let found = format!("{does} {}, which `{}` asks for", named(found), asked.key);
    Check::passed(id, key, found).but(Status::Failed, HELP)
}

/// Whether a column that the corpus tells is the answer by another name; none if it tells no column, or the answers
/// are no label.
fn retells(corpus: &str, tells: &[String], asked: &Asked) -> Option<Check> {
    let (labels, people) = (asked.labels()?, asked.people());
    let (key, last) = (format!("corpora.{corpus}"), tells.last()?);
    let id = format!("{key}.retells.{}", task(asked));
    let mut leaks = Vec::new();
    for column in tells {
        let values: Vec<Option<&str>> = asked.examples.iter().map(|(info, _)| info.column(column)).collect();
        let told = tell(&cuts(&values), &labels, &people, LEAKS);
        let what = format!("the column `{column}`, which it describes,");
        if told.skill >= LEAKS && told.p.is_some_and(|p| p <= SURE) {
            leaks.push((column, format!("`{}`: {}", asked.key, said(&what, &labels, &told)), told));
        }
    }
    if leaks.is_empty() {
        let more = tells.len() - 1;
        let found =
            format!("neither `{last}` nor {more} other columns that it describes tell `{}`", asked.key);
        return Some(Check::passed(id, key, found));
    }
    let found: Vec<&str> = leaks.iter().map(|(_, found, _)| found.as_str()).collect();
    let evidence = json!(leaks.iter().map(|(column, _, told)| (column, told)).collect::<BTreeMap<_, _>>());
    Some(Check::passed(id, key, found.join("; ")).but(Status::Failed, HELP).with(evidence))
}

/// Whether the descriptors of a corpus name a task's column, say its answers, or retell them by way of
/// another column.
pub fn checks(corpus: &str, descriptors: &[&Descriptor], asked: &Asked) -> Vec<Check> {
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
    // One finding a leak: who names the target also says and retells it.
    let is_found = |checks: &[Check]| checks.iter().any(|check| check.status == Status::Failed);
    if !is_found(&checks) {
        checks.extend(words::check(id, &key, "the description", &texts, asked, HELP));
    }
    if !is_found(&checks) {
        checks.extend(retold(corpus, descriptors, asked));
    }
    checks.into_iter().map(Check::in_run).collect()
}

/// Features called like a column of the tables, such as `medication`, that tell the answer.
fn retold(corpus: &str, descriptors: &[&Descriptor], asked: &Asked) -> Option<Check> {
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
        let found = format!("{} features of the tables, none tells `{}`", by_feature.len(), asked.key);
        return Some(Check::passed(id, key, found));
    }
    let features: Vec<&str> = leaks.iter().map(|(feature, _)| *feature).collect();
    let found = format!("what it says of {} tells the answer to `{}`", named(&features), asked.key);
    let evidence = json!(leaks.iter().map(|(feature, told)| (feature, told)).collect::<BTreeMap<_, _>>());
    Some(Check::passed(id, key, found).but(Status::Failed, HELP).with(evidence))
}

/// The column that a fact may be of, as [`plain`] words: features are called like it, or `phenotype.COLUMN`.
fn column_of(fact: &Fact) -> String {
    plain(fact.feature.strip_prefix("phenotype.").unwrap_or(&fact.feature))
}

/// Whether a description depends on which scans were described before: then held-out scans reach the norms.
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
        "it says something else of `{scan}` alone than after other scans: what it learns does not end with training"
    );
    let help = "let `describe` change nothing: what is learned is learned in `fit`";
    Check::passed(id, key, found).but(Status::Failed, help).in_run()
}

/// Name of a task without the section.
pub fn task(asked: &Asked) -> &str {
    asked.key.strip_prefix("tasks.").unwrap_or(&asked.key)
}
