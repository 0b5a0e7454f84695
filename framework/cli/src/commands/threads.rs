//! The threads that a command computes on.

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::failure::Failure;

/// Bytes per thread's stack, as for a main thread.
const STACK: usize = 8 << 20;

/// Starts `count` threads; 0 starts one per core.
///
/// # Errors
/// If the system starts no more threads.
pub fn start(count: usize) -> Result<ThreadPool, Failure> {
    let threads = ThreadPoolBuilder::new().num_threads(count).stack_size(STACK).build();
    threads.map_err(|error| Failure::Run(format!("cannot start threads to compute on: {error}")))
}
