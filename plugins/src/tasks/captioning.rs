//! Describes a scan in words.

use boldface::{
    Answer, CheckContext, Decoding, Descriptor, Deserialize, Example, Fact, JsonSchema, Metric, Outcome,
    Prediction, Problem, Result, Scan, Serialize, Task, Window, register, scores,
};

/// Asks for a description of a scan and compares it with the descriptions of the corpus.
///
/// The reference consists of the `facts` descriptors with the largest |z|, in the corpus's order.
/// Scores: `bleu` and `rouge_l` of the words; `fact_accuracy`, the share of the reference's facts that
/// the text states correctly; and `fact_precision`, the share of the text's facts that are in the
/// reference. A fact is correct if its feature and its band are. Only the first statement about a
/// feature counts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Captioning {
    /// The question.
    #[serde(default = "default_question")]
    question: String,
    /// Number of descriptors in a caption; all of them if a scan has fewer.
    #[serde(default = "default_facts")]
    facts: usize,
    /// How the model writes its caption. If no corpus has questions, it writes freely, token by token.
    #[serde(default = "default_decoding")]
    decoding: Decoding,
}

register!(Task "captioning" => Captioning);

fn default_question() -> String {
    "What is unusual about this scan?".to_owned()
}

fn default_facts() -> usize {
    6
}

fn default_decoding() -> Decoding {
    Decoding::Asked
}

impl Task for Captioning {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        if scan.descriptors.is_empty() {
            return Ok(Vec::new());
        }
        let chosen = most_unusual(&scan.descriptors, self.facts);
        // Without questions from a corpus, the caption can only be written freely.
        let can_ask = scan.descriptors.iter().any(|descriptor| descriptor.question.is_some());
        let decoding = if can_ask { self.decoding } else { Decoding::Free };
        let sentences: Vec<&str> = chosen.iter().map(|descriptor| descriptor.text.as_str()).collect();
        Ok(vec![Example {
            window: Window::first(scan.series.trs()),
            question: self.question.clone(),
            answer: Answer::Text {
                reference: sentences.join(" "),
                facts: chosen.iter().map(|descriptor| descriptor.fact.clone()).collect(),
                decoding,
            },
        }])
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        let mut texts = Vec::new();
        let (mut right, mut expected, mut said) = (0, 0, 0);
        for outcome in outcomes {
            let (Answer::Text { reference, facts, .. }, Prediction::Text { text, facts: read }) =
                (&outcome.example.answer, &outcome.prediction)
            else {
                return Err(format!("`{}` was not answered with a text", outcome.scan).into());
            };
            texts.push((reference.as_str(), text.as_str()));
            let read = first_of_each_feature(read);
            right += facts.iter().filter(|fact| read.iter().any(|other| other.agrees(fact))).count();
            expected += facts.len();
            said += read.len();
        }
        // A text without facts has an undefined precision, 0 / 0, not a wrong one.
        Ok(vec![
            Metric::higher_is_better("fact_accuracy", right as f64 / expected as f64),
            Metric::higher_is_better("fact_precision", right as f64 / said as f64),
            Metric::higher_is_better("bleu", scores::bleu(&texts)),
            Metric::higher_is_better("rouge_l", scores::rouge_l(&texts)),
        ])
    }

    fn version(&self) -> u32 {
        2
    }

    fn check(&self, _: &CheckContext<'_>) -> Vec<Problem> {
        if self.facts > 0 {
            return Vec::new();
        }
        vec![Problem::at("facts", "a caption of 0 facts is empty").help("ask for at least 1")]
    }
}

/// Returns the `n` descriptors with the largest |z|, in their own order; the earlier of equals.
/// Descriptors without a z are chosen last.
fn most_unusual(descriptors: &[Descriptor], n: usize) -> Vec<&Descriptor> {
    let unusual = |index: &usize| descriptors[*index].fact.z.map_or(-1.0, f64::abs);
    let mut order: Vec<usize> = (0..descriptors.len()).collect();
    order.sort_by(|a, b| unusual(b).total_cmp(&unusual(a)));
    order.truncate(n);
    order.sort_unstable();
    order.into_iter().map(|index| &descriptors[index]).collect()
}

/// Keeps the first fact about each feature, so that a text cannot hedge.
fn first_of_each_feature(facts: &[Fact]) -> Vec<&Fact> {
    let mut first: Vec<&Fact> = Vec::new();
    for fact in facts {
        if first.iter().all(|earlier| earlier.feature != fact.feature) {
            first.push(fact);
        }
    }
    first
}
