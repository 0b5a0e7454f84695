//! Counts, times and sizes for people, no more precise than an estimate deserves.

/// Formats a count with separators: `1,234,567`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Formats a time: `0.2 s`, `24 s`, `12 min` or `3.4 h`.
pub fn duration(seconds: f64) -> String {
    match seconds {
        short if short < 9.95 => format!("{short:.1} s"),
        short if short < 119.5 => format!("{short:.0} s"),
        long if long < 2.0 * 3600.0 => format!("{:.0} min", long / 60.0),
        long => format!("{:.1} h", long / 3600.0),
    }
}

/// Formats a size in decimal units: `310 MB` or `2.1 GB`.
pub fn megabytes(bytes: u64) -> String {
    match bytes as f64 / 1e6 {
        few if few < 999.5 => format!("{few:.0} MB"),
        many => format!("{:.1} GB", many / 1e3),
    }
}

/// Formats a factor: `2.5x`, `40x` or `0.04x`.
pub fn fold(times: f64) -> String {
    match times {
        small if small < 0.095 => format!("{small:.2}x"),
        some if some < 9.95 => format!("{some:.1}x"),
        large => format!("{large:.0}x"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.04, 9.96, 119.0, 120.0, 7199.0, 8640.0].map(duration),
            ["0.0 s", "10 s", "119 s", "2 min", "120 min", "2.4 h"]
        );
        assert_eq!([0, 310_400_000, 2_100_000_000].map(megabytes), ["0 MB", "310 MB", "2.1 GB"]);
        assert_eq!([0.04, 0.5, 2.0, 40.2].map(fold), ["0.04x", "0.5x", "2.0x", "40x"]);
    }
}
