//! Stops a fit at a step of the test's choice, and lets it go on from there.

use std::fs;
use std::path::Path;

use boldface::{Interrupted, Metric, Observer, Result};
use tempfile::TempDir;

/// What was recorded: step, name, the value's bits.
type Row = (u64, String, u64);

/// Keeps a checkpoint of the step it stops at, as if the process were killed after it.
pub(crate) struct Stopping {
    dir: TempDir,
    /// Where to stop; none to go on to the end.
    pub(crate) at: Option<u64>,
    /// Everything recorded, also what was recorded before a stop.
    pub(crate) rows: Vec<Row>,
    /// The step of the checkpoint, and the rows by then.
    kept: Option<(u64, Vec<Row>)>,
    /// Where the fit went on.
    pub(crate) resumed: u64,
}

impl Stopping {
    /// Stops nowhere and has no checkpoint.
    pub(crate) fn new() -> Stopping {
        let dir = tempfile::tempdir().unwrap();
        Stopping { dir, at: None, rows: Vec::new(), kept: None, resumed: 0 }
    }

    /// Where its checkpoint lies.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Fits with a stop after each of `steps` and then to the end: what the last `fit` returned.
    pub(crate) fn at_each<T>(&mut self, steps: &[u64], mut fit: impl FnMut(&mut Stopping) -> Result<T>) -> T {
        for &step in steps {
            self.at = Some(step);
            let stopped = fit(self).err().expect("it stops");
            assert!(stopped.is::<Interrupted>(), "{stopped}");
            // What a killed process had recorded after its checkpoint is lost.
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
