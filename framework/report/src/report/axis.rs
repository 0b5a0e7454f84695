//! Names of networks, left of an image whose rows are regions.

use std::fmt::Write;

use super::html::escape;

/// Smallest height of a network that gets a label.
const LEGIBLE: f64 = 9.0;
/// Most letters of a network's label.
const LETTERS: usize = 13;

/// Draws a line for each network, with its name and number of rows from top to bottom. The image begins at `left` and
/// `top` and is `height` high.
pub fn networks(networks: &[(String, usize)], left: f64, top: f64, height: f64) -> String {
    let rows: usize = networks.iter().map(|(_, count)| count).sum();
    let place = |row: usize| top + height * row as f64 / rows.max(1) as f64;
    let (mut svg, mut above) = (String::new(), 0);
    for (network, count) in networks {
        let (begin, end) = (place(above), place(above + count));
        let _ = write!(svg, "<path class=\"axis\" d=\"M{:.1} {begin:.1}V{end:.1}\"/>", left - 3.0);
        if above > 0 {
            let _ = write!(svg, "<path class=\"axis\" d=\"M{:.1} {begin:.1}h-4\"/>", left - 3.0);
        }
        if end - begin >= LEGIBLE {
            let (x, y) = (left - 8.0, f64::midpoint(begin, end) + 3.5);
            let text = escape(&shortened(network, LETTERS));
            let _ =
                write!(svg, "<text class=\"tick\" x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{text}</text>");
        }
        above += count;
    }
    svg
}

/// Cuts a name to `longest` characters, with an ellipsis in place of the rest.
pub fn shortened(name: &str, longest: usize) -> String {
    if name.chars().count() <= longest {
        return name.to_owned();
    }
    let kept: String = name.chars().take(longest - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_ends_in_an_ellipsis() {
        assert_eq!(shortened("Somatomotor A", LETTERS), "Somatomotor A");
        assert_eq!(shortened("Somatomotor AB", LETTERS), "Somatomotor…");
    }
}
