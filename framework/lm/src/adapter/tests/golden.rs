//! Adapters equal those of Python's PEFT, and training steps those of PyTorch:
//! `tests/python/adapter_golden.py`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use boldface_engine::{AdamW, ENGINES, Engine, Noise, Pass};
use safetensors::SafeTensors;

use super::super::{load, merge, save};
use super::*;

const MODELS: [&str; 4] = ["gpt2", "llama-tied", "llama", "qwen3"];

/// Numbers and dims by name.
type Numbers = BTreeMap<String, (Vec<f32>, Vec<usize>)>;

pub(super) fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/adapter").join(model)
}

fn numbers(path: &Path) -> Numbers {
    let bytes = std::fs::read(path).unwrap();
    let number = |dtype, x: &[u8; 4]| match dtype {
        safetensors::Dtype::F32 => f32::from_le_bytes(*x),
        _ => i32::from_le_bytes(*x) as f32,
    };
    let read = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        let values = view.data().as_chunks().0.iter().map(|x| number(view.dtype(), x)).collect();
        (name, (values, view.shape().to_vec()))
    };
    SafeTensors::deserialize(&bytes).unwrap().tensors().into_iter().map(read).collect()
}

pub(super) fn published(model: &str, engine: &Engine) -> PublishedNetwork {
    crate::open(&folder(model)).unwrap().network(engine).unwrap()
}

fn on_every_engine(test: impl Fn(&Engine)) {
    for name in ENGINES {
        test(&open(name, "cpu").expect("every engine runs on the CPU"));
    }
}

/// Questions with their answers: tokens (B, T), and each place with the token that it should predict.
struct Batch {
    tokens: Vec<u32>,
    dims: [usize; 2],
    targets: Vec<(usize, u32)>,
}

impl Batch {
    fn read(model: &str) -> Batch {
        let numbers = numbers(&folder(model).join("batch.safetensors"));
        let (tokens, dims) = &numbers["tokens"];
        let length = dims[1];
        let labels =
            numbers["labels"].0.iter().enumerate().filter(|(at, label)| **label >= 0.0 && at % length > 0);
        Batch {
            tokens: tokens.iter().map(|token| *token as u32).collect(),
            dims: [dims[0], length],
            targets: labels.map(|(at, label)| (at - 1, *label as u32)).collect(),
        }
    }

    /// Hidden states before the last norm, (B * T, D).
    fn hidden(&self, network: &PublishedNetwork, pass: &Pass<'_>) -> Tensor {
        let [size, length] = self.dims;
        let places: Vec<u32> = (0..size).flat_map(|_| 0..length as u32).collect();
        let visible: Vec<u32> = places.iter().map(|place| place + 1).collect();
        let width = network.config.width;
        let x = network.embed(pass, &self.tokens).reshape(&[size, length, width]);
        network.read(pass, &x, &places, &visible, None).reshape(&[size * length, width])
    }

    /// Mean cross-entropy of the answers' tokens.
    fn loss(&self, network: &PublishedNetwork, pass: &Pass<'_>) -> Tensor {
        let (rows, labels): (Vec<u32>, Vec<u32>) =
            self.targets.iter().map(|(row, label)| (*row as u32, *label)).unzip();
        let hidden = network.norm(pass, &self.hidden(network, pass).rows(&rows));
        hidden.head_cross_entropy(network.head(pass), &labels)
    }

    /// Logits of the first sequence.
    fn logits(&self, network: &PublishedNetwork, lora: &Lora) -> Vec<f32> {
        let pass = network.inference().lora_scale(lora_scale(lora));
        let rows: Vec<u32> = (0..self.dims[1] as u32).collect();
        no_grad(|| {
            network.logits(&pass, &network.norm(&pass, &self.hidden(network, &pass).rows(&rows))).to_vec()
        })
    }
}

/// A table of every parameter that differs, empty if none does.
struct Table(Vec<String>);

impl Table {
    fn new() -> Table {
        Table(Vec::new())
    }

    /// Compares the largest difference, divided by the largest expected number, with `limit`.
    fn compare(
        &mut self,
        name: &str,
        found: Option<Vec<f32>>,
        (expected, _): &(Vec<f32>, Vec<usize>),
        limit: f32,
    ) {
        let Some(found) = found.filter(|found| found.len() == expected.len()) else {
            return self.0.push(format!("{name:70} missing, or of another size"));
        };
        let most = expected.iter().fold(1e-6_f32, |most, x| most.max(x.abs()));
        let error = furthest(&found, expected) / most;
        if error > limit || error.is_nan() {
            self.0.push(format!("{name:70} {error:9.2e} of {most:9.2e}"));
        }
    }

    #[track_caller]
    fn check(&self, what: &str) {
        assert!(
            self.0.is_empty(),
            "{what}: parameter, largest difference, of largest number\n{}",
            self.0.join("\n")
        );
    }
}

/// Returns a matrix as (outputs, inputs); GPT-2's files have it the other way round.
fn turned(
    network: &PublishedNetwork,
    name: &str,
    (values, dims): &(Vec<f32>, Vec<usize>),
) -> (Vec<f32>, Vec<usize>) {
    let is_turned = network.config.family == ModelFamily::Gpt2 && name.contains(".c_") && dims.len() == 2;
    if !is_turned {
        return (values.clone(), dims.clone());
    }
    let (rows, columns) = (dims[0], dims[1]);
    let turned = (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column]));
    (turned.collect(), vec![columns, rows])
}

#[test]
fn adapters_of_pythons_peft_give_its_logits() {
    on_every_engine(|engine| {
        for model in ["gpt2", "llama", "qwen3"] {
            let batch = Batch::read(model);
            for (name, (expected, _)) in numbers(&folder(model).join("logits.safetensors")) {
                let mut network = published(model, engine);
                let mut lora = lora(1, 1.0, &[]);
                if name != "base" {
                    lora = load(&mut network, &folder(model).join("adapters").join(&name)).unwrap();
                }
                let far = furthest(&batch.logits(&network, &lora), &expected);
                assert!(far < 1e-4, "{model}, {name}: {far}");

                // Written and read again, and merged, it is still the same.
                if name != "base" {
                    let (dir, mut again) = (tempfile::tempdir().unwrap(), published(model, engine));
                    save(&network, &lora, "tests", dir.path()).unwrap();
                    let read = load(&mut again, dir.path()).unwrap();
                    let far = furthest(&batch.logits(&again, &read), &expected);
                    assert!(far < 1e-4, "{model}, {name} written: {far}");
                    merge(&mut network, &lora);
                    let far = furthest(&batch.logits(&network, &lora), &expected);
                    assert!(far < 1e-4, "{model}, {name} merged: {far}");
                }
            }
        }
    });
}

#[test]
fn what_an_adapter_says_of_itself_is_read() {
    let engine = open("dfdx", "cpu").unwrap();
    let read = |model: &str, name: &str| {
        load(&mut published(model, &engine), &folder(model).join("adapters").join(name)).unwrap()
    };
    let all = read("gpt2", "all");
    assert_eq!((all.rank, all.alpha, all.dropout), (3, 5.0, 0.1));
    assert_eq!(all.targets, ["c_attn", "c_fc", "c_proj"]);
    assert_eq!(read("gpt2", "list").targets, ["c_attn", "mlp.c_proj"]);
    assert_eq!(
        read("llama", "one-layer").targets,
        ["model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.v_proj"]
    );
    // rsLoRA: alpha / sqrt(rank) = 4 / sqrt(2), which is 4 sqrt(2) / 2.
    let pattern = read("llama", "pattern");
    assert!((pattern.alpha - 4.0 * 2.0_f64.sqrt()).abs() < 1e-12, "{}", pattern.alpha);
    assert_eq!(pattern.targets, ["k_proj", "v_proj"]);
}

/// Settings of the script.
fn optimiser() -> AdamW {
    AdamW::new(0.05)
}

const RATE: f64 = 3e-3;

#[test]
fn a_lora_step_is_pytorchs() {
    on_every_engine(|engine| {
        for model in ["gpt2", "llama", "qwen3"] {
            let (batch, golden) = (Batch::read(model), numbers(&folder(model).join("lora.safetensors")));
            let part = |what: &str, name: &str| {
                let (name, which) = name.rsplit_once(".lora_").unwrap();
                &golden[&format!("{what}.base_model.model.{name}.lora_{}.weight", which.to_uppercase())]
            };
            let mut network = published(model, engine);
            let lora = lora(3, 12.0, &[]);
            super::super::add(&mut network, &lora, &mut rng(1)).unwrap();
            let base = network.params.clone();
            let names: Vec<String> =
                network.params.names().filter(|name| name.contains(".lora_")).map(str::to_owned).collect();
            assert_eq!(names.len(), golden.keys().filter(|name| name.starts_with("before.")).count());
            for name in &names {
                network.params.set(name, part("before", name).0.clone());
            }
            let mut optimiser = optimiser();
            for (step, expected) in golden["losses"].0.iter().enumerate() {
                let pass = Pass::training(&network.params, Noise::new(rng(0))).lora_scale(lora_scale(&lora));
                let loss = batch.loss(&network, &pass);
                let found = loss.item();
                assert!((found / expected - 1.0).abs() < 1e-4, "{model}, step {step}: {found}, {expected}");
                let gradients = loss.backward();
                let mut table = Table::new();
                for name in names.iter().filter(|_| step == 0) {
                    table.compare(
                        name,
                        gradients.values(&network.params, name),
                        part("gradient", name),
                        1e-4,
                    );
                }
                table.check(&format!("gradients of an adapter of {model}"));
                optimiser.step(&mut network.params, &gradients, RATE);
            }
            let mut table = Table::new();
            for name in &names {
                table.compare(name, Some(network.params.get(name).to_vec()), part("after", name), 1e-4);
            }
            table.check(&format!("an adapter of {model} after five steps"));
            for name in network.params.names().filter(|name| !names.iter().any(|other| other == name)) {
                let [old, new] = [&base, &network.params].map(|params| params.get(name).to_vec());
                assert!(old.iter().zip(&new).all(|(a, b)| a.to_bits() == b.to_bits()), "{name} moved");
            }
        }
    });
}

#[test]
fn a_full_step_is_pytorchs() {
    on_every_engine(|engine| {
        for model in MODELS {
            let (batch, golden) = (Batch::read(model), numbers(&folder(model).join("full.safetensors")));
            let mut network = published(model, engine);
            network.params.train_only(|_| true);
            let names: Vec<String> = network.params.names().map(str::to_owned).collect();
            assert_eq!(names.len(), golden.keys().filter(|name| name.starts_with("gradient.")).count());
            let mut optimiser = optimiser();
            for (step, expected) in golden["losses"].0.iter().enumerate() {
                let loss = batch.loss(&network, &Pass::training(&network.params, Noise::new(rng(0))));
                let found = loss.item();
                assert!((found / expected - 1.0).abs() < 1e-4, "{model}, step {step}: {found}, {expected}");
                let gradients = loss.backward();
                let mut table = Table::new();
                for name in names.iter().filter(|_| step == 0) {
                    let expected = turned(&network, name, &golden[&format!("gradient.{name}")]);
                    table.compare(name, gradients.values(&network.params, name), &expected, 1e-4);
                }
                table.check(&format!("gradients of {model}"));
                optimiser.step(&mut network.params, &gradients, RATE);
            }
            let mut table = Table::new();
            for name in &names {
                let mut expected = turned(&network, name, &golden[&format!("after.{name}")]);
                let mut found = network.params.get(name).to_vec();
                if name.ends_with("c_attn.bias") {
                    // The same bias in all keys of a query cancels in the softmax, so its gradient is
                    // rounding noise, which AdamW enlarges to full steps.
                    let keys = network.config.width..2 * network.config.width;
                    assert!(
                        golden[&format!("gradient.{name}")].0[keys.clone()].iter().all(|x| x.abs() < 1e-7)
                    );
                    found.drain(keys.clone());
                    expected.0.drain(keys);
                }
                table.compare(name, Some(found), &expected, 1e-4);
            }
            table.check(&format!("{model} after five steps"));
        }
    });
}
