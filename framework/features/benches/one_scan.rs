//! Times one family on one scan, for `tests/python/bench_corpus.py`: `one_scan SERIES.npy NETWORKS.txt TR FAMILY TIMES`.
//!
//! The series is volumes x regions; networks are one a line. Prints the milliseconds of each time after a first one, and
//! the process's peak memory (KiB, Linux) before and after.

mod families;

use std::path::Path;
use std::time::Instant;

use boldface::{Result, TimeSeries};
use boldface_imaging::npy;
use families::{Case, FAMILIES};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [series, networks, tr, family, times] = &arguments[..] else {
        println!("one_scan SERIES.npy NETWORKS.txt TR FAMILY TIMES; families: {}", FAMILIES.join(", "));
        return Ok(());
    };
    let ((trs, rois), values) = npy::read(Path::new(series))?;
    let series = TimeSeries::new(trs, rois, tr.parse()?, values)?;
    let networks = std::fs::read_to_string(networks)?.lines().map(str::to_owned).collect();
    let before = peak();
    let case = Case::new(series, networks, family);
    let count = case.measure(family);
    let mut milliseconds = Vec::new();
    for _ in 0..times.parse::<usize>()? {
        let start = Instant::now();
        std::hint::black_box(case.measure(family));
        milliseconds.push(format!("{:.4}", start.elapsed().as_secs_f64() * 1e3));
    }
    let (all, after) = (milliseconds.join(", "), peak());
    println!("{{\"count\": {count}, \"ms\": [{all}], \"before\": {before}, \"peak\": {after}}}");
    Ok(())
}

/// The largest the process has been, in KiB; 0 where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
