//! Scans with quality measures are read in parallel and in batches, refused or filled, excluded and
//! reported.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use boldface::{
    Cohort, Dataset, Deserialize, Exclusion, JsonSchema, Quality, Recorded, Regions, Result, ScanId,
    ScanInfo, Serialize, TimeSeries, register,
};
use boldface_runner::plan::{Build, Offer, no_libraries, resolve};
use boldface_runner::run::{Events, Failed, run};
use boldface_runner::{plan::Plan, report};
use boldface_tests::{Sandbox, Seen};

/// Simulated scans of 12 people. The later the person, the stronger the motion.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
struct Moved {
    /// Whether the third scan lacks a region.
    #[serde(default)]
    blind: bool,
    /// Whether anything is measured.
    #[serde(default)]
    silent: bool,
    /// Number of excluded scans.
    #[serde(default)]
    left_out: usize,
}

register!(Dataset "moved" => Moved);

const PEOPLE: usize = 12;
const TRS: usize = 60;
const ROIS: usize = 6;

/// Number of scans read per project.
static READ: Mutex<BTreeMap<PathBuf, usize>> = Mutex::new(BTreeMap::new());

fn reads(sandbox: &Sandbox) -> usize {
    READ.lock().unwrap().get(&sandbox.path("")).copied().unwrap_or(0)
}

fn id(name: &str, subject: usize) -> ScanId {
    let (task, subject) = (Some("rest".to_owned()), format!("{subject:02}"));
    ScanId { task, ..ScanId::new(name, subject) }
}

impl Dataset for Moved {
    fn files(&self, _root: &Path) -> Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }

    fn cohort(&self, _root: &Path, name: &str) -> Result<Cohort> {
        let info = |subject: usize| ScanInfo {
            id: id(name, subject),
            tr: 2.0,
            trs: TRS,
            rois: ROIS,
            phenotype: [("group".to_owned(), ["low", "high"][subject % 2].to_owned())].into(),
            events: Vec::new(),
            cuts: Vec::new(),
        };
        let regions = Regions {
            names: (0..ROIS).map(|roi| format!("R{roi}")).collect(),
            networks: (0..ROIS).map(|roi| ["Vis", "Default"][roi % 2].to_owned()).collect(),
        };
        let left_out = |subject: usize| Exclusion {
            scan: id(name, subject),
            reason: format!("{} s are left, 240 s are asked for", subject + 20),
        };
        let excluded = (0..self.left_out).map(left_out).collect();
        Ok(Cohort { excluded, ..Cohort::new((self.left_out..PEOPLE).map(info).collect(), regions) })
    }

    fn load(&self, root: &Path, scan: &ScanInfo) -> Result<TimeSeries> {
        Ok(self.record(root, scan)?.series)
    }

    fn record(&self, root: &Path, scan: &ScanInfo) -> Result<Recorded> {
        *READ.lock().unwrap().entry(root.join("")).or_default() += 1;
        let subject: usize = scan.id.subject.parse()?;
        let noise = |i: usize| ((i * 7919 + subject * 104_729 + 13) % 1009) as f32 / 1009.0;
        let values = (0..TRS * ROIS).map(|i| {
            let (t, roi) = (i / ROIS, i % ROIS);
            let is_blind = self.blind && subject == 2 && roi == 4;
            if is_blind { f32::NAN } else { (t as f32 / (3.0 + roi as f32)).sin() + noise(i) }
        });
        let series = TimeSeries::new(TRS, ROIS, 2.0, values.collect())?;
        if self.silent {
            return Ok(Recorded { series, quality: Quality::default() });
        }
        let fd = |t: usize| if t == 0 { 0.0 } else { 0.02 * subject as f32 * (0.5 + noise(t)) };
        let quality = Quality {
            fd: (0..TRS).map(fd).collect(),
            dvars: (0..TRS).map(|t| if t == 0 { 0.0 } else { 1.0 + noise(t) }).collect(),
            tsnr: Some(50.0 + subject as f32),
            coverage: (0..ROIS).map(|roi| if self.blind && roi == 4 { 0.25 } else { 1.0 }).collect(),
            ..Quality::default()
        };
        Ok(Recorded { series, quality })
    }
}

fn spec(dataset: &str, signal: &str, runtime: &str) -> String {
    format!(
        r#"
[datasets.study]
type = "moved"
path = "."
{dataset}

[signal]
trs = 40
{signal}

[tokenizer]
type = "vq"
patch = 20
codebook-size = 16
width = 16
steps = 90

[backbone]
type = "bigram"

[tasks.group]
type = "classification"
target = "group"
classes = ["low", "high"]

[runtime]
{runtime}
"#
    )
}

/// Resolves a spec in a project. [`series`] runs only its first stage.
fn planned(sandbox: &Sandbox, text: &str) -> Plan {
    let path = sandbox.write("study.toml", text);
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    let mut plan = resolve(&path, text, &build).unwrap_or_else(|problems| panic!("{problems:#?}"));
    plan.study.experiment.runtime.runs = sandbox.path("runs");
    plan
}

/// Runs the first stage and returns the artefact's folder and the run's folder.
fn series(plan: &Plan) -> (PathBuf, PathBuf) {
    let Err(Failed::Interrupted { dir, .. }) = run(plan, &Seen::interrupting("split")) else {
        panic!("the run goes on after the split");
    };
    let key = plan.stages[0].key.short().to_owned();
    (plan.experiment.runtime.runs.join("cache").join(format!("series-{key}")), dir)
}

fn bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let name = |file: &fs::DirEntry| file.file_name().into_string().unwrap();
    // The manifest contains the duration, which varies.
    files
        .filter(|file| name(file) != "manifest.json")
        .map(|file| (name(&file), fs::read(file.path()).unwrap()))
        .collect()
}

/// Returns the error of the first stage.
fn error(text: &str) -> String {
    let sandbox = Sandbox::new();
    match run(&planned(&sandbox, text), &Seen::default()) {
        Err(Failed::Stage { stage, source, .. }) if stage == "series" => source.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn any_number_of_threads_makes_the_same_bytes() {
    let made = |threads: usize| {
        let sandbox = Sandbox::new();
        let plan = planned(&sandbox, &spec("blind = true", "missing-regions = \"zero\"", ""));
        let (artefact, _) = boldface_tests::with_threads(threads, || series(&plan));
        assert_eq!(reads(&sandbox), PEOPLE);
        bytes(&artefact)
    };
    let (one, four) = (made(1), made(4));
    let names: Vec<&str> = one.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "carpets.json",
            "metrics.parquet",
            "motion.json",
            "quality.json",
            "quality.parquet",
            "regions.json",
            "scans.json",
            "series.safetensors"
        ]
    );
    assert!(one == four, "the artefact of `series` depends on the threads");
}

#[test]
fn a_scan_without_anything_measured_leaves_what_it_always_left() {
    let sandbox = Sandbox::new();
    let plan = planned(&sandbox, &spec("silent = true", "", ""));
    let (artefact, dir) = series(&plan);
    let names: Vec<String> = bytes(&artefact).into_keys().collect();
    assert_eq!(names, ["metrics.parquet", "regions.json", "scans.json", "series.safetensors"]);
    assert!(!dir.join("quality.parquet").exists() && !dir.join("exclusions.tsv").exists());
    assert!(!fs::read_to_string(dir.join("plan.json")).unwrap().contains("\"excluded\""));
    assert!(!fs::read_to_string(report::write(&dir).unwrap().html).unwrap().contains("Scan quality"));
    // Writing the default explicitly changes no key.
    let said = planned(&sandbox, &spec("silent = true", "missing-regions = \"refuse\"", ""));
    let key = |plan: &Plan| plan.stages[0].key.0.clone();
    assert_eq!(key(&said), key(&plan));
    let other = planned(&sandbox, &spec("silent = true", "missing-regions = \"zero\"", ""));
    assert_ne!(key(&other), key(&plan));
}

#[test]
fn a_region_without_a_signal_is_refused_with_its_name_and_the_ways_out() {
    let said = error(&spec("blind = true", "", ""));
    assert!(said.starts_with("1 of 12 scans cannot be used; fix or remove them:\n  "), "{said}");
    assert!(
        said.contains("`study/sub-02_task-rest`: 1 of 6 regions has no signal: `R4` (coverage 25%)"),
        "{said}"
    );
    assert!(said.contains("set `missing-regions = \"zero\"` under `[signal]`"), "{said}");
    assert!(said.contains("as `exclude`"), "{said}");
}

/// Interrupts a run after this many scans were read.
struct Impatient<'a>(&'a Sandbox, usize);

impl Events for Impatient<'_> {
    fn interrupted(&self) -> bool {
        reads(self.0) >= self.1
    }
}

#[test]
fn a_stopped_stage_reads_only_what_is_left() {
    let sandbox = Sandbox::new();
    let text = spec("blind = true", "missing-regions = \"zero\"", "checkpoint-seconds = 0");
    let plan = planned(&sandbox, &text);
    let stopped = boldface_tests::with_threads(1, || run(&plan, &Impatient(&sandbox, 5)));
    let Err(Failed::Interrupted { stage, saved, .. }) = stopped else { panic!("{stopped:?}") };
    let before = reads(&sandbox);
    assert_eq!(stage, "series");
    let saved = saved.unwrap() as usize;
    // One thread reads at most two scans ahead of the saved ones.
    assert!((5..12).contains(&before) && saved + 3 >= before, "{saved} of {before}");
    let (artefact, _) = series(&plan);
    assert_eq!(reads(&sandbox) - before, PEOPLE - saved);

    let quiet = Sandbox::new();
    let (whole, _) = series(&planned(&quiet, &text));
    assert!(bytes(&artefact) == bytes(&whole), "a stopped stage ends with other bytes");
}

#[test]
fn scans_that_are_left_out_are_told_and_count_nowhere() {
    let sandbox = Sandbox::new();
    let plan = planned(&sandbox, &spec("left-out = 2", "", ""));
    assert_eq!((plan.scans.len(), plan.excluded.len()), (10, 2));
    let told = boldface_runner::plan::excluded::told(plan.scans.len(), &plan.excluded).unwrap();
    assert_eq!(
        told,
        "2 of 12 scans are left out: `study/sub-00_task-rest` (20 s are left, 240 s are asked for), \
         `study/sub-01_task-rest` (21 s are left, 240 s are asked for)"
    );
    let (_, dir) = series(&plan);
    let table = fs::read_to_string(dir.join("exclusions.tsv")).unwrap();
    assert_eq!(table.lines().next().unwrap(), "dataset\tparticipant_id\tsession_id\ttask\trun\treason");
    assert_eq!(
        table.lines().nth(2).unwrap(),
        "study\tsub-01\tn/a\trest\tn/a\t21 s are left, 240 s are asked for"
    );
    let page = fs::read_to_string(report::write(&dir).unwrap().html).unwrap();
    assert!(page.contains("Scans left out") && page.contains("20 s are left, 240 s are asked for"));

    let text = spec("left-out = 12", "", "");
    let path = sandbox.write("none.toml", &text);
    let build = Build { engines: &[Offer::plain("dfdx")], load: &no_libraries };
    let problems = resolve(&path, &text, &build).unwrap_err();
    let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(said.iter().any(|line| line.contains("none of its 12 scans can be used")), "{said:?}");
}

#[test]
fn the_report_shows_cohort_scans_and_motion() {
    let sandbox = Sandbox::new();
    let plan = planned(&sandbox, &spec("blind = true\nleft-out = 1", "missing-regions = \"zero\"", ""));
    let (_, dir) = series(&plan);
    let rows = boldface_tables::quality::read(&dir.join("quality.parquet")).unwrap();
    let blind = rows.iter().find(|row| row.scan.subject == "02").unwrap();
    assert_eq!((rows.len(), blind.missing_regions, blind.tsnr), (11, 1, Some(52.0)));
    assert!(rows.first().unwrap().mean_fd < rows.last().unwrap().mean_fd);

    let paths = report::write(&dir).unwrap();
    let text = fs::read_to_string(&paths.markdown).unwrap();
    for expected in [
        "## Scan quality",
        "### Connectivity and motion",
        "### Scan by scan",
        "### Scans left out",
        "| R4 | Vis | 1 | 25% | 25% |",
        "11 people, 11 scans",
        "carpet, volumes on disk from left to right",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    // FD, DVARS and carpet for four scans: the three with most motion and the median one.
    assert_eq!(text.matches("](figures/quality-carpet-").count(), 4);
    assert_eq!(text.matches("](figures/quality-fd-").count(), 4);
    let page = fs::read_to_string(&paths.html).unwrap();
    assert_eq!(page.matches("data:image/png;base64,").count(), 4);
    assert!(page.len() < 400_000, "{}", page.len());
}
