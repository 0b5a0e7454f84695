//! Formats numbers for sentences, and finds numbers in text.

/// Format of a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Digits {
    /// Number of digits after the point.
    Decimals(usize),
    /// Number of significant digits, up to the ninth decimal.
    Significant(usize),
}

/// z always has two decimals.
const Z: Digits = Digits::Decimals(2);

/// Maximum number of decimals of a number with significant digits.
const MOST: usize = 9;

impl Digits {
    /// Formats `number`, never as a negative zero.
    pub(super) fn write(self, number: f64) -> String {
        let decimals = match self {
            Digits::Decimals(decimals) => decimals,
            Digits::Significant(digits) => decimals(number, digits),
        };
        let text = format!("{number:.decimals$}");
        match self {
            _ if text.contains(|c: char| c.is_ascii_digit() && c != '0') => text,
            Digits::Decimals(_) => text.trim_start_matches('-').to_owned(),
            Digits::Significant(digits) => format!("{:.*}", digits.saturating_sub(1), 0.0),
        }
    }
}

/// Returns the number of decimals that `digits` significant digits of `number` need.
fn decimals(number: f64, digits: usize) -> usize {
    let digits = digits.max(1) - 1;
    // The exponent after rounding: 9.996 in three digits is 1.00e1.
    let rounded = format!("{number:.digits$e}");
    let exponent = rounded.split_once('e').and_then(|(_, exponent)| exponent.parse::<i64>().ok());
    (digits as i64 - exponent.unwrap_or(0)).clamp(0, MOST as i64) as usize
}

/// Formats z with its sign and two decimals; 0 is `+0.00`.
pub(super) fn signed(z: f64) -> String {
    let text = Z.write(z);
    if text.starts_with('-') { text } else { format!("+{text}") }
}

/// Rounds z as [`signed`] does.
pub(super) fn said(z: f64) -> f64 {
    Z.write(z).parse().expect("a written number is one")
}

/// Finds the first number after `symbol` in `text`, both in lower case: `r=0.31`, `z = +1.2`, `q of
/// .4`.
pub(super) fn after(symbol: &str, text: &str) -> Option<f64> {
    let goes_on = |c: char| c.is_alphanumeric() || "-_".contains(c);
    text.match_indices(symbol).find_map(|(at, _)| {
        let rest = &text[at + symbol.len()..];
        if text[..at].ends_with(goes_on) || rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return None;
        }
        let rest = rest.trim_start();
        let signs = ["=", ":", "≈", "of ", "is ", "at "];
        let rest = signs.iter().find_map(|sign| rest.strip_prefix(sign)).unwrap_or(rest);
        number(rest.trim_start())
    })
}

/// Parses the number at the start of `text`.
fn number(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || ".e+-−".contains(c))).unwrap_or(text.len());
    let text = text[..end].replace('−', "-");
    let text = text.trim_end_matches(['.', 'e', '+', '-']);
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_their_digits() {
        let three = |number| Digits::Significant(3).write(number);
        let numbers = [0.0, -0.0, 1.0, 9.996, 1234.5, 0.001_234_5, 1e-9, 4e-10, -0.5, 1e300];
        let written = numbers.map(three);
        let expected = ["0.00", "0.00", "1.00", "10.0", "1234", "0.00123", "0.000000001", "0.00", "-0.500"];
        assert_eq!(written[..9], expected);
        assert_eq!(written[9].len(), 301);
        assert_eq!([-0.001, 0.125, -2.5].map(|n| Digits::Decimals(2).write(n)), ["0.00", "0.12", "-2.50"]);
        assert_eq!([-0.001, 0.0, 1.999, -3.0].map(signed), ["+0.00", "+0.00", "+2.00", "-3.00"]);
    }

    #[test]
    fn what_is_written_is_written_so_again() {
        for exponent in -12..12 {
            for digit in 1..2000 {
                let number = f64::from(digit) * 0.0051 * 10f64.powi(exponent);
                for digits in [Digits::Significant(1), Digits::Significant(3), Digits::Decimals(3)] {
                    let once = digits.write(number);
                    assert_eq!(digits.write(once.parse().unwrap()), once, "{number}");
                }
            }
        }
    }

    #[test]
    fn numbers_are_found_behind_their_symbol() {
        let z = |text: &str| after("z", text);
        let found = ["(r=1, z=-2.31).", "z = +1.20", "a z of 1.2.", "z-3", "z: −.5", "zz=3, z=1e2"].map(z);
        assert_eq!(found, [Some(-2.31), Some(1.2), Some(1.2), Some(-3.0), Some(-0.5), Some(100.0)]);
        let none = ["", "z", "z=", "z=x", "z=1.2.3", "z=-", "xz=1", "z_mod=1", "-z=1", "z=1e999"].map(z);
        assert_eq!(none, [None; 10]);
    }
}
