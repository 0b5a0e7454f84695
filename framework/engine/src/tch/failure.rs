//! libtorch's errors, in one line instead of a C++ stack.

use ::tch::TchError;

/// Returns the value of a call into libtorch.
///
/// # Panics
///
/// With libtorch's message if it failed. Shapes were checked before, so memory ran out or a device
/// disappeared. The runner turns the panic into an error, like any panic of a plugin.
#[track_caller]
pub(super) fn done<T>(result: Result<T, TchError>) -> T {
    match result {
        Ok(value) => value,
        Err(TchError::Torch(message)) => panic!("{}", explain(&message)),
        Err(error) => panic!("libtorch failed: {error}"),
    }
}

/// Returns the first line of a message, with advice if memory ran out.
pub(super) fn explain(message: &str) -> String {
    let first = message.lines().next().unwrap_or("no reason given").trim();
    let is_memory = ["out of memory", "can't allocate memory", "not enough memory"];
    if is_memory.iter().any(|words| message.contains(words)) {
        // PyTorch's own advice does not apply here.
        let facts = first.split(" If reserved but unallocated").next().unwrap_or(first).trim_end_matches('.');
        return format!(
            "out of memory: {facts}. To reduce memory, use a smaller `batch`, a shorter `context`, `checkpointing = true`, \
             `precision = \"bf16\"`, or a smaller model"
        );
    }
    format!("libtorch failed: {first}")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::explain;

    #[test]
    fn memory_that_ran_out() {
        let message = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 7.79 GiB of which 1.10 GiB is free. Of the allocated memory 6.01 GiB is allocated by PyTorch, and 200.00 MiB is reserved by PyTorch but unallocated. If reserved but unallocated memory is large try setting PYTORCH_ALLOC_CONF=expandable_segments:True to avoid fragmentation.\nException raised from malloc at CUDACachingAllocator.cpp:1534\nframe #0: c10::Error::Error";
        expect!["out of memory: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 7.79 GiB of which 1.10 GiB is free. Of the allocated memory 6.01 GiB is allocated by PyTorch, and 200.00 MiB is reserved by PyTorch but unallocated. To reduce memory, use a smaller `batch`, a shorter `context`, `checkpointing = true`, `precision = \"bf16\"`, or a smaller model"].assert_eq(&explain(message));
    }

    #[test]
    fn anything_else_is_its_first_line() {
        expect!["libtorch failed: CUDA error: an illegal memory access was encountered"]
            .assert_eq(&explain("CUDA error: an illegal memory access was encountered\nframe #0: there"));
    }
}
