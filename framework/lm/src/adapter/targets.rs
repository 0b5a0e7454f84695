//! Which linear layers an adapter stands beside, named as PEFT names them.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{Lora, Problem};

use crate::config::Config;

/// A linear layer that an adapter may stand beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Module {
    /// Its published name without `.weight`.
    pub name: String,
    pub outputs: usize,
    pub inputs: usize,
}

/// All linear layers of the model, its head excluded.
pub(super) fn modules(config: &Config) -> Vec<Module> {
    let module = |(name, dims): (String, Vec<usize>)| match (name.strip_suffix(".weight"), &dims[..]) {
        (Some(name), &[outputs, inputs]) if is_linear(config, name) => {
            Some(Module { name: name.to_owned(), outputs, inputs })
        }
        _ => None,
    };
    config.parameters().into_iter().filter_map(module).collect()
}

/// The layers that `lora` names.
pub(super) fn targeted(config: &Config, lora: &Lora) -> Vec<Module> {
    let mut modules = modules(config);
    modules.retain(|module| lora.is_beside(&module.name));
    modules
}

/// Whether `target` is the layer's name or the last parts of it: `q_proj`, `self_attn.q_proj`.
pub(super) fn matches(name: &str, target: &str) -> bool {
    name.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')) && !target.is_empty()
}

/// What is wrong with an adapter's targets: each must name a linear layer of the model.
pub fn check_targets(config: &Config, lora: &Lora) -> Vec<Problem> {
    let names: Vec<String> = modules(config).into_iter().map(|module| module.name).collect();
    lora.check_targets(&names, config.linears())
}

/// The fewest and shortest targets that mean these layers and no others.
pub(super) fn shortest(config: &Config, names: &BTreeSet<&str>) -> Vec<String> {
    let all = modules(config);
    let mut left = names.clone();
    let mut targets = Vec::new();
    // A last part, then what stands in a layer (`attn.c_proj`), is enough where all layers have an adapter.
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

fn is_linear(config: &Config, name: &str) -> bool {
    config.linears().iter().any(|linear| matches(name, linear))
}

fn last_parts(name: &str, parts: usize) -> &str {
    match name.rmatch_indices('.').nth(parts - 1) {
        Some((at, _)) => &name[at + 1..],
        None => name,
    }
}
