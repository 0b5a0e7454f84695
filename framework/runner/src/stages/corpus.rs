//! Fits norms on training scans and describes every scan in words.

use std::collections::BTreeMap;

use boldface::{
    Describer, Descriptor, Fact, FactQuestion, Metric, MetricRow, Observer, Part, Result, Scan, ScanId,
    ScanInfo, Split, Window,
};

use super::StageContext;
use crate::describe::{FILE, SavedCorpus, each};

/// Increase when the same config gives different results.
pub const VERSION: u32 = 5;

/// Name of the file with every generator's [`boldface::FactQuestion`]s, by generator.
pub const QUESTIONS: &str = "questions.json";

/// Saves the descriptors of every scan, each generator's fitted state, and everything needed to
/// describe new scans.
pub fn run(work: &mut StageContext<'_>) -> Result<()> {
    let (scans, split) = (work.inputs.raw_scans()?, work.inputs.split()?);
    let train = split.train(&scans)?;
    work.fitted_on(train.iter().map(|scan| &scan.info.id))?;
    let total = (work.plan.corpora.len() * scans.len()) as u64;
    let (mut descriptors, mut questions) = (Vec::new(), BTreeMap::new());
    for (place, entry) in work.plan.corpora.iter().enumerate() {
        let before = place * scans.len();
        work.recorder.progress(before as u64, total)?;
        let folder = work.folder(&entry.name)?;
        let describer = match work.plan.start.as_ref().filter(|start| start.takes_norms()) {
            Some(start) => {
                start.copy_norms(&entry.name, &folder)?;
                entry.config.load(&folder)?
            }
            None => {
                let fitted = entry.config.fit(&train, work.stage.seed);
                let fitted = fitted.map_err(|error| format!("corpus `{}`: {error}", entry.name))?;
                fitted.save(&folder)?;
                fitted
            }
        };
        questions.insert(&entry.name, describer.questions()?);
        let recorder = &mut work.recorder;
        let mut progress = |done: usize| recorder.progress((before + done) as u64, total);
        let threads = rayon::current_num_threads();
        let said = each(scans.len(), threads, &mut progress, |place| {
            describe(&entry.name, &*describer, &scans[place])
        })?;
        descriptors.extend(said.into_iter().flatten());
    }
    let asked = || questions.values().flatten().map(|asked: &FactQuestion| asked.feature.as_str());
    let held_out = &work.plan.experiment.facts.held_out;
    if let Some(pattern) =
        held_out.iter().find(|pattern| !asked().any(|name| FactQuestion::is_named(pattern, name)))
    {
        let known = asked().take(6).collect::<Vec<_>>().join("`, `");
        return Err(
            format!("`facts.held-out`: `{pattern}` names no feature; there are `{known}` and more").into()
        );
    }
    work.write_json(QUESTIONS, &questions)?;
    counted(work, &split, &scans, &descriptors)?;
    let infos: Vec<&ScanInfo> = scans.iter().map(|scan| &*scan.info).collect();
    let train: Vec<&ScanInfo> = train.iter().map(|scan| &*scan.info).collect();
    if let Some(scan) = scans.first() {
        work.write_json(FILE, &SavedCorpus::new(work.plan, &infos, &train, &scan.regions, &descriptors))?;
    }
    Ok(boldface_tables::descriptors::write(&work.dir.join("descriptors.parquet"), &descriptors)?)
}

/// Lets the generator called `corpus` describe a scan, and fills in the fields that the framework
/// knows.
///
/// # Errors
/// If the generator fails. The message names corpus and scan.
pub fn describe(corpus: &str, describer: &dyn Describer, scan: &Scan) -> Result<Vec<Descriptor>> {
    let said = describer.describe(scan);
    let mut said = said.map_err(|error| format!("corpus `{corpus}`, `{}`: {error}", scan.info.id))?;
    for descriptor in &mut said {
        corpus.clone_into(&mut descriptor.corpus);
        descriptor.scan.clone_from(&scan.info.id);
        descriptor.window = Window::first(scan.series.trs());
    }
    Ok(said)
}

/// Records the number of sentences and of unavailable facts: per part, and there per generator and
/// reason.
fn counted(
    work: &mut StageContext<'_>,
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

/// Whether a fact is marked as not available. A missing z is not enough: categories from tables have no
/// z either.
pub(crate) fn is_missing(fact: &Fact) -> bool {
    fact.z.is_none() && fact.band == "not available"
}
