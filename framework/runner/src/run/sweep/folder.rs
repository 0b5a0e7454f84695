//! The folder of a sweep's run: `sweep.json`, and one folder per arm.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::plan::Plan;
use crate::plan::sweep::{Arm, Sweep};
use crate::run::Failed;
use crate::run::folder::{RunFolder, begin};
use crate::run::leakage::Watch;
use crate::run::predictions;
use crate::store::{
    ArmRecord, ArmStatus, Artefact, METRICS, Record, SWEEP, StageKind, StageRecord, SweepRecord,
};

/// `runs/<sweep>/<time>/`.
pub(super) struct SweepFolder {
    folder: RunFolder,
    record: SweepRecord,
    settled: BTreeSet<usize>,
}

impl SweepFolder {
    /// Creates the folder with the spec and the list of arms.
    pub fn create(sweep: &Sweep) -> Result<SweepFolder, Failed> {
        let folder = RunFolder::make(sweep.runs(), &sweep.name)?;
        folder.spec(&sweep.source)?;
        let record = begin_sweep(sweep);
        let folder = SweepFolder { folder, record, settled: BTreeSet::new() };
        folder.write()?;
        Ok(folder)
    }

    /// Returns the path of the folder.
    pub fn dir(&self) -> &Path {
        self.folder.dir()
    }

    /// Whether an arm's folder has been written.
    pub fn is_settled(&self, arm: usize) -> bool {
        self.settled.contains(&arm)
    }

    /// Writes the folder of an arm with its finished stages.
    pub fn settle(
        &mut self,
        arm: usize,
        plan: &Plan,
        stages: Vec<(Artefact, StageRecord)>,
        is_whole: bool,
        error: Option<String>,
    ) -> Result<(), Failed> {
        self.settled.insert(arm);
        let done = stages.iter().map(|(artefact, record)| (record.stage.name(), artefact.clone())).collect();
        let (proof, leaks) = match Watch::whole(plan, &done) {
            Ok((proof, leaks)) => (proof, leaks.map(|leaks| leaks.to_string())),
            Err(error) => (plan.leakage.clone(), Some(error.to_string())),
        };
        let error = error.or(leaks);
        let said = &mut self.record.arms[arm];
        said.status = match (&error, is_whole) {
            (Some(_), _) => ArmStatus::Failed,
            (None, true) => ArmStatus::Finished,
            (None, false) => ArmStatus::Skipped,
        };
        said.error = error;
        if !stages.is_empty() {
            let folder = RunFolder::inside(&self.folder, &said.run, plan)?;
            let (mut rows, mut answers) = (Vec::new(), Vec::new());
            for (artefact, record) in &stages {
                if record.stage.kind == StageKind::Series {
                    folder.quality(artefact.dir())?;
                }
                let (kind, model) = (&record.stage.kind, plan.backbone.plugin);
                answers.extend(predictions::of_stage(kind, artefact.dir(), model)?);
                rows.extend(boldface_tables::metrics::read(&artefact.dir().join(METRICS))?);
            }
            let stages = stages.into_iter().map(|(_, record)| record).collect();
            folder.keep(&Record { stages, ..begin(plan) }, &rows, &answers)?;
            folder.leakage(&proof)?;
        }
        self.write()
    }

    /// Returns the record with the status of every arm.
    pub fn into_record(self) -> SweepRecord {
        self.record
    }

    fn write(&self) -> Result<(), Failed> {
        self.folder.json(SWEEP, &self.record)
    }
}

/// Makes the record of a sweep that has not begun.
fn begin_sweep(sweep: &Sweep) -> SweepRecord {
    let arm = |arm: &Arm| ArmRecord {
        name: arm.name.clone(),
        settings: arm.settings.clone(),
        status: ArmStatus::Skipped,
        error: None,
        run: PathBuf::from("arms").join(&arm.name),
    };
    let left_out = |(name, settings): &(String, BTreeMap<String, Value>)| ArmRecord {
        name: name.clone(),
        settings: settings.clone(),
        status: ArmStatus::Skipped,
        error: Some("left out of this run by `--only`".to_owned()),
        run: PathBuf::from("arms").join(name),
    };
    SweepRecord {
        name: sweep.name.clone(),
        spec: sweep.path.clone(),
        axes: sweep.axes.clone(),
        select: sweep.select.clone(),
        // The arms of this run come first: `settle` finds them by their place.
        arms: sweep.arms.iter().map(arm).chain(sweep.left_out.iter().map(left_out)).collect(),
    }
}
