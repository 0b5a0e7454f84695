//! Infers the side of the brain from a region's name.

use std::fmt;

/// A side of the brain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hemisphere {
    /// Negative x.
    Left,
    /// Positive x.
    Right,
    /// Both sides, for a region on the midline or one that includes its mirror image.
    Both,
}

impl fmt::Display for Hemisphere {
    /// Formats it for tables: `L`, `R` or `B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Hemisphere::Left => "L",
            Hemisphere::Right => "R",
            Hemisphere::Both => "B",
        })
    }
}

/// Returns the side given in a name, such as `7Networks_LH_Vis_1`, `HIP-head-l-rh`, `ctx-lh-insula`,
/// `Precentral_L`, `L_V1_ROI`, `Left-Thalamus` or `PutamenR`. `None` if the name gives no side or both.
pub fn hemisphere(name: &str) -> Option<Hemisphere> {
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    [spelled, letter, glued].iter().find_map(|side| {
        let mut sides: Vec<Hemisphere> = words().filter_map(side).collect();
        sides.dedup();
        (sides.len() == 1).then(|| sides[0])
    })
}

/// Recognises whole words, such as `lh` and `Right`.
fn spelled(word: &str) -> Option<Hemisphere> {
    match word.to_ascii_lowercase().as_str() {
        "lh" | "left" => Some(Hemisphere::Left),
        "rh" | "right" => Some(Hemisphere::Right),
        _ => None,
    }
}

/// Recognises `L` and `R`. A lone lower-case letter is a direction: `-l-` of `HIP-head-l-rh` is lateral.
fn letter(word: &str) -> Option<Hemisphere> {
    match word {
        "L" => Some(Hemisphere::Left),
        "R" => Some(Hemisphere::Right),
        _ => None,
    }
}

/// Recognises a side joined to a word, as in `LeftCaudate`, `caudateL` and `V1R`.
fn glued(word: &str) -> Option<Hemisphere> {
    for (start, end, side) in [("Left", 'L', Hemisphere::Left), ("Right", 'R', Hemisphere::Right)] {
        let capital = |rest: &str| rest.starts_with(|c: char| c.is_ascii_uppercase());
        let small = |rest: &str| rest.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if word.strip_prefix(start).is_some_and(capital) || word.strip_suffix(end).is_some_and(small) {
            return Some(side);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_atlases_say_the_side() {
        for (name, side) in [
            ("7Networks_LH_Vis_1", Some(Hemisphere::Left)),
            ("17Networks_RH_TempPar_10", Some(Hemisphere::Right)),
            ("HIP-head-l-rh", Some(Hemisphere::Right)),
            ("THA-VAi-lh", Some(Hemisphere::Left)),
            ("ctx-lh-bankssts", Some(Hemisphere::Left)),
            ("ctx_rh_G_cuneus", Some(Hemisphere::Right)),
            ("Left-Thalamus-Proper", Some(Hemisphere::Left)),
            ("Precentral_L", Some(Hemisphere::Left)),
            ("PreCG.R", Some(Hemisphere::Right)),
            ("L_V1_ROI", Some(Hemisphere::Left)),
            ("SFG_R_7_1", Some(Hemisphere::Right)),
            ("LeftCaudate", Some(Hemisphere::Left)),
            ("PutamenR", Some(Hemisphere::Right)),
            ("Hippocampus (right)", Some(Hemisphere::Right)),
            ("CIFTI_STRUCTURE_CEREBELLUM_LEFT", Some(Hemisphere::Left)),
            ("Frontal Pole", None),
            ("Brain-Stem", None),
            ("LOC", None),
            ("Rolandic", None),
            ("IPL", None),
            ("HIP-head-l", None),
            ("left and right caudate", None),
        ] {
            assert_eq!(hemisphere(name), side, "{name}");
        }
    }
}
