//! Fluctuations of networks: amplitude, ALFF, fALFF, persistence, and states of coupling.

pub mod clusters;
pub mod fluctuations;
pub mod states;
pub mod stretches;
pub mod windows;

pub use fluctuations::{Amplitude, Fluctuations};
pub use states::{States, Visits};
pub use windows::{Sliding, WindowTaper, Windowed};
