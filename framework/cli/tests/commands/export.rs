//! Output and exit codes of `boldface export` and `boldface verify`.

use std::fs;
use std::path::Path;

use super::{SPEC, boldface};

#[test]
fn a_run_is_exported_verified_and_begun_with() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("pain.toml"), SPEC).unwrap();
    let (code, _, err) = boldface(dir, &["export", "latest", "--to", "out"]);
    assert_eq!(code, 2, "{err}");
    assert!(
        err.starts_with("error: `latest` is not a run: it has no `plan.json`; name its folder, `latest`, or"),
        "{err}"
    );

    assert_eq!(boldface(dir, &["run", "pain.toml"]).0, 0);
    for (run, to) in [("latest", "one"), ("pain", "two"), ("runs/latest", "three")] {
        let (code, out, err) = boldface(dir, &["export", run, "--to", to]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.contains("note: `splits.tsv` and `learned.tsv` hold subject ids"), "{out}");
        assert!(out.contains(&format!("card:   {}", Path::new(to).join("README.md").display())), "{out}");
    }
    let (code, _, err) = boldface(dir, &["export", "pain", "--to", "one"]);
    assert_eq!(
        (code, err.as_str()),
        (1, "error: `one` already exists, and nothing is overwritten; name another folder\n")
    );

    fs::rename(dir.join("runs"), dir.join("gone")).unwrap();
    let (code, out, err) = boldface(dir, &["verify", "one"]);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].ends_with(" files are as they were exported"), "{out}");
    assert_eq!(lines[1], "forecasting, mse on test subjects");
    let number = |line: &str| line.split_whitespace().nth(1).unwrap().to_owned();
    assert_eq!(number(lines[2]), number(lines[3]));
    assert!(lines[4].starts_with("they are the same, within 1.") && lines[4].ends_with("e-9"), "{out}");
    let (code, _, err) = boldface(dir, &["verify", "one", "--task", "sex"]);
    assert_eq!(
        (code, err.as_str()),
        (2, "error: the export has no test score of a task `sex`; there are `forecasting`\n")
    );

    fs::write(
        dir.join("more.toml"),
        format!("{SPEC}\n[split]\nfile = \"one/splits.tsv\"\n[start]\npath = \"one\"\n"),
    )
    .unwrap();
    let (code, out, err) = boldface(dir, &["plan", "more.toml"]);
    assert_eq!(code, 0, "{err}");
    let taken: Vec<&str> = out.lines().filter(|line| line.ends_with("taken from one")).collect();
    assert!(
        taken.len() == 2 && taken[0].starts_with("  text-space") && taken[1].starts_with("  tokenizer"),
        "{out}"
    );
    fs::write(dir.join("leak.toml"), format!("{SPEC}\n[split]\nseed = 9\n[start]\npath = \"one\"\n"))
        .unwrap();
    let (code, _, err) = boldface(dir, &["check", "leak.toml"]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("leak `start.people`"), "{err}");

    fs::write(dir.join("two/model/extra"), "not ours").unwrap();
    let (code, _, err) = boldface(dir, &["verify", "two"]);
    assert_eq!(code, 1);
    assert!(err.contains("`model/extra`"), "{err}");
    fs::remove_file(dir.join("two/model/extra")).unwrap();
    fs::write(dir.join("two/regions.tsv"), "index\tname\n").unwrap();
    let (code, out, err) = boldface(dir, &["verify", "two"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("error: `two` is damaged: `regions.tsv` has 11 bytes instead of "), "{err}");
}
