//! How the methods paragraph tells stages 2 and 3.

use boldface::{Training, Tuning};

use crate::report::number;
use crate::spec::{Alignment, FactRecipe, Forms, Instruction, QuestionTokens, Signal};

/// Says how stage 2 was trained, and whether it asked about facts.
pub(super) fn alignment(stage: &Alignment, asks: bool) -> String {
    let further = stage.descriptions * stage.accumulate;
    let describes = !asks || further > 0;
    let weights = [
        ("answering questions about facts", stage.facts, asks),
        ("describing scans", stage.fmri_to_text, describes),
        ("predicting the next patch's codes", stage.fmri_to_fmri, describes),
        ("general text", stage.text_to_text, true),
    ];
    let used = weights.iter().filter(|(_, weight, is_used)| *is_used && *weight > 0.0);
    let parts: Vec<String> = used.map(|(part, weight, _)| format!("{part} (weight {weight})")).collect();
    let training = stage.training();
    let scans = number::count(stage.batch_size * training.accumulate, "scan");
    let scans = match asks {
        true if further > 0 && stage.fmri_to_text + stage.fmri_to_fmri > 0.0 => {
            format!("{scans} to ask about and {further} to describe or continue")
        }
        true => format!("{scans} to ask about"),
        false => scans,
    };
    format!(
        "It was aligned with the signals by {}, on the weighted sum of {}.",
        trained(&training, &scans),
        number::listed(&parts)
    )
}

/// Says how stage 3 was trained, on the examples of `tasks` (empty if none has examples) and on questions about facts.
pub(super) fn instruction(stage: &Instruction, tasks: &str, rehearses: bool) -> String {
    let training = stage.training();
    if tasks.is_empty() {
        let how = trained(&training, &number::count(stage.rehearsal * training.accumulate, "scan"));
        return format!(
            "It was then tuned on questions about facts by {how}, with the loss on answers only."
        );
    }
    let how = trained(&training, &number::count(stage.batch_size * training.accumulate, "example"));
    let facts = match rehearses {
        true => {
            let scans = number::count(stage.rehearsal * training.accumulate, "scan");
            format!(", and on questions about facts of {scans} per step")
        }
        false => String::new(),
    };
    format!(
        "It was then tuned on the training examples of {tasks} by {how}{facts}, with the loss on answers only."
    )
}

/// Says how many questions about facts were asked, and of which scans.
pub(super) fn fact_questions(recipe: FactRecipe) -> String {
    let made = match recipe.made {
        0.0 => String::new(),
        share => format!(
            "; a share of {} of these scans was made from training scans, by coupling, uncoupling or slowing networks at \
             random and measuring the facts anew",
            number::plain(share)
        ),
    };
    format!("Up to {} about facts were asked per scan{made}.", number::count(recipe.questions, "question"))
}

/// Says what questions show of a window. `None` if they show all of it.
pub(super) fn shown(signal: &Signal) -> Option<String> {
    let last = match signal.shown_patches {
        None => None,
        Some(1) => Some("the last patch".to_owned()),
        Some(patches) => Some(format!("the last {patches} patches")),
    };
    let is_pooled = signal.shown_tokens == QuestionTokens::Networks;
    let networks = is_pooled.then_some("one token per network, the mean of its regions' tokens");
    let shown = match (networks, last) {
        (None, None) => return None,
        (None, Some(last)) => format!("{last} of a window"),
        (Some(networks), None) => networks.to_owned(),
        (Some(networks), Some(last)) => format!("{last} of a window as {networks}"),
    };
    Some(format!("Questions showed {shown}; descriptions and forecasts showed all of it."))
}

/// Says which controls ask in a form that the model was tuned on.
pub(super) fn forms(forms: &Forms) -> String {
    let text_only = match forms.text_only {
        0.0 => "Of its prompts about whole scans, none held the question alone, so the control text-only asks in a form \
                that it was not tuned on"
            .to_owned(),
        share => format!(
            "Of its prompts about whole scans, a share of {} held the question alone, the form of the control text-only",
            number::plain(share)
        ),
    };
    match forms.values {
        0.0 => format!("{text_only}."),
        share => format!(
            "{text_only}; a share of {} held the scan's facts as numbers instead of the scan, the form of the control \
             values.",
            number::plain(share)
        ),
    }
}

/// Says how stages 2 and 3 were trained, with the `data` of each step.
fn trained(training: &Training, data: &str) -> String {
    let clip = match training.clip {
        0.0 => "no gradient clipping".to_owned(),
        clip => format!("gradients clipped at norm {}", number::plain(clip)),
    };
    let moved = match &training.tuning {
        Tuning::Lora(lora) => format!(
            "; low-rank adapters of rank {} (alpha {}) were trained and the language model was frozen",
            lora.rank,
            number::plain(lora.alpha)
        ),
        Tuning::Full => "; all weights were trained".to_owned(),
    };
    format!(
        "{} steps of AdamW on {data} each (learning rate {} after {} steps of linear warm-up, by a cosine to {}; \
         weight decay {}; {clip}{moved})",
        training.steps,
        number::plain(training.peak_lr),
        training.warmup,
        number::plain(training.final_lr),
        number::plain(training.weight_decay)
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tuning_names_what_it_asked() {
        let stage: Instruction = serde_json::from_value(json!({ "steps": 10, "peak-lr": 1e-3 })).unwrap();
        let both = instruction(&stage, "age, sex", true);
        assert!(
            both.starts_with("It was then tuned on the training examples of age, sex by 10 steps"),
            "{both}"
        );
        assert!(both.contains(", and on questions about facts of 1 scan per step, with the loss"), "{both}");
        assert!(!instruction(&stage, "age", false).contains("facts"));
        let rehearsed = instruction(&stage, "", true);
        assert!(rehearsed.contains("tuned on questions about facts by 10 steps of AdamW on 1 scan each"));
        assert_eq!(
            forms(&Forms { text_only: 0.1, values: 0.2 }),
            "Of its prompts about whole scans, a share of 0.1 held the question alone, the form of the control \
             text-only; a share of 0.2 held the scan's facts as numbers instead of the scan, the form of the control \
             values."
        );
    }
}
