//! Checks that the tensors of the files are those of the model, and reports all errors at once.

use boldface::Result;

use super::{StoredTensors, TensorOrder};
use crate::config::ModelConfig;

/// Maximum number of errors in a report.
const MOST: usize = 8;

/// Checks that every parameter is there and has its shape, and that nothing else is there.
///
/// `whole` names the file that lacks a missing tensor.
pub(crate) fn all(config: &ModelConfig, weights: &StoredTensors, whole: &str) -> Result<()> {
    let mut wrong = Vec::new();
    let parameters = config.parameters();
    for (name, dims) in &parameters {
        match weights.get(name) {
            None => wrong.push(format!("`{whole}`: tensor `{name}` is missing")),
            Some(stored) if stored.our_dims() != *dims => {
                let mut wanted = dims.clone();
                if stored.order == TensorOrder::Transposed {
                    wanted.reverse();
                }
                wrong.push(format!(
                    "`{}`: tensor `{}` has dims {:?}; this model needs {wanted:?}",
                    stored.path().display(),
                    stored.name,
                    stored.dims,
                ));
            }
            Some(_) => {}
        }
    }
    let head = config.tied.then_some("lm_head.weight");
    for (name, stored) in weights {
        let is_known = parameters.iter().any(|(known, _)| known == name) || Some(name.as_str()) == head;
        if !is_known {
            let (file, name) = (stored.path().display(), &stored.name);
            wrong.push(format!("`{file}`: tensor `{name}` is not part of this model"));
        }
    }
    some(wrong)
}

/// Checks that a head beside a tied embedding equals the embedding.
pub(crate) fn same_head(config: &ModelConfig, weights: &StoredTensors) -> Result<()> {
    let head = weights.get("lm_head.weight").filter(|_| config.tied);
    let (Some(head), Some(embedding)) = (head, weights.get(config.embedding())) else { return Ok(()) };
    if (head.storage, head.data()) == (embedding.storage, embedding.data()) {
        return Ok(());
    }
    Err(format!(
        "`{}`: tensor `{}` differs from `{}`, although `tie_word_embeddings` is true",
        head.path().display(),
        head.name,
        embedding.name
    )
    .into())
}

/// Joins the first errors into one.
pub(crate) fn some(wrong: Vec<String>) -> Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    let more = wrong.len().saturating_sub(MOST);
    let mut lines: Vec<String> = wrong.into_iter().take(MOST).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Err(lines.join("\n").into())
}
