//! How a task's examples are put to the model. Resolves and checks the keys that every task has.

mod labels;

use std::path::Path;
use std::sync::Arc;

use boldface::{Answer, Cohort, Problem, Task};
use serde_json::{Value, json};

use super::PlannedPlugin;
use crate::spec::{Experiment, Grammar, Paradigm, Prior, Slots, TASK_KEYS, Table, TaskKeys, parse_all};
use crate::stages::alignment::FactRecipe;
use crate::stages::lessons::is_taught_by_asking;
use crate::stages::{baselines::connectivity::MOST_ROIS, cases::AnswerForm, naming::named};
use labels::LabelAnswers;

/// How one task is put to the model.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// The keys from the spec.
    pub keys: TaskKeys,
    /// Paraphrases from the spec's file, or plain answers for an open task.
    pub grammar: Option<Grammar>,
    /// Values of the slots in the paraphrases.
    pub slots: Slots,
    /// Form of the answers, or `None` if scan labels are not enough to know it.
    pub(crate) form: Option<AnswerForm>,
    /// Hash of the file of paraphrases.
    content: Option<String>,
}

/// Takes the framework's keys out of a task's table.
pub(super) fn take(table: &mut Table, problems: &mut Vec<Problem>) -> TaskKeys {
    let mut own = Table::new();
    for key in TASK_KEYS {
        own.extend(table.remove(key).map(|value| (key.to_owned(), value)));
    }
    match parse_all(&Value::Object(own), boldface::registry::parse::<TaskKeys>) {
        Ok(keys) => {
            problems.extend(keys.check());
            keys
        }
        Err(found) => {
            problems.extend(found);
            TaskKeys::default()
        }
    }
}

impl Asking {
    /// Reads the file of paraphrases, if the spec in `folder` names one. `table` gives the values of
    /// slots.
    pub(super) fn new(keys: TaskKeys, folder: &Path, table: &Table) -> Result<Asking, Vec<Problem>> {
        let slots = slots(table);
        let (mut grammar, mut content) = (None, None);
        if let Some(path) = &keys.prompts {
            let at = |message: String| Problem::at("prompts", message);
            let (file, written) = (folder.join(path), path.display());
            let bytes = std::fs::read(&file).map_err(|error| {
                let help = format!("a path is relative to the spec: this one is `{}`", file.display());
                vec![at(format!("cannot read `{written}`: {error}")).help(help)]
            })?;
            let text = String::from_utf8_lossy(&bytes);
            grammar = Some(Grammar::parse(&text, &slots).map_err(|problems| {
                let inside = |Problem { key, message, help }: Problem| {
                    let place = if key.is_empty() { String::new() } else { format!(", `{key}`") };
                    Problem { help, ..at(format!("`{written}`{place}: {message}")) }
                };
                problems.into_iter().map(inside).collect::<Vec<_>>()
            })?);
            content = Some(blake3::hash(&bytes).to_hex().as_str().chars().take(32).collect());
        } else if keys.paradigm == Paradigm::Open {
            grammar = Some(Grammar::plain(&slots));
        }
        Ok(Asking { keys, grammar, slots, form: None, content })
    }

    /// Returns the keys as a table with every default.
    pub(super) fn table(&self) -> Table {
        match serde_json::to_value(&self.keys) {
            Ok(Value::Object(table)) => table,
            _ => unreachable!("keys are a table of strings and numbers"),
        }
    }

    /// Whether instruction tuning includes examples of this task.
    pub fn teaches(&self) -> bool {
        let is_read_off = self.keys.paradigm == Paradigm::Probe || self.form == Some(AnswerForm::Value);
        !self.keys.held_out && !is_read_off
    }

    /// Whether the task uses the model as it was before instruction tuning.
    pub fn is_frozen(&self) -> bool {
        self.keys.paradigm == Paradigm::Probe
    }

    /// Returns the wording of a question in evaluation: the first paraphrase.
    pub fn question(&self, question: &str) -> String {
        let first = self.grammar.as_ref().map(|grammar| grammar.first_question(question, &self.slots));
        first.unwrap_or_else(|| question.to_owned())
    }

    /// Returns the parts of the key for learning from few scans, or `None` if all scans are used.
    pub(super) fn shots_content(&self, seed: u64) -> Option<Value> {
        self.keys.shots.map(|shots| json!({ "shots": shots, "seed": seed }))
    }

    /// Returns the parts of the key in addition to the task's table, or `None` if the task is asked with
    /// defaults.
    pub(super) fn content(&self, seed: u64) -> Option<Value> {
        let usual =
            self.keys.paradigm == Paradigm::Single && self.keys.shots.is_none() && self.content.is_none();
        (!usual).then(|| {
            json!({
                "paradigm": self.keys.paradigm,
                "shots": self.shots_content(seed),
                "prompts": self.content,
            })
        })
    }
}

/// Returns slots for the texts, numbers and lists of texts in a task's table. `question` and `answer`
/// have slots of their own and are left out.
fn slots(table: &Table) -> Slots {
    let said = |(key, value): (&String, &Value)| {
        let words = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Array(items) => {
                let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
                let (last, rest) = items.as_deref()?.split_last()?;
                if rest.is_empty() { (*last).to_owned() } else { format!("{} or {last}", rest.join(", ")) }
            }
            _ => return None,
        };
        (!matches!(key.as_str(), "type" | "question" | "answer")).then(|| (key.clone(), words))
    };
    table.iter().filter_map(said).collect()
}

/// Reports tasks that cannot be asked of these scans, and stores the form of every task's answers.
pub(super) fn check(
    tasks: &mut [PlannedPlugin<dyn Task>],
    experiment: &Experiment,
    cohorts: &[Arc<Cohort>],
    problems: &mut Vec<Problem>,
) {
    for task in &mut *tasks {
        // Without a corpus nobody asks for facts.
        let asked = !experiment.corpora.is_empty();
        let (trs, shots) = (experiment.signal.trs, task.asking.keys.shots);
        let labels = LabelAnswers::collect(&*task.config, shots, asked, trs, cohorts);
        task.asking.form = labels.form;
        let mut found = task.asking.check(&labels);
        let split = &experiment.split;
        if task.asking.keys.prior.is_some() && split.file.is_none() && split.validation_share() == 0.0 {
            let message =
                "how much the model corrects its prior is chosen on validation subjects, and there are none";
            found.push(
                Problem::at("prior", message).help("set `[split] validation` above 0, or remove `prior`"),
            );
        }
        found.extend(check_training(&task.asking.keys, experiment));
        problems.extend(found.into_iter().map(|problem| problem.below(&format!("tasks.{}", task.name))));
    }
    check_together(tasks, problems);
}

/// Reports keys about a training that the experiment does not have.
fn check_training(keys: &TaskKeys, experiment: &Experiment) -> Vec<Problem> {
    let mut problems = Vec::new();
    if keys.answer_sd.is_some() && experiment.instruction.is_none() {
        let message = "answers are drawn in instruction tuning, and there is no `[instruction]`";
        problems.push(Problem::at("answer-sd", message).help("add that table, or remove `answer-sd`"));
    }
    let recipe = FactRecipe::new(experiment.alignment.as_ref());
    let rehearses = experiment.instruction.as_ref().is_some_and(|config| config.rehearsal > 0);
    let asks_facts =
        recipe.questions > 0 && recipe.weight > 0.0 && (experiment.alignment.is_some() || rehearses);
    if keys.frequencies && !asks_facts && experiment.start.is_none() {
        let message = "training asks no questions about facts, so there is nothing to correct";
        let help = "set `questions` and `facts` of `[alignment]` above 0, or remove `frequencies`";
        problems.push(Problem::at("frequencies", message).help(help));
    }
    problems
}

impl Asking {
    /// Whether answers of this form can be asked for in the task's paradigm.
    fn fits(&self, form: AnswerForm) -> bool {
        match self.keys.paradigm {
            Paradigm::Single => true,
            Paradigm::Multi => matches!(form, AnswerForm::Choice | AnswerForm::Bins),
            Paradigm::Open => form == AnswerForm::Choice,
            Paradigm::Probe => matches!(form, AnswerForm::Choice | AnswerForm::Value | AnswerForm::Bins),
        }
    }

    fn check(&self, labels: &LabelAnswers) -> Vec<Problem> {
        let mut problems = Vec::new();
        let Some(form) = labels.form else { return problems };
        if !self.fits(form) {
            let (answers, help) = match form {
                AnswerForm::Band => ("bands of facts", "remove `paradigm`"),
                AnswerForm::Text => ("free text", "remove `paradigm`: it is asked openly anyway"),
                AnswerForm::Series => ("volumes", "remove `paradigm`"),
                AnswerForm::Value => {
                    ("numbers read off by a ridge regression", "list `edges` of bins, or use `probe`")
                }
                AnswerForm::Bins => ("numbers among bins", "use `single`, `multi` or `probe`"),
                AnswerForm::Choice => ("one of several classes", "remove `paradigm`"),
            };
            let message = format!("its answers are {answers}, which cannot be asked this way");
            problems.push(Problem::at("paradigm", message).help(help));
        }
        if self.keys.held_out && form == AnswerForm::Value {
            let message = "a ridge regression learns from training scans: it cannot be zero-shot";
            problems
                .push(Problem::at("held-out", message).help("list `edges` of bins, which a model can rank"));
        }
        if let (Some(shots), Some((n, class))) = (self.keys.shots, &labels.rarest)
            && *n < shots
        {
            let message = format!("only {n} scans are `{class}`, fewer than {shots} shots");
            problems.push(Problem::at("shots", message).help("lower `shots`; only training scans count"));
        }
        problems.extend(labels.answer.as_ref().and_then(|answer| self.check_shots(answer)));
        problems.extend(self.unread(&labels.options));
        problems.extend(self.check_prior(form, labels.rois));
        problems.extend(labels.answer.as_ref().and_then(|answer| self.check_answer_sd(answer)));
        if self.keys.frequencies && !labels.answer.as_ref().is_some_and(is_taught_by_asking) {
            let message = "only answers about facts have bands with frequencies";
            let help = "remove `frequencies`; captions need `decoding = \"asked\"`";
            problems.push(Problem::at("frequencies", message).help(help));
        }
        problems
    }

    /// Whether the model learns the task from its own examples, which `shots` limits.
    fn check_shots(&self, answer: &Answer) -> Option<Problem> {
        self.keys.shots.filter(|shots| *shots > 0 && is_taught_by_asking(answer))?;
        let message =
            "the model learns facts from all training scans, so only baselines would learn from few";
        let help = match answer {
            Answer::Text { .. } => "remove `shots`, or set `decoding = \"free\"`",
            _ => "remove `shots`",
        };
        Some(Problem::at("shots", message).help(help))
    }

    /// Whether training names bins that `answer-sd` can blur.
    fn check_answer_sd(&self, answer: &Answer) -> Option<Problem> {
        let sd = self.keys.answer_sd?;
        let at = |message: String, help: &str| Some(Problem::at("answer-sd", message).help(help));
        let Answer::Value { edges, unit, .. } = answer else {
            let message = "`answer-sd` needs a task that answers with a number";
            return at(message.to_owned(), "remove `answer-sd`");
        };
        if edges.is_empty() {
            let message = "a ridge regression learns the numbers as they are";
            return at(message.to_owned(), "list `edges` of bins, or remove `answer-sd`");
        }
        if !self.teaches() {
            let message = "`answer-sd` acts in instruction tuning, which leaves this task out";
            return at(message.to_owned(), "remove `answer-sd`, or `held-out` and `paradigm = \"probe\"`");
        }
        let range = edges.last()? - edges.first()?;
        if sd >= range {
            let message = format!("{sd} is not below the range of all bins, {range} {unit}");
            return at(
                message.trim_end().to_owned(),
                "lower it: the first and last bins would be nearly all answers",
            );
        }
        None
    }

    /// Whether the task has the baseline that `prior` names, and answers that it can correct.
    fn check_prior(&self, form: AnswerForm, rois: usize) -> Option<Problem> {
        let prior = self.keys.prior?;
        let at = |message: String, help: &str| Some(Problem::at("prior", message).help(help));
        if !matches!(form, AnswerForm::Choice | AnswerForm::Value | AnswerForm::Bins) {
            let message =
                "a linear baseline answers with a class or a number, and this task asks for neither";
            return at(message.to_owned(), "remove `prior`");
        }
        if self.keys.paradigm == Paradigm::Open {
            let message = "a sentence has no probabilities that could correct a prior";
            return at(message.to_owned(), "use another `paradigm`, or remove `prior`");
        }
        if prior == Prior::Tangent && rois > MOST_ROIS {
            let message =
                format!("`tangent` is not computed for more than {MOST_ROIS} regions; here are {rois}");
            return at(message, "use `fc-flat` or `fc`");
        }
        None
    }

    /// The baseline that `prior` names, such as `fc-flat-logistic`.
    pub(crate) fn prior(&self) -> Option<String> {
        let method = if self.form == Some(AnswerForm::Choice) { "logistic" } else { "ridge" };
        self.keys.prior.map(|prior| format!("{}-{method}", prior.name()))
    }

    /// Reports the first answer sentence of an open task that cannot be read back.
    fn unread(&self, options: &[String]) -> Option<Problem> {
        let grammar = self.grammar.as_ref().filter(|_| self.keys.paradigm == Paradigm::Open)?;
        let unread = |(right, option): (usize, &String)| {
            let mut sentences = grammar.answers(option, &self.slots).into_iter();
            let sentence = sentences.find(|sentence| named(sentence, options) != Some(right))?;
            Some((sentence, option.clone()))
        };
        let (sentence, option) = options.iter().enumerate().find_map(unread)?;
        let key = if self.keys.prompts.is_some() { "prompts" } else { "paradigm" };
        let message = format!("`{option}` cannot be read in the answer `{sentence}`");
        let help = "a sentence must name the answer as a word of its own, and no other class";
        Some(Problem::at(key, message).help(help))
    }
}

/// Reports conflicts between several tasks.
fn check_together(tasks: &[PlannedPlugin<dyn Task>], problems: &mut Vec<Problem>) {
    let multi: Vec<_> = tasks.iter().filter(|task| task.asking.keys.paradigm == Paradigm::Multi).collect();
    // A task that cannot be `multi` at all has been told so.
    if let [only] = multi[..]
        && only.asking.form.is_none_or(|form| only.asking.fits(form))
    {
        let problem = Problem::at(format!("tasks.{}.paradigm", only.name), "no other task is `multi`");
        problems.push(problem.help("a prompt of one question is `single`; set `multi` in another task too"));
    }
    for task in tasks.iter().filter(|task| task.asking.keys.held_out) {
        let Some(target) = task.asking.slots.get("target") else { continue };
        let same = |other: &&PlannedPlugin<dyn Task>| other.asking.slots.get("target") == Some(target);
        if let Some(other) = tasks.iter().filter(same).find(|other| other.asking.teaches()) {
            let message = format!("`{}` teaches the model `{target}` too: this is not zero-shot", other.name);
            let help = "hold both out, or ask them in two experiments";
            problems.push(Problem::at(format!("tasks.{}.held-out", task.name), message).help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use boldface::{Decoding, Fact};

    use super::*;

    #[test]
    fn few_scans_teach_no_facts() {
        let told = |answer: &Answer, shots: Option<usize>| {
            let asking = Asking { keys: TaskKeys { shots, ..TaskKeys::default() }, ..Asking::default() };
            asking.check_shots(answer).map(|problem| problem.to_string())
        };
        let band = Answer::Band { fact: Fact::default(), bands: Vec::new() };
        let text = |decoding| Answer::Text { reference: String::new(), facts: Vec::new(), decoding };
        let class = Answer::Choice { options: vec!["a".to_owned()], correct: 0 };
        assert_eq!(
            told(&band, Some(2)).as_deref(),
            Some(
                "shots: the model learns facts from all training scans, so only baselines would learn from few; \
                 remove `shots`"
            )
        );
        assert!(told(&text(Decoding::Asked), Some(2)).is_some_and(|told| told.contains("free")));
        let fine = [(&text(Decoding::Free), Some(2)), (&class, Some(2)), (&band, None), (&band, Some(0))];
        for (answer, shots) in fine {
            assert_eq!(told(answer, shots), None, "{answer:?} {shots:?}");
        }
    }
}
