//! Numbers for readers: aligned, and without digits that mean nothing.

use crate::score::intervals::FEWEST;

/// Shown instead of an undefined number.
pub const DASH: &str = "–";

/// Anything smaller is rounding noise.
const NOTHING: f64 = 1e-9;

/// Formats a score. A dash if it is undefined.
pub fn score(value: Option<f64>) -> String {
    value.map_or_else(|| DASH.to_owned(), |value| fixed(value, decimals(value)))
}

/// Formats a score and its interval with the same number of decimals.
pub fn with_interval(value: Option<f64>, interval: Option<(f64, f64)>) -> (String, Option<String>) {
    let (Some(known), Some((low, high))) = (value, interval) else { return (score(value), None) };
    let places = decimals(known.abs().max(low.abs()).max(high.abs()));
    (fixed(known, places), Some(format!("[{}, {}]", fixed(low, places), fixed(high, places))))
}

/// Formats like [`with_interval`], with a plus before values above zero.
pub fn difference(value: Option<f64>, interval: Option<(f64, f64)>) -> (String, Option<String>) {
    let (text, interval) = with_interval(value, interval);
    let is_above = value.is_some_and(|value| value > 0.0) && text.chars().any(|c| ('1'..='9').contains(&c));
    (if is_above { format!("+{text}") } else { text }, interval)
}

/// Formats a z-score with two decimals.
pub fn hundredths(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// Formats a count with its noun: `1 scan`, `2 scans`.
pub fn count(n: usize, noun: &str) -> String {
    let plural = match noun.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    };
    format!("{n} {}", if n == 1 { noun } else { &plural })
}

/// Joins names as a sentence does: `a`, `a and b`, `a, b and c`.
pub fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// Says why scores of `subjects` subjects have no intervals. `None` if they are enough.
pub fn too_few(subjects: usize) -> Option<String> {
    let subjects = (subjects < FEWEST).then(|| count(subjects, "{subject}"))?;
    Some(format!("no intervals: {subjects}, at least {FEWEST} are needed"))
}

/// Formats a duration: `0.4 s`, `75 s`, `12 min 05 s`, `3 h 20 min`.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..10 => format!("{:.1} s", seconds.max(0.0)),
        10..120 => format!("{whole} s"),
        120..7200 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

/// Formats a count with separators: `1,234,567`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> = (0..digits.len().div_ceil(3))
        .rev()
        .map(|group| {
            let end = digits.len() - 3 * group;
            &digits[end.saturating_sub(3)..end]
        })
        .collect();
    groups.join(",")
}

/// Formats a size in decimal units: `310 MB` or `2.1 GB`.
pub fn megabytes(bytes: u64) -> String {
    match bytes as f64 / 1e6 {
        few if few < 999.5 => format!("{few:.0} MB"),
        many => format!("{:.1} GB", many / 1e3),
    }
}

/// Formats a number of a spec as briefly as possible.
pub fn plain(value: f64) -> String {
    let is_small = value != 0.0 && value.abs() < 1e-3;
    if is_small { format!("{value:e}") } else { format!("{value}") }
}

/// Returns three decimals for values below ten, fewer for larger ones.
fn decimals(value: f64) -> usize {
    match value.abs() {
        size if size < 10.0 => 3,
        size if size < 100.0 => 2,
        size if size < 1000.0 => 1,
        _ => 0,
    }
}

fn fixed(value: f64, places: usize) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { "-∞".to_owned() };
    }
    if value.abs() >= 1e7 || (value.abs() > NOTHING && value.abs() < 5e-4 && places >= 3) {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.places$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    if is_zero { text.trim_start_matches('-').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_z_score_has_two_decimals_and_no_negative_zero() {
        assert_eq!([-1.237, -2.2e-5, 0.0, 12.3].map(hundredths), ["-1.24", "0.00", "0.00", "12.30"]);
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn scores_are_short_and_undefined_ones_a_dash() {
        let values = [0.5, -0.0, 0.12345, 12.345, 123.45, 12345.6, 0.000_012, 1.5e-14];
        let shown = values.map(|value| score(Some(value)));
        assert_eq!(shown, ["0.500", "0.000", "0.123", "12.35", "123.5", "12346", "1.2e-5", "0.000"]);
        assert_eq!(score(None), "–");
    }

    #[test]
    fn an_interval_has_the_decimals_of_its_score() {
        let (value, interval) = with_interval(Some(9.5), Some((8.0, 12.0)));
        assert_eq!((value.as_str(), interval.as_deref()), ("9.50", Some("[8.00, 12.00]")));
        assert_eq!(with_interval(None, Some((0.0, 1.0))), ("–".to_owned(), None));
        assert_eq!(difference(Some(0.02), None).0, "+0.020");
        assert_eq!(difference(Some(-0.02), None).0, "-0.020");
        assert_eq!(difference(Some(0.0), None).0, "0.000");
    }

    #[test]
    fn counts_and_durations_read_well() {
        assert_eq!(
            [count(1, "scan"), count(3, "scan"), count(2, "study")],
            ["1 scan", "3 scans", "2 studies"]
        );
        let shown = [0.42, 75.2, 125.0, 7260.0].map(duration);
        assert_eq!(shown, ["0.4 s", "75 s", "2 min 05 s", "2 h 01 min"]);
        assert_eq!([plain(3e-4), plain(0.1), plain(160.0)], ["3e-4", "0.1", "160"]);
    }
}
