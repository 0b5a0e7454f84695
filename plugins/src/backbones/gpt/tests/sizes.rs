//! Tests that the sizes in a plan equal those of the saved files.

use std::path::Path;

use boldface::{Backbone, Lora};
use boldface_engine::Params;

use super::*;

/// Number of weights in the saved file.
fn saved(dir: &Path) -> u64 {
    Params::load(&open("dfdx", "cpu").unwrap(), &dir.join("weights.safetensors")).unwrap().count() as u64
}

#[test]
fn as_many_parameters_as_are_told_before_are_saved() {
    for (input, targets) in [(Input::Features, vec![]), (Input::Codes, vec!["qkv", "1.down"])] {
        // Few enough entries that even this small text fills the vocabulary.
        let config = Gpt { vocabulary: 270, layers: 3, input, ..config() };
        let (dir, runtime) = (tempfile::tempdir().unwrap(), runtime());
        let mut cx = FitContext { runtime: &runtime, seed: 6, observer: &mut boldface::Silent };
        let general = vec!["the brain is never silent and the heart is never still".to_owned()];
        let source = TextSource { general, ..TextSource::default() };
        config.text_space(&source, &mut cx).unwrap().save(dir.path()).unwrap();
        assert_eq!(config.text_size().parameters, Some(saved(dir.path())));
        // 30 steps of 4 windows of 16 tokens.
        assert_eq!((config.text_size().work, config.text_size().batch), (Some(1920), Some(64)));

        let mut model = config.init(dir.path(), SHAPE, &mut cx).unwrap();
        model.save(dir.path()).unwrap();
        assert_eq!(config.parameters(SHAPE, None), Some(saved(dir.path())));

        let text = model.text_tokens("the brain is never still").unwrap();
        let whole = Sequence::prompt(Vec::new(), None, text);
        let sequence = Sequence { supervised: 1..whole.after.len(), text_weight: 1.0, ..whole };
        let adapter = Lora {
            rank: 3,
            alpha: 8.0,
            dropout: 0.0,
            targets: targets.into_iter().map(str::to_owned).collect(),
        };
        let training = Training { tuning: Tuning::Lora(adapter.clone()), ..training(3) };
        model.train(&training, &mut std::iter::repeat_with(|| Ok(vec![sequence.clone()])), &mut cx).unwrap();
        model.save(dir.path()).unwrap();
        assert_eq!(config.parameters(SHAPE, Some(&adapter)), Some(saved(dir.path())));

        let adapter = Lora { targets: vec!["qkv".into(), "q_proj".into()], ..adapter };
        let training = Training { tuning: Tuning::Lora(adapter), ..training };
        let refused =
            model.train(&training, &mut std::iter::repeat_with(|| Ok(vec![sequence.clone()])), &mut cx);
        assert!(refused.unwrap_err().to_string().contains("`q_proj`"));
    }
}
