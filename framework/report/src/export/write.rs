//! Exports a finished run. The export is written to a temporary folder, its manifest last, and then
//! renamed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use boldface::{Backbone, Card, FactQuestion, FmriShape, Regions, Result, ScanInfo, Split};
use boldface_tables::metrics;
use serde::Serialize;
use serde_json::{Value, json};
use tracing::warn;

use super::card::{self, Subject};
use super::{licence, private, versions};
use crate::report::card::told;
use crate::spec::{Paradigm, Table};
use crate::store::export::{self, Export, NORMS, REGIONS, SavedModel, base, fingerprints};
use crate::store::manifest::collect;
use crate::store::people::{LEARNED, Learned, SPLITS, read_learned, write_learned, write_splits};
use crate::store::{
    self, DESCRIPTORS, FITTED_ON, METRICS, MODEL, Manifest, RECORD, Record, SCANS, SHAPE, SPEC, SPLIT,
    StageKind, StageRecord, TEXT_SIDE, TOKENIZER, cannot, json,
};
use crate::study::{FrameworkKeys, stored};

/// A finished export.
#[derive(Clone, Debug)]
pub struct Exported {
    /// Its folder.
    pub dir: PathBuf,
    /// Number of files and their total size in bytes.
    pub files: (usize, u64),
    /// Notes for people who share the export.
    pub notes: Vec<String>,
}

/// Exports the run in `run` to the folder `to`, with hashed subject ids if `hashed` is set. The same run
/// gives the same bytes.
///
/// # Errors
/// Fails if `to` exists, the run is not finished, an artefact is missing or damaged, or the export
/// cannot be written.
pub fn write(run: &Path, to: &Path, hashed: bool) -> Result<Exported> {
    if to.exists() {
        return Err(format!(
            "`{}` already exists, and nothing is overwritten; name another folder",
            to.display()
        )
        .into());
    }
    let source = Source::open(run)?;
    let aside = Aside::new(to)?;
    let (export, notes) = source.put(&aside.0, hashed)?;
    export.write(&aside.0)?;
    fs::rename(&aside.0, to).map_err(cannot("write", to))?;
    let bytes = export.files.values().map(|record| record.bytes).sum();
    Ok(Exported { dir: to.to_owned(), files: (export.files.len(), bytes), notes })
}

/// The folder to write. It is removed on drop unless it was renamed.
struct Aside(PathBuf);

impl Aside {
    fn new(to: &Path) -> Result<Aside> {
        let name = to.file_name().ok_or_else(|| format!("`{}` names no folder", to.display()))?;
        let dir = to.with_file_name(format!(".{}-{}", name.to_string_lossy(), std::process::id()));
        fs::create_dir_all(&dir).map_err(cannot("make", &dir))?;
        Ok(Aside(dir))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if self.0.exists()
            && let Err(error) = fs::remove_dir_all(&self.0)
        {
            warn!(dir = %self.0.display(), %error, "A half-written export could not be removed.");
        }
    }
}

/// A finished run and its artefacts.
struct Source {
    run: PathBuf,
    record: Record,
}

impl Source {
    fn open(run: &Path) -> Result<Source> {
        // `runs/latest` is a link, and the arms of a sweep are nested deeper than runs.
        let run = fs::canonicalize(run).map_err(cannot("read", run))?;
        let record: Record = json(&run.join(RECORD))?;
        let is_there = |task: &&String| !has(&record, &StageKind::Evaluation((*task).clone()));
        if let Some(task) = record.experiment.tasks.keys().find(is_there) {
            return Err(format!(
                "`{}` is not finished: it stopped before `evaluation.{task}`; run `{}` again to continue",
                run.display(),
                record.spec.display()
            )
            .into());
        }
        Ok(Source { run, record })
    }

    /// Returns the folder of a stage's artefact, after verifying the hashes of its files.
    fn artefact(&self, kind: &StageKind) -> Result<PathBuf> {
        let stage = self.stage(kind).ok_or_else(|| format!("the run has no stage `{kind}`"))?;
        let found = self.run.ancestors().map(|runs| runs.join(&stage.artefact)).find(|dir| dir.is_dir());
        let gone =
            || format!("`{}` is no longer in the store; run the experiment again", stage.artefact.display());
        let dir = found.ok_or_else(gone)?;
        Manifest::whole(&dir).map_err(|reason| {
            format!(
                "`{}` cannot be exported: {reason}; run the experiment again, which makes it anew",
                dir.display()
            )
        })?;
        Ok(dir)
    }

    /// Returns the folder of runs from the path of an artefact in its store.
    fn runs<'a>(&'a self, artefact: &'a Path) -> &'a Path {
        artefact.ancestors().nth(2).unwrap_or(&self.run)
    }

    fn stage(&self, kind: &StageKind) -> Option<&StageRecord> {
        self.record.stages.iter().find(|stage| stage.stage.kind == *kind)
    }

    /// Returns patterns of the features about which the model has learned no facts, in this experiment and in
    /// those that it started from.
    fn held_out(&self) -> Vec<String> {
        let experiment = &self.record.experiment;
        let mut own = match experiment.corpora.is_empty() {
            true => vec!["*".to_owned()],
            false => experiment.facts.held_out.clone(),
        };
        if let Some(start) = &experiment.start {
            let dir = self.origin().join(&start.path);
            let before = Export::read(&dir).map(|export| export.held_out).unwrap_or_default();
            own.retain(|own| before.iter().any(|pattern| FactQuestion::is_named(pattern, own)));
        }
        own
    }

    /// Writes everything except the manifest to `to`.
    fn put(&self, to: &Path, hashed: bool) -> Result<(Export, Vec<String>)> {
        let record = &self.record;
        let (series, text_space) =
            (self.artefact(&StageKind::Series)?, self.artefact(&StageKind::TextSpace)?);
        let scans: Vec<ScanInfo> = json(&series.join(SCANS))?;
        let regions: Regions = json(&series.join(store::REGIONS))?;
        let split: Split = json(&self.artefact(&StageKind::Split)?.join(SPLIT))?;
        let shape: FmriShape = json(&self.artefact(&StageKind::Codes)?.join(SHAPE))?;
        let tokenizer = self.artefact(&StageKind::Tokenizer)?;
        copy(&tokenizer.join(TOKENIZER), &to.join(TOKENIZER), &[])?;
        let model = self.model(MODEL, &[StageKind::Instruction, StageKind::Alignment], &text_space, to)?;
        let aligned = self
            .asks_before_tuning()
            .then(|| self.model("aligned", &[StageKind::Alignment], &text_space, to));
        if !record.experiment.corpora.is_empty() {
            let about_people = [store::manifest::FILE, METRICS, DESCRIPTORS, FITTED_ON];
            copy(&self.artefact(&StageKind::Corpus)?, &to.join(NORMS), &about_people)?;
        }
        let origin = self.origin();
        self.prompts(&origin, to)?;

        let config = |kind| self.stage(kind).map_or(&Value::Null, |stage| &stage.stage.config);
        let datasets = fingerprints(config(&StageKind::Series));
        let mut tr: Vec<f64> = scans.iter().map(|scan| scan.tr).collect();
        tr.sort_by(f64::total_cmp);
        tr.dedup();
        let own = |table: &Table| -> Table {
            let mut table = table.clone();
            table.remove("seed");
            table
        };
        let shared = |table: Table| if hashed { private::table_without_folders(table) } else { table };
        let mut export = Export {
            kind: export::KIND.to_owned(),
            format: export::FORMAT,
            boldface: env!("CARGO_PKG_VERSION").to_owned(),
            name: record.name.clone(),
            // The folder names people, projects and machines.
            origin: if hashed { PathBuf::new() } else { origin.clone() },
            engine: record.experiment.engine.clone(),
            precision: record.experiment.precision,
            tokenizer: shared(own(&record.experiment.tokenizer)),
            backbone: shared(own(&record.experiment.backbone)),
            base: base(config(&StageKind::TextSpace)),
            model,
            aligned: aligned.transpose()?,
            shape,
            tr,
            series: self.stage(&StageKind::Series).map(|stage| stage.stage.key.0.clone()).unwrap_or_default(),
            datasets: datasets.clone(),
            held_out: self.held_out(),
            libraries: self.record.libraries(),
            files: BTreeMap::new(),
        };

        let known = |one: Learned| if hashed { one.hashed() } else { one };
        let mut learned: Vec<Learned> =
            Learned::collect(&scans, &split, &datasets)?.into_iter().map(known).collect();
        for before in [tokenizer.join(LEARNED), text_space.join(LEARNED)] {
            if before.exists() {
                learned.extend(read_learned(&before)?.into_iter().map(known));
            }
        }
        learned.sort();
        learned.dedup();
        write_learned(&to.join(LEARNED), &learned)?;
        write_splits(&to.join(SPLITS), &scans, &split, hashed)?;
        text(&to.join(REGIONS), &table(&regions))?;
        let mut spec = toml::to_string_pretty(&record.experiment)?;
        if hashed {
            spec = toml::to_string_pretty(&private::table_without_folders(toml::from_str(&spec)?))?;
        }
        text(&to.join(SPEC), &spec)?;
        pretty(&to.join("versions.json"), &versions::versions(record, &origin))?;
        pretty(&to.join("normaliser.json"), &normaliser(record, &export.tr))?;

        let mut rows = metrics::read(&self.run.join(METRICS))?;
        let few = if hashed { private::suppress(&mut rows, &scans, &split)? } else { BTreeSet::new() };
        metrics::write(&to.join(METRICS), &record.name, &rows)?;
        let (told, card) = (told(&self.run, self.runs(&series))?, self.card(&origin));
        let (test, validation) = (&told.test, &told.validation);
        let both = format!("# Scores\n\n## Test\n\n{test}\n## Validation\n\n{validation}");
        text(&to.join("metrics.md"), &both)?;
        text(&to.join("LICENCE.md"), &licence::note(&told, &card, hashed))?;
        let subject =
            Subject { record, export: &export, scans: &scans, split: &split, told: &told, card: &card };
        text(&to.join("README.md"), &card::readme(&subject))?;
        if hashed {
            private::check_silent(to, &scans, &origin)?;
        }
        collect(to, "", &mut export.files).map_err(cannot("read", to))?;
        export.files.remove(export::FILE);
        Ok((export, notes(hashed, &few)))
    }

    /// Copies the language model from the first of `stages` in the run, or else from the text side.
    fn model(&self, folder: &str, stages: &[StageKind], text_space: &Path, to: &Path) -> Result<SavedModel> {
        let trained = stages.iter().find(|kind| self.stage(kind).is_some());
        let (from, reads_fmri) = match trained {
            Some(kind) => (self.artefact(kind)?.join(MODEL), true),
            None if text_space.join(MODEL).exists() => (text_space.join(MODEL), true),
            None => (text_space.join(TEXT_SIDE), false),
        };
        copy(&from, &to.join(folder), &[])?;
        let stage = trained.unwrap_or(&StageKind::TextSpace).to_string();
        Ok(SavedModel { folder: folder.to_owned(), stage, reads_fmri })
    }

    /// Whether a task uses the model as it was before instruction tuning.
    fn asks_before_tuning(&self) -> bool {
        let is_probe = |table: &Table| table.get("paradigm") == Some(&json!(Paradigm::Probe));
        self.stage(&StageKind::Instruction).is_some() && self.record.experiment.tasks.values().any(is_probe)
    }

    /// Returns the folder of the spec, as an absolute path if it still exists.
    fn origin(&self) -> PathBuf {
        let folder = &self.record.folder(&self.run);
        fs::canonicalize(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
            .unwrap_or_else(|_| folder.to_owned())
    }

    /// Copies every task's file of paraphrases, which contains the wording of its questions.
    fn prompts(&self, origin: &Path, to: &Path) -> Result<()> {
        for (task, table) in &self.record.experiment.tasks {
            let Some(written) = table.get("prompts").and_then(Value::as_str) else { continue };
            let from = origin.join(written);
            let bytes = fs::read(&from).map_err(cannot("read", &from))?;
            let hash = blake3::hash(&bytes).to_hex();
            let stage = self.stage(&StageKind::Evaluation(task.clone()));
            let asked = stage.and_then(|stage| stage.stage.config["task"]["prompts"].as_str());
            if asked.is_some_and(|asked| !hash.as_str().starts_with(asked)) {
                return Err(
                    format!("`{written}` of `tasks.{task}` has changed since the run; run it again").into()
                );
            }
            let path = to.join("prompts");
            fs::create_dir_all(&path).map_err(cannot("make", &path))?;
            let path = path.join(format!("{task}.toml"));
            fs::write(&path, bytes).map_err(cannot("write", &path))?;
        }
        Ok(())
    }

    /// Returns the backbone's part of the card. It has only a note if the backbone cannot be made here.
    fn card(&self, origin: &Path) -> Card {
        let table = &self.record.experiment.backbone;
        let entry = stored::<dyn Backbone>("backbone", FrameworkKeys::Weights, origin, table);
        let said = entry.map_err(|_| "this build lacks the backbone".to_owned());
        said.and_then(|entry| entry.config.card().map_err(|error| error.to_string())).unwrap_or_else(
            |error| Card {
                notes: vec![format!(
                    "What it was made from could not be looked up when it was exported: {error}"
                )],
                ..Card::default()
            },
        )
    }
}

/// Returns notes for people who share the export. `few` are columns whose groups are not told.
fn notes(hashed: bool, few: &BTreeSet<String>) -> Vec<String> {
    if !hashed {
        return vec![
            "`splits.tsv` and `learned.tsv` hold subject ids; `--without-subjects` writes hashes".to_owned(),
        ];
    }
    let one = |column: &String| {
        format!("no scores of groups of `{column}` are in it, because one has too few people")
    };
    few.iter().map(one).collect()
}

fn has(record: &Record, kind: &StageKind) -> bool {
    record.stages.iter().any(|stage| stage.stage.kind == *kind)
}

/// Describes how series are standardised. Nothing is fitted for it.
fn normaliser(record: &Record, tr: &[f64]) -> Value {
    json!({
        "signal": record.experiment.signal,
        "repetition-times": tr,
        "fitted": Value::Null,
        "about": "Every region of a window is scaled over the volumes that the window shows, and nothing else, as \
                  `signal.standardize` says: zscore is mean 0 and standard deviation 1, robust is median 0 and the \
                  interquartile range of a standard normal. Nothing is fitted over scans. A forecast is in the units of its \
                  context.",
        "norms": if record.experiment.corpora.is_empty() { Value::Null } else { NORMS.into() },
    })
}

fn table(regions: &Regions) -> String {
    let rows = regions.names.iter().zip(&regions.networks).enumerate();
    let rows = rows.map(|(place, (name, network))| format!("{}\t{name}\t{network}\n", place + 1));
    "index\tname\tnetwork\n".to_owned() + &rows.collect::<String>()
}

/// Copies a folder and everything below it, except files at the top named in `without`.
fn copy(from: &Path, to: &Path, without: &[&str]) -> Result<()> {
    fs::create_dir_all(to).map_err(cannot("make", to))?;
    let mut entries = BTreeMap::new();
    for entry in fs::read_dir(from).map_err(cannot("read", from))? {
        let entry = entry.map_err(cannot("read", from))?;
        entries.insert(entry.file_name(), entry.path());
    }
    for (name, path) in entries {
        let inside = to.join(&name);
        if path.is_dir() {
            copy(&path, &inside, &[])?;
        } else if !without.iter().any(|other| name == *other) {
            fs::copy(&path, &inside).map_err(cannot("copy", &path))?;
        }
    }
    Ok(())
}

fn pretty(path: &Path, value: &impl Serialize) -> Result<()> {
    text(path, &(serde_json::to_string_pretty(value)? + "\n"))
}

fn text(path: &Path, text: &str) -> Result<()> {
    Ok(fs::write(path, text).map_err(cannot("write", path))?)
}
