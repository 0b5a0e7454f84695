//! Reads new scans and holds them to what the model was trained on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use boldface::{FactQuestion, Result, Scan, ScanInfo};

use super::model::Model;
use crate::describe::signal::{self, RequiredRegions};
use crate::describe::{Corpus, named, shared};

/// New scans, cropped as those of the model, in the order of their ids.
#[derive(Clone, Debug, Default)]
pub struct NewScans {
    pub(crate) scans: Vec<Scan>,
    /// The file of each scan.
    pub files: Vec<PathBuf>,
    /// Warnings for the reader.
    pub warnings: Vec<String>,
}

/// Pooled states, one row per scan.
#[derive(Clone, Debug, Default)]
pub struct Embeddings {
    /// Means of the tokenizer's features over all tokens.
    pub tokenizer: Vec<Vec<f32>>,
    /// Pooled hidden states of the language model.
    pub model: Vec<Vec<f32>>,
}

/// Largest difference of equal repetition times, in seconds.
const SAME_TR: f64 = 1e-6;

impl NewScans {
    /// Reads the scans in `files`, which must have the regions, the order, the repetition time and at least
    /// the length of the model's. `tr` is the repetition time of scans without a sidecar, and `regions` the
    /// names of the regions in files that do not name them.
    ///
    /// # Errors
    /// Returns the reason of every scan that does not fit, by its file. Then none is answered.
    pub fn read(
        model: &Model,
        files: &[PathBuf],
        tr: Option<f64>,
        regions: Option<&[String]>,
    ) -> Result<NewScans> {
        let names: Vec<_> = files.iter().map(|path| named(path, "new")).collect();
        if let Some(message) = shared(files.iter().map(PathBuf::as_path).zip(&names)) {
            return Err(message.into());
        }
        if let Some(regions) = regions {
            boldface_imaging::labels::same_order(regions, &model.regions.names, ["--regions", "the model"])?;
        }
        let (mut read, mut refused) = (Vec::new(), Vec::new());
        let mut unnamed = 0;
        for (path, name) in files.iter().zip(names) {
            let one = || -> Result<(Scan, bool)> {
                let wanted = RequiredRegions { regions: &model.regions, whose: "the model", tr };
                let loaded = signal::read(path, &wanted)?;
                let (trs, own) = (loaded.series.trs(), loaded.series.tr());
                if !model.export.tr.iter().any(|known| (known - own).abs() <= SAME_TR) {
                    let known: Vec<String> = model.export.tr.iter().map(|tr| format!("{tr} s")).collect();
                    return Err(format!(
                        "its repetition time is {own} s, and the model has learned {}; resample the scan",
                        known.join(", ")
                    )
                    .into());
                }
                let crop = model.crop();
                let window = crop.window(trs).ok_or_else(|| {
                    format!("{trs} volumes, but the model is shown {} or more", crop.needed())
                })?;
                let (series, _) = signal::without_dead(loaded.series.window(window)?, &model.regions)?;
                let info = ScanInfo {
                    id: name.id.clone(),
                    tr: own,
                    trs,
                    rois: series.rois(),
                    phenotype: BTreeMap::new(),
                    events: Vec::new(),
                    cuts: Vec::new(),
                };
                let regions = Arc::new(model.regions.clone());
                Ok((Scan { info: Arc::new(info), series, regions, descriptors: Vec::new() }, loaded.is_named))
            };
            match one() {
                Ok((scan, is_named)) => {
                    unnamed += usize::from(!is_named && regions.is_none());
                    read.push((scan, path.clone()));
                }
                Err(error) => refused.push(format!("`{}`: {error}", path.display())),
            }
        }
        if !refused.is_empty() {
            let scans = if files.len() == 1 { "scan does" } else { "scans do" };
            let (count, lines) = (refused.len(), refused.join("\n  "));
            return Err(format!(
                "{count} of {} {scans} not fit the model, and none was asked about:\n  {lines}",
                files.len()
            )
            .into());
        }
        let mut warnings = Vec::new();
        if unnamed > 0 {
            warnings.push(format!(
                "nothing names the regions of {unnamed} of {} scans; they are assumed to be the {} of the model, in its \
                 order (name them with --regions FILE.tsv)",
                files.len(),
                model.regions.names.len()
            ));
        }
        read.sort_by(|(a, _), (b, _)| a.info.id.cmp(&b.info.id));
        let (scans, files) = read.into_iter().unzip();
        Ok(NewScans { scans, files, warnings })
    }

    /// Names of the scans, such as `sub-01_task-rest`.
    pub fn names(&self) -> Vec<String> {
        self.scans.iter().map(|scan| scan.info.id.without_dataset()).collect()
    }

    /// Returns the scans with these phenotype columns.
    pub(super) fn with_columns(&self, columns: &BTreeMap<String, String>) -> NewScans {
        let with = |scan: &Scan| {
            let info = ScanInfo { phenotype: columns.clone(), ..scan.info.as_ref().clone() };
            Scan { info: Arc::new(info), ..scan.clone() }
        };
        NewScans { scans: self.scans.iter().map(with).collect(), ..self.clone() }
    }

    /// Returns the scans with their descriptors.
    pub(super) fn described(
        &self,
        corpus: &Corpus,
        questions: &BTreeMap<String, Vec<FactQuestion>>,
        threads: usize,
    ) -> Result<NewScans> {
        let mut described = self.clone();
        for (scan, mut descriptors) in described.scans.iter_mut().zip(corpus.describe(&self.scans, threads)?)
        {
            for descriptor in &mut descriptors {
                let asked = questions.get(&descriptor.corpus).into_iter().flatten();
                let mut asked = asked.filter(|asked| asked.feature == descriptor.fact.feature);
                descriptor.question = asked.next().map(|asked| Arc::new(asked.clone()));
            }
            scan.descriptors = descriptors;
        }
        Ok(described)
    }
}
