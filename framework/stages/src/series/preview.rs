//! Reads the values of scans before a run, to find what the stage would refuse.

use std::path::Path;
use std::time::{Duration, Instant};

use boldface::{Problem, Result, guard};

use super::reading::on_threads;
use super::{Found, MISSING_HELP, cohorts};
use crate::config::Configs;

/// Bytes of images that are read before a run. Tables of series are always read as a whole.
const IMAGES: u64 = 512 << 20;

/// Time before the first progress message and between two messages.
const SILENCE: Duration = Duration::from_secs(3);

/// What was read of all datasets, and the scans that the stage would refuse.
#[derive(Debug)]
pub struct SeriesPreview {
    /// One problem per bad scan, in the order of the scans, at the key of its dataset.
    pub problems: Vec<Problem>,
    /// What was read of each dataset.
    pub datasets: Vec<DatasetPreview>,
}

/// How much of a dataset was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetPreview {
    /// Its name in the spec.
    pub name: String,
    /// Number of its scans.
    pub scans: usize,
    /// Number of scans that were read.
    pub read: usize,
    /// Bytes of all its files.
    pub bytes: u64,
}

impl SeriesPreview {
    /// Reads the scans as the stage `series` does, but keeps none. A dataset without files is left out. Of a dataset of images, only
    /// the first scans are read if all would take long. `tell` receives progress messages.
    ///
    /// # Errors
    /// If a cohort cannot be read. A scan that cannot be read is a problem instead.
    pub fn read(configs: &Configs<'_>, tell: fn(&str)) -> Result<SeriesPreview> {
        let config = &configs.series;
        let Found { regions, scans, .. } = cohorts(config)?;
        let (mut datasets, mut left) = (Vec::new(), Vec::new());
        for entry in config.datasets.iter() {
            let own = scans.iter().enumerate().filter(|(_, (of, _))| of.name == entry.name);
            let own: Vec<usize> = own.map(|(place, _)| place).collect();
            let files = guard(|| entry.config.files(entry.root)).unwrap_or_default();
            if files.is_empty() {
                continue;
            }
            let bytes = files.iter().filter_map(|file| Some(std::fs::metadata(file).ok()?.len())).sum();
            let are_images = files.iter().any(|file| is_image(file));
            let read = if are_images { affordable(own.len(), bytes) } else { own.len() };
            left.extend(&own[..read]);
            datasets.push(DatasetPreview { name: entry.name.to_owned(), scans: own.len(), read, bytes });
        }
        let how = (&regions, config.crop(), config.signal.missing_regions);
        let mut bad = on_threads(&scans, &left, how, |found| {
            let (mut bad, mut last) = (Vec::new(), Instant::now());
            for (done, (place, read)) in found.iter().enumerate() {
                if last.elapsed() >= SILENCE {
                    tell(&format!("reading values: {} of {} scans", done + 1, left.len()));
                    last = Instant::now();
                }
                bad.extend(read.err().map(|bad| (place, bad)));
            }
            Ok(bad)
        })?;
        bad.sort_by_key(|(place, _)| *place);
        let problem = |(place, bad): (usize, super::Bad)| {
            let (entry, info) = &scans[place];
            let help = if bad.is_missing { MISSING_HELP } else { "fix the scan or remove it" };
            let message = format!("scan `{}`: {}", info.id, bad.reason);
            Problem::at(format!("datasets.{}", entry.name), message).help(help)
        };
        Ok(SeriesPreview { problems: bad.into_iter().map(problem).collect(), datasets })
    }
}

fn is_image(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    [".nii", ".nii.gz", ".img"].iter().any(|end| name.ends_with(end))
}

/// Returns how many of `scans` images, `bytes` together, are read before a run: at least one.
fn affordable(scans: usize, bytes: u64) -> usize {
    let each = (bytes / scans.max(1) as u64).max(1);
    scans.min(usize::try_from(IMAGES / each).unwrap_or(scans).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_read_up_to_a_limit() {
        assert_eq!(affordable(0, 0), 0);
        assert_eq!(affordable(40, 40 << 20), 40);
        assert_eq!(affordable(40, 40 * (100 << 20)), 5);
        assert_eq!(affordable(40, 40 * (10 << 30)), 1);
        assert!(is_image(Path::new("a/sub-1_bold.nii.gz")) && !is_image(Path::new("sub-1.csv")));
    }
}
