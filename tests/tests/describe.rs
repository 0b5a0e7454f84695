//! Tests `boldface describe` on a held-out scan, on a new scan, and on everything it refuses.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use boldface::{Descriptor, Part, ScanId, Split, TimeSeries};
use boldface_imaging::export;
use boldface_tables::descriptors;
use boldface_tests::Sandbox;
use boldface_tests::cohort::{NAMES, SPEC, TRS, file, signal, study};
use expect_test::{Expect, expect};

/// Creates a project in which the study was run.
fn project() -> Sandbox {
    with(SPEC)
}

/// Runs the study with another spec.
fn with(spec: &str) -> Sandbox {
    let sandbox = study();
    sandbox.write("study.toml", spec);
    let output = sandbox.boldface(&["run", "study.toml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    sandbox
}

/// Folder of the run's corpus in the store.
fn artefact(sandbox: &Sandbox) -> PathBuf {
    let cache = fs::read_dir(sandbox.path("runs/cache")).unwrap().map(|entry| entry.unwrap().path());
    let mut found = cache.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("corpus-"));
    found.next().unwrap()
}

fn describe(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let command = ["describe", "--corpus", "runs/latest", "--series"];
    sandbox.boldface(&[&command, arguments].concat())
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Reads the descriptors of one scan from the table that the command writes.
fn descriptors_of(sandbox: &Sandbox, arguments: &[&str]) -> Vec<Descriptor> {
    let output = describe(sandbox, &[arguments, &["--out", "said.parquet"]].concat());
    printed(&output);
    descriptors::read(&sandbox.path("said.parquet")).unwrap()
}

/// Writes a series with its region names and repetition time.
fn write(sandbox: &Sandbox, name: &str, series: &TimeSeries, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    sandbox.write(name, &export::tsv(series, &names));
}

#[test]
fn a_held_out_scan_is_told_as_in_its_run() {
    let corpus = "[corpora.connectivity]";
    let sandbox = with(&SPEC.replace(corpus, &format!("{corpus}\nadjust = [\"age\"]")));
    let run = descriptors::read(&artefact(&sandbox).join("descriptors.parquet")).unwrap();
    let split = fs::read_dir(sandbox.path("runs/cache")).unwrap().map(|entry| entry.unwrap().path());
    let split = split.map(|path| path.join("split.json")).find(|path| path.is_file()).unwrap();
    let split: Split = serde_json::from_slice(&fs::read(split).unwrap()).unwrap();
    let mut scans: Vec<&ScanId> = run.iter().map(|descriptor| &descriptor.scan).collect();
    scans.dedup();
    scans.retain(|scan| split.part(scan).unwrap() != Part::Train);
    assert!(!scans.is_empty());
    for scan in scans {
        let own: Vec<Descriptor> = run.iter().filter(|one| one.scan == *scan).cloned().collect();
        let path = file(&scan.subject);
        let age = format!("age={}", 20 + 3 * scan.subject.parse::<usize>().unwrap());
        assert_eq!(descriptors_of(&sandbox, &[&path, "--column", &age]), own, "{scan}");
        let texts: Vec<&str> = own.iter().map(|descriptor| descriptor.text.as_str()).collect();
        let output = describe(&sandbox, &[&path, "--column", &age]);
        assert_eq!(printed(&output), texts.join(" ") + "\n");
        assert_eq!(told(&output), "");
    }
    let output = describe(&sandbox, &[&file("01")]);
    assert_eq!(output.status.code(), Some(1));
    let message = told(&output);
    assert!(message.contains("has no `age`, which norms are adjusted for"), "{message}");
    assert!(message.ends_with("\n  help: give it with `--column age=VALUE`\n"), "{message}");
}

#[test]
fn a_stranger_is_cropped_and_told_against_the_same_norms() {
    let sandbox = project();
    let corpus = artefact(&sandbox);
    let corpus = corpus.strip_prefix(sandbox.path("")).unwrap().to_str().unwrap();
    write(&sandbox, "new/me.tsv", &signal(77, TRS), &NAMES);
    sandbox.write("new/me.json", r#"{"RepetitionTime": 2.0}"#);
    write(&sandbox, "new/longer.tsv", &signal(77, TRS + 9), &NAMES);
    fs::write(sandbox.path("new/array.npy"), export::npy(&signal(77, TRS))).unwrap();
    let names = NAMES.map(str::to_owned);
    boldface_tables::series::write(&sandbox.path("new/table.parquet"), &names, signal(77, TRS).values())
        .unwrap();

    let me = descriptors_of(&sandbox, &["new/me.tsv"]);
    assert!(me.iter().all(|one| one.scan.to_string() == "pain/sub-me" && one.window.trs == TRS));
    assert!(me.iter().any(|one| one.fact.z.is_some()));
    let facts =
        |said: &[Descriptor]| said.iter().map(|one| (one.fact.clone(), one.norm.clone())).collect::<Vec<_>>();
    for other in ["new/longer.tsv", "new/array.npy", "new/table.parquet"] {
        assert_eq!(facts(&descriptors_of(&sandbox, &[other, "--tr", "2"])), facts(&me), "{other}");
    }
    // Uses the artefact's own folder, without the run and its data.
    fs::rename(sandbox.path("data"), sandbox.path("gone")).unwrap();
    let output = sandbox.boldface(&["describe", "--corpus", corpus, "--series", "new/me.tsv", "--json"]);
    let lines = printed(&output);
    let lines: Vec<Descriptor> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines.iter().map(|one| &one.text).collect::<Vec<_>>(),
        me.iter().map(|one| &one.text).collect::<Vec<_>>()
    );

    let trace = printed(&describe(&sandbox, &["new/me.tsv", "--trace"]));
    assert_eq!(trace.lines().count(), me.len() + 3);
    let first: Vec<&str> = trace.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(first, ["corpus", "feature", "value", "z", "band", "n", "norm", "scan", "window", "sentence"]);
    let (line, one) = (trace.lines().nth(1).unwrap(), &me[0]);
    let n = format!("{}/{}", one.norm_scans, one.norm_people);
    let number = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    for shown in
        [&one.fact.feature, &number(one.fact.value), &number(one.fact.z), &one.fact.band, &n, &one.norm]
    {
        assert!(line.contains(shown.as_str()), "{shown}: {line}");
    }
    assert!(line.ends_with(&one.text) && line.contains("pain/sub-me  0..40"), "{line}");
}

#[test]
fn what_should_be_known_is_a_warning() {
    let sandbox = project();
    fs::write(sandbox.path("array.npy"), export::npy(&signal(77, TRS))).unwrap();
    let warned =
        |arguments: &[&str], expected: Expect| expected.assert_eq(&told(&describe(&sandbox, arguments)));
    warned(&["array.npy", "--tr", "2", "--regions", "data/seg-own_dseg.tsv"], expect![""]);
    warned(
        &["array.npy", "--tr", "0.8"],
        expect![[r#"
        warning: `array.npy`: nothing names its regions; they are assumed to be the 6 of the corpus, in its order (name them with --regions FILE.tsv)
        warning: `array.npy`: its repetition time is 0.8 s and that of the norms' scans 2 s; measures of frequencies may differ for this reason alone
    "#]],
    );
    let mut dead = signal(77, TRS).values().to_vec();
    dead.iter_mut().skip(4).step_by(6).for_each(|value| *value = f32::NAN);
    write(&sandbox, "dead.tsv", &TimeSeries::new(TRS, 6, 2.0, dead).unwrap(), &NAMES);
    warned(
        &["dead.tsv", "--tr", "2"],
        expect![[r#"
        warning: `dead.tsv`: 1 of 6 regions have no signal: `B3`
    "#]],
    );
    let train = fs::read_to_string(artefact(&sandbox).join("fitted-on.json")).unwrap();
    let train: Vec<ScanId> = serde_json::from_str(&train).unwrap();
    let (path, id) = (file(&train[0].subject), train[0].to_string());
    let known = format!("warning: `{path}`: the norms were fitted on a scan named `{id}`, among others\n");
    assert_eq!(told(&describe(&sandbox, &[&path])), known);
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let sandbox = project();
    let refused = |arguments: &[&str], expected: Expect| {
        let output = describe(&sandbox, arguments);
        assert!(!output.status.success());
        expected.assert_eq(&told(&output));
    };
    write(&sandbox, "short.tsv", &signal(77, TRS - 1), &NAMES);
    refused(
        &["short.tsv", "--tr", "2"],
        expect![[r#"
        error: --series `short.tsv`: 39 volumes, but the corpus describes the first 40 of every scan, and what is measured depends on the length: give a scan of at least 40 volumes
    "#]],
    );
    let mut turned = NAMES;
    turned.swap(1, 2);
    write(&sandbox, "turned.tsv", &signal(77, TRS), &turned);
    refused(
        &["turned.tsv", "--tr", "2"],
        expect![[r#"
        error: --series `turned.tsv`: region 2 is `B1` in the file, but `A2` in the corpus; both must have the same regions in the same order
    "#]],
    );
    let five = TimeSeries::new(TRS, 5, 2.0, vec![0.5; TRS * 5]).unwrap();
    write(&sandbox, "few.tsv", &five, &NAMES[..5]);
    refused(
        &["few.tsv", "short.tsv", "--tr", "2"],
        expect![[r#"
        error: 2 of 2 scans cannot be described:
          `few.tsv`: region 6 is missing in the file, but `C1` in the corpus; both must have the same regions in the same order
          `short.tsv`: 39 volumes, but the corpus describes the first 40 of every scan, and what is measured depends on the length: give a scan of at least 40 volumes
    "#]],
    );
    fs::write(sandbox.path("few.npy"), export::npy(&five)).unwrap();
    refused(
        &["few.npy", "--tr", "2"],
        expect![[r#"
        error: --series `few.npy`: 5 regions, but the corpus has 6
    "#]],
    );
    fs::write(sandbox.path("array.npy"), export::npy(&signal(77, TRS))).unwrap();
    refused(
        &["array.npy"],
        expect![[r#"
        error: --series `array.npy`: nothing says its repetition time; give it with --tr, or write `{"RepetitionTime": 2.0}` into a .json of the same name
    "#]],
    );
    sandbox.write("other.tsv", "index\tname\n1\tA1\n2\tA2\n3\tB1\n4\tB2\n5\tX\n6\tC1\n");
    refused(
        &["array.npy", "--tr", "2", "--regions", "other.tsv"],
        expect![[r#"
        error: region 5 is `X` in --regions, but `B3` in the corpus; both must have the same regions in the same order
    "#]],
    );
    sandbox.write(
        "array.json",
        r#"{"RepetitionTime": 0.8, "RegionOrder": {"Regions": ["A2", "A1", "B1", "B2", "B3", "C1"]}}"#,
    );
    refused(
        &["array.npy"],
        expect![[r#"
        error: --series `array.npy`: region 1 is `A2` in `array.json`, but `A1` in the corpus; both must have the same regions in the same order
    "#]],
    );
    sandbox.write("array.json", r#"{"RepetitionTime": 0.8}"#);
    refused(
        &["array.npy", "--tr", "2"],
        expect![[r#"
        error: --series `array.npy`: its repetition time is 2 s by --tr and 0.8 s by `array.json`; correct one of them
    "#]],
    );
    let mut broken = signal(77, TRS).values().to_vec();
    broken[6 * 3 + 1] = f32::NAN;
    write(&sandbox, "broken.tsv", &TimeSeries::new(TRS, 6, 2.0, broken).unwrap(), &NAMES);
    refused(
        &["broken.tsv", "--tr", "2"],
        expect![[r#"
        error: --series `broken.tsv`: 1 of 240 values are missing, NaN or infinite, the first in region `A2` at volume 3 (from 0); interpolate them, or leave the region out of all volumes
    "#]],
    );
    refused(
        &["gone.tsv", "array.nii.gz", "--tr", "2"],
        expect![[r#"
        error: 2 of 2 scans cannot be described:
          `gone.tsv`: there is no such file
          `array.nii.gz`: there is no such file
    "#]],
    );
    refused(
        &["array.npy", "--column", "aeg=3"],
        expect![[r#"
        error: --column: the tables of the corpus have no column `aeg`; did you mean `age`?
    "#]],
    );
    refused(
        &["array.npy", "--column", "age"],
        expect![[r#"
        error: --column `age` is not NAME=VALUE, such as age=34
    "#]],
    );
    refused(
        &["array.npy", "--dataset", "cortex"],
        expect![[r#"
        error: --dataset: the corpus has no dataset `cortex`; there is only `pain`
    "#]],
    );
    refused(
        &["array.npy", "array.npy"],
        expect![[r#"
        error: --series: `array.npy` and `array.npy` are both scan `array`; give one of them
    "#]],
    );
}

#[test]
fn a_corpus_must_be_there_and_whole() {
    let sandbox = project();
    let refused = |corpus: &str, expected: Expect| {
        let output = sandbox.boldface(&["describe", "--corpus", corpus, "--series", "data/x.npy"]);
        assert!(!output.status.success());
        let hidden = artefact(&sandbox).file_name().unwrap().to_str().unwrap().to_owned();
        expected.assert_eq(
            &told(&output)
                .replace(&hidden, "corpus-KEY")
                .replace(sandbox.path("").to_str().unwrap(), "HERE/"),
        );
    };
    refused(
        "nowhere",
        expect![[r#"
        error: --corpus: there is no `nowhere`
    "#]],
    );
    refused(
        "data",
        expect![[r#"
        error: --corpus: `data` has no corpus: name the folder of a run, such as `runs/latest`, or of a corpus, such as `runs/cache/corpus-...`
    "#]],
    );
    let dir = artefact(&sandbox);
    let norms =
        fs::read_dir(dir.join("connectivity")).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    let mut bytes = fs::read(&norms).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    fs::write(&norms, bytes).unwrap();
    let name = norms.file_name().unwrap().to_str().unwrap();
    let output = sandbox.boldface(&["describe", "--corpus", "runs/latest", "--series", "data/x.npy"]);
    let message = told(&output);
    let expected = format!("cannot be used: `connectivity/{name}` has changed since it was written\n");
    assert!(message.ends_with(&expected), "{message}");
}
