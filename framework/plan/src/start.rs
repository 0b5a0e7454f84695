//! An export as the start of an experiment: checks whether it fits, and its part in the keys.

use std::path::Path;
use std::sync::Arc;

use boldface::{CheckContext, Problem, ScanInfo};
use boldface_imaging::regions;

use super::cohorts::{Cohorts, DataCache};
use super::resolve::ExperimentPlugins;
use super::{Stage, StageKind, Start};
use crate::spec::{Experiment, Table, Taken, plain, written};
use crate::store::export::{Export, REGIONS, base};

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

/// The export that an experiment starts from, as the checks here see it.
pub(super) struct StartChecks<'a>(pub(super) &'a Start);

impl StartChecks<'_> {
    /// Reports differences between the export and the spec with its data.
    pub(super) fn check(
        &self,
        experiment: &Experiment,
        parts: &ExperimentPlugins,
        found: &Cohorts,
        problems: &mut Vec<Problem>,
    ) {
        let export = &self.0.export;
        if parts.tokenizer.is_some() && self.0.takes(Taken::Tokenizer) {
            problems.extend(differs("tokenizer", &experiment.tokenizer, &export.tokenizer));
        }
        if parts.backbone.is_some() && self.0.takes(Taken::Model) {
            problems.extend(differs("backbone", &experiment.backbone, &export.backbone));
        }
        let problem = |message: String, help: &str| Problem::at("start.path", message).help(help);
        if let Some(cohort) = found.each.first() {
            match regions::read_names(&self.0.root.join(REGIONS)) {
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
        let is_mixed = self.0.takes(Taken::Model) && !self.0.takes(Taken::Tokenizer);
        if let (Some(tokenizer), true) = (&parts.tokenizer, is_mixed) {
            let cx = CheckContext {
                scans: &found.scans,
                trs: experiment.signal.trs,
                patch: tokenizer.config.patch().max(1),
            };
            let shape = if found.scans.is_empty() { None } else { tokenizer.config.fmri_shape(&cx) };
            problems.extend(
                shape.and_then(|shape| self.0.refuses(shape)).map(|message| problem(message, SHAPE_HELP)),
            );
        }
    }

    /// Reports published weights other than those the export was made with.
    pub(super) fn refuses_base(&self, stages: &[Stage]) -> Option<Problem> {
        let text_space = stages.iter().find(|stage| stage.kind == StageKind::TextSpace)?;
        let base = base(&text_space.config);
        let is_other = self.0.takes(Taken::Model) && !base.is_null() && base != self.0.export.base;
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
