//! Planted leaks are each caught with the right message, and clean studies are not flagged.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod accepted;
mod designs;
mod fits;
mod future;
mod held_out;
mod nuisances;
mod people;
mod plugins;
mod shipped;
mod words;

use boldface_plugins as _;
use boldface_runner::plan::{Build, Offer, Plan, no_libraries, resolve};
use boldface_tests::{Sandbox, Seen};

/// Default number of people in a study, enough for a significant difference.
const PEOPLE: usize = 24;

/// One row of `participants.tsv` and one scan.
struct Person {
    /// Label after `sub-`.
    label: String,
    /// Seed of the recording. Equal numbers give equal signals.
    signal: usize,
    /// Further BIDS entities in the file name, such as `_task-rest`.
    entities: String,
    /// Volumes on disk.
    trs: usize,
    /// Columns of the table.
    columns: Vec<(&'static str, String)>,
}

/// Creates the `i`-th person. Every second one is `high`, and nothing else depends on that.
fn person(i: usize) -> Person {
    Person {
        label: format!("{:02}", i + 1),
        signal: i,
        entities: String::new(),
        trs: 40,
        columns: vec![("condition", class(i).to_owned()), ("age", (20 + 7 * i % 31).to_string())],
    }
}

fn class(i: usize) -> &'static str {
    ["low", "high"][i % 2]
}

/// Writes a study as files in `folder`, with each person changed by `change`.
fn study(sandbox: &Sandbox, folder: &str, change: impl Fn(usize, &mut Person)) {
    study_of(sandbox, folder, PEOPLE, change);
}

fn study_of(sandbox: &Sandbox, folder: &str, people: usize, change: impl Fn(usize, &mut Person)) {
    let mut table = String::new();
    for i in 0..people {
        let mut person = person(i);
        change(i, &mut person);
        if table.is_empty() {
            let names: Vec<&str> = person.columns.iter().map(|(name, _)| *name).collect();
            table = format!("participant_id\t{}\n", names.join("\t"));
        }
        let values: Vec<&str> = person.columns.iter().map(|(_, value)| value.as_str()).collect();
        table += &format!("sub-{}\t{}\n", person.label, values.join("\t"));
        let name = format!("{folder}/sub-{0}/sub-{0}{1}_timeseries.tsv", person.label, person.entities);
        sandbox.write(&name, &recording(person.signal, person.trs, |x| x));
    }
    sandbox.write(&format!("{folder}/participants.tsv"), &table);
    let regions = "index\tname\tnetwork\n1\ta\tX\n2\tb\tX\n3\tc\tY\n4\td\tY\n";
    sandbox.write(&format!("{folder}/seg-four_dseg.tsv"), regions);
}

/// Simulates a recording of four regions as a table. `seed` determines the values.
fn recording(seed: usize, trs: usize, change: impl Fn(f64) -> f64) -> String {
    let mut table = "a\tb\tc\td\n".to_owned();
    let mut state = 77_777 * (seed as u64 + 1);
    for t in 0..trs {
        let mut next = |roi: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (state >> 40) as f64 / f64::from(1 << 24);
            change(noise + (0.2 * t as f64 + roi as f64).sin()).to_string()
        };
        table += &((0..4).map(&mut next).collect::<Vec<_>>().join("\t") + "\n");
    }
    table
}

/// A spec without leaks for [`study`].
const SPEC: &str = r#"
[datasets.files]
type = "series"
path = "data"
tr = 2.0

[signal]
trs = 40

[split]
validation = 0.25
test = 0.25

[tokenizer]
type = "quantile"
patch = 20
codebook-size = 4

[backbone]
type = "bigram"

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[evaluation]
resamples = 40
longest-answer = 20
"#;

/// The spec with additional tables.
fn with(tables: &str) -> String {
    format!("{SPEC}\n{tables}")
}

/// Asserts that problems contain `words`.
fn assert_finds(problems: &str, words: &str) {
    assert!(problems.contains(words), "{problems}");
}

/// Returns the problems found before anything runs, one per line.
fn said(sandbox: &Sandbox, spec: &str) -> String {
    match plan(sandbox, spec) {
        Ok(_) => "no problem\n".to_owned(),
        Err(lines) => lines,
    }
}

fn plan(sandbox: &Sandbox, spec: &str) -> Result<Plan, String> {
    let folder = sandbox.path("");
    resolve(&sandbox.path("spec.toml"), spec, &build()).map_err(|problems| {
        let lines = problems.iter().map(|problem| format!("{problem}\n"));
        lines.collect::<String>().replace(&folder.display().to_string(), "")
    })
}

fn build() -> Build<'static> {
    Build { engines: const { &[Offer::plain("dfdx")] }, load: &no_libraries }
}

/// Runs `spec` and returns the error with its cause, or an empty text.
fn run_says(sandbox: &Sandbox, spec: &str) -> String {
    sandbox.write("spec.toml", spec);
    match sandbox.run("spec.toml", &Seen::default()) {
        Ok(_) => "finished\n".to_owned(),
        Err(failed) => {
            let cause = std::error::Error::source(&failed).map(ToString::to_string).unwrap_or_default();
            format!("{failed}\n  {cause}\n")
        }
    }
}
