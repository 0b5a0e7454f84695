//! Pauses and redirects the recording of a thread's operations, in the same way for every engine.

use std::cell::{Cell, RefCell};
use std::thread::LocalKey;

thread_local! {
    static IS_PAUSED: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn is_paused() -> bool {
    IS_PAUSED.get()
}

/// Runs `f` without recording, and restores the earlier state afterwards, even if `f` panics.
pub(crate) fn paused<T>(f: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            IS_PAUSED.set(self.0);
        }
    }
    let _restore = Restore(IS_PAUSED.replace(true));
    f()
}

/// Runs `f` on an empty `tape` and returns its result with what it recorded. The earlier recording comes
/// back afterwards, even if `f` panics.
pub(crate) fn aside<R: Default + 'static, T>(
    tape: &'static LocalKey<RefCell<R>>,
    f: impl FnOnce() -> T,
) -> (T, R) {
    struct Restore<R: Default + 'static>(&'static LocalKey<RefCell<R>>, Option<R>);
    impl<R: Default> Drop for Restore<R> {
        fn drop(&mut self) {
            self.0.replace(self.1.take().unwrap_or_default());
        }
    }
    let restore = Restore(tape, Some(tape.take()));
    let value = f();
    let recording = tape.take();
    drop(restore);
    (value, recording)
}
