//! Benchmarks the GPT step and its operations: `cargo bench -p boldface-engine`.

mod gpt;

use std::hint::black_box;
use std::time::Duration;

use boldface_engine::{AdamW, Params, Tensor, open};
use criterion::Criterion;

fn gpt_step(criterion: &mut Criterion) {
    let engine = open("dfdx", "cpu").expect("dfdx is always there");
    let mut gpt = gpt::GptBenchmark::new(&engine);
    criterion.bench_function("gpt step", |bencher| bencher.iter(|| black_box(gpt.step())));
}

fn operations(criterion: &mut Criterion) {
    let engine = open("dfdx", "cpu").expect("dfdx is always there");
    let mut params = Params::new(&engine);
    let mut rng = boldface::seed::stream(0, "bench");
    params.normal("x", &[8, 128, 128], 1.0, &mut rng);
    params.normal("qkv", &[8, 128, 384], 1.0, &mut rng);
    params.normal("inner", &[8, 128, 512], 1.0, &mut rng);
    params.normal("weight", &[512, 128], 0.1, &mut rng);
    params.constant("bias", &[512], 0.0);
    params.constant("gain", &[128], 1.0);
    params.constant("shift", &[128], 0.0);
    let visible: Vec<u32> = (0..8 * 128).map(|i| i % 128 + 1).collect();

    let mut both_ways = |name: &str, f: &dyn Fn() -> Tensor| {
        criterion.bench_function(name, |bencher| bencher.iter(|| black_box(f().sum().backward())));
    };
    let get = |name: &str| params.get(name);
    both_ways("linear 1024 x 128 x 512", &|| get("x").linear(get("weight"), Some(get("bias"))));
    both_ways("layer norm 1024 x 128", &|| get("x").layer_norm(get("gain"), get("shift"), 1e-5));
    both_ways("gelu 1024 x 512", &|| get("inner").gelu());
    both_ways("attention 8 x 128, 4 heads", &|| get("qkv").self_attention(4, 4, &visible));

    let gradients = params.get("weight").sum().backward();
    let mut optimiser = AdamW::new(0.1);
    criterion.bench_function("adamw 512 x 128", |bencher| {
        bencher.iter(|| optimiser.step(&mut params, &gradients, 1e-3));
    });
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    gpt_step(&mut criterion);
    operations(&mut criterion);
    criterion.final_summary();
}
