//! Parameters as safetensors files: f32 tensors by name, readable by every tool of the field.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::Params;
use crate::engine::{Engine, EngineError};
use crate::tensor::Tensor;

/// Named tensors of a file: dimensions and numbers.
pub(crate) type Contents = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

impl Params {
    /// Writes all parameters, frozen ones too, as a safetensors file.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), EngineError> {
        self.save_some(path, |_| true)
    }

    /// Writes the parameters that pass `is_saved`, like [`Params::save`]; the rest is stored elsewhere.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save_some(&self, path: &Path, is_saved: impl Fn(&str) -> bool) -> Result<(), EngineError> {
        let tensors = self.tensors.iter().filter(|(name, _)| is_saved(name));
        write(path, tensors.map(|(name, tensor)| (name.clone(), tensor)), &[])
    }

    /// Reads a safetensors file of f32 tensors. All parameters are trainable.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is cut short or damaged, or holds numbers of another type, NaN or
    /// infinity.
    pub fn load(engine: &Engine, path: &Path) -> Result<Params, EngineError> {
        let (contents, _) = read(path, &[])?;
        let mut params = Params::new(engine);
        for (name, (dims, values)) in contents {
            if let Some(place) = values.iter().position(|value| !value.is_finite()) {
                let source = format!(
                    "tensor `{name}` holds NaN or infinity, first at number {place}; training diverged: lower `peak-lr`"
                );
                return Err(EngineError::Checkpoint {
                    path: path.to_owned(),
                    action: "read",
                    source: source.into(),
                });
            }
            params.insert(&name, values, &dims);
        }
        Ok(params)
    }

    /// Replaces the numbers of these parameters by those that [`Params::save`] wrote, to resume from.
    ///
    /// Frozen parameters stay frozen. On an error nothing changes.
    ///
    /// # Errors
    ///
    /// As for [`Params::load`], or if the file's tensors are not exactly these parameters.
    pub fn restore(&mut self, path: &Path) -> Result<(), EngineError> {
        self.restore_some(path, |_| true)
    }

    /// Restores what [`Params::save_some`] wrote with the same rule; other parameters stay as they are.
    ///
    /// # Errors
    ///
    /// As for [`Params::restore`].
    pub fn restore_some(&mut self, path: &Path, is_saved: impl Fn(&str) -> bool) -> Result<(), EngineError> {
        let (contents, _) = read(path, &[])?;
        let dims = |(name, (dims, _)): (&String, &(Vec<usize>, Vec<f32>))| (name.clone(), dims.clone());
        let own = |(name, tensor): (&String, &Tensor)| (name.clone(), tensor.dims().to_vec());
        let saved = self.tensors.iter().filter(|(name, _)| is_saved(name));
        let (found, wanted): (Vec<_>, Vec<_>) =
            (contents.iter().map(dims).collect(), saved.map(own).collect());
        if found != wanted {
            return Err(EngineError::Checkpoint {
                path: path.to_owned(),
                action: "read",
                source: "its tensors are not those of this model".into(),
            });
        }
        for (name, (_, values)) in contents {
            self.set(&name, values);
        }
        Ok(())
    }
}

/// Writes tensors and named counters to a file.
pub(crate) fn write<'a>(
    path: &Path,
    tensors: impl Iterator<Item = (String, &'a Tensor)>,
    counters: &[(&str, u64)],
) -> Result<(), EngineError> {
    let bytes =
        |tensor: &Tensor| -> Vec<u8> { tensor.to_vec().into_iter().flat_map(f32::to_le_bytes).collect() };
    let floats = tensors.map(|(name, tensor)| (name, Dtype::F32, tensor.dims().to_vec(), bytes(tensor)));
    let counts = counters
        .iter()
        .map(|(name, count)| ((*name).to_owned(), Dtype::U64, vec![1], count.to_le_bytes().to_vec()));
    let all: Vec<_> = floats.chain(counts).collect();
    let save = || -> boldface::Result<()> {
        let views = all.iter().map(|(name, dtype, dims, bytes)| {
            TensorView::new(*dtype, dims.clone(), bytes).map(|view| (name.as_str(), view))
        });
        let views: Vec<_> = views.collect::<Result<_, _>>()?;
        Ok(safetensors::serialize_to_file(views, None, path)?)
    };
    save().map_err(|source| EngineError::Checkpoint { path: path.to_owned(), action: "written", source })
}

/// Reads a file of [`write`]; `counters` names the entries that are counters.
pub(crate) fn read(path: &Path, counters: &[&str]) -> Result<(Contents, Vec<u64>), EngineError> {
    let load = || -> boldface::Result<_> {
        let bytes = std::fs::read(path)?;
        let file = SafeTensors::deserialize(&bytes)?;
        let mut contents = Contents::new();
        let mut counts = Vec::new();
        for name in counters {
            let view = file.tensor(name)?;
            let count = view.data().try_into().map(u64::from_le_bytes);
            counts.push(count.map_err(|_| format!("tensor `{name}` is not one 64-bit counter"))?);
        }
        for (name, view) in file.tensors() {
            if counters.contains(&name.as_str()) {
                continue;
            }
            if view.dtype() != Dtype::F32 {
                return Err(format!("tensor `{name}` holds {:?} numbers, not F32", view.dtype()).into());
            }
            let (numbers, _) = view.data().as_chunks::<4>();
            let values = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            contents.insert(name, (view.shape().to_vec(), values));
        }
        Ok((contents, counts))
    };
    load().map_err(|source| EngineError::Checkpoint { path: path.to_owned(), action: "read", source })
}
