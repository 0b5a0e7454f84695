//! Examples of answers: a caption beside its facts, a forecast, a confusion matrix.

use boldface::{Answer, Fact, Part, Prediction, TimeSeries, scores};

use super::{facts, slug};
use crate::report::document::{Align, Block, Figure, ReportTable, TableCell, Tone, metric_label, plain};
use crate::report::number;
use crate::report::plot::{Chart, Ink, PlotLine};
use crate::report::scans;
use crate::report::stored::{StoredRun, TaskAnswers};
use crate::store::OutcomeLine;

/// Number of regions shown of a forecast.
const REGIONS: usize = 3;
/// Number of facts shown of a caption.
const FACTS: usize = 24;

pub(super) fn blocks(stored: &StoredRun) -> Vec<Block> {
    let (mut blocks, mut pages) = (Vec::new(), scans::links(stored));
    for asked in &stored.tasks {
        let Some(model) = &asked.model else { continue };
        let part =
            if asked.answers(Part::Test, model).next().is_some() { Part::Test } else { Part::Validation };
        let Some(first) = asked.answers(part, model).min_by(|a, b| a.outcome.scan.cmp(&b.outcome.scan))
        else {
            continue;
        };
        blocks.push(Block::Subsection(asked.name.clone()));
        blocks.extend(match &first.outcome.prediction {
            Prediction::Choice { .. } | Prediction::Open { .. } => {
                let mut blocks = confusion(asked, part, model);
                if matches!(first.outcome.example.answer, Answer::Band { .. }) {
                    blocks.push(Block::Table(facts::of_one_scan(asked, part, model, &first.outcome.scan)));
                    blocks.append(&mut pages);
                    blocks.extend(facts::by_family(stored, asked, part, model).map(Block::Table));
                }
                blocks
            }
            Prediction::Value { .. } => numbers(asked, part, model),
            Prediction::Text { text, facts } => caption(first, text, facts),
            Prediction::Series { predicted, actual } => forecast(stored, asked, first, predicted, actual),
        });
    }
    if !blocks.is_empty() {
        blocks.insert(0, Block::Section("Answers".into()));
        let note =
            "Examples come from the first scan of the part in BIDS order and are not selected by quality.";
        blocks.insert(1, Block::Text(vec![plain(note)]));
    }
    blocks
}

/// Makes a confusion matrix: truth in rows, answers in columns, shaded by the share of the row.
fn confusion(asked: &TaskAnswers, part: Part, model: &str) -> Vec<Block> {
    let mut classes: Vec<&String> = Vec::new();
    let mut counts: Vec<(&String, Option<&String>)> = Vec::new();
    let mut counted = "scans";
    for answered in asked.answers(part, model) {
        let (options, correct): (Vec<&String>, Option<usize>) = match &answered.outcome.example.answer {
            Answer::Choice { options, correct } => (options.iter().collect(), Some(*correct)),
            Answer::Band { fact, bands } => {
                counted = "facts";
                (bands.iter().map(|band| &band.name).collect(), fact.band_index(bands).ok())
            }
            _ => continue,
        };
        let best = match &answered.outcome.prediction {
            Prediction::Choice { probabilities } => Some(scores::most_likely(probabilities)),
            Prediction::Open { named, .. } => *named,
            _ => continue,
        };
        for &option in &options {
            if !classes.contains(&option) {
                classes.push(option);
            }
        }
        if let Some(&truth) = correct.and_then(|correct| options.get(correct)) {
            counts.push((truth, best.and_then(|best| options.get(best).copied())));
        }
    }
    let unnamed = counts.iter().any(|(_, answer)| answer.is_none());
    let mut columns = vec![("truth".to_owned(), Align::Left)];
    columns.extend(classes.iter().map(|class| (format!("said {class}"), Align::Right)));
    columns.extend(unnamed.then(|| ("named no one class".to_owned(), Align::Right)));
    columns.push((counted.to_owned(), Align::Right));
    let row = |truth: &&String| {
        let total = counts.iter().filter(|(of, _)| of == truth).count();
        let cell = |answer: Option<&String>| {
            let n = counts.iter().filter(|count| *count == &(*truth, answer)).count();
            let share = if total == 0 { 0.0 } else { n as f64 / total as f64 };
            TableCell { text: n.to_string(), note: None, tone: Tone::Share(share) }
        };
        let answers = classes.iter().map(|&answer| Some(answer)).chain(unnamed.then_some(None));
        let cells = std::iter::once(TableCell::new(truth.as_str())).chain(answers.map(cell));
        cells.chain([TableCell::new(total.to_string())]).collect()
    };
    let rows = classes.iter().map(row).collect();
    let caption =
        format!("Confusion of {model} on {}: truth in rows, most likely answer in columns", part.name());
    vec![Block::Table(ReportTable { caption, columns, rows })]
}

/// Tabulates predicted beside actual numbers, ordered by the actual ones.
fn numbers(asked: &TaskAnswers, part: Part, model: &str) -> Vec<Block> {
    let mut pairs = Vec::new();
    let mut units = "";
    for answered in asked.answers(part, model) {
        let outcome = &answered.outcome;
        if let (Answer::Value { value: actual, unit, .. }, Prediction::Value { value: predicted }) =
            (&outcome.example.answer, &outcome.prediction)
        {
            pairs.push((*actual, *predicted, outcome.scan.to_string()));
            units = unit;
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.2.cmp(&b.2)));
    let n = pairs.len();
    // With many scans, shows a sample spread evenly over the range.
    let shown =
        (0..n.min(FACTS)).map(|row| &pairs[if n > FACTS { row * (n - 1) / (FACTS - 1) } else { row }]);
    let row = |(actual, predicted, scan): &(f64, f64, String)| {
        let cells =
            [*actual, *predicted, predicted - actual].map(|value| TableCell::new(number::score(Some(value))));
        std::iter::once(TableCell::new(scan.as_str())).chain(cells).collect()
    };
    let unit = if units.is_empty() { String::new() } else { format!(" ({units})") };
    let columns = ["actual", "predicted", "difference"].map(|name| (format!("{name}{unit}"), Align::Right));
    let columns = std::iter::once(("scan".to_owned(), Align::Left)).chain(columns).collect();
    let caption = format!("Predictions of {model} on {}, by the actual number", part.name());
    vec![Block::Table(ReportTable { caption, columns, rows: shown.map(row).collect() })]
}

/// Shows the reference and the generated text, then fact by fact.
fn caption(answered: &OutcomeLine, text: &str, said: &[Fact]) -> Vec<Block> {
    let Answer::Text { reference, facts, .. } = &answered.outcome.example.answer else { return Vec::new() };
    let said_of = |feature: &str| said.iter().find(|fact| fact.feature == feature);
    let mut rows = Vec::new();
    let mut right = 0;
    for fact in facts {
        let (words, mark, tone) = match said_of(&fact.feature) {
            Some(other) if other.agrees(fact) => (other.band.clone(), "✓ right", Tone::Good),
            Some(other) => (other.band.clone(), "✗ wrong", Tone::Bad),
            None => (number::DASH.to_owned(), "not said", Tone::Plain),
        };
        right += usize::from(tone == Tone::Good);
        rows.push(fact_row(fact, words, mark, tone));
    }
    let extra = said.iter().filter(|fact| facts.iter().all(|known| known.feature != fact.feature));
    for fact in extra {
        let unknown =
            Fact { feature: fact.feature.clone(), band: number::DASH.to_owned(), ..Fact::default() };
        rows.push(fact_row(&unknown, fact.band.clone(), "not in the reference", Tone::Plain));
    }
    let more = rows.len().saturating_sub(FACTS);
    rows.truncate(FACTS);
    let names = ["feature", "measured", "z", "reference says", "model says", ""];
    let columns = names.map(|name| {
        (name.to_owned(), if matches!(name, "measured" | "z") { Align::Right } else { Align::Left })
    });
    let caption = format!("{}: {right} of {} facts right", answered.outcome.scan, facts.len());
    let shown = if text.trim().is_empty() { "(nothing)" } else { text };
    let mut blocks = vec![
        Block::Quote {
            who: format!("Asked of {}", answered.outcome.scan),
            text: answered.outcome.example.question.clone(),
        },
        Block::Quote { who: "Reference, written from the measured numbers".into(), text: reference.clone() },
        Block::Quote { who: format!("Generated by {}", answered.plugin), text: shown.to_owned() },
        Block::Table(ReportTable { caption, columns: columns.into(), rows }),
    ];
    if more > 0 {
        blocks.push(Block::Text(vec![plain(format!("and {} more", number::count(more, "fact")))]));
    }
    blocks
}

fn fact_row(fact: &Fact, said: String, mark: &str, tone: Tone) -> Vec<TableCell> {
    let marked = TableCell { text: mark.to_owned(), note: None, tone };
    let numbers = [fact.value, fact.z]
        .map(|value| TableCell::new(number::score(value.filter(|value| value.is_finite()))));
    let [value, z] = numbers;
    vec![
        TableCell::new(fact.feature.clone()),
        value,
        z,
        TableCell::new(fact.band.clone()),
        TableCell::new(said),
        marked,
    ]
}

/// Plots a few regions of one scan, and the error by horizon.
fn forecast(
    stored: &StoredRun,
    asked: &TaskAnswers,
    first: &OutcomeLine,
    predicted: &TimeSeries,
    actual: &TimeSeries,
) -> Vec<Block> {
    let same_scan =
        |answered: &&OutcomeLine| answered.outcome.scan == first.outcome.scan && answered.part == first.part;
    let persistence =
        asked.answered.iter().filter(same_scan).find(|answered| answered.plugin == "persistence");
    let persistence = persistence.and_then(|answered| match &answered.outcome.prediction {
        Prediction::Series { predicted, .. } => Some(predicted),
        _ => None,
    });
    let begin = first.outcome.example.window.start + first.outcome.example.window.trs;
    let over_time = |series: &TimeSeries, roi: usize| -> Vec<(f64, f64)> {
        let points = series.roi(roi).enumerate();
        points.map(|(t, value)| ((begin + t) as f64 * series.tr(), f64::from(value))).collect()
    };
    let rois = actual.rois().min(predicted.rois());
    let shown = rois.min(REGIONS);
    let figure = |place: usize| {
        let roi = place * rois / shown;
        let name = stored.regions.as_ref().and_then(|regions| regions.names.get(roi));
        let name = name.map_or_else(|| format!("region {} of {rois}", roi + 1), Clone::clone);
        let mut lines =
            vec![PlotLine { name: "actual".into(), ink: Ink::Actual, points: over_time(actual, roi) }];
        if let Some(series) = persistence.filter(|series| series.rois() == rois) {
            lines.push(PlotLine {
                name: "persistence".into(),
                ink: Ink::Reference,
                points: over_time(series, roi),
            });
        }
        lines.push(PlotLine {
            name: first.plugin.clone(),
            ink: Ink::Nth(1),
            points: over_time(predicted, roi),
        });
        let title = format!("Forecast of {name}");
        let chart = Chart { title, x: "seconds into the scan".into(), y: String::new(), lines };
        Figure {
            slug: format!("forecast-{}-{}", slug(&asked.name), place + 1),
            caption: name,
            svg: chart.svg(),
        }
    };
    let mut blocks = vec![
        Block::Text(vec![plain(format!(
            "{}: {} shown, the next {} forecast; in standard deviations of the volumes shown.",
            first.outcome.scan,
            number::count(first.outcome.example.window.trs, "volume"),
            actual.trs()
        ))]),
        Block::Figures((0..shown).map(figure).collect()),
    ];
    let horizons = horizons(stored, asked, first.part);
    if !horizons.is_empty() {
        blocks.push(Block::Figures(horizons));
    }
    blocks
}

/// Makes one plot per metric by horizon (`mse@5`), with one line per model or baseline.
fn horizons(stored: &StoredRun, asked: &TaskAnswers, part: Part) -> Vec<Figure> {
    let mut lines: Vec<(&str, Vec<PlotLine>)> = Vec::new();
    for score in stored.scores.iter().filter(|score| score.task == asked.name && score.split == part.name()) {
        let Some((metric, horizon)) = score.metric.split_once('@') else { continue };
        let Ok(horizon) = horizon.parse::<f64>() else { continue };
        let place = lines.iter().position(|(of, _)| *of == metric).unwrap_or_else(|| {
            lines.push((metric, Vec::new()));
            lines.len() - 1
        });
        let of_metric = &mut lines[place].1;
        let line = of_metric.iter().position(|line| line.name == score.plugin).unwrap_or_else(|| {
            let is_model = asked.model.as_ref() == Some(&score.plugin);
            let others = of_metric.iter().filter(|line| matches!(line.ink, Ink::Nth(n) if n != 1)).count();
            // The model keeps the colour it has in the forecast plot.
            let ink = match score.plugin.as_str() {
                "persistence" => Ink::Reference,
                _ if is_model => Ink::Nth(1),
                _ => Ink::Nth(if others == 0 { 0 } else { others + 1 }),
            };
            of_metric.push(PlotLine { name: score.plugin.clone(), ink, points: Vec::new() });
            of_metric.len() - 1
        });
        of_metric[line].points.push((horizon, score.value.unwrap_or(f64::NAN)));
    }
    lines
        .into_iter()
        .map(|(metric, mut lines)| {
            lines.iter_mut().for_each(|line| line.points.sort_by(|a, b| a.0.total_cmp(&b.0)));
            let label = metric_label(metric);
            let title = format!("{label} by horizon on {}", part.name());
            let chart =
                Chart { title: title.clone(), x: "volumes after those shown".into(), y: label, lines };
            Figure {
                slug: format!("horizon-{}-{}", slug(&asked.name), slug(metric)),
                caption: title,
                svg: chart.svg(),
            }
        })
        .collect()
}
