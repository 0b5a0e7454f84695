//! Trains the benchmark GPT and prints time, memory and loss as JSON lines.
//!
//! `gpt_step 100` takes 100 steps. Without a number it reads step counts from the lines of standard
//! input, so that `benches/compare_pytorch.py` can alternate it with PyTorch. `gpt_step save FILE`
//! writes the initial parameters. `--engine tch` computes with libtorch, in a build that has it.

#[path = "../benches/gpt/mod.rs"]
mod gpt;

use std::io::BufRead;
use std::time::Instant;

use boldface::{Precision, Runtime};
use boldface_engine::Engine;

fn main() -> boldface::Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let engine = match arguments.iter().position(|argument| argument == "--engine") {
        Some(at) => arguments.drain(at..(at + 2).min(arguments.len())).next_back().unwrap_or_default(),
        None => "dfdx".to_owned(),
    };
    // Any engine uses as many threads as the pool has.
    let runtime = Runtime {
        engine,
        precision: Precision::F32,
        device: "cpu".to_owned(),
        workers: rayon::current_num_threads(),
    };
    let mut gpt = gpt::GptBenchmark::new(&Engine::for_runtime(&runtime)?);
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["save", path] => gpt.params.save(path.as_ref())?,
        [count] => steps(&mut gpt, count.parse()?)?,
        _ => {
            for line in std::io::stdin().lock().lines() {
                steps(&mut gpt, line?.trim().parse()?)?;
            }
        }
    }
    Ok(())
}

fn steps(gpt: &mut gpt::GptBenchmark, count: usize) -> boldface::Result<()> {
    let (mut times, mut loss) = (Vec::new(), f32::NAN);
    let cpu = cpu_ms()?;
    for _ in 0..count {
        let start = Instant::now();
        loss = gpt.step();
        times.push(format!("{:.3}", start.elapsed().as_secs_f64() * 1e3));
    }
    let cpu = (cpu_ms()? - cpu) / count as f64;
    let (times, peak) = (times.join(","), peak_kib()?);
    println!(r#"{{"ms":[{times}],"cpu_ms":{cpu:.2},"peak_kib":{peak},"loss":{loss:.6}}}"#);
    Ok(())
}

/// Returns the processor time of all threads so far; the kernel counts in hundredths of a second.
fn cpu_ms() -> boldface::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) * 10.0)
}

/// Returns the process's peak memory.
fn peak_kib() -> boldface::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
