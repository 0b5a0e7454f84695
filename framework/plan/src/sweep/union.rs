//! The union of all arms' stages. Stages with equal keys are one.

use std::collections::BTreeMap;

use super::Sweep;
use crate::{Key, Stage};

/// The distinct stages of a sweep as one graph.
#[derive(Debug)]
pub struct Union {
    /// The stages. A stage comes after those it reads.
    pub nodes: Vec<Node>,
    /// The node of each stage of each arm.
    pub arms: Vec<Vec<usize>>,
}

/// A distinct stage.
#[derive(Debug)]
pub struct Node {
    /// The first arm that has it.
    pub arm: usize,
    /// Its index in that arm's plan.
    pub stage: usize,
    /// Indices of the nodes it reads.
    pub inputs: Vec<usize>,
}

impl Union {
    /// Collects the distinct stages of all arms, arm by arm.
    pub fn collect(sweep: &Sweep) -> Union {
        let (mut nodes, mut known) = (Vec::new(), BTreeMap::<&Key, usize>::new());
        let mut arms = Vec::with_capacity(sweep.arms.len());
        for (arm, plan) in sweep.arms.iter().map(|arm| &arm.plan).enumerate() {
            let mut own: BTreeMap<String, usize> = BTreeMap::new();
            let mut of_arm = Vec::with_capacity(plan.stages.len());
            for (i, stage) in plan.stages.iter().enumerate() {
                let node = *known.entry(&stage.key).or_insert_with(|| {
                    let inputs = stage.inputs.iter().filter_map(|name| own.get(name).copied()).collect();
                    nodes.push(Node { arm, stage: i, inputs });
                    nodes.len() - 1
                });
                own.insert(stage.name(), node);
                of_arm.push(node);
            }
            arms.push(of_arm);
        }
        Union { nodes, arms }
    }

    /// Returns the stage of a node from the first arm that has it.
    pub fn stage<'s>(&self, sweep: &'s Sweep, node: usize) -> &'s Stage {
        let Node { arm, stage, .. } = self.nodes[node];
        &sweep.arms[arm].plan.stages[stage]
    }

    /// Counts the stages of all arms. Shared stages count once per arm.
    pub fn total(&self) -> usize {
        self.arms.iter().map(Vec::len).sum()
    }
}
