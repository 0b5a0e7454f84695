//! Leakage checks that need no signal, on a valid plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use boldface::{CheckContext, Cohort, Problem, Task};
use serde_json::json;

use super::asked::TaskExamples;
use super::held_out::HeldOut;
use super::{
    Check, CheckStatus, Proof, alike, columns, copies, described, future, harmonized, held_out, nuisance,
    parts, recoded, related, settle, signal, stale, started, subjects, text, words,
};
use crate::cohorts::{self, DataCache};
use crate::store::export::fingerprints;
use crate::store::{CAUTION_ENDING, canonical_json};
use crate::study::is_taught_by_asking;
use crate::{Plan, PlannedPlugin, StageKind, facts};

/// Results shared by several specs, by everything that they depend on.
#[derive(Debug, Default)]
pub struct LeakCheckCache {
    asked: cohorts::KeyedCache<Result<TaskExamples, String>>,
    checks: cohorts::KeyedCache<Vec<Check>>,
}

/// Checks `plan` for leaks. Its stages must have their keys.
///
/// # Errors
/// Returns every leak that the spec does not accept, and every accepted leak that was not found.
pub(crate) fn check(plan: &Plan, cohorts: &[Arc<Cohort>], data: &DataCache) -> Result<Proof, Vec<Problem>> {
    let lint = Lint { plan, cohorts, data, memo: &data.leaks };
    let mut checks = lint.of_people();
    checks.extend(lint.of_split()?);
    checks.extend(lint.of_start()?);
    checks.extend(lint.of_future());
    let (asked, unasked) = lint.asked();
    checks.extend(unasked);
    checks.extend(lint.of_tasks(&asked));
    checks.extend(lint.of_parts(&asked));
    checks.extend(lint.of_text(&asked));
    checks.extend(lint.of_held_out(&asked));
    checks.extend(lint.of_columns(&asked));
    checks.extend(lint.cautions());
    let accept = &plan.experiment.leakage.accept;
    settle(&mut checks, accept);
    let problems = checks.iter().filter(|check| check.status == CheckStatus::Failed).map(Check::problem);
    let unasked = plan.tasks.iter().zip(&asked).filter(|(_, (asked, _))| asked.is_err());
    let unasked = unasked.map(|(task, _)| task.name.as_str()).collect();
    let problems: Vec<Problem> = problems.chain(stale(accept, &checks, &later(plan, &unasked))).collect();
    if problems.is_empty() { Ok(Proof { checks }) } else { Err(problems) }
}

/// Returns the names of leaks that only a run can find and that may be accepted. `unasked` has the tasks
/// that need a signal.
fn later(plan: &Plan, unasked: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut ids = BTreeSet::from(["series.copies", alike::NEAR, alike::PARTS].map(str::to_owned));
    if plan.experiment.text.is_some() {
        ids.insert("text.descriptions".to_owned());
    }
    let tasks = || plan.tasks.iter().map(|task| &task.name);
    if !plan.experiment.facts.held_out.is_empty() {
        ids.extend(plan.stages.iter().map(|stage| held_out::id(&stage.name())));
        ids.extend(plan.tasks.iter().map(|task| held_out::id(&format!("tasks.{}", task.name))));
        ids.insert(held_out::OF_TEXT.to_owned());
    }
    if let Some(how) = &plan.experiment.harmonization {
        let tasks = || tasks().map(|task| format!("tasks.{task}"));
        ids.extend(tasks().flat_map(|task| harmonized::ids(&task, how)));
        ids.extend(tasks().map(|task| harmonized::together_id(&task)));
    }
    for corpus in &plan.corpora {
        let kinds = ["names", "says", "retells", "sees"];
        let of_kind = |kind| tasks().map(move |task| format!("corpora.{}.{kind}.{task}", corpus.name));
        ids.extend(kinds.into_iter().flat_map(of_kind));
        ids.insert(format!("corpora.{}.order", corpus.name));
    }
    for task in tasks() {
        ids.extend(tasks().map(|other| format!("tasks.{task}.says.{other}")));
        if unasked.contains(&**task) {
            ids.extend(tasks().map(|other| format!("tasks.{task}.zero-shot.{other}")));
            ids.extend(plan.datasets.iter().map(|dataset| format!("tasks.{task}.future.{}", dataset.name)));
            ids.extend(["windows", "parts", "nested", "unit"].map(|kind| format!("tasks.{task}.{kind}")));
        }
        let kinds = ["question", "leaning", "nuisance.question", "nuisance.options", "nuisance.window"];
        ids.extend(kinds.map(|kind| format!("tasks.{task}.{kind}")));
        ids.extend(signal::NAMES.map(|name| format!("tasks.{task}.nuisance.{name}")));
    }
    ids
}

/// Examples of a task, and the key to remember them by.
type Known = (Arc<Result<TaskExamples, String>>, String);

struct Lint<'a> {
    plan: &'a Plan,
    cohorts: &'a [Arc<Cohort>],
    data: &'a DataCache,
    memo: &'a LeakCheckCache,
}

impl Lint<'_> {
    /// Returns the cautions that tasks report about their examples.
    fn cautions(&self) -> Vec<Check> {
        let scans = &self.plan.scans;
        let cx = CheckContext {
            scans,
            trs: self.plan.crop().range(scans).0,
            patch: self.plan.tokenizer.config.patch(),
        };
        let of_task = |task: &PlannedPlugin<dyn Task>| {
            let key = format!("tasks.{}", task.name);
            let said = task.config.cautions(&cx);
            let said = said
                .into_iter()
                .map(|found| format!("{}: {found}", task.name))
                .collect::<Vec<_>>()
                .join("; ");
            let check = Check::passed(format!("{key}{CAUTION_ENDING}"), key, said);
            (!check.found.is_empty())
                .then(|| check.but(CheckStatus::Warned, "nothing to do if this is intended"))
        };
        self.plan.tasks.iter().filter_map(of_task).collect()
    }

    /// Returns the key of a stage, which covers everything that its artefact depends on.
    fn key(&self, kind: &StageKind) -> &str {
        let stage = self.plan.stages.iter().find(|stage| stage.kind == *kind);
        stage.map_or("", |stage| &stage.key.0)
    }

    fn of_people(&self) -> Vec<Check> {
        let key = format!("people {}", self.key(&StageKind::Series));
        let look = || {
            let series = self.plan.stages.iter().find(|stage| stage.kind == StageKind::Series);
            let tables = series.and_then(|stage| stage.config["datasets"].as_object());
            let mut checks = tables.map(subjects::twice).unwrap_or_default();
            // A duplicated dataset is one finding, not one per file.
            if checks.iter().all(|check| check.status != CheckStatus::Failed) {
                checks.push(self.copied_files());
            }
            checks.extend(subjects::checks(&self.plan.scans));
            checks
        };
        self.memo.checks.get(&key, look).to_vec()
    }

    /// Compares the bytes of scan files.
    fn copied_files(&self) -> Check {
        let mut files = Vec::new();
        for dataset in &self.plan.datasets {
            if let Ok(content) = &*self.data.content(dataset) {
                let of_dataset = content.files.iter().map(|(path, hash)| {
                    let path = path.strip_prefix(&dataset.root).unwrap_or(path);
                    (dataset.name.clone(), path.to_string_lossy().into_owned(), *hash.as_bytes())
                });
                files.extend(of_dataset);
            }
        }
        copies::files(&files)
    }

    fn of_split(&self) -> Result<Vec<Check>, Vec<Problem>> {
        let key = format!("split {}", self.key(&StageKind::Split));
        let experiment = &self.plan.experiment;
        let mut failed = None;
        let checks = self.memo.checks.get(&key, || {
            let scans = &self.plan.scans;
            match self.plan.split(scans) {
                Ok(Some(split)) => related::checks(scans, &split, experiment),
                // In a sweep over folds, each fold is checked on its own.
                Ok(None) => Vec::new(),
                Err(error) => {
                    failed = Some(Problem::at("split", error.to_string()));
                    Vec::new()
                }
            }
        });
        failed.map_or(Ok(checks.to_vec()), |problem| Err(vec![problem]))
    }

    /// Compares the people that the start's export learned from with the test part.
    fn of_start(&self) -> Result<Vec<Check>, Vec<Problem>> {
        let Some(start) = &self.plan.start else { return Ok(Vec::new()) };
        let wrong = |error: boldface::Error| vec![Problem::at("start.path", error.to_string())];
        let scans = &self.plan.scans;
        // A bad split is already reported, and each fold is checked on its own.
        let Ok(Some(split)) = self.plan.split(scans) else { return Ok(Vec::new()) };
        let series = self.plan.stages.iter().find(|stage| stage.kind == StageKind::Series);
        let contents = series.map(|stage| fingerprints(&stage.config)).unwrap_or_default();
        let learned = start.learned().map_err(wrong)?;
        let people = started::check(scans, &split, &contents, &learned, &start.written);
        let asked = facts::asked(&self.plan.corpora, self.cohorts).unwrap_or_default();
        let known: Vec<&str> = asked.iter().map(|asked| asked.feature.as_str()).collect();
        let facts = held_out::of_start(&self.plan.experiment.facts.held_out, &known, &start.export);
        Ok(std::iter::once(people).chain(facts).collect())
    }

    /// Looks for settings that show the future to a forecast.
    fn of_future(&self) -> Vec<Check> {
        let tasks: Vec<_> = self.plan.tasks.iter().filter(|task| future::forecasts(task)).collect();
        let names: Vec<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
        let key = format!("future {} {}", self.key(&StageKind::Series), names.join(" "));
        self.memo.checks.get(&key, || future::checks(self.plan, &tasks)).to_vec()
    }

    /// Returns the examples of every task. Tasks that need a signal are checked in the run.
    fn asked(&self) -> (Vec<Known>, Vec<Check>) {
        let (mut all, mut unasked) = (Vec::new(), Vec::new());
        for task in &self.plan.tasks {
            let config = canonical_json(&task.config.resolved());
            let (keys, prompts) = (&task.asking.keys, task.asking.prompts_content());
            let wording = canonical_json(&json!([keys.paradigm, keys.shots, prompts]));
            let (name, plugin, library) = (&task.name, task.plugin, task.library.unwrap_or_default());
            let key =
                format!("{} {name} {plugin} {library} {config} {wording}", self.key(&StageKind::Series));
            let crop = self.plan.crop();
            let ask = || TaskExamples::before(task, self.cohorts, crop).map_err(|error| error.to_string());
            let asked = self.memo.asked.get(&key, ask);
            if let Err(error) = &*asked {
                let section = format!("tasks.{}", task.name);
                let found = format!("it cannot be checked without a signal, only in the run: {error}");
                unasked.push(Check::passed(format!("{section}.asked"), section, found));
            }
            all.push((asked, key));
        }
        (all, unasked)
    }

    fn of_tasks(&self, all: &[Known]) -> Vec<Check> {
        let experiment = &self.plan.experiment;
        let apart = (&experiment.nuisances, &experiment.split.group, &experiment.split.leave_out);
        let described: Vec<String> =
            self.plan.corpora.iter().flat_map(|corpus| corpus.config.tells()).collect();
        let others = all.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join(" ");
        let mut checks = Vec::new();
        for (asked, key) in all {
            let Ok(asked) = &**asked else { continue };
            let of_task = || {
                let mut checks = words::question(asked);
                checks.extend(parts::windows(asked));
                checks.extend(nuisance::checks(asked, experiment));
                checks.extend(columns::telling(asked, experiment, &described));
                checks
            };
            checks.extend(
                self.memo
                    .checks
                    .get(&format!("task {key} {apart:?} {described:?} {others}"), of_task)
                    .iter()
                    .cloned(),
            );
            if let Some(how) = &experiment.harmonization {
                let by = format!("harmonization {key} {how:?}");
                let look = || harmonized::checks(asked, how);
                checks.extend(self.memo.checks.get(&by, look).iter().cloned());
            }
            for (other, of_other) in all.iter().filter(|(_, other)| other != key) {
                let Ok(other) = &**other else { continue };
                let look = || words::references(asked, &[other]);
                checks.extend(self.memo.checks.get(&format!("text {key} {of_other}"), look).iter().cloned());
            }
            for corpus in &self.plan.corpora {
                let (config, tells) = (corpus.config.resolved(), corpus.config.tells());
                let by =
                    format!("corpus {key} {} {} {}", corpus.name, canonical_json(&config), tells.join(" "));
                let look = || described::before(&corpus.name, &config, &tells, asked);
                checks.extend(self.memo.checks.get(&by, look).iter().cloned());
            }
        }
        checks
    }

    /// Looks for questions about held-out facts in the general text and in the tasks that are taught, if the
    /// corpora know their questions. The run repeats this, and looks for the facts too.
    fn of_held_out(&self, all: &[Known]) -> Vec<Check> {
        let patterns = &self.plan.experiment.facts.held_out;
        let questions =
            if patterns.is_empty() { None } else { facts::asked(&self.plan.corpora, self.cohorts) };
        let Some(questions) = questions else { return Vec::new() };
        let held_out = HeldOut::new(patterns, &questions);
        let mut checks = Vec::new();
        for (task, (asked, _)) in self.plan.tasks.iter().zip(all) {
            let Ok(asked) = &**asked else { continue };
            // Facts are asked in evaluation: training asks in the corpora's own words.
            let own = asked.examples.iter().filter(|(_, example)| !is_taught_by_asking(&example.answer));
            let put = own.map(|(_, example)| example.question.as_str());
            let put: BTreeSet<&str> = put.chain(asked.wordings.iter().map(String::as_str)).collect();
            if task.asking.teaches()
                && asked.examples.iter().any(|(_, one)| !is_taught_by_asking(&one.answer))
            {
                checks.push(held_out.check_task(&asked.key, &put));
            }
        }
        if self.plan.experiment.text.is_some() {
            let documents = text::documents(self.plan).unwrap_or_default();
            checks.extend(held_out.check_text(&documents, &[]));
        }
        checks
    }

    /// Returns cautions about the values of the columns that the spec uses.
    fn of_columns(&self, all: &[Known]) -> Vec<Check> {
        let asked: Vec<&TaskExamples> =
            all.iter().filter_map(|(asked, _)| asked.as_ref().as_ref().ok()).collect();
        let described = self.plan.corpora.iter().flat_map(|corpus| corpus.config.tells());
        let used = columns::used(&self.plan.experiment, &asked, described);
        let keys: Vec<&str> = all.iter().map(|(_, key)| key.as_str()).collect();
        let key = format!("columns {} {used:?} {}", self.key(&StageKind::Series), keys.join(" "));
        self.memo.checks.get(&key, || columns::cautions(&self.plan.scans, &used, &asked)).to_vec()
    }

    /// Checks tasks against the split, and zero-shot tasks against those that teach.
    fn of_parts(&self, all: &[Known]) -> Vec<Check> {
        let (experiment, scans) = (&self.plan.experiment, &self.plan.scans);
        // A split that cannot be made is reported elsewhere.
        let split = self.plan.split(scans).ok().flatten();
        let by = (&experiment.split, &experiment.nuisances);
        let mut checks = Vec::new();
        let tasks = || self.plan.tasks.iter().zip(all);
        for (task, (asked, key)) in tasks() {
            let Ok(asked) = &**asked else { continue };
            let learns = !task.asking.keys.held_out;
            let key = format!("parts {} {key} {learns} {by:?}", self.key(&StageKind::Split));
            let look = || parts::checks(asked, split.as_ref(), experiment, learns);
            checks.extend(self.memo.checks.get(&key, look).iter().cloned());
            let taught = tasks().filter(|(other, _)| !learns && other.asking.teaches());
            for (_, (other, of_other)) in taught {
                let Ok(other) = &**other else { continue };
                let look = || recoded::check(asked, other).into_iter().collect();
                checks
                    .extend(self.memo.checks.get(&format!("recoded {key} {of_other}"), look).iter().cloned());
            }
        }
        checks
    }

    fn of_text(&self, all: &[Known]) -> Vec<Check> {
        if self.plan.experiment.text.is_none() {
            return Vec::new();
        }
        let config = self.plan.stages.iter().find(|stage| stage.kind == StageKind::TextSpace);
        let text = config.map(|stage| canonical_json(&stage.config["text"])).unwrap_or_default();
        let keys: Vec<&str> = all.iter().map(|(_, key)| key.as_str()).collect();
        let key = format!("text {text} {}", keys.join(" "));
        let look = || {
            let asked: Vec<&TaskExamples> =
                all.iter().filter_map(|(asked, _)| asked.as_ref().as_ref().ok()).collect();
            // The stage that reads the text reports a file that cannot be read.
            let documents = text::documents(self.plan).unwrap_or_default();
            text::checks(&documents, &self.plan.scans, &asked)
        };
        self.memo.checks.get(&key, look).to_vec()
    }
}
