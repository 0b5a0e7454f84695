//! Each user mistake gets a message that names it, and none prints a result.

use std::fs;

use boldface_tests::Sandbox;
use expect_test::{Expect, expect};

use crate::tiny;

fn fails(sandbox: &Sandbox, arguments: &[&str], expected: &Expect) {
    let output = sandbox.boldface(&[&["lm"], arguments].concat());
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    expected.assert_eq(&said.replace(&tiny(), "small-llama").lines().collect::<Vec<_>>().join("\n"));
}

#[test]
fn texts_that_are_none() {
    let sandbox = Sandbox::new();
    sandbox.write("empty.txt", "");
    sandbox.write("letter.txt", "a");
    sandbox.write("latin1.txt", "");
    fs::write(sandbox.path("latin1.txt"), b"first line\ncaf\xe9").unwrap();
    let model = tiny();
    let score = |text: &str, expected: &Expect| {
        fails(&sandbox, &["score", "--weights", &model, "--text", text], expected);
    };
    score(
        "none.txt",
        &expect![[r#"error: --text `none.txt` cannot be read: No such file or directory (os error 2)"#]],
    );
    score("empty.txt", &expect![[r#"error: --text `empty.txt` is empty"#]]);
    score(
        "latin1.txt",
        &expect![[
            r#"error: --text `latin1.txt` is not UTF-8: line 2 has an invalid byte; save it as UTF-8"#
        ]],
    );
    score(
        "letter.txt",
        &expect![[r#"error: --text `letter.txt` has only one token; scoring needs at least two"#]],
    );
}

#[test]
fn models_and_places_that_are_not_there() {
    let sandbox = Sandbox::new();
    sandbox.write("text.txt", "the brain");
    sandbox.write("model.bin", "");
    let model = tiny();
    let score = |weights: &str, more: &[&str], expected: &Expect| {
        let arguments = ["score", "--weights", weights, "--text", "text.txt"];
        fails(&sandbox, &[&arguments[..], more].concat(), expected);
    };
    score(
        "nowhere",
        &[],
        &expect![[
            r#"error: --weights: `nowhere` does not exist; give a Hugging Face folder (`config.json`, `model.safetensors`, `tokenizer.json`) or a `.gguf` file"#
        ]],
    );
    score(
        "model.bin",
        &[],
        &expect![[
            r#"error: --weights: `model.bin` is neither a folder nor a `.gguf` file; give the folder that contains it"#
        ]],
    );
    score(
        &model,
        &["--device", "cuda:7"],
        &expect![[r#"
            error: engine `dfdx` does not run on device `cuda:7`; it runs on `cpu`
              help: `--engine tch` computes on graphics cards"#]],
    );
    let output =
        sandbox.boldface(&["lm", "score", "--weights", &model, "--text", "text.txt", "--engine", "tch"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || said.contains("cargo build --release --features tch"), "{said}");
    score(
        &model,
        &["--engine", "jax"],
        &expect![[r#"error: no engine is named `jax` in this build; it has `dfdx`"#]],
    );
    score(
        &model,
        &["--precision", "bf16"],
        &expect![[r#"error: engine `dfdx` does not compute in `bf16`; it computes in `f32`"#]],
    );
    score(
        &model,
        &["--precision", "f64"],
        &expect![[r#"
            error: invalid value 'f64' for '--precision <f32|tf32|bf16>': expected f32, tf32 or bf16

            For more information, try '--help'."#]],
    );
}

#[test]
fn prompts_and_samplings_that_mean_nothing() {
    let sandbox = Sandbox::new();
    let model = tiny();
    let generate = |prompt: &str, more: &[&str], expected: &Expect| {
        let arguments = ["generate", "--weights", &model, "--prompt", prompt];
        fails(&sandbox, &[&arguments[..], more].concat(), expected);
    };
    generate(
        "",
        &[],
        &expect![[r#"error: --prompt is empty, and this model has no start token; give some text"#]],
    );
    generate(
        &"z".repeat(96),
        &[],
        &expect![[r#"error: --prompt is 96 tokens long, and the model's context is 96; shorten it"#]],
    );
    generate(
        "the brain",
        &["--chat"],
        &expect![[r#"error: --chat: `small-llama` has no chat template; leave --chat out"#]],
    );
    generate(
        "the brain",
        &["--temperature=-1"],
        &expect![[r#"error: a temperature of `-1` is invalid; use 0 or more"#]],
    );
    generate(
        "the brain",
        &["--top-p", "1.5"],
        &expect![[r#"error: `top-p` of `1.5` is invalid; use a number above 0 and at most 1"#]],
    );
}
