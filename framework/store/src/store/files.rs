//! Names of the files and folders in artefacts and in runs, each in one place.

/// The record of a run, in its folder.
pub const RECORD: &str = "plan.json";

/// The record of a sweep, in its folder.
pub const SWEEP: &str = "sweep.json";

/// The spec, in a run's folder and in an export.
pub const SPEC: &str = "spec.toml";

/// Rows of metrics, in every artefact, in a run's folder and in an export.
pub const METRICS: &str = "metrics.parquet";

/// Answers with scores, in a run's folder.
pub const PREDICTIONS: &str = "predictions.parquet";

/// The leak checks, in a run's folder.
pub const PROOF: &str = "leakage.json";

/// The excluded scans, in a run's folder. Missing if no scan is excluded.
pub const EXCLUSIONS: &str = "exclusions.tsv";

/// The scans that a stage's plugins learned from. The leak checks compare them with the split.
pub const FITTED_ON: &str = "fitted-on.json";

/// Everything about facts that a stage teaches, if facts are held out. The leak checks compare it with them.
pub const TAUGHT: &str = "taught.json";

/// The scans of `series`, `text-space` or `codes`, in the order of the arrays.
pub const SCANS: &str = "scans.json";

/// The regions, in the artefact of `series`.
pub const REGIONS: &str = "regions.json";

/// The signal of every scan, in the artefact of `series`.
pub const SERIES: &str = "series.safetensors";

/// The quality measurements in the artefact of `series`. Missing if nothing was measured.
pub const QUALITY: &str = "quality.json";

/// The table with one row per scan, beside [`QUALITY`] and in the run's folder.
pub const QUALITY_TABLE: &str = "quality.parquet";

/// The carpet plots, beside [`QUALITY`].
pub const CARPETS: &str = "carpets.json";

/// The correlations of connectivity with motion, beside [`QUALITY`].
pub const MOTION: &str = "motion.json";

/// The part of every person, in the artefact of `split`.
pub const SPLIT: &str = "split.json";

/// The descriptions of every scan, in the artefact of `corpus`.
pub const DESCRIPTORS: &str = "descriptors.parquet";

/// The vectors of descriptions, in the artefact of `text-space`.
pub const VECTORS: &str = "vectors.safetensors";

/// Folder of the backbone's text side, in the artefact of `text-space`.
pub const TEXT_SIDE: &str = "encoder";

/// Folder of the fitted tokenizer, in its artefact and in an export.
pub const TOKENIZER: &str = "tokenizer";

/// The features of every scan, in the artefact of `codes`.
pub const FEATURES: &str = "features.safetensors";

/// The codes of every scan, in the artefact of `codes`.
pub const CODES: &str = "codes.safetensors";

/// The shape that a backbone needs to know, in the artefact of `codes`.
pub const SHAPE: &str = "shape.json";

/// A few regions of one held-out scan, in the artefact of `codes`.
pub const RECONSTRUCTION: &str = "reconstruction.json";

/// Folder of a language model, in the artefact of the stage that trained it and in an export.
pub const MODEL: &str = "model";

/// The answers to a task, in the artefact of a baseline or an evaluation.
pub const ANSWERS: &str = "outcomes.jsonl";
