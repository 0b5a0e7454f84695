//! Runs specs in a temporary project, either in this process or with the real binary.

pub mod asked;
pub mod cohort;
pub mod libraries;
pub mod schema;
pub mod shipped;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, OnceLock, PoisonError};

use boldface::Precision;
use boldface_plugins as _;
use boldface_runner::plan::sweep::{Resolved, Sweep, resolve_any};
use boldface_runner::plan::{Build, DataCache, Located, Offer, Plan, Stage, resolve};
use boldface_runner::run::{Events, Failed, Finished, run};
use boldface_runner::spec::Layered;
use tempfile::TempDir;

pub use tools::{chromium, is_ci, python, shared, told};

/// A folder with specs, data and runs. Dropping it deletes the folder.
#[derive(Debug)]
pub struct Sandbox {
    dir: TempDir,
}

/// Events of a run: the stages that ran and those taken from the cache.
#[derive(Debug, Default)]
pub struct Seen {
    /// Names of the stages that ran, in order.
    pub ran: Mutex<Vec<String>>,
    /// Names of the stages that were cached, in order.
    pub cached: Mutex<Vec<String>>,
    /// Stage during which the run is interrupted.
    pub interrupt_in: Option<String>,
    running: Mutex<String>,
}

impl Sandbox {
    /// Creates an empty project.
    ///
    /// # Panics
    /// If no temporary folder can be created.
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Sandbox {
        Sandbox { dir: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// Creates an empty project in memory if the system supports it, for tests that often wait for the
    /// disk.
    ///
    /// # Panics
    /// If no temporary folder can be created.
    pub fn in_memory() -> Sandbox {
        let made = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Sandbox { dir: made.expect("a temporary folder can be made") }
    }

    /// Returns a path in the project.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file, creates its folders and returns its path.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let parent = path.parent().expect("a file lies in a folder");
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .expect("the project can be written to");
        path
    }

    /// Resolves a spec of the project. Its runs are stored in the project.
    ///
    /// # Panics
    /// If the spec has problems. They are printed.
    pub fn plan(&self, name: &str) -> Plan {
        let mut plan = plan(&self.path(name));
        plan.study.experiment.runtime.runs = self.path("runs");
        plan
    }

    /// Resolves a sweep of the project. Its runs are stored in the project.
    ///
    /// # Panics
    /// If the spec has problems or is not a sweep.
    pub fn sweep(&self, name: &str) -> Sweep {
        let mut sweep = sweep(&self.path(name));
        sweep.arms.iter_mut().for_each(|arm| arm.plan.study.experiment.runtime.runs = self.path("runs"));
        sweep
    }

    /// Runs a spec of the project in this process.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run(&self, name: &str, seen: &Seen) -> Result<Finished, Failed> {
        run(&self.plan(name), seen)
    }

    /// Runs the binary in the project.
    ///
    /// # Panics
    /// If it cannot be built or started.
    pub fn boldface(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary starts")
    }

    /// Prepares the binary with its arguments, to run in the project.
    ///
    /// # Panics
    /// If it cannot be built.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.dir.path()).env_remove("BOLDFACE_LOG");
        command
    }
}

impl Seen {
    /// Creates events that interrupt the run during `stage`.
    pub fn interrupting(stage: &str) -> Seen {
        Seen { interrupt_in: Some(stage.to_owned()), ..Seen::default() }
    }

    /// Names of the stages that ran.
    pub fn ran(&self) -> Vec<String> {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Names of the stages that were cached.
    pub fn cached(&self) -> Vec<String> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Events for Seen {
    fn started(&self, stage: &Stage, _: usize, _: usize) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = stage.name();
    }

    fn finished(&self, stage: &Stage, _: f64, cached: bool) {
        let list = if cached { &self.cached } else { &self.ran };
        list.lock().unwrap_or_else(PoisonError::into_inner).push(stage.name());
    }

    fn interrupted(&self) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        self.interrupt_in.as_ref().is_some_and(|stage| *stage == *running)
    }
}

/// Runs `work` in a pool of `threads` threads, as a run does.
///
/// # Panics
/// If the threads cannot be created.
pub fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("the system gives a few threads").install(work)
}

/// Returns the test score of a model or baseline on `task`.
///
/// # Panics
/// If the run's table has no such row.
pub fn test_score(run: &Path, task: &str, plugin: &str, metric: &str) -> f64 {
    let rows = boldface_tables::metrics::read(&run.join("metrics.parquet")).expect("a run has its table");
    let stages = [format!("baseline.{task}"), format!("evaluation.{task}")];
    let found = rows.iter().find(|row| {
        let is_plain = stages.contains(&row.stage) && row.against.is_none();
        is_plain && row.plugin == plugin && row.split == "test" && row.metric == metric
    });
    found.and_then(|row| row.value).expect("the task was scored")
}

/// Returns the path of a file or folder of the repository.
pub fn repository(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(name)
}

/// Resolves a spec like a binary with every engine.
///
/// # Panics
/// If the spec has problems. They are printed.
pub fn plan(path: &Path) -> Plan {
    plan_of(path, &fs::read_to_string(path).expect("the spec is there"))
}

/// Like [`plan`], for a spec with the text `source`.
///
/// # Panics
/// As [`plan`].
pub fn plan_of(path: &Path, source: &str) -> Plan {
    resolve(path, source, &build()).unwrap_or_else(|problems| panic!("{}", lines(&problems)))
}

/// Resolves a sweep like a binary with every engine.
///
/// # Panics
/// If the spec has problems or is a single experiment.
pub fn sweep(path: &Path) -> Sweep {
    let source = fs::read_to_string(path).expect("the spec is there");
    sweep_of(path, Layered::read(path, &source))
}

/// Resolves a shipped sweep. `None` if its data are missing.
///
/// # Panics
/// As [`sweep`].
pub fn shipped_sweep(path: &Path) -> Option<Sweep> {
    Some(sweep_of(path, Ok(shipped::layers(path)?)))
}

fn sweep_of(path: &Path, spec: Result<Layered, Vec<Located>>) -> Sweep {
    let resolved = spec
        .and_then(|spec| resolve_any(&spec, &build(), &DataCache::default()))
        .unwrap_or_else(|problems| panic!("{}", lines(&problems)));
    match resolved {
        Resolved::Sweep(sweep) => sweep,
        Resolved::Experiment(_) => panic!("{} is no sweep", path.display()),
    }
}

/// The engines that shipped specs name, all declared available.
pub const ENGINES: &[Offer<'static>] = &[
    Offer::plain("dfdx"),
    Offer {
        precisions: &[Precision::F32, Precision::Tf32, Precision::Bf16],
        devices: || &["cpu", "cuda:0"],
        ..Offer::plain("tch")
    },
];

/// Declares how the tests' binary was built and which engines it could have.
pub fn build() -> Build<'static> {
    Build { engines: ENGINES, load: &boldface_loader::load }
}

fn lines(problems: &[Located]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

/// Path of the binary, built with the same profile as these tests.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().expect("a test knows its path");
        let profile = test.ancestors().nth(2).expect("a test lies in target/PROFILE/deps");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "boldface-cli"]).current_dir(repository(""));
        if profile.file_name().is_some_and(|name| name == "release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo starts").success(), "the binary does not build");
        profile.join(format!("boldface{}", std::env::consts::EXE_SUFFIX))
    })
}
