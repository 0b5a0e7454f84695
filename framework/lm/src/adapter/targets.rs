//! The linear layers that an adapter applies to, with PEFT's names.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Lora, Problem};

use crate::config::ModelConfig;

/// A linear layer that may have an adapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// Its published name without `.weight`.
    pub name: String,
    pub outputs: usize,
    pub inputs: usize,
}

/// Returns all linear layers of the model, except its head.
pub(super) fn modules(config: &ModelConfig) -> Vec<Module> {
    let module = |(name, dims): (String, Vec<usize>)| match (name.strip_suffix(".weight"), &dims[..]) {
        (Some(name), &[outputs, inputs]) if is_linear(config, name) => {
            Some(Module { name: name.to_owned(), outputs, inputs })
        }
        _ => None,
    };
    config.parameters().into_iter().filter_map(module).collect()
}

/// Returns the layers that `lora` names.
pub(super) fn targeted(config: &ModelConfig, lora: &Lora) -> Vec<Module> {
    let mut modules = modules(config);
    modules.retain(|module| lora.is_beside(&module.name));
    modules
}

/// Returns whether `target` is the layer's name or its last parts, such as `q_proj` or
/// `self_attn.q_proj`.
pub(super) fn matches(name: &str, target: &str) -> bool {
    name.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')) && !target.is_empty()
}

/// Returns the problems of an adapter's targets, each of which must name a linear layer of the model.
pub fn check_targets(config: &ModelConfig, lora: &Lora) -> Vec<Problem> {
    let names: Vec<String> = modules(config).into_iter().map(|module| module.name).collect();
    lora.check_targets(&names, config.linears())
}

/// Returns the fewest and shortest targets that match these layers and no others.
pub(super) fn shortest(config: &ModelConfig, names: &BTreeSet<&str>) -> Vec<String> {
    let all = modules(config);
    let mut left = names.clone();
    let mut targets = Vec::new();
    // The last part, or the last two (`attn.c_proj`), is enough if all layers of that name have an
    // adapter.
    for parts in [1, 2] {
        let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for module in &all {
            groups.entry(last_parts(&module.name, parts)).or_default().push(&module.name);
        }
        for (target, members) in groups {
            if members.iter().all(|name| left.contains(name)) {
                members.iter().for_each(|name| _ = left.remove(name));
                targets.push(target.to_owned());
            }
        }
    }
    targets.extend(left.into_iter().map(str::to_owned));
    targets.sort();
    targets
}

fn is_linear(config: &ModelConfig, name: &str) -> bool {
    config.linears().iter().any(|linear| matches(name, linear))
}

fn last_parts(name: &str, parts: usize) -> &str {
    match name.rmatch_indices('.').nth(parts - 1) {
        Some((at, _)) => &name[at + 1..],
        None => name,
    }
}
