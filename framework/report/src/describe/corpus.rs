//! A finished corpus that describes people outside its cohort.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use boldface::registry::PluginKind;
use boldface::{CorpusGenerator, Describer, Descriptor, Result, Scan, ScanId, ScanInfo};
use boldface_imaging::labels::same_order;

use super::find;
use super::named::named;
use super::signal::{self, RequiredRegions};
use crate::spec::{Crop, suggest};
use crate::store::corpus::{FILE, Generator, SavedCorpus};
use crate::store::{FITTED_ON, Manifest, json};
use crate::study::{describe, each};

/// An opened corpus: its norms, and the properties that a scan needs to be compared with them.
pub struct Corpus {
    saved: SavedCorpus,
    describers: Vec<(String, Box<dyn Describer>)>,
    learned_from: BTreeSet<ScanId>,
}

/// Information about a scan that is not in its file.
#[derive(Clone, Debug, Default)]
pub struct ScanDetails {
    /// Repetition time in seconds.
    pub tr: Option<f64>,
    /// Names of its regions. They must be the corpus's own, in the same order.
    pub regions: Option<Vec<String>>,
    /// Phenotype columns, such as `age`.
    pub columns: BTreeMap<String, String>,
    /// Its dataset in the corpus. Defaults to the corpus's only dataset, or else to `new`.
    pub dataset: Option<String>,
}

/// A scan to describe, with warnings for the reader.
#[derive(Clone, Debug)]
pub struct Stranger {
    /// The scan, cropped like those of the corpus.
    pub scan: Scan,
    /// Warnings, such as a different repetition time.
    pub warnings: Vec<String>,
}

/// Largest difference of equal repetition times, in seconds.
const SAME_TR: f64 = 1e-6;

impl Corpus {
    /// Opens the corpus of an artefact, a run or a sweep's arm and verifies the hash of every file.
    ///
    /// # Errors
    /// Fails if there is no corpus, it is damaged, or this version cannot read it.
    pub fn open(path: &Path) -> Result<Corpus> {
        let dir = find(path)?;
        let shown = dir.display();
        let manifest =
            Manifest::whole(&dir).map_err(|error| format!("the corpus `{shown}` cannot be used: {error}"))?;
        if manifest.stage != "corpus" {
            let message =
                format!("`{shown}` is an artefact of the stage `{}`, not of `corpus`", manifest.stage);
            return Err(message.into());
        }
        if !manifest.files.contains_key(FILE) {
            let version = &manifest.boldface;
            return Err(format!(
                "the corpus `{shown}` was made by an older boldface ({version}), which did not save what is needed to \
                 describe others; run the experiment again"
            )
            .into());
        }
        let learned_from: Vec<ScanId> = json(&dir.join(FITTED_ON))?;
        Ok(Corpus { learned_from: learned_from.into_iter().collect(), ..Corpus::read(&dir)? })
    }

    /// Reads the corpus in the folder of norms of an export, whose files were verified.
    ///
    /// # Errors
    /// Fails if this version cannot read it.
    pub fn read(dir: &Path) -> Result<Corpus> {
        let shown = dir.display();
        let saved: SavedCorpus = json(&dir.join(FILE))?;
        let mut describers = Vec::new();
        for generator in &saved.generators {
            let describer = loaded(generator)
                .and_then(|config| config.load(&dir.join(&generator.name)))
                .map_err(|error| format!("the corpus `{shown}`, `{}`: {error}", generator.name))?;
            describers.push((generator.name.clone(), describer));
        }
        Ok(Corpus { saved, describers, learned_from: BTreeSet::new() })
    }

    /// Returns the describers of its generators.
    pub fn into_describers(self) -> Vec<Box<dyn Describer>> {
        self.describers.into_iter().map(|(_, describer)| describer).collect()
    }

    /// Returns the settings it was made with.
    pub fn saved(&self) -> &SavedCorpus {
        &self.saved
    }

    /// Checks whether `known` fits the scans of this corpus.
    ///
    /// # Errors
    /// Fails for regions other than the corpus's own, and for unknown columns and datasets.
    pub fn check(&self, known: &ScanDetails) -> Result<()> {
        if let Some(regions) = &known.regions {
            let names = &self.saved.regions.names;
            same_order(regions, names, ["--regions", "the corpus"])?;
        }
        let columns = &self.saved.columns;
        if let Some(unknown) = known.columns.keys().find(|column| !columns.contains(column)) {
            let help = suggest(unknown, columns.iter().map(String::as_str));
            return Err(
                format!("--column: the tables of the corpus have no column `{unknown}`; {help}").into()
            );
        }
        match known.dataset.as_ref().filter(|dataset| !self.saved.datasets.contains(dataset)) {
            Some(unknown) => {
                let help = suggest(unknown, self.saved.datasets.iter().map(String::as_str));
                Err(format!("--dataset: the corpus has no dataset `{unknown}`; {help}").into())
            }
            None => Ok(()),
        }
    }

    /// Reads the scan at `path`.
    ///
    /// # Errors
    /// Returns the reason why the scan cannot be compared with those of the corpus. A shorter scan is
    /// refused, because measures depend on the length.
    pub fn scan(&self, path: &Path, known: &ScanDetails) -> Result<Stranger> {
        let SavedCorpus { regions, window, datasets, .. } = &self.saved;
        let crop = self.saved.crop.unwrap_or(Crop::fixed(*window));
        let dataset = known.dataset.as_deref().unwrap_or(match &datasets[..] {
            [only] => only,
            _ => "new",
        });
        let id = named(path, dataset).id;
        let wanted = RequiredRegions { regions, whose: "the corpus", tr: known.tr };
        let signal = signal::read(path, &wanted)?;
        let (have, needed) = (signal.series.trs(), crop.needed());
        let Some(window) = crop.window(have) else {
            let which = match (window.start, crop.least == crop.most) {
                (start, false) => format!("{} volumes or more after the first {start}", crop.least),
                (0, true) => format!("the first {}", window.trs),
                (start, true) => format!("{} volumes after the first {start}", window.trs),
            };
            return Err(format!(
                "{have} volumes, but the corpus describes {which} of every scan, and what is measured depends on the \
                 length: give a scan of at least {needed} volumes"
            )
            .into());
        };
        let mut warnings = Vec::new();
        let (series, dead) = signal::without_dead(signal.series.window(window)?, regions)?;
        if !dead.is_empty() {
            warnings.push(format!(
                "{} of {} regions have no signal: {}",
                dead.len(),
                series.rois(),
                quoted(&dead)
            ));
        }
        if !signal.is_named && known.regions.is_none() {
            warnings.push(format!(
                "nothing names its regions; they are assumed to be the {} of the corpus, in its order (name them \
                 with --regions FILE.tsv)",
                series.rois()
            ));
        }
        let tr = series.tr();
        if !self.saved.tr.iter().any(|known| (known - tr).abs() <= SAME_TR) {
            let trs: Vec<String> = self.saved.tr.iter().map(|tr| format!("{tr} s")).collect();
            warnings.push(format!(
                "its repetition time is {tr} s and that of the norms' scans {}; measures of frequencies may \
                 differ for this reason alone",
                trs.join(", ")
            ));
        }
        if self.learned_from.contains(&id) {
            warnings.push(format!("the norms were fitted on a scan named `{id}`, among others"));
        }
        let info = ScanInfo {
            id,
            tr,
            trs: have,
            rois: series.rois(),
            phenotype: known.columns.clone(),
            events: Vec::new(),
            cuts: Vec::new(),
        };
        let (info, regions) = (Arc::new(info), Arc::new(regions.clone()));
        Ok(Stranger { scan: Scan { info, series, regions, descriptors: Vec::new() }, warnings })
    }

    /// Describes each scan with every generator, in the order of the scans, on at most `threads`
    /// threads.
    ///
    /// # Errors
    /// Fails if a generator fails, with its name and the scan's.
    pub fn describe(&self, scans: &[Scan], threads: usize) -> Result<Vec<Vec<Descriptor>>> {
        each(scans.len(), threads, &mut |_| Ok(()), |place| {
            let mut descriptors = Vec::new();
            for (name, describer) in &self.describers {
                descriptors.extend(describe(name, &**describer, &scans[place])?);
            }
            Ok(descriptors)
        })
    }
}

impl std::fmt::Debug for Corpus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Corpus").field("saved", &self.saved).finish_non_exhaustive()
    }
}

/// Returns the generator that the corpus was made with.
fn loaded(generator: &Generator) -> Result<Box<dyn CorpusGenerator>> {
    let Generator { plugin, version, config, library, .. } = generator;
    let known = <dyn CorpusGenerator>::plugins();
    let mut found = known.iter().filter(|known| known.name == plugin);
    let found = found.find(|known| known.content == library.as_deref()).ok_or_else(|| match library {
        Some(_) => format!("it was made by `{plugin}` from a library; load the same library with --plugin"),
        None => format!("this build has no corpus generator `{plugin}`"),
    })?;
    let config =
        (found.parse)(config).map_err(|problem| format!("its config is not understood: {problem}"))?;
    if config.version() != *version {
        return Err(format!(
            "it was made by version {version} of `{plugin}`, and this is version {}; run the experiment again",
            config.version()
        )
        .into());
    }
    Ok(config)
}

/// Lists the first names in backticks.
fn quoted(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
