//! Merged layers and the origins of their values.

use std::fs;

use serde_json::json;

use super::*;

const BASE: &str = r#"seed = 1
[datasets.pain]
type = "series"
path = "data/pain"
[signal]
trs = 160
[tokenizer]
type = "vq"
patch = 20
codebook-size = 128
[tasks.sex]
type = "classification"
classes = ["f", "m"]
[tasks.forecasting]
horizon = 40
"#;

/// Reads `spec.toml` from the given files.
fn layered(files: &[(&str, &str)]) -> Result<Layered, String> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let path = dir.path().join("spec.toml");
    let source = fs::read_to_string(&path).unwrap();
    Layered::read(&path, &source).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n").replace(&format!("{}/", dir.path().display()), "")
    })
}

/// Returns the name of the file and the line of a value's origin.
fn from(layered: &Layered, key: &str) -> String {
    let origin = layered.origin(key).unwrap();
    format!("{}:{}", origin.source.path.file_name().unwrap().display(), origin.line())
}

#[test]
fn a_child_speaks_over_its_parent_key_by_key() {
    let child = "extends = \"in/base.toml\"\nseed = 2\n[tokenizer]\ncodebook-size = 256\n\
                 [tasks.sex]\nclasses = [\"m\"]\n";
    let whole = layered(&[("in/base.toml", BASE), ("spec.toml", child)]).unwrap();
    let expected = json!({
        "seed": 2,
        "datasets": { "pain": { "type": "series", "path": "in/data/pain" } },
        "signal": { "trs": 160 },
        "tokenizer": { "type": "vq", "patch": 20, "codebook-size": 256 },
        "tasks": {
            "sex": { "type": "classification", "classes": ["m"] },
            "forecasting": { "horizon": 40 },
        },
    });
    assert_eq!(json!(whole.table()), expected);
    assert_eq!(from(&whole, "tokenizer.codebook-size"), "spec.toml:4");
    assert_eq!(from(&whole, "tokenizer.patch"), "base.toml:9");
    assert_eq!(from(&whole, "tasks.sex.classes[0]"), "spec.toml:6");
    // The parent's second class is gone, so the item has the place of the list.
    assert_eq!(from(&whole, "tasks.sex.classes[1]"), "spec.toml:6");
    assert!(whole.origin("backbone").is_none());
}

#[test]
fn another_plugin_takes_nothing_from_the_one_before() {
    let child = "extends = \"base.toml\"\n[tokenizer]\ntype = \"quantile\"\npatch = 10\n\
                 [tasks.forecasting]\ntype = \"forecasting\"\n[tasks.sex]\ntype = \"captioning\"\n";
    let whole = layered(&[("base.toml", BASE), ("spec.toml", child)]).unwrap();
    assert_eq!(whole.get("tokenizer"), Some(&json!({ "type": "quantile", "patch": 10 })));
    // The table's name is its default type.
    assert_eq!(whole.get("tasks.forecasting"), Some(&json!({ "type": "forecasting", "horizon": 40 })));
    assert_eq!(whole.get("tasks.sex"), Some(&json!({ "type": "captioning" })));
    assert_eq!(from(&whole, "tokenizer"), "spec.toml:2");
}

#[test]
fn a_parent_may_have_a_parent_in_yet_another_folder() {
    let files = [
        ("a/b/base.toml", BASE),
        ("a/mid.toml", "extends = \"b/base.toml\"\n[text]\npath = \"words.txt\"\n"),
        ("spec.toml", "extends = \"a/mid.toml\"\nseed = 3\n"),
    ];
    let whole = layered(&files).unwrap();
    assert_eq!(whole.get("datasets.pain.path"), Some(&json!("a/b/data/pain")));
    assert_eq!(whole.get("text.path"), Some(&json!("a/words.txt")));
    assert_eq!(whole.sources.len(), 3);
    let once = whole.to_toml();
    let again = layered(&[("spec.toml", &once)]).unwrap();
    assert_eq!(again.table(), whole.table());
}

#[test]
fn settings_are_a_layer_of_their_own() {
    let sweep = "base = \"in/base.toml\"\n[grid]\n\"tokenizer.patch\" = [10, 40]\n";
    let sweep = layered(&[("in/base.toml", BASE), ("spec.toml", sweep)]);
    let mut arm = sweep.as_ref().unwrap().clone();
    assert_eq!(from(&arm, "grid.tokenizer.patch[1]"), "spec.toml:3");
    let origin = arm.origin("grid.tokenizer.patch[1]").unwrap().clone();
    arm = layered(&[("spec.toml", BASE)]).unwrap();
    arm.set("tokenizer.patch", json!(40), &origin);
    arm.set("backbone.lora.rank", json!(4), &origin);
    assert_eq!(arm.get("tokenizer.patch"), Some(&json!(40)));
    assert_eq!(arm.get("tokenizer.codebook-size"), Some(&json!(128)));
    assert_eq!(arm.get("backbone"), Some(&json!({ "lora": { "rank": 4 } })));
    assert_eq!(from(&arm, "tokenizer.patch"), "spec.toml:3");
    assert_eq!(from(&arm, "tokenizer"), "spec.toml:7");

    // The order of the settings does not matter, though `patch` sorts before `type`.
    let settings = [("tokenizer.patch", json!(5), &origin), ("tokenizer.type", json!("quantile"), &origin)];
    arm.set_all(settings);
    assert_eq!(arm.get("tokenizer"), Some(&json!({ "type": "quantile", "patch": 5 })));

    assert_eq!(arm.remove("tasks.sex.classes"), Some(json!(["f", "m"])));
    assert_eq!(arm.remove("tasks.sex.classes"), None);
    assert_eq!(from(&arm, "tasks.sex.classes[0]"), "spec.toml:11");
    assert!(arm.remove("tasks").is_some() && arm.origin("tasks.sex").is_none());
}

#[test]
fn a_sweep_starts_from_its_base() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sweeps")).unwrap();
    fs::write(dir.path().join("base.toml"), BASE).unwrap();
    let path = dir.path().join("sweeps/patch.toml");
    let sweep = Layered::read(&path, "base = \"../base.toml\"\n[grid]\nseed = [1, 2]\n").unwrap();
    let arm = sweep.parent("base").unwrap();
    assert_eq!(arm.path, path);
    assert_eq!(arm.get("datasets.pain.path"), Some(&json!("../data/pain")));
    assert!(arm.get("grid").is_none());
    let problem = arm.locate(Problem::at("backbone", "missing section `backbone`"));
    assert_eq!((problem.source.path.file_name(), problem.line), (Some("base.toml".as_ref()), 1));
}

#[test]
fn what_is_wrong_with_a_parent_is_said_where_it_stands() {
    let said = |files: &[(&str, &str)]| layered(files).unwrap_err();
    let child = "extends = \"base.toml\"\n";
    assert_eq!(
        said(&[("spec.toml", child)]),
        "spec.toml:1:11: there is no file `base.toml`; \
         a path is relative to the file that names it: this one is `base.toml`"
    );
    assert_eq!(
        said(&[
            ("spec.toml", child),
            ("base.toml", "extends = \"in/top.toml\""),
            ("in/top.toml", "seed = 1\nextends = \"../spec.toml\"",)
        ]),
        "in/top.toml:2:11: a spec cannot extend itself: \
         `spec.toml` extends `base.toml` extends `top.toml` extends `spec.toml`; \
         take `extends` out of one of them"
    );
    assert_eq!(
        said(&[("spec.toml", child), ("base.toml", "seed = \n")]),
        "base.toml:1:8: string values must be quoted, expected literal string"
    );
    assert_eq!(
        said(&[("spec.toml", "seed = 0\n[signal]\ntrs = 8\nextends = \"base.toml\"")]),
        "spec.toml:4:11: `extends` in the table `[signal]` means nothing; \
         write it at the top of the file, before the first `[table]`"
    );
    assert_eq!(
        said(&[("spec.toml", "extends = [\"a.toml\", \"b.toml\"]")]),
        "spec.toml:1:11: `extends` names one file, not a list; \
         a spec has one parent, which may have a parent itself"
    );
    assert_eq!(
        said(&[("spec.toml", "extends = 3")]),
        "spec.toml:1:11: `extends` must name a file; write it as `extends = \"FILE.toml\"`"
    );
}

#[test]
fn the_base_of_a_sweep_reads_data_from_the_folder_that_the_command_line_names() {
    let dir = tempfile::tempdir().unwrap();
    let (base, sweep) = (dir.path().join("base.toml"), dir.path().join("sweep.toml"));
    fs::write(base, BASE).unwrap();
    let read = || Layered::read(&sweep, "base = \"base.toml\"\n").unwrap();
    let mut spec = read();
    spec.set_data("pain", Path::new("/my data")).unwrap();
    assert_eq!(spec.parent("base").unwrap().get("datasets.pain.path"), Some(&json!("/my data")));
    let mut spec = read();
    spec.set_data("abide", Path::new("/data")).unwrap();
    let problems = spec.parent("base").unwrap_err();
    assert!(problems[0].to_string().contains("names no dataset of the spec"), "{}", problems[0]);
}

#[test]
fn a_chain_of_parents_has_an_end() {
    let chain = |length: usize| {
        let text = |i: usize| match i == length {
            true => "seed = 1\n".to_owned(),
            false => format!("extends = \"{}.toml\"\n", i + 1),
        };
        let name = |i: usize| if i == 0 { "spec.toml".to_owned() } else { format!("{i}.toml") };
        let files: Vec<(String, String)> = (0..=length).map(|i| (name(i), text(i))).collect();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        layered(&files)
    };
    assert_eq!(chain(MOST_PARENTS).unwrap().get("seed"), Some(&json!(1)));
    let refused = chain(MOST_PARENTS + 1).unwrap_err();
    assert!(
        refused.contains(&format!("{MOST_PARENTS}.toml:1:")) && refused.contains("in a row"),
        "{refused}"
    );
}
