//! Tests `boldface parcellate`: names, sidecars, reuse of existing series, and errors.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::Path;
use std::process::Output;

use boldface_imaging::nifti::Affine;
use boldface_imaging::npy;
use boldface_imaging::testing::{Image, gzip};
use boldface_tests::Sandbox;
use serde_json::Value;

/// Columns of the confounds in these tests.
const CONFOUNDS: &str = "csf\tframewise_displacement\n";

/// Creates an image with 3 mm voxels.
fn image(shape: &[usize], values: Vec<f64>) -> Image {
    let affine = Affine([[3.0, 0.0, 0.0, -3.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]]);
    Image { sform: (1, affine), zooms: [3.0; 3], ..Image::new(shape, values) }
}

/// Simulates `trs` volumes: voxel `v` at volume `t` is `100 v + t`, and voxel 3, outside the brain, is
/// 0. Subjects other than 0 add a signal of their own.
fn bold(trs: usize, subject: usize) -> Vec<u8> {
    let own = |t: usize, v: usize| if subject == 0 { 0 } else { t * (v + 3 * subject) % 7 };
    let voxel = |t: usize, v: usize| if v == 3 { 0.0 } else { (100 * v + t + own(t, v)) as f64 };
    let values = (0..trs).flat_map(|t| (0..8).map(move |v| voxel(t, v))).collect();
    gzip(&image(&[2, 2, 2, trs], values).bytes())
}

/// Creates a folder with four scans, an atlas of four regions and its table. Region 7 is voxels 0 and 1,
/// region 3 is voxels 4 to 6, region 5 is voxel 3 (without signal), and region 9 has no voxel.
fn study() -> Sandbox {
    let sandbox = Sandbox::new();
    write(&sandbox, "atlas.nii", &image(&[2, 2, 2], vec![7.0, 7.0, 0.0, 5.0, 3.0, 3.0, 3.0, 0.0]).bytes());
    sandbox.write(
        "regions.tsv",
        "index\tname\tnetwork\n3\tLH_Vis_1\tVis\n5\tB\tOwn\n7\tRH_Vis_1\tVis\n9\tLost\tOwn\n",
    );
    for (at, subject) in ["01", "02", "03", "04"].into_iter().enumerate() {
        let name = format!("raw/sub-{subject}/func/sub-{subject}_task-rest_run-1");
        write(&sandbox, &format!("{name}_space-MNI_desc-preproc_bold.nii.gz"), &bold(20, at));
        let rows: String =
            (0..20).map(|t| format!("{}\t{}\n", (t * t) % 7, if t == 9 { 0.9 } else { 0.1 })).collect();
        sandbox.write(&format!("{name}_desc-confounds_timeseries.tsv"), &(CONFOUNDS.to_owned() + &rows));
        let mask = image(&[2, 2, 2], vec![1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
        write(&sandbox, &format!("{name}_space-MNI_desc-brain_mask.nii.gz"), &gzip(&mask.bytes()));
    }
    sandbox
}

fn write(sandbox: &Sandbox, name: &str, bytes: &[u8]) {
    sandbox.write(name, "");
    fs::write(sandbox.path(name), bytes).unwrap();
}

const FIRST: &str = "raw/sub-01/func/sub-01_task-rest_run-1_space-MNI_desc-preproc_bold.nii.gz";
const SECOND: &str = "raw/sub-02/func/sub-02_task-rest_run-1_space-MNI_desc-preproc_bold.nii.gz";

/// Runs `boldface parcellate` on these scans with further space-separated arguments.
fn parcellate(sandbox: &Sandbox, bold: &[&str], more: &str) -> Output {
    let mut arguments = vec!["parcellate", "--bold"];
    arguments.extend(bold);
    arguments.extend(["--parcellation", "atlas.nii", "--regions", "regions.tsv"]);
    arguments.extend(more.split_whitespace());
    sandbox.boldface(&arguments)
}

/// Returns standard output and checks that the command succeeded.
fn succeeds(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns standard error and checks that the command ended with `code`.
fn fails(output: &Output, code: i32) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{error}");
    error
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn one_scan_becomes_a_table_with_its_sidecar() {
    let sandbox = study();
    let output = parcellate(&sandbox, &[FIRST], "--out series.tsv");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(succeeds(&output).starts_with("series.tsv: 1 made; 4 regions, "));
    // Label 9 of the table has no voxel, and region 5 has no signal.
    assert!(error.contains("`Lost`") && error.contains("`B`"), "{error}");
    let table = fs::read_to_string(sandbox.path("series.tsv")).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    // At the first volume, voxels 4 to 6 are 400, 500 and 600, and voxels 0 and 1 are 0 and 100. Volume
    // t adds t. Voxel 0 is 0 only at the first volume, so it counts as brain.
    assert_eq!(lines[0], "LH_Vis_1\tB\tRH_Vis_1\tLost");
    assert_eq!(lines[1], "500\tn/a\t50\tn/a");
    assert_eq!((lines[20], lines.len()), ("519\tn/a\t69\tn/a", 21));

    let sidecar = json(&sandbox.path("series.json"));
    assert_eq!(sidecar["RepetitionTime"], 2.0);
    assert_eq!(sidecar["SamplingFrequency"], 0.5);
    assert_eq!(sidecar["Sources"][0], FIRST);
    assert_eq!(sidecar["Coverage"], serde_json::json!([1.0, 0.0, 1.0, 0.0]));
    assert_eq!(sidecar["MissingRegions"], serde_json::json!(["B", "Lost"]));
    assert_eq!(sidecar["RegionOrder"]["Regions"], serde_json::json!(["LH_Vis_1", "B", "RH_Vis_1", "Lost"]));
    assert_eq!(sidecar["RegionOrder"]["Fingerprint"].as_str().unwrap().len(), 32);
    assert_eq!(sidecar["Parcellation"]["BLAKE3"].as_str().unwrap().len(), 64);
    assert_eq!(sidecar["MadeOf"]["Settings"]["minimum-coverage"], 0.5);
    assert_eq!(sidecar["GeneratedBy"][0]["Name"], "boldface");
    let regions = fs::read_to_string(sandbox.path("seg-atlas_dseg.tsv")).unwrap();
    assert_eq!(
        regions,
        "index\tname\tnetwork\themisphere\tlabel\n1\tLH_Vis_1\tVis\tL\t3\n2\tB\tOwn\tn/a\t5\n3\tRH_Vis_1\tVis\tR\t7\n\
         4\tLost\tOwn\tn/a\t9\n"
    );
}

#[test]
fn a_folder_of_scans_is_a_dataset() {
    let sandbox = study();
    // Otherwise, the two regions missing from every scan would have to be declared missing.
    sandbox.write("regions.tsv", "index\tname\tnetwork\n3\tLH_Vis_1\tVis\n7\tRH_Vis_1\tVis\n");
    let [third, fourth] = ["03", "04"].map(|subject| FIRST.replace("01", subject));
    let all = [FIRST, SECOND, &third, &fourth];
    let made = parcellate(
        &sandbox,
        &all,
        "--confounds auto --mask auto --columns csf --scrub-fd 0.5 --scrub-shortest 0 --detrend \
         --standardize zscore_sample --out out --workers 2",
    );
    assert!(succeeds(&made).starts_with("out: 4 made; 2 regions, "));
    let series = |subject: &str| {
        sandbox.path(&format!(
            "out/sub-{subject}/func/sub-{subject}_task-rest_run-1_space-MNI_seg-atlas_stat-mean_timeseries.tsv"
        ))
    };
    let sidecar = json(&series("01").with_extension("json"));
    // The head moved by 0.9 mm at volume 9.
    assert_eq!(sidecar["RemovedVolumes"], serde_json::json!([9]));
    assert_eq!(sidecar["Volumes"], 19);
    // The mask excludes voxel 5, one of the three of `LH_Vis_1`.
    let shares: Vec<f64> = serde_json::from_value(sidecar["Coverage"].clone()).unwrap();
    assert!((shares[0] - 2.0 / 3.0).abs() < 1e-6 && shares[1] == 1.0, "{shares:?}");
    assert_eq!(json(&sandbox.path("out/dataset_description.json"))["DatasetType"], "derivative");

    // Nothing is known about the subjects, so the participants table has only labels.
    let participants = || fs::read_to_string(sandbox.path("out/participants.tsv")).unwrap();
    assert_eq!(participants(), "participant_id\nsub-01\nsub-02\nsub-03\nsub-04\n");
    let spec = "[datasets.made]\ntype = \"series\"\npath = \"out\"\n[signal]\ntrs = 18\n[tokenizer]\n\
                type = \"quantile\"\npatch = 6\n[backbone]\ntype = \"bigram\"\n[tasks.forecasting]\n\
                context = 12\nhorizon = 6\n[leakage]\n\
                accept = { \"tasks.forecasting.future.made\" = \"only the folder is looked at\" }\n";
    // Its cleaning looked at the whole run, so a forecast would know its future.
    let refused = spec.split("[leakage]").next().unwrap();
    sandbox.write("spec.toml", refused);
    let error = fails(&sandbox.boldface(&["check", "spec.toml"]), 2);
    assert!(error.contains("`detrend` fits a trend to the whole run"), "{error}");
    sandbox.write("spec.toml", spec);
    let checked = sandbox.boldface(&["check", "spec.toml"]);
    assert!(succeeds(&checked).starts_with("spec.toml: no problem"));

    // A table of other regions is refused, although arrays have no names.
    let more = "--standardize zscore_sample --out arrays --format npy";
    succeeds(&parcellate(&sandbox, &all, more));
    sandbox.write("spec.toml", &spec.replace("\"out\"", "\"arrays\""));
    succeeds(&sandbox.boldface(&["check", "spec.toml"]));
    let table = sandbox.path("arrays/seg-atlas_dseg.tsv");
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, text.replace("RH_Vis_1", "RH_Vis_2")).unwrap();
    let error = fails(&sandbox.boldface(&["check", "spec.toml"]), 2);
    assert!(error.contains("region 2 is `RH_Vis_1` in it, but `RH_Vis_2` in the region table"), "{error}");
}

#[test]
fn only_what_changed_is_made_again() {
    let sandbox = study();
    let run = |more: &str| succeeds(&parcellate(&sandbox, &[FIRST, SECOND], &format!("--out out {more}")));
    assert!(run("").starts_with("out: 2 made; "));
    assert!(run("").starts_with("out: 0 made, 2 made before; "));
    assert!(run("--workers 1").starts_with("out: 0 made, 2 made before; "));
    assert!(run("--detrend").starts_with("out: 2 made; "));
    // A different recording, two volumes longer.
    fs::write(sandbox.path(SECOND), bold(22, 1)).unwrap();
    assert!(run("--detrend").starts_with("out: 1 made, 1 made before; "));
    // A truncated series.
    let series = "out/sub-01/func/sub-01_task-rest_run-1_space-MNI_seg-atlas_stat-mean_timeseries.tsv";
    fs::write(sandbox.path(series), "LH_Vis_1\n").unwrap();
    assert!(run("--detrend").starts_with("out: 1 made, 1 made before; "));
    assert_eq!(fs::read_to_string(sandbox.path(series)).unwrap().lines().count(), 21);
}

#[test]
fn both_files_of_a_pair_count() {
    let sandbox = study();
    // A dot in the name of a folder is no extension.
    let [header, voxels] = ["x.hdr.d/sub-01_bold.hdr", "x.hdr.d/sub-01_bold.img"];
    let (head, mut image) = image(&[2, 2, 2, 20], (0..160).map(f64::from).collect()).pair();
    write(&sandbox, header, &head);
    write(&sandbox, voxels, &image);
    for given in [header, voxels] {
        let run = || succeeds(&parcellate(&sandbox, &[given], &format!("--out {}", given.replace('.', "-"))));
        let first = run();
        assert!(first.contains(": 1 made; "), "{first}");
        assert!(run().contains(": 0 made, 1 made before; "));
        let last = image.len() - 1;
        image[last] ^= 1;
        write(&sandbox, voxels, &image);
        assert!(run().contains(": 1 made; "));
    }
}

#[test]
fn the_number_of_workers_changes_no_byte() {
    let sandbox = study();
    let more = "--confounds auto --columns csf --detrend --high-pass 0.01 --format npy";
    for workers in ["1", "2"] {
        let more = format!("{more} --workers {workers} --out out{workers}");
        succeeds(&parcellate(&sandbox, &[FIRST, SECOND], &more));
    }
    for subject in ["01", "02"] {
        let series = |workers: &str| {
            let name = format!("sub-{subject}_task-rest_run-1_space-MNI_seg-atlas_stat-mean_timeseries.npy");
            sandbox.path(&format!("out{workers}/sub-{subject}/func/{name}"))
        };
        assert_eq!(fs::read(series("1")).unwrap(), fs::read(series("2")).unwrap());
        let (header, values) = npy::read(&series("1")).unwrap();
        assert_eq!((header.rows, header.cols), (20, 4));
        assert!(values[1].is_nan() && values[0].is_finite());
    }
}

#[test]
fn a_bad_scan_stops_no_other() {
    let sandbox = study();
    let whole = fs::read(sandbox.path(SECOND)).unwrap();
    let cut = "raw/sub-03_task-rest_bold.nii.gz";
    write(&sandbox, cut, &whole[..whole.len() / 2]);
    let short = "raw/sub-04_task-rest_bold.nii.gz";
    write(&sandbox, short, &bold(7, 0));
    let tables = "raw/sub-01/func/sub-01_task-rest_run-1_desc-confounds_timeseries.tsv";
    let more = format!("--confounds {tables} {tables} {tables} {tables} --columns csf --out out");
    let error = fails(&parcellate(&sandbox, &[FIRST, cut, short, SECOND], &more), 1);
    assert!(error.contains("error: out: 2 made, 2 failed; 4 regions"), "{error}");
    assert!(error.contains(&format!("`{cut}`")), "{error}");
    assert!(error.contains("20 rows, but `raw/sub-04_task-rest_bold.nii.gz` has 7 volumes"), "{error}");
    assert!(sandbox.path("out/sub-02/func").is_dir() && !sandbox.path("out/sub-03").exists());
}

#[test]
fn what_is_wrong_names_its_flag() {
    let sandbox = study();
    let one = |more: &str, code: i32, said: &str| {
        let error = fails(&parcellate(&sandbox, &[FIRST], more), code);
        assert!(error.contains(said), "{more}: {error}");
    };
    one("--out out --strategy 24p", 2, "--strategy needs the tables of confounds: give --confounds FILE");
    one("--out out --confounds auto --strategy 25p", 2, "error: --strategy: ");
    one("--out out --confounds auto --strategy 6p", 1, "trans_x");
    one("--out out --low-pass 0.01 --high-pass 0.1", 2, "error: --low-pass: `0.01` Hz is not above");
    one("--out out --minimum-coverage 50", 2, "error: --minimum-coverage: `50` is not a share from 0 to 1");
    one("--out out --smoothing=-6", 2, "error: --smoothing: `-6` is not above 0");
    one("--out out --tr 3", 1, "says a TR of 3 s, but the header says 2 s");
    one("--out out --mask none.nii", 1, "none.nii");
    one("--out series.csv", 2, "error: --out `series.csv` must be a folder or a .tsv, .npy or .parquet file");
    one("--out series.tsv --format npy", 2, "error: --out `series.tsv` and --format npy disagree");
    one("--out out --atlas a-b", 2, "error: --atlas `a-b` must have only letters and digits");
    one(
        "--out out --confounds a.tsv b.tsv --columns csf",
        2,
        "--confounds has 2 files for 1 scans of --bold",
    );
    let error = fails(&parcellate(&sandbox, &[FIRST, SECOND], "--out series.tsv"), 2);
    assert!(error.contains("is one file, but --bold names 2 scans"), "{error}");
    let error = fails(&parcellate(&sandbox, &["gone.nii.gz", FIRST, FIRST], "--out out"), 2);
    assert!(
        error.contains("--bold `gone.nii.gz` does not exist") && error.contains("would both be"),
        "{error}"
    );
    // A different atlas under the same name would mix two region tables.
    succeeds(&parcellate(&sandbox, &[FIRST], "--out out"));
    sandbox.write("regions.tsv", "index\tname\tnetwork\n3\tX\tVis\n");
    one("--out out", 1, "`out/seg-atlas_dseg.tsv` exists and has other regions");
    sandbox.write("regions.tsv", "value\tlabel\n3\tX\n");
    one("--out new", 1, "--regions (`boldface regions` makes a region table of any label file): ");
}

#[test]
fn python_reads_the_parquet() {
    let Some(mut python) = boldface_tests::python() else { return };
    let sandbox = study();
    succeeds(&parcellate(&sandbox, &[FIRST], "--out series.parquet"));
    let script = "import polars as pl\nt = pl.read_parquet('series.parquet')\n\
                  print(t.columns, t.dtypes[0], t.shape, t['LH_Vis_1'][19], t['B'].null_count())";
    let output = python.args(["-c", script]).current_dir(sandbox.path("")).output().unwrap();
    assert_eq!(succeeds(&output).trim(), "['LH_Vis_1', 'B', 'RH_Vis_1', 'Lost'] Float32 (20, 4) 519.0 20");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_finished() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    /// Enough scans for more than a second of work, so that the signal arrives before the end even on a
    /// busy machine. Each scan is synced to a possibly slow disk.
    const SCANS: usize = 1200;

    let sandbox = study();
    let names: Vec<String> = (0..SCANS).map(|i| format!("many/sub-{i:04}_bold.nii.gz")).collect();
    fs::create_dir(sandbox.path("many")).unwrap();
    names.iter().for_each(|name| fs::hard_link(sandbox.path(FIRST), sandbox.path(name)).unwrap());
    let mut arguments = vec!["parcellate", "--parcellation", "atlas.nii", "--out", "out", "--workers", "1"];
    arguments.push("--bold");
    arguments.extend(names.iter().map(String::as_str));
    let program = sandbox.command(&arguments).stderr(Stdio::piped()).spawn().unwrap();
    let asked = Instant::now();
    // The first scan is finished once its folder and that of a second one exist.
    while fs::read_dir(sandbox.path("out")).map_or(0, Iterator::count) < 5 {
        assert!(asked.elapsed() < Duration::from_secs(60), "nothing was made");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args(["-INT", &program.id().to_string()]).status().unwrap().success());
    let output = program.wait_with_output().unwrap();
    let error = fails(&output, 130);
    assert!(
        error.contains(" not started; ") && error.contains("run the same command again for the rest"),
        "{error}"
    );

    let again = succeeds(&sandbox.boldface(&arguments));
    let made = |word: &str| -> usize {
        let before = again.split(word).next().unwrap();
        before.rsplit([' ', ',']).find(|text| !text.is_empty()).unwrap().parse().unwrap()
    };
    let (now, before) = (made(" made, "), made(" made before"));
    assert!(now > 0 && before > 0 && now + before == SCANS, "{again}");
}
