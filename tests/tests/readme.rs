//! The README's commands work, and its numbers equal those in the spec's header.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;

use boldface_imaging::testing::{Image, gzip};
use boldface_tests::{Sandbox, repository};

fn readme() -> String {
    fs::read_to_string(repository("README.md")).unwrap()
}

/// Returns the commands in the README's shell blocks, one per line, without comments.
fn commands() -> Vec<String> {
    let text = readme().replace("\\\n", " ");
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    let lines = blocks.flat_map(str::lines).map(|line| line.split(" #").next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_two_commands_are_there_and_ci_runs_them() {
    let ci = fs::read_to_string(repository(".ci/run")).unwrap();
    for command in
        ["cargo run --release -- run experiments/quickstart.toml", "cargo test --release --workspace"]
    {
        assert!(commands().iter().any(|line| line == command), "the README lost `{command}`");
        assert!(ci.contains(command), ".ci/run does not call `{command}`");
    }
}

#[test]
fn the_daily_commands_work() {
    let sandbox = Sandbox::new();
    let daily: Vec<String> = commands().into_iter().filter(|line| line.starts_with("boldface ")).collect();
    assert!(daily.len() >= 8, "{daily:?}");
    // Other tests cover these: pipeline.rs `run` and `report`, describe.rs and features.rs scans, lm/
    // weights and export/ runs. Images are tested below.
    let elsewhere =
        ["run", "report", "regions", "parcellate", "describe", "features", "lm", "export", "verify"]
            .map(|verb| format!("boldface {verb}"));
    let is_elsewhere = |line: &str| elsewhere.iter().any(|verb| line.starts_with(verb));
    for line in daily.iter().filter(|line| !is_elsewhere(line)) {
        let words: Vec<String> = line.split_whitespace().skip(1).map(absolute).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = sandbox.boldface(&words);
        assert!(output.status.success(), "`{line}`: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "`{line}` printed nothing");
    }
}

/// Makes a path of a spec absolute. The sandbox is an empty folder, so that nothing is written beside
/// the specs.
fn absolute(word: &str) -> String {
    let is_spec = word.starts_with("experiments/");
    if is_spec { repository(word).display().to_string() } else { word.to_owned() }
}

#[test]
fn an_atlas_and_scans_become_series() {
    let sandbox = Sandbox::new();
    let put = |name: &str, image: &Image| {
        sandbox.write(name, "");
        fs::write(sandbox.path(name), gzip(&image.bytes())).unwrap();
    };
    let voxels = |trs: usize, value: &dyn Fn(usize, usize) -> usize| {
        (0..trs).flat_map(|t| (0..8).map(move |v| value(t, v) as f64)).collect::<Vec<f64>>()
    };
    put("atlas.nii.gz", &Image::new(&[2, 2, 2], voxels(1, &|_, v| 1 + v / 4)));
    sandbox.write("atlas_labels.txt", "1 LH_Vis_1\n2 RH_Default_1\n");
    let scan = "fmriprep/sub-01/func/sub-01_task-rest";
    let signal = |t: usize, v: usize| 1000 + 10 * v + (t * t * (v + 3)) % 17;
    put(&format!("{scan}_desc-preproc_bold.nii.gz"), &Image::new(&[2, 2, 2, 120], voxels(120, &signal)));
    put(&format!("{scan}_desc-brain_mask.nii.gz"), &Image::new(&[2, 2, 2], vec![1.0; 8]));
    let motion = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"];
    let row =
        |t: usize| (1..7).map(|c| format!("{:.4}", ((t * c * c) % 11) as f64 / 1e4)).collect::<Vec<_>>();
    let rows: Vec<String> = (0..120).map(|t| row(t).join("\t")).collect();
    let confounds = format!("{}\n{}\n", motion.join("\t"), rows.join("\n"));
    sandbox.write(&format!("{scan}_desc-confounds_timeseries.tsv"), &confounds);

    let images = commands()
        .into_iter()
        .filter(|line| line.starts_with("boldface regions") || line.starts_with("boldface parcellate"));
    let images: Vec<String> = images.collect();
    assert_eq!(images.len(), 2, "{images:?}");
    for line in images {
        // Expands the star as a shell would.
        let line = line.replace("sub-*/func/*", "sub-01/func/sub-01_task-rest");
        let words: Vec<&str> = line.split_whitespace().skip(1).collect();
        let output = sandbox.boldface(&words);
        assert!(output.status.success(), "`{line}`: {}", String::from_utf8_lossy(&output.stderr));
    }
    let made =
        sandbox.path("derivatives/atlas/sub-01/func/sub-01_task-rest_seg-atlas_stat-mean_timeseries.tsv");
    let series = fs::read_to_string(made).unwrap();
    assert!(series.starts_with("LH_Vis_1\tRH_Default_1\n"), "{series}");
}

#[test]
fn the_table_and_the_spec_say_the_same() {
    let spec = fs::read_to_string(repository("experiments/quickstart.toml")).unwrap();
    let text = readme();
    let row = |metric: &str| {
        let table = text.split("test: ").nth(1).map(|_| text.lines().filter(|line| line.starts_with(metric)));
        let line = table.and_then(|mut lines| lines.next()).unwrap();
        line.split_whitespace().nth(2).unwrap().trim_start_matches('0').to_owned()
    };
    for metric in ["  auroc", "  fact_accuracy", "  mse"] {
        assert!(spec.contains(&row(metric)), "the spec's header does not say {metric} {}", row(metric));
    }
}
