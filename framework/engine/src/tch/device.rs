//! Devices, the precision of products, and threads.

use std::sync::{LazyLock, OnceLock};

use ::tch::{Cuda, Device, Kind};
use boldface::Precision;

use super::raw;

/// The device of tensors, and the precision of their products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    pub(super) device: Device,
    /// bf16 or f32.
    pub(super) products: Kind,
}

const CUDA: [&str; 16] = [
    "cuda:0", "cuda:1", "cuda:2", "cuda:3", "cuda:4", "cuda:5", "cuda:6", "cuda:7", "cuda:8", "cuda:9",
    "cuda:10", "cuda:11", "cuda:12", "cuda:13", "cuda:14", "cuda:15",
];

/// The devices of this machine, the CPU first.
///
/// libtorch decides at its first tensor whether there is CUDA, so all code that makes tensors asks here.
static DEVICES: LazyLock<Devices> = LazyLock::new(|| {
    let opened = raw::open_cuda();
    let cards = if opened == Ok(true) { usize::try_from(Cuda::device_count()).unwrap_or(0) } else { 0 };
    Devices { names: std::iter::once("cpu").chain(CUDA.into_iter().take(cards)).collect(), opened }
});

struct Devices {
    names: Vec<&'static str>,
    /// Whether there is a driver, or why libtorch's CUDA part could not be opened.
    opened: Result<bool, String>,
}

/// Whether f32 products on graphics cards are TensorFloat-32, in the whole process.
static TF32: OnceLock<bool> = OnceLock::new();

pub(crate) fn devices() -> &'static [&'static str] {
    &DEVICES.names
}

pub(crate) fn why_no_cuda() -> Option<String> {
    match &DEVICES.opened {
        Ok(_) if DEVICES.names.len() > 1 => None,
        Ok(false) => Some("this machine has no NVIDIA driver".to_owned()),
        Ok(true) => Some("the NVIDIA driver reports no graphics card that libtorch can use".to_owned()),
        Err(why) => Some(format!(
            "libtorch's CUDA part cannot be opened ({why}); run `framework/engine/install-libtorch --cuda`"
        )),
    }
}

impl Placement {
    /// Returns the device of this name. None if the machine lacks it.
    pub(crate) fn named(device: &str) -> Option<Placement> {
        if !devices().contains(&device) {
            return None;
        }
        let device = match CUDA.iter().position(|name| *name == device) {
            Some(index) => Device::Cuda(index),
            None => Device::Cpu,
        };
        Some(Placement { device, products: Kind::Float })
    }

    /// Returns the place with products in this precision. None if the process already uses another one.
    pub(crate) fn with(self, precision: Precision) -> Option<Placement> {
        if self.device.is_cuda() {
            let wanted = precision == Precision::Tf32;
            let tf32 = TF32.get_or_init(|| {
                raw::allow_tf32(wanted);
                wanted
            });
            if *tf32 != wanted {
                return None;
            }
        }
        let products = if precision == Precision::Bf16 { Kind::BFloat16 } else { Kind::Float };
        Some(Placement { products, ..self })
    }
}

/// Sets the number of threads on the CPU; 0 means one per core.
pub(crate) fn set_threads(threads: usize) {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if threads == 0 { cores() } else { threads };
    ::tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
}
