//! Designs whose scores would mean nothing.

use boldface_runner::plan::CheckStatus;
use boldface_tests::Sandbox;

use super::{PEOPLE, SPEC, assert_finds, class, plan, recording, run_says, said, study, with};

/// Trains, so that another task can be asked for the first time.
const TRAINING: &str = "[instruction]\nsteps = 2\nwarmup = 0\npeak-lr = 1e-3\n";

fn split_file(sandbox: &Sandbox, part: impl Fn(usize) -> &'static str) -> String {
    let rows = (0..PEOPLE).map(|i| format!("sub-{:02}\t{}\n", i + 1, part(i)));
    sandbox.write("split.tsv", &format!("participant_id\tpart\n{}", rows.collect::<String>()));
    SPEC.replace("validation = 0.25\ntest = 0.25", "file = \"split.tsv\"")
}

/// Returns the status of a check of a plan without leaks, if there is such a check.
fn status(sandbox: &Sandbox, spec: &str, id: &str) -> Option<CheckStatus> {
    let plan = plan(sandbox, spec).unwrap();
    plan.leakage.checks.iter().find(|check| check.id == id).map(|check| check.status)
}

#[test]
fn a_first_question_that_training_asked_in_other_words() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns.push(("group", ["patient", "control"][i % 2].to_owned()));
        person.columns.push(("hand", ["left", "right"][i / 2 % 2].to_owned()));
    });
    let spec = |column: &str, classes: &str| {
        let task =
            format!("[tasks.new]\ntype = \"classification\"\ntarget = \"{column}\"\nclasses = {classes}");
        with(&format!("{task}\nheld-out = true\n\n{TRAINING}"))
    };
    assert_finds(
        &said(&sandbox, &spec("group", "[\"patient\", \"control\"]")),
        "leak `tasks.new.zero-shot.condition`",
    );
    assert_eq!(said(&sandbox, &spec("hand", "[\"left\", \"right\"]")), "no problem\n");
}

#[test]
fn a_trait_of_people_whose_runs_are_divided() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, person| person.entities = "_run-1".to_owned());
    for i in 0..PEOPLE {
        let name = format!("data/sub-{0:02}/sub-{0:02}_run-2_timeseries.tsv", i + 1);
        sandbox.write(&name, &recording(100 + i, 40, |x| x));
    }
    let runs = SPEC.replace("[split]", "[split]\nunit = \"run\"");
    assert_finds(&said(&sandbox, &runs), "leak `tasks.condition.unit`");
    assert_eq!(said(&sandbox, SPEC), "no problem\n");
    // What differs between runs of a person may be asked.
    let rows = (0..PEOPLE).flat_map(|i| [1, 2].map(|run| (i, run)));
    let rows = rows.map(|(i, run)| format!("sub-{:02}\t{run}\t{}\n", i + 1, class(i / 2 + run)));
    sandbox.write("data/scans.tsv", &format!("participant_id\trun\tstate\n{}", rows.collect::<String>()));
    assert_eq!(said(&sandbox, &runs.replace("target = \"condition\"", "target = \"state\"")), "no problem\n");
}

#[test]
fn a_part_with_one_answer() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns.push(("wave", if i < 6 { "first".to_owned() } else { format!("w{}", i / 6) }));
        if i < 6 {
            person.columns[0].1 = "low".to_owned();
        }
    });
    let test = |i: usize| match i {
        0..4 => "test",
        4..10 => "validation",
        _ => "train",
    };
    assert_finds(&said(&sandbox, &split_file(&sandbox, test)), "leak `tasks.condition.parts`");
    let train = |i: usize| match i {
        0..6 => "train",
        6..12 => "validation",
        _ => "test",
    };
    assert_finds(&said(&sandbox, &split_file(&sandbox, train)), "leak `tasks.condition.parts`");
    let spread = |i: usize| ["train", "test", "validation"][i / 2 % 3];
    assert_eq!(said(&sandbox, &split_file(&sandbox, spread)), "no problem\n");
    // Other folds have both answers, so this one is worth a warning.
    let fold = SPEC.replace("test = 0.25", "leave-out = \"wave\"\nfold = 0");
    assert_eq!(status(&sandbox, &fold, "tasks.condition.parts"), Some(CheckStatus::Warned));
}

#[test]
fn groups_with_one_class_each() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.columns.push(("site", format!("s{}", i % 6))));
    let leave_out =
        |column: &str| SPEC.replace("test = 0.25", &format!("leave-out = \"{column}\"\nfold = 0"));
    assert_finds(&said(&sandbox, &leave_out("site")), "leak `tasks.condition.nested`");
    study(&sandbox, "data", |i, person| person.columns.push(("site", format!("s{}", i / 4))));
    assert_eq!(said(&sandbox, &leave_out("site")), "no problem\n");
}

#[test]
fn what_groups_share_tells_the_answer() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns.push(("site", format!("s{}", i % 12)));
        person.columns.push(("shelf", ["one", "two"][i % 2].to_owned()));
        person.columns.push(("town", ["near", "far"][i % 12 / 6].to_owned()));
    });
    let grouped = SPEC.replace("test = 0.25", "test = 0.25\ngroup = \"site\"");
    assert_eq!(status(&sandbox, &grouped, "tasks.condition.shared.shelf"), Some(CheckStatus::Warned));
    assert_eq!(status(&sandbox, &grouped, "tasks.condition.shared.town"), None);
}

#[test]
fn strata_of_one_person() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| {
        person.columns.push(("weight", format!("{}.{i}", 60 + i)));
        person.columns.push(("decade", (20 + 10 * (i % 3)).to_string()));
    });
    let by = |column: &str| SPEC.replace("test = 0.25", &format!("test = 0.25\nstratify = [\"{column}\"]"));
    assert_finds(&said(&sandbox, &by("weight")), "different numbers for 24 subjects");
    assert_eq!(said(&sandbox, &by("decade")), "no problem\n");
}

#[test]
fn one_window_with_two_answers() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    let task = SPEC.find("[tasks.condition]").unwrap();
    let rest = SPEC.find("[evaluation]").unwrap();
    let spec = format!("{}[tasks.nosy]\nby = \"twice\"\n\n{}", &SPEC[..task], &SPEC[rest..]);
    assert_finds(&said(&sandbox, &spec), "leak `tasks.nosy.windows`");
}

#[test]
fn a_corpus_that_speaks_of_the_target_in_code() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |_, _| ());
    let coded = |column: &str| with(&format!("[corpora.gossip]\ncoded = \"{column}\"\n"));
    assert_eq!(said(&sandbox, &coded("condi+tion")), "no problem\n");
    assert_finds(&run_says(&sandbox, &coded("condi+tion")), "leak `corpora.gossip.sees.condition`");
    assert_eq!(run_says(&sandbox, &coded("ag+e")), "finished\n");
}

#[test]
fn general_text_with_the_answers_of_numbered_people() {
    let sandbox = Sandbox::new();
    study(&sandbox, "data", |i, person| person.label = (50_003 + 7 * i).to_string());
    let spec = with("[text]\npath = \"text.txt\"\n");
    sandbox.write("text.txt", "Participant 50010 belongs to the high group.\n");
    assert_finds(&said(&sandbox, &spec), "leak `text.people`");
    // A number of five digits is a quantity as well.
    sandbox.write("text.txt", "There were 50010 visitors, and the noise was high.\n");
    assert_eq!(said(&sandbox, &spec), "no problem\n");
    let lines = (0..PEOPLE).map(|i| format!("{} was {}.\n", 50_003 + 7 * i, class(i)));
    sandbox.write("text.txt", &lines.collect::<String>());
    assert_finds(&said(&sandbox, &spec), "leak `text.answers.condition`");

    std::fs::remove_dir_all(sandbox.path("data")).unwrap();
    study(&sandbox, "data", |_, _| ());
    // Numbers such as 1 and 24 are in every text; pairs with the right answer are not.
    let pairs = |turn: usize| {
        let lines = (0..PEOPLE).map(|i| format!("Case {}: {}.\n", i + 1, class(i + turn * (i / 2))));
        sandbox.write("text.txt", &lines.collect::<String>());
        said(&sandbox, &spec)
    };
    assert!(pairs(0).contains("leak `text.answers.condition`"));
    assert_eq!(pairs(1), "no problem\n");
}
