//! Names of fMRIPrep's confounds, from version 1.0 to the current one.

/// The six motion parameters: translations in mm, then rotations in radians.
pub(super) const MOTION: [&str; 6] = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"];

/// Suffix of the derivative of a parameter.
pub(super) const DERIVATIVE: &str = "_derivative1";
/// Suffix of the square of a parameter.
pub(super) const SQUARE: &str = "_power2";
/// Suffix of the square of the derivative.
pub(super) const DERIVATIVE_SQUARE: &str = "_derivative1_power2";

/// Names in versions 1.0 and 1.1, each with its name since 1.2.
const OLD: [(&str, &str); 15] = [
    ("X", "trans_x"),
    ("Y", "trans_y"),
    ("Z", "trans_z"),
    ("RotX", "rot_x"),
    ("RotY", "rot_y"),
    ("RotZ", "rot_z"),
    ("CSF", "csf"),
    ("WhiteMatter", "white_matter"),
    ("GlobalSignal", "global_signal"),
    ("FramewiseDisplacement", "framewise_displacement"),
    ("stdDVARS", "std_dvars"),
    ("non-stdDVARS", "dvars"),
    ("nonstdDVARS", "dvars"),
    ("vx-wisestdDVARS", "vx_wise_std_dvars"),
    ("vxwisestdDVARS", "vx_wise_std_dvars"),
];

/// Old and new prefixes of numbered columns, such as `aCompCor00`.
const OLD_COUNTED: [(&str, &str); 5] = [
    ("aCompCor", "a_comp_cor_"),
    ("tCompCor", "t_comp_cor_"),
    ("Cosine", "cosine"),
    ("NonSteadyStateOutlier", "non_steady_state_outlier"),
    ("AROMAAggrComp", "aroma_motion_"),
];

/// Returns the current name of a column.
pub(super) fn todays(name: &str) -> String {
    if let Some((_, new)) = OLD.iter().find(|(old, _)| *old == name) {
        return (*new).to_owned();
    }
    let counted = OLD_COUNTED.iter().find_map(|(old, new)| Some((number(name, old)?, new)));
    counted.map_or_else(|| name.to_owned(), |(number, new)| format!("{new}{number:02}"))
}

/// Returns the number after a prefix, such as 3 for `cosine03`.
pub(super) fn number(name: &str, prefix: &str) -> Option<u32> {
    let digits = name.strip_prefix(prefix)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Returns up to three of `names` that are most similar to `wrong`, the nearest first.
pub(super) fn closest<'a>(wrong: &str, names: &'a [String]) -> Vec<&'a str> {
    let lower = wrong.to_lowercase();
    let mut near: Vec<(usize, &str)> =
        names.iter().map(|name| (edits(&lower, &name.to_lowercase()), name.as_str())).collect();
    near.retain(|(edits, name)| *edits <= wrong.len().max(name.len()).div_ceil(3));
    near.sort();
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Levenshtein distance.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_names_are_translated() {
        let pairs = [
            ("X", "trans_x"),
            ("RotZ", "rot_z"),
            ("non-stdDVARS", "dvars"),
            ("aCompCor00", "a_comp_cor_00"),
            ("tCompCor5", "t_comp_cor_05"),
            ("Cosine02", "cosine02"),
            ("NonSteadyStateOutlier00", "non_steady_state_outlier00"),
            ("AROMAAggrComp12", "aroma_motion_12"),
            ("a_comp_cor_100", "a_comp_cor_100"),
            ("aCompCorx", "aCompCorx"),
        ];
        for (old, new) in pairs {
            assert_eq!(todays(old), new);
        }
        assert_eq!((number("cosine", "cosine"), number("cosine03", "cosine")), (None, Some(3)));
    }

    #[test]
    fn edits_by_hand() {
        // kitten -> sitten -> sittin -> sitting.
        assert_eq!((edits("kitten", "sitting"), edits("", "ab"), edits("ab", "")), (3, 2, 2));
        let names = ["white_matter", "csf", "csf_wm", "trans_x"].map(str::to_owned);
        assert_eq!(closest("whitematter", &names), ["white_matter"]);
        assert!(closest("global_signal", &names).is_empty());
    }
}
