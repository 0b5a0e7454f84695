//! Scans that differ in length: what is kept, measured, learned from and answered about.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use boldface::{Descriptor, Regions, Window};
use boldface_features::{ConnectivityKind, network_pairs};
use boldface_imaging::export;
use boldface_plugins as _;
use boldface_runner::describe::{Corpus, ScanDetails};
use boldface_runner::plan::{Build, Offer, no_libraries, resolve};
use boldface_tables::descriptors;
use boldface_tests::cohort::{NAMES, PEOPLE, file, signal, study};
use boldface_tests::{Sandbox, Seen};
use expect_test::expect;

/// Volumes on disk, person by person, and what patches of 10 and a limit of 40 keep of them.
const LENGTHS: [(usize, usize); 4] = [(55, 40), (38, 30), (29, 20), (20, 20)];

/// Learned parts small enough for a test.
const SPEC: &str = r#"
[datasets.pain]
type = "series"
path = "data"

[signal]
trs = 40
min-trs = 20

[split]
file = "split.tsv"

[corpora.connectivity]

[tokenizer]
type = "vq"
patch = 10
codebook-size = 8
code-dim = 4
width = 8
heads = 2
align-dim = 4
steps = 12
warmup = 4
batch-size = 4
channels = ["signal", "coupling", "nodes"]

[backbone]
type = "gpt"
layers = 1
heads = 2
width = 16
context = 256
text-steps = 4
text-batch-size = 2
text-length = 16

[alignment]
steps = 4
warmup = 1
peak-lr = 1e-3
batch-size = 4
questions = 2
made = 0.5
text-to-text = 0.0

[instruction]
steps = 2
warmup = 1
peak-lr = 1e-3

[tasks.sex]
type = "classification"
target = "sex"
classes = ["F", "M"]

[tasks.age]
type = "regression"
target = "age"
paradigm = "probe"

[tasks.facts]
features = ["coupling.*"]

[tasks.captioning]

[evaluation]
resamples = 40
longest-answer = 5
"#;

fn volumes(subject: usize) -> (usize, usize) {
    LENGTHS[subject % LENGTHS.len()]
}

/// The study with scans of these lengths. Parts take turns, so that each has every length.
fn project() -> Sandbox {
    let sandbox = study();
    let names = NAMES.map(str::to_owned);
    let mut split = "participant_id\tpart\n".to_owned();
    for subject in 1..=PEOPLE {
        let label = format!("{subject:02}");
        sandbox.write(&file(&label), &export::tsv(&signal(subject, volumes(subject).0), &names));
        let part = match subject {
            1..=4 => "test",
            5 | 6 => "validation",
            _ => "train",
        };
        split += &format!("sub-{label}\t{part}\n");
    }
    sandbox.write("split.tsv", &split);
    sandbox.write("spec.toml", SPEC);
    sandbox
}

/// The file `name` in the artefact of a stage.
fn stored(sandbox: &Sandbox, stage: &str, name: &str) -> PathBuf {
    let cache = fs::read_dir(sandbox.path("runs/cache")).unwrap().map(|entry| entry.unwrap().path());
    let is_of = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(stage);
    cache.filter(is_of).map(|path| path.join(name)).find(|path| path.is_file()).unwrap()
}

/// Facts of a person measured here on the first `trs` volumes.
fn couplings(subject: usize, trs: usize) -> BTreeMap<String, f64> {
    let networks = NAMES.map(|name| name[..1].to_owned()).to_vec();
    let regions = Regions { names: NAMES.map(str::to_owned).to_vec(), networks };
    let series = signal(subject, trs).window(Window::first(trs)).unwrap();
    let measured = network_pairs(&series, &regions, ConnectivityKind::default());
    measured.into_iter().filter_map(|one| Some((one.feature.to_string(), one.value.ok()?))).collect()
}

#[test]
fn facts_are_measured_on_the_volumes_that_are_shown_and_every_scan_is_answered_about() {
    let sandbox = project();
    let run = sandbox.run("spec.toml", &Seen::default()).unwrap_or_else(|failed| panic!("{failed}")).dir;
    let told = descriptors::read(&stored(&sandbox, "corpus-", "descriptors.parquet")).unwrap();
    let mut compared = 0;
    for Descriptor { scan, window, fact, .. } in &told {
        let subject: usize = scan.subject.parse().unwrap();
        let (_, kept) = volumes(subject);
        assert_eq!(*window, Window::first(kept), "{scan}");
        let known = couplings(subject, kept);
        if let (Some(value), Some(known)) = (fact.value, known.get(&fact.feature)) {
            assert!(
                (ConnectivityKind::default().correlation(*known) - value).abs() < 1e-4,
                "{scan} {fact:?}"
            );
            compared += 1;
        }
    }
    assert!(compared >= 4 * PEOPLE, "{compared}");

    // Predictions are about the same volumes.
    let rows = boldface_tables::predictions::read(&run.join("predictions.parquet")).unwrap();
    let asked = |task: &str| rows.iter().filter(|row| row.task == task).collect::<Vec<_>>();
    for task in ["sex", "age", "facts"] {
        let shown: BTreeMap<&str, usize> =
            asked(task).iter().map(|row| (row.scan.subject.as_str(), row.window.trs)).collect();
        assert_eq!(shown.len(), 6, "{task}: {shown:?}");
        for (subject, trs) in shown {
            assert_eq!(trs, volumes(subject.parse().unwrap()).1, "{task}: {subject}");
        }
    }

    // Someone else's scan is described by the volumes that the corpus would keep of it.
    let corpus = Corpus::open(&run).unwrap();
    let path = sandbox.path(&file("02"));
    let say = |trs: usize| {
        fs::write(&path, export::tsv(&signal(2, trs), &NAMES.map(str::to_owned))).unwrap();
        let scan = corpus.scan(&path, &ScanDetails::default()).map_err(|error| error.to_string())?.scan;
        Ok::<_, String>(corpus.describe(&[scan], 1).unwrap().remove(0))
    };
    let own: Vec<Descriptor> = told.iter().filter(|one| one.scan.subject == "02").cloned().collect();
    let of_stranger = say(29).unwrap();
    let texts = |all: &[Descriptor]| all.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
    assert_eq!((texts(&of_stranger), of_stranger[0].window), (texts(&own), own[0].window));
    let short = say(19).unwrap_err();
    assert!(short.contains("the corpus describes 20 volumes or more after the first 0 of every"), "{short}");
}

fn problems(sandbox: &Sandbox, spec: &str) -> String {
    let build = Build { engines: const { &[Offer::plain("dfdx")] }, load: &no_libraries };
    let found = resolve(&sandbox.path("spec.toml"), spec, &build).err().unwrap_or_default();
    found
        .iter()
        .map(|problem| format!("{problem}\n"))
        .collect::<String>()
        .replace(&format!("{}/", sandbox.path("").display().to_string().trim_end_matches('/')), "")
}

#[test]
fn what_cannot_be_shown_is_said_before_anything_runs() {
    let sandbox = project();
    assert_eq!(problems(&sandbox, SPEC), "");
    expect![[r#"
        spec.toml:7:7: the crop needs 40 volumes (`start` + `trs`), but `pain/sub-01_task-rest` has 38, `pain/sub-02_task-rest` has 29, `pain/sub-03_task-rest` has 20 and 6 more are too short; at most `trs = 20` keeps every scan; a scan is never padded
    "#]].assert_eq(&problems(&sandbox, &SPEC.replace("min-trs = 20", "")));
    expect![[r#"
        spec.toml:8:11: the crop needs 25 volumes (`start` + `min-trs`), but `pain/sub-03_task-rest` has 20, `pain/sub-07_task-rest` has 20, `pain/sub-11_task-rest` has 20; at most `min-trs = 20` keeps every scan; a scan is never padded
    "#]].assert_eq(&problems(&sandbox, &SPEC.replace("min-trs = 20", "min-trs = 25")));
    expect![[r#"
        spec.toml:8:11: 9 is not between the tokenizer's patch of 10 volumes and `trs`; a scan needs a patch to be shown; write a number from 10 to 40
    "#]].assert_eq(&problems(&sandbox, &SPEC.replace("min-trs = 20", "min-trs = 9")));
    // A forecast must fit into the shortest scan.
    let forecast = format!("{SPEC}\n[tasks.forecasting]\ncontext = 20\nhorizon = 10\n");
    expect![[r#"
        spec.toml:73:11: 20 shown and 10 predicted volumes make 30, but scans are cropped to 20; shorten `context` or `horizon`, or raise the dataset's `trs`
    "#]].assert_eq(&problems(&sandbox, &forecast));
    // Person 4 is in the test part, and longer than anybody in training.
    sandbox.write(&file("04"), &export::tsv(&signal(4, 61), &NAMES.map(str::to_owned)));
    let long = SPEC.replace("\ntrs = 40", "\ntrs = 60");
    expect![[r#"
        spec.toml:7:7: `pain/sub-04_task-rest` of validation or test is shown with 60 volumes, but no training scan with more than 50, so nothing learns to read later ones; set `trs = 50`, or split in another way
    "#]].assert_eq(&problems(&sandbox, &long));
    // The patch decides what is kept of a scan, but only of scans that differ.
    let key = |spec: &str| {
        sandbox.write("spec.toml", spec);
        sandbox.plan("spec.toml").stages[0].key.clone()
    };
    assert_ne!(key(SPEC), key(&SPEC.replace("patch = 10", "patch = 20")));
    let all_long = SPEC.replace("min-trs = 20", "").replace("trs = 40", "trs = 20");
    assert_eq!(key(&all_long), key(&all_long.replace("patch = 10", "patch = 20")));
}
