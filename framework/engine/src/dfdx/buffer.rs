//! Recycled memory for tensor values and gradients.
//!
//! A training step needs the same hundred buffers again and again. Returning them to the system costs a
//! page fault per 4 KiB on the next step, so dropped buffers wait in a pool. The pool never lets the
//! process hold much more than it once needed at the same time.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut, Range};
use std::sync::{Mutex, PoisonError};

use crate::mapped::Mapped;

/// A vector whose memory returns to the pool when dropped, or a read-only part of a file.
#[derive(Debug)]
pub(crate) struct Buffer(Numbers);

#[derive(Debug)]
enum Numbers {
    Owned(Vec<f32>),
    /// A range of bytes in a file, checked to be whole numbers.
    Mapped(Mapped, Range<usize>),
}

impl Buffer {
    /// Returns a buffer with stale contents; the caller overwrites every number.
    pub(crate) fn stale(len: usize) -> Buffer {
        Buffer(Numbers::Owned(POOL.lock().unwrap_or_else(PoisonError::into_inner).take(len)))
    }

    pub(crate) fn zeros(len: usize) -> Buffer {
        let mut buffer = Buffer::stale(len);
        buffer.fill(0.0);
        buffer
    }

    pub(crate) fn copy_of(values: &[f32]) -> Buffer {
        let mut buffer = Buffer::stale(values.len());
        buffer.copy_from_slice(values);
        buffer
    }

    pub(crate) fn from_vec(values: Vec<f32>) -> Buffer {
        POOL.lock().unwrap_or_else(PoisonError::into_inner).adopt(&values);
        Buffer(Numbers::Owned(values))
    }

    /// Wraps numbers that stay in their file; `bytes` must be whole numbers of it.
    pub(crate) fn mapped(file: Mapped, bytes: Range<usize>) -> Buffer {
        Buffer(Numbers::Mapped(file, bytes))
    }

    /// Returns the memory detached from the pool; undone by [`Buffer::restore`].
    pub(crate) fn release(mut self) -> Vec<f32> {
        match std::mem::replace(&mut self.0, Numbers::Owned(Vec::new())) {
            Numbers::Owned(values) => values,
            Numbers::Mapped(file, bytes) => Buffer(Numbers::Mapped(file, bytes)).to_vec(),
        }
    }

    /// Wraps memory that [`Buffer::release`] returned.
    pub(crate) fn restore(values: Vec<f32>) -> Buffer {
        Buffer(Numbers::Owned(values))
    }
}

impl Deref for Buffer {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        match &self.0 {
            Numbers::Owned(values) => values,
            Numbers::Mapped(file, bytes) => file.numbers(bytes).expect("the bytes were checked when mapped"),
        }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        if let Numbers::Mapped(..) = self.0 {
            *self = Buffer::copy_of(self);
        }
        match &mut self.0 {
            Numbers::Owned(values) => values,
            Numbers::Mapped(..) => unreachable!("a file was just copied into memory"),
        }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        Buffer::copy_of(self)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Numbers::Owned(values) = &mut self.0
            && values.capacity() > 0
        {
            let values = std::mem::take(values);
            POOL.lock().unwrap_or_else(PoisonError::into_inner).give(values);
        }
    }
}

static POOL: Mutex<Pool> = Mutex::new(Pool { idle: VecDeque::new(), idle_len: 0, live_len: 0, peak_len: 0 });

/// Buffers shorter than this come from the allocator, which is fast for small ones.
const SMALL: usize = 1024;

/// Unused buffers, oldest first. Lengths count numbers, not bytes.
struct Pool {
    idle: VecDeque<Vec<f32>>,
    idle_len: usize,
    live_len: usize,
    peak_len: usize,
}

impl Pool {
    /// Takes an idle buffer of exactly this length, the most recently used (warmest) of equals. Takes a
    /// larger one that wastes less than a quarter only if fresh memory would exceed the limit.
    fn take(&mut self, len: usize) -> Vec<f32> {
        let mut found = None;
        if len >= SMALL {
            found = self.idle.iter().rposition(|values| values.capacity() == len);
            if found.is_none() && self.total() + len > self.limit() {
                let fits = |capacity: usize| capacity >= len && capacity <= len + len / 4;
                found = self.idle.iter().rposition(|values| fits(values.capacity()));
            }
        }
        let values = found.and_then(|index| self.idle.remove(index)).map(|mut values| {
            self.idle_len -= values.capacity();
            values.resize(len, 0.0);
            values
        });
        let values = values.unwrap_or_else(|| vec![0.0; len]);
        self.adopt(&values);
        self.trim();
        values
    }

    fn adopt(&mut self, values: &Vec<f32>) {
        self.live_len += values.capacity();
        self.peak_len = self.peak_len.max(self.live_len);
    }

    fn give(&mut self, values: Vec<f32>) {
        // A vector that grew outside the pool may be larger than its recorded length.
        self.live_len = self.live_len.saturating_sub(values.capacity());
        if values.capacity() >= SMALL {
            self.idle_len += values.capacity();
            self.idle.push_back(values);
            self.trim();
        }
    }

    /// Frees the oldest idle buffers beyond the limit.
    fn trim(&mut self) {
        while self.total() > self.limit() {
            let Some(oldest) = self.idle.pop_front() else { return };
            self.idle_len -= oldest.capacity();
        }
    }

    fn total(&self) -> usize {
        self.idle_len + self.live_len
    }

    /// Returns the limit: a quarter more than was ever live at one time, plus 1 MiB.
    fn limit(&self) -> usize {
        self.peak_len + self.peak_len / 4 + (1 << 18)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_reused_and_bounded() {
        let mut pool = Pool { idle: VecDeque::new(), idle_len: 0, live_len: 0, peak_len: 0 };
        let a = pool.take(5000);
        let address = a.as_ptr();
        pool.give(a);
        let again = pool.take(5000);
        assert_eq!(again.as_ptr(), address);
        pool.give(again);
        // Lengths keep changing: idle buffers are freed beyond the limit, and larger ones serve some
        // requests.
        let mut allocated = 0;
        for len in (1 << 18..2 << 18).step_by(997) {
            let values = pool.take(len);
            allocated += usize::from(values.capacity() == len);
            pool.give(values);
            assert!(pool.idle_len <= pool.limit(), "{} idle, {} peak", pool.idle_len, pool.peak_len);
        }
        assert_eq!(pool.live_len, 0);
        assert!(allocated > 0 && pool.idle.len() <= 3, "{} idle", pool.idle.len());
    }
}
