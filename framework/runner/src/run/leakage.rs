//! Looks for leaks in each stage's artefact and keeps the proof.

use std::collections::BTreeMap;
use std::fmt;

use boldface::{Problem, Result};

use crate::plan::{Plan, leak};
use crate::stages::{Configs, Inputs, ListedArtefacts, RunCache};
use crate::store::{Artefact, CheckStatus, Proof, Stage};

/// Leaks that showed only during the run and that the spec does not accept.
#[derive(Debug)]
pub struct Leaks(Vec<Problem>);

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut problems = self.0.iter();
        problems.next().map_or(Ok(()), |first| write!(f, "{first}"))?;
        problems.try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for Leaks {}

/// Follows a run and checks what each stage made.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    plan: &'a Plan,
    proof: Proof,
}

impl<'a> Watch<'a> {
    /// Starts with the checks that were done before the run.
    pub fn new(plan: &'a Plan) -> Watch<'a> {
        Watch { plan, proof: plan.leakage.clone() }
    }

    /// Checks what `stage` made. `done` has its artefact and those of the stages it reads.
    ///
    /// # Errors
    /// [`Leaks`] if the spec does not accept one, or an error if an artefact cannot be read.
    pub fn after(
        &mut self,
        stage: &Stage,
        done: &BTreeMap<String, Artefact>,
        memory: &RunCache,
    ) -> Result<()> {
        let name = stage.name();
        let is_read = |other: &String| *other == name || stage.inputs.contains(other);
        let artefacts = done.iter().filter(|(other, _)| is_read(other));
        let artefacts = artefacts.map(|(other, artefact)| (other.clone(), artefact.clone())).collect();
        let listed = ListedArtefacts { stage: format!("the lint of {name}"), sees_held_out: true, artefacts };
        let configs = Configs::new(self.plan);
        let inputs = Inputs::new(&configs, &self.plan.runtime, listed, memory);
        let mut found = boldface::guard(|| leak::after(self.plan, &stage.kind, &inputs))?;
        leak::settle(&mut found, &self.plan.experiment.leakage.accept);
        let failed = found.iter().filter(|check| check.status == CheckStatus::Failed);
        let leaks: Vec<Problem> = failed.map(leak::Check::problem).collect();
        leak::join(&mut self.proof.checks, found);
        if leaks.is_empty() { Ok(()) } else { Err(Box::new(Leaks(leaks))) }
    }

    /// Checks all stages that a run made. Leaks are also in the proof.
    ///
    /// # Errors
    /// If an artefact cannot be read.
    pub fn whole(plan: &'a Plan, done: &BTreeMap<String, Artefact>) -> Result<(Proof, Option<Leaks>)> {
        let (mut watch, memory, mut leaks) = (Watch::new(plan), RunCache::default(), Vec::new());
        for stage in plan.stages.iter().filter(|stage| done.contains_key(&stage.name())) {
            match watch.after(stage, done, &memory) {
                Ok(()) => {}
                Err(error) => leaks.extend(error.downcast::<Leaks>()?.0),
            }
        }
        Ok((watch.proof, Some(Leaks(leaks)).filter(|leaks| !leaks.0.is_empty())))
    }

    /// Returns all checks so far.
    pub fn proof(&self) -> &Proof {
        &self.proof
    }
}
