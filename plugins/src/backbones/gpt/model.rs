//! The language model over text and fMRI tokens that the framework trains and asks.

use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Features, FitContext, LanguageModel, Query, Result, Runtime, Sequence, Training};

use super::network::GptNetwork;
use super::vocabulary::GptVocabulary;
use super::{Gpt, files};
use crate::backbones::causal::{self, Ends};

/// A network with its fMRI parts, and its vocabulary.
pub(super) struct GptModel {
    pub network: GptNetwork,
    pub vocabulary: GptVocabulary,
}

impl GptModel {
    pub fn load(config: &Gpt, dir: &Path, runtime: &Runtime) -> Result<GptModel> {
        let (network, vocabulary) = files::load(config, dir, runtime)?;
        if network.shape.is_none() {
            return Err(format!("`{}` holds a text model without fMRI parts", dir.display()).into());
        }
        Ok(GptModel { network, vocabulary })
    }
}

impl LanguageModel for GptModel {
    fn prompt_tokens(&self, question: &str, fmri: bool) -> Result<(Vec<u32>, Vec<u32>)> {
        self.vocabulary.prompt(question, fmri)
    }

    fn name_regions(&mut self, names: &[String]) -> Result<()> {
        let GptModel { network, vocabulary } = self;
        let (width, table) = (network.config.width, network.params.get("tokens").to_vec());
        let row = |token: u32| &table[token as usize * width..(token as usize + 1) * width];
        let mut embedded = BTreeMap::new();
        for name in names {
            let rows = vocabulary.tokens(name)?.into_iter().flat_map(row).copied();
            embedded.entry(name.as_str()).or_insert_with(|| rows.collect());
        }
        causal::name_regions(&mut network.params, names, &embedded)
    }

    fn answer_tokens(&self, _: &str, _: bool, answer: &str) -> Result<Vec<u32>> {
        self.vocabulary.ended(answer)
    }

    fn text_tokens(&self, text: &str) -> Result<Vec<u32>> {
        self.vocabulary.tokens(text)
    }

    fn text(&self, tokens: &[u32]) -> Result<String> {
        self.vocabulary.text(tokens)
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
        // Marks with larger ids are not text, so they are never written.
        let end = self.vocabulary.end();
        let ends = Ends { tokens: &[end], among: end as usize + 1 };
        causal::generate(&self.network, prompts, limit, &ends)
    }

    fn next_codes(&self, blocks: &[Sequence]) -> Result<Vec<Vec<u32>>> {
        causal::next_codes(&self.network, blocks)
    }

    fn pool(&self, prompts: &[Sequence]) -> Result<Features> {
        causal::pool(&self.network, prompts)
    }

    fn save(&self, dir: &Path) -> Result<()> {
        files::save(&self.network, &self.vocabulary, dir)
    }
}
