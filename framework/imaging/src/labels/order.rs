//! The order of regions: its fingerprint, known orders, and how two orders differ.
//!
//! Schaefer's parcels come in two orders, by 7 and by 17 networks. Both have the same parcels and nearly
//! the same names, so a table in one order gives the parcels of a series in the other wrong names. Known
//! orders are recognised by the pattern of names and the runs of networks; the code holds no atlas's
//! table.

use std::fmt;
use std::path::Path;

use boldface::Result;

use super::hemisphere::{Hemisphere, hemisphere};
use super::network::{YEO_7, YEO_17};

/// A known order of regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtlasOrder {
    /// Number of regions of Tian's subcortical atlas before the parcels, or 0.
    pub subcortex: usize,
    /// Number of Schaefer's parcels.
    pub parcels: usize,
    /// Number of networks that the parcels are sorted by: 7 or 17.
    pub networks: usize,
}

/// Result of recognising an order by its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognized {
    /// One of the known orders.
    Known(AtlasOrder),
    /// The names of a known order, sorted differently.
    Jumbled {
        /// Number of networks in the names: 7 or 17.
        networks: usize,
        /// The first region outside its network's run.
        region: String,
    },
    /// Names of no known order.
    Unknown,
}

impl fmt::Display for AtlasOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match scale(self.subcortex) {
            Some(scale) => write!(f, "Tian S{scale} + Schaefer-{}, ", self.parcels)?,
            None => write!(f, "Schaefer-{}, ", self.parcels)?,
        }
        write!(f, "{}-network order", self.networks)
    }
}

impl Recognized {
    /// Describes the order in words; `None` if it is unknown.
    pub fn words(&self) -> Option<String> {
        match self {
            Recognized::Known(order) => Some(order.to_string()),
            Recognized::Jumbled { networks, region } => Some(format!(
                "names of Schaefer's {networks}-network order, sorted otherwise (`{region}` is not beside its \
                 network)"
            )),
            Recognized::Unknown => None,
        }
    }
}

/// Recognises an order of regions by the names.
pub fn recognize(names: &[String]) -> Recognized {
    let subcortex = names.iter().take_while(|name| is_tian(name)).count();
    let cortex = &names[subcortex..];
    let parcels: Option<Vec<_>> = cortex.iter().map(|name| parcel(name)).collect();
    let Some(parcels) = parcels.filter(|parcels| !parcels.is_empty()) else { return Recognized::Unknown };
    if subcortex > 0 && scale(subcortex).is_none() {
        return Recognized::Unknown;
    }
    let networks = parcels[0].2;
    if parcels.iter().any(|parcel| parcel.2 != networks) {
        return Recognized::Unknown;
    }
    // The left side comes first. Within a side, each network's parcels are contiguous.
    let mut runs: Vec<(Hemisphere, &str)> = Vec::new();
    for (at, &(side, network, _)) in parcels.iter().enumerate() {
        let run = (side, network);
        if runs.last() == Some(&run) {
            continue;
        }
        let is_late = side == Hemisphere::Left && runs.iter().any(|run| run.0 == Hemisphere::Right);
        if is_late || runs.contains(&run) {
            return Recognized::Jumbled { networks, region: cortex[at].clone() };
        }
        runs.push(run);
    }
    Recognized::Known(AtlasOrder { subcortex, parcels: parcels.len(), networks })
}

/// Returns the number of networks (7 or 17) in an atlas's file name, such as
/// `..._400Parcels_17Networks_order...`.
pub fn networks_of_file(path: &Path) -> Option<usize> {
    let name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let before = name.split("net").map(|before| {
        let digits = before.trim_end_matches(['-', '_']);
        &digits[digits.trim_end_matches(|c: char| c.is_ascii_digit()).len()..]
    });
    let found: Vec<usize> =
        before.filter_map(|digits| digits.parse().ok()).filter(|n| [7, 17].contains(n)).collect();
    (found.len() == 1).then(|| found[0])
}

/// Fingerprint of an order: 128-bit FNV-1a over every index and name, as 32 hexadecimal digits. It is
/// written here because only the crates that make keys may use blake3.
pub fn fingerprint<'a>(regions: impl IntoIterator<Item = (i64, &'a str)>) -> String {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    for (index, name) in regions {
        for byte in format!("{index}\t{name}\n").bytes() {
            hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
    format!("{hash:032x}")
}

/// Checks that two orders are equal. `whose` names them in messages, such as
/// `["the sidecar", "the region table"]`.
///
/// # Errors
/// If they differ. The message names the first differing region, and the swap if both orders are known.
pub fn same_order(one: &[String], other: &[String], whose: [&str; 2]) -> Result<()> {
    let Some(at) = (0..one.len().max(other.len())).find(|&at| one.get(at) != other.get(at)) else {
        return Ok(());
    };
    let shown = |names: &[String]| names.get(at).map_or("missing".to_owned(), |name| format!("`{name}`"));
    let place =
        format!("region {} is {} in {}, but {} in {}", at + 1, shown(one), whose[0], shown(other), whose[1]);
    Err(match swap(one, other) {
        Some(swap) => format!("{place}: {swap}").into(),
        None => format!("{place}; both must have the same regions in the same order").into(),
    })
}

/// Describes a swap of two known orders of the same regions; `None` if there is no such swap.
pub fn swap(one: &[String], other: &[String]) -> Option<String> {
    match (recognize(one), recognize(other)) {
        (Recognized::Known(a), Recognized::Known(b))
            if a.networks != b.networks && (a.subcortex, a.parcels) == (b.subcortex, b.parcels) =>
        {
            Some(format!(
                "the first is in the {}-network order of Schaefer-{} and the second in the {}-network order, which has \
                 the same parcels in other places; use the table in the order of the data",
                a.networks, a.parcels, b.networks
            ))
        }
        _ => None,
    }
}

/// Returns the scale of Tian's atlas with this number of regions.
fn scale(regions: usize) -> Option<usize> {
    [16, 32, 50, 54].iter().position(|&count| count == regions).map(|at| at + 1)
}

fn is_tian(name: &str) -> bool {
    const STRUCTURES: [&str; 11] =
        ["HIP", "THA", "PUT", "CAU", "NAc", "AMY", "lAMY", "mAMY", "GP", "pGP", "aGP"];
    let (structure, rest) = name.split_once('-').unwrap_or((name, ""));
    STRUCTURES.contains(&structure) && hemisphere(rest).is_some()
}

/// Parses a name of Schaefer's parcels, such as `17Networks_LH_VisCent_ExStr_1` or `LH_Vis_3`, into its
/// side, its network and the number of networks.
fn parcel(name: &str) -> Option<(Hemisphere, &str, usize)> {
    let mut words = name.split('_').peekable();
    let said = match *words.peek()? {
        "7Networks" => Some(7),
        "17Networks" => Some(17),
        _ => None,
    };
    if said.is_some() {
        words.next();
    }
    let side = match words.next()? {
        "LH" => Hemisphere::Left,
        "RH" => Hemisphere::Right,
        _ => return None,
    };
    let network = words.next()?;
    let networks = match (YEO_7.contains(&network), YEO_17.contains(&network)) {
        (true, _) => 7,
        (_, true) => 17,
        _ => return None,
    };
    // In old 17-network names, `Limbic_OFC` and `Limbic_TempPole` have the network `Limbic`.
    let networks = if network == "Limbic" { said.unwrap_or(7) } else { networks };
    (said.is_none_or(|said| said == networks)).then_some((side, network, networks))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parcels sorted by `networks`, `each` per network and side.
    fn parcels(prefix: &str, networks: &[&str], each: usize) -> Vec<String> {
        let mut names = Vec::new();
        for side in ["LH", "RH"] {
            for network in networks {
                names.extend((1..=each).map(|i| format!("{prefix}{side}_{network}_{i}")));
            }
        }
        names
    }

    fn subcortex() -> Vec<String> {
        let one = |side: &'static str| (0..25).map(move |i| format!("THA-{i}-{side}"));
        one("rh").chain(one("lh")).collect()
    }

    #[test]
    fn both_orders_are_recognised_with_and_without_prefix() {
        for (prefix, networks) in [("7Networks_", 7), ("17Networks_", 17), ("", 7), ("", 17)] {
            let all: &[&str] = if networks == 7 { &YEO_7 } else { &YEO_17 };
            let cortex = parcels(prefix, all, 2);
            let parcels = cortex.len();
            assert_eq!(recognize(&cortex), Recognized::Known(AtlasOrder { subcortex: 0, parcels, networks }));
            let whole = [subcortex(), cortex].concat();
            let Recognized::Known(order) = recognize(&whole) else { panic!("{prefix} {networks}") };
            assert_eq!(order.to_string(), format!("Tian S3 + Schaefer-{parcels}, {networks}-network order"));
        }
    }

    #[test]
    fn names_of_one_order_in_another_are_noticed() {
        let mut names = parcels("17Networks_", &YEO_17, 2);
        names.swap(1, 2);
        let Recognized::Jumbled { networks: 17, region } = recognize(&names) else { panic!() };
        assert_eq!(region, "17Networks_LH_VisCent_2");
        // Right before left is not a known order either.
        names = parcels("", &YEO_7, 1);
        names.rotate_left(7);
        assert!(matches!(recognize(&names), Recognized::Jumbled { networks: 7, .. }));
        for other in [vec!["Frontal Pole".to_owned()], subcortex(), Vec::new()] {
            assert_eq!(recognize(&other), Recognized::Unknown);
        }
    }

    #[test]
    fn a_swap_is_named_with_the_first_region_that_differs() {
        // Both orders have 2 x 7 x 17 parcels.
        let seven = [subcortex(), parcels("7Networks_", &YEO_7, 17)].concat();
        let seventeen = [subcortex(), parcels("17Networks_", &YEO_17, 7)].concat();
        let error =
            same_order(&seventeen, &seven, ["the series", "the region table"]).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "region 51 is `17Networks_LH_VisCent_1` in the series, but `7Networks_LH_Vis_1` in the region \
                 table: the first is in the 17-network order of Schaefer-238 and the second in the 7-network order"
            ),
            "{error}"
        );
        same_order(&seven, &seven, ["a", "b"]).unwrap();
        let error = same_order(&seven[..2], &seven[..1], ["a", "b"]).unwrap_err().to_string();
        assert!(error.starts_with("region 2 is `THA-1-rh` in a, but missing in b; both must"), "{error}");
    }

    #[test]
    fn file_names_say_the_networks() {
        for (name, networks) in [
            ("Schaefer2018_400Parcels_7Networks_order_Tian_Subcortex_S3.dlabel.nii", Some(7)),
            ("Schaefer2018_400Parcels_17Networks_order.txt", Some(17)),
            ("tianS3_schaefer400_17net_order_450_labels.tsv", Some(17)),
            ("network.tsv", None),
            ("a7net_17net.tsv", None),
            ("MIST-122.nii.gz", None),
        ] {
            assert_eq!(networks_of_file(Path::new(name)), networks, "{name}");
        }
    }

    #[test]
    fn the_fingerprint_goes_by_index_name_and_order() {
        // FNV-1a of an empty input is its offset.
        assert_eq!(fingerprint([]), "6c62272e07bb014262b821756295c58d");
        let (a, b) = (fingerprint([(1, "A"), (2, "B")]), fingerprint([(2, "B"), (1, "A")]));
        assert!(a != b && a != fingerprint([(1, "A"), (3, "B")]) && a.len() == 32);
    }
}
