//! Infers the network of a region from its name.

/// The seven networks of Yeo 2011, in the order and spelling of Schaefer's atlas; `YEO_17` has the
/// seventeen.
pub(super) const YEO_7: [&str; 7] = ["Vis", "SomMot", "DorsAttn", "SalVentAttn", "Limbic", "Cont", "Default"];
pub(super) const YEO_17: [&str; 17] = [
    "VisCent",
    "VisPeri",
    "SomMotA",
    "SomMotB",
    "DorsAttnA",
    "DorsAttnB",
    "SalVentAttnA",
    "SalVentAttnB",
    "LimbicA",
    "LimbicB",
    "ContA",
    "ContB",
    "ContC",
    "DefaultA",
    "DefaultB",
    "DefaultC",
    "TempPar",
];

/// Communities of Gordon 2016 that are not among Yeo's networks.
const GORDON: [&str; 11] = [
    "SMhand",
    "SMmouth",
    "Visual",
    "FrontoParietal",
    "Auditory",
    "CinguloParietal",
    "RetrosplenialTemporal",
    "CinguloOperc",
    "VentralAttn",
    "Salience",
    "DorsalAttn",
];

/// Words in subcortical region names of Tian, FreeSurfer, Harvard-Oxford and CIFTI.
const SUBCORTICAL: [&str; 19] = [
    "HIP",
    "THA",
    "PUT",
    "CAU",
    "NAc",
    "AMY",
    "GP",
    "pGP",
    "aGP",
    "lAMY",
    "mAMY",
    "hippocampus",
    "thalamus",
    "putamen",
    "caudate",
    "accumbens",
    "amygdala",
    "pallidum",
    "diencephalon",
];

/// Returns the network given in a name, in the name's spelling: `Vis` of `7Networks_LH_Vis_1`, or
/// `Subcortical` and `Cerebellar` for structures of Tian, FreeSurfer and others. `None` if the name
/// gives none.
pub fn network(name: &str) -> Option<String> {
    let words = || name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let known = [&YEO_17[..], &YEO_7[..], &GORDON[..]].concat();
    if let Some(network) = words().find(|word| known.contains(word)) {
        return Some(network.to_owned());
    }
    // A cortical name may mention a neighbouring structure. `parahippocampal` is one word, so it does
    // not match.
    let is = |names: &[&str]| words().any(|word| names.iter().any(|name| name.eq_ignore_ascii_case(word)));
    if is(&["ctx", "cortex"]) && !is(&["cerebellum", "cerebellar"]) {
        return None;
    }
    if is(&SUBCORTICAL) || (is(&["ventral"]) && is(&["DC"])) || (is(&["brain"]) && is(&["stem"])) {
        return Some("Subcortical".to_owned());
    }
    is(&["cerebellum", "cerebellar", "vermis"]).then(|| "Cerebellar".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_atlases_say_the_network() {
        for (name, expected) in [
            ("7Networks_LH_Vis_1", Some("Vis")),
            ("17Networks_LH_VisCent_ExStr_1", Some("VisCent")),
            ("LH_Default_PFC_4", Some("Default")),
            ("HIP-head-m-rh", Some("Subcortical")),
            ("lAMY-lh", Some("Subcortical")),
            ("Left-Thalamus-Proper", Some("Subcortical")),
            ("Brain-Stem", Some("Subcortical")),
            ("Right-Cerebellum-Cortex", Some("Cerebellar")),
            ("L_SMhand_3", Some("SMhand")),
            ("ctx-lh-parahippocampal", None),
            ("Frontal Pole", None),
            ("Left Cerebral Cortex", None),
        ] {
            assert_eq!(network(name).as_deref(), expected, "{name}");
        }
    }
}
