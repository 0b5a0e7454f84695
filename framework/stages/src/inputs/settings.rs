//! Settings of the stages that made the artefacts. They are in the keys of those artefacts, so they are in the
//! key of the stage that reads them.

use super::Inputs;
use crate::store::StageKind;
use crate::{corpus, series, text_space};

impl<'a> Inputs<'a> {
    /// Returns the config of the stage `series`, which this stage must list.
    pub(crate) fn series(&self) -> &'a series::SeriesConfig<'a> {
        self.dir(&StageKind::Series);
        &self.configs.series
    }

    /// Returns the config of the stage `corpus`, if this stage lists it.
    pub(super) fn corpus_config(&self) -> Option<&'a corpus::CorpusConfig<'a>> {
        self.configs.corpus.as_ref().filter(|_| self.reads(&StageKind::Corpus))
    }

    /// Returns the names of the corpora, in the plan's order. Empty without a corpus.
    pub fn corpora(&self) -> Vec<&'a str> {
        self.corpus_config()
            .map(|config| config.corpora.iter().map(|entry| entry.name).collect())
            .unwrap_or_default()
    }

    /// Returns the patterns of facts that no training stage may see.
    pub fn held_out(&self) -> &'a [String] {
        self.corpus_config().map_or(&[], |config| config.held_out())
    }

    /// Returns the number of volumes per patch. This stage must list the tokenizer.
    pub fn patch(&self) -> usize {
        self.dir(&StageKind::Tokenizer);
        self.configs.tokenizer.tokenizer.config.patch()
    }

    /// Returns the plugin name of the language model.
    pub fn backbone(&self) -> &'static str {
        self.text_space_config().backbone.plugin
    }

    /// Returns the longest sequence that the language model reads, in tokens.
    pub fn context(&self) -> Option<usize> {
        self.text_space_config().backbone.config.context()
    }

    /// Whether the language model was trained on prompts with facts as numbers instead of the scan.
    pub fn is_trained_on_values(&self) -> bool {
        let config = self.configs.instruction.as_ref().filter(|_| self.reads(&StageKind::Instruction));
        config.is_some_and(|config| config.table.forms.values > 0.0) && self.reads(&StageKind::Corpus)
    }

    /// Returns the config of the stage that the language model begins with.
    ///
    /// # Panics
    /// If this stage lists no stage that has a language model. The key of each such stage covers this config.
    pub(super) fn text_space_config(&self) -> &'a text_space::TextSpaceConfig<'a> {
        let models = [StageKind::Instruction, StageKind::Alignment];
        if !models.iter().any(|kind| self.reads(kind)) {
            self.dir(&StageKind::TextSpace);
        }
        &self.configs.text_space
    }
}
