//! Answers about facts: for one scan each fact asked, answered and true, and scores by family.

use boldface::{Answer, Fact, Outcome, Part, Prediction, ScanId, scores};

use crate::report::document::{Align, ReportTable, TableCell, Tone, metric_label};
use crate::report::number;
use crate::report::stored::{StoredRun, TaskAnswers};
use crate::score::SWAP;

/// Number of facts shown of one scan, the most unusual first.
const FACTS: usize = 12;

/// One fact of a scan, and the answers to the question about it.
pub struct FactAnswers<'a> {
    /// The question, in words.
    pub question: &'a str,
    /// The fact. Its band is the truth.
    pub fact: &'a Fact,
    /// Whether the band is not the middle one.
    pub is_unusual: bool,
    /// The model's most likely band.
    pub band: &'a str,
    /// Probability of that band.
    pub share: f64,
    /// The most likely band when the model was shown other people's scans. `None` if it was not.
    pub swapped: Option<&'a str>,
}

impl FactAnswers<'_> {
    /// Whether the model's answer is true.
    pub fn is_right(&self) -> bool {
        self.band == self.fact.band
    }
}

/// Lists the facts that the model was asked about one scan, the most unusual first.
pub fn told<'a>(asked: &'a TaskAnswers, part: Part, model: &'a str, scan: &ScanId) -> Vec<FactAnswers<'a>> {
    let about = |plugin: &'a str| {
        let answers = asked.answers(part, plugin).filter(|answered| answered.outcome.scan == *scan);
        answers.filter_map(|answered| most_likely(&answered.outcome))
    };
    let swapped: Vec<FactAnswers<'a>> = about(SWAP).collect();
    let find = |feature: &str| swapped.iter().find(|other| other.fact.feature == feature);
    let mut facts: Vec<FactAnswers<'a>> = about(model)
        .map(|told| FactAnswers { swapped: find(&told.fact.feature).map(|other| other.band), ..told })
        .collect();
    let distance = |told: &FactAnswers<'_>| told.fact.z.map_or(0.0, f64::abs);
    facts.sort_by(|a, b| {
        distance(b).total_cmp(&distance(a)).then_with(|| a.fact.feature.cmp(&b.fact.feature))
    });
    facts
}

/// Tabulates facts in their order: the truth, the model's answer, and its answer when it was shown other people's
/// scans.
pub fn table(facts: &[FactAnswers<'_>], model: &str, caption: String) -> ReportTable {
    let row = |told: &FactAnswers<'_>| {
        let (mark, tone) = if told.is_right() { ("✓ right", Tone::Good) } else { ("✗ wrong", Tone::Bad) };
        vec![
            TableCell::new(told.fact.feature.clone()),
            TableCell::new(told.fact.z.map_or_else(|| number::DASH.to_owned(), number::hundredths)),
            TableCell::new(told.fact.band.clone()),
            TableCell::new(format!("{} ({:.2})", told.band, told.share)),
            TableCell { text: mark.to_owned(), note: None, tone },
            TableCell::new(told.swapped.unwrap_or(number::DASH)),
        ]
    };
    let left = |name: String| (name, Align::Left);
    let columns = vec![
        left("feature".to_owned()),
        ("z".to_owned(), Align::Right),
        left("truth".to_owned()),
        left(format!("{model} says (probability)")),
        left(String::new()),
        left("says of other people's scans".to_owned()),
    ];
    ReportTable { caption, columns, rows: facts.iter().map(row).collect() }
}

/// Tabulates the most unusual facts of one scan.
pub(super) fn of_one_scan(asked: &TaskAnswers, part: Part, model: &str, scan: &ScanId) -> ReportTable {
    let facts = told(asked, part, model, scan);
    let shown = &facts[..facts.len().min(FACTS)];
    let caption =
        format!("{scan}: the {} most unusual of its {}", shown.len(), number::count(facts.len(), "fact"));
    table(shown, model, caption)
}

/// The answer to a question about a fact: the most likely band. Ties go to the first band.
fn most_likely(outcome: &Outcome) -> Option<FactAnswers<'_>> {
    let (Answer::Band { fact, bands }, Prediction::Choice { probabilities }) =
        (&outcome.example.answer, &outcome.prediction)
    else {
        return None;
    };
    let best = scores::most_likely(probabilities);
    let is_unusual = bands.iter().any(|band| band.name == fact.band && band.z != 0.0);
    let (band, share) = (&bands.get(best)?.name, *probabilities.get(best)?);
    Some(FactAnswers { question: &outcome.example.question, fact, is_unusual, band, share, swapped: None })
}

/// Tabulates the model's metrics by family (`direction_accuracy@coupling`), if there are any.
pub(super) fn by_family(
    stored: &StoredRun,
    asked: &TaskAnswers,
    part: Part,
    model: &str,
) -> Option<ReportTable> {
    let (mut families, mut metrics): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut found = Vec::new();
    for score in &stored.scores {
        let is_of_model = score.task == asked.name && score.split == part.name() && score.plugin == model;
        let Some((metric, family)) = score.metric.split_once('@').filter(|_| is_of_model) else { continue };
        if !families.contains(&family) {
            families.push(family);
        }
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
        found.push((metric, family, score));
    }
    let row = |family: &&str| {
        let cell = |metric: &&str| {
            let of = found.iter().find(|(name, of, _)| name == metric && of == family);
            let (value, interval) = of.map_or((None, None), |(.., score)| (score.value, score.interval));
            TableCell::noted(number::with_interval(value, interval), Tone::Plain)
        };
        std::iter::once(TableCell::new(*family)).chain(metrics.iter().map(cell)).collect()
    };
    let columns = metrics.iter().map(|metric| (metric_label(metric), Align::Right));
    let columns = std::iter::once(("family".to_owned(), Align::Left)).chain(columns).collect();
    let caption = format!("{model} on {}, by family of facts", part.name());
    (!families.is_empty()).then(|| ReportTable { caption, columns, rows: families.iter().map(row).collect() })
}
