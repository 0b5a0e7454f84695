//! Stops a fit at a step that the test chooses, and resumes it from there.

use std::fs;
use std::path::Path;

use boldface::{Interrupted, Metric, Observer, Result};
use tempfile::TempDir;

/// A recorded metric: step, name and bits of the value.
type Row = (u64, String, u64);

/// Keeps a checkpoint at the step where it stops, as if the process were killed after it.
pub(crate) struct Stopping {
    dir: TempDir,
    /// The step to stop at; `None` to run to the end.
    pub(crate) at: Option<u64>,
    /// Everything recorded, including the rows before a stop.
    pub(crate) rows: Vec<Row>,
    /// The step of the checkpoint, and the rows up to it.
    kept: Option<(u64, Vec<Row>)>,
    /// The step from which the fit resumed.
    pub(crate) resumed: u64,
}

impl Stopping {
    /// Creates an observer that never stops and has no checkpoint.
    pub(crate) fn new() -> Stopping {
        let dir = tempfile::tempdir().unwrap();
        Stopping { dir, at: None, rows: Vec::new(), kept: None, resumed: 0 }
    }

    /// Returns the folder of its checkpoint.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Fits with a stop after each of `steps`, then to the end. Returns the result of the last `fit`.
    pub(crate) fn at_each<T>(&mut self, steps: &[u64], mut fit: impl FnMut(&mut Stopping) -> Result<T>) -> T {
        for &step in steps {
            self.at = Some(step);
            let stopped = fit(self).err().expect("it stops");
            assert!(stopped.is::<Interrupted>(), "{stopped}");
            // A killed process loses the rows recorded after its checkpoint.
            self.rows.push((0, "lost".to_owned(), 0));
        }
        self.at = None;
        fit(self).unwrap()
    }
}

impl Observer for Stopping {
    fn record(&mut self, step: u64, metric: Metric) {
        self.rows.push((step, metric.name, metric.value.to_bits()));
    }

    fn progress(&mut self, done: u64, _: u64) -> Result<()> {
        if self.at == Some(done) { Err(Interrupted.into()) } else { Ok(()) }
    }

    fn resume(&mut self, read: &mut dyn FnMut(&Path) -> Result<()>) -> u64 {
        let Some((step, rows)) = self.kept.clone() else {
            self.rows.clear();
            return 0;
        };
        read(self.dir.path()).unwrap();
        (self.resumed, self.rows) = (step, rows);
        step
    }

    fn checkpoint(&mut self, step: u64, write: &mut dyn FnMut(&Path) -> Result<()>) {
        if self.at == Some(step) {
            for entry in fs::read_dir(self.dir.path()).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
            write(self.dir.path()).unwrap();
            self.kept = Some((step, self.rows.clone()));
        }
    }
}
