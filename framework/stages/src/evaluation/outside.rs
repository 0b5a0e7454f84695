//! Asks a finished model about scans outside its cohort: no controls, no scores, and nothing is learned.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::{Describer, FittedTokenizer, FmriShape, LanguageModel, Part, Regions, Result, Scan, Split};

use super::asker::Asker;
use super::batches;
use super::controls::{ShownInput, StandIns};
use super::questions;
use super::together::Together;
use crate::cases::{AnswerForm, answered, form};
use crate::config::{Named, WordedTask};
use crate::inputs::{Coded, CohortSignals};
use crate::spec::{Paradigm, Signal};
use crate::store::OutcomeLine;
use crate::windows::{Windows, standardized};

/// A finished model and the scans to ask it about.
pub struct OutsideScans<'a> {
    /// The scans, cropped and not standardised, in the order of their ids, with their descriptors.
    pub scans: &'a [Scan],
    /// The regions of the scans.
    pub regions: Arc<Regions>,
    /// Shape of the model's input.
    pub shape: FmriShape,
    /// How windows are standardised and shown.
    pub signal: &'a Signal,
    /// The fitted tokenizer.
    pub tokenizer: Box<dyn FittedTokenizer>,
    /// Volumes per patch.
    pub patch: usize,
    /// The language model.
    pub model: &'a dyn LanguageModel,
    /// Longest sequence of the model.
    pub context: Option<usize>,
    /// Longest answer, in tokens.
    pub longest: usize,
    /// The describers that read facts in captions.
    pub describers: Vec<Box<dyn Describer>>,
    /// Name of the model in its answers.
    pub answerer: &'a str,
}

impl OutsideScans<'_> {
    /// Returns the answers to each wanted task, by its name. All scans count as test scans. `tasks` has also
    /// those that share a prompt with a wanted one.
    pub fn answers(
        self,
        tasks: &[WordedTask<'_>],
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<(String, Vec<OutcomeLine>)>> {
        let how = self.signal.standardize;
        let scans: Vec<Scan> = self
            .scans
            .iter()
            .map(|scan| Scan { series: standardized(&scan.series, how), ..scan.clone() })
            .collect();
        let split = Split { parts: scans.iter().map(|scan| (scan.info.id.person(), Part::Test)).collect() };
        let signals = CohortSignals {
            infos: self.scans.iter().map(|scan| Arc::clone(&scan.info)).collect(),
            series: self.scans.iter().map(|scan| scan.series.clone()).collect(),
            regions: self.regions,
        };
        let coded = Coded { scans: BTreeMap::new(), shape: self.shape };
        let mut asker = Asker {
            model: self.model,
            windows: Windows::outside(signals, coded, self.tokenizer, self.patch, self.signal),
            describers: self.describers,
            context: self.context,
            longest: self.longest,
            paradigm: Paradigm::default(),
            together: Together::new(""),
            stand_ins: StandIns::default(),
            asks_values: false,
            frequencies: None,
            seed: 0,
            altered: BTreeMap::new(),
        };
        let mut all = Vec::new();
        for task in tasks.iter().filter(|task| is_wanted(task.name())) {
            asker.paradigm = task.paradigm;
            asker.together = Together::new(task.name());
            if task.paradigm == Paradigm::Multi {
                for other in tasks.iter().filter(|other| other.paradigm == Paradigm::Multi) {
                    asker.together.add(other.name(), &questions(other, &scans, &split, Part::Test)?);
                }
            }
            let cases = questions(task, &scans, &split, Part::Test)?;
            if form(&cases)? == Some(AnswerForm::Value) {
                let name = task.name();
                return Err(format!(
                    "task `{name}` reads a number off with a regression that no export keeps"
                )
                .into());
            }
            let mut answers = Vec::new();
            for batch in batches(&cases, |a, b| a.scan.info.id == b.scan.info.id) {
                let said = asker.ask(batch, ShownInput::Scan)?;
                answers.extend(answered(Part::Test, self.answerer, batch, said));
            }
            all.push((task.name().to_owned(), answers));
        }
        Ok(all)
    }
}
