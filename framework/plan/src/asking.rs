//! Checks of how tasks are asked, against the scans and the rest of the spec.

mod labels;

use std::sync::Arc;

use boldface::{Answer, Cohort, Problem, Task};

use super::{Asking, PlannedPlugin};
use crate::spec::{Crop, Experiment, FactRecipe, Paradigm, Prior, TaskKeys};
use crate::stages::{MOST_ROIS, naming::named};
use crate::study::{AnswerForm, is_taught_by_asking};
use labels::LabelAnswers;

/// Smallest share of drawn answers in another bin than the true one for which `answer-sd` is worth its name.
const FEWEST_MOVED: f64 = 0.01;

/// Reports tasks that cannot be asked of these scans, and stores the form of every task's answers.
pub(super) fn check(
    tasks: &mut [PlannedPlugin<dyn Task>],
    (experiment, crop): (&Experiment, Crop),
    cohorts: &[Arc<Cohort>],
    problems: &mut Vec<Problem>,
) {
    for task in &mut *tasks {
        // Without a corpus nobody asks for facts.
        let asked = !experiment.corpora.is_empty();
        let shots = task.asking.keys.shots;
        let labels = LabelAnswers::collect(&*task.config, shots, asked, crop, cohorts);
        task.asking.form = labels.form;
        task.asking.example = labels.example.clone();
        let mut found = AskingChecks(&task.asking).check(&labels);
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
    if !keys.frequencies.is_asked() && !asks_facts && experiment.start.is_none() {
        let message = "training asks no questions about facts, so there is nothing to correct";
        let help = "set `questions` and `facts` of `[alignment]` above 0, or remove `frequencies`";
        problems.push(Problem::at("frequencies", message).help(help));
    }
    problems
}

/// One task's keys and the form of its answers, as the checks here see them.
struct AskingChecks<'a>(&'a Asking);

impl AskingChecks<'_> {
    /// Whether answers of this form can be asked for in the task's paradigm.
    fn fits(&self, form: AnswerForm) -> bool {
        match self.0.keys.paradigm {
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
        if self.0.keys.held_out && form == AnswerForm::Value {
            let message = "a ridge regression learns from training scans: it cannot be zero-shot";
            problems
                .push(Problem::at("held-out", message).help("list `edges` of bins, which a model can rank"));
        }
        if self.0.keys.held_out && labels.answer().is_some_and(is_taught_by_asking) {
            let message = "training asks for the facts of the corpora whatever tasks there are, so this would hold \
                           nothing out";
            let help = "remove it; `[facts] held-out = [\"coupling.A-*\"]` keeps features out of training";
            problems.push(Problem::at("held-out", message).help(help));
        }
        if let (Some(shots), Some((n, class))) = (self.0.keys.shots, &labels.rarest)
            && *n < shots
        {
            let message = format!("only {n} scans are `{class}`, fewer than {shots} shots");
            problems.push(Problem::at("shots", message).help("lower `shots`; only training scans count"));
        }
        problems.extend(labels.answer().and_then(|answer| self.check_shots(answer)));
        problems.extend(self.unread(&labels.options));
        problems.extend(self.check_prior(form, labels.rois));
        problems.extend(labels.answer().and_then(|answer| self.check_answer_sd(answer)));
        if !self.0.keys.frequencies.is_asked() && !labels.answer().is_some_and(is_taught_by_asking) {
            let message = "only answers about facts have bands with frequencies";
            let help = "remove `frequencies`; captions need `decoding = \"asked\"`";
            problems.push(Problem::at("frequencies", message).help(help));
        }
        problems
    }

    /// Whether the model learns the task from its own examples, which `shots` limits.
    fn check_shots(&self, answer: &Answer) -> Option<Problem> {
        self.0.keys.shots.filter(|shots| *shots > 0 && is_taught_by_asking(answer))?;
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
        let sd = self.0.keys.answer_sd?;
        let at = |message: String, help: &str| Some(Problem::at("answer-sd", message).help(help));
        let Answer::Value { edges, unit, .. } = answer else {
            let message = "`answer-sd` needs a task that answers with a number";
            return at(message.to_owned(), "remove `answer-sd`");
        };
        if edges.is_empty() {
            let message = "a ridge regression learns the numbers as they are";
            return at(message.to_owned(), "list `edges` of bins, or remove `answer-sd`");
        }
        if !self.0.teaches() {
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
        let narrowest = edges.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        // Of numbers spread evenly over a bin, a normal draw leaves it with probability 2 sd / (width sqrt(2 pi)).
        let moved = 2.0 * sd / (narrowest * std::f64::consts::TAU.sqrt());
        if moved < FEWEST_MOVED {
            let message = format!(
                "{sd} changes almost nothing: at most {:.2}% of drawn answers leave the narrowest bin of {narrowest} \
                 {unit}",
                100.0 * moved
            );
            let help = "raise it to about half a bin, or remove it to learn the true bin only";
            return at(message.trim_end().to_owned(), help);
        }
        None
    }

    /// Whether the task has the baseline that `prior` names, and answers that it can correct.
    fn check_prior(&self, form: AnswerForm, rois: usize) -> Option<Problem> {
        let prior = self.0.keys.prior?;
        let at = |message: String, help: &str| Some(Problem::at("prior", message).help(help));
        if !matches!(form, AnswerForm::Choice | AnswerForm::Value | AnswerForm::Bins) {
            let message =
                "a linear baseline answers with a class or a number, and this task asks for neither";
            return at(message.to_owned(), "remove `prior`");
        }
        if self.0.keys.paradigm == Paradigm::Open {
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

    /// Reports the first answer sentence of an open task that cannot be read back.
    fn unread(&self, options: &[String]) -> Option<Problem> {
        let grammar = self.0.grammar.as_ref().filter(|_| self.0.keys.paradigm == Paradigm::Open)?;
        let unread = |(right, option): (usize, &String)| {
            let mut sentences = grammar.answers(option, &self.0.slots).into_iter();
            let sentence = sentences.find(|sentence| named(sentence, options) != Some(right))?;
            Some((sentence, option.clone()))
        };
        let (sentence, option) = options.iter().enumerate().find_map(unread)?;
        let key = if self.0.keys.prompts.is_some() { "prompts" } else { "paradigm" };
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
        && only.asking.form.is_none_or(|form| AskingChecks(&only.asking).fits(form))
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
            let mut asking = Asking::default();
            asking.keys.shots = shots;
            AskingChecks(&asking).check_shots(answer).map(|problem| problem.to_string())
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
