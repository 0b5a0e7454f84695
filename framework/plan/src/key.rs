//! Content keys: hashes of canonical JSON.

use serde_json::{Value, json};

use super::{Key, StageKind};
use crate::stages::version;
use crate::store::canonical_json;

/// The input of a stage's key: everything that its result depends on.
pub(super) struct KeyContent<'a> {
    /// What the stage does. Its version increases when the same config gives other results.
    pub kind: &'a StageKind,
    /// All that it reads of the experiment, plugins with their versions included.
    pub config: &'a Value,
    /// Its seed.
    pub seed: u64,
    /// The engine, for stages that compute with tensors.
    pub engine: Option<&'a str>,
    /// Keys of the stages it reads, in order.
    pub inputs: Vec<&'a Key>,
}

/// Returns the key of a stage.
pub(super) fn key(content: &KeyContent<'_>) -> Key {
    let inputs: Vec<&str> = content.inputs.iter().map(|key| key.0.as_str()).collect();
    let value = json!({
        "stage": content.kind.to_string(),
        "version": version(content.kind),
        "config": content.config,
        "seed": content.seed,
        "engine": content.engine,
        "inputs": inputs,
    });
    let hash = blake3::hash(canonical_json(&value).as_bytes()).to_hex();
    Key(hash.as_str().chars().take(32).collect())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_key_of_a_stage_stays_what_it_was() {
        let config = json!({ "patch": 40 });
        let content = KeyContent {
            kind: &StageKind::Tokenizer,
            config: &config,
            seed: 0,
            engine: Some("dfdx"),
            inputs: vec![],
        };
        expect!["89123ceb72b995c00f7282f1f6a4b40b"].assert_eq(&key(&content).0);
        assert_ne!(key(&content), key(&KeyContent { engine: None, ..content }));
    }
}
