//! Reads many scans at once, in any order, and saves them in batches until the stage is finished.
//!
//! A killed stage resumes from these batches.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use boldface::{Dataset, Observer, Regions, Result, ScanInfo, TimeSeries, guard};

use super::checked::{Bad, StoredScan, checked};
use super::{Listed, SeriesConfig, StageContext};
use crate::Recorder;
use crate::config::HashedPlugin;
use crate::spec::{Crop, MissingRegions};
use crate::store::ScanQuality;
use crate::store::arrays::{self, Array, Arrays, matrix};
use crate::store::json;

/// How often to check for an interrupt while no scan finishes.
const PAUSE: Duration = Duration::from_millis(100);

/// Stack size of a reading thread in bytes, as large as a main thread's.
const STACK: usize = 8 << 20;

/// Reads every scan, in the order of `scans`. The error of a scan is the reason why it cannot be used.
/// At most as many scans are read at once as the run has threads, which bounds the number of whole
/// recordings in memory.
///
/// # Errors
/// [`boldface::Interrupted`] if the user stops the run. Scans read so far are saved.
pub fn read(
    work: &mut StageContext<'_, SeriesConfig<'_>>,
    scans: &[Listed<'_>],
    regions: &Regions,
) -> Result<Vec<std::result::Result<StoredScan, Bad>>> {
    let (crop, missing) = (work.config.crop(), work.config.signal.missing_regions);
    let mut desk = Desk::new(&mut work.recorder, scans);
    desk.resume();
    let left: Vec<usize> = (0..scans.len()).filter(|&place| desk.read[place].is_none()).collect();
    on_threads(scans, &left, (regions, crop, missing), |found| desk.take_all(found))?;
    Ok(desk.read.into_iter().flatten().collect())
}

/// What a thread hands over: the index of a scan, and the scan or the reason why it cannot be used.
pub(super) type ScanRead = (usize, std::result::Result<StoredScan, Bad>);

/// Reads the scans at the indices `left`. `take` receives them in any order while they are read.
///
/// # Errors
/// The error of `take`, which ends the reading.
pub(super) fn on_threads<T>(
    scans: &[Listed<'_>],
    left: &[usize],
    (regions, crop, missing): (&Regions, Crop, MissingRegions),
    take: impl FnOnce(&mpsc::Receiver<ScanRead>) -> Result<T>,
) -> Result<T> {
    // Not the pool's threads: one that waits for a library would take up another scan meanwhile.
    let threads = rayon::current_num_threads().clamp(1, left.len().max(1));
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (sender, found) = mpsc::sync_channel(threads);
        for _ in 0..threads {
            let (sender, next, is_over) = (sender.clone(), &next, &is_over);
            let read_scans = move || {
                while let Some(&place) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (entry, info) = &scans[place];
                    // After an interrupt, the receiver is gone.
                    if is_over.load(Ordering::Relaxed)
                        || sender.send((place, one(entry, info, regions, (crop, missing)))).is_err()
                    {
                        return;
                    }
                }
            };
            let thread = std::thread::Builder::new().name("scan".to_owned()).stack_size(STACK);
            thread
                .spawn_scoped(scope, read_scans)
                .map_err(|error| format!("no thread to read scans on: {error}"))?;
        }
        drop(sender);
        let taken = take(&found);
        is_over.store(true, Ordering::Relaxed);
        taken
    })
}

fn one(
    entry: &HashedPlugin<'_, dyn Dataset>,
    info: &ScanInfo,
    regions: &Regions,
    how: (Crop, MissingRegions),
) -> std::result::Result<StoredScan, Bad> {
    let recorded = guard(|| entry.config.record(entry.root, info))
        .map_err(|error| boldface::messages(&*error).join(": "))?;
    checked(recorded, info, regions, how)
}

/// Collects finished scans.
struct Desk<'a, 'b> {
    recorder: &'a mut Recorder<'b>,
    scans: &'a [Listed<'a>],
    read: Vec<Option<std::result::Result<StoredScan, Bad>>>,
    done: usize,
    /// Indices of scans read since the last batch was saved.
    unsaved: Vec<usize>,
}

impl<'a, 'b> Desk<'a, 'b> {
    fn new(recorder: &'a mut Recorder<'b>, scans: &'a [Listed<'a>]) -> Desk<'a, 'b> {
        let read = scans.iter().map(|_| None).collect();
        Desk { recorder, scans, read, done: 0, unsaved: Vec::new() }
    }

    /// Restores the scans that an interrupted run had read.
    fn resume(&mut self) {
        let place: BTreeMap<String, usize> =
            self.scans.iter().enumerate().map(|(place, (_, info))| (info.id.to_string(), place)).collect();
        let (scans, read) = (self.scans, &mut self.read);
        self.recorder.batches(&mut |dir| {
            for kept in kept_in(dir, |measured| {
                let place = *place.get(&measured.scan.to_string())?;
                Some((place, scans[place].1.tr))
            })? {
                let (place, kept) = kept;
                read[place] = Some(Ok(kept));
            }
            Ok(())
        });
        self.done = self.read.iter().flatten().count();
    }

    fn take_all(&mut self, found: &mpsc::Receiver<ScanRead>) -> Result<(), boldface::Error> {
        let total = self.scans.len() as u64;
        loop {
            match found.recv_timeout(PAUSE) {
                Ok((place, read)) => {
                    self.done += 1;
                    if read.is_ok() {
                        self.unsaved.push(place);
                    }
                    self.read[place] = Some(read);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if self.done < self.scans.len() => {
                    return Err("a thread that reads scans has ended".into());
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.keep();
            self.recorder.progress(self.done as u64, total)?;
        }
    }

    /// Saves the scans read since the last batch, if a checkpoint is due.
    fn keep(&mut self) {
        if self.unsaved.is_empty() {
            return;
        }
        let (read, unsaved) = (&self.read, &self.unsaved);
        let kept: Vec<&StoredScan> =
            unsaved.iter().filter_map(|&place| read[place].as_ref()?.as_ref().ok()).collect();
        if self.recorder.keep_batch(self.done as u64, &mut |dir| keep_in(dir, &kept)) {
            self.unsaved.clear();
        }
    }
}

const SERIES: &str = "series.safetensors";
const MEASURED: &str = "measured.json";

fn keep_in(dir: &Path, kept: &[&StoredScan]) -> Result<()> {
    let arrays = kept.iter().map(|kept| (kept.measured.scan.to_string(), Array::from_series(&kept.series)));
    arrays::write(&dir.join(SERIES), &arrays.collect())?;
    let measured: Vec<&ScanQuality> = kept.iter().map(|kept| &kept.measured).collect();
    let lengths: Vec<usize> = kept.iter().map(|kept| kept.trs).collect();
    Ok(std::fs::write(dir.join(MEASURED), serde_json::to_vec(&(measured, lengths))?)?)
}

/// Reads the scans of a batch. `place` returns a scan's index and repetition time, or `None` if it is
/// unknown.
fn kept_in(
    dir: &Path,
    place: impl Fn(&ScanQuality) -> Option<(usize, f64)>,
) -> Result<Vec<(usize, StoredScan)>> {
    let (measured, lengths): (Vec<ScanQuality>, Vec<usize>) = json(&dir.join(MEASURED))?;
    let mut arrays = Arrays::read(&dir.join(SERIES))?.floats()?;
    let mut kept = Vec::new();
    for (measured, whole) in measured.into_iter().zip(lengths) {
        let name = measured.scan.to_string();
        let (place, tr) = place(&measured).ok_or_else(|| format!("`{name}` is no longer a scan"))?;
        let (shape, values) = arrays.remove(&name).ok_or_else(|| format!("`{name}` has no series"))?;
        let (trs, rois) = matrix(&name, &shape)?;
        kept.push((
            place,
            StoredScan { series: TimeSeries::new(trs, rois, tr, values)?, trs: whole, measured },
        ));
    }
    Ok(kept)
}
