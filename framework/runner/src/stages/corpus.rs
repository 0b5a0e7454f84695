//! Fits norms on training scans and describes every scan in words.

use boldface::{Metric, Observer, Part, Result, Window};

use super::Work;

/// Raised when the same config gives different results.
pub const VERSION: u32 = 3;

/// Saves the descriptors of every scan, and what each generator learned.
pub fn run(work: &mut Work<'_>) -> Result<()> {
    let (scans, split) = (work.inputs.scans()?, work.inputs.split()?);
    let train = split.train(&scans)?;
    work.fitted_on(train.iter().map(|scan| &scan.info.id))?;
    let total = (work.plan.corpora.len() * scans.len()) as u64;
    let mut done = 0;
    let mut descriptors = Vec::new();
    for entry in &work.plan.corpora {
        let describer = entry
            .config
            .fit(&train, work.stage.seed)
            .map_err(|error| format!("corpus `{}`: {error}", entry.name))?;
        describer.save(&work.folder(&entry.name)?)?;
        for scan in scans.iter() {
            let said = describer.describe(scan);
            let mut said =
                said.map_err(|error| format!("corpus `{}`, `{}`: {error}", entry.name, scan.info.id))?;
            for descriptor in &mut said {
                descriptor.corpus.clone_from(&entry.name);
                descriptor.scan.clone_from(&scan.info.id);
                descriptor.window = Window::first(scan.series.trs());
            }
            descriptors.extend(said);
            done += 1;
            work.recorder.progress(done, total)?;
        }
    }
    for part in Part::ALL {
        let scans = split.of(part, &scans)?.len();
        let mut of_part = Vec::new();
        for descriptor in &descriptors {
            if split.part(&descriptor.scan)? == part {
                of_part.push(descriptor);
            }
        }
        work.recorder.part(part, Metric::neutral("descriptors", of_part.len() as f64), scans);
        let missing = of_part.iter().filter(|descriptor| descriptor.fact.z.is_none()).count();
        work.recorder.part(part, Metric::neutral("not_available", missing as f64), scans);
    }
    Ok(boldface_tables::descriptors::write(&work.dir.join("descriptors.parquet"), &descriptors)?)
}
