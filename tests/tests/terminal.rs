//! Commands around a run: a dry try, values checked before, completions, man pages and cleaning.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use boldface_tests::Sandbox;
use serde_json::Value;

const SPEC: &str = r#"
[datasets.made]
type = "synthetic"
subjects = 24
trs = 40
[signal]
trs = 40
[split]
stratify = ["condition"]
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
"#;

/// Returns the exit code and all output.
fn told(output: &Output) -> (Option<i32>, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// Returns the key of every stage and the names of the scans, of the only run in a folder.
fn keys(runs: &Path) -> (BTreeMap<String, String>, Value) {
    let runs: Vec<_> = fs::read_dir(runs).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [run] = &runs[..] else { panic!("{runs:?}") };
    let plan: Value = serde_json::from_slice(&fs::read(run.join("plan.json")).unwrap()).unwrap();
    let stages = plan["stages"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let name = |stage: &Value| text(&stage["artefact"]).rsplit_once('-').unwrap().0.to_owned();
    let keys = stages.iter().map(|stage| (name(stage), text(&stage["artefact"]))).collect();
    let series = run.join("../..").join(text(&stages[0]["artefact"])).join("scans.json");
    (keys, serde_json::from_slice(&fs::read(series).unwrap()).unwrap())
}

#[test]
fn a_dry_try_is_marked_and_never_taken_for_the_run() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", SPEC);
    let (code, said) = told(&sandbox.boldface(&["run", "tiny.toml", "--limit", "2"]));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("leaves a part of the split empty; write `--limit 3` or more"), "{said}");
    let (code, said) = told(&sandbox.boldface(&["run", "tiny.toml", "--limit", "24"]));
    assert!(code == Some(2) && said.contains("leaves nothing out of the 24 scans"), "{said}");
    assert!(!sandbox.path("runs/tiny-limit-24").exists());

    let (code, said) = told(&sandbox.boldface(&["run", "tiny.toml", "--limit", "12"]));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.matches("limited to 12 scans: no result").count() >= 2, "{said}");
    assert!(!sandbox.path("runs/latest").exists() && !sandbox.path("runs/latest-failed").exists());
    let dir = sandbox.path("runs/tiny-limit-12");
    let run = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    for page in ["report.md", "report.html", "leakage.json"] {
        let text = fs::read_to_string(run.join(page)).unwrap();
        assert!(text.contains("limited to 12 scans: no result"), "{page}");
        assert!(page == "leakage.json" || text.contains("tiny-limit-12"), "{page}");
    }
    let (limited, scans) = keys(&dir);
    let scans = scans.as_array().unwrap();
    assert_eq!(scans.len(), 12);
    let high = scans.iter().filter(|scan| scan["phenotype"]["condition"] == "high").count();
    assert!((4..=8).contains(&high), "{high} of 12 have the label `high`");

    // The same try again computes nothing, and the whole run takes nothing of it.
    let (_, again) = told(&sandbox.boldface(&["run", "tiny.toml", "--limit", "12"]));
    assert!(again.contains("cached"), "{again}");
    let (code, said) = told(&sandbox.boldface(&["run", "tiny.toml"]));
    assert!(code == Some(0) && !said.contains("limited to"), "{said}");
    let (whole, scans) = keys(&sandbox.path("runs/tiny"));
    assert_eq!(scans.as_array().unwrap().len(), 24);
    assert_eq!(limited.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
    assert!(limited.iter().all(|(name, key)| whole[name] != *key), "{limited:?}\n{whole:?}");
    assert!(fs::read_link(sandbox.path("runs/latest")).unwrap().starts_with("tiny"));
}

#[test]
fn a_dry_try_of_a_sweep_limits_every_fold() {
    let sandbox = Sandbox::new();
    sandbox.write("folds.toml", &SPEC.replace("[split]", "[split]\nfolds = 2"));
    let (code, said) = told(&sandbox.boldface(&["run", "folds.toml", "--limit", "9"]));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("limited to 9 scans: no result"), "{said}");
    assert!(sandbox.path("runs/folds-limit-9").is_dir() && !sandbox.path("runs/latest").exists());
}

/// Writes a folder of 24 tables of 60 volumes and three regions.
fn write_tables(sandbox: &Sandbox) {
    let mut people = "participant_id\tsex\n".to_owned();
    for subject in 0..24 {
        let volume = |t: usize| format!("{}\t{}\t{}\n", t * subject % 7, t * t % 11, (t + subject) % 5);
        let text = (0..60).map(volume).collect::<String>();
        sandbox.write(&format!("data/sub-{subject:02}_timeseries.tsv"), &format!("A\tB\tC\n{text}"));
        people += &format!("sub-{subject:02}\t{}\n", if subject % 2 == 0 { "f" } else { "m" });
    }
    sandbox.write("data/participants.tsv", &people);
}

#[test]
fn values_that_the_run_refuses_are_found_before_it() {
    let sandbox = Sandbox::new();
    write_tables(&sandbox);
    let data = "[datasets.lab]\ntype = \"series\"\npath = \"data\"\ntr = 2\n";
    let spec = SPEC.replace("[datasets.made]\ntype = \"synthetic\"\nsubjects = 24\ntrs = 40\n", data);
    let spec =
        spec.replace("\"condition\"]", "\"sex\"]").replace("target = \"condition\"", "target = \"sex\"");
    sandbox.write("lab.toml", &spec.replace("[\"low\", \"high\"]", "[\"f\", \"m\"]"));
    let (code, said) = told(&sandbox.boldface(&["check", "lab.toml"]));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("lab.toml: values of all 24 scans of `lab` read, in "), "{said}");

    let table = |rows: &str| format!("A\tB\tC\n{}", rows.repeat(60));
    sandbox.write("data/sub-03_timeseries.tsv", &table("1\tnan\t2\n").replacen("nan", "4", 1));
    sandbox.write("data/sub-05_timeseries.tsv", &(table("1\t2\t3\n") + "4\tinf\t5\n"));
    sandbox.write("data/sub-11_timeseries.tsv", &table("1\t2\t3\n"));
    let (code, said) = told(&sandbox.boldface(&["check", "lab.toml"]));
    assert_eq!(code, Some(2), "{said}");
    for part in ["sub-03", "sub-05", "sub-11", "every region has one value", "3 problems; nothing was run"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // The run says the same of the same scans.
    let (code, run) = told(&sandbox.boldface(&["run", "lab.toml"]));
    assert_eq!(code, Some(1), "{run}");
    assert!(
        run.contains("3 of 24 scans cannot be used") && run.contains("every region has one value"),
        "{run}"
    );
}

/// Returns the names of all commands and their flags, as their help lists them.
fn flags(sandbox: &Sandbox, command: &[&str]) -> BTreeMap<String, Vec<String>> {
    let (code, help) = told(&sandbox.boldface(&[command, &["--help"]].concat()));
    assert_eq!(code, Some(0), "{help}");
    let own = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let flag = |line: &str| {
        Some(
            line.split([' ', ',', '=']).find(|word| word.starts_with("--"))?.trim_end_matches('.').to_owned(),
        )
    };
    let mut all = BTreeMap::from([(command.join("-"), own.filter_map(flag).collect())]);
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in listed.take_while(|line| line.starts_with("  ")) {
        let below = line.split_whitespace().next().unwrap();
        if !line.starts_with("   ") && below != "help" {
            all.extend(flags(sandbox, &[command, &[below]].concat()));
        }
    }
    all
}

#[test]
fn every_flag_has_its_completion_and_its_man_page() {
    let sandbox = Sandbox::new();
    let flags = flags(&sandbox, &[]);
    assert!(flags.len() > 25 && flags["run"].contains(&"--limit".to_owned()), "{flags:?}");
    let script = |shell| told(&sandbox.boldface(&["completions", shell])).1;
    let bash = script("bash");
    let mut shell =
        Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(bash.as_bytes()).unwrap();
    let (code, said) = told(&shell.wait_with_output().unwrap());
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let (zsh, fish) = (script("zsh"), script("fish"));
    assert!(zsh.starts_with("#compdef boldface") && fish.contains("complete -c boldface"));

    let (code, said) = told(&sandbox.boldface(&["man", "pages"]));
    assert_eq!(code, Some(0), "{said}");
    for (command, flags) in &flags {
        let page = if command.is_empty() { String::new() } else { format!("-{command}") };
        let page = sandbox.path(&format!("pages/boldface{page}.1"));
        let page = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        let page = page.replace("\\-", "-");
        for flag in flags {
            assert!(page.contains(flag.as_str()), "the man page of `{command}` lacks `{flag}`");
            assert!(bash.contains(flag.as_str()), "bash does not complete `{flag}`");
        }
    }
}

#[test]
#[cfg(unix)]
fn cleaning_keeps_what_runs_need_and_leaves_the_store_alone_otherwise() {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", SPEC);
    sandbox.write("other.toml", &format!("seed = 7\n{SPEC}"));
    for spec in ["tiny.toml", "other.toml"] {
        let (code, said) = told(&sandbox.boldface(&["run", spec]));
        assert_eq!(code, Some(0), "{said}");
    }
    let listed = || {
        let entries = fs::read_dir(sandbox.path("runs/cache")).unwrap().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with(".lock"));
        names.sort();
        names
    };
    let (code, said) = told(&sandbox.boldface(&["clean"]));
    assert!(code == Some(0) && said.starts_with("nothing to remove"), "{said}");

    fs::remove_dir_all(sandbox.path("runs/other")).unwrap();
    // Checkpoints of a killed run, a link out of the store, and a folder that is not the store's.
    sandbox.write("runs/cache/.progress-tokenizer-0123456789ab/step-3/weights", "hours");
    sandbox.write("outside/tokenizer-0123456789ab/precious", "mine");
    sandbox.write("runs/cache/notes/todo", "mine");
    let link = sandbox.path("runs/cache/tokenizer-fedcba987654");
    std::os::unix::fs::symlink(sandbox.path("outside/tokenizer-0123456789ab"), &link).unwrap();
    let before = listed();
    let (code, said) = told(&sandbox.boldface(&["clean"]));
    assert_eq!(code, Some(0), "{said}");
    for part in ["no run folder has it", "would remove", "`--yes` removes it", "checkpoints of 1 unfinished"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(listed(), before, "a dry run removes nothing");
    for limit in [["--older-than", "1"], ["--larger-than", "100"]] {
        let (_, said) = told(&sandbox.boldface(&["clean", "--yes", limit[0], limit[1]]));
        assert!(said.starts_with("nothing to remove"), "{said}");
    }
    // A run that uses the store.
    let lock = fs::File::open(sandbox.path("runs/cache/.lock")).unwrap();
    lock.lock_shared().unwrap();
    let (code, said) = told(&sandbox.boldface(&["clean", "--yes"]));
    assert!(code == Some(1) && said.contains("a run is using the store"), "{said}");
    drop(lock);
    assert_eq!(listed(), before);

    let (code, said) = told(&sandbox.boldface(&["clean", "--yes"]));
    assert!(code == Some(0) && said.contains("removed "), "{said}");
    let left = listed();
    assert!(left.len() < before.len());
    for kept in [".progress-tokenizer-0123456789ab", "notes", "tokenizer-fedcba987654"] {
        assert!(left.iter().any(|name| name == kept), "{kept}: {left:?}");
    }
    assert!(sandbox.path("outside/tokenizer-0123456789ab/precious").is_file());
    let (code, again) = told(&sandbox.boldface(&["run", "tiny.toml"]));
    assert_eq!(code, Some(0), "{again}");
    assert_eq!(listed(), left, "every stage of the run that was kept is still there");

    // A record that cannot be read: what its run needs is unknown.
    let run = fs::read_link(sandbox.path("runs/latest")).unwrap();
    fs::write(sandbox.path("runs").join(run).join("plan.json"), "{").unwrap();
    let (code, said) = told(&sandbox.boldface(&["clean", "--yes"]));
    assert!(code == Some(1) && said.contains("nothing was removed"), "{said}");
    assert_eq!(listed(), left);
    // A store behind a link.
    fs::rename(sandbox.path("runs/cache"), sandbox.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(sandbox.path("elsewhere"), sandbox.path("runs/cache")).unwrap();
    let (code, said) = told(&sandbox.boldface(&["clean", "--yes"]));
    assert!(code == Some(1) && said.contains("it is a link"), "{said}");
}
