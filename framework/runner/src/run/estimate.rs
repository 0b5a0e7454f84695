//! Estimates time and memory of a stage from finished stages of the same kind, and from nothing else.
//!
//! Sizes are in no key. Threads and machine are not taken into account.

use std::fs;

use boldface::Size;
use serde::Deserialize;

use crate::store::{Stage, StageKind, Store, manifest};

/// Bytes per trained parameter: weight, gradient and two moments of the optimiser, 4 each.
const TRAINED: f64 = 16.0;

/// Largest ratio of work between a stage and the finished one that its estimate comes from.
const FARTHEST: f64 = 100.0;

/// Time and memory of a store's finished stages.
#[derive(Clone, Debug, Default)]
pub struct History {
    past: Vec<Past>,
}

/// The fields of a manifest that estimates need.
#[derive(Clone, Debug, Deserialize)]
struct Past {
    stage: String,
    plugin: String,
    key: String,
    seconds: f64,
    #[serde(default)]
    size: Size,
    #[serde(default)]
    peak_memory: Option<u64>,
}

/// Estimated time and memory of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// Seconds.
    pub seconds: f64,
    /// Peak memory of the process in bytes. `None` if the finished stage has no measurement.
    pub memory: Option<u64>,
    /// The finished stage that the estimate comes from, such as `tokenizer-552005275511`.
    pub like: String,
    /// Ratio of this stage's work to that of the finished one.
    pub times: f64,
}

impl History {
    /// Reads the manifests of a store. Skips those that cannot be read.
    pub fn read(store: &Store) -> History {
        let folders = fs::read_dir(store.root()).into_iter().flatten().flatten();
        let mut names: Vec<_> = folders
            .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
            .map(|entry| entry.path())
            .collect();
        // Sorted, so that ties between equally good matches always have the same winner.
        names.sort();
        let read =
            |dir: &std::path::PathBuf| serde_json::from_slice(&fs::read(dir.join(manifest::FILE)).ok()?).ok();
        History { past: names.iter().filter_map(read).collect() }
    }

    /// Estimates `stage` from the finished stage of the same kind and plugin with the most similar
    /// work. `None` without a comparable one.
    pub fn estimate(&self, stage: &Stage) -> Option<Estimate> {
        let kind = kind(&stage.kind);
        let comparable = self.past.iter().filter(|past| {
            let of_kind = past.stage.split('.').next() == Some(kind) && past.plugin == stage.plugin;
            of_kind && past.seconds.is_finite() && past.key != stage.key.0
        });
        let rated = comparable.filter_map(|past| Some((times(&stage.size, &past.size)?, past)));
        let rated = rated.filter(|(times, _)| (1.0 / FARTHEST..=FARTHEST).contains(times));
        let (times, past) = rated.min_by(|(a, _), (b, _)| a.ln().abs().total_cmp(&b.ln().abs()))?;
        Some(Estimate {
            seconds: past.seconds * times,
            memory: past.peak_memory.map(|peak| memory(peak, &stage.size, &past.size)),
            like: format!("{}-{}", past.stage, past.key.get(..12).unwrap_or(&past.key)),
            times,
        })
    }
}

/// Returns the ratio of the work of `now` to that of `past`: amount of data times size of the model.
/// `None` if they cannot be compared.
fn times(now: &Size, past: &Size) -> Option<f64> {
    let ratio = |now: Option<u64>, past: Option<u64>| match (now, past) {
        (Some(now), Some(past)) if now > 0 && past > 0 => Some(now as f64 / past as f64),
        (None, None) => Some(1.0),
        _ => None,
    };
    Some(ratio(now.work, past.work)? * ratio(now.parameters, past.parameters)?)
}

/// Scales the peak with the batch and adds the difference of the weights.
fn memory(peak: u64, now: &Size, past: &Size) -> u64 {
    let batch = match (now.batch, past.batch) {
        (Some(now), Some(past)) if past > 0 => now as f64 / past as f64,
        _ => 1.0,
    };
    let weights = now.parameters.unwrap_or(0) as f64 - past.parameters.unwrap_or(0) as f64;
    (peak as f64 * batch + TRAINED * weights).max(0.0) as u64
}

/// Returns `evaluation` for `evaluation.condition`: tasks of the same plugin are comparable, whatever
/// their names.
fn kind(kind: &StageKind) -> &'static str {
    match kind {
        StageKind::Series => "series",
        StageKind::Split => "split",
        StageKind::Corpus => "corpus",
        StageKind::TextSpace => "text-space",
        StageKind::Tokenizer => "tokenizer",
        StageKind::Codes => "codes",
        StageKind::Alignment => "alignment",
        StageKind::Instruction => "instruction",
        StageKind::Baseline(_) => "baseline",
        StageKind::Evaluation(_) => "evaluation",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::store::Key;

    fn size(parameters: u64, work: u64, batch: u64) -> Size {
        Size { parameters: Some(parameters), work: Some(work), batch: Some(batch), memory: None }
    }

    fn stage(kind: StageKind, plugin: &str, size: Size) -> Stage {
        let (plugin, inputs) = (plugin.to_owned(), vec![]);
        Stage { kind, plugin, seed: 0, inputs, config: Value::Null, size, key: Key("f".repeat(32)) }
    }

    /// Makes a store with these manifests, and with a folder that has none.
    fn history(manifests: &[Value]) -> History {
        let runs = tempfile::tempdir().unwrap();
        for (i, manifest) in manifests.iter().enumerate() {
            let dir = runs.path().join(format!("cache/stage-{i}"));
            fs::create_dir_all(&dir).unwrap();
            fs::write(dir.join("manifest.json"), manifest.to_string()).unwrap();
        }
        let damaged = runs.path().join("cache/stage-damaged");
        fs::create_dir_all(&damaged).unwrap();
        fs::write(damaged.join("manifest.json"), "{").unwrap();
        History::read(&Store::open(runs.path()))
    }

    fn manifest(stage: &str, plugin: &str, seconds: f64, size: Value) -> Value {
        let key = stage.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        json!({ "stage": stage, "plugin": plugin, "key": key, "seconds": seconds, "size": size,
                "peak_memory": 1_000_000, "files": { "weights": { "bytes": 3 } } })
    }

    #[test]
    fn the_stage_most_alike_tells_and_is_named() {
        let past = [
            manifest("tokenizer", "vq", 10.0, json!({ "parameters": 100, "work": 1000, "batch": 10 })),
            manifest("tokenizer", "vq", 99.0, json!({ "parameters": 900, "work": 9000, "batch": 90 })),
            manifest("tokenizer", "quantile", 0.1, json!({})),
        ];
        let history = history(&past);
        // Twice the weights and three times the tokens of the first: 6 times its 10 s. The second would
        // give 200 * 3000 / 8 100 000 = 1 / 13.5. Memory: 1 000 000 * 20 / 10 + 16 * 100.
        let estimate = history.estimate(&stage(StageKind::Tokenizer, "vq", size(200, 3000, 20))).unwrap();
        assert!((estimate.seconds - 60.0).abs() < 1e-9 && (estimate.times - 6.0).abs() < 1e-12);
        assert_eq!(estimate.memory, Some(2_001_600));
        assert_eq!(estimate.like, "tokenizer-746f6b656e69");
        let quantile = history.estimate(&stage(StageKind::Tokenizer, "quantile", Size::default())).unwrap();
        assert_eq!((quantile.seconds, quantile.times), (0.1, 1.0));
    }

    #[test]
    fn a_task_is_told_from_any_task_of_its_plugin() {
        let past = [manifest("evaluation.sex", "classification", 4.0, json!({ "work": 10 }))];
        let history = history(&past);
        let of = |kind: StageKind, plugin: &str| {
            history.estimate(&stage(kind, plugin, Size { work: Some(20), ..Size::default() }))
        };
        assert_eq!(of(StageKind::Evaluation("age".into()), "classification").unwrap().seconds, 8.0);
        assert!(of(StageKind::Evaluation("age".into()), "regression").is_none());
        assert!(of(StageKind::Baseline("sex".into()), "classification").is_none());
    }

    #[test]
    fn nothing_is_told_of_what_cannot_be_compared() {
        let unknown = manifest("tokenizer", "vq", 10.0, json!({}));
        let wanted = stage(StageKind::Tokenizer, "vq", size(1, 1, 1));
        assert!(history(&[unknown]).estimate(&wanted).is_none());
        let small = manifest("tokenizer", "vq", 10.0, json!({ "parameters": 1, "work": 1, "batch": 1 }));
        let times = |work| stage(StageKind::Tokenizer, "vq", size(1, work, 1));
        assert_eq!(history(std::slice::from_ref(&small)).estimate(&times(100)).unwrap().seconds, 1000.0);
        assert!(history(&[small]).estimate(&times(101)).is_none());
        assert!(history(&[]).estimate(&wanted).is_none());
        assert!(History::read(&Store::open(std::path::Path::new("nowhere"))).estimate(&wanted).is_none());
    }
}
