//! Takes training steps with a random language model; prints time, memory and losses as JSON lines.
//!
//! `train_step WORK BATCH TOKENS [OPTIONS] [STEPS | save FILE]`, with the options `--engine NAME`,
//! `--device NAME`, `--precision NAME` and `--recompute`.
//!
//! WORK is `gpt2-lora` or `gpt2-full` (BATCH sequences of TOKENS), `stage3` (BATCH questions about a
//! scan of TOKENS patches) or `generation` (a token after TOKENS others). Without STEPS it reads step
//! counts from the lines of standard input, so that `tests/python/bench_lm.py` can alternate it with
//! PyTorch. `save FILE` writes the weights.

mod model;
mod work;

use std::io::BufRead;

use boldface::{Precision, Runtime};
use boldface_engine::Engine;
use work::TrainStep;

fn main() -> boldface::Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let engine = option(&mut arguments, "--engine").unwrap_or_else(|| "dfdx".to_owned());
    let device = option(&mut arguments, "--device").unwrap_or_else(|| "cpu".to_owned());
    let precision = match option(&mut arguments, "--precision").as_deref() {
        None | Some("f32") => Precision::F32,
        Some("tf32") => Precision::Tf32,
        Some("bf16") => Precision::Bf16,
        Some(other) => return Err(format!("no precision is named `{other}`").into()),
    };
    let is_recomputed = arguments.iter().any(|argument| argument == "--recompute");
    arguments.retain(|argument| argument != "--recompute");
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [name, batch, tokens, rest @ ..] = &words[..] else {
        return Err("usage: train_step WORK BATCH TOKENS [STEPS | save FILE]".into());
    };
    let runtime = Runtime { engine, device, precision, workers: rayon::current_num_threads() };
    let engine = Engine::for_runtime(&runtime)?;
    let mut work = TrainStep::new(&engine, name, batch.parse()?, tokens.parse()?)?;
    if is_recomputed {
        work.recompute();
    }
    match rest {
        ["save", path] => work.network.params.save(path.as_ref())?,
        [count] => steps(&mut work, count.parse()?)?,
        _ => {
            for line in std::io::stdin().lock().lines() {
                steps(&mut work, line?.trim().parse()?)?;
            }
        }
    }
    Ok(())
}

/// Removes a flag and its value from the arguments, and returns the value.
fn option(arguments: &mut Vec<String>, flag: &str) -> Option<String> {
    let at = arguments.iter().position(|argument| argument == flag)?;
    let value = arguments.get(at + 1).cloned();
    arguments.drain(at..(at + 2).min(arguments.len()));
    value
}

fn steps(work: &mut TrainStep, count: usize) -> boldface::Result<()> {
    let cpu = cpu_ms()?;
    let (losses, times): (Vec<f32>, Vec<f64>) = (0..count).map(|_| work.step()).unzip();
    let cpu = (cpu_ms()? - cpu) / count as f64;
    println!(r#"{{"ms":{times:.3?},"cpu_ms":{cpu:.1},"peak_kib":{},"losses":{losses:.6?}}}"#, peak_kib()?);
    Ok(())
}

/// Returns the processor time of all threads of this process.
fn cpu_ms() -> boldface::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields 14 and 15, in ticks of 10 ms; the name in field 2 may hold spaces, so count from its end.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
    Ok(ticks * 10.0)
}

/// Returns the peak memory of this process.
fn peak_kib() -> boldface::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
