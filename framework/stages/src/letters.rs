//! A language model of letters, for tests of sequences and queries.

use std::path::Path;
use std::sync::Arc;

use boldface::{Codes, Features, FitContext, FmriBlock, LanguageModel, Query, Result, Sequence, Training};

/// One token per byte, `<` and `>` around the scan, 0 as end token.
pub struct Letters;

impl LanguageModel for Letters {
    fn prompt_tokens(&self, question: &str, fmri: bool) -> Result<(Vec<u32>, Vec<u32>)> {
        let (before, after) = if fmri { ("<", format!(">{question}")) } else { ("", question.to_owned()) };
        Ok((self.text_tokens(before)?, self.text_tokens(&after)?))
    }

    fn answer_tokens(&self, _: &str, _: bool, answer: &str) -> Result<Vec<u32>> {
        Ok([self.text_tokens(answer)?, vec![0]].concat())
    }

    fn text_tokens(&self, text: &str) -> Result<Vec<u32>> {
        Ok(text.bytes().map(u32::from).collect())
    }

    fn text(&self, tokens: &[u32]) -> Result<String> {
        Ok(tokens.iter().filter_map(|&token| char::from_u32(token)).collect())
    }

    fn train(
        &mut self,
        _: &Training,
        _: &mut dyn Iterator<Item = Result<Vec<Sequence>>>,
        _: &mut FitContext<'_>,
    ) -> Result<()> {
        Ok(())
    }

    fn rank(&self, _: &[Query]) -> Result<Vec<Vec<f64>>> {
        Ok(Vec::new())
    }

    fn generate(&self, _: &[Sequence], _: usize) -> Result<Vec<Vec<u32>>> {
        Ok(Vec::new())
    }

    fn next_codes(&self, _: &[Sequence]) -> Result<Vec<Vec<u32>>> {
        Ok(Vec::new())
    }

    fn pool(&self, prompts: &[Sequence]) -> Result<Features> {
        Features::new(1, vec![0.0; prompts.len()])
    }

    fn save(&self, _: &Path) -> Result<()> {
        Ok(())
    }
}

/// Makes three patches of two regions with the codes 0 to 5.
pub fn block() -> FmriBlock {
    let codes = Arc::new(Codes { patches: 3, rois: 2, codes: (0..6).collect() });
    FmriBlock {
        features: Arc::new(Features::new(1, vec![0.0; 6]).unwrap()),
        codes,
        patches: 3,
        regions: None,
    }
}
