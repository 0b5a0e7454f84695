//! Whether and where a thread's operations are recorded for gradients: one way for every engine.

use std::cell::{Cell, RefCell};
use std::thread::LocalKey;

thread_local! {
    static IS_PAUSED: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn is_paused() -> bool {
    IS_PAUSED.get()
}

/// Records nothing while `f` runs, even if it panics half-way.
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

/// What `f` gives, and what it records on `tape`; what was recorded before stays, even if `f` panics.
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
