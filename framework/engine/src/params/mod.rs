//! Named parameters, trainable or frozen, and their checkpoints.

mod checkpoint;

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::{Rng, RngExt};
use rand_distr::StandardNormal;

use crate::engine::Engine;
use crate::tensor::{Tensor, size};

pub(crate) use checkpoint::{read, write};

/// The parameters of a model, ordered by name; cheap to clone.
#[derive(Clone, Debug)]
pub struct Params {
    engine: Engine,
    tensors: Arc<BTreeMap<String, Tensor>>,
}

impl Params {
    /// Makes an empty set of parameters on an engine.
    pub fn new(engine: &Engine) -> Params {
        Params { engine: engine.clone(), tensors: Arc::default() }
    }

    /// Returns the engine that the parameters are on.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Adds or replaces a trainable parameter.
    pub fn insert(&mut self, name: &str, values: Vec<f32>, dims: &[usize]) {
        let leaf = self.engine.tensor(values, dims).as_leaf();
        Arc::make_mut(&mut self.tensors).insert(name.to_owned(), leaf);
    }

    /// Adds or replaces a frozen parameter, whose numbers may be in a mapped file.
    pub fn insert_frozen(&mut self, name: &str, tensor: &Tensor) {
        Arc::make_mut(&mut self.tensors).insert(name.to_owned(), tensor.frozen());
    }

    /// Adds a parameter of normal numbers; those beyond 2 standard deviations are drawn again.
    pub fn normal(&mut self, name: &str, dims: &[usize], std: f32, rng: &mut impl Rng) {
        let mut draw = || loop {
            let x: f32 = rng.sample(StandardNormal);
            if x.abs() <= 2.0 {
                return std * x;
            }
        };
        let values = (0..size(dims)).map(|_| draw()).collect();
        self.insert(name, values, dims);
    }

    /// Adds a parameter whose numbers all equal `value`.
    pub fn constant(&mut self, name: &str, dims: &[usize], value: f32) {
        self.insert(name, vec![value; size(dims)], dims);
    }

    /// Returns a parameter.
    ///
    /// # Panics
    ///
    /// If there is no parameter of this name.
    pub fn get(&self, name: &str) -> &Tensor {
        self.try_get(name).unwrap_or_else(|| panic!("no parameter is named `{name}`"))
    }

    /// Returns a parameter, or None if there is none of this name.
    pub fn try_get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Overwrites the numbers of a parameter, such as a codebook that follows a running mean.
    ///
    /// # Panics
    ///
    /// If there is no such parameter or the number of values differs.
    pub fn set(&mut self, name: &str, values: Vec<f32>) {
        let tensor = self.get_mut(name).unwrap_or_else(|| panic!("no parameter is named `{name}`"));
        assert_eq!(values.len(), size(tensor.dims()), "values for `{name}` of dims {:?}", tensor.dims());
        tensor.overwrite(values);
    }

    /// Removes a parameter, such as an adapter that became part of a weight.
    pub fn remove(&mut self, name: &str) {
        Arc::make_mut(&mut self.tensors).remove(name);
    }

    /// Makes the parameters that pass the rule trainable and freezes the rest.
    ///
    /// A frozen parameter gets no gradient, and operations on frozen parameters alone are not recorded.
    pub fn train_only(&mut self, is_trainable: impl Fn(&str) -> bool) {
        for (name, tensor) in Arc::make_mut(&mut self.tensors) {
            match (is_trainable(name), tensor.leaf_id()) {
                (true, None) => *tensor = tensor.as_leaf(),
                (false, Some(_)) => *tensor = tensor.frozen(),
                _ => {}
            }
        }
    }

    /// Returns whether the parameter exists and is trainable.
    pub fn is_trainable(&self, name: &str) -> bool {
        self.try_get(name).is_some_and(|tensor| tensor.leaf_id().is_some())
    }

    /// Returns all names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Returns how many numbers all parameters have together.
    pub fn count(&self) -> usize {
        self.tensors.values().map(|tensor| size(tensor.dims())).sum()
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Tensor> {
        Arc::make_mut(&mut self.tensors).get_mut(name)
    }
}
