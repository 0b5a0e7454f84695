//! Exchanges adapters with Python's PEFT in both directions, live.

use std::path::{Path, PathBuf};

use boldface::{Lora, seed};
use boldface_engine::{AdamW, Noise, Pass, no_grad, open};
use boldface_lm::{PublishedNetwork, adapter};
use boldface_tests::{python, told};
use serde::Deserialize;

/// Length of the training sequence, the first of every batch in `tests/python/adapter_golden.py`.
const LENGTH: usize = 9;

/// One line of the output of `tests/python/adapter_live.py`.
#[derive(Deserialize)]
struct Told {
    model: String,
    name: String,
    opened: Vec<f32>,
    merged: Vec<f32>,
    trained: Vec<f32>,
}

#[test]
fn adapters_open_in_python_and_back() {
    let has_peft = |mut python: std::process::Command| {
        python.args(["-c", "import peft, transformers"]).output().is_ok_and(|output| output.status.success())
    };
    if !python().is_some_and(has_peft) {
        // CI compares with recorded PEFT numbers instead, because torch is a download of 544 MB.
        eprintln!("skipped: Python has no `peft`; set BOLDFACE_PYTHON to one that has");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut own = Vec::new();
    for model in ["gpt2", "llama", "qwen3"] {
        let save = |network: &PublishedNetwork, lora: &Lora, name: &str| {
            adapter::save(network, lora, model, &folder.path().join(model).join(name))
                .expect("an adapter is saved");
        };
        let mut network = published(model);
        let first = lora(3, 5.0, &[]);
        adapter::add(&mut network, &first, &mut seed::stream(1, "first")).expect("an adapter");
        train(&mut network, &first, model);
        save(&network, &first, "one");
        own.push((model, "one", logits(&network, &first, model)));

        adapter::freeze(&mut network, &first);
        let second = lora(2, 7.0, &network.config.linears()[..2]);
        adapter::add(&mut network, &second, &mut seed::stream(1, "second")).expect("a second adapter");
        train(&mut network, &second, model);
        save(&network, &second, "two");
        own.push((model, "two", logits(&network, &second, model)));
    }
    let lines = told("adapter_live.py", &[folder.path().display().to_string()]).expect("Python is there");
    assert_eq!(lines.len(), own.len());
    for ((model, name, here), line) in own.into_iter().zip(lines) {
        let there: Told = boldface::serde_json::from_value(line).expect("an adapter a line");
        assert_eq!((there.model.as_str(), there.name.as_str()), (model, name));
        let mut network = published(model);
        let trained = folder.path().join(model).join(format!("{name}.trained"));
        let read = adapter::load(&mut network, &trained).expect("an adapter of PEFT");
        let back = logits(&network, &read, model);
        let far = [(&here, &there.opened), (&here, &there.merged), (&back, &there.trained)]
            .map(|(a, b)| furthest(a, b));
        eprintln!(
            "{model} {name}: opened {:.1e}, merged {:.1e}, trained there {:.1e}",
            far[0], far[1], far[2]
        );
        assert!(far.iter().all(|far| *far < 1e-4), "{model} {name}: {far:?}");
        assert!(furthest(&here, &back) > 1e-2, "{model} {name}: Python's training moved nothing");
    }
}

fn lora(rank: usize, alpha: f64, targets: &[&str]) -> Lora {
    Lora { rank, alpha, dropout: 0.0, targets: targets.iter().map(|&name| name.to_owned()).collect() }
}

fn golden(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/adapter").join(model)
}

fn published(model: &str) -> PublishedNetwork {
    let engine = open("dfdx", "cpu").expect("the embedded engine");
    boldface_lm::open(&golden(model)).expect("a model").network(&engine).expect("its weights")
}

/// Reads the tokens of the golden batch: the header's length, the header, then B x T numbers.
fn tokens(model: &str) -> Vec<u32> {
    let bytes = std::fs::read(golden(model).join("batch.safetensors")).expect("the golden batch");
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
    let named: boldface::serde_json::Value =
        boldface::serde_json::from_slice(&bytes[8..8 + header]).expect("a header");
    let start = 8 + header + named["tokens"]["data_offsets"][0].as_u64().expect("an offset") as usize;
    bytes[start..start + 4 * LENGTH].as_chunks().0.iter().map(|x| u32::from_le_bytes(*x)).collect()
}

/// Trains next-token prediction for twenty steps, enough to move both matrices far from their start.
fn train(network: &mut PublishedNetwork, lora: &Lora, model: &str) {
    network.params.train_only(|name| name.contains(".lora_"));
    let tokens = tokens(model);
    let mut optimiser = AdamW::new(0.0);
    for step in 0..20 {
        let noise = Noise::new(seed::stream(step, "noise"));
        let pass = Pass::training(&network.params, noise).lora_scale(adapter::lora_scale(lora));
        let hidden = network.norm(&pass, &hidden(network, &pass, &tokens[..LENGTH - 1]));
        let gradients = hidden.head_cross_entropy(network.head(&pass), &tokens[1..]).backward();
        optimiser.step(&mut network.params, &gradients, 2e-2);
    }
}

fn hidden(network: &PublishedNetwork, pass: &Pass<'_>, tokens: &[u32]) -> boldface_engine::Tensor {
    let (length, width) = (tokens.len(), network.config.width);
    let places: Vec<u32> = (0..length as u32).collect();
    let visible: Vec<u32> = places.iter().map(|place| place + 1).collect();
    let x = network.embed(pass, tokens).reshape(&[1, length, width]);
    network.read(pass, &x, &places, &visible, None).reshape(&[length, width])
}

fn logits(network: &PublishedNetwork, lora: &Lora, model: &str) -> Vec<f32> {
    let pass = network.inference().lora_scale(adapter::lora_scale(lora));
    no_grad(|| {
        let hidden = hidden(network, &pass, &tokens(model));
        network.logits(&pass, &network.norm(&pass, &hidden)).to_vec()
    })
}

fn furthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
