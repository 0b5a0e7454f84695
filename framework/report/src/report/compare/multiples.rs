//! Small multiples: many small plots of the same form, so that values can be compared across plots.

use std::fmt::Write;

use super::groups::RunGroup;
use super::scores::{GroupScore, MetricComparison};
use crate::report::axis::shortened;
use crate::report::forest::{Forest, ForestRow, Role};
use crate::report::html::escape;
use crate::report::number;
use crate::report::plot::ticks;

const WIDTH: f64 = 320.0;
/// Draws a forest plot of one metric, with one row per group.
pub fn forest(line: &MetricComparison, groups: &[RunGroup]) -> String {
    let row = |(group, cell): (&RunGroup, &GroupScore)| ForestRow {
        name: group.label.clone(),
        role: Role::Model,
        value: cell.summary.mean,
        interval: cell.interval,
        difference: None,
    };
    let forest = Forest {
        slug: String::new(),
        title: String::new(),
        metric: line.metric.clone(),
        caption: String::new(),
        rows: groups.iter().zip(&line.cells).map(row).collect(),
        chance: None,
        best: None,
    };
    forest.narrow()
}

/// A plot of one sweep axis: every trial as a faint dot above its level, the means joined by a line.
pub struct Effect<'a> {
    /// Name of the axis.
    pub title: &'a str,
    /// The metric's name.
    pub metric: &'a str,
    /// The levels, each with its trials' values and their mean.
    pub levels: Vec<(&'a str, Vec<f64>, Option<f64>)>,
    /// The vertical range, shared by all plots of a page.
    pub range: (f64, f64),
}

impl Effect<'_> {
    /// Draws the SVG element, without style.
    pub fn svg(&self) -> String {
        const HEIGHT: f64 = 190.0;
        const LEFT: f64 = 44.0;
        const BASE: f64 = HEIGHT - 34.0;
        const TOP: f64 = 24.0;
        let (low, high) = self.range;
        let y = |value: f64| TOP + (high - value) / (high - low) * (BASE - TOP);
        let step = (WIDTH - LEFT) / self.levels.len().max(1) as f64;
        let x = |level: usize| LEFT + step * (level as f64 + 0.5);
        let told = self.levels.iter().map(|(name, values, mean)| {
            format!("{name}: {} over {}", number::score(*mean), number::count(values.len(), "run"))
        });
        let mut svg = open(self.title, &told.collect::<Vec<_>>().join("; "), HEIGHT);
        let _ = write!(svg, "<text class=\"name\" x=\"0\" y=\"12\">{}</text>", escape(self.metric));
        for (value, text) in ticks(low, high, 4) {
            let at = y(value);
            let _ = write!(svg, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{WIDTH}\"/>");
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 6.0,
                at + 3.5
            );
        }
        // Number of characters that fit below one level.
        let room = ((step / 6.2) as usize).max(3);
        let mut means = String::new();
        for (level, (name, values, mean)) in self.levels.iter().enumerate() {
            let at = x(level);
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                BASE + 18.0,
                escape(&shortened(name, room))
            );
            for (place, value) in values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
                // Shifted sideways, so that equal values do not hide each other.
                let aside = ((place * 7) % 11) as f64 / 10.0 - 0.5;
                let _ = write!(
                    svg,
                    "<circle class=\"faint n0\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\"/>",
                    at + aside * (step * 0.35).min(22.0),
                    y(*value)
                );
            }
            if let Some(mean) = mean.filter(|mean| mean.is_finite()) {
                let _ = write!(means, "{}{at:.1} {:.1}", if means.is_empty() { 'M' } else { 'L' }, y(mean));
                let _ =
                    write!(svg, "<circle class=\"spot n1\" cx=\"{at:.1}\" cy=\"{:.1}\" r=\"4\"/>", y(mean));
            }
        }
        let _ = write!(svg, "<path class=\"line n1\" d=\"{means}\"/>");
        svg + "</svg>"
    }
}

fn open(title: &str, description: &str, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\
         <title>{}</title><desc>{}</desc>",
        escape(title),
        escape(description)
    )
}
