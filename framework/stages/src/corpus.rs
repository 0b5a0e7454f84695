//! Fits norms on training scans and describes every scan in words.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{
    CorpusGenerator, Descriptor, FactQuestion, Metric, MetricRow, Observer, Part, Regions, Result, Scan,
    ScanId, ScanInfo, Split, Window,
};
use serde::Serialize;

use super::StageContext;
use super::config::{ByName, ExportedPart, HashedPlugin};
use super::series;
use super::taught::TAUGHT_VERSION;
use crate::spec::closest;
use crate::store::DESCRIPTORS;
use crate::store::corpus::{FILE, Generator, QUESTIONS, SavedCorpus, is_missing};
use crate::study::{Study, describe, each};

/// Number of features that a message lists.
const LISTED: usize = 6;

/// Increase when the same config gives different results.
pub const VERSION: u32 = 6;

/// What the stage reads.
#[derive(Debug, Serialize)]
pub struct CorpusConfig<'a> {
    /// The corpus generators.
    pub corpora: ByName<HashedPlugin<'a, dyn CorpusGenerator>>,
    /// Patterns of the facts held out, with the version of the proof. Every stage that learns from the corpus
    /// reads this stage, so they are part of its key too.
    held_out: Option<(&'a [String], u32)>,
    /// Norms of an export, instead of fitted ones.
    norms: Option<ExportedPart<'a>>,
}

impl<'a> CorpusConfig<'a> {
    /// Takes what the stage reads from a study. `None` without a corpus.
    pub fn new(study: &'a Study) -> Option<CorpusConfig<'a>> {
        let corpora =
            study.corpora.iter().map(|entry| HashedPlugin::new(entry, |corpus| corpus.version(), None));
        let held_out = &study.experiment.facts.held_out[..];
        let norms = study.start.as_ref().and_then(|start| Some((start, start.norms_content()?)));
        (!study.corpora.is_empty()).then(|| CorpusConfig {
            corpora: corpora.collect(),
            held_out: (!held_out.is_empty()).then_some((held_out, TAUGHT_VERSION)),
            norms: norms.map(|(start, content)| ExportedPart::new(start, content)),
        })
    }

    /// Returns the patterns of the facts held out.
    pub fn held_out(&self) -> &'a [String] {
        self.held_out.map_or(&[], |(patterns, _)| patterns)
    }
}

/// Saves the descriptors of every scan, each generator's fitted state, and everything needed to
/// describe new scans.
pub fn run(work: &mut StageContext<'_, CorpusConfig<'_>>) -> Result<()> {
    let (scans, split) = (work.inputs.raw_scans()?, work.inputs.split()?);
    let train = split.train(&scans)?;
    work.fitted_on(train.iter().map(|scan| &scan.info.id))?;
    let total = (work.config.corpora.len() * scans.len()) as u64;
    let (mut descriptors, mut questions) = (Vec::new(), BTreeMap::new());
    for (place, entry) in work.config.corpora.iter().enumerate() {
        let before = place * scans.len();
        work.recorder.progress(before as u64, total)?;
        let folder = work.folder(entry.name)?;
        let describer = match &work.config.norms {
            Some(norms) => {
                norms.start.copy_norms(entry.name, &folder)?;
                entry.config.load(&folder)?
            }
            None => {
                let fitted = entry.config.fit(&train, work.seed);
                let fitted = fitted.map_err(|error| format!("corpus `{}`: {error}", entry.name))?;
                fitted.save(&folder)?;
                fitted
            }
        };
        questions.insert(entry.name, describer.questions()?);
        let recorder = &mut work.recorder;
        let mut progress = |done: usize| recorder.progress((before + done) as u64, total);
        let threads = rayon::current_num_threads();
        let said = each(scans.len(), threads, &mut progress, |place| {
            describe(entry.name, &*describer, &scans[place])
        })?;
        descriptors.extend(said.into_iter().flatten());
    }
    let asked = questions.values().flatten().map(|asked: &FactQuestion| asked.feature.clone());
    let (asked, held_out) = (asked.collect::<Vec<_>>(), work.config.held_out());
    let is_unknown =
        |pattern: &&String| !asked.iter().any(|feature| FactQuestion::is_named(pattern, feature));
    if let Some(pattern) = held_out.iter().find(is_unknown) {
        let advice = advice(pattern, &asked);
        let message =
            format!("`facts.held-out`: `{pattern}` matches no feature that a corpus asks about; {advice}");
        return Err(message.into());
    }
    work.write_json(QUESTIONS, &questions)?;
    counted(work, &split, &scans, &descriptors)?;
    let infos: Vec<&ScanInfo> = scans.iter().map(|scan| &*scan.info).collect();
    let train: Vec<&ScanInfo> = train.iter().map(|scan| &*scan.info).collect();
    if let Some(scan) = scans.first() {
        work.write_json(
            FILE,
            &saved((work.config, work.inputs.series()), &infos, &train, &scan.regions, &descriptors),
        )?;
    }
    Ok(boldface_tables::descriptors::write(&work.dir.join(DESCRIPTORS), &descriptors)?)
}

/// Records the number of sentences and of unavailable facts: per part, and there per generator and
/// reason.
fn counted(
    work: &mut StageContext<'_, CorpusConfig<'_>>,
    split: &Split,
    scans: &[Scan],
    descriptors: &[Descriptor],
) -> Result<()> {
    let mut parts: BTreeMap<&ScanId, Part> = BTreeMap::new();
    for scan in scans {
        parts.insert(&scan.info.id, split.part(&scan.info.id)?);
    }
    for part in Part::ALL {
        let n = parts.values().filter(|&&of| of == part).count();
        let said = || descriptors.iter().filter(|descriptor| parts.get(&descriptor.scan) == Some(&part));
        work.recorder.part(part, Metric::neutral("descriptors", said().count() as f64), n);
        let missing = || said().filter(|descriptor| is_missing(&descriptor.fact));
        work.recorder.part(part, Metric::neutral("not_available", missing().count() as f64), n);
        let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for descriptor in missing() {
            let reason = descriptor.fact.reason.as_deref().unwrap_or("nobody said why");
            *reasons.entry((&descriptor.corpus, reason)).or_default() += 1;
        }
        let row = |((corpus, reason), count): ((&str, &str), usize)| MetricRow {
            split: part.name().to_owned(),
            plugin: corpus.to_owned(),
            group: Some(format!("reason={reason}")),
            n: Some(n as u64),
            ..work.recorder.row(Metric::neutral("not_available", count as f64))
        };
        let rows: Vec<MetricRow> = reasons.into_iter().map(row).collect();
        work.recorder.extend(rows);
    }
    Ok(())
}

/// Returns the settings of the corpus, and of the series that it describes. `infos` are all scans; `train` are the training
/// scans.
fn saved(
    (config, series): (&CorpusConfig<'_>, &series::SeriesConfig<'_>),
    infos: &[&ScanInfo],
    train: &[&ScanInfo],
    regions: &Regions,
    descriptors: &[Descriptor],
) -> SavedCorpus {
    let mut norms: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for descriptor in descriptors.iter().filter(|descriptor| !descriptor.norm.is_empty()) {
        norms.entry(&descriptor.corpus).or_default().insert(descriptor.norm.clone());
    }
    let generators = config.corpora.iter().map(|entry| Generator {
        name: entry.name.to_owned(),
        plugin: entry.plugin.to_owned(),
        version: entry.config.version(),
        config: entry.config.resolved(),
        library: entry.library().map(str::to_owned),
        norms: norms.remove(entry.name).unwrap_or_default(),
    });
    let columns: BTreeSet<&String> = infos.iter().flat_map(|info| info.phenotype.keys()).collect();
    let mut tr: Vec<f64> = train.iter().map(|info| info.tr).collect();
    tr.sort_by(f64::total_cmp);
    tr.dedup();
    let people: BTreeSet<String> = train.iter().map(|info| info.id.person()).collect();
    let signal = series.signal;
    SavedCorpus {
        boldface: env!("CARGO_PKG_VERSION").to_owned(),
        generators: generators.collect(),
        datasets: series.datasets.iter().map(|entry| entry.name.to_owned()).collect(),
        columns: columns.into_iter().cloned().collect(),
        regions: regions.clone(),
        window: Window { start: signal.start, trs: signal.trs },
        crop: signal.min_trs.map(|_| series.crop()),
        tr,
        scans: train.len(),
        people: people.len(),
    }
}

/// Returns the most similar feature, or the first few.
pub fn advice(pattern: &str, known: &[String]) -> String {
    if let Some(near) = closest(pattern, known.iter().map(String::as_str)) {
        return format!("did you mean `{near}`?");
    }
    let listed: Vec<String> = known.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    match (listed.is_empty(), known.len().saturating_sub(LISTED)) {
        (true, _) => "no corpus here asks about anything".to_owned(),
        (_, 0) => format!("there are {}", listed.join(", ")),
        (_, more) => format!("there are {} and {more} more", listed.join(", ")),
    }
}
