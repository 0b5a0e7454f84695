//! The content-keyed store of artefacts, `runs/cache/<stage>-<key>/`: whole or not there.
//!
//! An artefact is written aside, its manifest last, and renamed. Every file is compared with the
//! manifest before it is used; a damaged artefact is moved away, so that it is made again.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use thiserror::Error;
use tracing::warn;

use super::manifest::{self, Cost, Manifest, Unusable};
use crate::plan::Stage;

/// Artefacts by content key, below a folder of runs.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// What was compared with its manifest since this store was opened.
    verified: Mutex<BTreeMap<PathBuf, Artefact>>,
}

/// A finished stage on disk.
#[derive(Clone, Debug)]
pub struct Artefact {
    dir: PathBuf,
    manifest: Manifest,
}

/// An artefact that is being written; dropped before it is finished, it is removed.
#[derive(Debug)]
pub struct Draft<'a> {
    store: &'a Store,
    dir: PathBuf,
}

/// Held while a run uses the store, so that no other run takes its drafts for leftovers.
#[derive(Debug)]
pub struct InUse(#[expect(dead_code, reason = "the lock is held while the file is open")] Option<File>);

/// The right to make one stage. It ends with the process, however that ends.
#[derive(Debug)]
pub struct StageLock(#[expect(dead_code, reason = "the lock is held while the file is open")] Option<File>);

/// The store cannot be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The system refused.
    #[error("cannot {action} `{}`", path.display())]
    System {
        /// What was tried, such as `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An artefact is there that a newer version made.
    #[error(
        "`{}` cannot be used: {reason}; upgrade boldface, or give another folder of runs with `--runs`",
        path.display()
    )]
    Newer {
        /// The artefact.
        path: PathBuf,
        /// What it says of itself.
        reason: Unusable,
    },
}

/// Gives an error of the system its file and what was tried.
pub(crate) fn cannot(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::System { action, path: path.to_owned(), source }
}

impl Store {
    /// The store of the folder `runs`, which need not exist yet.
    pub fn open(runs: &Path) -> Store {
        Store { root: runs.join("cache"), verified: Mutex::default() }
    }

    /// The folder of all artefacts.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the stage is finished and whole.
    pub fn has(&self, stage: &Stage) -> bool {
        self.artefact(stage).is_some()
    }

    /// The finished stage; none if it was never finished, or is damaged.
    pub fn artefact(&self, stage: &Stage) -> Option<Artefact> {
        self.inspect(stage).ok().flatten()
    }

    /// As [`Store::artefact`], but what a newer version made is not taken for missing.
    ///
    /// # Errors
    /// [`StoreError::Newer`].
    pub fn find(&self, stage: &Stage) -> Result<Option<Artefact>, StoreError> {
        match self.inspect(stage) {
            Err(reason @ Unusable::Newer { .. }) => Err(StoreError::Newer { path: self.dir(stage), reason }),
            found => Ok(found.ok().flatten()),
        }
    }

    /// As [`Store::find`]; a damaged artefact is reported and moved away. To be called by whoever holds
    /// the stage's lock, so that nobody's new artefact is moved away instead of the damaged one.
    ///
    /// # Errors
    /// [`StoreError::Newer`], or if it cannot be moved.
    pub fn whole(&self, stage: &Stage) -> Result<Option<Artefact>, StoreError> {
        let damage = match self.inspect(stage) {
            Err(Unusable::Damaged(damage)) => damage,
            _ => return self.find(stage),
        };
        let dir = self.dir(stage);
        let away = free(&self.root, &format!(".damaged-{}", folder(stage)));
        fs::rename(&dir, &away).map_err(cannot("move away", &dir))?;
        let (stage, dir, away) = (stage.name(), dir.display(), away.display());
        warn!(stage, %dir, %away, damage, "An artefact is damaged; it was moved away and is made again.");
        Ok(None)
    }

    /// Where the artefact of a stage lies, relative to the folder of runs.
    pub fn relative(stage: &Stage) -> PathBuf {
        Path::new("cache").join(folder(stage))
    }

    /// Says that a run uses the store; what killed runs left half-written is removed, unless another
    /// run is going on.
    ///
    /// # Errors
    /// If the store cannot be made.
    pub fn enter(&self) -> Result<InUse, StoreError> {
        fs::create_dir_all(&self.root).map_err(cannot("make", &self.root))?;
        let path = self.root.join(".lock");
        let file = File::create(&path).map_err(cannot("write", &path))?;
        if file.try_lock().is_ok() {
            self.remove_leftovers().map_err(cannot("clean", &self.root))?;
            file.unlock().map_err(cannot("unlock", &path))?;
        }
        // A file system without locks is used without: then nothing is cleaned either.
        Ok(InUse(file.lock_shared().is_ok().then_some(file)))
    }

    /// The right to make a stage; none while another run has it.
    ///
    /// # Errors
    /// If the lock's file cannot be made.
    pub fn try_lock(&self, stage: &Stage) -> Result<Option<StageLock>, StoreError> {
        let path = self.root.join(format!("{LOCK}{}", folder(stage)));
        let file = File::create(&path).map_err(cannot("write", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(StageLock(Some(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            // A file system without locks is used without.
            Err(TryLockError::Error(_)) => Ok(Some(StageLock(None))),
        }
    }

    /// A new folder to write a stage's artefact into.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn draft(&self, stage: &Stage) -> Result<Draft<'_>, StoreError> {
        let name = format!("{DRAFT}{}-{}", folder(stage), std::process::id());
        let dir = free(&self.root, &name);
        fs::create_dir_all(&dir).map_err(cannot("make", &dir))?;
        Ok(Draft { store: self, dir })
    }

    /// Where the checkpoints of a stage lie until it is finished.
    pub fn progress(&self, stage: &Stage) -> PathBuf {
        self.root.join(format!("{PROGRESS}{}", folder(stage)))
    }

    fn dir(&self, stage: &Stage) -> PathBuf {
        self.root.join(folder(stage))
    }

    /// The artefact if it is there; what is wrong with it if it cannot be used.
    fn inspect(&self, stage: &Stage) -> Result<Option<Artefact>, Unusable> {
        let dir = self.dir(stage);
        let verified = || self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(artefact) = verified().get(&dir) {
            return Ok(Some(artefact.clone()));
        }
        if !dir.exists() {
            return Ok(None);
        }
        let artefact = Artefact { manifest: Manifest::verify(&dir, stage)?, dir: dir.clone() };
        verified().insert(dir, artefact.clone());
        Ok(Some(artefact))
    }

    fn remove_leftovers(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(DRAFT) {
                fs::remove_dir_all(entry.path())?;
            } else if name.starts_with(LOCK) {
                // Nobody holds it: whoever does uses the store.
                fs::remove_file(entry.path())?;
            } else if name.strip_prefix(PROGRESS).is_some_and(|of| self.root.join(of).exists()) {
                // The stage was finished, and its run killed before it came to this.
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Artefact {
    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl Draft<'_> {
    /// Where to write.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes what was written the artefact of `stage`.
    ///
    /// # Errors
    /// If it cannot be written or renamed.
    pub fn finish(
        self,
        stage: &Stage,
        inputs: BTreeMap<String, String>,
        cost: Cost,
    ) -> Result<Artefact, StoreError> {
        let manifest = Manifest::of(&self.dir, stage, inputs, cost).map_err(cannot("read", &self.dir))?;
        manifest.write(&self.dir).map_err(cannot("write", &self.dir))?;
        let dir = self.store.dir(stage);
        if let Err(source) = fs::rename(&self.dir, &dir) {
            // Another run may have finished the same stage meanwhile: equal keys, equal content.
            return self.store.artefact(stage).ok_or(StoreError::System {
                action: "write",
                path: dir,
                source,
            });
        }
        manifest::sync_folder(&self.store.root).map_err(cannot("write", &self.store.root))?;
        let progress = self.store.progress(stage);
        if progress.exists()
            && let Err(error) = fs::remove_dir_all(&progress)
        {
            warn!(dir = %progress.display(), %error, "Checkpoints of a finished stage could not be removed.");
        }
        let artefact = Artefact { dir: dir.clone(), manifest };
        let mut verified = self.store.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.insert(dir, artefact.clone());
        Ok(artefact)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if self.dir.exists()
            && let Err(error) = fs::remove_dir_all(&self.dir)
        {
            warn!(dir = %self.dir.display(), %error, "A half-written artefact could not be removed.");
        }
    }
}

const DRAFT: &str = ".tmp-";
const LOCK: &str = ".lock-";
const PROGRESS: &str = ".progress-";

/// `evaluation.condition-89deed144aa3`; what no file system likes in a task's name becomes `_`.
fn folder(stage: &Stage) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    format!("{}-{}", stage.name().chars().map(plain).collect::<String>(), stage.key.short())
}

/// `root/name`, or `root/name-2` ... if that is taken.
fn free(root: &Path, name: &str) -> PathBuf {
    let candidates = (2..).map(|n| format!("{name}-{n}"));
    let mut paths = std::iter::once(name.to_owned()).chain(candidates).map(|name| root.join(name));
    paths.find(|path| !path.exists()).expect("some number is free")
}
