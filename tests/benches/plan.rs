//! Measures how long planning takes, for one experiment and for a sweep with a thousand arms.
//!
//! `cargo bench -p boldface-tests --bench plan`

use std::time::{Duration, Instant};

use boldface_tests::{Sandbox, plan, repository};

/// 10 codebook sizes x 10 lengths of instruction tuning x 10 weights: 14,000 stages, 4,127 of them
/// distinct.
const AXES: &str = r#"
[grid]
"tokenizer.codebook-size" = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
"instruction.steps"       = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
"alignment.fmri-to-text"  = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
"#;

fn main() {
    let smoke = repository("experiments/smoke.toml");
    println!("one experiment:  {:?}", fastest(|| drop(plan(&smoke))));
    let sandbox = Sandbox::new();
    sandbox.write("thousand.toml", &format!("base = {:?}\n{AXES}", smoke.display().to_string()));
    assert_eq!(sandbox.sweep("thousand.toml").arms.len(), 1000);
    println!("a thousand arms: {:?}", fastest(|| drop(sandbox.sweep("thousand.toml"))));
}

/// The fastest of ten, because other load only makes it slower.
fn fastest(work: impl Fn()) -> Duration {
    let once = || {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..10).map(|_| once()).min().unwrap_or_default()
}
