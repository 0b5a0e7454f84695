//! Devices, the numbers that products are computed in, and threads.

use std::sync::LazyLock;

use ::tch::{Cuda, Device, Kind};
use boldface::Precision;

use super::raw;

/// Where tensors live and how their products are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
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
/// libtorch decides at its first tensor whether there is CUDA, so every way to a tensor leads through here.
static DEVICES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let cards = if raw::open_cuda() { usize::try_from(Cuda::device_count()).unwrap_or(0) } else { 0 };
    std::iter::once("cpu").chain(CUDA.into_iter().take(cards)).collect()
});

pub(crate) fn devices() -> &'static [&'static str] {
    &DEVICES
}

impl Place {
    /// The device of this name; none if the machine lacks it.
    pub(crate) fn named(device: &str) -> Option<Place> {
        if !devices().contains(&device) {
            return None;
        }
        let device = match CUDA.iter().position(|name| *name == device) {
            Some(index) => Device::Cuda(index),
            None => Device::Cpu,
        };
        Some(Place { device, products: Kind::Float })
    }

    pub(crate) fn with(self, precision: Precision) -> Place {
        let products = match precision {
            Precision::F32 => Kind::Float,
            Precision::Bf16 => Kind::BFloat16,
        };
        Place { products, ..self }
    }
}

/// How many threads the CPU computes with.
pub(crate) fn set_threads(threads: usize) {
    ::tch::set_num_threads(i32::try_from(threads).unwrap_or(i32::MAX));
}
