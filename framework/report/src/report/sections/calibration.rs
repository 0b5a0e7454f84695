//! Calibration: a reliability plot of the model and each baseline.

use boldface::{Answer, Part, Prediction, scores};

use super::slug;
use crate::report::document::{Block, Figure, plain};
use crate::report::number;
use crate::report::plot::{Chart, Ink, PlotLine};
use crate::report::stored::{StoredRun, TaskAnswers};

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let mut blocks = Vec::new();
    for asked in &stored.tasks {
        let part = if asked.answered.iter().any(|answered| answered.part == Part::Test) {
            Part::Test
        } else {
            Part::Validation
        };
        let figures: Vec<Figure> =
            answerers(asked).into_iter().filter_map(|plugin| figure(stored, asked, part, plugin)).collect();
        if !figures.is_empty() {
            blocks.push(Block::Subsection(format!("{}, {}", asked.name, part.name())));
            blocks.push(Block::Figures(figures));
        }
    }
    if !blocks.is_empty() {
        blocks.insert(0, Block::Section("Calibration".into()));
        blocks.push(Block::Text(vec![plain(
            "Answers are grouped into ten bins of equal width by the probability of the answer given. A point \
             below the diagonal means overconfidence. The calibration error is the mean distance from the \
             diagonal, weighted by the answers in each bin. With few answers it is above 0 even for perfect \
             probabilities (20 answers of probability 0.5: 0.09 on average).",
        )]));
    }
    blocks
}

/// Lists the model and all baselines that answered, the model first.
fn answerers(asked: &TaskAnswers) -> Vec<&str> {
    let mut names: Vec<&str> = asked.model.iter().map(String::as_str).collect();
    for answered in &asked.answered {
        if !names.contains(&answered.plugin.as_str()) {
            names.push(&answered.plugin);
        }
    }
    names
}

/// Makes the reliability plot of one of them. `None` if it gave no probabilities.
fn figure(stored: &StoredRun, asked: &TaskAnswers, part: Part, plugin: &str) -> Option<Figure> {
    let (mut correct, mut probabilities) = (Vec::new(), Vec::new());
    for answered in asked.answers(part, plugin) {
        let Answer::Choice { correct: class, .. } = answered.outcome.example.answer else { return None };
        let Prediction::Choice { probabilities: of_classes } = &answered.outcome.prediction else {
            return None;
        };
        correct.push(class);
        probabilities.push(of_classes.as_slice());
    }
    let bins = scores::reliability(&correct, &probabilities);
    if bins.is_empty() {
        return None;
    }
    let points = bins.iter().map(|bin| (bin.confidence, bin.accuracy)).collect();
    let diagonal =
        PlotLine { name: "calibrated".into(), ink: Ink::Reference, points: vec![(0.0, 0.0), (1.0, 1.0)] };
    let is_model = asked.model.as_deref() == Some(plugin);
    let line = PlotLine { name: plugin.to_owned(), ink: Ink::Nth(usize::from(is_model)), points };
    let chart = Chart {
        title: format!("Reliability of {plugin} in {} on {}", asked.name, part.name()),
        x: "mean probability of the answer given".into(),
        y: "share right".into(),
        lines: vec![diagonal, line],
    };
    let score = stored.scores.iter().find(|score| {
        (score.task.as_str(), score.split.as_str(), score.plugin.as_str(), score.metric.as_str())
            == (asked.name.as_str(), part.name(), plugin, "ece")
    });
    let error = score.map_or_else(
        || (number::score(Some(scores::calibration_error(&correct, &probabilities))), None),
        |score| number::with_interval(score.value, score.interval),
    );
    let interval = error.1.map_or_else(String::new, |interval| format!(" {interval}"));
    Some(Figure {
        slug: format!("calibration-{}-{}", slug(&asked.name), slug(plugin)),
        caption: format!(
            "{plugin}: calibration error {}{interval}, {}",
            error.0,
            number::count(correct.len(), "answer")
        ),
        svg: chart.svg(),
    })
}
