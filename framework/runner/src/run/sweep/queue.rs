//! The order of a graph's stages: inputs first, in the order of the arms, within the memory limit.

use crate::plan::sweep::Union;

/// Status of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StageState {
    /// Not started.
    Waiting,
    /// Taken by a worker.
    Running,
    /// In the store.
    Done,
    /// Failed.
    Failed,
    /// Something it reads failed.
    Lost,
}

/// The stages of a sweep with their status.
#[derive(Debug)]
pub(super) struct StageQueue {
    states: Vec<StageState>,
    inputs: Vec<Vec<usize>>,
    /// Bytes of memory that each needs; 0 if unknown.
    takes: Vec<u64>,
    memory: u64,
    stopped: bool,
    begun: usize,
}

impl StageQueue {
    /// Creates a queue in which all stages are waiting.
    pub fn new(union: &Union, takes: Vec<u64>, memory: u64) -> StageQueue {
        let inputs: Vec<Vec<usize>> = union.nodes.iter().map(|node| node.inputs.clone()).collect();
        StageQueue::from_inputs(inputs, takes, memory)
    }

    fn from_inputs(inputs: Vec<Vec<usize>>, takes: Vec<u64>, memory: u64) -> StageQueue {
        StageQueue {
            states: vec![StageState::Waiting; inputs.len()],
            inputs,
            takes,
            memory,
            stopped: false,
            begun: 0,
        }
    }

    /// Takes the first stage whose inputs are done and that fits in memory beside the running ones. A
    /// stage that exceeds the limit runs alone.
    pub fn take(&mut self) -> Option<usize> {
        if self.stopped {
            return None;
        }
        let running = || (0..self.states.len()).filter(|&node| self.states[node] == StageState::Running);
        let used: u64 = running().map(|node| self.takes[node]).sum();
        let is_idle = running().next().is_none();
        let is_ready = |&node: &usize| {
            let fits = is_idle || used.saturating_add(self.takes[node]) <= self.memory;
            let is_fed = self.inputs[node].iter().all(|&input| self.states[input] == StageState::Done);
            self.states[node] == StageState::Waiting && is_fed && fits
        };
        let node = (0..self.states.len()).find(is_ready)?;
        self.states[node] = StageState::Running;
        self.begun += 1;
        Some(node)
    }

    /// Stops taking stages. Running ones may finish.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Sets the result of a taken stage. If it failed, the stages that depend on it are lost.
    pub fn finish(&mut self, node: usize, state: StageState) {
        self.states[node] = state;
        if state == StageState::Failed {
            for node in 0..self.states.len() {
                let is_lost =
                    |&input: &usize| matches!(self.states[input], StageState::Failed | StageState::Lost);
                if self.states[node] == StageState::Waiting && self.inputs[node].iter().any(is_lost) {
                    self.states[node] = StageState::Lost;
                }
            }
        }
    }

    /// Whether nothing runs and nothing can start.
    pub fn is_over(&self) -> bool {
        let is_open = |state: &StageState| {
            *state == StageState::Running || (*state == StageState::Waiting && !self.stopped)
        };
        !self.states.iter().any(is_open)
    }

    /// Whether a stage's status is final.
    pub fn is_settled(&self, node: usize) -> bool {
        match self.states[node] {
            StageState::Waiting => self.stopped,
            StageState::Running => false,
            StageState::Done | StageState::Failed | StageState::Lost => true,
        }
    }

    /// Returns the number of stages taken so far.
    pub fn begun(&self) -> usize {
        self.begun
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `0 -> 1 -> 3`, `0 -> 2`, and 4 alone.
    fn queue(takes: [u64; 5], memory: u64) -> StageQueue {
        StageQueue::from_inputs(vec![vec![], vec![0], vec![0], vec![1], vec![]], takes.to_vec(), memory)
    }

    #[test]
    fn inputs_come_first_and_arms_in_order() {
        let mut queue = queue([0; 5], 0);
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some(0), Some(4), None));
        queue.finish(0, StageState::Done);
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some(1), Some(2), None));
        queue.finish(1, StageState::Done);
        assert_eq!(queue.take(), Some(3));
    }

    #[test]
    fn a_failure_takes_only_what_depends_on_it() {
        let mut queue = queue([0; 5], 0);
        queue.take();
        queue.finish(0, StageState::Done);
        assert_eq!(queue.take(), Some(1));
        queue.finish(1, StageState::Failed);
        assert!(queue.is_settled(3) && !queue.is_settled(2));
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some(2), Some(4), None));
        assert!(!queue.is_over());
        queue.finish(2, StageState::Done);
        queue.finish(4, StageState::Done);
        assert!(queue.is_over());
    }

    #[test]
    fn memory_is_kept_and_a_stage_beyond_it_runs_alone() {
        // 6 and 5 do not fit into 10 together; 11 does not fit at all.
        let mut queue = queue([6, 0, 0, 11, 5], 10);
        assert_eq!((queue.take(), queue.take()), (Some(0), None));
        queue.finish(0, StageState::Done);
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some(1), Some(2), Some(4)));
        queue.finish(1, StageState::Done);
        assert_eq!(queue.take(), None);
        queue.finish(2, StageState::Done);
        assert_eq!(queue.take(), None);
        queue.finish(4, StageState::Done);
        assert_eq!(queue.take(), Some(3));
    }

    #[test]
    fn what_is_stopped_begins_nothing() {
        let mut queue = queue([0; 5], 0);
        queue.take();
        queue.stop();
        assert_eq!(queue.take(), None);
        assert!(!queue.is_over());
        queue.finish(0, StageState::Waiting);
        assert!(queue.is_over() && queue.is_settled(0) && queue.is_settled(3));
    }

    proptest! {
        /// Whatever order stages end in, each starts once, after its inputs and within the memory
        /// limit.
        #[test]
        fn every_stage_runs_once(
            edges in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..3), 1..12),
            takes in prop::collection::vec(0_u64..8, 12),
            workers in 1_usize..4,
            ends in prop::collection::vec(any::<prop::sample::Index>(), 12),
        ) {
            let inputs: Vec<Vec<usize>> = edges.iter().enumerate()
                .map(|(node, to)| if node == 0 { vec![] } else { to.iter().map(|to| to.index(node)).collect() })
                .collect();
            let mut queue = StageQueue::from_inputs(inputs.clone(), takes[..inputs.len()].to_vec(), 10);
            let (mut running, mut done) = (Vec::<usize>::new(), Vec::<usize>::new());
            while !queue.is_over() {
                while running.len() < workers {
                    let Some(node) = queue.take() else { break };
                    prop_assert!(inputs[node].iter().all(|input| done.contains(input)));
                    running.push(node);
                }
                prop_assert!(!running.is_empty());
                prop_assert!(running.iter().map(|&node| takes[node]).sum::<u64>() <= 10);
                let node = running.remove(ends[done.len()].index(running.len()));
                queue.finish(node, StageState::Done);
                done.push(node);
            }
            prop_assert_eq!(done.len(), inputs.len());
        }
    }
}
