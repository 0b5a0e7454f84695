//! Runs a study from scanner files to the metric table, on derivatives as written by fMRIPrep and on
//! real task fMRI.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::{Path, PathBuf};

use boldface_imaging::testing::{Image, gzip};
use boldface_runner::report;
use boldface_tests::{Sandbox, Seen, repository, shipped, test_score};

/// Volumes per run, 2 s apart.
const TRS: usize = 96;

/// Seconds between the starts of two blocks. A block lasts half of it.
const PERIOD: usize = 32;

/// Number of subjects, each with two runs.
const SUBJECTS: usize = 8;

/// Writes a study as a derivatives folder and a raw folder. Of its 4 x 4 x 2 voxels, the left half
/// responds to faces and the right half to houses, 5 s later. In one run of the last subject, the head
/// moves all the time.
fn study(sandbox: &Sandbox) {
    let mut people = "participant_id\tsex\n".to_owned();
    for subject in 1..=SUBJECTS {
        people += &format!("sub-{subject:02}\t{}\n", ["F", "M"][subject % 2]);
        for run in 1..=2 {
            let name = format!("sub-{subject:02}/func/sub-{subject:02}_task-pictures_run-{run}");
            add_run(sandbox, &name, subject * 2 + run, (subject, run) == (SUBJECTS, 2));
        }
    }
    sandbox.write("raw/participants.tsv", &people);
    sandbox.write("raw/task-pictures_bold.json", r#"{"RepetitionTime": 2.0}"#);
    let labels = (0..32).map(|voxel| f64::from(1 + voxel % 4)).collect();
    put(sandbox, "out/atlas.nii.gz", &Image { tr: 0.0, ..Image::new(&[4, 4, 2], labels) });
    let regions = "index\tname\tnetwork\n1\tA\tleft\n2\tB\tleft\n3\tC\tright\n4\tD\tright\n";
    sandbox.write("out/atlas.tsv", regions);
}

fn add_run(sandbox: &Sandbox, name: &str, seed: usize, moves: bool) {
    let blocks: Vec<(usize, &str)> = (0..TRS * 2 / PERIOD)
        .map(|block| (block * PERIOD + 4, ["face", "house"][(block + seed) % 2]))
        .collect();
    let events: String =
        blocks.iter().map(|(onset, what)| format!("{onset}\t{}\t{what}\n", PERIOD / 2)).collect();
    sandbox.write(&format!("raw/{name}_events.tsv"), &format!("onset\tduration\ttrial_type\n{events}"));
    let value = |volume: usize, voxel: usize| {
        let seconds = 2 * volume;
        let is_on = |(onset, what): &(usize, &str)| {
            let side = if voxel % 4 < 2 { "face" } else { "house" };
            *what == side && (onset + 5..onset + 5 + PERIOD / 2).contains(&seconds)
        };
        // Pseudo-random noise as large as the response.
        let noise = ((volume * 7919 + voxel * 104_729 + seed * 1_299_709) % 1009) as f64 / 1009.0;
        1000.0 + 10.0 * f64::from(u8::from(blocks.iter().any(is_on))) + 20.0 * noise
    };
    let values = (0..TRS).flat_map(|volume| (0..32).map(move |voxel| value(volume, voxel))).collect();
    let images = format!("out/{name}_space-MNI152NLin2009cAsym");
    put(sandbox, &format!("{images}_desc-preproc_bold.nii.gz"), &Image::new(&[4, 4, 2, TRS], values));
    put(
        sandbox,
        &format!("{images}_desc-brain_mask.nii.gz"),
        &Image { tr: 0.0, ..Image::new(&[4, 4, 2], vec![1.0; 32]) },
    );
    let row = |volume: usize| match volume {
        0 => "n/a\t0\n".to_owned(),
        // Everyone moves differently.
        _ => format!(
            "{}\t{}\n",
            if moves { 0.9 } else { 0.1 } + 0.001 * ((volume * seed) % 37) as f64,
            volume % 3
        ),
    };
    let rows: String = (0..TRS).map(row).collect();
    let confounds = format!("framewise_displacement\tcsf\n{rows}");
    sandbox.write(&format!("out/{name}_desc-confounds_timeseries.tsv"), &confounds);
}

fn put(sandbox: &Sandbox, name: &str, image: &Image) {
    let path = sandbox.write(name, "");
    fs::write(path, gzip(&image.bytes())).unwrap();
}

const SPEC: &str = r#"
[datasets.study]
type = "bids"
path = "out"
raw  = "../raw"
only = { task = "pictures" }
parcellation = { volume = "atlas.nii.gz", regions = "atlas.tsv" }
confounds = ["csf"]
scrub = { fd = 0.5 }
minimum-clean-seconds = 100
high-pass = 0.008
standardize = "zscore-sample"

[signal]
trs = 96
standardize = "none"

[split]
UNIT

[tokenizer]
type = "quantile"
patch = 4
codebook-size = 4

[backbone]
type = "bigram"

[text]
path = "words.txt"

[instruction]
steps = 20
warmup = 0
peak-lr = 1e-3

[tasks.picture]
type = "events"
classes = ["face", "house"]
window = 8

[evaluation]
resamples = 50
"#;

/// Creates a project with the study and a spec that divides it by `unit`.
fn project(unit: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    study(&sandbox);
    sandbox.write("words.txt", "A face is seen.\n\nA house is seen.\n");
    sandbox.write("study.toml", &SPEC.replace("UNIT", unit));
    sandbox
}

#[test]
fn derivatives_become_a_table_and_the_scan_that_moved_is_left_out() {
    let sandbox = project("test = 0.25");
    let output = sandbox.boldface(&["run", "study.toml"]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("picture"), "{out}");
    let run = latest(&sandbox.path("runs/study"));
    let excluded = fs::read_to_string(run.join("exclusions.tsv")).unwrap();
    assert!(excluded.ends_with("sub-08\tn/a\tpictures\t2\tall its 96 volumes are scrubbed\n"), "{excluded}");
    // The pattern of activity reveals the planted effect.
    assert!(test_score(&run, "picture", "pattern-logistic", "auroc") > 0.9);
    assert_eq!(test_score(&run, "picture", "majority", "auroc"), 0.5);
    let page = fs::read_to_string(run.join("report.md")).unwrap();
    assert!(
        page.contains("No subject is in two parts") && !page.contains("nothing about new people"),
        "{page}"
    );
    // The second run does not read the scans again.
    let seen = Seen::default();
    sandbox.run("study.toml", &seen).unwrap();
    assert_eq!(seen.ran(), Vec::<String>::new());
}

#[test]
fn within_subjects_a_run_is_a_unit_and_the_report_says_so() {
    let sandbox = project("unit = \"run\"\ntest = 0.25");
    let plan = sandbox.boldface(&["plan", "study.toml"]);
    let plan = String::from_utf8_lossy(&plan.stdout).into_owned();
    assert!(plan.contains("note: 15 runs of 8 people: runs are divided, not subjects"), "{plan}");
    let run = sandbox.run("study.toml", &Seen::default()).unwrap().dir;
    report::write(&run).unwrap();
    let page = fs::read_to_string(run.join("report.md")).unwrap();
    assert!(page.contains("nothing about new people") && page.contains("No run is in two parts"), "{page}");
    assert!(!page.to_lowercase().contains("over subjects"), "{page}");
    // Of 15 runs, 0.25 are 4 and 0.15 are 2, both rounded.
    let split: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(split_of(&sandbox)).unwrap()).unwrap();
    let parts = split["parts"].as_object().unwrap();
    let count = |part: &str| parts.values().filter(|of| *of == part).count();
    assert_eq!((count("train"), count("validation"), count("test")), (9, 2, 4));
    assert!(parts.keys().any(|unit| unit == "study/sub-01_task-pictures_run-1"), "{parts:?}");
    // Another division is another study.
    let by_run = sandbox.plan("study.toml");
    sandbox.write("study.toml", &SPEC.replace("UNIT", "test = 0.25"));
    let by_subject = sandbox.plan("study.toml");
    let unit = |plan: &boldface_runner::plan::Plan| plan.stages[0].config["unit"].clone();
    assert_eq!((unit(&by_run), unit(&by_subject)), ("run".into(), "subject".into()));
    assert_ne!(by_run.stages[0].key, by_subject.stages[0].key);
}

#[test]
fn real_blocks_are_decoded_in_one_command() {
    let Some(source) = shipped::source(&repository("experiments/haxby.toml")) else { return };
    let sandbox = Sandbox::new();
    let text = repository("experiments/data/text/english.txt").canonicalize().unwrap();
    let text = format!("{:?}", text.display().to_string());
    sandbox.write("haxby.toml", &source.replace("\"data/text/english.txt\"", &text));
    let output = sandbox.boldface(&["run", "haxby.toml"]);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("category"), "{out}");
    let arms = latest(&sandbox.path("runs/haxby")).join("arms");
    let folds: Vec<PathBuf> = fs::read_dir(arms).unwrap().map(|arm| arm.unwrap().path()).collect();
    assert_eq!(folds.len(), 3);
    for plugin in ["pattern-logistic", "gpt"] {
        let of = |fold: &PathBuf| test_score(fold, "category", plugin, "auroc");
        let mean = folds.iter().map(of).sum::<f64>() / 3.0;
        println!("{plugin}: mean AUROC of 8 classes over 3 runs {mean:.3}");
        assert!((0.3..0.8).contains(&mean), "{plugin}: {mean}");
    }
}

/// Folder of the last run.
fn latest(folder: &Path) -> PathBuf {
    let mut runs: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|run| run.unwrap().path()).collect();
    runs.sort();
    runs.pop().unwrap()
}

/// `split.json` of the project's only split.
fn split_of(sandbox: &Sandbox) -> PathBuf {
    let stages = fs::read_dir(sandbox.path("runs/cache")).unwrap().map(|stage| stage.unwrap().path());
    let mut splits = stages.map(|stage| stage.join("split.json")).filter(|file| file.is_file());
    splits.next().unwrap()
}
