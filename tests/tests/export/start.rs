//! Starts experiments from an export.

use std::fs;

use boldface_runner::export::{VerificationRequest, write};
use boldface_tests::{Sandbox, Seen, build, test_score};

use super::verified::verified;
use super::{COUNTED, exported, project};

/// Returns the problems of a spec.
pub fn problems(sandbox: &Sandbox, source: &str) -> String {
    let path = sandbox.write("wrong.toml", source);
    match boldface_runner::plan::resolve(&path, source, &build()) {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
    }
}

/// A spec that starts from the export in `out` with the same split.
pub fn begun(take: &str) -> String {
    format!("{COUNTED}\n[split]\nfile = \"out/splits.tsv\"\n\n[start]\npath = \"out\"\n{take}\n")
}

/// Removes stages 2 and 3.
fn untrained(spec: &str) -> String {
    let cut = |spec: &str, from: &str, to: &str| {
        let (before, rest) = spec.split_once(from).unwrap();
        format!("{before}{to}{}", rest.split_once(to).unwrap().1)
    };
    cut(spec, "[alignment]", "[tasks.captioning]")
}

#[test]
fn the_tokenizer_and_the_model_are_taken_over() {
    let sandbox = project(COUNTED);
    let first = sandbox.run("spec.toml", &Seen::default()).unwrap();
    write(&first.dir, &sandbox.path("out"), false).unwrap();
    fs::remove_dir_all(sandbox.path("runs/cache")).unwrap();

    // Without training, the answers are those of the export.
    sandbox.write("same.toml", &untrained(&begun("")));
    let same = sandbox.run("same.toml", &Seen::default()).unwrap();
    for (task, metric) in [("captioning", "fact_accuracy"), ("forecasting", "mse"), ("sex", "accuracy")] {
        let score = |run| test_score(run, task, "bigram", metric);
        assert_eq!(score(&same.dir), score(&first.dir), "{task}");
    }

    // The model learns further, and the tokenizer stays unchanged.
    sandbox.write("more.toml", &begun("take = [\"model\", \"tokenizer\"]"));
    let (plan, seen) = (sandbox.plan("more.toml"), Seen::default());
    for name in ["tokenizer", "text-space"] {
        let stage = plan.stages.iter().find(|stage| stage.name() == name).unwrap();
        assert!(plan.taken(stage).is_some_and(|start| start.written.ends_with("out")), "{name}");
        assert_eq!(stage.inputs, Vec::<String>::new());
    }
    let more = sandbox.run("more.toml", &seen).unwrap();
    assert!(seen.cached().contains(&"tokenizer".to_owned()), "{:?}", seen.cached());
    assert!(seen.ran().contains(&"alignment".to_owned()), "{:?}", seen.ran());
    let model = |run: &boldface_runner::run::Finished| {
        let stage = run.stages.iter().find(|stage| stage.stage.name() == "instruction").unwrap();
        fs::read(sandbox.path("runs").join(&stage.artefact).join("model/bigram.json")).unwrap()
    };
    assert_ne!(model(&more), fs::read(sandbox.path("out/model/bigram.json")).unwrap());

    // An export of the second run includes the people of the first, and verifies without the first
    // export.
    write(&more.dir, &sandbox.path("second"), false).unwrap();
    fs::remove_dir_all(sandbox.path("out")).unwrap();
    assert!(verified(&sandbox, "second", &VerificationRequest::default()).unwrap().holds());
}

#[test]
fn one_of_the_two_is_enough() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    for (take, tokenizer, model) in [("[\"tokenizer\"]", true, false), ("[\"model\"]", false, true)] {
        sandbox.write("one.toml", &begun(&format!("take = {take}")));
        let plan = sandbox.plan("one.toml");
        let taken =
            |name: &str| plan.stages.iter().any(|stage| stage.name() == name && plan.taken(stage).is_some());
        assert_eq!((taken("tokenizer"), taken("text-space")), (tokenizer, model));
        let run =
            sandbox.run("one.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{take}: {failed:?}"));
        assert!(test_score(&run.dir, "sex", "bigram", "accuracy").is_finite());
    }
}

#[test]
fn the_content_of_the_export_is_in_the_keys_and_its_place_is_not() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    sandbox.write("more.toml", &begun(""));
    let keys = |spec: &str| -> Vec<String> {
        sandbox.plan(spec).stages.iter().map(|stage| stage.key.0.clone()).collect()
    };
    let before = keys("more.toml");
    fs::rename(sandbox.path("out"), sandbox.path("other")).unwrap();
    sandbox.write("moved.toml", &begun("").replace("\"out", "\"other"));
    assert_eq!(keys("moved.toml"), before);
    // A model that was trained longer.
    sandbox.write("spec.toml", &COUNTED.replacen("steps = 4", "steps = 5", 1));
    exported(&sandbox, "out", false);
    let names: Vec<String> = sandbox.plan("more.toml").stages.iter().map(|stage| stage.name()).collect();
    let after = keys("more.toml");
    let differ: Vec<&str> =
        (0..names.len()).filter(|&i| before[i] != after[i]).map(|i| names[i].as_str()).collect();
    let expected = [
        "text-space",
        "alignment",
        "instruction",
        "evaluation.captioning",
        "evaluation.forecasting",
        "evaluation.sex",
    ];
    assert_eq!(differ, expected);
}

#[test]
fn people_whom_the_export_learned_from_are_refused_in_the_test_part() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    let split = "[split]\nfile = \"out/splits.tsv\"";
    let dealt = begun("").replace(split, "[split]\nseed = 5");
    for hashed in [false, true] {
        if hashed {
            fs::remove_dir_all(sandbox.path("out")).unwrap();
            exported(&sandbox, "out", true);
        }
        let said = problems(&sandbox, &dealt);
        assert!(said.contains("leak `start.people`: the export learned from "), "{said}");
        assert!(said.contains(" of the test part: their scores would be of known people"), "{said}");
        assert!(said.contains("`[split] file = \"out/splits.tsv\"`"), "{said}");
    }
    // The same files are the same people, even under another name.
    let renamed = dealt.replace("[datasets.pain]", "[datasets.study]");
    assert!(problems(&sandbox, &renamed).contains("leak `start.people`"), "{}", problems(&sandbox, &renamed));
    // An accepted finding needs a reason.
    let accepted = format!("{dealt}\n[leakage.accept]\n\"start.people\" = \"a demonstration\"\n");
    assert_eq!(problems(&sandbox, &accepted), "");
}

#[test]
fn whom_the_first_of_two_exports_learned_from_is_known_to_the_second() {
    let sandbox = project(COUNTED);
    exported(&sandbox, "out", false);
    // Other people: the second half of the study as a dataset of its own.
    let other = |name: &str, people: std::ops::RangeInclusive<usize>| {
        for subject in people {
            let file = boldface_tests::cohort::file(&format!("{subject:02}"));
            let text = fs::read_to_string(sandbox.path(&file)).unwrap();
            sandbox.write(&file.replacen("data", name, 1).replace("sub-", "sub-x"), &text);
        }
        for file in ["participants.tsv", "timeseries.json", "seg-own_dseg.tsv"] {
            let text = fs::read_to_string(sandbox.path(&format!("data/{file}"))).unwrap();
            sandbox.write(&format!("{name}/{file}"), &text.replace("sub-", "sub-x"));
        }
    };
    other("others", 1..=12);
    let second = begun("")
        .replace("file = \"out/splits.tsv\"", "seed = 1")
        .replace("[datasets.pain]", "[datasets.others]")
        .replace("path = \"data\"", "path = \"others\"");
    sandbox.write("second.toml", &second);
    let run = sandbox.run("second.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed:?}"));
    write(&run.dir, &sandbox.path("second"), false).unwrap();
    let learned = fs::read_to_string(sandbox.path("second/learned.tsv")).unwrap();
    for dataset in ["pain", "others"] {
        let count = learned.lines().filter(|line| line.starts_with(&format!("{dataset}\t"))).count();
        assert_eq!(count, 10, "{learned}");
    }
}
