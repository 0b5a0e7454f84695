//! Tests of the user's own words and of the built-in words that remain.

use boldface_features::Feature;

use super::super::{FamilyWords, WordTable, WordingChoice};

const GRAPH: &str = include_str!("../../graph/words.toml");

fn with(own: &str) -> FamilyWords {
    FamilyWords::new(GRAPH, Some(&WordTable::parse(own).unwrap())).unwrap()
}

fn plain(words: &FamilyWords, measure: &str, z: f64) -> String {
    let feature = Feature::new(measure, &[]);
    words.check(std::slice::from_ref(&feature)).unwrap();
    words.sentence(&feature, &words.fact(&feature, Ok(0.5), Ok(z)), WordingChoice::Plain)
}

#[test]
fn a_part_is_replaced_and_the_rest_stays() {
    let words = with(
        "[scales.higher]\n\"markedly lower\" = [\"way below par\"]\n\
         [measures.modularity]\nnouns = [\"the modular structure\"]\n",
    );
    assert_eq!(
        plain(&words, "modularity", -3.0),
        "The modular structure is way below par (Q=0.500, z=-3.00)."
    );
    assert_eq!(
        plain(&words, "modularity", 3.0),
        "The modular structure is markedly higher than typical (Q=0.500, z=+3.00)."
    );
    assert_eq!(
        plain(&words, "path-length", -3.0),
        "Path length is markedly shorter than typical (L=0.500, z=-3.00)."
    );
}

#[test]
fn bands_of_ones_own_are_said_in_every_scale() {
    let words = with(
        "[[bands]]\nname = \"low\"\nto = 0\n[[bands]]\nname = \"high\"\nfrom = 0\n\
         [scales.higher]\nlow = [\"low\"]\nhigh = [\"high\"]\n",
    );
    assert_eq!(plain(&words, "path-length", 0.0), "Path length is low (L=0.500, z=+0.00).");
    assert_eq!(plain(&words, "modularity", 0.01), "Modularity is high (Q=0.500, z=+0.01).");
}

#[test]
fn one_table_serves_several_families_and_one_column_has_a_name_of_its_own() {
    let own = "[measures.modularity]\nsymbol = \"M\"\n\
               [measures.\"phenotype.age\"]\nnouns = [\"the age of this person\"]\nunit = \"years\"\ndecimals = 0\n";
    assert_eq!(plain(&with(own), "modularity", 0.0), "Modularity is typical (M=0.500, z=+0.00).");
    let own = WordTable::parse(own).unwrap();
    let words = FamilyWords::new(include_str!("../../phenotype/words.toml"), Some(&own)).unwrap();
    let told = ["age", "bmi"].map(|column| {
        let feature = Feature::new("phenotype", &[column]);
        words.check(std::slice::from_ref(&feature)).unwrap();
        words.sentence(&feature, &words.fact(&feature, Ok(34.2), Ok(1.2)), WordingChoice::Plain)
    });
    assert_eq!(
        told,
        [
            "The age of this person is somewhat higher than typical (value=34 years, z=+1.20).",
            "The recorded bmi is somewhat higher than typical (value=34.20, z=+1.20)."
        ]
    );
}

#[test]
fn words_are_stored_whole() {
    let words = with("[measures.modularity]\nsymbol = \"M\"\n");
    let stored = boldface::serde_json::to_string(&words).unwrap();
    let back: FamilyWords = boldface::serde_json::from_str(&stored).unwrap();
    assert_eq!(plain(&back, "modularity", 0.0), plain(&words, "modularity", 0.0));
    assert_eq!(boldface::serde_json::to_string(&back).unwrap(), stored);
    // A partial table is not enough for sentences.
    assert!(boldface::serde_json::from_str::<FamilyWords>("{}").is_err());
}

#[test]
fn the_example_for_users_is_understood() {
    let example = include_str!("../../../../../experiments/words/plain.toml");
    let words = with(example);
    assert_eq!(
        plain(&words, "modularity", -1.2),
        "Modularity is slightly below the norm (Q=0.500, z=-1.20)."
    );
    for (family, _, features) in super::families() {
        let shipped = super::super::FAMILIES
            .iter()
            .find(|text| text.contains(&format!("[measures.{}]", features[0].measure)));
        let words = FamilyWords::new(shipped.unwrap(), Some(&WordTable::parse(example).unwrap())).unwrap();
        words.check(&features).unwrap_or_else(|error| panic!("{family}: {error}"));
    }
}

#[test]
fn a_spec_may_have_the_table_or_the_path_of_its_file() {
    let schema = schemars::schema_for!(WordTable).to_value();
    let choices = schema["anyOf"].as_array().unwrap();
    assert!(choices[0]["properties"].get("measures").is_some(), "{schema:#}");
    assert_eq!(choices[0]["additionalProperties"], false);
    assert_eq!(choices[1]["type"], "string");
    assert!(schema["$defs"].get("Measure").is_some(), "{schema:#}");
}
