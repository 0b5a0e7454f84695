//! Whether a thread's operations are recorded for gradients: one answer for every engine.

use std::cell::Cell;

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
