//! Recognises values that stand for a missing one, although they were written down.

use super::words::plain;

/// Words that stand for a missing value.
const WORDS: [&str; 12] = [
    "na",
    "nan",
    "n a",
    "null",
    "missing",
    "unknown",
    "unk",
    "not available",
    "not known",
    "refused",
    "no data",
    "nd",
];

/// Whether a value is a word for a missing one. `none` is no such word: it may be a drug or a diagnosis.
pub fn is_word(value: &str) -> bool {
    WORDS.contains(&plain(value).trim())
}

/// Whether a number is written with one digit only, 9, 8 or 7, as codes are: `-999`, `99.9`, `-8`. It may
/// still be a value: compare it with the others.
pub fn is_code(x: f64) -> bool {
    let digits: Vec<char> = x.abs().to_string().chars().filter(char::is_ascii_digit).collect();
    let is_one = |digit: char| digits.iter().all(|other| *other == digit);
    (digits.len() > 1 || x < 0.0) && ['9', '8', '7'].into_iter().any(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_codes() {
        for word in ["NA", "n/a", "Unknown", "not-available", " NaN "] {
            assert!(is_word(word), "{word}");
        }
        for value in ["none", "no", "0", "-9", "nada"] {
            assert!(!is_word(value), "{value}");
        }
        for code in [-999.0, 99.9, -8.0, 77.0, 9999.0] {
            assert!(is_code(code), "{code}");
        }
        for number in [9.0, -1.0, 0.0, 98.0, 100.0] {
            assert!(!is_code(number), "{number}");
        }
    }
}
