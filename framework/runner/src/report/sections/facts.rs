//! Answers about facts: for one scan each fact asked, answered and true, and scores by family.

use boldface::{Answer, Fact, Part, Prediction, scores};

use crate::report::document::{Align, Cell, Table, Tone, metric_label};
use crate::report::number;
use crate::report::results::SWAP;
use crate::report::stored::{Asked, Stored};
use crate::run::Answered;

/// Number of facts shown of one scan, the most unusual first.
const FACTS: usize = 12;

/// Tabulates the most unusual facts of the scan of `first`: the truth, the model's answer, and its answer when it
/// was shown other people's scans.
pub(super) fn of_one_scan(asked: &Asked, part: Part, model: &str, first: &Answered) -> Table {
    let scan = &first.outcome.scan;
    let of_scan = |answered: &&Answered| answered.outcome.scan == *scan;
    let swapped: Vec<_> = asked.answers(part, SWAP).filter(of_scan).filter_map(most_likely).collect();
    let mut facts: Vec<_> = asked.answers(part, model).filter(of_scan).filter_map(most_likely).collect();
    let unusual = |fact: &Fact| fact.z.map_or(0.0, f64::abs);
    facts.sort_by(|(a, ..), (b, ..)| {
        unusual(b).total_cmp(&unusual(a)).then_with(|| a.feature.cmp(&b.feature))
    });

    let row = |(fact, band, share): &(&Fact, &str, f64)| {
        let is_right = *band == fact.band;
        let (mark, tone) = if is_right { ("✓ right", Tone::Good) } else { ("✗ wrong", Tone::Bad) };
        let swapped = swapped.iter().find(|(other, ..)| other.feature == fact.feature);
        let swapped = swapped.map_or(number::DASH, |(_, band, _)| band);
        vec![
            Cell::new(fact.feature.clone()),
            Cell::new(number::score(fact.z)),
            Cell::new(fact.band.clone()),
            Cell::new(format!("{band} ({share:.2})")),
            Cell { text: mark.to_owned(), note: None, tone },
            Cell::new(swapped),
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
    let caption = format!("{scan}: its {} of {} most unusual facts", facts.len().min(FACTS), facts.len());
    Table { caption, columns, rows: facts.iter().take(FACTS).map(row).collect() }
}

/// The fact of a question, and its most likely band with the probability. Ties go to the first band.
fn most_likely(answered: &Answered) -> Option<(&Fact, &str, f64)> {
    let (Answer::Band { fact, bands }, Prediction::Choice { probabilities }) =
        (&answered.outcome.example.answer, &answered.outcome.prediction)
    else {
        return None;
    };
    let best = scores::most_likely(probabilities);
    Some((fact, &bands.get(best)?.name, *probabilities.get(best)?))
}

/// Tabulates the model's metrics by family (`direction_accuracy@coupling`), if there are any.
pub(super) fn by_family(stored: &Stored, asked: &Asked, part: Part, model: &str) -> Option<Table> {
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
            Cell::noted(number::with_interval(value, interval), Tone::Plain)
        };
        std::iter::once(Cell::new(*family)).chain(metrics.iter().map(cell)).collect()
    };
    let columns = metrics.iter().map(|metric| (metric_label(metric), Align::Right));
    let columns = std::iter::once(("family".to_owned(), Align::Left)).chain(columns).collect();
    let caption = format!("{model} on {}, by family of facts", part.name());
    (!families.is_empty()).then(|| Table { caption, columns, rows: families.iter().map(row).collect() })
}
