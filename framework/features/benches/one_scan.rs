//! Times one family on one scan, for `tests/python/bench_corpus.py`: `one_scan SERIES.npy NETWORKS.txt
//! TR FAMILY TIMES`.
//!
//! The series is volumes x regions, and the networks file has one name per line. After a warm-up call,
//! prints the mean milliseconds per call (processor time on Linux, else wall time) and the process's
//! peak memory (KiB) before and after.

mod families;

use std::path::Path;
use std::time::Instant;

use boldface::{Result, TimeSeries};
use boldface_imaging::npy;
use families::{BenchmarkCase, FAMILIES};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [series, networks, tr, family, times] = &arguments[..] else {
        println!("one_scan SERIES.npy NETWORKS.txt TR FAMILY TIMES; families: {}", FAMILIES.join(", "));
        return Ok(());
    };
    let (header, values) = npy::read(Path::new(series))?;
    let series = TimeSeries::new(header.rows, header.cols, tr.parse()?, values)?;
    let networks = std::fs::read_to_string(networks)?.lines().map(str::to_owned).collect();
    let before = peak();
    let case = BenchmarkCase::new(series, networks, family);
    std::hint::black_box(case.measure(family));
    let times: u32 = times.parse()?;
    let (start, processor) = (Instant::now(), processor());
    for _ in 0..times {
        std::hint::black_box(case.measure(family));
    }
    let clock = start.elapsed().as_secs_f64();
    let seconds = self::processor().zip(processor).map_or(clock, |(end, start)| end - start);
    let (ms, after) = (1e3 * seconds / f64::from(times), peak());
    println!("{{\"ms\": {ms:.4}, \"before\": {before}, \"peak\": {after}}}");
    Ok(())
}

/// Returns the seconds that the process's main thread has run on a processor, exact to a few
/// milliseconds.
fn processor() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    Some(told.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}

/// Returns the peak memory of the process in KiB; 0 if the system does not report it.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
