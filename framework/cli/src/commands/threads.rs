//! The threads that a command computes on.

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::failure::Failure;
use crate::say;

/// Bytes per thread's stack, as for a main thread.
const STACK: usize = 8 << 20;

/// Starts `count` threads, or fewer if the system gives no more; 0 starts one per core.
///
/// # Errors
/// If the system starts not even one.
pub fn start(count: usize) -> Result<ThreadPool, Failure> {
    let wanted = if count == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { count };
    let mut count = wanted;
    loop {
        let error = match ThreadPoolBuilder::new().num_threads(count).stack_size(STACK).build() {
            Ok(pool) => {
                if count < wanted {
                    say::aside(format_args!(
                        "note: the system gives {count} of {wanted} threads; no number changes, it only takes longer"
                    ));
                }
                return Ok(pool);
            }
            Err(error) => error,
        };
        if count == 1 {
            return Err(Failure::Run(format!(
                "cannot start a thread to compute on: {error}; raise the limit of processes (`ulimit -u`)"
            )));
        }
        count /= 2;
    }
}
