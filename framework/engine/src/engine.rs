//! The engines of this build, and how to open one.

use std::ops::Range;
use std::path::PathBuf;

use boldface::{Precision, Runtime};

use crate::dfdx::{Buffer, DfdxTensor};
use crate::mapped::Mapped;
#[cfg(feature = "tch")]
use crate::tch;
use crate::tensor::{Tensor, size};

/// Names of the engines in this build.
pub const ENGINES: &[&str] = &[
    "dfdx",
    #[cfg(feature = "tch")]
    "tch",
];

/// An engine on a device; cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    kind: Kind,
    precision: Precision,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Dfdx,
    #[cfg(feature = "tch")]
    Tch(tch::Placement),
}

/// Errors outside a computation: an unusable setting of the spec, or an unusable file.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The spec names an engine that does not exist or was not compiled in.
    #[error("no engine is named `{name}` in this build; it has {}", known(ENGINES))]
    UnknownEngine {
        /// The engine's name in the spec.
        name: String,
    },
    /// The engine does not run on this device, or the machine has no such device.
    #[error("engine `{engine}` does not run on device `{device}`; it runs on {}", known(.devices))]
    UnknownDevice {
        /// The engine.
        engine: String,
        /// The device in the spec.
        device: String,
        /// Devices that the engine runs on.
        devices: &'static [&'static str],
    },
    /// The engine does not compute in this precision.
    #[error("engine `{engine}` does not compute in `{}`; it computes in `f32`", .precision.name())]
    UnknownPrecision {
        /// The engine.
        engine: String,
        /// The precision in the spec.
        precision: Precision,
    },
    /// `f32` and `tf32` were both requested on graphics cards; libtorch has one setting per process.
    #[error(
        "one process cannot compute in both `f32` and `tf32` on graphics cards; run them in two processes"
    )]
    OtherPrecision,
    /// A checkpoint cannot be read or written.
    #[error("checkpoint `{}` cannot be {action}", .path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// The cause.
        source: boldface::Error,
    },
}

/// Opens an engine on a device, such as `open("dfdx", "cpu")`.
///
/// # Errors
///
/// If this build has no such engine, or the engine does not run on the device.
pub fn open(engine: &str, device: &str) -> Result<Engine, EngineError> {
    match (engine, device) {
        ("dfdx", "cpu") => Ok(Engine { kind: Kind::Dfdx, precision: Precision::F32 }),
        #[cfg(feature = "tch")]
        ("tch", _) if let Some(place) = tch::Placement::named(device) => {
            Ok(Engine { kind: Kind::Tch(place), precision: Precision::F32 })
        }
        _ if ENGINES.contains(&engine) => Err(EngineError::UnknownDevice {
            engine: engine.to_owned(),
            device: device.to_owned(),
            devices: devices(engine),
        }),
        _ => Err(EngineError::UnknownEngine { name: engine.to_owned() }),
    }
}

/// Lists the devices of this machine that an engine of this build runs on, the CPU first.
pub fn devices(engine: &str) -> &'static [&'static str] {
    match engine {
        "dfdx" => &["cpu"],
        #[cfg(feature = "tch")]
        "tch" => tch::devices(),
        _ => &[],
    }
}

/// Returns why no engine of this build can use a graphics card. None if one can, or if `tch` is missing.
pub fn why_no_cuda() -> Option<String> {
    #[cfg(feature = "tch")]
    return tch::why_no_cuda();
    #[cfg(not(feature = "tch"))]
    None
}

impl Engine {
    /// Opens the engine that `runtime` names, on its device and in its precision.
    ///
    /// # Errors
    ///
    /// As for [`open`], or if the engine does not compute in this precision.
    pub fn for_runtime(runtime: &Runtime) -> Result<Engine, EngineError> {
        let engine = open(&runtime.engine, &runtime.device)?;
        match (engine.kind, runtime.precision) {
            (Kind::Dfdx, Precision::F32) => Ok(engine),
            (Kind::Dfdx, precision) => {
                Err(EngineError::UnknownPrecision { engine: runtime.engine.clone(), precision })
            }
            #[cfg(feature = "tch")]
            (Kind::Tch(place), precision) => {
                tch::set_threads(runtime.workers);
                let place = place.with(precision).ok_or(EngineError::OtherPrecision)?;
                Ok(Engine { kind: Kind::Tch(place), precision })
            }
        }
    }

    /// Returns the precision in which matrices are multiplied.
    ///
    /// It changes numbers, so it is a setting of the spec and part of the key of every stage that
    /// computes.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Makes a constant: a tensor that gets no gradient.
    ///
    /// # Panics
    ///
    /// If the number of values is not the product of `dims`.
    pub fn tensor(&self, values: Vec<f32>, dims: &[usize]) -> Tensor {
        assert_eq!(values.len(), size(dims), "{} values for a tensor of dims {dims:?}", values.len());
        match self.kind {
            Kind::Dfdx => Tensor::Dfdx(DfdxTensor::constant(Buffer::from_vec(values), dims)),
            #[cfg(feature = "tch")]
            Kind::Tch(place) => Tensor::Tch(tch::TchTensor::constant(&values, dims, place)),
        }
    }

    /// Makes a constant from little-endian f32 numbers of a mapped file; the embedded engine does not
    /// copy them.
    ///
    /// None if the bytes are misaligned, or not as many numbers as `dims` needs.
    pub fn tensor_mapped(&self, file: &Mapped, bytes: Range<usize>, dims: &[usize]) -> Option<Tensor> {
        let numbers = file.numbers(&bytes).filter(|numbers| numbers.len() == size(dims))?;
        Some(match self.kind {
            Kind::Dfdx if numbers.is_empty() => self.tensor(Vec::new(), dims),
            Kind::Dfdx => Tensor::Dfdx(DfdxTensor::constant(Buffer::mapped(file.clone(), bytes), dims)),
            #[cfg(feature = "tch")]
            Kind::Tch(place) => Tensor::Tch(tch::TchTensor::mapped(file, numbers, dims, place)),
        })
    }

    /// Makes a constant from little-endian bf16 numbers, the format of many published weights.
    ///
    /// The numbers stay bf16 if this engine multiplies in bf16; otherwise they become f32.
    ///
    /// # Panics
    ///
    /// If the number of values is not the product of `dims`.
    pub fn tensor_bf16(&self, bytes: &[u8], dims: &[usize]) -> Tensor {
        assert_eq!(bytes.len(), 2 * size(dims), "{} bytes for bf16 numbers of dims {dims:?}", bytes.len());
        match self.kind {
            Kind::Dfdx => {
                let (numbers, _) = bytes.as_chunks::<2>();
                let wide = |half: &[u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(*half)) << 16);
                self.tensor(numbers.iter().map(wide).collect(), dims)
            }
            #[cfg(feature = "tch")]
            Kind::Tch(place) => Tensor::Tch(tch::TchTensor::from_bf16(bytes, dims, place)),
        }
    }

    /// Makes a constant of zeros.
    pub fn zeros(&self, dims: &[usize]) -> Tensor {
        match self.kind {
            Kind::Dfdx => Tensor::Dfdx(DfdxTensor::constant(Buffer::zeros(size(dims)), dims)),
            #[cfg(feature = "tch")]
            Kind::Tch(place) => Tensor::Tch(tch::TchTensor::zeros(dims, place)),
        }
    }
}

fn known(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
