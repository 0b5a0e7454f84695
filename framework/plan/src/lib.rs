//! A resolved experiment: typed plugins and ordered stages, each with a content key.

use boldface_spec as spec;
use boldface_stages as stages;
use boldface_store::{label, score, store, study};

mod asking;
mod blame;
mod checks;
mod cohorts;
mod content;
mod context;
mod data;
mod dot;
mod facts;
mod graph;
mod harmonized;
mod hashes;
mod key;
pub mod leak;
mod libraries;
mod limit;
mod lint;
mod mixed;
mod nuisances;
mod power;
mod resolve;
mod silent;
mod size;
mod spelled;
mod start;
pub mod sweep;
mod unchanged;
mod values;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use boldface::{Exclusion, Result, ScanInfo, Split};

use crate::spec::SpecSource;
use crate::stages::split;

pub use crate::spec::Located;
pub use crate::store::{Key, Stage, StageKind, excluded};
pub use crate::study::{Asking, PlannedPlugin, Start, Study};
pub use blame::{ResolvedValue, blame};
pub use cohorts::DataCache;
pub use dot::dot;
pub use leak::{Check, CheckStatus, CheckTime, Proof};
pub use libraries::{load_libraries, no_libraries};
pub use power::power_cautions;
pub use resolve::{Build, Offer, resolve, resolve_cohorts, resolve_layered, resolve_unlinted};
use unchanged::HashedFiles;

/// Everything that a run needs. Only resolving a spec makes a plan.
#[derive(Debug)]
pub struct Plan {
    /// The spec file's stem.
    pub name: String,
    /// The spec file.
    pub path: PathBuf,
    /// The text of the spec. If it extends another, the merged values.
    pub source: String,
    /// The files of a spec that extends another, highest precedence first. Empty for a spec of one file.
    pub layers: Vec<Arc<SpecSource>>,
    /// The experiment with its plugins, as stages see it. The plan derefs to it.
    pub study: Study,
    /// Every scan of all datasets, without its volumes.
    pub scans: Arc<Vec<ScanInfo>>,
    /// Scans that the datasets exclude, with reasons.
    pub excluded: Vec<Exclusion>,
    /// The stages in the order of execution. A stage comes after its inputs.
    pub stages: Vec<Stage>,
    /// The files that the keys hash.
    pub files: Arc<HashedFiles>,
    /// The leakage checks, their findings and the findings that the spec accepts.
    pub leakage: Proof,
}

impl Plan {
    /// Formats the spec with every default filled in. It resolves to the same keys.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(&self.experiment).expect("a spec read from TOML can be written as TOML")
    }

    /// Makes the stages anew, with the keys of a study that has changed.
    pub fn make_stages(&mut self) {
        self.stages = graph::stages(self);
        let scans = Arc::clone(&self.scans);
        size::measure(self, &scans);
    }

    /// Returns the split of `scans`. `None` if the split has several variants.
    ///
    /// # Errors
    /// If a part would be empty.
    pub(crate) fn split(&self, scans: &[ScanInfo]) -> Result<Option<Split>> {
        let seed = self.experiment.split.seed.unwrap_or(self.experiment.seed);
        split::SplitConfig::new(self).divide(scans, seed)
    }
}

impl Deref for Plan {
    type Target = Study;

    fn deref(&self) -> &Study {
        &self.study
    }
}
