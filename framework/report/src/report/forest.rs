//! Forest plots: one row per model, control or baseline, with its score, its interval and the numbers at the right.
//! Each is drawn twice, for a wide page and for a phone, because text in an SVG cannot wrap.

use std::fmt::Write;

use super::axis::shortened;
use super::document::{TableCell, Tone};
use super::html::{escape, minus};
use super::number;
use super::plot::{range, ticks};

/// Height of the axis below the rows.
const AXIS: f64 = 24.0;
/// Baseline of the text of a row, from the row's top.
const TEXT: f64 = 14.0;

/// A forest plot of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    /// File name without its ending, unique in the report.
    pub slug: String,
    /// What was scored, and on whom.
    pub title: String,
    /// The metric.
    pub metric: String,
    /// How to read it.
    pub caption: String,
    /// Rows from top to bottom.
    pub rows: Vec<ForestRow>,
    /// The value that guessing reaches.
    pub chance: Option<f64>,
    /// The score of the baseline to beat.
    pub best: Option<f64>,
}

/// One row of a forest plot.
#[derive(Clone, Debug, PartialEq)]
pub struct ForestRow {
    /// Its name.
    pub name: String,
    /// Whose score it is.
    pub role: Role,
    /// The score. `None` if undefined.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// The model's score minus this one.
    pub difference: Option<TableCell>,
}

/// Whose score a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The model.
    Model,
    /// The model, asked another way.
    Control,
    /// Something simpler.
    Baseline,
}

/// Where the columns of a plot are.
struct Layout {
    class: &'static str,
    width: f64,
    /// Left and right end of the plot.
    plot: (f64, f64),
    /// Right end of the scores.
    score: f64,
    /// Right end of the differences.
    difference: f64,
    /// Longest name, in characters.
    longest: usize,
    /// Whether numbers are above the line instead of beside it.
    is_stacked: bool,
}

const WIDE: Layout = Layout {
    class: "chart wide",
    width: 880.0,
    plot: (170.0, 490.0),
    score: 685.0,
    difference: 880.0,
    longest: 24,
    is_stacked: false,
};
const NARROW: Layout = Layout {
    class: "chart narrow",
    width: 350.0,
    plot: (12.0, 338.0),
    score: 350.0,
    difference: 350.0,
    longest: 22,
    is_stacked: true,
};

impl Forest {
    /// Draws the SVG element for a wide page, without style.
    pub fn wide(&self) -> String {
        self.draw(&WIDE)
    }

    /// Draws the SVG element for a phone or a small multiple, without style.
    pub fn narrow(&self) -> String {
        self.draw(&NARROW)
    }

    fn draw(&self, layout: &Layout) -> String {
        let ends = self.rows.iter().flat_map(|row| {
            let (low, high) = row.interval.unzip();
            [row.value, low, high]
        });
        let ends = ends.chain([self.chance, self.best]).flatten().filter(|value| value.is_finite());
        let (low, high) = range(ends);
        let (low, high) = (low - 0.03 * (high - low), high + 0.03 * (high - low));
        let (left, right) = layout.plot;
        let place = |value: f64| left + (value - low) / (high - low) * (right - left);

        let has_differences = self.rows.iter().any(|row| row.difference.is_some());
        let top = if has_differences && !layout.is_stacked { 22.0 } else { 4.0 };
        let base = top + self.rows.iter().map(|row| layout.height(row)).sum::<f64>();
        let mut svg = self.open(layout, base + AXIS);
        if top > 20.0 {
            for (x, head) in [(layout.score, "score"), (layout.difference, "difference")] {
                text(&mut svg, "name", x, TEXT, true, head);
            }
        }
        let bands = self.bands(layout, top);
        for (value, label) in ticks(low, high, 5) {
            let at = place(value);
            vertical(&mut svg, "grid", at, &bands);
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
                base + 16.0
            );
        }
        let _ = write!(svg, "<path class=\"axis\" d=\"M{left:.1} {base:.1}H{right:.1}\"/>");
        for (value, class) in [(self.chance, "line reference"), (self.best, "line n1")] {
            if let Some(at) = value.filter(|value| value.is_finite()).map(place) {
                vertical(&mut svg, class, at, &bands);
            }
        }
        let mut y = top;
        for row in &self.rows {
            row.draw(layout, y, place, &mut svg);
            y += layout.height(row);
        }
        svg + "</svg>"
    }

    /// Returns where vertical lines are drawn: top and bottom. Stacked rows have text between their lines.
    fn bands(&self, layout: &Layout, top: f64) -> Vec<(f64, f64)> {
        let mut bands = Vec::new();
        let mut y = top;
        for row in &self.rows {
            let below = y + layout.height(row);
            bands.push(if layout.is_stacked { (below - 16.0, below - 4.0) } else { (y, below) });
            y = below;
        }
        bands
    }

    fn open(&self, layout: &Layout, height: f64) -> String {
        let told: Vec<String> = self.rows.iter().map(ForestRow::told).collect();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"{}\" viewBox=\"0 0 {} {height}\" role=\"img\">\
             <title>{}</title><desc>{}</desc>",
            layout.class,
            layout.width,
            escape(&self.metric),
            escape(&told.join("; "))
        )
    }
}

impl Layout {
    fn height(&self, row: &ForestRow) -> f64 {
        match (self.is_stacked, &row.difference) {
            (false, _) => 22.0,
            (true, None) => 32.0,
            (true, Some(_)) => 46.0,
        }
    }
}

impl ForestRow {
    /// Draws the row, whose top is at `top`.
    fn draw(&self, layout: &Layout, top: f64, place: impl Fn(f64) -> f64, svg: &mut String) {
        let class = if self.role == Role::Model { "legend strong" } else { "legend" };
        text(svg, class, 0.0, top + TEXT, false, &shortened(&self.name, layout.longest));
        text(svg, class, layout.score, top + TEXT, true, &self.score());
        if let Some(difference) = &self.difference {
            let below = if layout.is_stacked { TEXT } else { 0.0 };
            let label = if layout.is_stacked { "difference " } else { "" };
            let is_clear = matches!(difference.tone, Tone::Good | Tone::Bad);
            let class = if is_clear { "legend strong" } else { "legend" };
            let line = format!("{label}{}", difference.line());
            text(svg, class, layout.difference, top + TEXT + below, true, &line);
        }
        let y = top + if layout.is_stacked { layout.height(self) - 10.0 } else { 10.0 };
        let ink = self.role.class();
        if let Some((from, to)) = self.interval.filter(|(from, to)| from.is_finite() && to.is_finite()) {
            let _ =
                write!(svg, "<path class=\"line {ink}\" d=\"M{:.1} {y:.1}H{:.1}\"/>", place(from), place(to));
        }
        let Some(at) = self.value.filter(|value| value.is_finite()).map(place) else { return };
        let _ = match self.role {
            Role::Baseline => write!(
                svg,
                "<rect class=\"spot {ink}\" x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\"/>",
                at - 3.5,
                y - 3.5
            ),
            Role::Model | Role::Control => {
                let kind = if self.role == Role::Model { "spot" } else { "ring" };
                write!(svg, "<circle class=\"{kind} {ink}\" cx=\"{at:.1}\" cy=\"{y:.1}\" r=\"4\"/>")
            }
        };
    }

    fn score(&self) -> String {
        let value = self.value.filter(|value| !value.is_nan());
        TableCell::noted(number::with_interval(value, self.interval), Tone::Plain).line()
    }

    fn told(&self) -> String {
        let difference = self.difference.as_ref();
        let difference = difference.map_or_else(String::new, |cell| format!(", difference {}", cell.line()));
        format!("{}: {}{difference}", self.name, self.score())
    }
}

impl Role {
    fn class(self) -> &'static str {
        match self {
            Role::Model => "n0",
            Role::Control => "control",
            Role::Baseline => "n1",
        }
    }
}

fn vertical(svg: &mut String, class: &str, x: f64, bands: &[(f64, f64)]) {
    for (top, bottom) in bands {
        let _ = write!(svg, "<path class=\"{class}\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"/>");
    }
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, is_end: bool, words: &str) {
    let (anchor, words) =
        if is_end { (" text-anchor=\"end\"", minus(&escape(words))) } else { ("", escape(words)) };
    let _ = write!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\"{anchor}>{words}</text>");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forest(value: Option<f64>, interval: Option<(f64, f64)>) -> Forest {
        let row = |name: &str, role, value, interval| ForestRow {
            name: name.into(),
            role,
            value,
            interval,
            difference: (role != Role::Model).then(|| TableCell::new("-0.1")),
        };
        Forest {
            slug: "forest".into(),
            title: String::new(),
            metric: "a & b".into(),
            caption: String::new(),
            rows: vec![
                row("<gpt>", Role::Model, Some(0.5), Some((0.25, 0.75))),
                row("fc", Role::Baseline, value, interval),
            ],
            chance: Some(0.5),
            best: None,
        }
    }

    #[test]
    fn rows_share_one_axis_and_numbers_are_written_out() {
        let wide = forest(Some(0.25), Some((0.0, 1.0))).wide();
        // Of an axis from -0.03 to 1.03 in 320 units from 170 on.
        assert!(wide.contains("d=\"M179.1 54.0H480.9\""), "{wide}");
        assert!(wide.contains("class=\"line reference\" d=\"M330.0 44.0V66.0\""), "{wide}");
        for said in ["0.250 [0.000, 1.000]", "&lt;gpt&gt;", "−0.1", "<title>a &amp; b</title>"] {
            assert!(wide.contains(said), "{said}: {wide}");
        }
    }

    #[test]
    fn what_is_undefined_has_a_dash_and_no_mark() {
        for (value, interval) in
            [(None, None), (Some(f64::NAN), None), (Some(f64::INFINITY), Some((0.0, f64::INFINITY)))]
        {
            let forest = forest(value, interval);
            for svg in [forest.wide(), forest.narrow()] {
                assert!(!svg.contains("NaN") && !svg.contains("inf") && !svg.contains("<rect"), "{svg}");
            }
        }
        assert!(forest(None, None).narrow().contains(">–</text>"));
    }
}
