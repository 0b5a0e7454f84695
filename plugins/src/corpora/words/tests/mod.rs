//! Tests that every sentence about every built-in measure can be read.

mod families;
mod own;
mod reading;
mod refused;
mod round_trip;

use boldface_features::Feature;

use super::FamilyWords;

/// Every family with its built-in words and features of all its measures.
fn families() -> Vec<(&'static str, FamilyWords, Vec<Feature>)> {
    let names = ["Cont", "Default", "Vis Cent"];
    let pairs = || names.iter().enumerate().flat_map(|(i, a)| names[i..].iter().map(move |b| vec![*a, *b]));
    let two = || pairs().filter(|pair| pair[0] != pair[1]);
    let one = || names.iter().map(|name| vec![*name]);
    let numbers = || ["1", "2", "3"].iter().map(|number| vec![*number]);
    let whole = || std::iter::once(Vec::new());
    let of = |measures: &[&str], of: &mut dyn Iterator<Item = Vec<&str>>| -> Vec<Feature> {
        let of: Vec<Vec<&str>> = of.collect();
        measures.iter().flat_map(|measure| of.iter().map(|of| Feature::new(measure, of))).collect()
    };
    let connectivity = of(&["coupling", "partial-coupling", "shrunk-coupling"], &mut pairs());
    let graph = [
        of(
            &[
                "global-efficiency",
                "local-efficiency",
                "clustering",
                "path-length",
                "modularity",
                "small-worldness",
            ],
            &mut whole(),
        ),
        of(&["strength", "participation", "module-z"], &mut one()),
    ];
    let gradient = [
        of(&["gradient-range", "gradient-variance", "gradient-share"], &mut numbers()),
        of(
            &["gradient-mean"],
            &mut numbers().flat_map(|number| one().map(move |name| vec![number[0], name[0]])),
        ),
    ];
    let each = ["amplitude", "variability", "spectral-ratio", "falff", "persistence"];
    let each = each.map(|measure| format!("component-{measure}"));
    let components =
        [of(&each.each_ref().map(String::as_str), &mut one()), of(&["component-coupling"], &mut two())];
    let temporal = [
        of(&["amplitude", "alff", "falff", "persistence"], &mut one()),
        of(&["state-occupancy", "state-dwell"], &mut numbers()),
        of(&["state-switches"], &mut whole()),
    ];
    let phenotype = of(&["phenotype"], &mut ["age", "site", "Cont"].iter().map(|column| vec![*column]));
    let words = |text: &str| FamilyWords::new(text, None).unwrap();
    vec![
        ("connectivity", words(include_str!("../../connectivity/words.toml")), connectivity),
        ("graph", words(include_str!("../../graph/words.toml")), graph.concat()),
        ("gradient", words(include_str!("../../gradient/words.toml")), gradient.concat()),
        ("components", words(include_str!("../../components/words.toml")), components.concat()),
        ("temporal", words(include_str!("../../temporal/words.toml")), temporal.concat()),
        ("phenotype", words(include_str!("../../phenotype/words.toml")), phenotype),
    ]
}

/// The built-in words of one family, and features of its measures.
fn family(name: &str) -> (FamilyWords, Vec<Feature>) {
    let found = families().into_iter().find(|(family, ..)| *family == name).unwrap();
    (found.1, found.2)
}
