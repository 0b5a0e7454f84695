//! Line charts as SVG. Lines have classes instead of colours, so that the page's style decides light or
//! dark.
//!
//! Written by hand: the crate `kuva` sets pixel sizes and colours (bad on phones and in dark mode),
//! repeats clip-path ids within a page, and takes 43 s to build.

use std::fmt::Write;

use super::html::escape;

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 208.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 12.0;
const BOTTOM: f64 = 38.0;
/// Approximate width of a character in the legend.
const CHARACTER: f64 = 6.3;
/// Up to this many points are also drawn as dots.
const FEW_POINTS: usize = 12;
/// Longer lines are thinned out, because the plot could not show more points.
const MOST_POINTS: usize = 480;

/// Lines over one pair of axes.
#[derive(Clone, Debug)]
pub struct Chart {
    /// Title for screen readers.
    pub title: String,
    /// Name and unit of the horizontal axis.
    pub x: String,
    /// Name and unit of the vertical axis.
    pub y: String,
    /// Lines, the first at the bottom.
    pub lines: Vec<PlotLine>,
}

/// One line.
#[derive(Clone, Debug)]
pub struct PlotLine {
    /// Its name in the legend.
    pub name: String,
    /// How it is drawn.
    pub ink: Ink,
    /// Points from left to right. A value that is not finite leaves a gap.
    pub points: Vec<(f64, f64)>,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Measured values: dark and thick.
    Actual,
    /// The n-th of several equal lines.
    Nth(usize),
    /// A reference: grey and dashed.
    Reference,
}

impl Chart {
    /// Draws the SVG element, without style.
    pub fn svg(&self) -> String {
        let finite = || {
            self.lines.iter().flat_map(|line| &line.points).filter(|(x, y)| x.is_finite() && y.is_finite())
        };
        let (x_low, x_high) = range(finite().map(|(x, _)| *x));
        let (low, high) = range(finite().map(|(_, y)| *y));
        let (y_low, y_high) = (low - 0.04 * (high - low), high + 0.04 * (high - low));
        let (legend, top) = self.legend();
        let (plot_width, plot_height) = (WIDTH - LEFT - RIGHT, HEIGHT - top - BOTTOM);
        let place_x = |x: f64| LEFT + (x - x_low) / (x_high - x_low) * plot_width;
        let place_y = |y: f64| top + (y_high - y) / (y_high - y_low) * plot_height;

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\
             <title>{}</title><desc>{}</desc>",
            escape(&self.title),
            escape(&self.described()),
        );
        let right = WIDTH - RIGHT;
        for (y, text) in ticks(y_low, y_high, 4) {
            let at = place_y(y);
            let _ = write!(svg, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right}\"/>");
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{text}</text>",
                LEFT - 6.0,
                at + 3.5
            );
        }
        let base = HEIGHT - BOTTOM;
        let _ = write!(svg, "<path class=\"axis\" d=\"M{LEFT} {base:.1}H{right}\"/>");
        for (x, text) in ticks(x_low, x_high, 5) {
            let at = place_x(x);
            let _ = write!(svg, "<path class=\"axis\" d=\"M{at:.1} {base:.1}v4\"/>");
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                base + 16.0
            );
        }
        let _ = write!(
            svg,
            "<text class=\"name\" x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            HEIGHT - 6.0,
            escape(&self.x)
        );
        let _ = write!(svg, "<text class=\"name\" x=\"0\" y=\"{:.1}\">{}</text>", top - 8.0, escape(&self.y));
        svg.push_str(&legend);
        for line in &self.lines {
            let _ = write!(
                svg,
                "<path class=\"line {}\" d=\"{}\"/>",
                line.ink.class(),
                path(&line.points, place_x, place_y)
            );
            let dots = line.points.iter().filter(|(x, y)| x.is_finite() && y.is_finite());
            for (x, y) in dots.filter(|_| line.points.len() <= FEW_POINTS) {
                let (x, y, class) = (place_x(*x), place_y(*y), line.ink.class());
                let _ = write!(svg, "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"1.5\"/>");
            }
        }
        svg + "</svg>"
    }

    /// Draws the legend and returns it with the top of the plot. A single line needs no legend.
    fn legend(&self) -> (String, f64) {
        if self.lines.len() < 2 {
            return (String::new(), if self.y.is_empty() { 8.0 } else { 24.0 });
        }
        let (mut svg, mut x, mut y) = (String::new(), 0.0, 10.0);
        for line in &self.lines {
            let width = 22.0 + CHARACTER * line.name.chars().count() as f64 + 12.0;
            if x > 0.0 && x + width > WIDTH {
                (x, y) = (0.0, y + 15.0);
            }
            let _ =
                write!(svg, "<path class=\"line {}\" d=\"M{x:.1} {:.1}h16\"/>", line.ink.class(), y - 3.5);
            let _ = write!(
                svg,
                "<text class=\"legend\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
                x + 21.0,
                escape(&line.name)
            );
            x += width;
        }
        (svg, y + if self.y.is_empty() { 12.0 } else { 30.0 })
    }

    fn described(&self) -> String {
        let ends = |line: &PlotLine| match (line.points.first(), line.points.last()) {
            (Some((_, first)), Some((_, last))) => {
                let [first, last] =
                    [first, last].map(|value| super::number::score(Some(*value).filter(|v| v.is_finite())));
                format!("{}: from {first} to {last}", line.name)
            }
            _ => format!("{}: no values", line.name),
        };
        let lines: Vec<String> = self.lines.iter().map(ends).collect();
        format!("Over {}: {}.", self.x, lines.join("; "))
    }
}

impl Ink {
    fn class(self) -> String {
        match self {
            Ink::Actual => "actual".to_owned(),
            Ink::Reference => "reference".to_owned(),
            Ink::Nth(n) => format!("n{}", n % 5),
        }
    }
}

/// Returns the smallest and the largest value, widened if they are equal.
pub fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    let least = (low.abs().max(high.abs()) * 1e-6).max(1e-12);
    if high - low < least {
        (low - low.abs().max(1.0) * 0.1, high + high.abs().max(1.0) * 0.1)
    } else {
        (low, high)
    }
}

/// Returns about `most` round numbers between `low` and `high`, with their labels.
pub fn ticks(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / most as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|round| round * power).find(|step| *step >= rough * 0.999);
    let step = step.unwrap_or(10.0 * power);
    let places = (-step.log10().floor()).clamp(0.0, 9.0) as usize;
    // Keeps the first and the last tick despite rounding.
    let first = (low / step - 1e-6).ceil() as i64;
    let last = (high / step + 1e-6).floor() as i64;
    let tick = |i: i64| {
        let value = i as f64 * step;
        let text = match value.abs() {
            size if size >= 1e5 || (size > 0.0 && step < 1e-4) => format!("{value:.1e}"),
            _ => format!("{:.places$}", if i == 0 { 0.0 } else { value }),
        };
        (value, text.replace('-', "−"))
    };
    (first..=last).take(2 * most + 2).map(tick).collect()
}

fn path(points: &[(f64, f64)], x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut is_open = false;
    for (at, value) in thinned(points) {
        if !at.is_finite() || !value.is_finite() {
            is_open = false;
            continue;
        }
        let _ = write!(path, "{}{:.1} {:.1}", if is_open { 'L' } else { 'M' }, x(at), y(value));
        is_open = true;
    }
    path
}

/// Keeps the lowest and the highest point of each stretch, so that peaks survive.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MOST_POINTS / 2);
    let mut kept = Vec::new();
    for points in points.chunks(stretch) {
        let places = 0..points.len();
        let low = places.clone().min_by(|a, b| points[*a].1.total_cmp(&points[*b].1));
        let high = places.max_by(|a, b| points[*a].1.total_cmp(&points[*b].1));
        let (Some(low), Some(high)) = (low, high) else { continue };
        kept.push(points[low.min(high)]);
        if low != high {
            kept.push(points[low.max(high)]);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> Chart {
        let line = PlotLine { name: "<loss>".into(), ink: Ink::Nth(7), points };
        Chart { title: "a & b".into(), x: "step".into(), y: "loss".into(), lines: vec![line] }
    }

    #[test]
    fn ticks_are_round() {
        let texts =
            |low, high, most| ticks(low, high, most).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts(0.0, 1.0, 4), ["0.0", "0.5", "1.0"]);
        assert_eq!(texts(-1.2, 3.1, 4), ["0", "2"]);
        assert_eq!(texts(0.0, 150.0, 5), ["0", "50", "100", "150"]);
        assert_eq!(texts(0.000_01, 0.000_031, 4), ["1.0e−5", "2.0e−5", "3.0e−5"]);
        assert_eq!(texts(0.000_1, 0.000_31, 4), ["0.0001", "0.0002", "0.0003"]);
    }

    #[test]
    fn odd_values_make_a_chart_and_no_nan() {
        let odd = [
            vec![],
            vec![(1.0, 2.0)],
            vec![(0.0, 5.0), (1.0, 5.0)],
            vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, f64::INFINITY), (3.0, 2.0)],
            vec![(0.0, 1e300), (1.0, -1e300)],
        ];
        for points in odd {
            let svg = chart(points).svg();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
            assert!(svg.contains("a &amp; b") && !svg.contains("<loss>"));
        }
    }

    #[test]
    fn a_long_line_is_thinned_and_keeps_its_peak() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|i| (f64::from(i), 0.0)).collect();
        points[4321].1 = 9.0;
        let kept = thinned(&points);
        assert!(kept.len() <= MOST_POINTS && kept.contains(&(4321.0, 9.0)));
    }
}
