//! The folder of a sweep's run: `sweep.json`, and one folder per arm.

use std::collections::BTreeSet;
use std::path::Path;

use super::record::{ArmStatus, SweepRecord};
use crate::plan::sweep::Sweep;
use crate::plan::{Plan, StageKind};
use crate::run::Failed;
use crate::run::folder::RunFolder;
use crate::run::leakage::Watch;
use crate::run::predictions;
use crate::run::record::{Record, StageRecord};
use crate::run::store::Artefact;

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
        let record = SweepRecord::begin(sweep);
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
                rows.extend(boldface_tables::metrics::read(&artefact.dir().join("metrics.parquet"))?);
            }
            let stages = stages.into_iter().map(|(_, record)| record).collect();
            folder.keep(&Record { stages, ..Record::begin(plan) }, &rows, &answers)?;
            folder.leakage(&proof)?;
        }
        self.write()
    }

    /// Returns the record with the status of every arm.
    pub fn into_record(self) -> SweepRecord {
        self.record
    }

    fn write(&self) -> Result<(), Failed> {
        self.folder.json("sweep.json", &self.record)
    }
}
