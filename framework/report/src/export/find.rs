//! Finds the folder of a run: by its path, as `latest`, or by the name of an experiment.

use std::fs;
use std::path::{Path, PathBuf};

use boldface::Result;

use crate::store::{RECORD, SWEEP};

/// Returns the folder of the run called `named`. `runs` is the folder of runs. For an experiment, it is
/// the latest run.
///
/// # Errors
/// Fails if there is no such run. The message names alternatives.
pub fn find(named: &Path, runs: &Path) -> Result<PathBuf> {
    for dir in [named.to_owned(), runs.join(named)] {
        if dir.join(RECORD).is_file() {
            return Ok(dir);
        }
        if dir.join(SWEEP).is_file() {
            let shown = dir.display();
            let help = "name one of its arms, a folder in it";
            return Err(format!("`{shown}` is a sweep of several runs: {help}").into());
        }
        if let Some(latest) = latest(&dir) {
            return Ok(latest);
        }
    }
    let (named, runs) = (named.display(), runs.display());
    Err(format!(
        "`{named}` is not a run: it has no `plan.json`; name its folder, `latest`, or an experiment that was run in `{runs}`"
    )
    .into())
}

/// Returns the latest run of an experiment. Its folders are named after the time.
fn latest(experiment: &Path) -> Option<PathBuf> {
    let runs = fs::read_dir(experiment).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    runs.filter(|run| run.join(RECORD).is_file()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_found_by_its_folder_and_by_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let runs = dir.path().join("runs");
        for run in ["pain/2026-11-23T03-12-45", "pain/2026-11-23T03-12-45-2", "pain/2026-10-01T00-00-00"] {
            fs::create_dir_all(runs.join(run)).unwrap();
            fs::write(runs.join(run).join("plan.json"), "{}").unwrap();
        }
        fs::create_dir_all(runs.join("pain/2027-01-01T00-00-00")).unwrap();
        fs::create_dir_all(runs.join("grid/2026")).unwrap();
        fs::write(runs.join("grid/2026/sweep.json"), "{}").unwrap();
        let named = |name: &str| find(Path::new(name), &runs).map_err(|error| error.to_string());
        let last = runs.join("pain/2026-11-23T03-12-45-2");
        assert_eq!(named("pain"), Ok(last.clone()));
        assert_eq!(named(&last.display().to_string()), Ok(last));
        assert!(named("grid/2026").unwrap_err().contains("name one of its arms"));
        assert!(named("pein").unwrap_err().starts_with("`pein` is not a run"));
    }
}
