//! A made-up run folder for tests, with up to four tasks, two training stages and names that need escaping.

mod answers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use boldface::{Descriptor, Fact, MetricRow, Outcome, Part, Regions, ScanId, ScanInfo, Split, TimeSeries};
use serde_json::json;
use tempfile::TempDir;

use crate::spec::Experiment;
use crate::store::arrays::{self, Array};
use crate::store::{Key, OutcomeLine, Reconstruction, Record, Stage, StageKind, StageRecord};
use answers::{band, caption, choice, forecast, wave};

/// Number of subjects in each part.
const SUBJECTS: [(Part, usize); 3] = [(Part::Train, 9), (Part::Validation, 3), (Part::Test, 4)];
/// Classes; every subject has one scan of each.
const CLASSES: [&str; 3] = ["passive", "regulate-up", "regulate-down"];

/// A folder of runs with one run in it.
pub struct Fixture {
    /// The temporary folder, deleted when dropped.
    pub root: TempDir,
    /// The run's folder.
    pub run: PathBuf,
}

/// Makes a run with classification, captioning and forecasting and their baselines.
pub fn whole() -> Fixture {
    make(&["condition", "captioning", "forecasting"])
}

/// Makes a run with some of the tasks, which may also be `couplings`.
pub fn make(tasks: &[&str]) -> Fixture {
    let root = tempfile::tempdir().unwrap();
    let run = root.path().join("runs/quickstart/2026-11-23T03-12-45");
    fs::create_dir_all(&run).unwrap();
    let maker = Maker { runs: root.path().join("runs") };
    let mut stages = vec![maker.stage(StageKind::Series, ""), maker.stage(StageKind::Split, "")];
    let scans = scans();
    let parts = scans.iter().map(|(part, info)| (info.id.person(), *part)).collect();
    let infos: Vec<&ScanInfo> = scans.iter().map(|(_, info)| info).collect();
    let names = (0..12).map(|i| format!("region_{i} <R&L>")).collect();
    let regions = Regions { names, networks: vec!["DMN".into(); 12] };
    maker.write(&StageKind::Series, "scans.json", &serde_json::to_string(&infos).unwrap());
    write_series(&maker.dir(&StageKind::Series).join("series.safetensors"), &infos);
    maker.write(&StageKind::Series, "regions.json", &serde_json::to_string(&regions).unwrap());
    maker.write(&StageKind::Split, "split.json", &serde_json::to_string(&Split { parts }).unwrap());
    stages.push(maker.stage(StageKind::Corpus, ""));
    boldface_tables::descriptors::write(
        &maker.dir(&StageKind::Corpus).join("descriptors.parquet"),
        &descriptors(&scans),
    )
    .unwrap();
    stages.push(maker.stage(StageKind::Tokenizer, "vq"));
    stages.push(maker.stage(StageKind::Codes, "vq"));
    maker.write(
        &StageKind::Codes,
        "reconstruction.json",
        &serde_json::to_string(&reconstruction(&scans)).unwrap(),
    );
    stages.push(maker.stage(StageKind::Alignment, "gpt"));

    let mut rows = training();
    for task in tasks {
        let (evaluation, baseline) =
            (StageKind::Evaluation((*task).to_owned()), StageKind::Baseline((*task).to_owned()));
        stages.push(maker.stage(baseline.clone(), ""));
        stages.push(maker.stage(evaluation.clone(), "gpt"));
        let baselines: &[&str] = match *task {
            "condition" => &["fc-logistic", "majority"],
            "captioning" | "couplings" => &["majority"],
            _ => &["persistence", "ar-4"],
        };
        let answerers: &[&str] = match *task {
            "captioning" | "couplings" => &["gpt", "swap", "text-only"],
            _ => &["gpt", "text-only"],
        };
        let lines = |plugins: &[&str]| -> String {
            let answered = plugins.iter().flat_map(|plugin| outcomes(task, plugin, &scans));
            answered.map(|one| serde_json::to_string(&one).unwrap() + "\n").collect()
        };
        maker.write(&evaluation, "outcomes.jsonl", &lines(answerers));
        maker.write(&baseline, "outcomes.jsonl", &lines(baselines));
        rows.extend(scores(task, baselines));
    }
    boldface_tables::metrics::write(&run.join("metrics.parquet"), "quickstart", &rows).unwrap();

    let data = root.path().join("experiments/data/pain");
    fs::create_dir_all(&data).unwrap();
    let description = json!({
        "Name": "Heat pain <with> self-regulation", "License": "PDDL",
        "HowToAcknowledge": "Woo C-W & others (2015). PLoS Biology 13(1): e1002036.",
        "SourceDatasets": [{"URL": "https://openneuro.org/datasets/ds000140"}],
    });
    fs::write(data.join("dataset_description.json"), description.to_string()).unwrap();
    let record = Record {
        name: "quickstart".into(),
        spec: root.path().join("experiments/quickstart.toml"),
        versions: [("boldface".to_owned(), "0.1.0".to_owned()), ("dfdx".to_owned(), "0.13.0".to_owned())]
            .into(),
        experiment: experiment(tasks),
        excluded: Vec::new(),
        descriptions: BTreeMap::new(),
        stages,
    };
    fs::write(run.join("plan.json"), serde_json::to_string_pretty(&record).unwrap()).unwrap();
    Fixture { root, run }
}

/// Writes the series of every scan, 160 volumes of 12 regions.
fn write_series(path: &Path, infos: &[&ScanInfo]) {
    let values = (0..160).flat_map(|t| (0..12).map(move |roi| wave(t, roi, 0.0))).collect();
    let series = TimeSeries::new(160, 12, 2.0, values).unwrap();
    let array = |info: &&ScanInfo| (info.id.to_string(), Array::from_series(&series));
    arrays::write(path, &infos.iter().map(array).collect()).unwrap();
}

struct Maker {
    runs: PathBuf,
}

impl Maker {
    fn stage(&self, kind: StageKind, plugin: &str) -> StageRecord {
        let artefact = Path::new("cache").join(kind.to_string());
        fs::create_dir_all(self.runs.join(&artefact)).unwrap();
        let key = Key(blake3::hash(kind.to_string().as_bytes()).to_hex()[..32].to_owned());
        let cached = kind == StageKind::Series;
        let stage = Stage {
            kind,
            plugin: plugin.into(),
            seed: 0,
            inputs: Vec::new(),
            config: json!({}),
            size: boldface::Size::default(),
            key,
        };
        let tokens = (stage.kind == StageKind::Alignment).then_some(1_234_567);
        StageRecord { stage, artefact, seconds: 3.25, tokens, peak_memory: Some(310_400_000), cached }
    }

    fn dir(&self, kind: &StageKind) -> PathBuf {
        self.runs.join("cache").join(kind.to_string())
    }

    fn write(&self, kind: &StageKind, name: &str, text: &str) {
        fs::write(self.dir(kind).join(name), text).unwrap();
    }
}

fn experiment(tasks: &[&str]) -> Experiment {
    let tables = json!({
        "condition": {"type": "classification", "target": "condition", "classes": CLASSES},
        "captioning": {"type": "captioning", "facts": 4},
        "couplings": {"type": "facts", "features": ["coupling.*"]},
        "forecasting": {"type": "forecasting", "context": 120, "horizon": 40},
    });
    let chosen: serde_json::Map<_, _> =
        tasks.iter().map(|task| ((*task).to_owned(), tables[*task].clone())).collect();
    let experiment = json!({
        "datasets": {"pain": {"type": "series", "path": "data/pain"}},
        "signal": {"trs": 160},
        "split": {"stratify": ["condition"], "test": 0.25},
        "corpora": {"connectivity": {"type": "connectivity"}},
        "tokenizer": {"type": "vq", "patch": 40, "codebook-size": 128, "code-dim": 16, "steps": 200},
        "backbone": {"type": "gpt", "layers": 2, "heads": 4, "width": 64},
        "alignment": {"steps": 150, "peak-lr": 1e-3, "lora": {"rank": 8}},
        "tasks": chosen,
    });
    serde_json::from_value(experiment).unwrap()
}

fn scans() -> Vec<(Part, ScanInfo)> {
    let mut scans = Vec::new();
    let parts = SUBJECTS.iter().flat_map(|(part, n)| std::iter::repeat_n(*part, *n));
    for (subject, part) in parts.enumerate() {
        for (run, condition) in CLASSES.iter().enumerate() {
            let id = ScanId {
                dataset: "pain".into(),
                subject: format!("{:02}", subject + 1),
                session: None,
                task: Some("pain".into()),
                run: Some((run + 1).to_string()),
                others: None,
                by_run: false,
            };
            let phenotype = [("condition".to_owned(), (*condition).to_owned())].into();
            scans.push((
                part,
                ScanInfo { id, tr: 2.0, trs: 191, rois: 12, phenotype, events: Vec::new(), cuts: Vec::new() },
            ));
        }
    }
    scans
}

fn fact(feature: &str, z: f64, band: &str) -> Fact {
    Fact { feature: feature.into(), value: Some(0.3 + 0.1 * z), z: Some(z), band: band.into(), reason: None }
}

fn descriptors(scans: &[(Part, ScanInfo)]) -> Vec<Descriptor> {
    let reason = Some("the network has one region".to_owned());
    let alone = Fact { feature: "Solo-Solo".into(), band: "not available".into(), reason, ..Fact::default() };
    let said =
        [("DMN couples more than usual.", fact("DMN-DMN", 1.7, "higher")), ("Solo is not available.", alone)];
    let one = |(_, info): &(Part, ScanInfo)| {
        let corpus = || "connectivity".to_owned();
        let about = |text: &str, fact| Descriptor::new(&info.id, text.to_owned(), fact);
        said.clone().map(|(text, fact)| Descriptor { corpus: corpus(), norm_scans: 27, ..about(text, fact) })
    };
    scans.iter().flat_map(one).collect()
}

fn reconstruction(scans: &[(Part, ScanInfo)]) -> Reconstruction {
    let (part, info) = scans.iter().find(|(part, _)| *part == Part::Validation).unwrap();
    let of = |phase: f32| (0..6).map(|roi| (0..160).map(|t| wave(t, roi, phase)).collect()).collect();
    let regions = (0..6).map(|roi| format!("region_{roi} <R&L>")).collect();
    Reconstruction {
        scan: info.id.clone(),
        part: *part,
        tr: 2.0,
        regions,
        actual: of(0.0),
        decoded: of(0.35),
    }
}

fn outcomes(task: &str, plugin: &str, scans: &[(Part, ScanInfo)]) -> Vec<OutcomeLine> {
    let held_out = scans.iter().filter(|(part, _)| *part != Part::Train).enumerate();
    held_out
        .map(|(place, (part, info))| {
            let (example, prediction) = match task {
                "condition" => choice(place, plugin),
                "captioning" => caption(plugin),
                "couplings" => band(place, plugin),
                _ => forecast(plugin),
            };
            let outcome = Outcome { scan: info.id.clone(), example, prediction };
            OutcomeLine { part: *part, plugin: plugin.into(), outcome }
        })
        .collect()
}

fn row(stage: &str, plugin: &str, split: &str, metric: &str, value: f64, up: Option<bool>) -> MetricRow {
    MetricRow {
        stage: stage.into(),
        key: "12adbcee074a".into(),
        plugin: plugin.into(),
        split: split.into(),
        group: None,
        seed: 0,
        step: None,
        metric: metric.into(),
        value: Some(value).filter(|value| !value.is_nan()),
        low: None,
        high: None,
        n: None,
        against: None,
        higher_is_better: up,
        chance: (metric == "auroc").then_some(0.5),
        unit: None,
    }
}

fn training() -> Vec<MetricRow> {
    let mut rows = Vec::new();
    type Started<'a> = (&'a str, f64, Option<bool>);
    let stages: [(&str, &str, &[Started<'_>]); 2] = [
        (
            "tokenizer",
            "vq",
            &[
                ("reconstruction", 1.0, Some(false)),
                ("commitment", 0.3, Some(false)),
                ("siglip", 2.2, Some(false)),
                ("domain", 0.7, None),
                ("codebook_perplexity", 60.0, Some(true)),
            ],
        ),
        (
            "alignment",
            "gpt",
            &[
                ("fmri_to_text_loss", 5.1, Some(false)),
                ("fmri_to_fmri_loss", 4.8, Some(false)),
                ("lr", 1e-3, None),
            ],
        ),
    ];
    for (stage, plugin, metrics) in stages {
        for step in (10..=200u64).step_by(10) {
            for (metric, scale, up) in metrics {
                let t = step as f64;
                let shape =
                    if *up == Some(true) { 1.0 - (-t / 60.0).exp() } else { 0.25 + (-t / 60.0).exp() };
                let value = scale * (shape + 0.03 * (t * 0.9).sin());
                rows.push(MetricRow { step: Some(step), ..row(stage, plugin, "", metric, value, *up) });
            }
        }
    }
    rows.push(MetricRow { step: Some(0), ..row("tokenizer", "vq", "", "domain_tokens", 512.0, None) });
    for (part, mse, use_of) in [("train", 0.41, 0.93), ("validation", 0.45, 0.91), ("test", 0.44, f64::NAN)] {
        rows.push(row("codes", "vq", part, "reconstruction_mse", mse, Some(false)));
        rows.push(row("codes", "vq", part, "codebook_use", use_of, Some(true)));
    }
    rows
}

fn scores(task: &str, baselines: &[&str]) -> Vec<MetricRow> {
    let metrics: &[(&str, f64, bool)] = match task {
        "condition" => &[("auroc", 0.62, true), ("balanced_accuracy", 0.41, true), ("log_loss", 1.05, false)],
        "captioning" => {
            &[("fact_accuracy", 0.38, true), ("fact_precision", 0.41, true), ("bleu", 0.213, true)]
        }
        _ => &[
            ("mse", 0.91, false),
            ("pearson_r", 0.12, true),
            ("mse@1", 0.5, false),
            ("mse@5", 0.8, false),
            ("mse@40", 1.1, false),
        ],
    };
    let mut rows = Vec::new();
    for (split, n, shift) in [("validation", 9, 0.03), ("test", 12, 0.0)] {
        let full = |stage: String, plugin: &str, metric: &(&str, f64, bool), offset: f64| {
            let value = metric.1 + offset + shift;
            MetricRow {
                low: Some(value - 0.11),
                high: Some(value + 0.09),
                n: Some(n),
                ..row(&stage, plugin, split, metric.0, value, Some(metric.2))
            }
        };
        for (place, plugin) in baselines.iter().enumerate() {
            for metric in metrics {
                rows.push(full(format!("baseline.{task}"), plugin, metric, 0.15 - 0.3 * place as f64));
            }
        }
        for metric in metrics {
            let stage = || format!("evaluation.{task}");
            rows.push(full(stage(), "gpt", metric, 0.0));
            rows.push(full(stage(), "text-only", metric, -0.08));
            let minus = full(stage(), "gpt", metric, -0.15 - metric.1 - shift);
            rows.push(MetricRow { against: Some(baselines[0].into()), ..minus });
        }
    }
    if task == "condition" {
        // Only one class in the part, so AUROC is undefined.
        let undefined = row("baseline.condition", "majority", "test", "auroc", f64::NAN, Some(true));
        rows.retain(|row| {
            (&row.plugin, &row.split, &row.metric) != (&undefined.plugin, &undefined.split, &undefined.metric)
        });
        rows.push(undefined);
        // Widened, so that the difference is not significant.
        rows.iter_mut()
            .filter(|row| row.against.is_some() && row.metric == "auroc")
            .for_each(|row| row.high = Some(0.04));
    }
    rows
}
