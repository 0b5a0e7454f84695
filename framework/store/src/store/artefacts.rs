//! The content-addressed store of artefacts, `runs/cache/<stage>-<key>/`. An artefact is complete or
//! missing.
//!
//! An artefact is written to a temporary folder, manifest last, and renamed. Every file is checked
//! against the manifest before use. A damaged artefact is moved away and made again.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use boldface::files;
use thiserror::Error;
use tracing::warn;

use super::manifest::{self, Cost, Manifest, Unusable};
use super::stage::Stage;

/// Artefacts by content key, below a folder of runs.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    /// Artefacts that were verified since this store was opened.
    verified: Mutex<BTreeMap<PathBuf, Artefact>>,
}

/// A finished stage on disk.
#[derive(Clone, Debug)]
pub struct Artefact {
    dir: PathBuf,
    manifest: Manifest,
}

/// An artefact being written. Removed if dropped before it is finished.
#[derive(Debug)]
pub struct ArtefactDraft<'a> {
    store: &'a Store,
    dir: PathBuf,
}

/// Held while a run uses the store, so that no other run removes its drafts as leftovers.
#[derive(Debug)]
pub struct InUse(#[expect(dead_code, reason = "the lock is held while the file is open")] Option<File>);

/// The lock for making one stage. The system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct StageLock(#[expect(dead_code, reason = "the lock is held while the file is open")] Option<File>);

/// Errors of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A system call failed.
    #[error("cannot {action} `{}`", path.display())]
    System {
        /// The attempted action, such as `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A newer version made the artefact.
    #[error(
        "`{}` cannot be used: {reason}; upgrade boldface, or give another folder of runs with `--runs`",
        path.display()
    )]
    Newer {
        /// The artefact.
        path: PathBuf,
        /// Its format and version.
        reason: Unusable,
    },
}

/// Adds the action and the path to a system error.
pub fn cannot(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |source| StoreError::System { action, path: path.to_owned(), source }
}

impl Store {
    /// Opens the store in the folder `runs`, which need not exist yet.
    pub fn open(runs: &Path) -> Store {
        Store { root: runs.join("cache"), verified: Mutex::default() }
    }

    /// Returns the folder of all artefacts.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the stage is finished and undamaged.
    pub fn has(&self, stage: &Stage) -> bool {
        self.artefact(stage).is_some()
    }

    /// Returns the finished stage. `None` if it was never finished or is damaged.
    pub fn artefact(&self, stage: &Stage) -> Option<Artefact> {
        self.inspect(stage).ok().flatten()
    }

    /// Works like [`Store::artefact`], but an artefact of a newer version is an error instead of
    /// missing.
    ///
    /// # Errors
    /// [`StoreError::Newer`].
    pub fn find(&self, stage: &Stage) -> Result<Option<Artefact>, StoreError> {
        match self.inspect(stage) {
            Err(reason @ Unusable::Newer { .. }) => Err(StoreError::Newer { path: self.dir(stage), reason }),
            found => Ok(found.ok().flatten()),
        }
    }

    /// Like [`Store::find`], but reports a damaged artefact and moves it away. The caller must hold the
    /// stage's lock, so that no new artefact is moved by mistake.
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

    /// Returns the path of a stage's artefact, relative to the folder of runs.
    pub fn relative(stage: &Stage) -> PathBuf {
        Path::new("cache").join(folder(stage))
    }

    /// Marks the store as in use. Removes what killed runs left half-written, unless another run is
    /// active.
    ///
    /// # Errors
    /// If the store cannot be made.
    pub fn enter(&self) -> Result<InUse, StoreError> {
        fs::create_dir_all(&self.root).map_err(cannot("make", &self.root))?;
        let path = self.root.join(".lock");
        let file = files::open_lock(&path).map_err(cannot("write", &path))?;
        if file.try_lock().is_ok() {
            self.remove_leftovers().map_err(cannot("clean", &self.root))?;
            file.unlock().map_err(cannot("unlock", &path))?;
        }
        // On a file system without locks the store is used without one, and nothing is cleaned.
        Ok(InUse(file.lock_shared().is_ok().then_some(file)))
    }

    /// Takes the store for one process alone. `None` if a run uses it, or if its file system has no locks.
    ///
    /// # Errors
    /// If the lock's file cannot be made.
    pub fn enter_alone(&self) -> Result<Option<InUse>, StoreError> {
        let path = self.root.join(".lock");
        let file = files::open_lock(&path).map_err(cannot("write", &path))?;
        Ok(file.try_lock().is_ok().then_some(InUse(Some(file))))
    }

    /// Takes the lock of a stage. `None` while another run has it.
    ///
    /// # Errors
    /// If the lock's file cannot be made.
    pub fn try_lock(&self, stage: &Stage) -> Result<Option<StageLock>, StoreError> {
        let path = self.root.join(format!("{LOCK}{}", folder(stage)));
        let file = files::open_lock(&path).map_err(cannot("write", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(StageLock(Some(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            // On a file system without locks stages are made without one.
            Err(TryLockError::Error(_)) => Ok(Some(StageLock(None))),
        }
    }

    /// Creates a temporary folder for a stage's artefact.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn draft(&self, stage: &Stage) -> Result<ArtefactDraft<'_>, StoreError> {
        let name = format!("{DRAFT}{}-{}", folder(stage), std::process::id());
        let dir = free(&self.root, &name);
        fs::create_dir_all(&dir).map_err(cannot("make", &dir))?;
        Ok(ArtefactDraft { store: self, dir })
    }

    /// Returns the path of a stage's checkpoints until it is finished.
    pub fn progress(&self, stage: &Stage) -> PathBuf {
        self.root.join(format!("{PROGRESS}{}", folder(stage)))
    }

    fn dir(&self, stage: &Stage) -> PathBuf {
        self.root.join(folder(stage))
    }

    /// Returns the artefact if it exists, or why it cannot be used.
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
                // No process holds this lock, because its holder would be using the store.
                fs::remove_file(entry.path())?;
            } else if name.strip_prefix(PROGRESS).is_some_and(|of| self.root.join(of).exists()) {
                // The run was killed after finishing the stage and before removing its checkpoints.
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Artefact {
    /// Returns the path of its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl ArtefactDraft<'_> {
    /// Returns the path of the folder to write into.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Turns the draft into the artefact of `stage`.
    ///
    /// # Errors
    /// If it cannot be written or renamed.
    pub fn finish(
        self,
        stage: &Stage,
        inputs: BTreeMap<String, String>,
        cost: Cost,
    ) -> Result<Artefact, StoreError> {
        let manifest = Manifest::create(&self.dir, stage, inputs, cost).map_err(cannot("read", &self.dir))?;
        manifest.write(&self.dir).map_err(cannot("write", &self.dir))?;
        let dir = self.store.dir(stage);
        if let Err(source) = fs::rename(&self.dir, &dir) {
            // Another run may have finished the same stage meanwhile. Equal keys mean equal content.
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

impl Drop for ArtefactDraft<'_> {
    fn drop(&mut self) {
        if self.dir.exists()
            && let Err(error) = fs::remove_dir_all(&self.dir)
        {
            warn!(dir = %self.dir.display(), %error, "A half-written artefact could not be removed.");
        }
    }
}

pub(super) const DRAFT: &str = ".tmp-";
const LOCK: &str = ".lock-";
pub(super) const PROGRESS: &str = ".progress-";

/// Returns the folder's name, such as `evaluation.condition-89deed144aa3`. Characters that a file
/// system may reject become `_`.
fn folder(stage: &Stage) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    format!("{}-{}", stage.name().chars().map(plain).collect::<String>(), stage.key.short())
}

/// Returns `root/name`, or `root/name-2` and so on if that exists.
fn free(root: &Path, name: &str) -> PathBuf {
    let candidates = (2..).map(|n| format!("{name}-{n}"));
    let mut paths = std::iter::once(name.to_owned()).chain(candidates).map(|name| root.join(name));
    paths.find(|path| !path.exists()).expect("some number is free")
}
