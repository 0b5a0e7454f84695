//! User-defined words: the file's content counts and its path does not, and mistakes in it are reported
//! immediately.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;

use boldface_runner::plan::{Build, Located, Offer, no_libraries, resolve};
use boldface_tests::{Sandbox, repository};

const SPEC: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 12
trs = 80

[signal]
trs = 80

[tokenizer]
type = "quantile"
patch = 20

[backbone]
type = "bigram"

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]
"#;

/// The spec with a connectivity corpus that has these keys.
fn spec(keys: &str) -> String {
    format!("{SPEC}\n[corpora.connectivity]\n{keys}\n")
}

/// Returns the key of the corpus stage.
fn key(sandbox: &Sandbox, keys: &str) -> String {
    sandbox.write("spec.toml", &spec(keys));
    let plan = sandbox.plan("spec.toml");
    plan.stages.iter().find(|stage| stage.name() == "corpus").unwrap().key.0.clone()
}

/// Returns the problems of a corpus that has `keys`, each after its line in the spec.
fn told(sandbox: &Sandbox, keys: &str) -> String {
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    let text = spec(keys);
    let found = resolve(&sandbox.path("spec.toml"), &text, &build).unwrap_err();
    let line = |located: &Located| {
        let line = text.lines().nth(located.line - 1).unwrap();
        format!("{line}: {}\n", located.problem.message) + &located.problem.help.clone().unwrap_or_default()
    };
    found.iter().map(line).collect()
}

#[test]
fn content_is_in_the_key_and_a_path_is_not() {
    let sandbox = Sandbox::new();
    let words = "[scales.higher]\ntypical = [\"ordinary\"]\n";
    sandbox.write("mine.toml", words);
    sandbox.write("folder/other.toml", &format!("# the same\n{words}"));
    let mine = key(&sandbox, "words = \"mine.toml\"");
    assert_ne!(mine, key(&sandbox, ""));
    assert_eq!(mine, key(&sandbox, "words = \"folder/other.toml\""));
    assert_eq!(mine, key(&sandbox, "words = { scales = { higher = { typical = [\"ordinary\"] } } }"));
    sandbox.write("mine.toml", "[scales.higher]\ntypical = [\"usual\"]\n");
    assert_ne!(mine, key(&sandbox, "words = \"mine.toml\""));
}

#[test]
fn a_base_in_another_folder_brings_its_own_words() {
    let sandbox = Sandbox::new();
    sandbox.write("base/mine.toml", "[scales.higher]\ntypical = [\"ordinary\"]\n");
    sandbox.write("base/spec.toml", &spec("words = \"mine.toml\""));
    sandbox.write("child.toml", "extends = \"base/spec.toml\"\n");
    let table = sandbox.plan("child.toml").experiment.corpora["connectivity"].clone();
    assert_eq!(table["words"]["scales"]["higher"]["typical"][0], "ordinary");
}

#[test]
fn the_example_is_understood() {
    let sandbox = Sandbox::new();
    let example = fs::read_to_string(repository("experiments/words/plain.toml")).unwrap();
    sandbox.write("plain.toml", &example);
    sandbox.write("spec.toml", &spec("words = \"plain.toml\""));
    let table = sandbox.plan("spec.toml").experiment.corpora["connectivity"].clone();
    assert_eq!(table["words"]["scales"]["higher"]["markedly lower"][0], "far below {norm}");
}

#[test]
fn what_is_wrong_is_said_at_the_key_with_file_and_line() {
    let sandbox = Sandbox::new();
    let absent = told(&sandbox, "words = \"none.toml\"");
    assert!(absent.starts_with("words = \"none.toml\": "), "{absent}");
    assert!(absent.contains("cannot read `none.toml`: "), "{absent}");
    assert!(absent.contains("a path is relative to the spec"), "{absent}");
    let cases = [
        ("[scales.higher]\ntypical = ordinary\n", "`mine.toml`, line 2: "),
        ("[scales.higher]\ntypical = \"ordinary\"\n", "`mine.toml`, line 2: `scales.higher.typical`: "),
        (
            "\n[measures.coupling]\nnoun = [\"coupling\"]\n",
            "`mine.toml`, line 3: `measures.coupling.noun`: unknown field `noun`",
        ),
        ("[scales.higher]\ntypical = [\"lower {than}\"]\n", "`lower` of the band `typical` is part of `"),
        (
            "[[bands]]\nname = \"low\"\nto = -1\n[[bands]]\nname = \"high\"\nfrom = 1\n",
            "`low` (to: -1) and `high` (from: 1) leave a gap",
        ),
        (
            "[measures.modularty]\nnouns = [\"modularity\"]\n",
            "`measures.modularty`: there is no such measure",
        ),
        ("[grammar]\nsaid = [\"{nuon} is {adjective}\"]\n", "`grammar.said`: nothing is called `{nuon}`"),
    ];
    for (file, expected) in cases {
        sandbox.write("mine.toml", file);
        let told = told(&sandbox, "words = \"mine.toml\"");
        assert!(told.starts_with("words = \"mine.toml\": "), "{told}");
        assert!(told.contains(expected), "{told}");
    }
}
