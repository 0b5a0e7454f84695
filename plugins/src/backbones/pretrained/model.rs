//! The language model over text and fMRI tokens that the framework trains and asks.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Features, FitContext, LanguageModel, Query, Result, Sequence, Training};
use boldface_engine::{Engine, no_grad};

use super::Pretrained;
use super::asked::{AskedWords, QuestionVectors};
use super::base::{BaseFiles, Fingerprint};
use super::files;
use super::network::PretrainedNetwork;
use super::prompt::Prompts;
use crate::backbones::causal::{self, Ends};

/// A published network with its fMRI parts, its prompts and the fingerprint of its base.
pub(super) struct PretrainedModel {
    pub network: PretrainedNetwork,
    pub prompts: Prompts,
    pub base: Fingerprint,
}

impl PretrainedModel {
    /// Creates the published model without fMRI parts.
    pub fn new(config: &Pretrained, base: &BaseFiles, engine: &Engine) -> Result<PretrainedModel> {
        let rows = base.files.config().vocabulary;
        let prompts = Prompts::new(base.files.vocabulary()?, config.chat, rows)?;
        let network = PretrainedNetwork::new(config, base.files.network(engine)?);
        Ok(PretrainedModel { network, prompts, base: base.fingerprint.clone() })
    }

    /// Tells text after a scan these words of questions. Called before the fMRI parts are added.
    ///
    /// # Errors
    /// If a token cannot be read.
    pub fn tell_words(&mut self, words: AskedWords) -> Result<()> {
        let width = self.network.published.config.width;
        self.network.asked = Some(QuestionVectors::new(words, self.prompts.vocabulary(), width)?);
        Ok(())
    }
}

impl LanguageModel for PretrainedModel {
    fn prompt_tokens(&self, question: &str, fmri: bool) -> Result<(Vec<u32>, Vec<u32>)> {
        self.prompts.prompt(question, fmri)
    }

    fn name_regions(&mut self, names: &[String]) -> Result<()> {
        let mut embedded = BTreeMap::new();
        for name in names {
            if !embedded.contains_key(name.as_str()) {
                let (tokens, published) = (self.prompts.vocabulary().tokens(name)?, &self.network.published);
                let rows = no_grad(|| published.embed(&published.inference(), &tokens).to_vec());
                embedded.insert(name.as_str(), rows);
            }
        }
        causal::name_regions(&mut self.network.published.params, names, &embedded)
    }

    fn answer_tokens(&self, question: &str, fmri: bool, answer: &str) -> Result<Vec<u32>> {
        self.prompts.answer(question, fmri, answer)
    }

    fn text_tokens(&self, text: &str) -> Result<Vec<u32>> {
        self.prompts.vocabulary().tokens(text)
    }

    fn text(&self, tokens: &[u32]) -> Result<String> {
        self.prompts.text(tokens)
    }

    fn train(
        &mut self,
        training: &Training,
        batches: &mut dyn Iterator<Item = Result<Vec<Sequence>>>,
        cx: &mut FitContext<'_>,
    ) -> Result<()> {
        causal::train(&mut self.network, training, batches, cx)
    }

    fn rank(&self, queries: &[Query]) -> Result<Vec<Vec<f64>>> {
        causal::rank(&self.network, queries)
    }

    fn generate(&self, prompts: &[Sequence], limit: usize) -> Result<Vec<Vec<u32>>> {
        let vocabulary = self.prompts.vocabulary();
        // Rows of the embedding beyond the vocabulary are not text.
        let ends = Ends { tokens: vocabulary.ends(), among: vocabulary.len() };
        causal::generate(&self.network, prompts, limit, &ends)
    }

    fn next_codes(&self, blocks: &[Sequence]) -> Result<Vec<Vec<u32>>> {
        causal::next_codes(&self.network, blocks)
    }

    fn pool(&self, prompts: &[Sequence]) -> Result<Features> {
        causal::pool(&self.network, prompts)
    }

    fn save(&self, dir: &Path) -> Result<()> {
        files::save(self, dir)
    }
}
