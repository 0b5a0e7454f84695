//! Arrays in safetensors files: named, typed, and checked before memory is allocated.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use boldface::{Result, TimeSeries};
use safetensors::tensor::View;
use safetensors::{Dtype, SafeTensors};

use super::artefacts::cannot;

/// A named array to write.
#[derive(Debug)]
pub enum Array<'a> {
    /// 32-bit floats.
    F32(Vec<usize>, &'a [f32]),
    /// 32-bit counts.
    U32(Vec<usize>, &'a [u32]),
}

/// Arrays by name, each with its shape and values.
pub type NamedArrays<T> = BTreeMap<String, (Vec<usize>, Vec<T>)>;

impl<'a> Array<'a> {
    /// Returns the values of a series, as a volumes by regions array.
    pub fn from_series(series: &'a TimeSeries) -> Array<'a> {
        Array::F32(vec![series.trs(), series.rois()], series.values())
    }
}

impl View for &Array<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            Array::F32(..) => Dtype::F32,
            Array::U32(..) => Dtype::U32,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Array::F32(shape, _) | Array::U32(shape, _) => shape,
        }
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self {
            Array::F32(_, values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            Array::U32(_, values) => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    fn data_len(&self) -> usize {
        match self {
            Array::F32(_, values) => size_of_val(*values),
            Array::U32(_, values) => size_of_val(*values),
        }
    }
}

/// Writes arrays to `path`. The same arrays always give the same bytes.
pub fn write(path: &Path, arrays: &BTreeMap<String, Array<'_>>) -> Result<()> {
    for (name, array) in arrays {
        let (shape, length) = (array.shape(), array.data_len() / 4);
        if shape.iter().product::<usize>() != length {
            return Err(format!("`{name}` of shape {shape:?} has {length} values").into());
        }
    }
    let file = safetensors::serialize(arrays, None)?;
    Ok(std::fs::write(path, file).map_err(cannot("write", path))?)
}

/// The bytes of a safetensors file.
pub struct Arrays {
    name: String,
    bytes: Vec<u8>,
}

impl Arrays {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Arrays> {
        let bytes = std::fs::read(path).map_err(cannot("read", path))?;
        Ok(Arrays { name: path.display().to_string(), bytes })
    }

    /// Returns every array of 32-bit floats, by name.
    pub fn floats(&self) -> Result<NamedArrays<f32>> {
        self.floats_named(|_| true)
    }

    /// Returns the arrays of 32-bit floats whose names are `wanted`, by name.
    pub fn floats_named(&self, wanted: impl Fn(&str) -> bool) -> Result<NamedArrays<f32>> {
        self.all(Dtype::F32, wanted, f32::from_le_bytes)
    }

    /// Returns every array of 32-bit counts, by name.
    pub fn counts(&self) -> Result<NamedArrays<u32>> {
        self.all(Dtype::U32, |_| true, u32::from_le_bytes)
    }

    fn all<T>(
        &self,
        dtype: Dtype,
        wanted: impl Fn(&str) -> bool,
        from: fn([u8; 4]) -> T,
    ) -> Result<NamedArrays<T>> {
        let broken = |error| format!("`{}` is not a whole safetensors file: {error}", self.name);
        // This checks the header against the length of the file before reading any tensor.
        let tensors = SafeTensors::deserialize(&self.bytes).map_err(broken)?;
        let of_type = tensors.iter().filter(|(name, view)| view.dtype() == dtype && wanted(name));
        let read = of_type.map(|(name, view)| {
            let (values, _) = view.data().as_chunks::<4>();
            (name.to_owned(), (view.shape().to_vec(), values.iter().copied().map(from).collect()))
        });
        Ok(read.collect())
    }
}

/// Returns the rows and columns of a matrix. For another shape, returns an error that names the array.
pub fn matrix(name: &str, shape: &[usize]) -> Result<(usize, usize)> {
    match shape {
        &[rows, columns] => Ok((rows, columns)),
        _ => Err(format!("`{name}` has {} dimensions instead of 2", shape.len()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_come_back_and_a_truncated_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.safetensors");
        let values = [1.0, -0.5, f32::MAX, 0.0, 3.0, 4.0];
        let arrays = [
            ("b".to_owned(), Array::F32(vec![3, 2], &values)),
            ("a".to_owned(), Array::U32(vec![2], &[7, u32::MAX])),
        ];
        write(&path, &arrays.into()).unwrap();
        let read = Arrays::read(&path).unwrap();
        assert_eq!(read.floats().unwrap(), [("b".to_owned(), (vec![3, 2], values.to_vec()))].into());
        assert!(read.floats_named(|name| name == "a").unwrap().is_empty());
        assert_eq!(read.counts().unwrap(), [("a".to_owned(), (vec![2], vec![7, u32::MAX]))].into());

        let whole = std::fs::read(&path).unwrap();
        for length in [0, 7, 20, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = Arrays::read(&path).unwrap().floats().unwrap_err().to_string();
            assert!(error.contains("not a whole safetensors file"), "{length}: {error}");
        }
        // A header that claims a length of 2^60 bytes.
        std::fs::write(&path, [&(1u64 << 60).to_le_bytes()[..], b"{}"].concat()).unwrap();
        assert!(Arrays::read(&path).unwrap().floats().is_err());
    }
}
