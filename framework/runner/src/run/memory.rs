//! Peak memory of a stage: that of the whole process, as Linux counts it.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Number of stages measured now, and of stages ever measured.
static NOW: AtomicUsize = AtomicUsize::new(0);
static EVER: AtomicUsize = AtomicUsize::new(0);

/// A measurement, from [`Peak::begin`] to [`Peak::end`].
#[derive(Debug)]
pub(super) struct Peak {
    /// Number of stages measured before. `None` if the peak is not this stage's alone.
    before: Option<usize>,
}

impl Peak {
    /// Resets the peak and starts measuring.
    pub fn begin() -> Peak {
        let is_alone = NOW.fetch_add(1, Ordering::SeqCst) == 0;
        let before = EVER.fetch_add(1, Ordering::SeqCst);
        // 5 resets the peak to the current size (proc_pid_clear_refs(5)).
        let is_reset = is_alone && fs::write("/proc/self/clear_refs", "5").is_ok();
        Peak { before: is_reset.then_some(before) }
    }

    /// Returns the peak in bytes. `None` if another stage ran meanwhile or the system does not report
    /// it.
    pub fn end(self) -> Option<u64> {
        let is_alone = self.before.is_some_and(|before| EVER.load(Ordering::SeqCst) == before + 1);
        if is_alone { high_water(&fs::read_to_string("/proc/self/status").ok()?) } else { None }
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        NOW.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Parses `VmHWM: 1234 kB` into bytes.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read() {
        assert_eq!(high_water("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(high_water("VmHWM:\t many kB\n"), None);
        assert_eq!(high_water("Name:\tx\n"), None);
    }

    #[test]
    fn a_peak_is_of_one_stage_or_of_none() {
        let (one, other) = (Peak::begin(), Peak::begin());
        assert_eq!((one.end(), other.end()), (None, None));
        let alone = Peak::begin();
        let held = vec![1u8; 64 << 20];
        let begun = held.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        drop(held);
        match alone.end() {
            Some(peak) => assert!(peak > begun, "{peak}"),
            // No value if the system does not allow resetting the peak.
            None => assert!(fs::write("/proc/self/clear_refs", "5").is_err()),
        }
    }
}
