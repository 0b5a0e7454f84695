//! Describes scans, many in parallel.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::Builder;
use std::time::Duration;

use boldface::{Describer, Descriptor, Result, Scan, Window, guard};

/// Interval for calling `progress` while no scan finishes.
const PAUSE: Duration = Duration::from_millis(100);

/// Stack size of a thread in bytes, as large as the main thread's.
const STACK: usize = 8 << 20;

/// Calls `work` with each number below `count`, on at most `threads` threads. Calls `progress` now and
/// then with the number of finished calls; if it fails, the work stops.
///
/// The threads are not from rayon's pool. While it waits for work of its own, a pool thread would start
/// another scan, which could wait for a resource that the first scan has.
///
/// # Errors
/// Returns the error of the lowest number that failed, whatever finished first, or the error of
/// `progress`.
pub fn each<T: Send>(
    count: usize,
    threads: usize,
    progress: &mut dyn FnMut(usize) -> Result<()>,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let slots: Vec<Mutex<Option<Result<T>>>> = (0..count).map(|_| Mutex::new(None)).collect();
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (sender, finished) = mpsc::channel();
    let taken = std::thread::scope(|scope| -> Result<()> {
        for _ in 0..threads.clamp(1, count.max(1)) {
            let (sender, next, is_over, slots, work) = (sender.clone(), &next, &is_over, &slots, &work);
            let take = move || {
                while !is_over.load(Ordering::Relaxed) {
                    // Numbers are taken in order, so all before a failed one also finish.
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(slot) = slots.get(place) else { return };
                    let made = guard(|| work(place));
                    is_over.fetch_or(made.is_err(), Ordering::Relaxed);
                    *slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(made);
                    // The receiver is gone after a stop.
                    let _ = sender.send(());
                }
            };
            let thread = Builder::new().name("scan".to_owned()).stack_size(STACK).spawn_scoped(scope, take);
            if let Err(error) = thread {
                is_over.store(true, Ordering::Relaxed);
                return Err(format!("no thread to describe scans on: {error}").into());
            }
        }
        drop(sender);
        let mut done = 0;
        loop {
            match finished.recv_timeout(PAUSE) {
                Ok(()) => done += 1,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            progress(done).inspect_err(|_| is_over.store(true, Ordering::Relaxed))?;
        }
    });
    taken?;
    let made = slots.into_iter().filter_map(|slot| slot.into_inner().ok().flatten());
    let made = made.collect::<Result<Vec<T>>>()?;
    if made.len() < count {
        return Err("a thread that describes scans has ended".into());
    }
    Ok(made)
}

/// Lets the generator called `corpus` describe a scan, and fills in the fields that the framework
/// knows.
///
/// # Errors
/// If the generator fails. The message names corpus and scan.
pub fn describe(corpus: &str, describer: &dyn Describer, scan: &Scan) -> Result<Vec<Descriptor>> {
    let said = describer.describe(scan);
    let mut said = said.map_err(|error| format!("corpus `{corpus}`, `{}`: {error}", scan.info.id))?;
    for descriptor in &mut said {
        corpus.clone_into(&mut descriptor.corpus);
        descriptor.scan.clone_from(&scan.info.id);
        descriptor.window = Window::first(scan.series.trs());
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order_and_the_first_error_is_told() {
        for threads in [1, 4] {
            let slow = |place: usize| {
                std::thread::sleep(Duration::from_millis((8 - place as u64 % 8) / 2));
                Ok(10 * place)
            };
            let mut most = 0;
            let mut count = |done: usize| {
                most = most.max(done);
                Ok(())
            };
            let made = each(20, threads, &mut count, slow).unwrap();
            assert_eq!(made, (0..20).map(|place| 10 * place).collect::<Vec<_>>());
            assert_eq!(most, 20);
            let fails = |place: usize| match slow(place)? {
                30 => Err("the fourth".into()),
                value if value > 30 => Err("a later one".into()),
                value => Ok(value),
            };
            assert_eq!(each(20, threads, &mut |_| Ok(()), fails).unwrap_err().to_string(), "the fourth");
            let panics = |place: usize| if place == 5 { panic!("by number") } else { slow(place) };
            let error = each(20, threads, &mut |_| Ok(()), panics).unwrap_err().to_string();
            assert_eq!(error, "panicked: by number");
        }
        assert_eq!(each(0, 4, &mut |_| Ok(()), Ok).unwrap(), Vec::<usize>::new());
    }

    #[test]
    fn a_wish_to_stop_ends_it() {
        let begun = AtomicUsize::new(0);
        let count = |place: usize| {
            begun.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(1));
            Ok(place)
        };
        let stop = |done: usize| if done > 3 { Err(boldface::Interrupted.into()) } else { Ok(()) };
        let error = each(1_000_000, 2, &mut { stop }, count).unwrap_err();
        assert!(error.is::<boldface::Interrupted>());
        assert!(begun.into_inner() < 1_000_000);
    }
}
