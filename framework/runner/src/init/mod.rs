//! Writes a first spec for a folder of data.
//!
//! File names say which dataset reads the folder. The dataset says how long the scans are and what is known
//! about people. What is assumed stands in the spec as a comment, and so does what its author has to decide.

mod files;
mod targets;
mod text;

use std::path::PathBuf;
use std::sync::Arc;

use boldface::{Cohort, ScanInfo};
use boldface_imaging::regions::NO_NETWORK;

use crate::plan::{Build, DataCache, Located, resolve_cohorts, resolve_layered};
use crate::spec::Layered;
use targets::Target;
use text::SpecText;

pub use text::GENERAL_TEXT;

/// A folder to write a spec for, and what its files do not say.
#[derive(Clone, Debug, Default)]
pub struct InitRequest {
    /// The folder of data.
    pub folder: PathBuf,
    /// The spec to write. Its name is only used in messages, and its folder for relative paths.
    pub out: PathBuf,
    /// Names of the signal files, such as `{subject}_rest.csv`.
    pub pattern: Option<String>,
    /// The table of people.
    pub participants: Option<PathBuf>,
    /// Repetition time in seconds.
    pub tr: Option<f64>,
    /// Atlas of images, with its region table.
    pub parcellation: Option<(PathBuf, Option<PathBuf>)>,
}

/// A spec that passes `check`, and what was found for it.
#[derive(Clone, Debug)]
pub struct FirstSpec {
    /// The text of the spec.
    pub text: String,
    /// What was found, one line each.
    pub found: Vec<String>,
}

/// Reason why no spec can be written.
#[derive(Debug)]
pub enum InitError {
    /// The data have problems. Lines are those of a draft that is not written.
    Data(Vec<Located>),
    /// The folder does not say enough.
    Refused(String),
}

/// Most tasks of a first spec. Further columns are listed in a comment.
const TASKS: usize = 3;

/// Looks at a folder and writes a spec that passes `check`. The file [`GENERAL_TEXT`] must be beside it.
///
/// # Errors
/// If nothing in the folder can be read as scans, something has to be said by the user, or a dataset
/// refuses the files.
pub fn first_spec(
    request: &InitRequest,
    build: &Build<'_>,
    data: &DataCache,
) -> Result<FirstSpec, InitError> {
    let dataset = files::look(request)?;
    let draft = Layered::read(&request.out, &text::draft(&dataset)).map_err(InitError::Data)?;
    let (plan, cohorts) = resolve_cohorts(&draft, build, data).map_err(InitError::Data)?;
    let has_networks = cohorts.iter().any(has_networks);
    let shortest = plan.scans.iter().map(|scan| scan.trs).min().unwrap_or(0);
    let Some(patch) = text::patch(shortest) else {
        return Err(InitError::Refused(format!(
            "the shortest scan has {shortest} volumes, too few for two patches of {}; exclude short scans with \
             `exclude`, or write a spec by hand",
            text::SMALLEST_PATCH
        )));
    };
    let mut spec = SpecText {
        dataset,
        trs: shortest / patch * patch,
        patch,
        has_networks,
        tasks: Vec::new(),
        left_out: Vec::new(),
    };
    spec.dataset.found.push(cohort_line(&plan.scans, has_networks));
    let is_sound = |spec: &SpecText| -> Result<(), Vec<Located>> {
        resolve_layered(&Layered::read(&request.out, &spec.to_toml())?, build, data).map(|_| ())
    };
    // Without its columns, so that each of them stands or falls by itself.
    let without = is_sound(&spec);
    for target in targets::targets(&plan.scans) {
        let column = target.column.clone();
        if spec.tasks.len() == TASKS {
            spec.left_out.push((column, "not asked for, to keep the first run short".to_owned()));
            continue;
        }
        spec.tasks.push(target);
        if let Err(problems) = is_sound(&spec) {
            spec.tasks.pop();
            let reason = problems.first().map_or_else(String::new, |located| located.problem.message.clone());
            spec.left_out.push((column, reason));
        }
    }
    if let (Err(problems), true) = (without, spec.tasks.is_empty()) {
        return Err(InitError::Data(problems));
    }
    let said = spec.tasks.iter().map(Target::said);
    spec.dataset.found.extend(said);
    Ok(FirstSpec { text: spec.to_toml(), found: spec.dataset.found.clone() })
}

fn has_networks(cohort: &Arc<Cohort>) -> bool {
    cohort.regions.networks.iter().any(|network| network != NO_NETWORK)
}

fn cohort_line(scans: &[ScanInfo], has_networks: bool) -> String {
    let mut people: Vec<String> = scans.iter().map(|scan| scan.id.person()).collect();
    people.sort_unstable();
    people.dedup();
    let range = |values: Vec<f64>| {
        let (low, high) = values
            .iter()
            .fold((f64::INFINITY, 0f64), |(low, high), value| (low.min(*value), high.max(*value)));
        if low == high { format!("{low}") } else { format!("{low} to {high}") }
    };
    let trs = range(scans.iter().map(|scan| scan.trs as f64).collect());
    let seconds = range(scans.iter().map(|scan| scan.tr).collect());
    let regions = scans.first().map_or(0, |scan| scan.rois);
    let networks = if has_networks { "with networks" } else { "without networks" };
    format!(
        "{} scans of {} people: {trs} volumes, one every {seconds} s, of {regions} regions {networks}",
        scans.len(),
        people.len()
    )
}
