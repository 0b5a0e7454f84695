//! Results have the same bits with any number of threads.

use boldface::Lora;
use boldface_engine::nn::{self, KvCache, Transformer};
use boldface_engine::{AdamW, Engine, Noise, Params, Pass, Tensor, clip, no_grad};

use crate::check::on_every_engine;

/// Returns all parameters after three steps of a model large enough that every operation uses threads.
fn train(engine: &Engine) -> Vec<(String, Vec<f32>)> {
    const BATCH: usize = 6;
    const TOKENS: usize = 75;
    const WIDTH: usize = 72;
    const VOCABULARY: usize = 210;
    let model =
        Transformer { prefix: "body".into(), layers: 2, heads: 3, width: WIDTH, mlp_ratio: 4, gated: false };
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

/// Returns the gradients of a step with adapters, recomputed layers, a shared prefix and the head's own
/// loss, and the outputs of further tokens that read the cache.
fn adapt(engine: &Engine) -> Vec<(String, Vec<f32>)> {
    const WIDTH: usize = 72;
    const WORDS: usize = 70_001;
    let model =
        Transformer { prefix: "body".into(), layers: 2, heads: 3, width: WIDTH, mlp_ratio: 4, gated: false };
    let mut rng = boldface::seed::stream(6, "threads");
    let mut params = Params::new(engine);
    model.init(&mut params, &mut rng);
    let lora = Lora { rank: 4, alpha: 2.0, dropout: 0.0, targets: Vec::new() };
    model.add_lora(&mut params, &lora, &mut rng);
    params.normal("prefix", &[1, 150, WIDTH], 0.1, &mut rng);
    params.normal("tails", &[6, 90, WIDTH], 0.1, &mut rng);
    params.normal("head", &[WORDS, WIDTH], 0.1, &mut rng);
    let targets: Vec<u32> = (0..540).map(|i| (i * i * 7 % WORDS) as u32).collect();
    let visible = |from: usize, to: usize, times: usize| {
        (from + 1..=to).map(|x| x as u32).collect::<Vec<_>>().repeat(times)
    };
    let pass = Pass::inference(&params).lora_scale(0.5).recompute(true);
    let read = |x: &Tensor, from: usize, cache: Option<&mut KvCache>| {
        let (batch, len) = (x.dims()[0], x.dims()[1]);
        model.forward(&pass, x, &visible(from, from + len, batch), cache)
    };
    let mut cache = KvCache::new(2);
    read(params.get("prefix"), 0, Some(&mut cache));
    let answers = read(params.get("tails"), 150, Some(&mut cache.repeat(6)));
    let loss = answers.head_cross_entropy(params.get("head"), &targets);
    let gradients = loss.add(&read(params.get("tails"), 0, None).square().mean()).backward();
    let mut found = vec![("loss".to_owned(), vec![loss.item()])];
    let of = |name: &str| gradients.values(&params, name).map(|gradient| (name.to_owned(), gradient));
    found.extend(params.names().filter_map(of));
    no_grad(|| {
        for at in 0..2 {
            let token = params.get("prefix").narrow(1, at, 1);
            let next = read(&token, 150 + at, Some(&mut cache)).linear(params.get("head"), None);
            found.push((format!("token {at}"), next.to_vec()));
        }
    });
    assert!(found.len() > 30, "{} gradients", found.len());
    found
}

#[test]
fn one_two_and_three_threads_give_the_same_bits() {
    same_bits(train);
}

#[test]
fn one_two_and_three_threads_adapt_to_the_same_bits() {
    same_bits(adapt);
}

fn same_bits(f: impl Fn(&Engine) -> Vec<(String, Vec<f32>)> + Sync) {
    on_every_engine(|engine| {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| f(engine))
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
