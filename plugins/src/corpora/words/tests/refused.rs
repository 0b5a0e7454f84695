//! Tests of invalid tables and their error messages.

use boldface_features::Feature;
use expect_test::expect;

use super::super::{FamilyWords, WordTable};
use super::families;

/// Returns the error of a user's table for the graph family.
fn refused(own: &str) -> String {
    let (_, _, features) = families().swap_remove(1);
    let found = WordTable::parse(own)
        .and_then(|own| FamilyWords::new(include_str!("../../graph/words.toml"), Some(&own)))
        .and_then(|words| words.check(&features));
    found.map_or_else(|error| error.to_string(), |()| "nothing".to_owned())
}

#[test]
fn what_means_two_things_is_named() {
    let tables = [
        // The words of one band within those of another.
        "[scales.higher]\ntypical = [\"lower\"]",
        "[scales.higher]\n\"somewhat lower\" = [\"low\"]\n\"markedly lower\" = [\"very low\"]",
        "[scales.longer]\n\"somewhat lower\" = [\"markedly higher {than}\"]",
        "[scales.higher]\ntypical = [\"is not available\"]",
        // One noun phrase within another.
        "[measures.strength]\nnouns = [\"modularity of {0}\"]",
        "[measures.modularity]\nnouns = [\"clustering\"]",
        // A noun without its network.
        "[measures.strength]\nnouns = [\"node strength\"]",
        // A comparison that equals a band, and one explanation for both sides.
        "[grammar]\nthan = [\"typical\"]",
        "[measures.modularity]\nabove = [\"so it is\"]\nbelow = [\"so it is\"]",
        // Words of another band around the adjective, and a negation.
        "[grammar]\nhere = [\"Compared with a typical scan, \", \"Here \"]",
        "[grammar]\nhere = [\"It is not so that \"]",
        // Numbers that cannot be found again.
        "[grammar]\nnumbers = [\"({value} {symbol}, {z})\"]",
        "[grammar]\nbecause = [\"\"]",
    ];
    expect![[r#"
        `lower` of the band `typical` is part of `markedly lower` of the band `markedly lower`; reword one
        `low` of the band `somewhat lower` is part of `very low` of the band `markedly lower`; reword one
        `markedly higher` of the band `somewhat lower` is part of `markedly higher` of the band `markedly higher`; reword one
        `is not available` of the band `typical` is part of `is not available` of the band `not available`; reword one
        `modularity` of the measure `modularity` is part of `modularity of {0}` of the measure `strength`; reword one
        `clustering` of the measure `clustering` is part of `clustering` of the measure `modularity`; reword one
        `node strength` is what `strength.Cont` is called and is what `strength.Default` is called; reword one
        `typical` is said of the band `typical` and compares with the norm; reword one
        `so it is` explains what is above the norm and explains what is below the norm; reword one
        `Compared with a typical scan, global efficiency is markedly lower than typical (E_glob=-1.480, z=-3.00).` means `global-efficiency`, `markedly lower`, value -1.48, z -3 and cannot be read
        `It is not so that global efficiency is markedly lower than typical (E_glob=-1.480, z=-3.00).` means `global-efficiency`, `markedly lower`, value -1.48, z -3 and cannot be read
        `Global efficiency is markedly lower than typical (-1.480 E_glob, -3.00).` means `global-efficiency`, `markedly lower`, value -1.48, z -3 and is read as `global-efficiency`, `markedly lower`, value none, z none
        `Global efficiency is not available.` means `global-efficiency`, `not available`, value none, z none, the network has one region and is read as `global-efficiency`, `not available`, value none, z none
    "#]].assert_eq(&tables.map(|table| refused(table) + "\n").concat());
}

#[test]
fn what_is_no_table_of_words_is_named() {
    let bands = |ends: &[(&str, &str)]| {
        let band =
            |(n, (from, to)): (usize, &(&str, &str))| format!("[[bands]]\nname = \"b{n}\"\n{from}\n{to}\n");
        ends.iter().enumerate().map(band).collect::<String>()
    };
    let tables = [
        "bands = []".to_owned(),
        bands(&[("", "to = -1"), ("from = 1", "")]),
        bands(&[("", "to = 1"), ("from = -1", "")]),
        bands(&[("", ""), ("from = -1", "")]),
        bands(&[("from = -9", "to = 1"), ("from = 1", "")]),
        bands(&[("", "to = 1"), ("from = 1", "to = 9")]),
        bands(&[("", "to = 1"), ("from = 1", "to = 1"), ("from = 1", "")]),
        bands(&[("", "to = nan"), ("from = nan", "")]),
        bands(&[("", "to = 1"), ("from = 1", "")]),
        bands(&[("", "to = 1"), ("from = 1", "")]).replace("b1", "b0"),
        bands(&[("", "")]).replace("b0", "not available"),
        "[scales.higher]\nlowish = [\"low\"]".to_owned(),
        "[scales.higher]\ntypical = []".to_owned(),
        "[scales.hihger]\ntypical = [\"as ever\"]".to_owned(),
        "[measures.modularity]\nscale = \"wider\"".to_owned(),
        "[measures.modularty]\nsymbol = \"Q\"".to_owned(),
        "[measures.modularity]\nsymbol = \"z\"".to_owned(),
        "[measures.modularity]\nnouns = []".to_owned(),
        "[measures.modularity]\nnouns = [\"{2} modularity\"]".to_owned(),
        "[measures.modularity]\nnouns = [\"modularity {\"]".to_owned(),
        "[grammar]\nextra = [\"so\"]".to_owned(),
        "[grammar]\nsaid = []".to_owned(),
        "[grammar]\nnoun = [\"it\"]".to_owned(),
        "[grammar]\nthan = [\"{usual}\"]\nusual = [\"than {than}\"]".to_owned(),
        "[grammar]\nsaid = [\"{noun} is {adjectiv}.\"]".to_owned(),
        "[grammar]\nthan = [\"{adjective}\"]".to_owned(),
        "[grammar]\nmissing = [\"is not {adjective}\"]".to_owned(),
        "[measures.modularity]\nnouns = [\"the {noun}\"]".to_owned(),
        "[measures.modularity]\nabove = [\"it is {adjective}\"]".to_owned(),
        "[measures]\nmodularity = 3".to_owned(),
    ];
    expect![[r#"
        `bands` is empty
        `bands`: `b0` (to: -1) and `b1` (from: 1) leave a gap; let one begin where the other ends
        `bands`: `b0` (to: 1) and `b1` (from: -1) overlap; let one begin where the other ends
        `bands`: `b0` (to: none) and `b1` (from: -1) overlap; let one begin where the other ends
        `bands`: nothing is below -9; remove `from` of `b0`, the first
        `bands`: nothing is above 9; remove `to` of `b1`, the last
        `bands`: they must go from low to high, each 0.01 wide or more
        `bands`: `b0` (to: NaN) and `b1` (from: NaN) overlap; let one begin where the other ends
        `scales.higher` and `scales.higher` have no words for `b0`
        `bands`: two are called `b0`; give one another name
        `bands`: the name `not available` is reserved for facts without a z; rename the band
        `scales.higher`: there is no band `lowish`; there are markedly lower, somewhat lower, typical, somewhat higher, markedly higher
        `scales.higher.typical` has no form; remove it, or add one
        `scales.hihger` is the `scale` of no measure; there are higher, larger, longer, stronger
        `measures.modularity`: there is no scale `wider`
        `measures.modularty`: there is no such measure; there are alff, amplitude, clustering, component-amplitude, component-coupling, component-falff, component-persistence, component-spectral-ratio, component-variability, coupling, falff, global-efficiency, gradient-mean, gradient-range, gradient-share, gradient-variance, local-efficiency, modularity, module-z, partial-coupling, participation, path-length, persistence, phenotype, shrunk-coupling, small-worldness, state-dwell, state-occupancy, state-switches, strength
        `measures.modularity`: `z` cannot be its `symbol`: letters and digits, and not `z`
        `measures.modularity`: it has no `nouns`
        `measures.modularity.nouns`: nothing is called `{2}`; there are noun, adjective, explanation, symbol, value, z, reason, 0, 1, asked, because, here, missing, not-available, not-compared, numbers, others, said, so, than, uncompared, unexplained, unnumbered
        `measures.modularity`: `modularity {` has a brace without its partner
        no form names `grammar.extra`; write `{extra}` into one
        `grammar.said` has no form
        `grammar.noun` has the name of a slot that the fact fills; rename it
        `scales.higher.markedly higher`: `{than}` cannot stand here; nouns and explanations have `{0}` and `{1}`, adjectives words without slots
        `grammar.said`: nothing is called `{adjectiv}`; there are noun, adjective, explanation, symbol, value, z, reason, 0, 1, asked, because, here, missing, not-available, not-compared, numbers, others, said, so, than, uncompared, unexplained, unnumbered
        `scales.higher.markedly higher`: `{than}` cannot stand here; nouns and explanations have `{0}` and `{1}`, adjectives words without slots
        `grammar.missing`: `{adjective}` cannot stand here; nouns and explanations have `{0}` and `{1}`, adjectives words without slots
        `measures.modularity.nouns`: `{noun}` cannot stand here; nouns and explanations have `{0}` and `{1}`, adjectives words without slots
        `measures.modularity.above`: `{adjective}` cannot stand here; nouns and explanations have `{0}` and `{1}`, adjectives words without slots
        line 2: invalid type: integer `3`, expected struct Measure
    "#]].assert_eq(&tables.map(|table| refused(&table) + "\n").concat());
}

#[test]
fn names_of_networks_must_be_no_words_of_bands() {
    let words = FamilyWords::new(include_str!("../../graph/words.toml"), None).unwrap();
    let check = |of: &[&str]| {
        let features: Vec<Feature> = of.iter().map(|of| Feature::new("strength", &[of])).collect();
        words.check(&features).map_or_else(|error| error.to_string(), |()| "nothing".to_owned()) + "\n"
    };
    let told = [
        check(&["Vis", "Typical"]),
        check(&["much lower left"]),
        check(&["Vis", "vis"]),
        check(&["--", "St. Pierre", "A&B/C", "é (left)", "Vis", "Cent Vis", "Vis Cent", "Vis, too", "0"]),
        check(&["Hello! You", ""]),
        words.check(&[Feature::new("rich-club", &[])]).unwrap_err().to_string() + "\n",
    ];
    expect![[r#"
        `Typical` holds `typical`, which is said of the band `typical`; rename `Typical` or reword the band
        `much lower left` holds `much lower`, which is said of the band `markedly lower`; rename `much lower left` or reword the band
        `vis strength` is what `strength.Vis` is called and is what `strength.vis` is called; reword one
        nothing
        nothing
        `measures` has no words for `rich-club`
    "#]].assert_eq(&told.concat());
}
