//! An export as the start of an experiment: checks whether it fits, and its part in the keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use boldface::{CheckContext, FmriShape, Problem, Result, ScanInfo};
use boldface_imaging::regions;

use super::cohorts::{Cohorts, DataCache};
use super::resolve::ExperimentPlugins;
use super::{Stage, StageKind};
use crate::export::{Export, LEARNED, Learned, NORMS, REGIONS, TOKENIZER, base, read_learned};
use crate::run::inputs::{MODEL, TEXT_SIDE};
use crate::run::store::cannot;
use crate::spec::{Experiment, StartTable, Table, Taken, plain, written};

/// An export that stages start from.
#[derive(Clone, Debug)]
pub struct Start {
    /// The folder as written in the spec.
    pub written: PathBuf,
    /// The manifest of the export.
    pub export: Arc<Export>,
    root: PathBuf,
    table: StartTable,
    /// The folder of its language model.
    model: String,
    /// Whether the language model can already read fMRI.
    reads_fmri: bool,
    /// Whether norms are taken too. Only `verify` does this, to compute a score of the export again.
    norms: bool,
}

impl Start {
    /// Opens the export named by a spec in `folder` and verifies the hashes of its files.
    pub(super) fn find(
        experiment: &Experiment,
        folder: &Path,
        data: &DataCache,
        problems: &mut Vec<Problem>,
    ) -> Option<Start> {
        let table = experiment.start.clone()?;
        if table.take.is_empty() {
            let problem = Problem::at("start.take", "nothing is taken from the export");
            problems.push(problem.help("write `take = [\"tokenizer\", \"model\"]`, or remove `[start]`"));
            return None;
        }
        let root = folder.join(&table.path);
        let opened = data.exports.get(&root.to_string_lossy(), || Export::open(&root).map(Arc::new));
        match &*opened {
            Ok(export) => {
                let (model, reads_fmri) = (export.model.folder.clone(), export.model.reads_fmri);
                let (written, export) = (table.path.clone(), Arc::clone(export));
                Some(Start { written, export, root, table, model, reads_fmri, norms: false })
            }
            Err(refused) => {
                problems.push(Problem::at("start.path", refused.to_string()));
                None
            }
        }
    }

    /// Whether a part is taken.
    pub fn takes(&self, part: Taken) -> bool {
        self.table.takes(part)
    }

    /// Whether its norms are taken.
    pub(crate) fn takes_norms(&self) -> bool {
        self.norms
    }

    /// Takes everything that a task's score depends on: the norms too, and the language model that the
    /// task used.
    pub(crate) fn whole(&mut self, is_frozen: bool) {
        self.norms = true;
        if let Some(aligned) = self.export.aligned.as_ref().filter(|_| is_frozen) {
            (self.model, self.reads_fmri) = (aligned.folder.clone(), aligned.reads_fmri);
        }
    }

    /// Returns the content of a part for keys.
    pub(super) fn content(&self, part: Taken) -> String {
        let folder = match part {
            Taken::Tokenizer => TOKENIZER,
            Taken::Model => &self.model,
        };
        let learned = self.export.files.get(LEARNED).map(|record| record.blake3.as_str());
        format!("{} {}", self.export.content(folder), learned.unwrap_or_default())
    }

    /// Copies the tokenizer into the artefact `dir`, with the list of people it learned from.
    ///
    /// # Errors
    /// Fails if a file has changed since the export.
    pub(crate) fn copy_tokenizer(&self, dir: &Path) -> Result<()> {
        self.copy_learned(dir)?;
        self.export.copy(&self.root, TOKENIZER, &dir.join(TOKENIZER))
    }

    /// Copies the language model into the artefact `dir` of the text side, with the list of people it
    /// learned from. The model may be a whole one or one that only knows text.
    ///
    /// # Errors
    /// See [`Start::copy_tokenizer`].
    pub(crate) fn copy_model(&self, dir: &Path) -> Result<()> {
        self.copy_learned(dir)?;
        let to = dir.join(if self.reads_fmri { MODEL } else { TEXT_SIDE });
        if to.exists() {
            std::fs::remove_dir_all(&to).map_err(cannot("remove", &to))?;
        }
        self.export.copy(&self.root, &self.model, &to)
    }

    /// Copies the list of people that the export learned from. A later export must include them.
    fn copy_learned(&self, dir: &Path) -> Result<()> {
        let (from, to) = (self.root.join(LEARNED), dir.join(LEARNED));
        std::fs::copy(&from, &to).map_err(cannot("copy", &from))?;
        Ok(())
    }

    /// Copies the learned parts of the corpus generator `name` into `to`.
    ///
    /// # Errors
    /// See [`Start::copy_tokenizer`].
    pub(crate) fn copy_norms(&self, name: &str, to: &Path) -> Result<()> {
        self.export.copy(&self.root, &format!("{NORMS}/{name}"), to)
    }

    /// Returns everyone that the export learned from.
    ///
    /// # Errors
    /// Fails if the list cannot be read.
    pub(crate) fn learned(&self) -> Result<Vec<Learned>> {
        read_learned(&self.root.join(LEARNED))
    }

    /// Reports differences between the export and the spec with its data.
    pub(super) fn check(
        &self,
        experiment: &Experiment,
        parts: &ExperimentPlugins,
        found: &Cohorts,
        problems: &mut Vec<Problem>,
    ) {
        let export = &self.export;
        if parts.tokenizer.is_some() && self.takes(Taken::Tokenizer) {
            problems.extend(differs("tokenizer", &experiment.tokenizer, &export.tokenizer));
        }
        if parts.backbone.is_some() && self.takes(Taken::Model) {
            problems.extend(differs("backbone", &experiment.backbone, &export.backbone));
        }
        let problem = |message: String, help: &str| Problem::at("start.path", message).help(help);
        if let Some(cohort) = found.each.first() {
            match regions::read_names(&self.root.join(REGIONS)) {
                Ok(names) => problems.extend(other_regions(&names, &cohort.regions.names)),
                Err(error) => problems.push(Problem::at("start.path", format!("`{REGIONS}`: {error}"))),
            }
        }
        let other_rate = |scan: &&ScanInfo| !export.tr.contains(&scan.tr);
        if let Some(scan) = found.scans.iter().find(other_rate).filter(|_| !experiment.signal.mixed_tr) {
            let known: Vec<String> = export.tr.iter().map(|tr| format!("{tr} s")).collect();
            let (known, tr) = (known.join(", "), scan.tr);
            let message =
                format!("the export learned from a repetition time of {known}, `{}` has {tr} s", scan.id);
            let help = "resample, or let patches last unequally long with `signal.mixed-tr = true`";
            problems.push(problem(message, help));
        }
        let is_mixed = self.takes(Taken::Model) && !self.takes(Taken::Tokenizer);
        if let (Some(tokenizer), true) = (&parts.tokenizer, is_mixed) {
            let cx = CheckContext {
                scans: &found.scans,
                trs: experiment.signal.trs,
                patch: tokenizer.config.patch().max(1),
            };
            let shape = if found.scans.is_empty() { None } else { tokenizer.config.fmri_shape(&cx) };
            problems.extend(
                shape.and_then(|shape| self.refuses(shape)).map(|message| problem(message, SHAPE_HELP)),
            );
        }
    }

    /// Returns the reason why the language model cannot read tokens of `shape`, or `None` if it can. The
    /// number of patches does not matter.
    pub(crate) fn refuses(&self, shape: FmriShape) -> Option<String> {
        let of = |shape: FmriShape| (shape.rois, shape.width, shape.codebook_size);
        let said = |(rois, width, codes): (usize, usize, usize)| {
            format!("{rois} regions, features of width {width} and {codes} codes")
        };
        let (theirs, ours) = (of(self.export.shape), of(shape));
        (theirs != ours).then(|| {
            format!("the model of the export reads {}, and here there are {}", said(theirs), said(ours))
        })
    }

    /// Reports published weights other than those the export was made with.
    pub(super) fn refuses_base(&self, stages: &[Stage]) -> Option<Problem> {
        let text_space = stages.iter().find(|stage| stage.kind == StageKind::TextSpace)?;
        let base = base(&text_space.config);
        let is_other = self.takes(Taken::Model) && !base.is_null() && base != self.export.base;
        is_other.then(|| {
            let message = "these are not the weights that the export was made with: their content differs";
            Problem::at("backbone", message).help("name the same published model as the export's card does")
        })
    }
}

const SHAPE_HELP: &str = "take the tokenizer from the export too, or give this one the same sizes";

/// Returns the first difference between a plugin's table in the spec and in the export. Seed and path of
/// weights do not matter.
fn differs(section: &str, here: &Table, there: &Table) -> Option<Problem> {
    let matters = |key: &&String| !matches!(key.as_str(), "seed" | "weights");
    if here.get("type") != there.get("type") {
        let name = |table: &Table| table.get("type").map(written).unwrap_or_default().replace('"', "`");
        let message = format!("the export has the {section} {}, not {}", name(there), name(here));
        return Some(
            Problem::at(format!("{section}.type"), message)
                .help("do not take it from the export, or use the plugin of the export"),
        );
    }
    let mut keys: Vec<&String> = here.keys().chain(there.keys()).filter(matters).collect();
    keys.sort();
    let differs = |key: &&String| here.get(*key).cloned().map(plain) != there.get(*key).cloned().map(plain);
    let key = keys.into_iter().find(differs)?;
    let said = |table: &Table| {
        table.get(key).map_or_else(|| "not there".to_owned(), |value| format!("`{}`", written(value)))
    };
    let message = format!("is {} here and {} in the export", said(here), said(there));
    let help = format!(
        "what is loaded must be configured as it was: take `[{section}]` of the export's `spec.toml`"
    );
    Some(Problem::at(format!("{section}.{key}"), message).help(help))
}

/// Returns a problem with the first region that differs.
fn other_regions(theirs: &[String], ours: &[String]) -> Option<Problem> {
    let message = if theirs.len() != ours.len() {
        format!("the export knows {} regions, the data have {}", theirs.len(), ours.len())
    } else {
        let other = (0..ours.len()).find(|&i| ours[i] != theirs[i])?;
        format!("region {} is `{}` in the export and `{}` in the data", other + 1, theirs[other], ours[other])
    };
    Some(
        Problem::at("start.path", message)
            .help("parcellate the data with the export's atlas, in the order of `regions.tsv`"),
    )
}
