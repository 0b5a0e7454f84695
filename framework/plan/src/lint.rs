//! Checks that values are in range and that sections fit each other.

use boldface::{Lora, Problem};

use crate::spec::{Alignment, Experiment, Forms, Instruction, Signal};

/// Fewest resamples. The middle 95% of fewer leaves out not even one.
const RESAMPLES: usize = 20;

/// Reports values out of range in the framework's own sections.
pub(super) fn check_ranges(experiment: &Experiment, problems: &mut Vec<Problem>) {
    let mut range = Ranges { section: "signal", problems };
    if let Some(patches) = experiment.signal.shown_patches {
        range.at_least_one("shown-patches", patches as u64);
    }
    range.section = "evaluation";
    range.resamples(experiment.evaluation.resamples);
    range.at_least_one("longest-answer", experiment.evaluation.longest_answer as u64);
    if let Some(alignment) = &experiment.alignment {
        range.section = "alignment";
        check_alignment(alignment, !experiment.corpora.is_empty(), &mut range);
    }
    if let Some(instruction) = &experiment.instruction {
        range.section = "instruction";
        check_instruction(instruction, &mut range);
    }
}

fn check_alignment(alignment: &Alignment, has_facts: bool, range: &mut Ranges<'_>) {
    let Alignment { steps, batch_size, accumulate, peak_lr, final_lr, warmup, weight_decay, clip, .. } =
        alignment;
    range.schedule(*steps, *batch_size, *accumulate, *warmup);
    range.rates(*peak_lr, *final_lr, *weight_decay, *clip, alignment.dropout);
    range.lora(alignment.lora.as_ref());
    range.at_least_one("text-batch-size", alignment.text_batch_size as u64);
    let weights = [
        ("fmri-to-text", alignment.fmri_to_text),
        ("fmri-to-fmri", alignment.fmri_to_fmri),
        ("text-to-text", alignment.text_to_text),
    ];
    for (key, weight) in weights {
        range.not_negative(key, f64::from(weight));
    }
    range.not_negative("facts", f64::from(alignment.facts));
    if !(0.0..=1.0).contains(&alignment.made) {
        range.report("made", format!("`made` is a share from 0 to 1, not {}", alignment.made));
    }
    let asks = has_facts && alignment.facts > 0.0 && alignment.questions > 0;
    if !asks && weights.iter().all(|&(_, weight)| weight == 0.0) {
        range.report("", "all three weights are 0, so it would learn nothing".to_owned());
    }
}

fn check_instruction(instruction: &Instruction, range: &mut Ranges<'_>) {
    let Instruction { steps, batch_size, accumulate, peak_lr, final_lr, warmup, weight_decay, clip, .. } =
        instruction;
    range.schedule(*steps, *batch_size, *accumulate, *warmup);
    range.rates(*peak_lr, *final_lr, *weight_decay, *clip, instruction.dropout);
    range.lora(instruction.lora.as_ref());
    range.at_least_one("questions", instruction.questions as u64);
    if instruction.questions > (*batch_size).max(1) {
        let message = format!("{} do not fit into micro-batches of {batch_size}", instruction.questions);
        range.report("questions", message);
    }
    let presented = instruction.training().steps as f64 * (*accumulate).max(1) as f64 * *batch_size as f64;
    check_forms(&instruction.forms, presented, range);
}

/// `presented` is the number of the tasks' prompts in all steps.
fn check_forms(forms: &Forms, presented: f64, range: &mut Ranges<'_>) {
    let shares = [("text-only", forms.text_only), ("values", forms.values)];
    let mut is_sound = true;
    for (key, share) in shares {
        if !(0.0..=1.0).contains(&share) {
            range.report(&format!("forms.{key}"), format!("`{key}` is a share from 0 to 1, not {share}"));
            is_sound = false;
        }
    }
    let sum = forms.text_only + forms.values;
    if is_sound && sum > 1.0 {
        range.report("forms", format!("the shares add up to {sum}; they must add up to less than 1"));
    } else if is_sound && sum > 0.0 && (1.0 - sum) * presented < 1.0 {
        let message = format!("with shares of {sum} in all, none of {presented} prompts would show a scan");
        range.report("forms", format!("{message}; lower them"));
    }
}

/// Reports keys of one section whose values are out of range.
struct Ranges<'a> {
    section: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Ranges<'_> {
    fn schedule(&mut self, steps: u64, batch_size: usize, accumulate: usize, warmup: u64) {
        self.at_least_one("steps", steps);
        self.at_least_one("batch-size", batch_size as u64);
        self.at_least_one("accumulate", accumulate as u64);
        if steps > 0 && warmup > steps {
            self.report("warmup", format!("{warmup} steps of warm-up do not fit into {steps} steps"));
        }
    }

    fn rates(&mut self, peak_lr: f64, final_lr: Option<f64>, weight_decay: f64, clip: f64, dropout: f64) {
        if peak_lr <= 0.0 {
            self.report("peak-lr", format!("must be above 0, is {peak_lr}"));
        }
        if let Some(final_lr) = final_lr.filter(|&rate| !(0.0..=peak_lr.max(0.0)).contains(&rate)) {
            self.report("final-lr", format!("must lie between 0 and `peak-lr`, is {final_lr}"));
        }
        self.not_negative("weight-decay", weight_decay);
        self.not_negative("clip", clip);
        self.share("dropout", dropout);
    }

    fn lora(&mut self, lora: Option<&Lora>) {
        let Some(lora) = lora else { return };
        self.at_least_one("lora.rank", lora.rank as u64);
        self.share("lora.dropout", lora.dropout);
        if !(lora.alpha > 0.0 && lora.alpha.is_finite()) {
            self.report("lora.alpha", format!("must be above 0, is {}", lora.alpha));
        }
    }

    fn resamples(&mut self, resamples: usize) {
        if resamples < RESAMPLES {
            let message = format!(
                "{resamples} resamples are too few for a 95% interval: not even one of them lies beyond its ends"
            );
            let help = format!("write {RESAMPLES} or more; 1000 give stable digits, and that is the default");
            self.problems.push(Problem::at("evaluation.resamples", message).help(help));
        }
    }

    fn at_least_one(&mut self, key: &str, value: u64) {
        if value == 0 {
            self.report(key, "must be at least 1".to_owned());
        }
    }

    fn not_negative(&mut self, key: &str, value: f64) {
        if value < 0.0 {
            self.report(key, format!("must not be negative, is {value}"));
        }
    }

    fn share(&mut self, key: &str, value: f64) {
        if !(0.0..1.0).contains(&value) {
            self.report(key, format!("must be at least 0 and below 1, is {value}"));
        }
    }

    fn report(&mut self, key: &str, message: String) {
        self.problems.push(Problem::at(key, message).below(self.section));
    }
}

/// Checks that the crop is a whole number of patches, and that the shortest scan has one.
pub(super) fn check_patch(signal: &Signal, patch: usize, problems: &mut Vec<Problem>) {
    let trs = signal.trs;
    if patch == 0 {
        problems.push(Problem::at("tokenizer.patch", "must be at least 1"));
    } else if trs < patch || !trs.is_multiple_of(patch) {
        let message = format!("{trs} volumes are not a whole number of the tokenizer's patches of {patch}");
        let help = match trs / patch * patch {
            0 => format!("keep at least {patch} volumes, or shorten `tokenizer.patch`"),
            fitting => format!("set `trs = {fitting}`, or another `tokenizer.patch`"),
        };
        problems.push(Problem::at("signal.trs", message).help(help));
    } else if let Some(least) = signal.min_trs.filter(|least| !(patch..=trs).contains(least)) {
        let message = format!("{least} is not between the tokenizer's patch of {patch} volumes and `trs`");
        let help = format!("a scan needs a patch to be shown; write a number from {patch} to {trs}");
        problems.push(Problem::at("signal.min-trs", message).help(help));
    }
}

/// Checks that the backbone's context has room for a whole scan and some text.
pub(super) fn check_context(context: usize, rois: usize, patches: usize, problems: &mut Vec<Problem>) {
    let block = rois.saturating_mul(patches);
    if block >= context {
        let message = format!(
            "a scan is {block} tokens ({rois} regions x {patches} patches), which leaves no room for text in \
             a context of {context}"
        );
        let help = format!("raise the context above {block}, lower `signal.trs` or raise `tokenizer.patch`");
        problems.push(Problem::at("backbone.context", message).help(help));
    }
}

/// Checks that there is text for a backbone that `learns` language from it, that the alignment has data for each of its
/// objectives, and stage 3 for each form of its prompts.
pub(super) fn check_sources(experiment: &Experiment, learns: Option<&str>, problems: &mut Vec<Problem>) {
    if let Some(backbone) = learns
        && experiment.start.is_none()
        && experiment.text.is_none()
        && experiment.corpora.is_empty()
    {
        let message = format!("`{backbone}` learns language from text, and there is none");
        let problem = Problem::at("text", message);
        problems.push(
            problem.help("add a table `[text]` with a `path`, or a corpus such as `[corpora.connectivity]`"),
        );
    }
    let instruction = experiment.instruction.as_ref();
    if experiment.corpora.is_empty() && instruction.is_some_and(|config| config.forms.values > 0.0) {
        let problem = Problem::at("instruction.forms.values", "no corpus measures facts of the scans");
        problems.push(problem.help("add a table such as `[corpora.connectivity]`, or remove `values`"));
    }
    let Some(alignment) = &experiment.alignment else { return };
    if alignment.fmri_to_text > 0.0 && experiment.corpora.is_empty() {
        let problem = Problem::at("alignment.fmri-to-text", "no corpus describes the scans");
        problems
            .push(problem.help("add a table such as `[corpora.connectivity]`, or set `fmri-to-text = 0`"));
    }
    if alignment.text_to_text > 0.0 && experiment.text.is_none() {
        let problem = Problem::at("alignment.text-to-text", "there is no general text");
        problems.push(problem.help("add a table `[text]` with a `path`, or set `text-to-text = 0`"));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn said(check: impl FnOnce(&mut Vec<Problem>)) -> String {
        let mut problems = Vec::new();
        check(&mut problems);
        problems.iter().map(|problem| format!("{problem}\n")).collect()
    }

    #[test]
    fn an_interval_leaves_out_one_resample() {
        let check =
            |count: usize| said(|problems| Ranges { section: "evaluation", problems }.resamples(count));
        assert_eq!(check(20), "");
        expect![[r#"
            evaluation.resamples: 19 resamples are too few for a 95% interval: not even one of them lies beyond its ends; write 20 or more; 1000 give stable digits, and that is the default
        "#]]
        .assert_eq(&check(19));
        assert_ne!(check(1), "");
        assert_ne!(check(0), "");
    }

    #[test]
    fn a_crop_is_whole_patches_and_the_shortest_scan_has_one() {
        let check = |trs: usize, min_trs: Option<usize>| {
            let signal = serde_json::json!({ "trs": trs, "min-trs": min_trs });
            let signal: Signal = serde_json::from_value(signal).unwrap();
            said(|problems| check_patch(&signal, 40, problems))
        };
        assert_eq!(check(160, None) + &check(160, Some(40)) + &check(160, Some(160)), "");
        expect![[r#"
            signal.trs: 191 volumes are not a whole number of the tokenizer's patches of 40; set `trs = 160`, or another `tokenizer.patch`
        "#]]
        .assert_eq(&check(191, None));
        expect![[r#"
            signal.min-trs: 39 is not between the tokenizer's patch of 40 volumes and `trs`; a scan needs a patch to be shown; write a number from 40 to 160
        "#]]
        .assert_eq(&check(160, Some(39)));
        assert_ne!(check(160, Some(161)), "");
    }

    #[test]
    fn shares_of_prompts_are_shares() {
        let check = |text_only: f64, values: f64| {
            said(|problems| {
                let mut range = Ranges { section: "instruction", problems };
                check_forms(&Forms { text_only, values }, 100.0, &mut range);
            })
        };
        assert_eq!(check(0.0, 0.0), "");
        assert_eq!(check(0.25, 0.5), "");
        expect![[r#"
            instruction.forms.text-only: `text-only` is a share from 0 to 1, not -0.1
            instruction.forms.values: `values` is a share from 0 to 1, not 1.5
        "#]]
        .assert_eq(&check(-0.1, 1.5));
        expect![[r#"
            instruction.forms: the shares add up to 1.5; they must add up to less than 1
        "#]]
        .assert_eq(&check(0.75, 0.75));
        expect![[r#"
            instruction.forms: with shares of 1 in all, none of 100 prompts would show a scan; lower them
        "#]]
        .assert_eq(&check(0.5, 0.5));
        assert!(check(0.995, 0.0).contains("none of 100 prompts"));
        assert_eq!(check(0.95, 0.0), "");
    }

    #[test]
    fn a_context_holds_a_scan() {
        // 122 regions x 4 patches = 488 tokens.
        assert_eq!(said(|problems| check_context(489, 122, 4, problems)), "");
        assert_ne!(said(|problems| check_context(488, 122, 4, problems)), "");
    }
}
