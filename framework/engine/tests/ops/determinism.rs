//! The same bits whatever the number of threads.

use boldface_engine::nn::{self, Transformer};
use boldface_engine::{AdamW, Engine, Noise, Params, Pass, clip};

use crate::check::on_every_engine;

/// All parameters after three steps of a model large enough that every operation uses threads.
fn train(engine: &Engine) -> Vec<(String, Vec<f32>)> {
    const BATCH: usize = 6;
    const TOKENS: usize = 75;
    const WIDTH: usize = 72;
    const VOCABULARY: usize = 210;
    let model = Transformer { prefix: "body".into(), layers: 2, heads: 3, width: WIDTH, mlp_ratio: 4 };
    let mut rng = boldface::seed::stream(5, "threads");
    let mut params = Params::new(engine);
    params.normal("embedding.weight", &[VOCABULARY, WIDTH], 0.1, &mut rng);
    model.init(&mut params, &mut rng);
    nn::init_layer_norm(&mut params, "norm", WIDTH);
    nn::init_linear(&mut params, "head", WIDTH, VOCABULARY, true, 0.1, &mut rng);
    let tokens: Vec<u32> = (0..BATCH * TOKENS).map(|i| (i * i * 7 % VOCABULARY) as u32).collect();
    let visible: Vec<u32> = (0..BATCH * TOKENS).map(|i| (i % TOKENS + 1) as u32).collect();
    let mut optimiser = AdamW::new(0.1);
    for step in 0..3 {
        let mut noise = Noise::new(boldface::seed::stream(step, "noise"));
        (noise.dropout, noise.drop_path) = (0.1, 0.1);
        let mut gradients = {
            let pass = Pass::training(&params, noise);
            let x = params.get("embedding.weight").rows(&tokens).reshape(&[BATCH, TOKENS, WIDTH]);
            let x = nn::layer_norm(&pass, "norm", &model.forward(&pass, &x, &visible, None));
            let loss = nn::linear(&pass, "head", &x).cross_entropy(&tokens);
            let pooled = x.mean_rows(BATCH).normalize_rows();
            loss.add(&pooled.matmul_t(&pooled).log_sigmoid().mean()).backward()
        };
        clip(&mut gradients, 1.0);
        optimiser.step(&mut params, &gradients, 1e-2);
    }
    params.names().map(|name| (name.to_owned(), params.get(name).to_vec())).collect()
}

#[test]
fn one_two_and_three_threads_give_the_same_bits() {
    on_every_engine(|engine| {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| train(engine))
        };
        let one = with(1);
        assert!(one.iter().all(|(_, values)| values.iter().all(|x| x.is_finite())));
        for threads in [2, 3] {
            for ((name, one), (_, many)) in one.iter().zip(with(threads)) {
                let differ = one.iter().zip(&many).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
                assert_eq!(differ, 0, "numbers of `{name}` that differ with {threads} threads");
            }
        }
    });
}
