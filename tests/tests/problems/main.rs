//! One wrong spec per kind of mistake, with the exact message shown before anything runs.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod data;
mod spec;
mod sweep;

use std::path::Path;

use boldface_plugins as _;
use boldface_runner::plan::{Build, Offer, no_libraries, resolve};
use expect_test::Expect;

const RIGHT: &str = r#"seed = 0
engine = "dfdx"

[datasets.made]
type = "synthetic"
subjects = 12
trs = 80

[signal]
trs = 80

[split]
stratify = ["condition"]

[corpora.connectivity]

[tokenizer]
type = "quantile"
patch = 20

[backbone]
type = "bigram"

[instruction]
steps = 10
warmup = 2
peak-lr = 1e-3
lora = { rank = 2 }

[tasks.condition]
type = "classification"
target = "condition"
classes = ["low", "high"]

[tasks.forecasting]
context = 60
horizon = 20
"#;

/// Returns the problems of `source` in the folder `dir`, one per line, without the folder's name.
fn said(dir: &Path, source: &str) -> String {
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    match resolve(&dir.join("spec.toml"), source, &build) {
        Ok(plan) => format!("no problem, {} stages\n", plan.stages.len()),
        Err(problems) => {
            let lines = problems.iter().map(|problem| format!("{problem}\n"));
            lines.collect::<String>().replace(&format!("{}/", dir.display()), "")
        }
    }
}

/// The right spec with some texts replaced.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(RIGHT.to_owned(), |spec, (from, to)| {
        assert_eq!(spec.matches(from).count(), 1, "`{from}` must occur once");
        spec.replace(from, to)
    })
}

fn check(edits: &[(&str, &str)], expected: Expect) {
    let dir = tempfile::tempdir().unwrap();
    expected.assert_eq(&said(dir.path(), &edited(edits)));
}
